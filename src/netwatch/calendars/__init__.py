"""Bell schedules, terms, holidays, closures: when lessons are on, and where. Pure functions of dates and
instants."""

from netwatch.calendars.calendar import Bells, Calendar
from netwatch.calendars.load import CalendarEntry, CalendarFile, ClosureEntry, Timezone, load_calendars
from netwatch.calendars.places import Calendars, Closure

__all__ = [
    "Bells",
    "Calendar",
    "CalendarEntry",
    "CalendarFile",
    "Calendars",
    "Closure",
    "ClosureEntry",
    "Timezone",
    "load_calendars",
]
