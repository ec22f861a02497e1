"""Parts of the criteria that need more than one device, or counts of people."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from replacement_district import (
    AT,
    LIFECYCLE,
    SPEED,
    District,
    by_name,
    lesson_load,
    part,
    points,
)

from netwatch.model import (
    Alert,
    AlertState,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    PlaceId,
    PlaceKind,
    SchoolFacts,
    Severity,
)
from netwatch.planning.basis import Incident, incidents_of
from netwatch.planning.lifecycle import Flaw, Lifecycle

OLD = date(2008, 8, 1)
MEGABIT = 1e6 / 8


def access_points(district: District, switch: str, count: int, megabits: float | None = 1000) -> None:
    for number in range(count):
        name = f"{switch}-ap-{number}"
        district.device(name, kind=DeviceKind.WIRELESS, role="ap")
        port = district.part(switch, f"port {number}", EntityKind.INTERFACE)
        district.link(port, name)
        if megabits is not None:
            district.reading(SPEED, port, megabits * MEGABIT)


@pytest.mark.parametrize(
    ("count", "megabits", "given"), [(4, 1000, 0), (20, 1000, True), (20, 10000, 0), (20, None, None)]
)
def test_an_uplink_is_slow_for_what_hangs_on_it(count, megabits, given) -> None:
    district = District()
    district.device("core", role="core")
    district.device("sw")
    uplink = district.part("sw", "uplink", EntityKind.INTERFACE)
    district.link(uplink, "core")
    if megabits is not None:
        district.reading(SPEED, uplink, megabits * MEGABIT)
    access_points(district, "sw", count)
    asset = by_name(district.plan())["sw"]
    judged = part(asset, "uplink_speed")
    if given is None:
        assert "uplink speed" in asset.unknown
        assert judged.points == 0
    else:
        assert (judged.points > 0) == bool(given)
        assert f"{count} access points behind 1 uplink of {megabits:,} Mb/s" in judged.evidence[0].text


def test_ports_at_100_megabits_that_bear_access_points_count() -> None:
    district = District()
    for name, megabits in (("slow", 100), ("fast", 1000), ("unread", None)):
        district.device(name)
        access_points(district, name, 2, megabits)
    found = by_name(district.plan())
    assert points(found["slow"])["slow_ports"] > 0
    assert "2 ports with an access point at 100 Mb/s or less: port 0, port 1" in (
        part(found["slow"], "slow_ports").evidence[0].text
    )
    assert points(found["fast"])["slow_ports"] == 0
    assert "port speed" not in found["fast"].unknown
    assert "port speed" in found["unread"].unknown


def test_a_full_poe_budget_counts_in_class_time() -> None:
    district = District()
    for name, watts in (("full", 700.0), ("half", 350.0)):
        district.device(name)
        group = district.part(name, "poe", EntityKind.PSE)
        district.reading("netwatch_pse_budget_watts", group, 740)
        district.history.add("netwatch_pse_used_watts", group, lesson_load(watts))
    found = by_name(district.plan())
    assert points(found["full"])["poe_budget"] > 0
    assert points(found["half"])["poe_budget"] == 0
    assert "PoE budget" not in found["half"].unknown


def test_the_generation_of_an_access_point_is_told_by_radios_or_by_the_model() -> None:
    district = District()
    for name, model in (("six", "X-1"), ("five", "UAP-AC-PRO"), ("what", "X-2")):
        district.device(name, kind=DeviceKind.WIRELESS, role="ap", model=model)
    radio = EntityId(district.part("six", "radio2", EntityKind.RADIO))
    district.entities[radio] = dataclasses.replace(district.entities[radio], facts={"band": "6ghz"})
    district.reading("netwatch_radio_channel", radio, 37)
    district.device("sw")
    found = by_name(district.plan())
    assert points(found["six"])["wifi_generation"] == 0
    assert "a radio at 6 GHz" in part(found["six"], "wifi_generation").evidence[0].text
    assert points(found["five"])["wifi_generation"] == 1
    assert "Wi-Fi generation" in found["what"].unknown
    assert "Wi-Fi generation" not in found["sw"].unknown


def test_students_are_counted_by_the_classrooms_that_hang_on_a_device() -> None:
    district = District(schools={PlaceId("d/big"): SchoolFacts(enrolment=400, classrooms=20)})
    for name, rooms in (("half", 10), ("all", 40), ("none", 0)):
        serves = tuple(PlaceId(f"d/big/r{number}") for number in range(rooms))
        district.device(name, installed=OLD, place=PlaceId("d/big"), serves=serves)
    snapshot = district.snapshot()
    big = snapshot.inventory.places.by_id[PlaceId("d/big")]
    rooms = {
        PlaceId(f"d/big/r{number}"): dataclasses.replace(
            big, id=PlaceId(f"d/big/r{number}"), kind=PlaceKind.ROOM, parent=big.id, school=None
        )
        for number in range(40)
    }
    places = dataclasses.replace(
        snapshot.inventory.places, by_id={**snapshot.inventory.places.by_id, **rooms}
    )
    inventory = dataclasses.replace(snapshot.inventory, places=places)
    district.snapshot = lambda: dataclasses.replace(snapshot, inventory=inventory)  # type: ignore[method-assign]
    found = by_name(district.plan())
    assert "about 200 students" in part(found["half"], "people").evidence[0].text
    assert "about 400 students" in part(found["all"], "people").evidence[0].text
    assert points(found["all"])["people"] > points(found["half"])["people"] > 0
    assert "people served" in found["none"].unknown


@pytest.mark.parametrize(("clients", "told"), [(40, "40 wireless clients"), (3, "under 5 wireless clients")])
def test_clients_are_counted_and_few_are_not_told(clients, told) -> None:
    district = District()
    district.device("sw", installed=OLD)
    access_points(district, "sw", 1)
    radio = district.part("sw-ap-0", "radio0", EntityKind.RADIO)
    district.history.add("netwatch_radio_clients", radio, lesson_load(clients), labels=("",))
    district.device("core", role="core")
    district.link("sw", "core")
    found = by_name(district.plan())
    (evidence,) = part(found["sw"], "people").evidence
    assert told in evidence.text
    assert evidence.value == (clients if clients >= 5 else None)


def test_what_a_controller_counts_is_not_counted_twice() -> None:
    district = District()
    district.device("wlc", kind=DeviceKind.WIRELESS, role="controller", installed=OLD)
    district.history.add("netwatch_device_clients", "wlc", lesson_load(100))
    key = EntityId("ap")
    facts = {"role": "ap", "kind": "wireless"}
    district.entities[key] = Entity(key, EntityKind.DEVICE, key, EntityId("wlc"), "", "", "ap", facts)
    radio = district.part("ap", "radio0", EntityKind.RADIO)
    district.history.add("netwatch_radio_clients", radio, lesson_load(30), labels=("",))
    found = by_name(district.plan())
    assert "30 wireless clients" in part(found["wlc"], "people").evidence[0].text


def test_power_is_that_of_the_whole_and_not_counted_twice() -> None:
    district = District()
    watts = {
        "whole": {"System total power": 300, "PSU 1 input": 160, "PSU 2 input": 150},
        "supplies": {"PSU 1": 160, "PSU 2": 150, "PoE power used 1": 400},
        "nothing": {"PoE power used 1": 400, "PSU 1 output": 90},
    }
    for name, sensors in watts.items():
        district.device(name)
        for sensor, value in sensors.items():
            entity = district.part(name, sensor, EntityKind.SENSOR)
            district.reading("netwatch_sensor_power_watts", entity, value)
            district.history.add("netwatch_sensor_power_watts", entity, value)
    found = by_name(district.plan())
    assert "draws 300 W" in part(found["whole"], "power").evidence[0].text
    assert "draws 310 W" in part(found["supplies"], "power").evidence[0].text
    assert "power drawn" in found["nothing"].unknown


def alert(rule: str, fired: float | None, resolved: float | None, **changes) -> Alert:
    fields = {
        "id": f"{rule}-{fired}",
        "rule": rule,
        "entity": EntityId("sw"),
        "device": EntityId("sw"),
        "state": AlertState.FIRING if resolved is None else AlertState.RESOLVED,
        "severity": Severity.WARNING,
        "since": fired or 0.0,
        "fired": fired,
        "resolved": resolved,
        "value": None,
        "summary": "",
    }
    return Alert(**{**fields, **changes})


def test_only_what_somebody_had_to_deal_with_is_an_incident() -> None:
    start, end = 1000.0, 2000.0
    found = incidents_of(
        [
            alert("Kept", 1100, 1200),
            alert("Open", 1900, None),
            alert("Before", 100, 900),
            alert("Later", 2100, None),
            alert("Pending", None, None),
            alert("Explained", 1100, 1200, suppressed_by="x"),
            alert("Told", 1100, 1200, severity=Severity.INFO),
            alert("Across", 900, 1100),
        ],
        start,
        end,
    )
    assert found == {
        "sw": (Incident("Across", 900, 1100), Incident("Kept", 1100, 1200), Incident("Open", 1900, None))
    }
    assert [one.seconds(start, end) for one in found[EntityId("sw")]] == [100, 100, 100]


def test_one_incident_that_nobody_closed_counts_eight_hours() -> None:
    district = District()
    district.device("sw")
    district.device("calm")
    hour, day = 3600.0, 86400.0
    incidents = {EntityId("sw"): (Incident("Fan", AT - 90 * day, None), Incident("Port", AT - 2 * hour, AT))}
    found = by_name(district.plan(incidents=incidents))
    (evidence,) = part(found["sw"], "incidents").evidence
    assert (
        evidence.text
        == "2 incidents in 365 days, open for 10.0 hours with at most 8 of each: Fan (1), Port (1)"
    )
    assert points(found["sw"])["incidents"] > 0
    assert part(found["calm"], "incidents").evidence[0].text == "0 incidents in 365 days, open for 0.0 hours"
    assert "incident history" not in found["calm"].unknown
    assert "incident history" in by_name(district.plan())["calm"].unknown


@pytest.mark.parametrize(
    ("vendor", "versions", "ended", "given", "unknown"),
    [
        ("acme", ("1.*",), None, 3.5, ""),
        ("acme", ("2.*",), None, 0, ""),
        ("acme", (), None, 0, "versions with exploited flaws"),
        ("acme", (), date(2023, 1, 1), 3.5, ""),
        ("acme", (), date(2025, 1, 1), 0, "versions with exploited flaws"),
        ("other", ("1.*",), None, 0, "known flaws"),
    ],
)
def test_a_flaw_counts_if_its_version_has_it_or_nobody_fixes_it_any_more(
    vendor, versions, ended, given, unknown
) -> None:
    district = District()
    district.device("sw", vendor=vendor, version="1.2")
    milestones = [
        one.model_copy(update={"on": ended, "vendor": "*", "models": ("S-48",), "versions": ()})
        for one in LIFECYCLE.milestones
        if one.milestone == "last_day_of_support" and ended is not None
    ][:1]
    flaw = Flaw(
        cve="CVE-2024-0001",
        vendor="acme",
        models=("S-48",),
        versions=versions,
        added=date(2024, 5, 1),
        source="a catalogue",
        checked_on=date(2024, 6, 1),
    )
    facts = Lifecycle(LIFECYCLE.useful_lives, tuple(milestones), flaws=(flaw,))
    (asset,) = district.plan(lifecycle=facts).assets
    assert points(asset)["exploited_flaws"] == given
    about = {"versions with exploited flaws", "known flaws"}
    assert set(asset.unknown) & about == ({unknown} if unknown else set())
