"""What is told of incidents, over the real store and through restarts."""

from __future__ import annotations

import asyncio
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from alerting_house import SETTINGS, START, House
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netwatch.errors import ConfigError, StoreError
from netwatch.incidents import IncidentState, LinkError
from netwatch.model import (
    Severity,
)

pytestmark = pytest.mark.usefixtures("idle_channels")


def test_who_is_on_call_is_told_and_the_board_only_if_nobody_acknowledges(house: House) -> None:
    house.fire("a")
    house.judge()
    house.restart()
    house.judge(600)
    assert (house.told("ana-phone"), house.told("board")) == (["a:firing"], [])
    house.judge(300)
    house.restart()
    assert (house.told("ana-phone"), house.told("board")) == (["a:firing"], ["a:firing"])
    house.resolve("a")
    house.judge(10)
    house.restart()
    assert house.told("ana-phone") == ["a:firing", "a:resolved"]
    assert house.told("board") == ["a:firing", "a:resolved"]
    assert house.told("ben-phone") == []
    assert house.store.desk.cases() == {}


def test_a_swap_sends_pages_to_who_stands_in(house: House) -> None:
    house.clock.wall = START + 19 * 3600  # 21:00 in Chicago
    house.fire("a")
    house.judge()
    assert (house.told("ana-phone"), house.told("ben-phone")) == ([], ["a:firing"])
    assert house.desk.on_call() == [("network", "ben")]


def test_an_acknowledgement_outlives_a_restart_and_stops_the_escalation(house: House) -> None:
    house.fire("a")
    house.judge()
    assert house.desk.acknowledge("a", "ana", "on my way").state is IncidentState.ACKNOWLEDGED
    assert house.desk.acknowledge("nothing", "ana") is None
    house.restart()
    house.judge(86400)
    assert house.told("board") == []
    standing = house.desk.standings(house.alerting.alerts())["a"]
    assert (standing.acknowledged.by, standing.acknowledged.note) == ("ana", "on my way")
    _, history = house.desk.history("a")
    assert [event.text for event in history] == [
        "firing",
        "told to first (new)",
        "acknowledged by ana: on my way",
    ]


def test_a_silence_by_place_and_tag_outlives_a_restart_and_what_fires_at_its_end_is_told(
    house: House,
) -> None:
    made = house.desk.add_silence(
        {"sites": "maple/lincoln", "tags": "mdf", "ends": "2027-01-15 04:00"}, "ana"
    )
    house.fire("a")
    house.fire("b", "pbx", Severity.WARNING)
    house.judge()
    house.restart()
    assert (made.by, made.ends) == ("ana", START + 7200)
    # The board takes critical alerts only, but this one is about life safety.
    assert (house.told("ana-phone"), house.told("board")) == (["b:firing"], ["b:firing"])
    assert [one.id for one in house.desk.silences()] == [made.id]
    house.judge(7200)
    assert house.told("ana-phone") == ["b:firing", "a:firing"]
    assert house.bodies("ana-phone")[-1]["annotations"]["told_because"] == "still true after silence"
    assert house.desk.silences() == []


