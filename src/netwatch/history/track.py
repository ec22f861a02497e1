"""The series of one family while their buckets are open: arrays by row of the series table, no object per series."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Column, EntityId

__all__ = ["Bucket", "Floats", "Layout", "Part", "Rows", "Track", "chunks"]

Floats = NDArray[np.float64]
Rows = NDArray[np.intp]
Name = tuple[EntityId, tuple[str, ...]]

_ROW_MASK = 0xFFFFFFFF


@dataclass(slots=True)
class Bucket:
    """Sums of one bucket. An open one has an element per row; one that was written keeps only those rows that
    a late reading may still add to."""

    gauge: bool
    amount: Floats
    """Gauges: value times seconds. Counters: increase, whole numbers exactly."""
    seconds: NDArray[np.floating]
    """Gauges in 64 bits, so that a constant divides out exactly; counters in 32."""
    peak: Floats
    """Gauges alone."""
    changed: NDArray[np.bool_]
    """Since it was last written."""
    rows: Rows | None = None
    """Ascending; None: element n is row n."""

    @classmethod
    def empty(cls, size: int, *, gauge: bool, rows: Rows | None = None) -> Bucket:
        return cls(
            gauge,
            np.zeros(size),
            np.zeros(size, dtype=np.float64 if gauge else np.float32),
            np.full(size if gauge else 0, -np.inf),
            np.zeros(size, dtype=np.bool_),
            rows,
        )

    @property
    def size(self) -> int:
        return int(self.amount.size)

    @property
    def octets(self) -> int:
        rows = 0 if self.rows is None else self.rows.nbytes
        return (
            self.amount.nbytes + self.seconds.nbytes + self.peak.nbytes + self.changed.nbytes + rows
        )

    def places(self, rows: Rows) -> Rows:
        """The element of each row; a row that has none gets one."""
        if self.rows is None:
            return rows
        missing = np.setdiff1d(rows, self.rows)
        if missing.size:
            before = self.rows
            self.rows = np.union1d(before, missing)
            fresh = Bucket.empty(self.rows.size, gauge=self.gauge)
            into = np.searchsorted(self.rows, before)
            fresh._copy(into, self, slice(None))
            self._take_over(fresh)
        return np.searchsorted(self.rows, rows)

    def find(self, rows: Rows) -> tuple[Rows, Rows]:
        """(positions in `rows`, elements) of those rows that have an element."""
        if self.rows is None:
            inside = np.flatnonzero(rows < self.size)
            return inside, rows[inside]
        if not self.rows.size:
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        at = np.minimum(np.searchsorted(self.rows, rows), self.rows.size - 1)
        inside = np.flatnonzero(self.rows[at] == rows)
        return inside, at[inside]

    def grow(self, size: int) -> None:
        """Makes room for more rows."""
        if self.rows is None and size > self.size:
            fresh = Bucket.empty(size, gauge=self.gauge)
            fresh._copy(slice(0, self.size), self, slice(None))
            self._take_over(fresh)

    def shrink(self, keep: NDArray[np.bool_]) -> None:
        """Keeps these elements only, by row."""
        chosen = np.flatnonzero(keep)
        fresh = Bucket.empty(chosen.size, gauge=self.gauge)
        fresh._copy(slice(None), self, chosen)
        rows = chosen if self.rows is None else self.rows[chosen]
        self._take_over(fresh)
        self.rows = rows

    def blank(self, rows: Rows) -> None:
        """These rows belong to nobody any more."""
        _, at = self.find(rows)
        self.amount[at], self.seconds[at], self.changed[at] = 0.0, 0.0, False
        if self.gauge:
            self.peak[at] = -np.inf

    def _copy(self, into: Rows | slice, other: Bucket, of: Rows | slice) -> None:
        self.amount[into], self.seconds[into] = other.amount[of], other.seconds[of]
        self.changed[into] = other.changed[of]
        if self.gauge:
            self.peak[into] = other.peak[of]

    def _take_over(self, other: Bucket) -> None:
        self.amount, self.seconds, self.peak = other.amount, other.seconds, other.peak
        self.changed = other.changed


@dataclass(frozen=True, slots=True)
class Layout:
    """Which series a snapshot shows in which order. Shares the tuples of the snapshot."""

    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    slots: NDArray[np.int64]
    rows: Rows

    def __len__(self) -> int:
        return len(self.entities)


@dataclass(slots=True)
class Part:
    """What a series that ended has in a bucket that is not written yet."""

    amount: float
    seconds: float
    peak: float


@dataclass(slots=True)
class Track:
    """Last readings and open buckets of one family, by row of the series table."""

    counter: bool
    time: Floats = field(default_factory=lambda: np.empty(0))
    """Wall seconds of the last reading taken in; NaN before the first."""
    usable: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    """False where the next reading has nothing to be compared with."""
    total: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """Counters: the exact value of that reading, where the state room tells it; its bits as a float else."""
    covered: Floats = field(default_factory=lambda: np.empty(0))
    """Counters: seconds up to that reading over which the increase is known; NaN where nobody says."""
    generation: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    """Of the series that has the row; -1 for none."""
    buckets: dict[int, Bucket] = field(default_factory=dict)
    left: dict[int, dict[Name, Part]] = field(default_factory=dict)
    """By bucket: what ended series have in it."""
    layout: Layout | None = None
    exact: bool = False
    """`total` holds whole numbers, not the bits of floats."""
    _numbers: _Numbers | None = None

    def series(self) -> int:
        ended = {name for parts in self.left.values() for name in parts}
        return len(ended) + (0 if self.layout is None else len(self.layout))

    def octets(self) -> int:
        """Memory of the arrays."""
        own = (self.time, self.usable, self.total, self.covered, self.generation)
        rows = 0 if self.layout is None else self.layout.rows.nbytes
        return (
            sum(array.nbytes for array in own)
            + rows
            + sum(bucket.octets for bucket in self.buckets.values())
        )

    def settle(self, column: Column) -> Layout:
        """The layout of a column, after taking note of the series that came and went since the last one."""
        old = self.layout
        if (
            old is not None
            and old.entities is column.entities
            and old.labels is column.labels
            and (column.slots is None or _same(old.slots, column.slots))
        ):
            return old
        slots = column.slots
        if slots is None:
            self._numbers = self._numbers or _Numbers()
            slots = self._numbers.slots(column.entities, column.labels)
        rows = (slots & _ROW_MASK).astype(np.intp)
        generations = (slots >> 32).astype(np.int32)
        self._grow(int(rows.max(initial=-1)) + 1)
        new = self.generation[rows] != generations
        if old is not None:
            now = np.full(self.time.size, -1, dtype=np.int32)
            now[rows] = generations
            gone = np.flatnonzero(now[old.rows] != self.generation[old.rows])
            if gone.size:
                self._part_with(old, gone)
        self.generation[rows] = generations
        self.layout = layout = Layout(column.entities, column.labels, slots, rows)
        if self.left and new.any():
            self._take_back(layout, np.flatnonzero(new).tolist())
        return layout

    def bucket(self, start: int, *, dense: bool) -> Bucket:
        """Made if need be."""
        found = self.buckets.get(start)
        if found is None:
            if dense:
                found = Bucket.empty(self.time.size, gauge=not self.counter)
            else:
                found = Bucket.empty(0, gauge=not self.counter, rows=np.empty(0, dtype=np.intp))
            self.buckets[start] = found
        return found

    def drop_finished(self, start: int, end: int) -> None:
        """After a bucket was written: keeps what a late reading may add to, which is where the last reading
        was before its end. In good times that is nothing."""
        bucket = self.buckets[start]
        rows = np.arange(bucket.size) if bucket.rows is None else bucket.rows
        keep = (self.time[rows] < end) & (bucket.seconds > 0)
        if keep.any():
            bucket.shrink(keep)
        else:
            del self.buckets[start]

    def _grow(self, size: int) -> None:
        have = self.time.size
        if size <= have:
            return
        size = max(size, have + have // 8)
        self.time = _longer(self.time, size, np.nan)
        self.usable = _longer(self.usable, size, False)
        self.generation = _longer(self.generation, size, -1)
        if self.counter:
            self.total = _longer(self.total, size, 0)
            self.covered = _longer(self.covered, size, np.nan)
        for bucket in self.buckets.values():
            bucket.grow(size)

    def _part_with(self, old: Layout, gone: Rows) -> None:
        """Keeps what ended series have in open buckets under their names, and clears their rows."""
        rows = old.rows[gone]
        for start, bucket in self.buckets.items():
            inside, at = bucket.find(rows)
            waiting = bucket.changed[at]
            inside, at = inside[waiting], at[waiting]
            parts = self.left.setdefault(start, {}) if at.size else {}
            for place, element in zip(gone[inside].tolist(), at.tolist(), strict=True):
                parts[old.entities[place], old.labels[place]] = Part(
                    float(bucket.amount[element]),
                    float(bucket.seconds[element]),
                    float(bucket.peak[element]) if bucket.gauge else 0.0,
                )
            bucket.blank(rows)
        self.time[rows], self.usable[rows], self.generation[rows] = np.nan, False, -1

    def _take_back(self, layout: Layout, places: list[int]) -> None:
        """A series that ended has begun anew: its parts of open buckets are one."""
        for start, parts in list(self.left.items()):
            for place in places:
                part = parts.pop((layout.entities[place], layout.labels[place]), None)
                if part is None:
                    continue
                bucket = self.bucket(start, dense=True)
                (at,) = bucket.places(layout.rows[place : place + 1])
                bucket.amount[at] += part.amount
                bucket.seconds[at] += part.seconds
                if bucket.gauge:
                    bucket.peak[at] = max(float(bucket.peak[at]), part.peak)
                bucket.changed[at] = True
            if not parts:
                del self.left[start]


class _Numbers:
    """Slots for columns whose maker gives none."""

    def __init__(self) -> None:
        self._slots: dict[Name, int] = {}
        self._free: list[int] = []
        self._used = 0

    def slots(
        self, entities: tuple[EntityId, ...], labels: tuple[tuple[str, ...], ...]
    ) -> NDArray[np.int64]:
        names = list(zip(entities, labels, strict=True))
        before = self._slots
        wanted = set(names)
        self._free += [slot for name, slot in before.items() if name not in wanted]
        self._slots = {name: before[name] if name in before else self._new() for name in names}
        return np.fromiter((self._slots[name] for name in names), dtype=np.int64, count=len(names))

    def _new(self) -> int:
        if self._free:
            return self._free.pop() + (1 << 32)
        self._used += 1
        return self._used - 1


def _same(one: NDArray[np.int64], other: NDArray[np.int64]) -> bool:
    return one is other or bool(np.array_equal(one, other))


def _longer(array: NDArray[Any], size: int, blank: object) -> NDArray[Any]:
    new = np.full(size, blank, dtype=array.dtype)
    new[: array.size] = array
    return new


def chunks(size: int, step: int) -> Iterator[slice]:
    """0 to `size` in pieces."""
    for low in range(0, size, step):
        yield slice(low, min(low + step, size))
