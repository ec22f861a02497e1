"""Bell schedules, terms, holidays, closures: when lessons are on, and where; and times of day. Pure functions
of dates and instants."""

from netwatch.calendars.calendar import Bells, Calendar
from netwatch.calendars.fields import (
    WEEKDAYS,
    ClockTime,
    ClockTimes,
    HoursField,
    LocalTime,
    SpansField,
    Weekdays,
)
from netwatch.calendars.lessons import LessonTime, unbroken
from netwatch.calendars.load import (
    CalendarEntry,
    CalendarFile,
    ClosureEntry,
    Day,
    Timezone,
    load_calendars,
)
from netwatch.calendars.places import Calendars, Closure
from netwatch.calendars.wallclock import (
    EVERY_DAY,
    Hours,
    clock_text,
    hours_end,
    local_day,
    moment_of,
    next_time,
    spans,
)
from netwatch.calendars.windows import ALL_TIME, Span, SpanKind, Window, parse_span

__all__ = [
    "ALL_TIME",
    "EVERY_DAY",
    "WEEKDAYS",
    "Bells",
    "Calendar",
    "CalendarEntry",
    "CalendarFile",
    "Calendars",
    "ClockTime",
    "ClockTimes",
    "Closure",
    "ClosureEntry",
    "Day",
    "Hours",
    "HoursField",
    "LessonTime",
    "LocalTime",
    "Span",
    "SpanKind",
    "SpansField",
    "Timezone",
    "Weekdays",
    "Window",
    "clock_text",
    "hours_end",
    "load_calendars",
    "local_day",
    "moment_of",
    "next_time",
    "parse_span",
    "spans",
    "unbroken",
]
