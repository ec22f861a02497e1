"""The list is right: weak gear on top, for the right reasons; sums exact, nothing unknown hidden."""

from __future__ import annotations

import dataclasses
import random
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import (
    AIRTIME,
    AT,
    ERRORS,
    LIFECYCLE,
    POLICY,
    REBOOTS,
    RX,
    SCHOOL,
    SPEED,
    TX,
    UP,
    District,
    by_name,
    lesson_load,
    part,
    points,
    rank_replacements,
    reason,
)

from netwatch.documents import parse_yaml
from netwatch.model import (
    Asset,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
)
from netwatch.planning import (
    Lifecycle,
    Topology,
    load_policy,
)
from netwatch.resources import config_dir


@pytest.fixture
def district() -> District:
    """A core with six healthy access switches, and one of each weakness."""
    out = District()
    out.device("firewall", kind=DeviceKind.FIREWALL, role="firewall")
    out.device("core", role="core")
    out.link("firewall", "core")
    for name in ("sw-1", "sw-2", "sw-old", "sw-eol", "sw-psu", "sw-full"):
        old, eol = name == "sw-old", name == "sw-eol"
        out.device(
            name,
            installed=date(2014, 8, 1) if old else date(2024, 8, 1),
            vendor="Cisco" if eol else "acme",
            model="WS-C2960+48PST-L" if eol else "S-48",
            serves=(PlaceId(f"d/s/room-{name}"),),
        )
        uplink = out.part(name, "uplink", EntityKind.INTERFACE)
        out.link(uplink, "core")
        out.reading(SPEED, uplink, 125e6)
        out.history.add(RX, uplink, lesson_load(119e6 if name == "sw-full" else 10e6))
        out.history.add(TX, uplink, lesson_load(5e6))
        psu = out.part(name, "psu 1", EntityKind.SENSOR)
        out.reading("netwatch_sensor_state_level", psu, 2 if name == "sw-psu" else 0)
    return out


def test_planted_weakness_comes_out_on_top_for_the_right_reason(district: District) -> None:
    plan = district.plan()
    assert {asset.name for asset in plan.assets[:4]} == {"sw-old", "sw-eol", "sw-psu", "sw-full"}
    reasons = {"sw-old": "age", "sw-eol": "no_fixes", "sw-psu": "parts_failed", "sw-full": "saturation"}
    for name, why in reasons.items():
        assert reason(by_name(plan)[name]) == why
    assert by_name(plan)["sw-1"].score == 0
    assert by_name(plan)["core"].score == 0, "important, but nothing speaks for replacing it"


def test_evidence_opens_down_to_readings(district: District) -> None:
    found = by_name(district.plan())
    (psu,) = [
        item
        for one in found["sw-psu"].contributions
        for item in one.evidence
        if item.source == "netwatch_sensor_state_level"
    ]
    assert (psu.text, psu.value, psu.at) == ("psu 1: failed", 2, AT - 30)
    full = part(found["sw-full"], "saturation")
    assert full.evidence[0].value == pytest.approx(119 / 125)
    assert full.evidence[0].source == RX
    assert [item.text for item in part(found["sw-eol"], "no_fixes").evidence] == [
        "last day of support 2026-10-31, 1 month ago"
    ]
    eol = part(found["sw-eol"], "milestones")
    assert [item.text for item in eol.evidence] == [
        "last day of support 2026-10-31, 1 month ago",
        "end of sale 2021-10-31, 5.1 years ago",
    ]
    assert all(item.source.startswith("bulletin c51-744423; ") for item in eol.evidence)
    assert all(item.source.endswith("checked 2026-11-21, medium confidence") for item in eol.evidence)
    old = part(found["sw-old"], "age")
    assert "installed 2014-08-01, 12.3 years in use" in old.evidence[0].text


def test_every_score_is_the_exact_sum_and_every_point_has_evidence(district: District) -> None:
    for asset in district.plan().assets:
        scattered = list(asset.contributions)
        random.Random(asset.name).shuffle(scattered)
        assert asset.score == sum(one.points for one in scattered)
        for one in asset.contributions:
            assert one.points == sum(part.points for part in reversed(one.parts))
            assert all(part.evidence for part in one.parts if part.points > 0)
            assert {item for part in one.parts for item in part.evidence} <= set(one.evidence)
        names = ["likelihood", "consequence", "fitness", "security", "cost"]
        assert [one.name for one in asset.contributions] == names


