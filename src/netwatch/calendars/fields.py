"""Times of day, hours and moments as people write them in files."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Annotated, Any

from pydantic import BeforeValidator

from netwatch.calendars.wallclock import Hours
from netwatch.calendars.windows import Span, parse_span
from netwatch.documents import fault

__all__ = ["WEEKDAYS", "ClockTime", "ClockTimes", "HoursField", "LocalTime", "SpansField", "Weekdays"]

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_TIME = re.compile(r"(\d{1,2}):(\d{2})")
_HOURS = re.compile(r"(\d{1,2}:\d{2})\s*-\s*(\d{1,2}:\d{2})")
_MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[ T](\d{1,2}:\d{2}(?::\d{2})?))?")


def _seconds(text: str) -> int:
    match = _TIME.fullmatch(text.strip())
    if match is None or int(match[2]) > 59 or int(match[1]) * 60 + int(match[2]) > 24 * 60:
        raise fault("expected a time of day", 'e.g. "06:30", in quotes')
    return int(match[1]) * 3600 + int(match[2]) * 60


def _clock_time(value: Any) -> int:
    if not isinstance(value, str):  # YAML reads 6:30 without quotes as a number
        raise fault("expected a time of day", 'e.g. "06:30", in quotes')
    return _seconds(value)


ClockTime = Annotated[int, BeforeValidator(_clock_time)]
"""`"06:30"`: seconds after midnight of the wall clock."""


def _clock_times(value: Any) -> tuple[int, ...]:
    found = tuple(_clock_time(one) for one in (value if isinstance(value, list | tuple) else [value]))
    if not found:
        raise fault("expected at least one time of day", 'e.g. ["06:30", "15:00"]')
    return found


ClockTimes = Annotated[tuple[int, ...], BeforeValidator(_clock_times)]
"""A list of them; a single one may stand alone."""


def _hours(value: Any) -> Hours:
    out = []
    for text in value if isinstance(value, list | tuple) else [value]:
        match = _HOURS.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise fault("expected hours", 'e.g. "21:00-06:30", in quotes; they may pass midnight')
        begin, end = _seconds(match[1]), _seconds(match[2])
        if begin == end:
            raise fault(f"{text} begins when it ends", 'a whole day is "00:00-24:00"')
        out.append((begin, end))
    if not out:
        raise fault("expected at least one span of hours", 'e.g. "21:00-06:30"')
    return tuple(out)


HoursField = Annotated[Hours, BeforeValidator(_hours)]
"""`"21:00-06:30"`, or a list of such texts. They may pass midnight."""


def _weekdays(value: Any) -> frozenset[int]:
    names = value if isinstance(value, list | tuple) else [value]
    for name in names:
        if name not in WEEKDAYS:
            raise fault(f"unknown weekday {name!r}", "monday to sunday")
    return frozenset(WEEKDAYS.index(name) for name in names)


Weekdays = Annotated[frozenset[int], BeforeValidator(_weekdays)]
"""Names of weekdays; Monday is 0."""


def _spans(value: Any) -> tuple[Span, ...]:
    try:
        found = value if isinstance(value, list | tuple) else [value]
        return tuple([one if isinstance(one, Span) else parse_span(str(one)) for one in found])
    except ValueError as error:
        raise fault(str(error)) from None


SpansField = Annotated[tuple[Span, ...], BeforeValidator(_spans)]
"""`lessons`, `school_days`, `day_type NAME`, weekly hours, or a list of such texts."""


def _moment(value: Any) -> datetime:
    """Without a time zone: the wall clock of the district. YAML makes a datetime of what has seconds."""
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    match = _MOMENT.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        if match is not None:
            return datetime.fromisoformat(f"{match[1]} {(match[2] or '00:00').zfill(5)}")
        if isinstance(value, str):
            return datetime.fromisoformat(value.strip())
    except ValueError:
        pass
    raise fault("expected a date and time", 'e.g. "2026-12-05 22:00"')


LocalTime = Annotated[datetime, BeforeValidator(_moment)]
"""`2026-12-05 22:00` of the district's wall clock; an offset may be added."""
