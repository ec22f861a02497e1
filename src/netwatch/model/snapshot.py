"""A frozen picture of everything known at one moment, for the readers: exposition, alerts, planning, web."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model.catalogue import Family
from netwatch.model.entities import Entities
from netwatch.model.entity import Entity, EntityId, EntityKind, Witness
from netwatch.model.inventory import Inventory
from netwatch.model.time import Instant

__all__ = ["Column", "Decoded", "Freshness", "PackedColumn", "PackedTimes", "PluggedIn", "Snapshot", "Taken"]

_DEVICES = EntityId(" devices")
_PARTS_KNOWN = EntityId(" parts")
"""Keys of `Snapshot._children` that are no entity's id."""
_STEP = 8192


class Taken(NamedTuple):
    """Some elements of a column, as its arrays of the same names have them."""

    values: NDArray[np.float64]
    totals: NDArray[np.uint64] | None
    times: NDArray[np.float64]
    fresh: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Column:
    """All series of one family. All arrays have one element per series, in the same order."""

    family: Family
    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    """Values of the row labels of each series."""
    values: NDArray[np.float64]
    """In the family's unit; NaN is unknown. Counters: the corrected, monotonic value."""
    rates: NDArray[np.float64]
    """Counters: increase per second over the last interval; NaN is unknown. Gauges: NaN."""
    times: NDArray[np.float64]
    """Wall seconds of each reading."""
    fresh: NDArray[np.bool_]
    """False once more than three passes were missed: then the series is not exported."""
    origins: Sequence[str] = ()
    """Where each value was read: OID, command, JSON pointer."""
    totals: NDArray[np.uint64] | None = None
    """Counters: the corrected value as an integer, exact where `values` is rounded (past 2^53)."""
    covered: NDArray[np.float64] | None = None
    """Counters: seconds, summed up, over which the increase is known. Between two snapshots the difference of
    `totals` is the increase and that of `covered` the time it stands for; what is unknown adds to neither."""
    slots: NDArray[np.int64] | None = None
    """A number per series that is its own as long as it lives and is never given to another one: a row (the
    lower 32 bits, small, so that arrays can be indexed by it) and a generation (the upper ones). Counters and
    other families are counted apart. None where nobody numbers the series."""

    @property
    def numbering(self) -> tuple[NDArray[Any], NDArray[Any] | None] | None:
        """What `slots` are made of, in less memory: rows and generations (None: in the rows). The very same
        array of rows means the same slots."""
        return None if self.slots is None else (self.slots, None)

    def take(self, rows: NDArray[np.int64]) -> Taken:
        """A few series: costs as much as there are of them."""
        totals = None if self.totals is None else self.totals[rows]
        return Taken(self.values[rows], totals, self.times[rows], self.fresh[rows])


class Decoded:
    """The arrays of one snapshot that were decoded last, for readers that take their elements one by one."""

    def __init__(self, size: int = 4) -> None:
        self._size = size
        self._kept: list[tuple[str, str, NDArray[Any]]] = []

    def get(self, family: str, name: str, make: Callable[[], NDArray[Any]]) -> NDArray[Any]:
        for known, what, array in self._kept:
            if known == family and what == name:
                return array
        made = make()
        made.flags.writeable = False
        self._kept = [(family, name, made), *self._kept[: self._size - 1]]
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        return Decoded, (self._size,)


