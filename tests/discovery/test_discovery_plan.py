"""From a device to a plan, and from an answer to an observation."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from netwatch.discovery import Discovery, discover
from netwatch.errors import ConfigError, WireTimeout
from netwatch.model import (
    MOST_LABELS,
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    HttpAccess,
    HttpRequest,
    Instant,
    SnmpAccess,
    SnmpValue,
    SshAccess,
    Target,
    load_catalogue,
)
from netwatch.profiles import ProfileSet, TableMode, TablePlan, load_profiles
from netwatch.wire import HttpPage

AT = Instant(1_700_000_000.0, 50.0)
ID = EntityId("d1")
OID = "1.3.6.1.4.1.99999"

STANDARD = """
profile: standard
include: []
scalars:
  sys_descr: {oid: 1.3.6.1.2.1.1.1.0, static: true}
  sys_object_id: {oid: 1.3.6.1.2.1.1.2.0, static: true}
"""

DEVICE = """
profile: device
kind: wireless
role: controller
vendor: Example
match: [{sys_object_id: 1.3.6.1.4.1.99999}]
scalars:
  model: {oid: 1.3.6.1.4.1.99999.1.1.0, static: true}
  scale: 1.3.6.1.4.1.99999.1.2.0
identity: {model: text(model), serial: serial(model)}
tables:
  ports:
    oid: 1.3.6.1.4.1.99999.2.1
    columns: {name: 1, in32: {oid: 2, bits: 32}, in64: {oid: 3, bits: 64}, kind: 4}
    where: kind == 6
    entity:
      kind: interface
      key: ["{name}", "{index}"]
      facts: {name: text(name)}
      values: {netwatch_interface_receive_bytes_total: "first(in64, in32)"}
  aps:
    mode: churning
    oid: 1.3.6.1.4.1.99999.3.1
    columns: {name: 1, state: 2, serial: 3, clients: 4}
    let: {address: mac(index)}
    entity:
      kind: device
      key: "{address}"
      name: ["{name}", "{address}"]
      is: {kind: wireless, role: ap}
      facts: {serial: serial(serial), status: "'up' if state == 1 else 'down'", mac: address}
      witnesses: {mac: address, serial: serial(serial)}
      values:
        netwatch_device_up: state == 1
        netwatch_device_clients: {value: clients, when: state == 1}
  radios:
    mode: churning
    oid: 1.3.6.1.4.1.99999.4.1
    columns: {channel: 1, busy: 2}
    let: {ap: "mac(parts(index, 0, 6))", name: "lookup(aps.name, parts(index, 0, 6))"}
    entity:
      kind: radio
      key: "{ap}/{part(index, 6)}"
      name: "{name} radio {part(index, 6)}"
      index: "{part(index, 6)}"
      parent: {kind: device, key: "{ap}"}
      values:
        netwatch_radio_channel: channel
        netwatch_radio_airtime_ratio: [{value: busy / 100, labels: {use: all}}]
  summary:
    oid: 1.3.6.1.4.1.99999.5
    columns: {temperature: 1, fan: 2}
    values:
      netwatch_device_access_points:
        - {value: "count(aps, state == 1)", labels: {state: up}}
        - {value: count(aps), labels: {state: total}}
    sensors: [{class: temperature, name: Board, value: temperature / scale}]
    states: [{name: Fan, value: fan, map: {1: ok turning, 2: critical stopped, 3: unknown absent}}]