def test_order_is_by_score_then_name_and_equal_scores_share_a_rank(district: District) -> None:
    plan = district.plan()
    assert [asset.score for asset in plan.assets] == sorted(
        (asset.score for asset in plan.assets), reverse=True
    )
    zero = [asset for asset in plan.assets if asset.score == 0]
    assert [asset.name for asset in zero] == sorted(asset.name for asset in zero)
    assert {asset.rank for asset in zero} == {5}
    district.entities = dict(reversed(district.entities.items()))
    district.devices = dict(reversed(district.devices.items()))
    district.assets.reverse()
    district.links.reverse()
    assert district.plan() == plan


def test_what_is_missing_is_told_and_earns_nothing() -> None:
    district = District()
    district.device("bare", installed=None, healthy=False, model="", role="")
    (asset,) = district.plan().assets
    assert asset.score == 0
    assert set(asset.unknown) == {
        "installed",
        "model",
        "uptime history",
        "reboot history",
        "state of parts",
        "interface errors",
        "temperature against a limit",
        "saturation",
        "PoE budget",
        "capacity date",
        "topology",
        "role",
        "rooms served",
        "people served",
        "known flaws",
        "power drawn",
        "price of support",
        "incident history",
    }


def test_an_unknown_class_and_a_model_without_dates_are_told() -> None:
    district = District()
    district.device("odd", kind=DeviceKind.OTHER)
    (asset,) = district.plan().assets
    assert {"useful life", "support dates"} <= set(asset.unknown)
    assert "installed" not in asset.unknown


def test_too_little_history_concludes_nothing() -> None:
    district = District()
    district.device("new", healthy=False)
    district.history.add(UP, "new", [0.0] * 3)
    (asset,) = district.plan().assets
    assert "uptime history" in asset.unknown
    assert points(asset)["likelihood"] == 0


def test_faults_from_history_count() -> None:
    district = District()
    for name in ("good", "bad"):
        district.device(name, healthy=False)
        port = district.part(name, "1", EntityKind.INTERFACE)
        district.history.add(UP, name, 1.0 if name == "good" else 0.97)
        district.history.add(REBOOTS, name, 0.0 if name == "good" else 5 / (720 * 3600))
        district.history.add(ERRORS, port, 0.0 if name == "good" else 1.0)
        district.history.add(RX, port, 1e5)
    plan = district.plan()
    bad, good = by_name(plan)["bad"], by_name(plan)["good"]
    assert points(good)["likelihood"] == 0
    given = [points(bad)[name] for name in ("unreachable", "reboots", "interface_errors")]
    assert given == [5, 4, 3]
    texts = [item.text for one in bad.contributions for item in one.evidence]
    assert "no answer for 21.6 of 720 measured hours" in texts
    assert "5 restarts in 30 measured days" in texts
    assert any(text.startswith("worst port 1: 2592000 errors in 259.2 GB") for text in texts)


def test_time_behind_a_fault_is_not_the_fault_of_what_is_behind() -> None:
    district = District()
    district.device("core", role="core", healthy=False)
    for name in ("middle", "leaf", "dual"):
        district.device(name, healthy=False)
    district.link("core", "middle")
    district.link("middle", "leaf")
    district.link("middle", "dual")
    district.link("core", "dual")
    outage = np.ones(720)
    outage[100:140] = 0
    longer = outage.copy()
    longer[140:150] = 0
    for name, up in (("core", np.ones(720)), ("middle", outage), ("leaf", longer), ("dual", outage)):
        district.history.add(UP, name, up)
    found = by_name(district.plan())
    texts = {name: part(found[name], "unreachable").evidence[0].text for name in found}
    assert texts["middle"] == texts["dual"] == "no answer for 40.0 of 720 measured hours"
    assert texts["leaf"] == (
        "no answer for 10.0 of 720 measured hours, and 40.0 more while what it hangs on was down"
    )


def test_what_is_full_counts_and_only_in_lessons() -> None:
    district = District()
    for name, load in (("busy", lesson_load(0.9)), ("night", 0.91 - lesson_load(0.9))):
        district.device(name, kind=DeviceKind.WIRELESS, role="access-point")
        radio = district.part(name, "radio0", EntityKind.RADIO)
        district.history.add(AIRTIME, radio, load, labels=("all",))
        district.history.add(AIRTIME, radio, np.ones(1440), labels=("tx",))
    district.device("san", kind=DeviceKind.STORAGE, role="array")
    volume = district.part("san", "vol1", EntityKind.VOLUME)
    district.reading("netwatch_volume_size_bytes", volume, 1e12)
    district.reading("netwatch_volume_used_bytes", volume, 0.97e12)
    disc = district.part("busy", "/cdrom", EntityKind.VOLUME)
    district.entities[disc] = dataclasses.replace(
        district.entities[disc], facts={"kind": "hrStorageCompactDisc"}
    )
    district.reading("netwatch_volume_size_bytes", disc, 7e8)
    district.reading("netwatch_volume_used_bytes", disc, 7e8)
    found = by_name(district.plan())
    assert not any("/cdrom" in item.text for one in found["busy"].contributions for item in one.evidence)
    assert points(found["busy"])["saturation"] == 8
    assert points(found["night"])["saturation"] == 0
    assert points(found["san"])["saturation"] == 8