class PackedTimes:
    """Wall times in 32 bits: whole milliseconds from the earliest on, as long as they lie within 49 days."""

    __slots__ = ("_data", "_start")

    def __init__(self, start: int, data: NDArray[Any]) -> None:
        self._start, self._data = start, data

    @classmethod
    def of_millis(cls, millis: NDArray[np.float64], low: float, high: float) -> PackedTimes:
        """From whole milliseconds, the lowest and the highest of which are known. `millis` is handed over."""
        if not millis.size:
            return cls(0, millis.astype(np.uint32))
        if high - low >= 2**32:
            return cls(0, millis)
        data = np.empty(len(millis), dtype=np.uint32)
        np.subtract(millis, low, out=data, casting="unsafe")
        return cls(int(low), data)

    def __len__(self) -> int:
        return len(self._data)

    def seconds(self, rows: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
        """All, or those of `rows`. The same float for the same millisecond, whatever the other times are."""
        whole: NDArray[np.float64] = (self._data if rows is None else self._data[rows]).astype(np.float64)
        whole += self._start
        whole /= 1000.0
        return whole

    def __reduce__(self) -> tuple[Any, ...]:
        return PackedTimes, (self._start, self._data)


class PackedColumn(Column):
    """A column in little memory: 13 bytes a gauge, 25 a counter. Times (whole milliseconds), rates (32-bit
    floats) and a counter's values are decoded at each access: take them once, not per element."""

    __slots__ = ("_decoded", "_generations", "_rates", "_rows", "_times", "_values")

    _decoded: Decoded
    _generations: NDArray[np.uint16]
    _rates: NDArray[np.float32] | None
    _rows: NDArray[np.int32]
    _times: PackedTimes
    _values: NDArray[np.float64] | None

    def __init__(
        self,
        family: Family,
        entities: tuple[EntityId, ...],
        labels: tuple[tuple[str, ...], ...],
        origins: Sequence[str],
        times: PackedTimes,
        fresh: NDArray[np.bool_],
        rows: NDArray[np.int32],
        generations: NDArray[np.uint16],
        decoded: Decoded,
        values: NDArray[np.float64] | None = None,
        totals: NDArray[np.uint64] | None = None,
        covered: NDArray[np.float64] | None = None,
        rates: NDArray[np.float32] | None = None,
    ) -> None:
        """Counters have `totals`, `covered` and `rates`, all others have `values`."""
        for array in (fresh, values, totals, covered):
            if array is not None:
                array.flags.writeable = False
        for name, value in (
            ("family", family),
            ("entities", entities),
            ("labels", labels),
            ("origins", origins),
            ("fresh", fresh),
            ("totals", totals),
            ("covered", covered),
            ("_times", times),
            ("_rows", rows),
            ("_generations", generations),
            ("_values", values),
            ("_rates", rates),
            ("_decoded", decoded),
        ):
            object.__setattr__(self, name, value)

    def __reduce__(self) -> tuple[Any, ...]:
        mine = (self._times, self.fresh, self._rows, self._generations, self._decoded)
        told = (self._values, self.totals, self.covered, self._rates)
        return PackedColumn, (self.family, self.entities, self.labels, self.origins, *mine, *told)

    @property
    def values(self) -> NDArray[np.float64]:
        if self._values is not None:
            return self._values
        totals = self.totals
        assert totals is not None
        return self._decoded.get(self.family.name, "values", lambda: totals.astype(np.float64))

    @property
    def rates(self) -> NDArray[np.float64]:
        rates = self._rates
        if rates is None:
            return np.broadcast_to(np.float64(np.nan), len(self.fresh))
        return self._decoded.get(self.family.name, "rates", lambda: rates.astype(np.float64))

    @property
    def times(self) -> NDArray[np.float64]:
        return self._decoded.get(self.family.name, "times", self._times.seconds)

    def take(self, rows: NDArray[np.int64]) -> Taken:
        totals, values, times = self.totals, self._values, self._times.seconds(rows)
        if values is not None:
            return Taken(values[rows], None, times, self.fresh[rows])
        assert totals is not None
        some = totals[rows]
        return Taken(some.astype(np.float64), some, times, self.fresh[rows])

    @property
    def numbering(self) -> tuple[NDArray[Any], NDArray[Any]]:
        return self._rows, self._generations

    @property
    def slots(self) -> NDArray[np.int64]:
        return self._rows.astype(np.int64) | (self._generations.astype(np.int64) << 32)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How one table of one source is doing."""

    source: EntityId
    table: str
    last_success: float | None
    """Wall seconds."""
    last_failure: float | None
    reason: str
    """Of the last failure."""
    interval: float
    failures: int
    """In a row."""


class PluggedIn(NamedTuple):
    """Where forwarding tables have a device that tells of no neighbours itself."""

    device: EntityId
    switch: EntityId
    port: EntityId


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Readers see only this. Nothing in it changes any more."""

    at: Instant
    entities: Mapping[EntityId, Entity]
    columns: Mapping[str, Column]
    """By family name. A family without any series is absent."""
    inventory: Inventory = Inventory()
    freshness: tuple[Freshness, ...] = ()
    links: tuple[tuple[EntityId, EntityId], ...] = ()
    """Layer 2 adjacencies between interfaces or devices, from LLDP and CDP; each once."""
    learnt: tuple[PluggedIn, ...] = ()
    """What forwarding tables tell beside `links`."""
    conflicts: tuple[tuple[EntityId, EntityId, Witness], ...] = ()
    """Entries of the inventory that show the same proof of identity: one device, entered twice."""
    _children: dict[EntityId, list[Entity]] = field(default_factory=dict, repr=False, compare=False)

    def value(self, entity: EntityId, family: str, labels: tuple[str, ...] = ()) -> float | None:
        """The fresh value of one series; None if unknown. For single look-ups: loops use columns."""
        column = self.columns.get(family)
        if column is None:
            return None
        for row, (owner, row_labels) in enumerate(zip(column.entities, column.labels, strict=True)):
            if owner == entity and row_labels == labels and column.fresh[row]:
                value = float(column.values[row])
                return None if np.isnan(value) else value
        return None

    def devices(self) -> Iterator[Entity]:
        """Found once for all snapshots that share their entities: of half a million few are devices."""
        if isinstance(self.entities, Entities):
            return iter(self.entities.devices)
        for _ in self.find_devices():
            pass
        return iter(self._children[_DEVICES])

    def of_device(self, device: EntityId, kind: EntityKind | None = None) -> list[Entity]:
        """What belongs to a device (itself excluded), in order of first sight."""
        if isinstance(self.entities, Entities):
            page = self.entities.page(device).values()
            return [one for one in page if one.id != device and (kind is None or one.kind is kind)]
        if _PARTS_KNOWN not in self._children:
            for entity in self.entities.values():
                if entity.id != entity.device:
                    self._children.setdefault(entity.device, []).append(entity)
            self._children[_PARTS_KNOWN] = []
        found = self._children.get(device, [])
        return found if kind is None else [entity for entity in found if entity.kind is kind]

    def find_devices(self) -> Iterator[None]:
        """What `devices` looks for at its first call, in steps of a few milliseconds."""
        if _DEVICES in self._children or isinstance(self.entities, Entities):
            return
        found: list[Entity] = []
        rest = iter(self.entities.values())
        while part := list(islice(rest, _STEP)):
            found += [entity for entity in part if entity.kind is EntityKind.DEVICE]
            yield
        self._children[_DEVICES] = found
