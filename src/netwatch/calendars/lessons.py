"""Which buckets of a series are lesson time: looked up where thousands of series share their buckets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars.calendar import Calendar

__all__ = ["LessonTime", "unbroken"]

_CELLS = 200_000_000
"""Buckets of all calendars that are remembered: some 600 calendars over three years of five minutes."""
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class _Grid:
    """What a calendar said of every bucket of one width from `first` on."""

    calendar: Calendar
    """Held, so that its identity stays its own."""
    first: int
    lessons: Bools

    def end(self, width: int) -> int:
        return self.first + self.lessons.size * width


class LessonTime:
    """Remembers what calendars said. Not shared between threads."""

    def __init__(self) -> None:
        self._grids: dict[tuple[int, int, int], _Grid] = {}
        """By the calendar's identity, width, and where in a width the buckets begin."""
        self._size = 0

    def of(self, calendar: Calendar, starts: Ints, widths: Ints) -> Bools:
        """Buckets of which at least half is lesson time. `starts` (UTC seconds, ascending) and `widths`
        (seconds) have one element per bucket; the answer is not to be changed."""
        if not starts.size:
            return np.zeros(0, dtype=np.bool_)
        width = int(widths[0])
        if (widths == width).all():
            return self._even(calendar, starts, width)
        out = np.zeros(starts.size, dtype=np.bool_)
        for one in np.unique(widths).tolist():
            rows = np.flatnonzero(widths == one)
            out[rows] = self._even(calendar, starts[rows], one)
        return out

    def _even(self, calendar: Calendar, starts: Ints, width: int) -> Bools:
        first, last = int(starts[0]), int(starts[-1])
        unbroken = last - first == (starts.size - 1) * width
        if not unbroken and np.any((starts - first) % width):
            return _asked(calendar, starts, width)
        grid = self._grid(calendar, first, last + width, width)
        if unbroken:
            begin = (first - grid.first) // width
            return grid.lessons[begin : begin + starts.size]
        return np.asarray(grid.lessons[(starts - grid.first) // width])

    def _grid(self, calendar: Calendar, first: int, end: int, width: int) -> _Grid:
        key = id(calendar), width, first % width
        grid = self._grids.get(key)
        if grid is None:
            grid = _Grid(calendar, first, np.zeros(0, dtype=np.bool_))
        elif grid.first <= first and end <= grid.end(width):
            return grid
        before = _asked(calendar, np.arange(first, grid.first, width, dtype=np.int64), width)
        after = _asked(calendar, np.arange(grid.end(width), end, width, dtype=np.int64), width)
        if self._size + before.size + after.size > _CELLS:
            self._grids.clear()
            self._size = grid.lessons.size
        self._size += before.size + after.size
        lessons = np.concatenate((before, grid.lessons, after))
        lessons.flags.writeable = False
        found = self._grids[key] = _Grid(calendar, min(first, grid.first), lessons)
        return found


def _asked(calendar: Calendar, starts: Ints, width: int) -> Bools:
    return np.asarray(calendar.mask(starts, width) >= 0.5)


def unbroken(starts: Ints, widths: Ints) -> tuple[int, int, int] | None:
    """Begin, number and width of buckets that follow each other without a gap, all of one width: three
    numbers that say which they are. None for others, and for none at all."""
    if not starts.size:
        return None
    first, width = int(starts[0]), int(widths[0])
    if int(starts[-1]) - first != (starts.size - 1) * width or not (widths == width).all():
        return None
    return first, starts.size, width
