"""The district: determinism, topology, planted conditions and what the agents show of them."""

from __future__ import annotations

import collections
import itertools
from pathlib import Path
from typing import Any

import pytest

from netwatch.errors import ConfigError
from netwatch.model import DeviceKind
from netwatch.simulate import District, World, ground_truth, load_district

START = 1_700_000_000.0
TUESDAY = 86400.0 + 10.5 * 3600


@pytest.fixture(scope="module")
def district() -> District:
    return load_district()


@pytest.fixture(scope="module")
def world(district: District) -> World:
    return World(district, START, TUESDAY)


def planted(district: District, name: str) -> dict[str, Any]:
    return dict(next(one for one in district.planted if one["condition"] == name))


def column(world: World, device: str, oid: str, at: float = 0.0) -> dict[tuple[int, ...], Any]:
    root = tuple(map(int, oid.split(".")))
    view = world.model(device).view
    return {one[len(root) :]: view.value(one, at) for one in view.oids(root)}


def test_size_and_kinds(district: District) -> None:
    assert len(district.devices) == 150
    assert len(district.schools) == 13
    assert len({device.address for device in district.devices}) == 150
    assert len({device.name for device in district.devices}) == 150
    kinds = {device.template.kind for device in district.devices}
    assert kinds == set(DeviceKind) - {DeviceKind.OTHER}
    roles = {device.template.role for device in district.devices}
    assert {
        "core",
        "distribution",
        "access",
        "controller",
        "hypervisor",
        "fc",
        "pbx",
        "gateway",
        "ups",
    } <= roles
    vendors = collections.defaultdict(set)
    for device in district.devices:
        vendors[device.template.kind].add(device.template.vendor)
    assert all(len(names) >= 2 for names in vendors.values()), vendors
    assert sum(1 for device in district.devices if device.user) >= 8


@pytest.mark.parametrize("scale", [1, 5, 30, 99, 149, 150, 400])
def test_scale_is_met(scale: int) -> None:
    assert len(load_district(scale=scale).devices) == scale


def test_ten_thousand() -> None:
    district = load_district(scale=10_000)
    assert len(district.devices) == 10_000
    assert len(district.schools) == 201
    assert len({device.address for device in district.devices}) == 10_000
    assert all(device.address.startswith("127.") for device in district.devices)


def test_same_seed_same_district(world: World) -> None:
    again = World(load_district(), START, TUESDAY)
    other = World(load_district(seed=2), START, TUESDAY)
    for name in ("do-core-01", "do-wlc-01", "lhs-sw-01"):
        first, second = world.model(name).view, again.model(name).view
        assert list(first.oids()) == list(second.oids())
        assert [first.value(oid, 77.0) for oid in first.oids()] == [
            second.value(oid, 77.0) for oid in second.oids()
        ]
    assert ground_truth(world) == ground_truth(again)
    assert district_serials(world.district).isdisjoint(district_serials(other.district))


def district_serials(district: District) -> set[str]:
    return {device.serial for device in district.devices if len(device.serial) > 6}


def test_every_value_can_be_read(world: World) -> None:
    for name in {device.template_name: device.name for device in world.district.devices}.values():
        view = world.model(name).view
        assert len(view) > 20
        for position, oid in enumerate(view.oids()):
            assert view.varbind(position, 123.0)
            view.value(oid, 123.0)


def test_lldp_is_symmetric(world: World) -> None:
    told = set()
    local_name = "1.0.8802.1.1.2.1.3.7.1.3"
    for device in world.district.devices:
        names = column(world, device.name, local_name)
        ports = column(world, device.name, "1.0.8802.1.1.2.1.4.1.1.7")
        for index, remote in column(world, device.name, "1.0.8802.1.1.2.1.4.1.1.9").items():
            local = names[(index[1],)]
            told.add((device.name, local.decode(), remote.decode(), ports[index].decode()))
    speaking = {one[0] for one in told}
    polled = {one for one in told if one[2] in speaking}
    assert len(polled) > 100
    for name, port, remote, remote_port in polled:
        if world.up(name):  # who is up does not hear who is down
            back = (remote, remote_port, name, port) in told
            assert back or not world.up(remote)


