"""Folds readings into UTC buckets on their way to the history store."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netwatch.model import (
    Catalogue,
    Column,
    CounterBlock,
    EntityId,
    FamilyType,
    GaugeBlock,
    HistoryPolicy,
    HistoryWriter,
    Instant,
    Snapshot,
)

__all__ = ["Recorder"]

_STEP = 2.0
"""Seconds by which wall and monotonic clock may drift apart between two snapshots before it is a step."""
_FORGET = 2 * 86400
"""Seconds after which a series that was not seen any more is dropped from memory."""

Floats = NDArray[np.float64]


@dataclass(slots=True)
class _Bucket:
    """Sums of one bucket, one element per series."""

    amount: Floats
    """Gauges: value times seconds. Counters: increase."""
    seconds: Floats
    peak: Floats
    changed: NDArray[np.bool_]
    """Since it was last written."""

    @classmethod
    def empty(cls, size: int) -> _Bucket:
        return cls(np.zeros(size), np.zeros(size), np.full(size, -np.inf), np.zeros(size, dtype=np.bool_))

    def select(self, rows: NDArray[np.intp]) -> _Bucket:
        return _Bucket(self.amount[rows], self.seconds[rows], self.peak[rows], self.changed[rows])

    def grown(self, size: int) -> _Bucket:
        more = _Bucket.empty(size - self.amount.size)
        return _Bucket(
            np.concatenate((self.amount, more.amount)),
            np.concatenate((self.seconds, more.seconds)),
            np.concatenate((self.peak, more.peak)),
            np.concatenate((self.changed, more.changed)),
        )


@dataclass(slots=True)
class _Track:
    """The series of one family: their last readings and their open buckets."""

    counter: bool
    rows: dict[tuple[EntityId, tuple[str, ...]], int] = field(default_factory=dict)
    time: Floats = field(default_factory=lambda: np.empty(0))
    """Wall seconds of the last reading taken in; NaN before the first."""
    value: Floats = field(default_factory=lambda: np.empty(0))
    """Of that reading; NaN where the next reading has nothing to be compared with."""
    total: NDArray[np.uint64] = field(default_factory=lambda: np.empty(0, dtype=np.uint64))
    """Counters: the exact value, where the state room tells it."""
    covered: Floats = field(default_factory=lambda: np.empty(0))
    """Counters: seconds up to that reading over which the increase is known; NaN where nobody says."""
    buckets: dict[int, _Bucket] = field(default_factory=dict)
    last_column: Column | None = None
    last_places: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    def places(self, column: Column) -> NDArray[np.intp]:
        """Row of each series of a column; new series get one."""
        last = self.last_column
        if last is None or last.entities is not column.entities or last.labels is not column.labels:
            keys = zip(column.entities, column.labels, strict=True)
            found = [self.rows.setdefault(key, len(self.rows)) for key in keys]
            self.last_places = np.array(found, dtype=np.intp)
            more = len(self.rows) - self.time.size
            if more:
                self.time = np.concatenate((self.time, np.full(more, np.nan)))
                self.value = np.concatenate((self.value, np.full(more, np.nan)))
                self.total = np.concatenate((self.total, np.zeros(more, dtype=np.uint64)))
                self.covered = np.concatenate((self.covered, np.full(more, np.nan)))
                for start, bucket in self.buckets.items():
                    self.buckets[start] = bucket.grown(len(self.rows))
        self.last_column = column
        return self.last_places

    def forget(self, before: float) -> None:
        """Drops series without a reading since `before`."""
        keep = np.flatnonzero(~(self.time < before))
        if keep.size == self.time.size:
            return
        names = list(self.rows)
        self.rows = {names[old]: new for new, old in enumerate(keep.tolist())}
        self.time, self.value = self.time[keep], self.value[keep]
        self.total, self.covered = self.total[keep], self.covered[keep]
        self.buckets = {start: bucket.select(keep) for start, bucket in self.buckets.items()}
        self.last_column = None


class Recorder:
    """Turns snapshots into blocks of full buckets.

    A reading stands for the time since the reading before it, at most `hold` seconds of it for a gauge. What
    a counter grew by between two readings is spread evenly over the time between them; over a gap longer than
    `max_gap` it is left out, because nobody knows when it happened. A restart, a clock that steps and a
    counter that falls back cost the interval in which they happen: it is not covered. A bucket is written
    once `width` seconds have passed since its end, and again, whole, if a late reading changes it.

    Not safe to use from two threads. `take` is quick and belongs where snapshots are made; what it returns
    can be written elsewhere.
    """

    def __init__(
        self,
        catalogue: Catalogue,
        writer: HistoryWriter,
        width: int = 300,
        *,
        hold: float = 900.0,
        max_gap: float = 3600.0,
    ) -> None:
        if width <= 0 or 86400 % width:
            raise ValueError(f"a bucket of {width} s does not divide the day")
        self._writer = writer
        self._width = width
        self._hold = hold
        self._max_gap = max_gap
        self._tracks = {
            name: _Track(counter=family.type is FamilyType.COUNTER)
            for name, family in catalogue.items()
            if family.history is HistoryPolicy.PLANNING and family.type is not FamilyType.INFO
        }
        self._before: Instant | None = None

    def observe(self, snapshot: Snapshot) -> None:
        """Takes in what is new since the snapshot before. The same reading seen twice counts once."""
        before, self._before = self._before, snapshot.at
        stepped = before is not None and (
            abs((snapshot.at.wall - before.wall) - (snapshot.at.mono - before.mono)) > _STEP
        )
        for name, track in self._tracks.items():
            column = snapshot.columns.get(name)
            if column is not None and column.entities:
                self._observe(track, column, stepped=stepped)
            elif stepped:
                track.value[:] = np.nan

    def _observe(self, track: _Track, column: Column, *, stepped: bool) -> None:
        places = track.places(column)
        if stepped:
            # Old and new readings are on different clocks: begin anew with the next one.
            track.value[:] = np.nan
            track.time[places] = column.times
            return
        times = column.times
        new = column.fresh & np.isfinite(times) & np.isfinite(column.values) & (times != track.time[places])
        rows, now, value = places[new], times[new], column.values[new]
        then, last = track.time[rows], track.value[rows]
        track.time[rows], track.value[rows] = now, value
        good = np.isfinite(last) & (now > then)
        if track.counter:
            amount, known = _growth(track, rows, column, new, value - last)
            good &= (amount >= 0) & (now - then <= self._max_gap) & ~(known <= 0)
            known = np.where(
                np.isnan(known), 1.0, np.minimum(known / np.where(now > then, now - then, 1.0), 1.0)
            )
        else:
            then = np.maximum(then, now - self._hold)
            amount, known = value, np.ones(value.size)
        if np.any(good):
            self._spread(track, rows[good], then[good], now[good], amount[good], known[good])

    def _spread(
        self, track: _Track, rows: NDArray[np.intp], then: Floats, now: Floats, amount: Floats, known: Floats
    ) -> None:
        """Adds to each bucket its part of the time from `then` to `now`; the share `known` of it counts."""
        width, length = self._width, now - then
        first = int(np.min(then) // width)
        for number in range(first, int(np.max(now) // width) + 1):
            low = np.maximum(then, number * width)
            high = np.minimum(now, (number + 1) * width)
            hit = high > low
            if not np.any(hit):
                continue
            bucket = track.buckets.setdefault(number * width, _Bucket.empty(len(track.rows)))
            into, seconds = rows[hit], (high - low)[hit]
            if track.counter:
                share = _share(amount[hit], (high - then)[hit] / length[hit])
                bucket.amount[into] += share - _share(amount[hit], (low - then)[hit] / length[hit])
            else:
                bucket.amount[into] += amount[hit] * seconds
                bucket.peak[into] = np.maximum(bucket.peak[into], amount[hit])
            bucket.seconds[into] += seconds * known[hit]
            bucket.changed[into] = True

    def take(self, now: float, *, partial: bool = False) -> list[GaugeBlock | CounterBlock]:
        """Blocks of the buckets that are ready at `now` (wall seconds); `partial` takes the open ones too."""
        out: list[GaugeBlock | CounterBlock] = []
        for name, track in self._tracks.items():
            series = list(track.rows)
            for start in sorted(track.buckets):
                bucket = track.buckets[start]
                ready = partial or start + 2 * self._width <= now
                if ready and np.any(bucket.changed):
                    out.append(self._block(name, track, series, start, bucket))
                if start + self._width + self._max_gap + self._hold < now:
                    del track.buckets[start]
            track.forget(now - _FORGET)
        return out

    def series(self) -> int:
        """How many series are in memory."""
        return sum(len(track.rows) for track in self._tracks.values())

    def flush(self, now: float) -> None:
        """Writes what is ready at `now`. Raises StoreError."""
        self._write(self.take(now))

    def close(self, now: float) -> None:
        """Writes everything, the bucket that is still open included. Raises StoreError."""
        self._write(self.take(now, partial=True))

    def _write(self, blocks: list[GaugeBlock | CounterBlock]) -> None:
        many = getattr(self._writer, "append_all", None)
        if many is not None:
            many(blocks)
            return
        for block in blocks:
            self._writer.append(block)

    def _block(
        self,
        name: str,
        track: _Track,
        series: list[tuple[EntityId, tuple[str, ...]]],
        start: int,
        bucket: _Bucket,
    ) -> GaugeBlock | CounterBlock:
        rows = np.flatnonzero(bucket.changed)
        bucket.changed[:] = False
        chosen = [series[row] for row in rows.tolist()]
        entities = tuple(entity for entity, _ in chosen)
        labels = tuple(row_labels for _, row_labels in chosen)
        amount = bucket.amount[rows][:, None]
        seconds = np.minimum(bucket.seconds[rows], self._width)[:, None]
        if track.counter:
            return CounterBlock(name, entities, labels, start, self._width, amount, seconds)
        mean = amount / bucket.seconds[rows][:, None]
        peak = bucket.peak[rows][:, None]
        # A mean of equal values may come out a hair above them.
        return GaugeBlock(name, entities, labels, start, self._width, np.minimum(mean, peak), peak, seconds)


def _growth(
    track: _Track, rows: NDArray[np.intp], column: Column, new: NDArray[np.bool_], rounded: Floats
) -> tuple[Floats, Floats]:
    """What each counter grew by, and over how many seconds that is known (NaN: nobody says). Notes both."""
    amount, known = rounded, np.full(rows.size, np.nan)
    if column.totals is not None:
        before, total = track.total[rows], column.totals[new]
        exact = np.where(total >= before, total - before, 0).astype(np.float64)
        amount = np.where(total >= before, exact, -1.0)
        track.total[rows] = total
    if column.covered is not None:
        covered = column.covered[new]
        known = covered - track.covered[rows]
        track.covered[rows] = covered
    return amount, known


def _share(amount: Floats, share: Floats) -> Floats:
    """The part of an increase up to a share of its interval. Whole numbers are cut into whole numbers, so
    that the parts of an interval add up to it exactly."""
    part = amount * share
    whole = amount == np.floor(amount)
    return np.where(share >= 1, amount, np.where(whole, np.floor(part), part))
