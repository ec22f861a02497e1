"""Calendar files: what they mean, and what is said of a wrong one."""

from __future__ import annotations

from datetime import date

import pytest

from netwatch.calendars import load_calendars
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError

GOOD = """
calendars:
  elementary:
    timezone: America/Chicago
    day_types:
      regular: ["08:05-11:30", "12:10-15:10"]
      early-release: 08:05-12:30
      test: ["09:00-12:00"]
    week: {monday: regular, tuesday: regular, wednesday: early-release, thursday: regular, friday: regular}
    terms:
      - {name: Fall, first: 2026-08-17, last: 2026-12-18}
    holidays:
      - 2026-09-07
      - {name: Thanksgiving, first: 2026-11-23, last: 2026-11-27}
    exceptions:
      - {date: 2026-10-14, day_type: test, reason: state test}
      - {date: 2026-11-23, day_type: regular, reason: makes up for a snow day}
    overrides:
      - {date: 2026-10-15, day_type: none, reason: snow}
"""


def bad(text: str) -> list[str]:
    with pytest.raises(ConfigError) as error:
        load_calendars([parse_yaml(text, "c.yaml")])
    return [str(problem) for problem in error.value.problems]


def test_overrides_win_over_exceptions_over_holidays_over_the_week():
    calendar = load_calendars([parse_yaml(GOOD)])["elementary"]
    expected = {
        date(2026, 8, 14): "",  # before the term
        date(2026, 8, 17): "regular",
        date(2026, 8, 19): "early-release",
        date(2026, 8, 22): "",  # Saturday
        date(2026, 9, 7): "",  # Labor Day
        date(2026, 10, 14): "test",
        date(2026, 10, 15): "",  # snow
        date(2026, 11, 23): "regular",
        date(2026, 11, 24): "",
        date(2026, 12, 18): "regular",
        date(2026, 12, 19): "",
    }
    assert {day: calendar.day_type(day) for day in expected} == expected
    assert calendar.bells(date(2026, 8, 19)) == ((29100, 45000),)
    assert calendar.is_school_day(date(2026, 8, 19))
    assert not calendar.is_school_day(date(2026, 10, 15))


def test_a_calendar_without_a_zone_takes_the_one_of_the_district():
    text = GOOD.replace("    timezone: America/Chicago\n", "")
    assert load_calendars([parse_yaml(text)], "America/Denver")["elementary"].timezone == "America/Denver"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "timezone: America/Chicago",
            "timezone: America/Chicgo",
            "c.yaml:4: calendars.elementary.timezone: unknown time zone 'America/Chicgo' "
            "(did you mean 'America/Chicago'?)",
        ),
        (
            "wednesday: early-release",
            "wednesday: early-relase",
            "c.yaml:9: calendars.elementary.week.wednesday: unknown day type 'early-relase' "
            "(did you mean 'early-release'?)",
        ),
        (
            "tuesday:",
            "tusday:",
            "c.yaml:9: calendars.elementary.week.tusday: unknown weekday 'tusday' (did you mean 'tuesday'?)",
        ),
        (
            '"12:10-15:10"',
            '"11:10-15:10"',
            "c.yaml:6: calendars.elementary.day_types.regular: 11:10-15:10 begins before the period above it "
            "ends (write periods in order)",
        ),
        (
            '"09:00-12:00"',
            '"09:00-08:00"',
            "c.yaml:8: calendars.elementary.day_types.test: 09:00-08:00 is no period of one day "
            "(from an earlier to a later time, 24:00 at most)",
        ),
        (
            '["09:00-12:00"]',
            "9:00",
            "c.yaml:8: calendars.elementary.day_types.test: expected periods such as 08:05-15:10 "
            "(write them as a list of quoted texts)",
        ),
        (
            "last: 2026-12-18",
            "last: 2026-02-18",
            "c.yaml:11: calendars.elementary.terms[0]: last is before first",
        ),
        (
            "last: 2026-12-18",
            "last: 2036-12-18",
            "c.yaml:11: calendars.elementary.terms[0]: longer than 400 days (is the year right?)",
        ),
        (
            "- 2026-09-07",
            "- 7 September",
            "c.yaml:13: calendars.elementary.holidays[0]: expected a date (write it as YYYY-MM-DD)",
        ),
        (
            "date: 2026-11-23",
            "date: 2026-10-14",
            "c.yaml:17: calendars.elementary.exceptions[1].date: 2026-10-14 is written twice in exceptions",
        ),
        (
            "day_type: none",
            "day_type: testt",
            "c.yaml:19: calendars.elementary.overrides[0].day_type: unknown day type 'testt' "
            "(did you mean 'test'?)",
        ),
        (
            "    holidays:",
            "    holiday:",
            "c.yaml:12: calendars.elementary.holiday: unknown key 'holiday' (did you mean 'holidays'?)",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(old, new, message):
    assert old in GOOD
    assert bad(GOOD.replace(old, new)) == [message]


def test_mistakes_of_all_files_come_together():
    wrong = parse_yaml("calendars: {b: {}}", "b.yaml")
    with pytest.raises(ConfigError) as error:
        load_calendars([parse_yaml(GOOD, "a.yaml"), parse_yaml(GOOD, "again.yaml"), wrong])
    assert [str(problem) for problem in error.value.problems] == [
        "again.yaml:3: calendars.elementary: calendar 'elementary' is defined twice",
        "b.yaml:1: calendars.b: 'day_types' is required",
        "b.yaml:1: calendars.b: 'week' is required",
        "b.yaml:1: calendars.b: 'terms' is required",
    ]