def test_both_ends_of_a_link_count_the_same(world: World) -> None:
    link = next(one for one in world.district.links if one.lower.name == "rms-sw-01")
    out = f"1.3.6.1.2.1.31.1.1.1.10.{link.upper_port + 1}"
    into = f"1.3.6.1.2.1.31.1.1.1.6.{link.lower_port + 1}"
    sent = world.counter(link.upper.name, out, START + 600) - world.counter(link.upper.name, out, START)
    received = world.counter(link.lower.name, into, START + 600) - world.counter(link.lower.name, into, START)
    assert abs(sent - received) <= 1
    assert sent > 0


def test_core_switch_down(world: World) -> None:
    truth = planted(world.district, "core-switch-down")
    assert truth["behind"]
    assert truth["access_points"]
    school = world.district.device(truth["device"]).school
    for device in world.district.devices:
        assert device.down == (device.school is school), device.name
    uplink = next(one for one in world.district.links if one.lower.name == truth["device"])
    oper = f"1.3.6.1.2.1.2.2.1.8.{uplink.upper_port + 1}"
    assert world.value(uplink.upper.name, oper, START) == 2
    status = column(world, "do-wlc-01", "1.3.6.1.4.1.14179.2.2.1.1.6")
    names = column(world, "do-wlc-01", "1.3.6.1.4.1.14179.2.2.1.1.3")
    lost = {names[index].decode() for index, value in status.items() if value != 1}
    assert lost == set(truth["access_points"]) & {name.decode() for name in names.values()}


def test_saturated_uplink(world: World) -> None:
    truth = planted(world.district, "saturated-uplink")
    link = next(one for one in world.district.links if one.lower.name == truth["device"])
    oid = f"1.3.6.1.2.1.31.1.1.1.6.{link.lower_port + 1}"
    speed = world.value(truth["device"], f"1.3.6.1.2.1.31.1.1.1.15.{link.lower_port + 1}", START) * 125_000
    rate = (
        world.counter(truth["device"], oid, START + 300) - world.counter(truth["device"], oid, START)
    ) / 300
    assert 0.9 < rate / speed <= 1.0


def test_volume_fills(world: World) -> None:
    truth = planted(world.district, "volume-filling")
    names = column(world, truth["device"], "1.3.6.1.2.1.25.2.3.1.3")
    row = next(index for index, name in names.items() if name.decode() == truth["entity"]["natural"])
    size, used = (f"1.3.6.1.2.1.25.2.3.1.{number}.{row[0]}" for number in (5, 6))
    total = world.value(truth["device"], size, START)
    assert world.value(truth["device"], used, START) / total == pytest.approx(truth["share"], abs=0.001)
    later = START + truth["full_in_days"] * 86400
    assert world.value(truth["device"], used, later) / total == pytest.approx(1.0, abs=0.001)


def test_overloaded_access_points(world: World) -> None:
    truth = planted(world.district, "access-points-overloaded")
    radios = world.model(truth["device"]).groups["radios"]
    busy = [row["airtime"](0.0) for row in radios if row["mac"] in truth["macs"] and row["band"] == 5]
    others = [row["airtime"](0.0) for row in radios if row["mac"] not in truth["macs"] and row["band"] == 5]
    assert sum(busy) / len(busy) > 1.5 * sum(others) / len(others)


def test_failed_power_supply(world: World) -> None:
    truth = planted(world.district, "power-supply-failed")
    model = world.model(truth["device"])
    bad = [row["name"] for row in model.groups["supplies"] if row["failed"].items() <= row.items()]
    assert bad == [truth["entity"]["natural"]]


def test_flapping_port(world: World) -> None:
    truth = planted(world.district, "port-flapping")
    names = column(world, truth["device"], "1.3.6.1.2.1.31.1.1.1.1")
    row = next(index[0] for index, name in names.items() if name.decode() == truth["entity"]["natural"])
    oid = f"1.3.6.1.2.1.2.2.1.8.{row}"
    seen = [world.value(truth["device"], oid, START + second) for second in range(0, 600, 10)]
    assert set(seen) == {1, 2}
    assert sum(a != b for a, b in itertools.pairwise(seen)) >= 6


def test_counters_that_wrap(world: World) -> None:
    truth = planted(world.district, "counters-wrap")
    assert not column(world, truth["device"], "1.3.6.1.2.1.31.1.1.1.6")
    names = column(world, truth["device"], "1.3.6.1.2.1.2.2.1.2")
    row = next(index[0] for index, name in names.items() if name.decode() == truth["entity"]["natural"])
    oid = f"1.3.6.1.2.1.2.2.1.10.{row}"
    shown = [world.value(truth["device"], oid, START + step * 30) for step in range(20)]
    assert any(later < earlier for earlier, later in itertools.pairwise(shown))
    for step, value in enumerate(shown):
        assert world.counter(truth["device"], oid, START + step * 30) % 2**32 == value


