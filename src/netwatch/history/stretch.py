"""Which buckets of a window are chosen, and which blocks hold any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.history.merge import Source, Sources
from netwatch.history.names import SeriesName
from netwatch.history.records import RecordHead

__all__ = ["Mask", "Part", "Stretch", "stretch_of"]

Mask = Callable[[NDArray[np.int64], int], NDArray[np.float64]]
"""Given the begins of buckets (UTC seconds) and their width: the share of each that is wanted, 0 to 1.
`Calendar.mask` is one."""


class Part(NamedTuple):
    """The chosen buckets of one block."""

    of: slice
    """Buckets of the block, from the first chosen one to the last."""
    chosen: NDArray[np.bool_] | None
    """Which of those; None for all."""
    into: slice
    """Where they lie among the chosen buckets of all stretches."""

    @property
    def length(self) -> int:
        """How many are chosen."""
        return int(self.into.stop - self.into.start)


@dataclass(frozen=True, slots=True)
class Stretch:
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

    parts: dict[tuple[int, int], Part | None] = field(default_factory=dict)
    """What `part` found out."""

    def part(self, head: RecordHead) -> Part | None:
        """None if none of its buckets is chosen."""
        key = head.start, head.buckets
        if key not in self.parts:
            self.parts[key] = self._part(head)
        return self.parts[key]

    def _part(self, head: RecordHead) -> Part | None:
        first = (head.start - self.start) // self.width
        begin, end = max(first, 0), min(first + head.buckets, self.places.size - 1)
        steps = self.places[begin : end + 1]
        count = int(steps[-1] - steps[0])
        if not count:
            return None
        taken = steps[1:] > steps[:-1]
        low, high = int(taken.argmax()), int(taken.size - taken[::-1].argmax())
        into = slice(int(steps[0]) + self.offset, int(steps[-1]) + self.offset)
        chosen = None if high - low == count else taken[low:high]
        return Part(slice(low + begin - first, high + begin - first), chosen, into)

    def within(self, low: int, high: int) -> list[int]:
        """Numbers of the blocks that may hold series of that index, `high` left out; in order of writing."""
        found: list[int] = np.flatnonzero((self.first < high) & (self.last >= low)).tolist()
        return found


def stretch_of(
    sources: Sources,
    width: int,
    window: tuple[float, float],
    mask: Mask | None,
    index: dict[SeriesName, int],
    offset: int,
) -> Stretch | None:
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
    alike: dict[int, NDArray[np.intp]] = {}
    for source in sources:
        if id(source.names) not in alike:
            alike[id(source.names)] = _places(source, index)
    wanted = [alike[id(source.names)] for source in sources]
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
    return Stretch(width, start, places, offset, [blocks[at] for at in order], ends[:, 0], ends[:, 1])


def _places(source: Source, index: dict[SeriesName, int]) -> NDArray[np.intp]:
    """By row number of a file: the index of the series among those wanted, -1 for none."""
    out = np.full(max(source.names, default=0) + 1, -1, dtype=np.intp)
    for number, name in source.names.items():
        out[number] = index.get(name, -1)
    return out
