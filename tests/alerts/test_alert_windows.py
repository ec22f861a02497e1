"""Time windows of rules, by the calendar of the device's school; buildings out of service."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from alert_snapshots import device, part, rules, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.alerts import AlertEngine
from netwatch.calendars import Calendar, Calendars, Closure
from netwatch.calendars.windows import Window, parse_span
from netwatch.errors import ConfigError
from netwatch.model import Inventory, InventoryDevice, Place, PlaceId, PlaceKind, Places, SchoolFacts

CHICAGO = ZoneInfo("America/Chicago")
SCHOOL = Calendar(
    "high",
    "America/Chicago",
    {"regular": ((8 * 3600, 11 * 3600), (12 * 3600, 15 * 3600)), "test": ((9 * 3600, 12 * 3600),)},
    ("regular",) * 5 + ("", ""),
    ((date(2026, 8, 17), date(2026, 12, 18)),),
    {date(2026, 9, 8): "", date(2026, 9, 9): "test"},
)
NO_LESSONS = Calendar("none", "UTC", {}, ("",) * 7, ())
PLACES = Places(
    {
        place.id: place
        for place in (
            Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
            Place(
                PlaceId("maple/lhs"),
                PlaceKind.SCHOOL,
                "Lincoln",
                PlaceId("maple"),
                SchoolFacts(calendar="high"),
            ),
            Place(PlaceId("maple/lhs/annex"), PlaceKind.BUILDING, "Annex", PlaceId("maple/lhs")),
            Place(PlaceId("maple/depot"), PlaceKind.SCHOOL, "Depot", PlaceId("maple"), SchoolFacts()),
        )
    }
)
INVENTORY = Inventory(
    "maple",
    PLACES,
    {
        name: InventoryDevice(name, None, place=PlaceId(place))
        for name, place in (("core", "maple/lhs"), ("annex", "maple/lhs/annex"), ("bus", "maple/depot"))
    },
)
RULE = """
rules:
  - rule: Down
    value: netwatch_device_up
    equals: 0
    severity: warning
    {window}
    message: "{{device}}"
"""


def at(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=CHICAGO).timestamp()


def firing(window: str, when: str, *closures: Closure) -> set[str]:
    engine = AlertEngine(
        rules(RULE.format(window=window)), calendars=Calendars({"high": SCHOOL}, closures, NO_LESSONS)
    )
    names = ("core", "annex", "bus")
    shot = snapshot(
        at(when),
        [device(name) for name in names],
        {"netwatch_device_up": dict.fromkeys(names, 0.0)},
        inventory=INVENTORY,
    )
    engine.evaluate(shot)
    return {alert.device for alert in engine.alerts() if alert.fired is not None}


@pytest.mark.parametrize(
    ("window", "when", "expected"),
    [
        ("during: lessons", "2026-09-01 08:00", {"core", "annex"}),
        ("during: lessons", "2026-09-01 11:30", set()),  # lunch
        ("outside: lessons", "2026-09-01 11:30", {"core", "annex", "bus"}),
        ("during: school_days", "2026-09-01 23:59", {"core", "annex"}),
        ("during: school_days", "2026-09-05 12:00", set()),
        ("outside: school_days", "2026-09-08 12:00", {"core", "annex", "bus"}),
        ("during: day_type test", "2026-09-09 20:00", {"core", "annex"}),
        ("during: [lessons, mon-fri 17:00-18:00]", "2026-09-01 17:30", {"core", "annex"}),
        ("during: fri 22:00-06:00", "2026-09-05 05:59", {"core", "annex"}),
        ("during: sun 22:00-06:00", "2026-09-07 05:59", {"core", "annex"}),
        ("during: fri 22:00-06:00", "2026-09-05 06:00", set()),
    ],
)
def test_a_rule_looks_while_its_window_is_open_at_the_school(window, when, expected) -> None:
    assert firing(window, when) == expected


def test_a_closure_holds_for_the_place_and_what_lies_in_it() -> None:
    snow = Closure("lhs", date(2026, 9, 1), date(2026, 9, 1), reason="snow")
    assert firing("during: lessons", "2026-09-01 08:00", snow) == set()
    assert firing("outside: lessons", "2026-09-01 09:00", snow) == {"core", "annex", "bus"}
    annex = Closure("maple/lhs/annex", date(2026, 9, 1), date(2026, 9, 2))
    assert firing("during: lessons", "2026-09-01 08:00", annex) == {"core"}
    early = Closure("maple", date(2026, 9, 1), date(2026, 9, 1), "test")
    assert firing("during: lessons", "2026-09-01 08:30", early) == set()


def test_no_rule_looks_into_a_building_that_is_out_of_service() -> None:
    away = Closure("lhs/annex", date(2026, 9, 1), date(2026, 9, 2), out_of_service=True)
    assert firing("", "2026-09-02 23:59", away) == {"core", "bus"}
    assert firing("", "2026-09-03 00:00", away) == {"core", "annex", "bus"}


def test_an_alert_ends_when_its_window_closes_and_begins_anew_when_it_opens() -> None:
    engine = AlertEngine(
        rules(RULE.format(window="during: lessons\n    for: 2m")), calendars=Calendars({"high": SCHOOL})
    )
    core = device("core")
    told: dict[str, str] = {}
    for minute in range(80):
        moment = at("2026-09-01 10:50") + 60 * minute
        for change in engine.evaluate(
            snapshot(moment, [core], {"netwatch_device_up": {"core": 0.0}}, inventory=INVENTORY)
        ):
            told[datetime.fromtimestamp(moment, CHICAGO).strftime("%H:%M")] = change.alert.state.value
    assert told == {
        "10:50": "pending",
        "10:52": "firing",
        "11:00": "resolved",
        "12:00": "pending",
        "12:02": "firing",
    }


def test_a_reload_takes_other_calendars_at_once() -> None:
    text = RULE.format(window="during: lessons")
    engine = AlertEngine(rules(text), calendars=Calendars({"high": SCHOOL}))
    shot = snapshot(
        at("2026-09-01 09:00"), [device("core")], {"netwatch_device_up": {"core": 0.0}}, inventory=INVENTORY
    )
    engine.evaluate(shot)
    snow = Closure("lhs", date(2026, 9, 1), date(2026, 9, 1))
    engine.replace_rules(rules(text), calendars=Calendars({"high": SCHOOL}, [snow]))
    (change,) = engine.evaluate(shot)
    assert change.alert.state.value == "resolved"


def test_parts_follow_their_device_and_a_device_that_moves() -> None:
    text = """
