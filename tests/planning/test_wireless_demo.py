"""What is planted in the simulated district comes out: a crowded wing on top, a wing on one channel not."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from wireless_schools import Memory

from netwatch.calendars import Calendars
from netwatch.model import (
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    SeriesHistory,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.planning import gather, load_policy, load_wireless_policy
from netwatch.planning.wireless import Verdict, WirelessPlan, judge, measure_wireless, report
from netwatch.resources import config_dir
from netwatch.simulate import District, load_district, seed_history
from netwatch.simulate.build import build_rows
from netwatch.simulate.signals import WeekLoad

AT = datetime(2026, 11, 21, 12, tzinfo=UTC).timestamp()
POLICY = load_wireless_policy(config_dir() / "planning" / "wireless.yaml")
CHANNEL = "netwatch_radio_channel"


@pytest.fixture(scope="module")
def district() -> District:
    return load_district()


def history_of(district: District) -> Memory:
    """Of radios, of one year: enough for all but growth."""
    out = Memory()
    for block in seed_history(district, AT, years=1):
        if "_radio_" not in block.family:
            continue
        starts = block.start + block.width * np.arange(block.values.shape[1], dtype=np.int64)
        widths = np.full(starts.size, block.width, dtype=np.int64)
        rows = zip(block.subjects, block.labels, block.values, block.peaks, strict=True)
        for subject, labels, values, peaks in rows:
            row = SeriesHistory(
                block.family, EntityId(subject.key.natural), labels, starts, widths, values, peaks,
                np.ones(starts.size), True,
            )  # fmt: skip
            out.rows.setdefault(block.family, []).append(row)
    return out


def snapshot_of(district: District) -> Snapshot:
    """What the daemon knows of access points after a poll, with the rooms that people entered."""
    entities: dict[EntityId, Entity] = {}
    devices: dict[str, InventoryDevice] = {}
    places = {PlaceId("d"): Place(PlaceId("d"), PlaceKind.DISTRICT, "d", None)}
    for school in district.schools:
        facts = SchoolFacts(enrolment=school.enrolment or None)
        place = Place(PlaceId(f"d/{school.slug}"), PlaceKind.SCHOOL, school.name, PlaceId("d"), facts)
        places[place.id] = place
    points = {point.mac: point for point in district.access_points()}
    channels: dict[EntityId, float] = {}
    for point in points.values():
        wing = PlaceId(f"d/{point.school.slug}/wing-{point.wing}")
        letter = "ABCDEFGH"[point.wing - 1]
        places[wing] = Place(wing, PlaceKind.WING, f"Wing {letter}", PlaceId(f"d/{point.school.slug}"))
        room = PlaceId(f"{wing}/room-{point.room}")
        places[room] = Place(room, PlaceKind.ROOM, f"Room {point.room}", wing)
        key = EntityId(point.name)
        facts = {"kind": "wireless", "role": "ap"}
        entities[key] = Entity(key, EntityKind.DEVICE, key, None, "", "", point.name, facts)
        devices[point.name] = InventoryDevice(
            point.name,
            Target(key, point.name, ("192.0.2.1",)),
            DeviceKind.WIRELESS,
            "ap",
            room,
            serves=(room,),
        )
    still = WeekLoad([(0.0, 0.0)], ripple=False)
    for controller in {point.controller.name: point.controller for point in points.values()}.values():
        _, groups = build_rows(district, controller, still, {"radios"})
        for row in groups["radios"]:
            radio = EntityId(f"{row['mac']}/{row['radio_key']}")
            owner = EntityId(points[str(row["mac"])].name)
            band = "2.4ghz" if row["band"] == 2.4 else "5ghz"
            entities[radio] = Entity(
                radio, EntityKind.RADIO, owner, owner, str(radio), "", band, {"band": band}
            )
            channels[radio] = float(row["channel"])
    column = Column(
        load_catalogue()[CHANNEL],
        tuple(channels),
        ((),) * len(channels),
        np.array(list(channels.values())),
        np.full(len(channels), np.nan),
        np.full(len(channels), AT),
        np.full(len(channels), True),
    )
    inventory = Inventory("d", Places(places), devices)
    return Snapshot(Instant(AT, 0), entities, {CHANNEL: column}, inventory)


@pytest.fixture(scope="module")
def plan(district: District) -> WirelessPlan:
    hours = load_policy(config_dir() / "planning" / "replacement.yaml").school_hours.calendar()
    calendars = Calendars({}).with_default(hours)
    basis = gather(snapshot_of(district), Memory(), calendars, at=AT, days=365)
    made = judge(basis, measure_wireless(basis, history_of(district), POLICY.recent_days), POLICY)
    assert report(made, basis).sheet("areas").rows[0].evidence["verdict"]
    return made


def planted(district: District, name: str) -> set[str]:
    (found,) = (one for one in district.planted if one["condition"] == name)
    return set(found["access_points"])  # type: ignore[call-overload]


def test_the_crowded_wing_is_on_top_with_the_right_evidence(district: District, plan: WirelessPlan) -> None:
    first = plan.areas[0]
    assert {one.point.name for one in first.points} == planted(district, "access-points-overloaded")
    assert first.verdict in (Verdict.ADD, Verdict.REPLACE)
    assert first.estimate is not None
    assert first.estimate.low >= 1
    assert first.others is not None
    assert first.others < POLICY.airtime.others.value
    told = [item.text for item in first.evidence]
    assert any("access points full in class time" in text for text in told)
    assert any("airtime" in text and "95th percentile" in text for text in told)
    assert not [one for one in plan.areas[1:] if one.verdict.buys]


def test_the_wing_on_one_channel_gets_another_plan_instead(district: District, plan: WirelessPlan) -> None:
    second = plan.areas[1]
    assert {one.point.name for one in second.points} == planted(district, "access-points-on-one-channel")
    assert second.verdict is Verdict.RECHANNEL
    assert second.estimate is None
    assert second.others is not None
    assert second.others > 0.7


def test_all_others_are_left(district: District, plan: WirelessPlan) -> None:
    assert {one.verdict for one in plan.areas[2:]} == {Verdict.LEAVE}
