"""One school's instructional time, as half-open windows on the UTC line.

The rule: an instant is instructional if the school's own wall clock, read at that instant, shows a date with
bells and a time inside one of them. So an hour that daylight saving time skips counts as nothing, and an hour
that it repeats counts twice.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from netwatch.model import DAY

__all__ = ["Bells", "Calendar"]

Bells = tuple[tuple[int, int], ...]
"""Periods of a day: (begin, end) in seconds after midnight of the wall clock, in order, not overlapping."""

_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Bell schedules over dates. Pure: it never looks at a clock."""

    name: str
    timezone: str
    """IANA name."""
    day_types: Mapping[str, Bells]
    """Bells by name of the type of day: regular, early release, test ..."""
    week: tuple[str, ...]
    """Day type of Monday to Sunday; empty where there is no school."""
    terms: tuple[tuple[date, date], ...]
    """First and last day, both included."""
    special: Mapping[date, str] = field(default_factory=dict)
    """Day types that replace the week's, empty for no school: holidays, exceptions, overrides."""

    def day_type(self, day: date) -> str:
        """Name of the type of that day; empty for no school."""
        if day in self.special:
            return self.special[day]
        if any(first <= day <= last for first, last in self.terms):
            return self.week[day.weekday()]
        return ""

    def bells(self, day: date) -> Bells:
        """Periods of that day, seconds after midnight of the wall clock."""
        return self.day_types.get(self.day_type(day), ())

    def is_school_day(self, day: date) -> bool:
        return bool(self.bells(day))

    def is_instructional(self, at: float) -> bool:
        """Whether a lesson is on at `at` (UTC seconds)."""
        day, inside = self.wall(at)
        return any(begin <= inside < end for begin, end in self.bells(day))

    def wall(self, at: float) -> tuple[date, float]:
        """What the wall clock shows at `at` (UTC seconds): date, seconds after midnight."""
        days, inside = divmod(at + _offset(ZoneInfo(self.timezone), at), DAY)
        return _EPOCH + timedelta(days=days), inside

    def windows(self, start: float, end: float) -> list[tuple[float, float]]:
        """Instructional windows in [start, end), UTC seconds, clipped, in order, touching ones joined."""
        out: list[tuple[float, float]] = []
        for begin, stop in self._pieces(start, end):
            if out and out[-1][1] >= begin:
                out[-1] = (out[-1][0], stop)
            else:
                out.append((begin, stop))
        return out

    def seconds(self, start: float, end: float) -> float:
        """Instructional time in [start, end), in seconds."""
        return sum(stop - begin for begin, stop in self._pieces(start, end))

    def mask(self, starts: NDArray[np.int64], widths: NDArray[np.int64] | int) -> NDArray[np.float64]:
        """Share of instructional time, 0 to 1, of each bucket [start, start + width), UTC seconds.

        `starts` has any shape and order; `widths` the same shape, or one number for all; above zero.
        """
        begins = np.asarray(starts, dtype=np.float64)
        lengths = np.broadcast_to(np.asarray(widths, dtype=np.float64), begins.shape)
        if begins.size == 0:
            return np.zeros(begins.shape)
        ends = begins + lengths
        windows = self.windows(float(begins.min()), float(ends.max()))
        if not windows:
            return np.zeros(begins.shape)
        edges = np.array(windows, dtype=np.float64)
        before = _integral(edges, ends) - _integral(edges, begins)
        return np.asarray(before / lengths, dtype=np.float64)

    def _pieces(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Periods in order. Over a stretch of constant offset the wall clock is a straight line."""
        for first, last, offset in _stretches(ZoneInfo(self.timezone), start, end):
            day = int((first + offset) // DAY)
            while day * DAY - offset < last:
                midnight = day * DAY - offset
                for opens, closes in self.bells(_EPOCH + timedelta(days=day)):
                    begin, stop = max(first, midnight + opens), min(last, midnight + closes)
                    if begin < stop:
                        yield begin, stop
                day += 1


def _integral(edges: NDArray[np.float64], at: NDArray[np.float64]) -> NDArray[np.float64]:
    """Instructional seconds before each `at`; `edges` has the shape (windows, 2)."""
    lengths = edges[:, 1] - edges[:, 0]
    total = np.concatenate([[0.0], np.cumsum(lengths)])
    row = np.searchsorted(edges[:, 0], at, side="right")
    last = np.maximum(row - 1, 0)
    inside = np.clip(at - edges[last, 0], 0.0, lengths[last])
    return np.where(row == 0, 0.0, total[last] + inside)


def _stretches(zone: ZoneInfo, start: float, end: float) -> Iterator[tuple[float, float, float]]:
    """Splits [start, end) where the zone's offset changes: (begin, end, offset in seconds east of UTC)."""
    begin = at = start
    offset = _offset(zone, start)
    while at < end:
        ahead = min(at + DAY, end)
        if _offset(zone, ahead) != offset:
            change = _transition(zone, at, ahead, offset)
            yield begin, change, offset
            begin = at = change
            offset = _offset(zone, change)
        else:
            at = ahead
    if begin < end:
        yield begin, end, offset


def _transition(zone: ZoneInfo, low: float, high: float, offset: float) -> float:
    """The whole second in (low, high] at which the offset ceases to be `offset`."""
    first, last = int(low // 1), int(-(-high // 1))
    while last - first > 1:
        middle = (first + last) // 2
        if _offset(zone, middle) == offset:
            first = middle
        else:
            last = middle
    return float(last)


def _offset(zone: ZoneInfo, at: float) -> float:
    offset = datetime.fromtimestamp(at, UTC).astimezone(zone).utcoffset()
    return 0.0 if offset is None else offset.total_seconds()
