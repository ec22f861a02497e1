"""A frozen picture of everything known at one moment, for the readers: exposition, alerts, planning, web."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from netwatch.model.catalogue import Family
from netwatch.model.entity import Entity, EntityId, EntityKind, Witness
from netwatch.model.inventory import Inventory
from netwatch.model.time import Instant

__all__ = ["Column", "Freshness", "Snapshot"]

_DEVICES = EntityId(" devices")
_PARTS_KNOWN = EntityId(" parts")
"""Keys of `Snapshot._children` that are no entity's id."""
_STEP = 8192


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
    origins: tuple[str, ...] = ()
    """Where each value was read: OID, command, JSON pointer."""
    totals: NDArray[np.uint64] | None = None
    """Counters: the corrected value as an integer, exact where `values` is rounded (past 2^53)."""
    covered: NDArray[np.float64] | None = None
    """Counters: seconds, summed up, over which the increase is known. Between two snapshots the difference of
    `totals` is the increase and that of `covered` the time it stands for; what is unknown adds to neither."""
    slots: NDArray[np.int64] | None = None
    """Permanent number of each series: row | generation << 32, never given to another series. None where the
    maker of the column keeps no numbers."""


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
        for _ in self.find_devices():
            pass
        return iter(self._children[_DEVICES])

    def of_device(self, device: EntityId, kind: EntityKind | None = None) -> list[Entity]:
        """What belongs to a device (itself excluded), in order of first sight."""
        if _PARTS_KNOWN not in self._children:
            for entity in self.entities.values():
                if entity.id != entity.device:
                    self._children.setdefault(entity.device, []).append(entity)
            self._children[_PARTS_KNOWN] = []
        found = self._children.get(device, [])
        return found if kind is None else [entity for entity in found if entity.kind is kind]

    def find_devices(self) -> Iterator[None]:
        """What `devices` looks for at its first call, in steps of a few milliseconds."""
        if _DEVICES in self._children:
            return
        found: list[Entity] = []
        rest = iter(self.entities.values())
        while part := list(islice(rest, _STEP)):
            found += [entity for entity in part if entity.kind is EntityKind.DEVICE]
            yield
        self._children[_DEVICES] = found
