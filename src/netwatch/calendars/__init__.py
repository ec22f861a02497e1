"""Bell schedules, terms, holidays: when lessons are on. Pure functions of dates and instants."""

from netwatch.calendars.calendar import Bells, Calendar
from netwatch.calendars.load import CalendarEntry, CalendarFile, Timezone, load_calendars

__all__ = ["Bells", "Calendar", "CalendarEntry", "CalendarFile", "Timezone", "load_calendars"]
