"""Closures of places: what they mean, how a command writes and removes them."""

from __future__ import annotations

import os
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from aiohttp import web
from aiohttp.test_utils import TestServer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from netwatch.calendars import Calendar, Calendars, Closure, load_calendars
from netwatch.calendars.editing import add_closure, remove_closure
from netwatch.cli import build
from netwatch.cli.daemon import reload
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError, NetwatchError
from netwatch.inventory import check_configuration
from netwatch.model import Place, PlaceId, PlaceKind, Places, SchoolFacts

ZONES = ["America/Chicago", "America/St_Johns", "Australia/Lord_Howe", "Pacific/Apia", "Europe/London", "UTC"]
DAYS = [date(2026, 3, 8), date(2026, 11, 1), date(2026, 4, 5), date(2026, 10, 4), date(2026, 3, 29)]


def tree(*schools: str) -> Places:
    nodes = [Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None)]
    for school in schools:
        key = PlaceId(f"maple/{school}")
        nodes.append(Place(key, PlaceKind.SCHOOL, school, PlaceId("maple"), SchoolFacts(calendar=school)))
        nodes.append(Place(PlaceId(f"{key}/annex"), PlaceKind.BUILDING, "Annex", key))
    return Places({node.id: node for node in nodes})


@st.composite
def worlds(draw):
    """Two schools in zones of their own, around a change to or from daylight saving time, and closures."""
    middle = draw(st.sampled_from(DAYS))
    named = {}
    for name in ("a", "b"):
        edges = sorted(draw(st.sets(st.integers(0, 48), min_size=4, max_size=6)))
        bells = tuple((x * 1800, y * 1800) for x, y in zip(edges[::2], edges[1::2], strict=False))
        types = {"regular": bells, "short": bells[:1]}
        term = ((middle - timedelta(days=20), middle + timedelta(days=20)),)
        named[name] = Calendar(name, draw(st.sampled_from(ZONES)), types, ("regular",) * 7, term)
    closures = draw(
        st.lists(
            st.builds(
                lambda place, first, length, kind, away: Closure(
                    place, first, first + timedelta(days=length), kind, "", away
                ),
                st.sampled_from(["maple", "a", "maple/a", "a/annex", "maple/b/annex", "b"]),
                st.integers(-2, 2).map(lambda n: middle + timedelta(days=n)),
                st.integers(0, 2),
                st.sampled_from(["", "short"]),
                st.booleans(),
            ),
            max_size=4,
        )
    )
    return Calendars(named, closures), middle


def covers(closure: Closure, place: str) -> bool:
    path = closure.place if closure.place.startswith("maple") else f"maple/{closure.place}"
    return place == path or place.startswith(f"{path}/")


@given(worlds(), st.sampled_from(["maple/a", "maple/a/annex", "maple/b", "maple/b/annex"]))
@settings(max_examples=60, deadline=None)
def test_lessons_are_what_looking_at_every_quarter_of_an_hour_finds(world, place):
    calendars, middle = world
    places = tree("a", "b")
    calendar = calendars.at(PlaceId(place), places)
    base = calendars[place.split("/")[1]]
    start = datetime(middle.year, middle.month, middle.day, tzinfo=UTC).timestamp() - 2 * 86400
    slow = 0
    for moment in range(int(start), int(start) + 4 * 86400, 900):
        wall = datetime.fromtimestamp(moment, ZoneInfo(base.timezone))
        kind = base.day_type(wall.date())
        away = False
        for closure in calendars.closures:
            if closure.first <= wall.date() <= closure.last and covers(closure, place):
                kind = closure.day_type
                away |= closure.out_of_service
        second = wall.hour * 3600 + wall.minute * 60 + wall.second
        on = any(begin <= second < end for begin, end in base.day_types.get(kind, ()))
        slow += on
        assert calendar.is_instructional(moment) == on
        assert calendars.is_out_of_service(PlaceId(place), places, moment) == away
    assert calendar.seconds(start, start + 4 * 86400) == 900 * slow


