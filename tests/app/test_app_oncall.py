"""Swaps at run time, handovers, and quiet times that know the calendar, over the real store."""

from __future__ import annotations

from typing import Any

import pytest
from alerting_house import SETTINGS, START, House

from netwatch.calendars import Calendar, Calendars
from netwatch.errors import ConfigError
from netwatch.model import Severity

HOUR = 3600.0


def said(house: House, channel: str) -> list[dict[str, Any]]:
    """Handovers that wait for a channel."""
    return [one for one in house.bodies(channel) if one["rule"] == "OnCallHandover"]


def swap(house: House, person: str = "ben", **more: str) -> str:
    return house.desk.add_swap({"person": person, "ends": "2027-01-15 14:00", **more}, "ana").id


def test_a_swap_at_run_time_holds_at_once_and_over_a_restart(house: House) -> None:
    assert house.desk.on_call() == [("network", "ana")]
    made = swap(house)
    assert house.desk.on_call() == [("network", "ben")]
    house.restart()
    assert house.desk.on_call() == [("network", "ben")]
    house.fire("a")
    house.judge()
    assert "a:firing" in house.told("ben-phone")
    assert "a:firing" not in house.told("ana-phone")
    (shift,) = house.desk.shifts()
    assert (shift.person, shift.until, shift.then) == ("ben", START + 12 * HOUR, "ana")
    assert house.desk.end_swap(made)
    assert not house.desk.end_swap(made)
    house.restart()
    assert house.desk.on_call() == [("network", "ana")]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"person": "bem", "ends": "2027-02-01 08:00"}, "unknown person 'bem'.*ben"),
        ({"person": "ben", "rota": "netwrk", "ends": "2027-02-01 08:00"}, "unknown rota.*network"),
        ({"person": "ben", "ends": "2027-01-14 08:00"}, "ends"),
        ({"person": "ben", "ends": "2029-01-14 08:00"}, "longer than 400 days"),
        ({"person": "ben", "starts": "2027-02-02 08:00", "ends": "2027-02-01 08:00"}, "before it begins"),
        ({"person": "ben"}, "ends"),
        ({"person": "ben", "ends": "tomorrow"}, "date and time"),
        ({"person": "ben", "ends": "2027-02-01 08:00", "until": "x"}, "until"),
    ],
)
def test_a_swap_that_makes_no_sense_is_refused(house: House, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        house.desk.add_swap(wanted, "ana")
    assert house.desk.swaps() == ()


def test_the_next_one_is_told_what_is_open_and_who_looks_after_it(house: House) -> None:
    house.judge()
    assert said(house, "ana-phone") == [], "a rota that is new begins without a word"
    house.fire("a")
    house.fire("b", "pbx", Severity.WARNING)
    house.fire("c", "core", Severity.INFO)
    house.judge()
    house.desk.acknowledge("a", "ana", "on my way")
    swap(house)
    house.judge(60)
    (told,) = said(house, "ben-phone")
    assert told["summary"] == (
        "ben is on call for network until Fri 2027-01-15 14:00: 2 open, 1 of them without anybody"
    )
    first, second = told["annotations"]["description"].splitlines()
    assert first == (
        "critical: core does not answer (since Fri 2027-01-15 02:00; "
        "acknowledged by ana at Fri 2027-01-15 02:00: on my way)"
    )
    assert second.endswith("nobody looks after it)")
    assert said(house, "ana-phone") == []
    house.restart()
    house.judge(60)
    assert len(said(house, "ben-phone")) == 1, "told once"
    house.judge(12 * HOUR)
    (back,) = said(house, "ana-phone")
    assert back["summary"].startswith("ana is on call for network until")


def test_a_handover_while_netwatch_was_away_is_told_at_its_start(house: House) -> None:
    house.judge()
    house.clock.wall += 7 * 24 * HOUR
    house.restart()
    (told,) = said(house, "ben-phone")
    assert told["summary"].endswith("nothing is open")
    assert told["state"] == "resolved", "nothing that lasts"


def with_quiet(house: House, quiet: str) -> None:
    (house.folder / "netwatch.yaml").write_text(SETTINGS + f"  quiet_hours: {quiet}\n")
    calendar = Calendar(
        "high",
        "America/Chicago",
        {"regular": ((8 * 3600, 15 * 3600),)},
        ("regular",) * 5 + ("", ""),
        ((_day(4), _day(29)),),
    )
    house.store.close()
    house.calendars = Calendars(default=calendar)
    house.open()
    house.alerting.judge(house.snapshot)


def _day(day: int) -> Any:
    from datetime import date

    return date(2027, 1, day)


@pytest.mark.parametrize(
    ("quiet", "hours", "told_after"),
    [  # it is Friday, 02:00 in Chicago
        ("{outside: lessons}", 0.0, 6.0),
        ("{outside: lessons}", 7.0, 0.0),
        ("{outside: school_days}", 0.0, 0.0),
        ("{outside: school_days}", 23.0, 47.0),  # from Saturday to Monday, midnight to midnight
        ("{outside: school_days, hours: '20:00-06:30'}", 23.0, 53.5),
        ("{during: lessons}", 7.0, 6.0),
        ("{hours: '20:00-06:30'}", 0.0, 4.5),
    ],
)
def test_quiet_times_follow_the_calendar(house: House, quiet: str, hours: float, told_after: float) -> None:
    house.clock.wall += hours * HOUR
    with_quiet(house, quiet)
    house.fire("a", severity=Severity.WARNING)
    house.fire("b")
    house.judge()
    channels = ("ana-phone", "ben-phone")

    def told(key: str) -> bool:
        return any(key in house.told(channel) for channel in channels)

    assert told("b:firing"), "what is critical does not wait"
    assert told("a:firing") is (told_after == 0.0)
    if told_after:
        house.judge(told_after * HOUR - 60)
        assert not told("a:firing")
        house.judge(61)
        assert told("a:firing")


def test_quiet_hours_without_any_time_are_refused(house: House) -> None:
    with pytest.raises(ConfigError, match="never quiet"):
        with_quiet(house, "{at_least: critical}")