"""

ANSWERS: dict[str, SnmpValue] = {
    "1.3.6.1.2.1.1.1.0": b"Example controller",
    "1.3.6.1.2.1.1.2.0": f"{OID}.7",
    f"{OID}.1.1.0": b"EX-9\0",
    f"{OID}.1.2.0": 10,
    f"{OID}.2.1.1.1": b"eth0",
    f"{OID}.2.1.1.2": b"eth1",
    f"{OID}.2.1.1.3": b"lo",
    f"{OID}.2.1.2.1": 7,
    f"{OID}.2.1.2.2": 8,
    f"{OID}.2.1.2.3": 9,
    f"{OID}.2.1.3.1": 2**40,
    f"{OID}.2.1.4.1": 6,
    f"{OID}.2.1.4.2": 6,
    f"{OID}.2.1.4.3": 24,
    f"{OID}.3.1.1.2.0.0.0.0.1": b"ap-1",
    f"{OID}.3.1.1.2.0.0.0.0.2": b"ap-2",
    f"{OID}.3.1.2.2.0.0.0.0.1": 1,
    f"{OID}.3.1.2.2.0.0.0.0.2": 2,
    f"{OID}.3.1.3.2.0.0.0.0.1": b"S1234",
    f"{OID}.3.1.4.2.0.0.0.0.1": 12,
    f"{OID}.3.1.4.2.0.0.0.0.2": 0,
    f"{OID}.4.1.1.2.0.0.0.0.1.0": 36,
    f"{OID}.4.1.2.2.0.0.0.0.1.0": 55,
    f"{OID}.5.1.0": 385,
    f"{OID}.5.2.0": 2,
}


class FakeClock:
    def now(self) -> Instant:
        return AT

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("discovery does not wait")


class FakeAgent:
    """A device's answers; remembers what was asked. `broken`: subtrees that time out."""

    def __init__(self, answers: Mapping[str, SnmpValue], broken: Sequence[str] = ()) -> None:
        self.answers = answers
        self.broken = broken
        self.asked: list[str] = []

    def session(self, target: Target, *, context: str = "") -> FakeAgent:
        return self

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        self.asked += oids
        return {oid: self.answers[oid] for oid in oids if oid in self.answers}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        self.asked.append(root)
        if root in self.broken:
            raise WireTimeout("no answer within 3 s (2 tries)")
        below = [oid for oid in self.answers if oid.startswith(f"{root}.")]
        return {oid: self.answers[oid] for oid in below[:limit]}

    async def close(self) -> None:
        return None


def profiles(directory: Path, *texts: str) -> ProfileSet:
    for number, text in enumerate((STANDARD, DEVICE, *texts)):
        (directory / f"p{number}.yaml").write_text(text)
    found = load_profiles([directory], load_catalogue())
    assert not found.problems, found.problems
    return found


def target(**more: Any) -> Target:
    return Target(ID, "wlc-1", ("192.0.2.1",), **({"snmp": SnmpAccess()} | more))


async def ask(directory: Path, agent: FakeAgent, **more: Any) -> Discovery:
    return await discover(target(**more), snmp=agent, profiles=profiles(directory), clock=FakeClock())


def table(found: Discovery, name: str) -> TablePlan:
    return next(plan for plan in found.plan.tables if plan.name == name)


def mac(last: int) -> str:
    return f"02:00:00:00:00:0{last}"