def test_a_silence_that_is_ended_early_tells_at_once(house: House) -> None:
    house.fire("a")
    house.judge()
    made = house.desk.add_silence({"devices": "c*", "ends": "2027-01-16 00:00"}, "ana")
    house.judge(60)
    assert house.desk.standings(house.alerting.alerts())["a"].suppressed_by == f"silence {made.id}"
    assert house.desk.end_silence(made.id)
    assert not house.desk.end_silence(made.id)
    house.judge(60)
    assert house.told("ana-phone") == ["a:firing", "a:firing:again-1"]
    house.restart()
    assert house.told("ana-phone") == ["a:firing", "a:firing:again-1"]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"ends": "2027-01-16"}, "would silence everything"),
        ({"devices": "x"}, "has no end"),
        ({"devices": "x", "ends": "2027-01-01"}, "ends before it begins"),
        ({"devices": "x", "ends": "soon"}, "expected a date and time"),
        ({"devices": "x", "ends": "2027-01-16", "rule": "R"}, "did you mean 'rules'"),
        ({"devices": "x", "weekly": {"hours": "22:00"}}, "expected hours"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(house: House, wanted: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        house.desk.add_silence(wanted, "ana")
    assert house.desk.silences() == []


def test_what_people_were_told_is_counted_over_restarts(house: House) -> None:
    house.fire("a")
    house.judge()
    house.fire("b")
    house.judge(60)
    house.desk.acknowledge("b", "ana")
    house.judge(900)
    house.resolve("a")
    house.judge(60)
    house.restart()
    found = house.desk.noise(7 * 86400.0)
    assert found.people == (("ana", 2, pytest.approx(2, rel=1e-3)), ("board", 1, pytest.approx(1, rel=1e-3)))
    (rule,) = found.rules
    assert (rule.messages, rule.incidents, rule.idle, rule.short) == (3, 2, 1.0, 0.0)


def test_a_link_acknowledges_its_alert_once(house: House) -> None:
    house.fire("a")
    house.fire("b")
    house.judge()
    token = house.token(row=0)
    for _ in range(2):  # a scanner of mails may look as often as it likes
        alert, standing, to = house.desk.follow(token)
        assert (alert.id, standing.state, to) == ("a", IncidentState.FIRING, "ana-phone")
    alert, standing = house.desk.use(token)
    assert standing.acknowledged.by == "link to ana-phone"
    with pytest.raises(LinkError, match="used before"):
        house.desk.use(token)
    house.restart()
    with pytest.raises(LinkError, match="used before"):
        house.desk.follow(token)
    house.judge(900)
    assert house.told("board") == ["b:firing"]


def test_a_link_is_good_for_a_day_and_for_what_still_fires(house: House) -> None:
    house.fire("a")
    house.judge()
    token = house.token()
    head, _, mac = token.partition(".")
    for bad in ("", "x", f"{head}.", f"{head}x.{mac}", f"{head}.{mac[:-3]}AAA", token + "ä"):
        with pytest.raises(LinkError):
            house.desk.follow(bad)
    house.resolve("a")
    house.judge(60)
    with pytest.raises(LinkError, match="has ended"):
        house.desk.use(token)
    house.clock.wall += 86400
    with pytest.raises(LinkError, match="expired"):
        house.desk.follow(token)


def test_the_key_of_links_is_made_once_for_its_owner_alone(house: House) -> None:
    path = house.folder / "var/acknowledge.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    house.fire("a")
    house.judge()
    token, key = house.token(), path.read_text()
    assert re.fullmatch("[0-9a-f]{64}", key)
    house.restart()
    assert path.read_text() == key
    assert house.desk.follow(token)[0].id == "a"
    path.unlink()
    house.restart()
    with pytest.raises(LinkError, match="not one of this netwatch"):
        house.desk.follow(token)


def test_channels_without_links_get_none(house: House) -> None:
    house.fire("a", "pbx")
    house.judge()
    assert "acknowledge" in house.bodies("ana-phone")[0]["annotations"]
    assert "acknowledge" not in house.bodies("board")[0]["annotations"]
    assert "acknowledge" not in house.engine.open["a"].annotations


def test_a_district_without_such_settings_tells_every_channel(tmp_path: Path) -> None:
    plain = SETTINGS[: SETTINGS.index("  people:")].replace("web:", "#")
    house = House(tmp_path, plain)
    house.fire("a")
    house.fire("b", severity=Severity.WARNING)
    house.judge()
    house.judge(86400)
    assert house.told("ana-phone") == house.told("ben-phone") == ["a:firing", "b:firing"]
    assert house.told("board") == ["a:firing"]
    assert not (tmp_path / "var/acknowledge.key").exists()
    house.store.close()


async def test_what_is_due_is_told_at_its_time_without_an_evaluation(house: House) -> None:
    house.fire("a")
    house.judge()
    task = asyncio.create_task(house.alerting.tend())
    for _ in range(2000):
        await asyncio.sleep(0)
        if house.told("board"):
            break
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert house.told("board") == ["a:firing"]
    assert 900 <= house.clock.wall - START < 935


steps = st.sampled_from(
    ["fire", "resolve", "acknowledge", "silence", "end", "time", "restart", "full", "long"]
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, min_size=5, max_size=20))
def test_restarts_and_full_disks_neither_lose_nor_double_anything(tmp_path_factory, done) -> None:
    """Two houses go through the same; one of them is restarted and its disk is full at times."""
    told = []
    for rough in (False, True):
        house = House(tmp_path_factory.mktemp("house"))
        number = 0
        house.judge()
        for step in done:
            full = False
            if step == "fire":
                number += 1
                house.fire(f"a{number}", ("core", "pbx")[number % 2])
            elif step == "resolve" and house.engine.open:
                house.resolve(min(house.engine.open))
            elif step == "acknowledge" and house.engine.open:
                house.desk.acknowledge(min(house.engine.open), "ana")
            elif step == "silence":
                house.desk.add_silence({"devices": "*", "ends": "2027-01-15 02:20"}, "ana") if (
                    house.clock.wall < START + 1200
                ) else None
            elif step == "end" and house.desk.silences():
                house.desk.end_silence(house.desk.silences()[0].id)
            elif step == "time":
                house.clock.wall += 60
            elif step == "long":
                house.clock.wall += 1000
            elif step == "restart" and rough:
                house.restart()
            full = step == "full" and rough
            if full:
                _fails_once(house)
            house.judge()
        # Not what netwatch says of its own disk.
        told.append(
            {
                name: sorted(k for k in house.told(name) if re.match(r"a\d+:", k))
                for name in ("ana-phone", "board")
            }
        )
        for keys in told[-1].values():
            assert len(keys) == len(set(keys))
        house.store.close()
    assert told[0] == told[1]


def _fails_once(house: House) -> None:
    def refuse(*_: Any) -> None:
        raise StoreError("database or disk is full")

    if not house.engine.news:
        house.fire("full")
        house.resolve("full")
    house.store.incidents.remember, kept = refuse, house.store.incidents.remember  # type: ignore[method-assign]
    house.judge()
    house.store.incidents.remember = kept  # type: ignore[method-assign]
