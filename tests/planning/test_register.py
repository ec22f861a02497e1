"""What does not agree with the register comes out, with both sides and since when; what agrees does not."""

from __future__ import annotations

import pickle
import random
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_world import AT, DAY, LINCOLN, ROOSEVELT, STORE, World

from netwatch.model import Asset, AssetLocation, AssetState, Witness, WitnessKind
from netwatch.planning import load_lifecycle, reconcile
from netwatch.planning.basis import day_of
from netwatch.planning.lifecycle import FindingKind, Reconciliation, register_report
from netwatch.resources import config_dir

LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")


def compare(world: World) -> Reconciliation:
    return reconcile(world.basis(), LIFECYCLE)


def told(world: World) -> list[tuple[FindingKind, str, str]]:
    return [(one.kind, one.name, one.serial) for one in compare(world).findings]


@pytest.fixture
def world() -> World:
    """Three switches at two schools, and a spare: nothing to find."""
    out = World()
    for name, place in (("sw-1", LINCOLN), ("sw-2", LINCOLN), ("hs-1", ROOSEVELT), ("hs-2", ROOSEVELT)):
        out.device(name, f"SN-{name}", place=place)
    out.assets.append(Asset("SN-spare", model="S-48", place=STORE))
    out.link("sw-1", "sw-2")
    out.link("hs-1", "hs-2")
    out.link("sw-1", "hs-1")
    return out


def test_what_agrees_is_not_told(world: World) -> None:
    found = compare(world)
    assert found.findings == ()
    assert [one.subject.name for one in found.lines] == ["S-48 SN-spare", "hs-1", "hs-2", "sw-1", "sw-2"]
    line = found.lines[1]
    assert (line.by_serial, line.last_seen, line.first_seen) == (True, AT, AT - 400 * DAY)
    assert line.due == day_of(AT).replace(year=2028)


def test_serial_numbers_are_compared_as_the_ledger_writes_them(world: World) -> None:
    world.device("sw-3", "abc-1", tells="ABC-1")
    assert told(world) == []


def test_an_exchanged_serial_number_with_both_sides_and_the_day(world: World) -> None:
    world.device("sw-3", "SN-old", tells="")
    world.tenure("SN-old", "sw-3", first=900, last=41, ended=40)
    world.tenure("SN-spare", "sw-3", first=40)
    (found,) = compare(world).findings
    assert (found.kind, found.name, found.serial) == (FindingKind.SWAPPED, "sw-3", "SN-old")
    assert found.detail == "register: SN-old; seen: SN-SPARE, spare by the register"
    assert found.since == AT - 40 * DAY
    assert [item.text for item in found.evidence] == [
        f"SN-OLD in sw-3 from {day_of(AT - 900 * DAY)}, left {day_of(AT - 40 * DAY)}"
    ]


def test_a_serial_number_that_was_never_the_one_of_the_register(world: World) -> None:
    world.device("sw-3", "SN-label", tells="SN-other")
    (found,) = compare(world).findings
    assert (found.kind, found.detail) == (
        FindingKind.SWAPPED,
        "register: SN-label; seen: SN-OTHER, not in the register",
    )


def test_a_member_of_a_stack_that_nobody_entered_and_one_that_left(world: World) -> None:
    world.device("stack", "SN-m1")
    world.assets += [Asset("SN-m2", "stack"), Asset("SN-m3", "stack")]
    for number in (1, 2, 4):
        world.member("stack", f"SN-m{number}")
        world.tenure(f"SN-m{number}", "stack", f"Switch {number}")
    assert told(world) == [
        (FindingKind.UNREGISTERED, "stack", "SN-M4"),
        (FindingKind.NOT_SEEN, "stack", "SN-m3"),
    ]


def test_seen_in_another_device(world: World) -> None:
    world.device("sw-3", "SN-3", seen=False, up=0.0, tells="")
    world.tenure("SN-3", "hs-1", "Slot 2", first=12)
    (found,) = compare(world).findings
    assert (found.kind, found.detail, found.seen_place, found.since) == (
        FindingKind.MOVED,
        "register: sw-3; seen: hs-1",
        ROOSEVELT,
        AT - 12 * DAY,
    )


