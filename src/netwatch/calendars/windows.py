"""Times at which a rule looks, or people want quiet: lessons, school days, weekly hours, and their opposites.

All of it is read off the wall clock of the device's school, by the calendar that holds at its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from netwatch.calendars.calendar import Calendar
from netwatch.calendars.wallclock import moment_of
from netwatch.model import DAY, WEEK

__all__ = ["ALL_TIME", "Span", "SpanKind", "Window", "parse_span"]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WEEKLY = re.compile(r"([a-z,\s-]+?)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_SOME_WEEKS = tuple(date(2024, 1, 1) + timedelta(days=n) for n in range(14))
_HINT = 'lessons, school_days, "day_type NAME", or weekly hours such as "mon-fri 07:00-17:00"'


class SpanKind(StrEnum):
    LESSONS = "lessons"
    """Instructional time: between the bells."""
    SCHOOL_DAYS = "school_days"
    """Dates with lessons, from midnight to midnight."""
    DAY_TYPE = "day_type"
    """Dates whose bell schedule has that name, such as `test`."""
    WEEKLY = "weekly"
    """Hours of the week, lessons or not."""


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of time."""

    kind: SpanKind
    name: str = ""
    """Of a day type."""
    hours: tuple[tuple[int, int], ...] = ()
    """Weekly: (begin, end) in seconds after Monday's midnight; an end past the week goes on on Monday."""
    text: str = ""
    """As it was written."""

    def covers(self, calendar: Calendar, day: date, second: float) -> bool:
        """Whether the moment at which the wall clock shows `day` and `second` after midnight is inside."""
        if self.kind is SpanKind.LESSONS:
            return any(begin <= second < end for begin, end in calendar.bells(day))
        if self.kind is SpanKind.SCHOOL_DAYS:
            return calendar.is_school_day(day)
        if self.kind is SpanKind.DAY_TYPE:
            return calendar.day_type(day) == self.name
        at = day.weekday() * DAY + second
        return any(begin <= at < end or begin <= at + WEEK < end for begin, end in self.hours)

    def edges(self, calendar: Calendar, day: date) -> Iterator[float]:
        """Seconds after midnight at which it may begin or end on that day."""
        yield 0.0
        if self.kind is SpanKind.LESSONS:
            for begin, end in calendar.bells(day):
                yield from (float(begin), float(end))
        for begin, end in self.hours:
            yield from (float(begin % DAY), float(end % DAY))

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Window:
    """Open while at least one span of `during` (none given: always) and no span of `outside` covers now."""

    during: tuple[Span, ...] = ()
    outside: tuple[Span, ...] = ()

    @property
    def is_always(self) -> bool:
        return not self.during and not self.outside

    @property
    def spans(self) -> tuple[Span, ...]:
        return (*self.during, *self.outside)

    def is_open(self, calendar: Calendar, at: float) -> bool:
        """`at`: UTC seconds."""
        return self._is_open(calendar, *calendar.wall(at))

    def ever_opens(self, calendar: Calendar) -> bool:
        """Whether there is any moment in the calendar's terms at which it is open."""
        seen: set[tuple[int, str]] = set()
        for day in _days_of(calendar):
            like = day.weekday(), calendar.day_type(day)
            if like in seen:
                continue
            seen.add(like)
            edges = {edge for span in self.spans for edge in span.edges(calendar, day)} | {0.0}
            if any(self._is_open(calendar, day, edge) for edge in edges if edge < DAY):
                return True
        return False

    def _is_open(self, calendar: Calendar, day: date, second: float) -> bool:
        if any(span.covers(calendar, day, second) for span in self.outside):
            return False
        return not self.during or any(span.covers(calendar, day, second) for span in self.during)

    def closes(self, calendar: Calendar, at: float, days: int) -> float:
        """When it is next closed: `at` if it is now, and so many days later at the latest. UTC seconds."""
        if not self.is_open(calendar, at):
            return at
        zone, first = ZoneInfo(calendar.timezone), calendar.wall(at)[0]
        for day in (first + timedelta(days=n) for n in range(days)):
            edges = sorted({edge for span in self.spans for edge in span.edges(calendar, day)})
            for moment in (moment_of(zone, day, int(edge)) for edge in edges):
                if moment > at and not self.is_open(calendar, moment):
                    return moment
        return moment_of(zone, first + timedelta(days=days), 0)

    def __str__(self) -> str:
        parts = []
        if self.during:
            parts.append("during " + " or ".join(map(str, self.during)))
        if self.outside:
            parts.append("outside " + " and ".join(map(str, self.outside)))
        return ", ".join(parts) or "always"


ALL_TIME = Window()


def parse_span(text: str) -> Span:
    """One entry of `during` or `outside`. Raises ValueError that says what was expected."""
    text = " ".join(text.split())
    if text in (SpanKind.LESSONS, SpanKind.SCHOOL_DAYS):
        return Span(SpanKind(text), text=text)
    if text.startswith("day_type "):
        return Span(SpanKind.DAY_TYPE, name=text.removeprefix("day_type "), text=text)
    match = _WEEKLY.fullmatch(text.lower())
    if match is None:
        raise ValueError(f"expected {_HINT}, found {text!r}")
    begin, end = (int(match[n]) * 3600 + int(match[n + 1]) * 60 for n in (2, 4))
    if begin >= DAY or end > DAY or int(match[3]) > 59 or int(match[5]) > 59:
        raise ValueError(f"{text!r} is no time of day: from 00:00 to 24:00")
    if begin == end:
        raise ValueError(f"{text!r} begins when it ends and never opens; a whole day is 00:00-24:00")
    length = end - begin if end > begin else end - begin + DAY
    days = sorted(set(_weekdays(match[1])))
    hours = tuple((day * DAY + begin, day * DAY + begin + length) for day in days)
    return Span(SpanKind.WEEKLY, hours=hours, text=text)


def _weekdays(text: str) -> Iterator[int]:
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if first.strip() == "daily" and not dash:
            yield from range(7)
            continue
        try:
            begin = _DAYS.index(first.strip())
            end = _DAYS.index(last.strip()) if dash else begin
        except ValueError:
            message = f"unknown weekday in {text!r}: expected mon, tue ... sun, mon-fri, daily"
            raise ValueError(message) from None
        yield from (n % 7 for n in range(begin, end + 1 if end >= begin else end + 8))


def _days_of(calendar: Calendar) -> Iterator[date]:
    for first, last in calendar.terms:
        if (last - first).days > 400:  # no term, but all time
            yield from _SOME_WEEKS
        else:
            yield from (first + timedelta(days=n) for n in range((last - first).days + 1))
    yield from calendar.special
