"""The series of one family while their buckets are open: arrays in the order of the snapshot's column, and no
object per series."""

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


@dataclass(slots=True)
class Bucket:
    """Sums of one bucket. An open one has an element per series; one that was written keeps only those series
    that a late reading may still add to."""

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
    """Numbers of the series, ascending; None: element n is series n."""

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
        return self.amount.nbytes + self.seconds.nbytes + self.peak.nbytes + self.changed.nbytes + rows

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

    def shrink(self, keep: NDArray[np.bool_]) -> None:
        """Keeps these elements only, by number."""
        chosen = np.flatnonzero(keep)
        rows = chosen if self.rows is None else self.rows[chosen]
        self._select(chosen, rows)

    def move(self, places: Rows, inverse: Rows) -> None:
        """Numbers anew. `places`: for each new number the old one, -1 for none; `inverse` the other way."""
        if self.rows is None:
            fresh = Bucket.empty(places.size, gauge=self.gauge)
            kept = np.flatnonzero(places >= 0)
            fresh._copy(kept, self, places[kept])
            self._take_over(fresh)
            return
        moved = inverse[self.rows]
        order = np.argsort(moved, kind="stable")
        order = order[moved[order] >= 0]
        self._select(order, moved[order])

    def _select(self, elements: Rows, rows: Rows) -> None:
        fresh = Bucket.empty(elements.size, gauge=self.gauge)
        fresh._copy(slice(None), self, elements)
        self._take_over(fresh)
        self.rows = rows

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
    numbering: tuple[NDArray[Any], NDArray[Any] | None] | None = None

    def __len__(self) -> int:
        return len(self.entities)

    @property
    def slots(self) -> NDArray[np.int64] | None:
        """Made at each access."""
        if self.numbering is None:
            return None
        rows, generations = self.numbering
        slots: NDArray[np.int64] = rows.astype(np.int64)
        return slots if generations is None else slots | (generations.astype(np.int64) << 32)

    def shows(self, column: Column) -> bool:
        """The very same series in the same order."""
        if self.entities is not column.entities or self.labels is not column.labels:
            return False
        mine, other = self.numbering, column.numbering
        if mine is None or other is None:
            return mine is other
        if mine[0] is other[0]:
            return True
        slots, others = self.slots, column.slots
        assert slots is not None
        assert others is not None
        return bool(np.array_equal(slots, others))


@dataclass(slots=True)
class Part:
    """What a series that ended has in a bucket that is not written yet."""

    amount: float
    seconds: float
    peak: float