@pytest.mark.parametrize("location", ["Roosevelt High, closet 2", "ROOSEVELT HIGH"])
def test_a_location_that_names_another_school(world: World, location: str) -> None:
    world.device("sw-3", "SN-3", location=location)
    (found,) = compare(world).findings
    assert (found.kind, found.register_place, found.seen_place) == (FindingKind.MOVED, LINCOLN, ROOSEVELT)
    assert found.evidence[0].text == f"its location reads: {location}"


@pytest.mark.parametrize(
    "location", ["", "closet 2", "Lincoln Elementary", "Roosevelt High or Lincoln Elementary"]
)
def test_a_location_that_names_no_other_school(world: World, location: str) -> None:
    world.device("sw-3", "SN-3", location=location)
    assert told(world) == []


def test_links_that_all_lead_to_another_school(world: World) -> None:
    world.device("sw-3", "SN-3")
    world.link("sw-3", "hs-1")
    world.link("sw-3", "hs-2")
    (found,) = compare(world).findings
    assert (found.kind, found.name, found.seen_place) == (FindingKind.MOVED, "sw-3", ROOSEVELT)
    world.link("sw-3", "sw-2")
    assert told(world) == []


def test_an_annex_that_hangs_on_another_school_did_not_move() -> None:
    world = World()
    world.device("annex", "SN-1", place=LINCOLN)
    world.device("hs-1", "SN-2", place=ROOSEVELT)
    world.link("annex", "hs-1")
    assert told(world) == []


def test_seen_and_not_entered(world: World) -> None:
    world.device("ap-9", entered=False, tells="SN-ap", parent="sw-1", vendor="Acme", model="AP-5")
    world.device("known", tells="SN-known")
    found = compare(world).findings
    assert [(one.kind, one.name, one.serial) for one in found] == [
        (FindingKind.UNREGISTERED, "ap-9", "SN-AP"),
        (FindingKind.UNREGISTERED, "known", "SN-KNOWN"),
    ]
    assert found[0].detail == "Acme AP-5; not entered"
    assert found[1].detail == "Acme S-48; polled, but without any fact of purchase"


def test_a_spare_and_a_disposed_thing_that_are_in_use(world: World) -> None:
    world.tenure("SN-spare", "sw-1", "Slot 1", first=9)
    world.assets.append(Asset("SN-gone", state=AssetState.DISPOSED, disposed=date(2026, 6, 30)))
    world.tenure("SN-gone", "sw-2", "Slot 1", first=8)
    found = compare(world).findings
    assert [(one.kind, one.serial) for one in found] == [
        (FindingKind.NOT_A_SPARE, "SN-spare"),
        (FindingKind.NOT_DISPOSED, "SN-gone"),
    ]
    assert found[1].detail == "register: disposed of on 2026-06-30; seen: sw-2"


def test_not_seen_says_since_when(world: World) -> None:
    world.device("away", "SN-away", up=0.0, tells="")
    world.tenure("SN-away", "away", first=500, last=45)
    world.device("never", "SN-never", up=0.0, seen=False)
    world.device("short", "SN-short", up=0.0, tells="")
    world.tenure("SN-short", "short", last=29)
    found = compare(world).findings
    assert [(one.kind, one.name, one.detail) for one in found] == [
        (FindingKind.NOT_SEEN, "away", f"last seen on {day_of(AT - 45 * DAY)}"),
        (FindingKind.NOT_SEEN, "never", "never seen in the 500 days of the ledger"),
    ]
    assert (found[0].since, found[1].since) == (AT - 45 * DAY, None)


def test_a_device_that_tells_no_serial_number_is_seen_by_its_function(world: World) -> None:
    world.device("mute", "SN-mute", tells="")
    found = compare(world)
    assert found.findings == ()
    line = next(one for one in found.lines if one.subject.name == "mute")
    assert (line.by_serial, line.last_seen) == (False, AT - 30)


