"""Bell schedules, terms, holidays: when lessons are on; and times of day. Pure functions of dates and
instants."""

from netwatch.calendars.calendar import Bells, Calendar
from netwatch.calendars.fields import WEEKDAYS, ClockTime, ClockTimes, HoursField, LocalTime, Weekdays
from netwatch.calendars.load import CalendarEntry, CalendarFile, Day, Timezone, load_calendars
from netwatch.calendars.wallclock import EVERY_DAY, Hours, hours_end, local_day, moment_of, next_time, spans

__all__ = [
    "EVERY_DAY",
    "WEEKDAYS",
    "Bells",
    "Calendar",
    "CalendarEntry",
    "CalendarFile",
    "ClockTime",
    "ClockTimes",
    "Day",
    "Hours",
    "HoursField",
    "LocalTime",
    "Timezone",
    "Weekdays",
    "hours_end",
    "load_calendars",
    "local_day",
    "moment_of",
    "next_time",
    "spans",
]