def test_a_school_keeps_its_own_lesson_times() -> None:
    district = District()
    district.device("ap", kind=DeviceKind.WIRELESS, role="access-point")
    radio = district.part("ap", "radio0", EntityKind.RADIO)
    district.history.add(AIRTIME, radio, lesson_load(0.9), labels=("all",))
    hours = POLICY.school_hours.model_copy(update={"days": ("sat", "sun")})
    (quiet,) = district.plan(calendars={"bells": hours.calendar()}).assets
    assert points(quiet)["saturation"] == 0
    (other,) = district.plan(calendars={"elsewhere": hours.calendar()}).assets
    assert points(other)["saturation"] == 8


def test_consequence_counts_what_is_cut_off_and_grows_with_need() -> None:
    district = District()
    district.device("firewall", kind=DeviceKind.FIREWALL, role="firewall")
    for name in ("left", "right"):
        district.device(name, role="distribution", installed=date(2010, 1, 1))
        district.link("firewall", name)
    for number in range(5):
        district.device(f"leaf-{number}", installed=date(2010, 1, 1), life_safety=number == 0)
        district.link("left", f"leaf-{number}")
    district.device("dual", installed=date(2010, 1, 1))
    district.link("left", "dual")
    district.link("right", "dual")
    topology = Topology(district.snapshot())
    assert topology.behind(EntityId("left")) == {f"leaf-{number}" for number in range(5)}
    assert topology.behind(EntityId("right")) == frozenset()
    assert len(topology.behind(EntityId("firewall"))) == 8
    found = by_name(district.plan())
    assert points(found["left"])["consequence"] > points(found["right"])["consequence"]
    assert points(found["leaf-0"])["consequence"] > points(found["leaf-1"])["consequence"]


def test_what_gave_the_points_is_told_first() -> None:
    """The first piece of evidence is the reason that tables and spreadsheets show."""
    district = District()
    district.device("sw")
    psu = district.part("sw", "psu 2", EntityKind.SENSOR)
    district.reading("netwatch_sensor_state_level", psu, 2)
    (asset,) = district.plan().assets
    faults = next(one for one in asset.contributions if one.name == "likelihood")
    assert faults.evidence[0].text == "psu 2: failed"
    assert len(faults.evidence) > 1


def test_a_controller_counts_the_access_points_that_it_runs() -> None:
    district = District()
    for name in ("busy", "idle"):
        district.device(name, role="controller", kind=DeviceKind.WIRELESS, installed=date(2010, 1, 1))
    for number in range(10):
        key = EntityId(f"ap-{number}")
        district.entities[key] = Entity(
            key, EntityKind.DEVICE, key, EntityId("busy"), "", "", key, {"role": "ap"}
        )
    found = by_name(district.plan())
    assert points(found["busy"])["consequence"] > points(found["idle"])["consequence"]
    texts = [item.text for one in found["busy"].contributions for item in one.evidence]
    assert "10 devices cut off or stopped without it" in texts


def test_what_stands_at_no_school_is_listed_under_its_site() -> None:
    district = District()
    district.device("office-sw")
    office = Place(PlaceId("d/office"), PlaceKind.BUILDING, "District Office", PlaceId("d"))
    snapshot = district.snapshot()
    places = Places({**snapshot.inventory.places.by_id, office.id: office})
    entry = dataclasses.replace(district.devices["office-sw"], place=office.id)
    inventory = dataclasses.replace(snapshot.inventory, places=places, devices={"office-sw": entry})
    plan = rank_replacements(
        dataclasses.replace(snapshot, inventory=inventory), district.history, LIFECYCLE, POLICY, at=AT
    )
    assert plan.assets[0].school == "District Office"