async def test_identity(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    root = found.observations[0].seen[0]
    assert root.key == ROOT
    assert root.parent is None
    expected = {
        "kind": "wireless",
        "role": "controller",
        "vendor": "Example",
        "model": "EX-9",
        "profile": "device",
    }
    assert expected.items() <= root.facts.items()
    assert found.matched.profile == "device"
    assert found.matched.reasons == (f"sysObjectID {OID}.7 is below {OID}",)


async def test_fixed_table_is_polled_by_exact_oids(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    ports = table(found, "ports")
    assert ports.mode is TableMode.FIXED
    # The 32-bit column is left alone where the row has the 64-bit one: no poll can fall back to it.
    assert set(ports.oids) == {f"{OID}.2.1.2.2", f"{OID}.2.1.3.1"}
    assert ports.roots == ()
    polled = ports.observe({f"{OID}.2.1.2.2": 18, f"{OID}.2.1.3.1": 2**40 + 5}, ID, AT, 60.0)
    assert polled.seen == ()
    assert not polled.complete
    by_name = {reading.subject.natural: reading for reading in polled.readings}
    assert by_name["eth0"].value == 2**40 + 5
    assert (by_name["eth0"].bits, by_name["eth0"].origin) == (64, f"{OID}.2.1.3.1")
    assert (by_name["eth1"].value, by_name["eth1"].bits) == (18, 32)


async def test_rows_that_do_not_answer_have_no_reading(tmp_path: Path) -> None:
    ports = table(await ask(tmp_path, FakeAgent(ANSWERS)), "ports")
    polled = ports.observe({f"{OID}.2.1.2.2": None}, ID, AT, 60.0)
    assert polled.readings == ()


async def test_churning_table_tells_who_is_there(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    aps = table(found, "aps")
    assert set(aps.roots) == {f"{OID}.3.1.{column}" for column in (1, 2, 3, 4)}
    raw = {oid: value for oid, value in ANSWERS.items() if oid.startswith(f"{OID}.3.")}
    raw |= {f"{OID}.3.1.1.2.0.0.0.0.3": b"ap-3", f"{OID}.3.1.2.2.0.0.0.0.3": 1, f"{OID}.3.1.4.2.0.0.0.0.3": 4}
    polled = aps.observe(raw, ID, AT, 60.0)
    assert polled.complete
    seen = {one.key.natural: one for one in polled.seen}
    assert set(seen) == {mac(1), mac(2), mac(3)}
    assert seen[mac(1)].parent == ROOT
    assert seen[mac(1)].name == "ap-1"
    assert seen[mac(1)].facts["role"] == "ap"
    assert ("serial", "S1234") in seen[mac(1)].witnesses
    clients = {r.subject.natural: r.value for r in polled.readings if r.family == "netwatch_device_clients"}
    assert clients == {mac(1): 12, mac(3): 4}, "an access point that is down has no clients, not 0"


async def test_radio_hangs_on_its_access_point(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    radios = next(one for one in found.observations if one.table == "radios")
    seen = radios.seen[0]
    assert seen.key == EntityKey(EntityKind.RADIO, f"{mac(1)}/0")
    assert seen.parent == EntityKey(EntityKind.DEVICE, mac(1))
    assert (seen.name, seen.index) == ("ap-1 radio 0", "0")
    assert {r.family: (r.value, r.labels) for r in radios.readings} == {
        "netwatch_radio_channel": (36, ()),
        "netwatch_radio_airtime_ratio": (0.55, ("all",)),
    }


async def test_name_from_another_table_is_kept_for_polling(tmp_path: Path) -> None:
    radios = table(await ask(tmp_path, FakeAgent(ANSWERS)), "radios")
    polled = radios.observe({f"{OID}.4.1.1.2.0.0.0.0.1.0": 40}, ID, AT, 60.0)
    assert polled.seen[0].name == "ap-1 radio 0"


async def test_values_over_another_table_are_asked_along(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    summary = table(found, "summary")
    assert f"{OID}.3.1.2" in summary.roots
    assert f"{OID}.1.2.0" in summary.oids, "a scalar that a value needs is polled"
    raw: dict[str, SnmpValue] = {
        f"{OID}.5.1.0": 400,
        f"{OID}.5.2.0": 1,
        f"{OID}.1.2.0": 10,
        f"{OID}.3.1.2.2.0.0.0.0.1": 1,
        f"{OID}.3.1.2.2.0.0.0.0.2": 1,
    }
    polled = summary.observe(raw, ID, AT, 60.0)
    readings = {(r.family, r.labels): r.value for r in polled.readings}
    assert readings["netwatch_device_access_points", ("up",)] == 2
    assert readings["netwatch_sensor_temperature_celsius", ()] == 40
    assert readings["netwatch_sensor_state", ()] == 1
    assert readings["netwatch_sensor_state_level", ()] == 0


async def test_states_are_judged(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    summary = next(one for one in found.observations if one.table == "summary")
    fan = next(one for one in summary.seen if one.name == "Fan")
    assert fan.facts == {"class": "state", "label": "stopped", "level": "critical"}
    plan = table(found, "summary")
    absent = plan.observe({f"{OID}.5.2.0": 3}, ID, AT, 60.0)
    assert [r.family for r in absent.readings if r.subject == fan.key] == ["netwatch_sensor_state"]


async def test_plan_can_be_pickled(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    again = pickle.loads(pickle.dumps(found.plan))
    for one, other in zip(found.plan.tables, again.tables, strict=True):
        assert one.observe(ANSWERS, ID, AT, 60.0) == other.observe(ANSWERS, ID, AT, 60.0)


async def test_discovery_and_poll_agree(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS))
    for plan in found.plan.tables:
        told = next(one for one in found.observations if one.table == plan.name)
        polled = plan.observe(ANSWERS, ID, AT, plan.interval or 60.0, full=True)
        assert polled.readings == told.readings
        assert polled.seen == told.seen


async def test_same_name_twice(tmp_path: Path) -> None:
    answers = ANSWERS | {f"{OID}.2.1.1.2": b"eth0"}
    found = await ask(tmp_path, FakeAgent(answers))
    ports = next(one for one in found.observations if one.table == "ports")
    assert [one.key.natural for one in ports.seen] == ["eth0", "eth0#2"]
    assert "rows 1 and 2 are both interface 'eth0'" in ports.problems[0]


async def test_budget(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS), limits={"aps": 1})
    aps = next(one for one in found.observations if one.table == "aps")
    assert len(aps.seen) == 1
    assert "its budget is 1" in aps.problems[0]
    assert not aps.complete, "what did not fit is not gone"


@pytest.mark.parametrize("own", [{}, {"aps": 2}], ids=["of the profile", "of the device"])
async def test_a_poll_has_the_same_budget(own: dict[str, int], tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS), limits=own)
    plan = next(plan for plan in found.plan.tables if plan.name == "aps")
    most = plan.max_rows
    assert most == own.get("aps", 5000)
    answers = {
        f"{OID}.3.1.{column}.{number >> 16}.{number >> 8 & 255}.{number & 255}.0.0.1": value
        for number in range(1, most + 10)
        for column, value in ((1, b"ap"), (2, 1), (4, 3))
    }
    memory: dict[str, Any] = {}
    for _ in range(2):
        told = plan.observe(answers, ID, AT, 60.0, memory=memory)
        assert len(told.seen) == most
        assert not told.complete
        assert f"has {most + 9} rows, its budget is {most}" in told.problems[0]
        assert "`limits: {aps: ...}` of the device raises it" in told.problems[0]


async def test_labels_made_of_changing_text_have_a_budget(tmp_path: Path) -> None:
    profile = """
profile: calls
include: []
tables:
  lines:
    mode: churning
    oid: 1.3.6.1.4.1.99999.3.1
    columns: {name: 1, state: 2}
    values:
      netwatch_device_phones: [{value: state, labels: {state: "{name}"}}]
"""
    columns = f"{OID}.3.1.1", f"{OID}.3.1.2"

    def answers(first: int, rows: int) -> dict[str, SnmpValue]:
        numbers = range(first, first + rows)
        return {f"{columns[0]}.{n}": b"x%d" % n for n in numbers} | {f"{columns[1]}.{n}": 1 for n in numbers}

    agent = answers(0, MOST_LABELS + 1)
    found = await discover(
        target(profile="calls"),
        snmp=FakeAgent(agent),
        profiles=profiles(tmp_path, profile),
        clock=FakeClock(),
    )
    told = next(one for one in found.observations if one.table == "lines")
    assert len(told.readings) == MOST_LABELS
    assert "label it by what does not change" in found.problems[0]

    plan, memory, labels = found.plan.tables[0], dict[str, Any](), set()
    for number in range(MOST_LABELS * 2):
        told = plan.observe(answers(number, 2), ID, AT, 60.0, memory=memory)
        labels |= {reading.labels for reading in told.readings}
    assert len(labels) == MOST_LABELS
    assert "more than 64 values of its labels" in told.problems[0]
    again = plan.observe(answers(0, 2), ID, AT, 60.0, memory=memory)
    assert len(again.readings) == 2, "those that are known go on"
    assert not again.problems


async def test_one_table_that_fails_does_not_spoil_the_rest(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent(ANSWERS, broken=[f"{OID}.3.1.1"]))
    assert found.problems[0] == "table aps: no answer within 3 s (2 tries)"
    assert {plan.name for plan in found.plan.tables} >= {"ports", "radios", "summary"}


async def test_profile_named_by_the_inventory(tmp_path: Path) -> None:
    found = await ask(tmp_path, FakeAgent({}), profile="device")
    assert found.matched.reasons == ("the inventory names it",)
    with pytest.raises(ConfigError, match="unknown profile 'nothing'"):
        await ask(tmp_path, FakeAgent({}), profile="nothing")


async def test_no_profile_and_no_fallback(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="generic"):
        await ask(tmp_path, FakeAgent({"1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.5"}))


HTTP = """
profile: redfish
tables:
  thermal:
    source: http-json
    path: /redfish/v1/Chassis/1/Thermal
    rows: /Temperatures
    columns: {name: /Name, value: /ReadingCelsius, health: /Status/Health}
    sensors: [{class: temperature, name: "{name}", value: value}]
    states: [{name: "{name}", value: health, map: {OK: ok good, Critical: critical bad}, default: skip}]
  parts:
    source: http-json
    path: /api/parts
    rows: /parts/*
    columns: {model: /model}
    entity: {kind: module, key: "{index}", facts: {model: model}}
  versions:
    source: ssh
    mode: slow
    command: show inventory
    columns: {name: NAME, serial: SN, extra: NOTES}
    entity:
      {kind: module, key: "{serial}", name: "{name}", facts: {serial: serial(serial), notes: text(extra)}}
"""


class FakeHttp:
    async def fetch(self, target: Target, request: HttpRequest) -> HttpPage:
        if request.path == "/api/parts":
            return HttpPage({"parts": {"psu/1": {"model": "P1"}}})
        return HttpPage(
            {
                "Temperatures": [
                    {"Name": "Inlet", "ReadingCelsius": 23.5, "Status": {"Health": "OK"}},
                    {"Name": "Empty", "ReadingCelsius": None, "Status": {}},
                ]
            }
        )


class FakeSsh:
    async def run(self, target: Target, command: str) -> list[dict[str, str | list[str]]]:
        assert command == "show inventory"
        return [{"name": "Supervisor", "sn": "F0001X", "notes": ["a", "b"]}, {"name": "Fan", "sn": ""}]


async def test_http_json_and_ssh(tmp_path: Path) -> None:
    reach = target(snmp=None, http=HttpAccess("https://192.0.2.9"), ssh=SshAccess("admin"), profile="redfish")
    found = await discover(
        reach, snmp=None, ssh=FakeSsh(), http=FakeHttp(), profiles=profiles(tmp_path, HTTP), clock=FakeClock()
    )
    by_table = {one.table: one for one in found.observations}
    thermal = by_table["thermal"]
    reading = next(r for r in thermal.readings if r.family == "netwatch_sensor_temperature_celsius")
    assert reading.value == 23.5
    assert reading.origin == "/redfish/v1/Chassis/1/Thermal#/Temperatures/0/ReadingCelsius"
    assert [one.name for one in thermal.seen] == ["Inlet", "Inlet"]
    assert by_table["parts"].seen[0].key.natural == "psu/1"
    module = by_table["versions"].seen[0]
    assert module.name == "Supervisor"
    assert module.facts == {"serial": "F0001X", "notes": "a b"}
    plan = table(found, "thermal")
    assert plan.request == HttpRequest("/redfish/v1/Chassis/1/Thermal", items="/Temperatures")
    polled = plan.observe({"Temperatures": [{"Name": "Inlet", "ReadingCelsius": 30}]}, ID, AT, 60.0)
    assert [r.value for r in polled.readings] == [30]


async def test_without_access_a_table_is_skipped_with_the_reason(tmp_path: Path) -> None:
    found = await discover(
        target(snmp=None, profile="redfish"), snmp=None, profiles=profiles(tmp_path, HTTP), clock=FakeClock()
    )
    assert found.matched.skipped == {
        "thermal": "no HTTP access",
        "parts": "no HTTP access",
        "versions": "no SSH access",
    }


async def test_attached_profile_adds_tables(tmp_path: Path) -> None:
    extra = """
profile: extra
attach: true
match: [{present: 1.3.6.1.4.1.99999.5}]
tables:
  extra_load:
    oid: 1.3.6.1.4.1.99999.5
    columns: {load: 1}
    entity: {kind: processor, key: cpu, values: {netwatch_processor_utilization_ratio: load / 1000}}
"""
    found = await discover(
        target(), snmp=FakeAgent(ANSWERS), profiles=profiles(tmp_path, extra), clock=FakeClock()
    )
    assert found.plan.profiles == ("device", "extra")
    assert found.matched.attached == (("extra", ("1.3.6.1.4.1.99999.5 answers",)),)
    assert any(plan.name == "extra_load" for plan in found.plan.tables)