def test_reboot(world: World) -> None:
    truth = planted(world.district, "reboot")
    at = START + truth["since_seconds"]
    name = truth["device"]
    assert world.value(name, "1.3.6.1.2.1.1.3.0", at - 1) > 8_640_000
    assert world.value(name, "1.3.6.1.2.1.1.3.0", at + 1) == 100
    assert world.counter(name, "1.3.6.1.2.1.2.2.1.10.49", at) == 0
    assert not ground_truth(world, at - 1)["conditions"][truth_number(world, "reboot")]["holds"]
    assert ground_truth(world, at + 1)["conditions"][truth_number(world, "reboot")]["holds"]


def truth_number(world: World, name: str) -> int:
    return next(at for at, one in enumerate(world.district.planted) if one["condition"] == name)


def test_sip_trunk_down(world: World) -> None:
    truth = planted(world.district, "sip-trunk-down")
    names = column(world, truth["device"], "1.3.6.1.2.1.31.1.1.1.1")
    row = next(index[0] for index, name in names.items() if name.decode() == truth["entity"]["natural"])
    assert world.value(truth["device"], f"1.3.6.1.2.1.2.2.1.8.{row}", START) == 2
    assert b"SIP trunk" in world.value(truth["device"], f"1.3.6.1.2.1.31.1.1.1.18.{row}", START)


def test_gear_past_end_of_support(district: District) -> None:
    old = [one for one in district.planted if one["condition"] == "past-end-of-support"]
    assert {district.device(str(one["device"])).template.kind.value for one in old} >= {"switch", "server"}
    assert all(str(one["support_ended"]) < "2026-11-22" for one in old)
    assert all(district.device(str(one["device"])).installed < "2018" for one in old)


def test_all_conditions_are_planted(district: District) -> None:
    names = {spec.name for spec in district.library.district.conditions}
    assert {one["condition"] for one in district.planted} == names
    assert len(names) >= 13


def write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("templates: {a: {kind: swich}}", "gear.yaml:1: templates.a.kind"),
        ("templates: {a: {sysdescr: x}}", "did you mean 'sys_descr'"),
        ("templates: {a: {mibs: [systm]}}", "did you mean 'system'"),
        ("templates: {a: {extends: b}}", "templates.a.extends"),
        ("templates: {a: {extends: a}}", "templates.a.extends"),
        ("mibs: {system: {objects: {'1.3': number 7}}}", "'number' is no type"),
        ("mibs: {system: {objects: {'1.3': integer 7 +}}}", "is no expression"),
        ("mibs: {system: {objects: {'1.3': integer __import__(0)}}}", "only numbers, attributes"),
        ('mibs: {system: {objects: {"1.3": "string ={name"}}}', "a brace that encloses no attribute"),
        ("templates: [", "is not valid YAML"),
    ],
)
def test_bad_yaml_gives_problems(tmp_path: Path, text: str, expected: str) -> None:
    mibs = "" if "system:" in text else "mibs: {system: {}}\n"
    with pytest.raises(ConfigError) as caught:
        load_district(write(tmp_path, "gear.yaml", text + "\n" + mibs))
    assert expected in str(caught.value)
    assert caught.value.problems


def test_a_district_of_ones_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        "gear.yaml",
        "mibs: {system: {objects: {1.3.6.1.2.1.1.5.0: 'string ={name}'}}}\n"
        "templates: {box: {kind: server, role: server, mibs: [system], sys_object_id: 1.3.6.1.4.1.9}}\n",
    )
    write(
        tmp_path,
        "district.yaml",
        "name: Tiny\nslug: tiny\nweek: {weekday: [['00:00', 0.1]], weekend: [['00:00', 0.1]]}\n"
        "levels: {high: {enrolment: 10, staff: 1, classrooms: 1, wings: 1, access_points: 0}}\n"
        "schools: [{name: One, slug: one, level: high}]\noffice: [{template: box, name: box, attach: none}]\n"
        "school: [{template: box, name: box, fill: true}]\naccess_point: {}\n",
    )
    district = load_district(tmp_path, scale=7)
    assert len(district.devices) == 7
    assert World(district, START).value("do-box-01", "1.3.6.1.2.1.1.5.0", START) == b"do-box-01"
