"""Times of day of one place, on the UTC line. Pure: the time zone and the moment are parameters."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

__all__ = ["EVERY_DAY", "Hours", "clock_text", "hours_end", "local_day", "moment_of", "next_time", "spans"]

Hours = tuple[tuple[int, int], ...]
"""(begin, end) in seconds after midnight of the wall clock; one that ends no later than it begins ends
on the next day."""
EVERY_DAY = frozenset(range(7))
"""Monday is 0."""

_AHEAD = 9
"""Days to look ahead: a week, and a day for the spans that begin on its last evening."""


def clock_text(seconds: int) -> str:
    """Seconds after midnight as `07:45`; midnight at a day's end is `24:00`."""
    return f"{seconds // 3600:02}:{seconds % 3600 // 60:02}"


def moment_of(zone: ZoneInfo, day: date, seconds: int) -> float:
    """UTC seconds at which the wall clock shows that time. One that daylight saving time skips is the moment
    as long after the gap began; of one that it repeats it is the first."""
    return (datetime.combine(day, time()) + timedelta(seconds=seconds)).replace(tzinfo=zone).timestamp()


def local_day(zone: ZoneInfo, at: float) -> date:
    """The date that the wall clock shows."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).date()


def next_time(zone: ZoneInfo, after: float, times: Sequence[int]) -> float:
    """The first moment later than `after` at which the wall clock shows one of these times of day."""
    today = local_day(zone, after)
    found = (moment_of(zone, today + timedelta(days=n), one) for n in range(-1, 3) for one in times)
    return min(at for at in found if at > after)


def spans(
    zone: ZoneInfo, at: float, hours: Hours, weekdays: Collection[int] = EVERY_DAY
) -> Iterator[tuple[float, float]]:
    """Spans of those hours that end after `at`, from those that it lies in to a week ahead. A span belongs to
    the weekday on which it begins."""
    today = local_day(zone, at)
    for n in range(-1, _AHEAD):
        day = today + timedelta(days=n)
        if day.weekday() not in weekdays:
            continue
        for begin, end in hours:
            last = day if end > begin else day + timedelta(days=1)
            span = moment_of(zone, day, begin), moment_of(zone, last, end)
            if span[1] > at:
                yield span


def hours_end(zone: ZoneInfo, at: float, hours: Hours, weekdays: Collection[int] = EVERY_DAY) -> float | None:
    """When the hours that `at` lies in end; None outside of them."""
    ends = [end for begin, end in spans(zone, at, hours, weekdays) if begin <= at]
    return max(ends, default=None)
