"""The series table: one growing set of columns per family, one row per series."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Column, EntityId, Family, Instant

__all__ = ["MISSED_PASSES", "SeriesColumn", "Slot"]

MISSED_PASSES = 3
"""A series that missed more passes than this is not exported."""

_LATE = 0.5
"""Share of an interval by which a pass may be late before it counts as missed."""

_FIRST_SIZE = 16


class Slot(NamedTuple):
    """A row, as long as it belongs to the series that it was handed out for."""

    row: int
    generation: int


class SeriesColumn:
    """All series of one family. A row that was released is used again, under the next generation."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.count = 0
        """Rows in use or released; the arrays are longer."""
        self.values: NDArray[np.float64] = np.full(_FIRST_SIZE, np.nan)
        self.rates: NDArray[np.float64] = np.full(_FIRST_SIZE, np.nan)
        self.wall: NDArray[np.float64] = np.zeros(_FIRST_SIZE)
        self.mono: NDArray[np.float64] = np.full(_FIRST_SIZE, -np.inf)
        """Monotonic seconds of the last reading; -inf before the first."""
        self.interval: NDArray[np.float64] = np.zeros(_FIRST_SIZE)
        self.source: NDArray[np.int32] = np.full(_FIRST_SIZE, -1, dtype=np.int32)
        """Number of the source that told the value last."""
        self.generation: NDArray[np.uint32] = np.zeros(_FIRST_SIZE, dtype=np.uint32)
        self.entities: list[EntityId | None] = []
        """None where the row is free."""
        self.labels: list[tuple[str, ...]] = []
        self.origins: list[str] = []
        self._rows: dict[tuple[EntityId, tuple[str, ...]], int] = {}
        self._free: list[int] = []
        self._live: NDArray[np.intp] | None = None
        self._live_entities: tuple[EntityId, ...] = ()
        self._live_labels: tuple[tuple[str, ...], ...] = ()
        self._live_origins: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self._rows)

    def find(self, entity: EntityId, labels: tuple[str, ...]) -> int | None:
        """The row of a series, None where there is none."""
        return self._rows.get((entity, labels))

    def row(self, entity: EntityId, labels: tuple[str, ...]) -> int:
        """The row of a series, made at first sight."""
        found = self._rows.get((entity, labels))
        return self._take(entity, labels) if found is None else found

    def slot(self, entity: EntityId, labels: tuple[str, ...]) -> Slot:
        """A row to be kept: `holds` tells later whether it is still that series'."""
        row = self.row(entity, labels)
        return Slot(row, int(self.generation[row]))

    def holds(self, slot: Slot) -> bool:
        """False once the slot's row was released, whoever uses it now."""
        return slot.row < self.count and int(self.generation[slot.row]) == slot.generation

    def release(self, entity: EntityId, labels: tuple[str, ...]) -> None:
        """Ends a series. Its row may serve another one from now on."""
        row = self._rows.pop((entity, labels), None)
        if row is None:
            return
        self.generation[row] += 1
        self.entities[row] = None
        self._blank(row)
        self._free.append(row)
        self._live = None

    def write(
        self,
        rows: Sequence[int],
        values: Sequence[float],
        at: Instant,
        interval: float,
        source: int,
        origins: Sequence[str],
    ) -> None:
        """Readings of one observation; `rows` holds no row twice. A late answer changes nothing."""
        index: NDArray[Any] = np.asarray(rows, dtype=np.intp)
        fresh = np.asarray(values, dtype=np.float64)
        late = self.mono[index] > at.mono
        if late.any():
            index, fresh = index[~late], fresh[~late]
        self.values[index] = fresh
        self.stamp(index, at, interval, source)
        self.remember_origins(rows, origins)

    def stamp(self, index: NDArray[Any], at: Instant, interval: float, source: int) -> None:
        self.wall[index] = at.wall
        self.mono[index] = at.mono
        self.interval[index] = interval
        self.source[index] = source

    def remember_origins(self, rows: Sequence[int], origins: Sequence[str]) -> None:
        known = self.origins
        for row, origin in zip(rows, origins, strict=True):
            if known[row] is not origin and known[row] != origin:
                known[row] = origin
                self._live_origins = None

    def is_fresh(self, row: int, mono: float) -> bool:
        age = mono - float(self.mono[row])
        return age <= (MISSED_PASSES + _LATE) * float(self.interval[row])

    def freeze(self, mono: float) -> Column:
        """A copy that never changes, without the free rows."""
        live = self._live_rows()
        if self._live_origins is None:
            self._live_origins = tuple([self.origins[row] for row in live.tolist()])
        age = mono - self.mono[live]
        fresh = age <= (MISSED_PASSES + _LATE) * self.interval[live]
        return self._column(live, fresh)

    def _column(self, live: NDArray[np.intp], fresh: NDArray[np.bool_]) -> Column:
        return Column(
            family=self.family,
            entities=self._live_entities,
            labels=self._live_labels,
            values=_frozen(self.values[live]),
            rates=_frozen(self.rates[live]),
            times=_frozen(self.wall[live]),
            fresh=_frozen(fresh),
            origins=self._live_origins or (),
        )

    def _live_rows(self) -> NDArray[np.intp]:
        """Numbers of the rows in use. The tuples made with them stay the same objects until a series comes or
        goes, so that readers can keep what they derived from them."""
        if self._live is None:
            rows = [row for row, entity in enumerate(self.entities) if entity is not None]
            self._live = np.asarray(rows, dtype=np.intp)
            self._live_entities = tuple([entity for entity in self.entities if entity is not None])
            self._live_labels = tuple([self.labels[row] for row in rows])
            self._live_origins = None
        return self._live

    def _take(self, entity: EntityId, labels: tuple[str, ...]) -> int:
        if self._free:
            row = self._free.pop()
            self.entities[row], self.labels[row], self.origins[row] = entity, labels, ""
        else:
            row = self.count
            if row == len(self.values):
                self._grow(2 * row)
            self.count += 1
            self.entities.append(entity)
            self.labels.append(labels)
            self.origins.append("")
        self._rows[(entity, labels)] = row
        self._live = None
        return row

    def _arrays(self) -> Iterator[tuple[str, Any]]:
        """Every array by name, with the value of a row that was never written."""
        yield from (
            ("values", np.nan),
            ("rates", np.nan),
            ("wall", 0.0),
            ("mono", -np.inf),
            ("interval", 0.0),
            ("source", -1),
        )

    def _blank(self, row: int) -> None:
        for name, blank in self._arrays():
            getattr(self, name)[row] = blank

    def _grow(self, size: int) -> None:
        for name, blank in (*self._arrays(), ("generation", 0)):
            old = getattr(self, name)
            new = np.full(size, blank, dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