@dataclass(slots=True)
class Track:
    """Last readings and open buckets of one family, one element per series of `layout`."""

    counter: bool
    time: Floats = field(default_factory=lambda: np.empty(0))
    """Wall seconds of the last reading taken in; NaN before the first."""
    usable: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    """False where the next reading has nothing to be compared with."""
    total: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """Counters: the exact value of that reading, where the state room tells it; its bits as a float else."""
    covered: Floats = field(default_factory=lambda: np.empty(0))
    """Counters: seconds up to that reading over which the increase is known; NaN where nobody says."""
    buckets: dict[int, Bucket] = field(default_factory=dict)
    left: dict[int, dict[Name, Part]] = field(default_factory=dict)
    """By bucket: what ended series have in it."""
    layout: Layout = field(default_factory=lambda: Layout((), ()))
    exact: bool = False
    """`total` holds whole numbers, not the bits of floats."""

    def series(self) -> int:
        ended = {name for parts in self.left.values() for name in parts}
        return len(ended) + len(self.layout)

    def octets(self) -> int:
        """Memory of the arrays; names and numbers of series are the snapshots'."""
        own = (self.time, self.usable, self.total, self.covered)
        return sum(array.nbytes for array in own) + sum(bucket.octets for bucket in self.buckets.values())

    def settle(self, column: Column) -> None:
        """Makes the column's series the track's, after taking note of those that came and went."""
        old = self.layout
        if old.shows(column):
            return
        new = Layout(column.entities, column.labels, column.numbering)
        slots, before = new.slots, old.slots
        if not len(old):
            places = np.full(len(new), -1, dtype=np.intp)
        elif slots is None or before is None:
            known = {name: place for place, name in enumerate(zip(old.entities, old.labels, strict=True))}
            names = zip(new.entities, new.labels, strict=True)
            places = np.fromiter((known.get(name, -1) for name in names), dtype=np.intp, count=len(new))
        else:
            places = _places(before, slots)
        self.layout = new
        if places.size == len(old) and np.array_equal(places, np.arange(places.size)):
            return
        inverse = np.full(len(old), -1, dtype=np.intp)
        kept = np.flatnonzero(places >= 0)
        inverse[places[kept]] = kept
        gone = np.flatnonzero(inverse < 0)
        if gone.size:
            self._part_with(old, gone)
        self.time = _moved(self.time, places, kept, np.nan)
        self.usable = _moved(self.usable, places, kept, False)
        if self.counter:
            self.total = _moved(self.total, places, kept, 0)
            self.covered = _moved(self.covered, places, kept, np.nan)
        for bucket in self.buckets.values():
            bucket.move(places, inverse)
        if self.left:
            self._take_back(np.flatnonzero(places < 0).tolist())

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
        time = self.time if bucket.rows is None else self.time[bucket.rows]
        keep = (time < end) & (bucket.seconds > 0)
        if keep.any():
            bucket.shrink(keep)
        else:
            del self.buckets[start]

    def _part_with(self, old: Layout, gone: Rows) -> None:
        """Keeps what ended series have in open buckets under their names."""
        for start, bucket in self.buckets.items():
            inside, at = bucket.find(gone)
            waiting = bucket.changed[at]
            inside, at = inside[waiting], at[waiting]
            parts = self.left.setdefault(start, {}) if at.size else {}
            for place, element in zip(gone[inside].tolist(), at.tolist(), strict=True):
                parts[old.entities[place], old.labels[place]] = Part(
                    float(bucket.amount[element]),
                    float(bucket.seconds[element]),
                    float(bucket.peak[element]) if bucket.gauge else 0.0,
                )

    def _take_back(self, new: list[int]) -> None:
        """A series that ended has begun anew: its parts of open buckets are one."""
        layout = self.layout
        for start, parts in list(self.left.items()):
            for place in new:
                part = parts.pop((layout.entities[place], layout.labels[place]), None)
                if part is None:
                    continue
                bucket = self.bucket(start, dense=False)
                (at,) = bucket.places(np.array([place], dtype=np.intp))
                bucket.amount[at] += part.amount
                bucket.seconds[at] += part.seconds
                if bucket.gauge:
                    bucket.peak[at] = max(float(bucket.peak[at]), part.peak)
                bucket.changed[at] = True
            if not parts:
                del self.left[start]


def _places(old: NDArray[np.int64], new: NDArray[np.int64]) -> Rows:
    """For each new slot its position among the old ones, -1 for none. Mostly a few came or went in one
    place, so what is equal before and behind it is not searched."""
    size = min(old.size, new.size)
    differ = np.flatnonzero(old[:size] != new[:size])
    head = int(differ[0]) if differ.size else size
    differ = np.flatnonzero(old[old.size - size + head :][::-1] != new[new.size - size + head :][::-1])
    tail = int(differ[0]) if differ.size else size - head
    out = np.empty(new.size, dtype=np.intp)
    out[:head] = np.arange(head)
    out[new.size - tail :] = np.arange(old.size - tail, old.size)
    among, wanted = old[head : old.size - tail], new[head : new.size - tail]
    found = np.full(wanted.size, -1, dtype=np.intp)
    if among.size and wanted.size:
        order = np.argsort(among, kind="stable")
        at = order[np.minimum(np.searchsorted(among, wanted, sorter=order), among.size - 1)]
        found = np.where(among[at] == wanted, at + head, -1)
    out[head : new.size - tail] = found
    return out


def _moved(array: NDArray[Any], places: Rows, kept: Rows, blank: object) -> NDArray[Any]:
    new = np.full(places.size, blank, dtype=array.dtype)
    new[kept] = array[places[kept]]
    return new


def chunks(size: int, step: int) -> Iterator[slice]:
    """0 to `size` in pieces."""
    for low in range(0, size, step):
        yield slice(low, min(low + step, size))