def test_places_that_are_alike_share_a_calendar():
    calendars = load_calendars([parse_yaml(FILE)])
    places = tree("lhs")
    school, annex = (calendars.at(PlaceId(one), places) for one in ("maple/lhs", "maple/lhs/annex"))
    assert school is annex
    assert calendars.at(None, places) is calendars.default


FILE = """# our year
calendars:
  lhs:
    day_types: {regular: ["08:00-15:00"], short: ["08:00-11:00"]}
    week: {monday: regular, tuesday: regular, wednesday: regular, thursday: regular, friday: regular}
    terms: [{first: 2026-08-17, last: 2026-12-18}]
"""


@pytest.mark.parametrize(
    "text",
    [
        "",
        FILE,
        FILE + "closures: []  # none yet\n",
        FILE + "closures:\n- {place: lhs, date: 2026-09-01, reason: 'a # b'}  # kept\n",
        "closures:\n    - place: lhs\n      date: 2026-09-01\n# end\n" + FILE,
    ],
)
@pytest.mark.parametrize("reason", ["snow", "a: b # c", 'the "old" wing, ü', ""])
def test_a_closure_is_one_more_line_and_all_else_stays(text, reason):
    day = date(2026, 10, 5)
    out, line = add_closure(text, "c.yaml", "lhs/annex", day, day, reason=reason)
    assert line in out
    assert [row for row in text.splitlines() if not row.startswith("closures:") and row not in out] == []
    found = load_calendars([parse_yaml(out)]).closures
    assert Closure("lhs/annex", day, day, "", reason) in found
    assert len(found) == len(load_calendars([parse_yaml(text)]).closures) + 1
    back, gone = remove_closure(out, "c.yaml", {"lhs/annex"}, day)
    assert gone == [line]
    assert load_calendars([parse_yaml(back)]).closures == load_calendars([parse_yaml(text)]).closures


def test_a_file_that_is_written_otherwise_is_left_alone():
    text = "closures: [{place: lhs, date: 2026-09-01}, {place: lhs, date: 2026-09-02}]\n"
    with pytest.raises(ConfigError) as error:
        add_closure(text, "c.yaml", "lhs", date(2026, 10, 5), date(2026, 10, 5))
    assert 'the line is: - {place: "lhs", date: 2026-10-05}' in str(error.value.problems[0])


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (
            "{place: lhs, date: 2026-09-01, first: 2026-09-01}",
            "expected either `date`, or `first` and `last`",
        ),
        ("{place: lhs, first: 2026-09-02, last: 2026-09-01}", "last is before first"),
        ("{place: lhs, date: 2026-09-01, day_type: shrt}", "unknown day type 'shrt' (did you mean 'short'?)"),
        ("{date: 2026-09-01}", "'place' is required"),
    ],
)
def test_a_wrong_closure_is_named_with_its_place(line, message):
    with pytest.raises(ConfigError) as error:
        load_calendars([parse_yaml(FILE + f"closures:\n  - {line}\n", "c.yaml")])
    (problem,) = error.value.problems
    assert message in str(problem)
    assert str(problem).startswith("c.yaml:8: closures[0]")


@pytest.fixture
def district(tmp_path: Path) -> Path:
    (tmp_path / "calendars").mkdir()
    (tmp_path / "calendars/year.yaml").write_text(FILE)
    (tmp_path / "places.yaml").write_text(
        "places:\n  - {id: lhs, kind: school, name: Lincoln, calendar: lhs, "
        "places: [{id: annex, kind: building, name: Annex}]}\n"
    )
    (tmp_path / "netwatch.yaml").write_text(
        "district: {slug: maple, name: Maple, timezone: America/Chicago}\n"
        "state_dir: var\ninventory: [places.yaml]\ncalendars: [calendars/*.yaml]\n"
        "web: {listen: '127.0.0.1:9'}\n"
    )
    return tmp_path / "netwatch.yaml"


