"""Folds readings into UTC buckets on their way to the history store."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.history.track import Bucket, Floats, Layout, Part, Rows, Track, chunks
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
_ROWS = 16_384
"""Series that are folded in one go: a few milliseconds, and what it needs stays in the processor's cache."""
_SHARED = 4096
"""Series from which a block names all series of its family although some have nothing in it: names that are
the same objects as last time need no second look."""

Block = GaugeBlock | CounterBlock


class _Readings(NamedTuple):
    """The arrays of a column, each taken once: a column may make them at every access."""

    times: Floats
    values: Floats
    fresh: NDArray[np.bool_]
    totals: NDArray[np.uint64] | None
    covered: Floats | None

    @classmethod
    def of(cls, column: Column) -> _Readings:
        return cls(column.times, column.values, column.fresh, column.totals, column.covered)


class Recorder:
    """Turns snapshots into blocks of full buckets.

    A reading stands for the time since the reading before it, at most `hold` seconds of it for a gauge. What
    a counter grew by between two readings is spread evenly over the time between them; over a gap longer than
    `max_gap` it is left out, because nobody knows when it happened. A restart, a clock that steps and a
    counter that falls back cost the interval in which they happen: it is not covered. A bucket is written
    once `width` seconds have passed since its end, and again, whole, if a late reading changes it.

    Not safe to use from two threads. `observe_steps` and `take_steps` do the same as `observe` and `take` in
    pieces of a few milliseconds, so that an event loop gets its turn; one ends before the next begins. What
    `take` returns can be written elsewhere.
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
            name: Track(counter=family.type is FamilyType.COUNTER)
            for name, family in catalogue.items()
            if family.history is HistoryPolicy.PLANNING and family.type is not FamilyType.INFO
        }
        self._before: Instant | None = None
        self._dense_from = 0.0
        """Buckets that begin here or later are open."""

    def observe(self, snapshot: Snapshot) -> None:
        """Takes in what is new since the snapshot before. The same reading seen twice counts once."""
        for _ in self.observe_steps(snapshot):
            pass

    def observe_steps(self, snapshot: Snapshot) -> Iterator[None]:
        """`observe` in pieces. To be run to its end."""
        before, self._before = self._before, snapshot.at
        self._dense_from = snapshot.at.wall - 2 * self._width
        stepped = before is not None and (
            abs((snapshot.at.wall - before.wall) - (snapshot.at.mono - before.mono)) > _STEP
        )
        done = 0
        for name, track in self._tracks.items():
            column = snapshot.columns.get(name)
            if column is None or not column.entities:
                if stepped:
                    track.usable[:] = False
                continue
            track.settle(column)
            yield
            readings = _Readings.of(column)
            yield
            if track.exact != (readings.totals is not None):
                track.exact = readings.totals is not None
                track.usable[:] = False
            if stepped:
                # Old and new readings are on different clocks: begin anew with the next one.
                track.usable[:] = False
                track.time[:] = readings.times
                continue
            for part in chunks(len(column.entities), _ROWS):
                self._observe(track, readings, part)
                done += part.stop - part.start
                if done >= _ROWS:
                    done = 0
                    yield

    def _observe(self, track: Track, readings: _Readings, part: slice) -> None:
        times, values = readings.times[part], readings.values[part]
        new = readings.fresh[part] & np.isfinite(times) & np.isfinite(values) & (times != track.time[part])
        chosen = np.flatnonzero(new)
        if not chosen.size:
            return
        rows, now = chosen + part.start, times[chosen]
        then, good = track.time[rows], track.usable[rows]
        length = now - then
        good &= length > 0
        track.time[rows], track.usable[rows] = now, True
        known: Floats | float = 1.0
        if track.counter:
            amount, over = _growth(track, rows, readings)
            good &= (amount >= 0) & (length <= self._max_gap) & ~(over <= 0)
            share = np.minimum(over / np.where(length > 0, length, 1.0), 1.0)
            known = np.where(np.isnan(share), 1.0, share)
        else:
            amount, then = values[chosen], np.maximum(then, now - self._hold)
        if good.all():
            self._spread(track, rows, then, now, amount, known)
        elif good.any():
            known = known[good] if isinstance(known, np.ndarray) else known
            self._spread(track, rows[good], then[good], now[good], amount[good], known)

    def _spread(
        self, track: Track, rows: Rows, then: Floats, now: Floats, amount: Floats, known: Floats | float
    ) -> None:
        """Adds to each bucket its part of the time from `then` to `now`; the share `known` of it counts."""
        width, length = self._width, now - then
        for number in range(int(np.min(then) // width), int(np.max(now) // width) + 1):
            low = np.maximum(then, number * width)
            seconds = np.minimum(now, (number + 1) * width) - low
            hit = seconds > 0
            if not hit.any():
                continue
            start = number * width
            bucket = track.bucket(start, dense=start > self._dense_from)
            every = bool(hit.all())
            into = bucket.places(rows if every else rows[hit])
            if track.counter:
                begun = low - then
                share = _share(amount, (begun + seconds) / length) - _share(amount, begun / length)
                bucket.amount[into] += share if every else share[hit]
                seconds = seconds * known
                bucket.seconds[into] += seconds if every else seconds[hit]
            else:
                value, held = (amount, seconds) if every else (amount[hit], seconds[hit])
                bucket.amount[into] += value * held
                bucket.peak[into] = np.maximum(bucket.peak[into], value)
                bucket.seconds[into] += held
            bucket.changed[into] = True

    def take(self, now: float, *, partial: bool = False) -> list[Block]:
        """Blocks of the buckets that are ready at `now` (wall seconds); `partial` takes the open ones too."""
        return list(self.take_steps(now, partial=partial))

    def take_steps(self, now: float, *, partial: bool = False) -> Iterator[Block]:
        """`take`, block by block: what was handed out need not be kept until the last one is made."""
        for name, track in self._tracks.items():
            for start in sorted(track.buckets.keys() | track.left.keys()):
                ready = start + 2 * self._width <= now
                bucket = track.buckets.get(start)
                if ready or partial:
                    parts = track.left.pop(start, {})
                    if parts or (bucket is not None and bucket.changed.any()):
                        yield self._block(name, track, start, bucket, parts)
                if bucket is None:
                    continue
                if start + self._width + self._max_gap + self._hold < now:
                    del track.buckets[start]
                elif ready:
                    track.drop_finished(start, start + self._width)

    def series(self) -> int:
        """How many series are in memory."""
        return sum(track.series() for track in self._tracks.values())

    def octets(self) -> int:
        """How much memory they take."""
        return sum(track.octets() for track in self._tracks.values())

    def flush(self, now: float) -> None:
        """Writes what is ready at `now`. Raises StoreError."""
        self._write(self.take_steps(now))

    def close(self, now: float) -> None:
        """Writes everything, the bucket that is still open included. Raises StoreError."""
        self._write(self.take_steps(now, partial=True))

    def _write(self, blocks: Iterable[Block]) -> None:
        many = getattr(self._writer, "append_all", None)
        if many is not None:
            many(blocks)
            return
        for block in blocks:
            self._writer.append(block)

    def _block(
        self,
        name: str,
        track: Track,
        start: int,
        bucket: Bucket | None,
        parts: dict[tuple[EntityId, tuple[str, ...]], Part],
    ) -> Block:
        entities: tuple[EntityId, ...] = ()
        labels: tuple[tuple[str, ...], ...] = ()
        elements = np.empty(0, dtype=np.intp)
        if bucket is not None:
            entities, labels, elements = _named(track.layout, bucket)
            bucket.changed[:] = False
        entities += tuple(entity for entity, _ in parts)
        labels += tuple(row_labels for _, row_labels in parts)
        more = np.array([(part.amount, part.seconds, part.peak) for part in parts.values()]).reshape(-1, 3)

        def joined(array: NDArray[np.floating], place: int) -> Floats:
            own = array[elements].astype(np.float64) if elements.size else np.empty(0)
            return np.concatenate((own, more[:, place])) if len(more) else own

        bucket = bucket or Bucket.empty(0, gauge=not track.counter)
        amount, seconds = joined(bucket.amount, 0), joined(bucket.seconds, 1)
        covered = np.minimum(seconds, self._width)[:, None]
        if track.counter:
            return CounterBlock(name, entities, labels, start, self._width, amount[:, None], covered)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (amount / seconds)[:, None]
        peak = joined(bucket.peak, 2)[:, None]
        # A mean of equal values may come out a hair above them.
        return GaugeBlock(name, entities, labels, start, self._width, np.minimum(mean, peak), peak, covered)


def _named(layout: Layout, bucket: Bucket) -> tuple[tuple[EntityId, ...], tuple[tuple[str, ...], ...], Rows]:
    """(entities, labels, elements of the bucket) of what is to be written."""
    elements = np.flatnonzero(bucket.changed)
    if bucket.rows is None and len(layout) >= _SHARED and 2 * elements.size >= len(layout):
        return layout.entities, layout.labels, np.arange(len(layout))
    chosen = (elements if bucket.rows is None else bucket.rows[elements]).tolist()
    entities = tuple([layout.entities[place] for place in chosen])
    return entities, tuple([layout.labels[place] for place in chosen]), elements


def _growth(track: Track, rows: Rows, readings: _Readings) -> tuple[Floats, Floats]:
    """What each counter grew by (less than 0: it fell back), and over how many seconds that is known (NaN:
    nobody says). Notes both."""
    if readings.totals is not None:
        before, total = track.total[rows], readings.totals[rows]
        amount = np.where(total >= before, (total - before).astype(np.float64), -1.0)
        track.total[rows] = total
    else:
        floats = track.total.view(np.float64)
        value = readings.values[rows]
        amount = value - floats[rows]
        floats[rows] = value
    if readings.covered is None:
        return amount, np.full(rows.size, np.nan)
    covered = readings.covered[rows]
    over = covered - track.covered[rows]
    track.covered[rows] = covered
    return amount, over


def _share(amount: Floats, share: Floats) -> Floats:
    """The part of an increase up to a share of its interval. Whole numbers are cut into whole numbers, so
    that the parts of an interval add up to it exactly."""
    part = amount * share
    whole = amount == np.floor(amount)
    return np.where(share >= 1, amount, np.where(whole, np.floor(part), part))
