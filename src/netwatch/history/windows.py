"""Percentiles over a window of time, less what a mask leaves out, streamed from the files.

Only blocks that hold chosen buckets of wanted series are read, and only the column that is asked for; so many
series at a time that their chosen buckets fit into some hundred MB.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netwatch.history.apart import apart
from netwatch.history.merge import Sources
from netwatch.history.names import SeriesName
from netwatch.history.select import share_of, weighted_percentiles
from netwatch.history.stretch import Mask, Stretch, stretch_of
from netwatch.model import EntityId

__all__ = ["Mask", "SeriesPercentile", "percentiles"]

_CELLS = 16_000_000
"""Buckets that are held at a time: 128 MB."""
Result = NDArray[np.float64]
_NOTHING = (np.empty(0, dtype=np.intp),) * 2


@dataclass(frozen=True, slots=True)
class SeriesPercentile:
    """The percentile of one series, and what it stands on."""

    entity: EntityId
    labels: tuple[str, ...]
    value: float
    """Gauges: of the means, or of the maxima. Counters: increase per second."""
    seconds: float
    """Measured time within the chosen buckets."""
    simulated: bool
    """True if any of it is invented."""


def percentiles(
    sources: Sources,
    names: Sequence[SeriesName],
    window: tuple[float, float],
    q: float,
    *,
    mask: Mask | None,
    counter: bool,
    peaks: bool,
) -> Iterator[SeriesPercentile]:
    """In the order of `names`; series without any measured time are left out. A bucket is chosen if it
    begins in the window and the mask wants at least half of it, and weighs as many seconds as were
    measured in it."""
    index = {name: number for number, name in enumerate(names)}
    stretches: list[Stretch] = []
    size = 0
    for width in sources.widths():
        stretch = stretch_of(sources, width, window, mask, index, size)
        if stretch is not None:
            stretches.append(stretch)
            size += int(stretch.places[-1])
    if not size:
        return
    share = share_of(q)
    bounds = np.unique(np.concatenate([stretch.last for stretch in stretches])) + 1
    only = stretches[0] if len(stretches) == 1 and (counter or not peaks) else None
    step = max(1, _CELLS // size)
    held = _Held(stretches, size, q, (0, 1) if peaks and not counter else (0,), rate=counter)
    high = 0
    while (low := high) < len(names):
        high = _next(bounds, low, min(low + step, len(names)))
        found = None if only is None else apart(only, low, high, share, rate=counter)
        for first, values, seconds, simulated in (
            held.found(bounds, low, high) if found is None else [(low, *found)]
        ):
            for row in np.flatnonzero(seconds > 0).tolist():
                entity, labels = names[first + row]
                yield SeriesPercentile(
                    entity, labels, float(values[row]), float(seconds[row]), bool(simulated[row])
                )


class _Held:
    """The way that works for whatever blocks there are: all chosen buckets of some series are held."""

    def __init__(
        self, stretches: Sequence[Stretch], size: int, q: float, columns: Sequence[int], *, rate: bool
    ) -> None:
        self._stretches, self._size, self._q, self._columns = stretches, size, q, columns
        self._rate = rate
        self._scratch: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None

    def found(
        self, bounds: NDArray[np.intp], begin: int, end: int
    ) -> Iterator[tuple[int, Result, Result, NDArray[np.bool_]]]:
        """(first series, percentiles, seconds, whether any of it is invented) of those series."""
        step = max(1, _CELLS // self._size)
        if self._scratch is None:
            values = np.empty((step, self._size), dtype=np.float32)
            self._scratch = values, np.empty_like(values)
        high = begin
        while (low := high) < end:
            high = _next(bounds, low, min(low + step, end))
            grid = _Grid(*(scratch[: high - low] for scratch in self._scratch))
            for stretch in self._stretches:
                _fill(stretch, low, high, self._columns, grid)
            grid.settle()
            found, seconds = weighted_percentiles(grid.values, grid.covered, self._q, rate=self._rate)
            yield low, found, seconds, grid.simulated


def _next(bounds: NDArray[np.intp], low: int, most: int) -> int:
    """Where to stop, so that series of one block are taken together: else it would be decoded twice."""
    at = int(np.searchsorted(bounds, most, side="right")) - 1
    return int(bounds[at]) if at >= 0 and bounds[at] > low else most


class _Grid:
    """The chosen buckets of some series. What most blocks have in common is written once: they hold all of
    the series, and nearly every bucket was measured in full."""

    def __init__(self, values: NDArray[np.float32], covered: NDArray[np.float32]) -> None:
        """Both are scratch, (series, buckets); what they hold is of no account."""
        self.values = values
        self.covered = covered
        """Seconds; valid once settled."""
        self.simulated = np.zeros(values.shape[0], dtype=np.bool_)
        self._common: NDArray[np.float32] | None = np.zeros(values.shape[1], dtype=np.float32)
        """Seconds by bucket, of all series but the exceptions."""
        self._others: list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.floating]]] = []

    def lay(
        self, rows: NDArray[np.intp], into: slice, value: NDArray[np.floating], seconds: NDArray[np.floating]
    ) -> NDArray[np.intp]:
        """Writes over what is there, except where nothing is known. Returns the rows that it touched."""
        run = int(rows[-1] - rows[0]) == rows.size - 1 and bool(np.all(rows[1:] > rows[:-1]))
        onto = slice(int(rows[0]), int(rows[-1]) + 1) if run else rows
        if self._common is not None:
            if run and rows.size == self.values.shape[0] and not self._common[into].any():
                usual = seconds[0, 0]
                row, column = np.nonzero(seconds != usual) if seconds.strides != (0, 0) else _NOTHING
                if usual > 0 and row.size * 10 < seconds.size:
                    self.values[onto, into], self._common[into] = value, usual
                    self._others.append((row, column + into.start, seconds[row, column]))
                    return rows
            self.settle()
        known = seconds > 0
        if known.all():
            self.values[onto, into], self.covered[onto, into] = value, seconds
            return rows
        self.values[onto, into] = np.where(known, value, self.values[onto, into])
        self.covered[onto, into] = np.where(known, seconds, self.covered[onto, into])
        return rows[known.any(axis=1)]

    def settle(self) -> None:
        """Makes the coverage valid."""
        if self._common is not None:
            self.covered[:] = self._common
            for row, column, seconds in self._others:
                self.covered[row, column] = seconds
            self._common = None


def _fill(stretch: Stretch, low: int, high: int, columns: Sequence[int], grid: _Grid) -> None:
    """Lays the chosen buckets of the series `low` to `high` over what is there, in order of writing."""
    for number in stretch.within(low, high):
        head, source, index = stretch.blocks[number]
        part = stretch.part(head)
        decoded = None if part is None else source.segment.decode(source.descriptor, head, columns)
        if decoded is None or part is None:
            continue
        rows, found = decoded
        # Rounded each for itself, a maximum may come out a hair below its mean.
        value, seconds = found[0] if len(columns) == 1 else np.maximum(found[0], found[1]), found[-1]
        places = index[np.minimum(rows, index.size - 1)] - low
        places[rows >= index.size] = -1
        inside = (places >= 0) & (places < high - low)
        if not inside.all():
            mine = np.flatnonzero(inside)
            places, value, seconds = places[mine], value[mine], seconds[mine]
        if places.size:
            value, seconds = value[:, part.of], seconds[:, part.of]
            if part.chosen is not None:
                value, seconds = value[:, part.chosen], seconds[:, part.chosen]
            grid.simulated[grid.lay(places, part.into, value, seconds)] |= head.simulated
