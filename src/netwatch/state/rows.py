"""The numbers of all series: one row per series, arrays shared by all families, handed out in ranges.

A series has its row for life. A row that was released is used again, under the next generation.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "GaugeRows", "RowIndex", "Rows", "row_numbers"]

NEVER = float("-inf")
"""Monotonic seconds of what was not read so far."""

RowIndex = slice | NDArray[np.int32]
"""Rows in the order of the values that go into them."""

_FIRST_SIZE = 64
_LAST_GENERATION = 65535
"""A row that served so many series is left alone, so that no number is ever given twice."""


def row_numbers(rows: RowIndex) -> NDArray[np.int32]:
    return np.arange(rows.start, rows.stop, dtype=np.int32) if isinstance(rows, slice) else rows


class Rows:
    """What every series has. Arrays grow by doubling: pages that nobody wrote to take no memory."""

    _BLANKS: tuple[tuple[str, Any, Any], ...] = (("mono", np.float64, NEVER), ("group", np.int32, 0))
    """Arrays with their types and what stands in a row that was never written."""

    mono: NDArray[np.float64]
    """Monotonic seconds of the last reading."""
    group: NDArray[np.int32]
    """Number of the source and table that told it (`Groups`)."""

    def __init__(self) -> None:
        self.count = 0
        """Rows handed out so far or released; the arrays are longer."""
        self.generation: NDArray[np.uint16] = np.zeros(_FIRST_SIZE, dtype=np.uint16)
        self._free: dict[int, list[int]] = {}
        """By length: first rows of the ranges that may be used again."""
        for name, kind, _ in self._BLANKS:
            setattr(self, name, np.zeros(_FIRST_SIZE, dtype=kind))

    def allot(self, size: int) -> int:
        """The first of `size` rows in a row, blank."""
        if size == 0:
            return 0
        first = self._reuse(size)
        if first is None:
            first = self.count
            if first + size > len(self.mono):
                self._grow(max(first + size, 2 * len(self.mono)))
            self.count += size
        self.blank(slice(first, first + size))
        return first

    def retire(self, rows: RowIndex) -> None:
        """Ends the series of these rows: their numbers are never valid again."""
        self.blank(rows)
        self.generation[rows] += 1

    def free(self, first: int, size: int) -> None:
        """Gives a range back whose rows were all retired."""
        if size and int(self.generation[first : first + size].max()) < _LAST_GENERATION:
            self._free.setdefault(size, []).append(first)

    def blank(self, rows: RowIndex) -> None:
        for name, _, blank in self._BLANKS:
            getattr(self, name)[rows] = blank

    def _reuse(self, size: int) -> int | None:
        fits = [length for length in self._free if length >= size]
        if not fits:
            return None
        length = min(fits)
        first = self._free[length].pop()
        if not self._free[length]:
            del self._free[length]
        if length > size:
            self._free.setdefault(length - size, []).append(first + size)
        return first

    def _grow(self, size: int) -> None:
        for name, kind in (*((name, kind) for name, kind, _ in self._BLANKS), ("generation", np.uint16)):
            old = getattr(self, name)
            new = np.zeros(size, dtype=kind)
            if old.any():
                new[: self.count] = old[: self.count]
            setattr(self, name, new)


class GaugeRows(Rows):
    """Series of gauges."""

    _BLANKS = (*Rows._BLANKS, ("values", np.float64, np.nan))

    values: NDArray[np.float64]

    @property
    def vectors(self) -> tuple[NDArray[Any], ...]:
        """As netwatch.native.Speed.tell_gauges takes them."""
        return self.values, self.mono, self.group

    def write(
        self, rows: RowIndex, values: NDArray[np.float64], at: NDArray[np.float64] | float, group: int
    ) -> bool:
        """Takes readings in; no row stands twice in `rows`. What is no number, and a late answer, change
        nothing. True if a series was told for the first time."""
        mono = self.mono[rows]
        good = np.isfinite(values) & (mono <= at)
        if np.count_nonzero(good) < len(good):
            rows, values, mono = row_numbers(rows)[good], values[good], mono[good]
            at = at[good] if isinstance(at, np.ndarray) else at
        first = bool(np.count_nonzero(np.isfinite(mono)) < len(mono))
        self.values[rows] = values
        self.mono[rows] = at
        self.group[rows] = group
        return first
