"""Percentiles over a window of time, less what a mask leaves out, streamed from the files.

Only blocks that hold chosen buckets of wanted series are read, and only the column that is asked for; so many
series at a time that their chosen buckets fit into some hundred MB.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netwatch.history.merge import Source, Sources
from netwatch.history.names import SeriesName
from netwatch.history.records import RecordHead
from netwatch.history.select import weighted_percentiles
from netwatch.model import EntityId

__all__ = ["Mask", "SeriesPercentile", "percentiles"]

Mask = Callable[[NDArray[np.int64], int], NDArray[np.float64]]
"""Given the begins of buckets (UTC seconds) and their width: the share of each that is wanted, 0 to 1.
`Calendar.mask` is one."""

_CELLS = 16_000_000
"""Buckets that are held at a time: 128 MB."""
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


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The chosen buckets of one width, and the blocks that hold any of them."""

    width: int
    start: int
    places: NDArray[np.intp]
    """By bucket: how many chosen ones lie before it; one element more than buckets."""
    offset: int
    """Where its buckets begin among those of all widths."""
    blocks: list[tuple[RecordHead, Source, NDArray[np.intp]]]
    """In order of writing, with the index of each of the file's series among those wanted."""
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    """Least and largest index in each block."""


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
    stretches: list[_Stretch] = []
    size = 0
    for width in sources.widths():
        stretch = _stretch(sources, width, window, mask, index, size)
        if stretch is not None:
            stretches.append(stretch)
            size += int(stretch.places[-1])
    if not size:
        return
    columns = (0, 1) if peaks and not counter else (0,)
    step = max(1, _CELLS // size)
    bounds = np.unique(np.concatenate([stretch.last for stretch in stretches])) + 1
    values = np.empty((min(step, len(names)), size), dtype=np.float32)
    covered = np.empty_like(values)
    high = 0
    while (low := high) < len(names):
        high = _next(bounds, low, min(low + step, len(names)))
        grid = _Grid(values[: high - low], covered[: high - low])
        for stretch in stretches:
            _fill(stretch, low, high, columns, grid)
        grid.settle()
        found, seconds = weighted_percentiles(grid.values, grid.covered, q, rate=counter)
        for row in np.flatnonzero(seconds > 0).tolist():
            entity, labels = names[low + row]
            yield SeriesPercentile(
                entity, labels, float(found[row]), float(seconds[row]), bool(grid.simulated[row])
            )


def _next(bounds: NDArray[np.intp], low: int, most: int) -> int:
    """Where to stop, so that series of one block are taken together: else it would be decoded twice."""
    at = int(np.searchsorted(bounds, most, side="right")) - 1
    return int(bounds[at]) if at >= 0 and bounds[at] > low else most


def _stretch(
    sources: Sources,
    width: int,
    window: tuple[float, float],
    mask: Mask | None,
    index: dict[SeriesName, int],
    offset: int,
) -> _Stretch | None:
    heads = [
        (head, source, number)
        for number, source in enumerate(sources)
        for head in source.blocks
        if head.width == width
    ]
    start = max(min(head.start for head, _, _ in heads), -(-int(max(window[0], 0)) // width) * width)
    stop = max(head.end for head, _, _ in heads)
    stop = min(stop, -(-int(np.ceil(min(window[1], stop))) // width) * width)
    if stop <= start:
        return None
    starts = np.arange(start, stop, width, dtype=np.int64)
    chosen = np.ones(starts.size, dtype=np.bool_) if mask is None else mask(starts, width) >= 0.5
    places = np.concatenate(([0], np.cumsum(chosen))).astype(np.intp)
    edges = np.array([(head.start, head.end) for head, _, _ in heads], dtype=np.int64)
    edges = np.clip((edges - start) // width, 0, starts.size)
    holds = places[edges[:, 1]] > places[edges[:, 0]]
    wanted = [_places(source, index) for source in sources]
    blocks, spans = [], []
    known: dict[tuple[int, int, int], tuple[int, int]] = {}
    for at in np.flatnonzero(holds).tolist():
        head, source, number = heads[at]
        key = (number, head.lowest, head.highest)
        if key not in known:
            own = wanted[number][head.lowest : head.highest + 1]
            own = own[own >= 0]
            known[key] = (int(own.min()), int(own.max())) if own.size else (0, -1)
        if known[key][1] >= 0:
            blocks.append((head, source, wanted[number]))
            spans.append(known[key])
    order = sorted(range(len(blocks)), key=lambda at: blocks[at][0].sequence)
    ends = np.array([spans[at] for at in order], dtype=np.intp).reshape(-1, 2)
    return _Stretch(width, start, places, offset, [blocks[at] for at in order], ends[:, 0], ends[:, 1])


def _places(source: Source, index: dict[SeriesName, int]) -> NDArray[np.intp]:
    """By row number of a file: the index of the series among those wanted, -1 for none."""
    out = np.full(max(source.names, default=0) + 1, -1, dtype=np.intp)
    for number, name in source.names.items():
        out[number] = index.get(name, -1)
    return out


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


def _fill(stretch: _Stretch, low: int, high: int, columns: Sequence[int], grid: _Grid) -> None:
    """Lays the chosen buckets of the series `low` to `high` over what is there, in order of writing."""
    for at in np.flatnonzero((stretch.first < high) & (stretch.last >= low)).tolist():
        head, source, index = stretch.blocks[at]
        first = (head.start - stretch.start) // stretch.width
        begin, end = max(first, 0), min(first + head.buckets, stretch.places.size - 1)
        steps = stretch.places[begin : end + 1]
        taken = np.flatnonzero(steps[1:] > steps[:-1]) + (begin - first)
        decoded = source.segment.decode(source.descriptor, head, columns) if taken.size else None
        if decoded is None:
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
            run = int(taken[-1] - taken[0]) == taken.size - 1
            of = slice(int(taken[0]), int(taken[-1]) + 1) if run else taken
            into = slice(int(steps[0]) + stretch.offset, int(steps[-1]) + stretch.offset)
            grid.simulated[grid.lay(places, into, value[:, of], seconds[:, of])] |= head.simulated