def test_duplicates(world: World) -> None:
    world.assets += [Asset("SN-a", asset_tag="MV-7"), Asset("SN-b", asset_tag="mv-7")]
    world.tenure("SN-sw-1", "hs-2", "Slot 4", first=3)
    witness = Witness(WitnessKind.MAC, "00:00:5e:00:53:01")
    world.conflicts.append(("e-sw-1", "e-sw-2", witness))
    found = [one for one in compare(world).findings if one.kind is FindingKind.DUPLICATE]
    assert sorted(one.detail for one in found) == [
        "asset tag MV-7 stands for SN-a, SN-b",
        "serial number SN-SW-1 is told by hs-2, sw-1",
        "sw-1 and sw-2 show the same mac 00:00:5e:00:53:01",
    ]


def test_a_physical_inventory_is_due_two_years_after_the_last_sight(world: World) -> None:
    spare = world.assets[-1]
    for changes, due in (
        ({}, None),
        ({"installed": date(2024, 2, 29)}, date(2026, 2, 28)),
        ({"installed": date(2024, 2, 29), "verified": date(2026, 6, 1)}, date(2028, 6, 1)),
        ({"state": AssetState.DISPOSED, "verified": date(2026, 6, 1)}, None),
    ):
        world.assets[-1] = replace(spare, **changes)
        assert next(one for one in compare(world).lines if one.asset.serial == "SN-spare").due == due


def test_missing_facts_of_an_asset(world: World) -> None:
    world.assets = [
        replace(one, installed=date(2020, 8, 1), cost=100.0, fund="General")
        if one.serial == "SN-sw-1"
        else one
        for one in world.assets
    ]
    by_name = {one.subject.name: one.missing for one in compare(world).lines}
    assert by_name["sw-1"] == ("support dates", "exploited flaws", "warranty", "support contract")
    assert {"installed", "cost", "fund"} <= set(by_name["sw-2"])
    assert not {"place", "support contract"} & set(by_name["S-48 SN-spare"])


def test_the_report_opens_down_to_the_ledger_and_to_what_people_entered(world: World) -> None:
    moves = (AssetLocation(ROOSEVELT, date(2015, 8, 1)), AssetLocation(LINCOLN, date(2019, 7, 1)))
    world.assets = [replace(one, locations=moves) if one.serial == "SN-sw-1" else one for one in world.assets]
    basis = world.basis()
    report = register_report(reconcile(basis, LIFECYCLE), basis)
    assert [sheet.name for sheet in report.sheets] == ["findings", "assets", "locations"]
    (row,) = [one for one in report.sheet("assets").rows if one.key == "SN-sw-1"]
    assert [item.text for item in row.evidence["place"]] == [
        f"SN-SW-1 in sw-1 from {day_of(AT) - timedelta(days=400)}, last seen {day_of(AT)}",
        "at d/lincoln-es from 2019-07-01",
        "at d/roosevelt-hs from 2015-08-01",
    ]
    locations = report.sheet("locations")
    entered = [one.cells for one in locations.rows if one.cells[-1] == "inventory"]
    assert [(cells[locations.place("place")], cells[locations.place("until")]) for cells in entered] == [
        (ROOSEVELT, date(2019, 7, 1)),
        (LINCOLN, None),
    ]
    public = {column.key for sheet in report.sheets for column in sheet.columns if column.public}
    assert not public & {"serial", "name", "device", "place", "detail", "asset_tag", "contract"}


@given(st.randoms(use_true_random=False))
@settings(max_examples=25, deadline=None)
def test_the_order_of_what_is_told_changes_nothing(chance: random.Random) -> None:
    """And the basis can be sent to a worker."""
    world = World()
    for number in range(6):
        world.device(f"sw-{number}", f"SN-{number}", tells=f"SN-{(number * 2) % 7}")
    world.assets += [Asset("SN-6", model="S-48"), Asset("", model="S-48"), Asset("", model="S-48")]
    expected = register_report(compare(world), world.basis())
    for name in ("entities", "devices", "up"):
        rows = list(getattr(world, name).items())
        chance.shuffle(rows)
        setattr(world, name, dict(rows))
    chance.shuffle(world.assets)
    chance.shuffle(world.tenures)
    basis = pickle.loads(pickle.dumps(world.basis()))
    assert register_report(reconcile(basis, LIFECYCLE), basis) == expected
