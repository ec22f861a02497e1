"""Which buckets of a series are lesson time: looked up where thousands of series share their buckets."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars.calendar import Calendar

__all__ = ["LessonTime"]

_KEPT = 256
"""Answers that are remembered: of schools with a calendar of their own there are few."""


class LessonTime:
    """Remembers what calendars said. Not shared between threads."""

    def __init__(self) -> None:
        self._kept: dict[tuple[int, object], tuple[Calendar, NDArray[np.bool_]]] = {}
        """By the calendar's identity, which is its own as long as the calendar is held here."""

    def of(
        self, calendar: Calendar, starts: NDArray[np.int64], widths: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        """Buckets of which at least half is lesson time. `starts` (UTC seconds, ascending) and `widths`
        (seconds) have one element per bucket; the answer is not to be changed."""
        key = id(calendar), _named(starts, widths)
        found = self._kept.get(key)
        if found is None:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            lessons = np.asarray(calendar.mask(starts, widths) >= 0.5)
            lessons.flags.writeable = False
            found = self._kept[key] = calendar, lessons
        return found[1]


def _named(starts: NDArray[np.int64], widths: NDArray[np.int64]) -> object:
    """The same for the same buckets: three numbers if none is missing, else all of them."""
    if not starts.size:
        return ()
    first, width = int(starts[0]), int(widths[0])
    unbroken = int(starts[-1]) - first == (starts.size - 1) * width
    if unbroken and bool((widths == width).all()):
        return first, starts.size, width
    return starts.tobytes(), widths.tobytes()
