"""Percentiles of series whose blocks don't overlap, and that were mostly measured in full: nearly all.

Then a block need not be laid into a table of all series and buckets: the pieces stay as they were decoded,
and a few series at a time are put together in the processor's cache. Of the coverage only what is not full
is made.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from netwatch.history.peek import Peek
from netwatch.history.select import Full, Others, judged
from netwatch.history.stretch import Part, Stretch

__all__ = ["apart"]

_FEW = 0.05
"""Share of buckets that may have been measured in part."""
_ROWS = 32
"""Series that are judged at a time: what that needs stays in the processor's cache."""
_HALF = 2

Rows = NDArray[np.intp]
Matrix = NDArray[np.floating]
Result = NDArray[np.float64]
Judged = tuple[Result, Result, NDArray[np.bool_]]


def apart(stretch: Stretch, low: int, high: int, share: Fraction, *, rate: bool) -> Judged | None:
    """Percentiles of the series `low` to `high`, seconds measured, and whether any of it is invented.

    None if blocks overlap, or too much was measured in part: then this is no way to find them.
    """
    numbers = stretch.within(low, high)
    if not _apart(stretch, numbers, low, high):
        return None
    size = int(stretch.places[-1])
    found = _Pieces(high - low, stretch.width)
    for number in numbers:
        head, source, index = stretch.blocks[number]
        part = stretch.part(head)
        peeked = None if part is None else source.segment.peek(source.descriptor, head)
        if peeked is None or part is None:
            continue
        rows, values, seconds = peeked
        places = index[np.minimum(rows, index.size - 1)] - low
        places[(rows >= index.size) | (places >= high - low)] = -1
        if not found.take(places, part, values, seconds, simulated=head.simulated):
            return None
        if found.in_part > _FEW * size * (high - low):
            return None
    return found.judge(share, rate=rate)


def _apart(stretch: Stretch, numbers: list[int], low: int, high: int) -> bool:
    """False if two blocks may hold the same bucket of a series."""
    ends = np.zeros(high - low, dtype=np.int64)
    for number in sorted(numbers, key=lambda number: stretch.blocks[number][0].start):
        head = stretch.blocks[number][0]
        span = slice(max(int(stretch.first[number]) - low, 0), int(stretch.last[number]) + 1 - low)
        if int(ends[span].max()) > head.start:
            return False
        ends[span] = head.end
    return True


class _Pieces:
    """The chosen buckets of some series, block by block."""

    def __init__(self, rows: int, width: int) -> None:
        self._width = width
        self._pieces: list[Matrix] = []
        """Each has all series; infinity where it knows nothing of one."""
        self._length = 0
        self._sizes = np.zeros(rows, dtype=np.int64)
        """By series, buckets that were measured in full."""
        self._simulated = np.zeros(rows, dtype=np.bool_)
        self._others: list[tuple[Rows, Rows, Matrix, Matrix]] = []
        """Series, place, value and seconds of what was not."""
        self.in_part = 0
        """How many buckets were measured, but not in full."""

    def take(self, places: Rows, part: Part, values: Matrix, seconds: Peek, *, simulated: bool) -> bool:
        """A block; `places`: which of the series each of its rows is, -1 for none. False if two are the
        same one."""
        rows = self._sizes.size
        whole = places.size == rows and places[0] == 0 and bool((places[1:] - places[:-1] == 1).all())
        odd = seconds.differ(part.of, self._width)
        values = values[:, part.of]
        if part.chosen is not None:
            odd, values = odd[:, part.chosen], values[:, part.chosen]
        if not whole:
            mine = np.flatnonzero(places >= 0)
            places = places[mine]
            if places.size and int(np.bincount(places).max()) > 1:
                return False
            odd, own = odd[mine], values[mine]
            values = np.full((rows, part.length), np.inf, dtype=np.float32)
            values[places] = own
        elif part.chosen is None and values.base is not None and part.length * _HALF < _length(values):
            values = values.copy()  # else most of what is held would be of no use
        self._sizes[places] += part.length
        if simulated:
            self._simulated[places] |= ~odd.all(axis=1)
        numbers = np.flatnonzero(odd)
        if numbers.size:
            row = numbers // part.length
            column = numbers - row * part.length
            bucket = column if part.chosen is None else np.flatnonzero(part.chosen)[column]
            covered = seconds.take(row if whole else mine[row], bucket + part.of.start)
            row = places[row]
            self._sizes -= np.bincount(row, minlength=rows)
            self._others.append((row, column + self._length, values[row, column], covered))
            self.in_part += int(np.count_nonzero(covered))
            if simulated:
                self._simulated[row[covered > 0]] = True
        self._pieces.append(values)
        self._length += part.length
        return True

    def judge(self, share: Fraction, *, rate: bool) -> Judged:
        rows = self._sizes.size
        found, total = np.full(rows, np.nan), np.zeros(rows)
        if not self._length:
            return found, total, self._simulated
        nothing = np.empty(0)
        none = np.empty(0, dtype=np.intp)
        row, column, value, seconds = (
            np.concatenate(one)
            for one in zip(*(self._others or [(none, none, nothing, nothing)]), strict=True)
        )
        order = np.argsort(row, kind="stable")
        row, column, value, seconds = row[order], column[order], value[order], seconds[order]
        scratch = np.empty((_ROWS, self._length), dtype=np.float32)
        for low in range(0, rows, _ROWS):
            part = slice(low, min(low + _ROWS, rows))
            held = scratch[: part.stop - low]
            np.concatenate([piece[part] for piece in self._pieces], axis=1, out=held)
            among = slice(*np.searchsorted(row, (part.start, part.stop)).tolist())
            held[row[among] - low, column[among]] = np.inf
            measured = seconds[among].astype(np.float64)
            others = Others(row[among] - low, value[among].astype(np.float64), measured, rate=rate)
            sizes = self._sizes[part]
            full = Full(held, sizes, np.zeros_like(sizes), np.full(sizes.size, self._width, np.float32))
            found[part], total[part] = judged(full, others, share, rate=rate)
        return found, total, self._simulated


def _length(values: Matrix) -> int:
    """Buckets that the matrix has of which this is a part."""
    base = values.base
    whole = base if isinstance(base, np.ndarray) and base.ndim == values.ndim else values
    return int(whole.shape[1])