@settings(max_examples=60, deadline=None)
@given(st.integers(2, 14), st.data())
def test_what_is_behind_a_device_equals_brute_force(count, data) -> None:
    district = District()
    for number in range(count):
        role = "core" if number == 0 else "access"
        district.device(f"d{number:02}", role=role, installed=None, healthy=False)
    pairs = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1)).filter(
        lambda pair: pair[0] != pair[1]
    )
    edges = data.draw(st.lists(pairs, min_size=1, max_size=24))
    for left, right in edges:
        district.link(f"d{left:02}", f"d{right:02}")
    topology = Topology(district.snapshot())

    def reach(without: int) -> set[int]:
        seen, todo = {0}, [0]
        while todo:
            here = todo.pop()
            for left, right in [*edges, *((b, a) for a, b in edges)]:
                if left == here and right != without and right not in seen:
                    seen.add(right)
                    todo.append(right)
        return seen

    for number in range(1, count):
        if number in reach(-1):
            expected = reach(-1) - reach(number) - {number}
            assert topology.behind(EntityId(f"d{number:02}")) == {f"d{other:02}" for other in expected}


def test_stack_members_spares_unseen_gear_and_vms() -> None:
    district = District()
    district.device("stack")
    district.assets.append(Asset("SN-second", "stack", model="S-48", installed=date(2012, 8, 1)))
    district.assets.append(Asset("SN-spare", "", vendor="acme", model="S-24", installed=date(2012, 8, 1)))
    district.devices["unseen"] = InventoryDevice("unseen", None, DeviceKind.SWITCH, "access", SCHOOL)
    district.device("vm-1", kind=DeviceKind.SERVER, role="vm")
    district.device("vm-2", kind=DeviceKind.SERVER, role="server", installed=None)
    district.reading("netwatch_device_vm_running", "vm-2", 1)
    plan = district.plan()
    lines = {(asset.name, asset.serial): asset for asset in plan.assets}
    assert set(lines) == {
        ("stack", "SN-stack"),
        ("stack", "SN-second"),
        ("acme S-24 SN-spare", "SN-spare"),
        ("unseen", ""),
        ("vm-1", "SN-vm-1"),
    } - {("vm-1", "SN-vm-1")}
    assert lines["stack", "SN-second"].score > lines["stack", "SN-stack"].score
    assert lines["acme S-24 SN-spare", "SN-spare"].device is None
    assert lines["unseen", ""].school == "Lincoln"


def test_an_access_point_behind_a_controller_is_matched_by_serial() -> None:
    district = District()
    key = EntityId("ap-entity")
    facts = {"kind": "wireless", "role": "access-point", "serial": "apsn1", "vendor": "acme", "model": "A"}
    district.entities[key] = Entity(
        key, EntityKind.DEVICE, key, EntityId("controller"), "02:00", "", "AP-7", facts
    )
    district.devices["ap-lib"] = InventoryDevice("ap-lib", None, None, "", SCHOOL, serial="APSN1")
    district.assets.append(Asset("APSN1", "ap-lib", installed=date(2019, 8, 1)))
    (asset,) = district.plan().assets
    assert (asset.name, asset.device, asset.kind, asset.serial) == ("ap-lib", key, "wireless", "APSN1")
    assert points(asset)["age"] > 0


def test_simulated_history_marks_the_plan(district: District) -> None:
    assert not district.plan().simulated
    district.history.add(UP, "core", 1.0, simulated=True)
    assert district.plan().simulated


def test_the_district_says_when_support_ends(district: District) -> None:
    district.assets = [
        dataclasses.replace(asset, support_until=date(2020, 1, 1)) if asset.device == "sw-1" else asset
        for asset in district.assets
    ]
    found = by_name(district.plan())["sw-1"]
    assert points(found)["milestones"] == 4
    assert points(found)["no_fixes"] == 0, "a contract that ended does not end the maker's fixes"


def test_software_that_ended_says_that_an_upgrade_may_be_enough() -> None:
    district = District()
    district.device("host", kind=DeviceKind.SERVER, role="hypervisor", vendor="VMware", model="ESXi 6.7")
    (host,) = district.plan().assets
    support = part(host, "no_fixes")
    assert support.points == 13
    assert "an upgrade may be enough" in support.evidence[0].text


def test_without_any_facts_there_is_still_a_list(district: District) -> None:
    plan = district.plan(lifecycle=Lifecycle())
    assert all("useful life" in asset.unknown for asset in plan.assets)
    assert plan.policy == POLICY.name


def test_another_policy_gives_another_order(district: District) -> None:
    text = (config_dir() / "planning" / "replacement.yaml").read_text(encoding="utf-8")
    changed = text.replace(
        "points: 14\n        # Years since inst", "points: 22\n        # Years since inst"
    ).replace("points: 8", "points: 0")
    plan = district.plan(policy=load_policy(parse_yaml(changed, "mine.yaml")))
    assert plan.assets[0].name == "sw-old"
    assert points(by_name(plan)["sw-full"])["saturation"] == 0
