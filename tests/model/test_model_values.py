"""Values of the shared vocabulary."""

from __future__ import annotations

import pickle

import pytest

from netwatch.errors import ConfigError
from netwatch.model import (
    EntityKind,
    Family,
    FamilyType,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Secret,
    StateLevel,
    load_catalogue,
)


def test_a_secret_never_shows_itself() -> None:
    secret = Secret("hunter2")
    shown = f"{secret} {secret!r} {secret!s} {secret:>20} {[secret]} {vars}"
    assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2")
    assert not Secret("")


def test_a_secret_survives_the_way_to_a_worker() -> None:
    assert pickle.loads(pickle.dumps(Secret("hunter2"))).reveal() == "hunter2"


def test_the_shipped_catalogue_is_complete_and_consistent() -> None:
    catalogue = load_catalogue()
    assert len(catalogue) > 100
    assert {family.entity for family in catalogue.values()} >= {
        EntityKind.DEVICE,
        EntityKind.INTERFACE,
        EntityKind.RADIO,
        EntityKind.VOLUME,
        EntityKind.SENSOR,
    }
    for family in catalogue.values():
        assert family.help.endswith("."), family.name
        if family.unit == "ratio":
            assert family.name.endswith("_ratio"), family.name
        if family.type is FamilyType.INFO:
            assert family.facts


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("netwatch_x_total: {help: A.}", "a counter's name ends in _total"),
        ("netwatch_x: {type: counter, help: A.}", "a counter's name ends in _total"),
        ("x: {help: A.}", "starts with netwatch_"),
        ("netwatch_x: {help: A., labels: [a, b, c, d]}", "at most three row labels"),
        ("netwatch_x: {help: A., colour: red}", "unknown key 'colour'"),
        ("netwatch_x_info: {help: A.}", "an info family's name ends in _info"),
    ],
)
def test_a_wrong_family_is_refused(entry: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_catalogue(f"device:\n  {entry}\n")


def test_places_know_their_way_up() -> None:
    nodes = [
        Place(PlaceId("d"), PlaceKind.DISTRICT, "District", None),
        Place(PlaceId("d/s"), PlaceKind.SCHOOL, "School", PlaceId("d")),
        Place(PlaceId("d/s/101"), PlaceKind.ROOM, "Room 101", PlaceId("d/s")),
    ]
    places = Places({node.id: node for node in nodes})
    assert [node.name for node in places.path(PlaceId("d/s/101"))] == ["District", "School", "Room 101"]
    school = places.school_of(PlaceId("d/s/101"))
    assert school is not None
    assert school.name == "School"
    assert places.school_of(PlaceId("d")) is None
    assert places.path(None) == ()


def test_an_unknown_level_is_not_a_number() -> None:
    assert StateLevel.CRITICAL.number == 2
    assert StateLevel.UNKNOWN.number != StateLevel.UNKNOWN.number


def test_families_are_values() -> None:
    catalogue = load_catalogue()
    family = catalogue["netwatch_device_up"]
    assert isinstance(family, Family)
    assert pickle.loads(pickle.dumps(family)) == family


async def test_an_event_or_a_time_whichever_comes_first() -> None:
    import asyncio

    from netwatch.model import SystemClock, set_within

    event, clock = asyncio.Event(), SystemClock()
    assert not await set_within(event, 0.0, clock)
    waiting = asyncio.create_task(set_within(event, 3600.0, clock))
    await asyncio.sleep(0)
    event.set()
    assert await waiting
    event.clear()
    waiting = asyncio.create_task(set_within(event, 3600.0, clock))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled(), "a cancellation is not swallowed"
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}, "nothing goes on waiting"