rules:
  - rule: Down
    value: netwatch_interface_oper_up
    equals: 0
    severity: warning
    during: lessons
    message: "{device}"
"""
    engine = AlertEngine(rules(text), calendars=Calendars({"high": SCHOOL}))
    ports = [part(owner, "p1") for owner in ("core", "bus")]
    values = {"netwatch_interface_oper_up": {port.id: 0.0 for port in ports}}
    moment = at("2026-09-01 13:00")
    shot = snapshot(moment, [device("core"), device("bus"), *ports], values, inventory=INVENTORY)
    engine.evaluate(shot)
    assert {alert.device for alert in engine.alerts() if alert.resolved is None} == {"core"}
    moved = [device("core", place="maple/depot"), device("bus", place="maple/lhs/annex")]
    engine.evaluate(snapshot(moment + 60, [*moved, *ports], values, inventory=INVENTORY))
    assert {alert.device for alert in engine.alerts() if alert.resolved is None} == {"bus"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lesson", "expected lessons, school_days"),
        ("mo-fri 08:00-09:00", "unknown weekday in 'mo-fri'"),
        ("mon 08:00-08:00", "never opens"),
        ("mon 25:00-26:00", "no time of day"),
    ],
)
def test_an_entry_that_is_no_time_is_refused(text, message) -> None:
    with pytest.raises(ConfigError) as error:
        rules(RULE.format(window=f"during: {text}"))
    (problem,) = error.value.problems
    assert (problem.path, problem.line) == ("rules[0].during", 7)
    assert message in problem.message


def test_a_window_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(ConfigError) as error:
        rules(RULE.format(window="during: lessons\n    outside: [lessons, mon-fri 07:00-08:00]"))
    assert "never opens" in str(error.value.problems[0])


SPANS = st.sampled_from(
    [
        "lessons",
        "school_days",
        "day_type test",
        "mon-fri 07:00-12:30",
        "daily 00:00-24:00",
        "sat,sun 10:00-02:00",
        "tue 11:00-12:00",
        "wed 15:00-08:00",
    ]
)


@settings(max_examples=60, deadline=None)
@given(st.lists(SPANS, max_size=3), st.lists(SPANS, max_size=2))
def test_ever_opens_is_what_looking_at_every_quarter_of_an_hour_finds(during, outside) -> None:
    window = Window(tuple(map(parse_span, during)), tuple(map(parse_span, outside)))
    start = at("2026-09-01 00:00")
    slow = any(window.is_open(SCHOOL, start + 900 * step) for step in range(14 * 96))
    assert window.ever_opens(SCHOOL) == slow


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["America/Chicago", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "UTC"]),
    st.sampled_from([(2026, 3, 8), (2026, 11, 1), (2026, 4, 5), (2026, 10, 4)]),
    st.integers(0, 23),
    st.integers(1, 30),
)
def test_weekly_hours_are_those_of_the_wall_clock(zone, day, hour, length) -> None:
    end = (hour + length) % 24
    text = f"daily {hour:02}:00-{end:02}:00" if end != hour else "daily 00:00-24:00"
    calendar = Calendar("x", zone, {}, ("",) * 7, ())
    window = Window((parse_span(text),))
    begin = datetime(*day, tzinfo=ZoneInfo(zone)) - timedelta(days=1)
    for minute in range(0, 3 * 1440, 30):
        moment = begin.timestamp() + 60 * minute
        wall = datetime.fromtimestamp(moment, ZoneInfo(zone)).hour
        inside = end == hour or (hour <= wall < end if hour < end else wall >= hour or wall < end)
        assert window.is_open(calendar, moment) == inside
