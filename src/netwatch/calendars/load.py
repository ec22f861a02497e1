"""Calendar files: `config/calendars/*.yaml`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, StrictBool, model_validator

from netwatch.calendars.calendar import Bells, Calendar
from netwatch.calendars.places import Calendars, Closure
from netwatch.documents import Document, Strict, did_you_mean, fault, validate
from netwatch.errors import ConfigError, Problem

__all__ = ["CalendarEntry", "CalendarFile", "ClosureEntry", "Timezone", "load_calendars"]

NO_SCHOOL = "none"
"""The day type of a day without school; needs no definition."""

_LONGEST = 400
"""Days. A longer holiday or term is a slip of the pen in the year."""

_PERIOD = re.compile(r"(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = did_you_mean(value, available_timezones()) or "e.g. America/Chicago"
        raise fault(f"unknown time zone {value!r}", hint) from None
    return value


Timezone = Annotated[str, AfterValidator(_timezone)]
"""IANA name of a time zone."""


def _day(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        raise fault("expected a date", "write it as YYYY-MM-DD") from None


Day = Annotated[date, BeforeValidator(_day)]


def _bells(value: Any) -> Bells:
    periods: list[tuple[int, int]] = []
    for text in value if isinstance(value, list) else [value]:
        match = _PERIOD.fullmatch(text.strip()) if isinstance(text, str) else None
        if match is None:
            raise fault("expected periods such as 08:05-15:10", "write them as a list of quoted texts")
        h1, m1, h2, m2 = map(int, match.groups())
        begin, end = h1 * 3600 + m1 * 60, h2 * 3600 + m2 * 60
        if m1 > 59 or m2 > 59 or end > 86400 or begin >= end:
            raise fault(
                f"{match[0]} is no period of one day", "from an earlier to a later time, 24:00 at most"
            )
        if periods and begin < periods[-1][1]:
            raise fault(f"{match[0]} begins before the period above it ends", "write periods in order")
        periods.append((begin, end))
    return tuple(periods)


Periods = Annotated[Bells, BeforeValidator(_bells)]


class _Days(Strict):
    first: Day = Field(description="First day.")
    last: Day = Field(description="Last day, included.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise fault("last is before first")
        if (self.last - self.first).days > _LONGEST:
            raise fault(f"longer than {_LONGEST} days", "is the year right?")
        return self

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Span(_Days):
    """Days from `first` to `last`, both included."""

    name: str = Field(default="", description="Name for people.")


def _not_empty(value: tuple[Span, ...]) -> tuple[Span, ...]:
    if not value:
        raise fault("expected at least one")
    return value


def _span(value: Any) -> Any:
    if isinstance(value, str | date):
        day = _day(value)
        return {"first": day, "last": day}
    return value


class SpecialDay(Strict):
    """A date that is not like its weekday."""

    date: Day = Field(description="Date.")
    day_type: str = Field(description="A day type, or `none` for no school.")
    reason: str = Field(default="", description="Why, for people.")


class CalendarEntry(Strict):
    """One calendar; schools share it by name."""

    timezone: Timezone | None = Field(default=None, description="IANA time zone; without it the district's.")
    day_types: dict[str, Periods] = Field(
        description='Bell schedules by name: wall clock times, e.g. `["08:05-11:30", "12:10-15:10"]`.'
    )
    week: dict[str, str] = Field(
        description="Day type per weekday, monday to sunday; a weekday left out has no school."
    )
    terms: Annotated[tuple[Span, ...], AfterValidator(_not_empty)] = Field(
        description="Terms: `{name, first, last}`."
    )
    holidays: tuple[Annotated[Span, BeforeValidator(_span)], ...] = Field(
        default=(), description="Days without school: a date, or `{name, first, last}`."
    )
    exceptions: tuple[SpecialDay, ...] = Field(
        default=(),
        description="Planned days that differ: `{date, day_type, reason}`. They win over holidays.",
    )
    overrides: tuple[SpecialDay, ...] = Field(
        default=(), description="What came unplanned, such as a snow day. They win over all else."
    )


def _closed_span(value: Any) -> Any:
    """`date` stands for `first` and `last`."""
    if isinstance(value, dict) and "date" in value:
        if "first" in value or "last" in value:
            raise fault("expected either `date`, or `first` and `last`")
        rest = {key: what for key, what in value.items() if key != "date"}
        return {**rest, "first": value["date"], "last": value["date"]}
    return value


class ClosureEntry(_Days):
    """Days on which a place is not like its calendar."""

    place: str = Field(min_length=1, description="Path of a place; it holds for all that lies in it.")
    day_type: str = Field(
        default=NO_SCHOOL, description="A day type of the calendars there, or `none` for no lessons."
    )
    reason: str = Field(default="", description="Why, for people.")
    out_of_service: StrictBool = Field(
        default=False, description="`true`: no rule looks at devices there, such as during building work."
    )


class CalendarFile(Strict):
    """One file of calendars."""

    calendars: dict[str, CalendarEntry] = Field(default_factory=dict, description="Calendars by name.")
    closures: tuple[Annotated[ClosureEntry, BeforeValidator(_closed_span)], ...] = Field(
        default=(),
        description="Places that are closed: `{place, date, reason}` or `{place, first, last, reason}`. They "
        "win over all that calendars say.",
    )


def load_calendars(documents: Iterable[Document], timezone: str = "UTC") -> Calendars:
    """Calendars by name, and closures. `timezone` holds for calendars that name none.

    Raises ConfigError with one Problem per mistake in any of the documents.
    """
    problems: list[Problem] = []
    out: dict[str, Calendar] = {}
    closures: list[Closure] = []
    for document in documents:
        try:
            file = validate(CalendarFile, document)
        except ConfigError as error:
            problems.extend(error.problems)
            continue
        for name, entry in file.calendars.items():
            if name in out:
                problems.append(document.problem(("calendars", name), f"calendar {name!r} is defined twice"))
            problems.extend(_dangling(document, name, entry))
            out[name] = _calendar(name, entry, timezone)
        closures += [_closure(document, row, entry) for row, entry in enumerate(file.closures)]
    known = {NO_SCHOOL, *(day_type for calendar in out.values() for day_type in calendar.day_types)}
    problems += [
        Problem(one.file, f"{one.path}.day_type", f"unknown day type {one.day_type!r}",
                did_you_mean(one.day_type, known), one.line)
        for one in closures if one.day_type and one.day_type not in known
    ]  # fmt: skip
    if problems:
        raise ConfigError(problems)
    return Calendars(out, closures)


def _closure(document: Document, row: int, entry: ClosureEntry) -> Closure:
    where = document.problem(("closures", row), "")
    return Closure(
        place=entry.place.strip().strip("/"),
        first=entry.first,
        last=entry.last,
        day_type="" if entry.day_type == NO_SCHOOL else entry.day_type,
        reason=entry.reason,
        out_of_service=entry.out_of_service,
        file=where.file,
        path=where.path,
        line=where.line,
    )


def _dangling(document: Document, name: str, entry: CalendarEntry) -> Iterator[Problem]:
    head = ("calendars", name)
    known = [*entry.day_types, NO_SCHOOL]
    for weekday, day_type in entry.week.items():
        if weekday not in _WEEK:
            hint = did_you_mean(weekday, _WEEK)
            yield document.problem((*head, "week", weekday), f"unknown weekday {weekday!r}", hint)
        if day_type not in known:
            message = f"unknown day type {day_type!r}"
            yield document.problem((*head, "week", weekday), message, did_you_mean(day_type, known))
    for section, days in (("exceptions", entry.exceptions), ("overrides", entry.overrides)):
        seen: set[date] = set()
        for row, day in enumerate(days):
            path = (*head, section, row)
            if day.day_type not in known:
                message, hint = f"unknown day type {day.day_type!r}", did_you_mean(day.day_type, known)
                yield document.problem((*path, "day_type"), message, hint)
            if day.date in seen:
                yield document.problem((*path, "date"), f"{day.date} is written twice in {section}")
            seen.add(day.date)


def _calendar(name: str, entry: CalendarEntry, timezone: str) -> Calendar:
    def named(day_type: str) -> str:
        return "" if day_type == NO_SCHOOL else day_type

    special = {day: "" for holiday in entry.holidays for day in holiday.days()}
    special.update((day.date, named(day.day_type)) for day in (*entry.exceptions, *entry.overrides))
    return Calendar(
        name=name,
        timezone=entry.timezone or timezone,
        day_types=dict(entry.day_types),
        week=tuple(named(entry.week.get(weekday, NO_SCHOOL)) for weekday in _WEEK),
        terms=tuple((term.first, term.last) for term in entry.terms),
        special=special,
    )