def run(*words: str):
    app: typer.Typer = build()
    return CliRunner().invoke(app, ["calendar", *words])


def test_a_snow_day_is_one_command(district):
    done = run("close", "lhs", "2026-09-01", "--reason", "snow", "--config", str(district))
    assert done.exit_code == 0, done.exception
    assert '- {place: "lhs", date: 2026-09-01, reason: "snow"}' in done.output
    assert "it holds from its next start or reload on" in done.output
    shown = run("show", "lhs/annex", "--from", "2026-08-31", "--days", "3", "--config", str(district))
    assert shown.output.splitlines() == [
        "maple/lhs/annex: calendar lhs, America/Chicago",
        "Mon 2026-08-31  regular        08:00-15:00",
        "Tue 2026-09-01  no school  closed: snow",
        "Wed 2026-09-02  regular        08:00-15:00",
    ]
    short = run("close", "annex", "2026-09-02", "--config", str(district))
    assert "unknown place 'annex'" in str(short.exception)
    early = ("close", "lhs", "2026-09-02", "--day-type", "short", "--until", "2026-09-03")
    assert run(*early, "--config", str(district)).exit_code == 0
    assert check_configuration(district, os.environ).problems == ()
    undone = run("reopen", "lhs", "2026-09-01", "--config", str(district))
    assert 'taken out: - {place: "lhs", date: 2026-09-01' in undone.output
    shown = run("show", "lhs", "--from", "2026-09-01", "--days", "2", "--config", str(district))
    assert "Tue 2026-09-01  regular        08:00-15:00" in shown.output
    assert "Wed 2026-09-02  short          08:00-11:00  closed: no reason given" in shown.output
    again = run("reopen", "lhs", "2026-09-01", "--config", str(district))
    assert again.exit_code == 1
    assert "is not closed on 2026-09-01" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("lhs", "2026-09-31"), "expected a date, found '2026-09-31'"),
        (("lhx", "2026-09-01"), "unknown place 'lhx' (did you mean 'lhs'?)"),
        (("lhs", "2026-09-01", "--until", "2026-08-01"), "lies before the first"),
        (("lhs", "2026-09-01", "--day-type", "shrt"), "unknown day type 'shrt'"),
    ],
)
def test_a_wrong_command_changes_nothing(district, words, message):
    done = run("close", *words, "--config", str(district))
    assert done.exit_code == 1
    assert message in " ".join(map(str, getattr(done.exception, "problems", [done.exception])))
    assert not (district.parent / "calendars/closures.yaml").exists()


def test_check_refuses_a_closure_of_an_unknown_place(district):
    (district.parent / "calendars/closures.yaml").write_text(
        "closures:\n  - {place: lhx, date: 2026-09-01}\n"
    )
    (problem,) = check_configuration(district, os.environ).problems
    assert "calendars/closures.yaml:2: closures[0].place: unknown place 'lhx' (did you mean 'lhs'?)" in str(
        problem
    )


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, {"reloaded": True}, True),
        (422, {"problems": [{"file": "c.yaml", "line": 3, "message": "is wrong"}]}, "c.yaml:3: is wrong"),
        (401, {}, "set NETWATCH_USER and NETWATCH_PASSWORD"),
        (500, [], "see its log"),
    ],
)
async def test_a_daemon_is_told_and_what_it_says_is_told(status, body, expected):
    async def answer(request: web.Request) -> web.Response:
        assert request.headers["Authorization"].startswith("Basic ")
        return web.json_response(body, status=status)

    application = web.Application()
    application.router.add_post("/-/reload", answer)
    env = {"NETWATCH_USER": "ann", "NETWATCH_PASSWORD": "x"}
    async with TestServer(application) as server:
        base = str(server.make_url("/"))
        if expected is True:
            assert await reload(base, env)
        else:
            with pytest.raises(NetwatchError, match=re.escape(expected)):
                await reload(base, env)
    assert not await reload(base, env)  # nobody answers any more
