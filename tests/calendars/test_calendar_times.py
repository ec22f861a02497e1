"""Times of day on the UTC line, and how people write them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from netwatch.calendars import (
    EVERY_DAY,
    ClockTime,
    ClockTimes,
    HoursField,
    LocalTime,
    Weekdays,
    clock_text,
    hours_end,
    next_time,
    spans,
)

CHICAGO = ZoneInfo("America/Chicago")
moments = st.floats(1_700_000_000.0, 1_900_000_000.0)
seconds = st.integers(0, 86_399)


def wall(text: str, zone: ZoneInfo = CHICAGO) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


@settings(deadline=None)
@given(moments, st.lists(seconds, min_size=1, max_size=3), st.sampled_from(["UTC", "America/Chicago"]))
def test_the_next_time_is_later_within_a_day_and_shows_on_the_clock(at, times, name) -> None:
    zone = ZoneInfo(name)
    found = next_time(zone, at, times)
    assert at < found <= at + 25 * 3600
    shown = datetime.fromtimestamp(found, UTC).astimezone(zone)
    inside = shown.hour * 3600 + shown.minute * 60 + shown.second
    # A time that daylight saving time skips is shown an hour later.
    assert inside in times or inside - 3600 in times


@settings(deadline=None)
@given(moments, seconds, seconds, st.sets(st.integers(0, 6), min_size=1))
def test_inside_hours_is_what_the_clock_of_a_place_without_daylight_saving_says(at, begin, end, days) -> None:
    if begin == end:
        return
    shown = datetime.fromtimestamp(at, UTC)
    inside = (at % 86400) >= begin and (at % 86400) < end
    day = shown.weekday()
    if end < begin:
        inside = at % 86400 >= begin or at % 86400 < end
        if at % 86400 < end:
            day = (shown - timedelta(days=1)).weekday()
    until = hours_end(ZoneInfo("UTC"), at, ((begin, end),), days)
    assert (until is not None) == (inside and day in days)
    if until is not None:
        assert at < until <= at + 86400
        assert until % 86400 == end


def test_quiet_hours_of_the_night_in_which_the_clock_is_changed() -> None:
    night = ((22 * 3600, 6 * 3600),)
    for evening, morning, length in (
        ("2027-03-13 22:00", "2027-03-14 06:00", 7),
        ("2027-11-06 22:00", "2027-11-07 06:00", 9),
        ("2027-11-13 22:00", "2027-11-14 06:00", 8),
    ):
        start = wall(evening)
        assert hours_end(CHICAGO, start - 1, night) is None
        assert hours_end(CHICAGO, start, night) == wall(morning) == start + length * 3600
        assert hours_end(CHICAGO, wall(morning), night) is None


def test_a_whole_day_has_no_hole() -> None:
    day = ((0, 86400),)
    at = wall("2027-03-13 12:00")
    for _ in range(3):
        at = hours_end(CHICAGO, at, day)
        assert at is not None
    assert at == wall("2027-03-16 00:00")
    assert len(list(spans(CHICAGO, at, day, EVERY_DAY))) == 9


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (ClockTime, "06:30", 23400),
        (ClockTime, "6:30", 23400),
        (ClockTimes, "06:30", (23400,)),
        (ClockTimes, ["06:30", "24:00"], (23400, 86400)),
        (HoursField, "21:00-06:30", ((75600, 23400),)),
        (HoursField, ["08:00 - 12:00"], ((28800, 43200),)),
        (Weekdays, "monday", frozenset({0})),
        (Weekdays, ["saturday", "sunday"], frozenset({5, 6})),
        (LocalTime, "2026-12-05 22:00", datetime.fromisoformat("2026-12-05T22:00")),
        (LocalTime, "2026-12-05", datetime.fromisoformat("2026-12-05T00:00")),
        (LocalTime, "2026-12-05T9:05", datetime.fromisoformat("2026-12-05T09:05")),
        (LocalTime, "2026-12-05T22:00:00+00:00", datetime(2026, 12, 5, 22, tzinfo=UTC)),
    ],
)
def test_times_as_people_write_them(kind, text, value) -> None:
    assert TypeAdapter(kind).validate_python(text) == value


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (ClockTime, 390),  # what YAML makes of 6:30 without quotes
        (ClockTime, "25:00"),
        (ClockTime, "06:60"),
        (ClockTimes, []),
        (HoursField, "21:00"),
        (HoursField, "21:00-21:00"),
        (HoursField, []),
        (Weekdays, "mon"),
        (LocalTime, "tomorrow"),
        (LocalTime, "2026-02-30 10:00"),
        (LocalTime, 5),
    ],
)
def test_times_that_make_no_sense_are_refused(kind, text) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(kind).validate_python(text)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "00:00"), (7 * 3600 + 45 * 60, "07:45"), (86_399, "23:59"), (86_400, "24:00")]
)
def test_times_of_day_are_told_as_clocks_show_them(seconds: int, text: str) -> None:
    assert clock_text(seconds) == text
