"""Fixed tables as blocks: the same readings as by observation, whatever an agent answers."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from block_checks import AT, ID, by_block, changed, cut, differences, other_value, passes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from netwatch.discovery import discover
from netwatch.errors import NetwatchError
from netwatch.model import SnmpAccess, SnmpValue, SystemClock, Target, load_catalogue
from netwatch.profiles import Plan, ProfileSet, TablePlan, dump_plan, load_plan, load_profiles
from netwatch.profiles.blocks.parts import ABSENT, OTHER, SIGNED, UNSIGNED
from netwatch.profiles.rows.settled import Settled, pack, unpack
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording, ValueKind
from netwatch.wire.fetched import fetched_from

OID = "1.3.6.1.4.1.99999"
PROFILE = """
profile: standard
include: []
match: [{sys_object_id: 1.3.6.1.4.1.99999}]
kind: switch
scalars:
  sys_object_id: {oid: 1.3.6.1.2.1.1.2.0, static: true}
  scale: 1.3.6.1.4.1.99999.1.2.0
enums: {speeds: {1: slow, 2: fast}}
states: {fan: {1: ok turning, 2: critical stopped, 3: unknown absent, 4: warning slow}}
tables:
  ports:
    oid: 1.3.6.1.4.1.99999.2.1
    columns:
      name: 1
      in32: {oid: 2, bits: 32}
      in64: {oid: 3, bits: 64}
      status: 4
      mtu: {oid: 5, static: true}
      high: 6
      low: 7
      errors: {oid: 8, bits: 32}
      drops: {oid: 9, bits: 32}
      duplex: 10
    entity:
      kind: interface
      key: ["{name}", "{index}"]
      values:
        netwatch_interface_receive_bytes_total: "first(in64, in32)"
        netwatch_interface_receive_errors_total: errors
        netwatch_interface_transmit_errors_total: unsigned(errors)
        netwatch_interface_receive_discards_total: {value: drops, when: status == 1}
        netwatch_interface_transmit_discards_total: "errors + drops"
        netwatch_interface_oper_up: status == 1
        netwatch_interface_admin_up: "status in (1, 3, 5)"
        netwatch_interface_mtu_bytes: mtu
        netwatch_interface_speed_bytes_per_second:
          first(high * 125000 if high > 0 else None, low / 8)
        netwatch_interface_full_duplex: "duplex == 3 if duplex in (2, 3) else None"
  sensors:
    oid: 1.3.6.1.4.1.99999.3.1
    columns: {value: 1, status: 2, factor: {oid: 3, static: true}, state: 4, other: 5}
    let:
      real: value * 10 ** first(factor, 0) / 10
      good: first(status, 1) == 1
    sensors:
      - {class: temperature, name: "T {index}", value: real, when: good}
      - {class: voltage, name: "V {index}", value: fahrenheit(other), when: other != 0 and status == 1}
      - {class: power, name: "P {index}", value: value / scale}
      - {class: current, name: "A {index}", value: 100 - value if value < 50 else None}
    states:
      - {name: "Fan {index}", value: state, map: fan}
      - {name: "Sum {index}", value: state + status, map: fan, when: known(status), default: warning}
  system:
    oid: 1.3.6.1.4.1.99999.4
    columns: {uptime: 1, first: 2, second: 3, third: 4}
    values:
      netwatch_device_uptime_seconds: ticks(uptime)
      netwatch_device_clients:
        - {value: first, when: second == 1}
        - {value: third}
      netwatch_device_access_points:
        - {value: "count(sensors, status == 1)", labels: {state: up}}
        - {value: "sum(sensors, value, status == 1)", labels: {state: total}}
  labelled:
    oid: 1.3.6.1.4.1.99999.5.1
    columns: {count: 1}
    values:
      netwatch_device_access_points: {value: count, labels: {state: "s{index}-{count}"}}
"""
ROWS = ("1", "2", "10", "11")
COLUMNS = {"2": 10, "3": 5, "4": 1}


def agent() -> dict[str, SnmpValue]:
    out: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.2.0": f"{OID}.7", f"{OID}.1.2.0": 10}
    for row in ROWS:
        for column in range(1, 11):
            out[f"{OID}.2.1.{column}.{row}"] = 1_000 + 100 * column + int(row)
        for column in range(1, 6):
            out[f"{OID}.3.1.{column}.{row}"] = column
        out[f"{OID}.2.1.4.{row}"] = 1
        out[f"{OID}.2.1.10.{row}"] = 3
    del out[f"{OID}.2.1.3.2"]  # one port without the 64-bit counter
    for column in range(1, 5):
        out[f"{OID}.4.{column}.0"] = column
    out[f"{OID}.5.1.1.1"] = 4
    return out


def plan_of(profiles: ProfileSet, answers: Mapping[str, SnmpValue], name: str = "d1") -> Plan:
    wire = RecordedSnmpWire({name: Recording(name, dict(answers))})
    wanted = Target(ID, name, (), snmp=SnmpAccess(vlan_contexts=True))
    return asyncio.run(discover(wanted, snmp=wire, profiles=profiles, clock=SystemClock())).plan


def by_oid(answers: Mapping[str, SnmpValue]) -> dict[str, SnmpValue]:
    return dict(sorted(answers.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> ProfileSet:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "device.yaml").write_text(PROFILE)
    found = load_profiles([folder], load_catalogue())
    assert not found.problems, found.problems
    return found


@pytest.fixture(scope="module")
def plan(profiles: ProfileSet) -> Plan:
    return plan_of(profiles, by_oid(agent()))


def table(plan: Plan, name: str) -> TablePlan:
    return next(one for one in plan.tables if one.name == name)


def test_kinds_are_those_of_the_wire() -> None:
    kinds = ValueKind.ABSENT, ValueKind.SIGNED, ValueKind.UNSIGNED, ValueKind.OTHER
    assert kinds == (ABSENT, SIGNED, UNSIGNED, OTHER)


@pytest.mark.parametrize("name", ["ports", "sensors", "system"])
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.02, 0.2, 0.7]))
@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_blocks_tell_what_observations_tell(plan: Plan, name: str, seed: int, share: float) -> None:
    rng, one = random.Random(seed), table(plan, name)
    answers: list[dict[str, SnmpValue]] = [by_oid(agent())]
    for _ in range(4):
        kept = rng.random() < 0.3
        answers.append(dict(answers[-1]) if kept else changed(answers[rng.choice((0, -1))], rng, share))
    answers.append({oid: value for oid, value in answers[-1].items() if not oid.endswith(".10")})
    assert passes(one, answers) == []


def test_most_values_are_computed_at_once(plan: Plan) -> None:
    reader = table(plan, "ports").blocks
    assert reader is not None
    assert reader.direct[0] >= 4 * len(ROWS)
    assert reader.computed is not None
    families = {
        reader.layout.series[int(reader.layout.series_of[at])].family
        for at in range(reader.layout.counters - reader.computed.counters, reader.layout.counters)
    }
    assert families == {"netwatch_interface_transmit_discards_total"}


def test_a_series_names_the_width_and_the_oid_of_what_was_read(plan: Plan) -> None:
    reader = table(plan, "ports").blocks
    assert reader is not None
    layout = reader.layout
    found = {
        layout.subjects[int(s)].row: (layout.series[int(f)].bits, layout.origin(at))
        for at, (s, f) in enumerate(zip(layout.subject_of, layout.series_of, strict=True))
        if layout.series[int(f)].family == "netwatch_interface_receive_bytes_total"
    }
    assert found["1"] == (64, f"{OID}.2.1.3.1")
    assert found["2"] == (32, f"{OID}.2.1.2.2")


def test_a_state_has_its_number_and_its_level(plan: Plan) -> None:
    one = table(plan, "sensors")
    assert one.blocks is not None
    answers = by_oid(agent()) | {f"{OID}.3.1.4.1": 2, f"{OID}.3.1.4.2": 3}
    block, _ = one.blocks.read(fetched_from(one.oids, answers, 50.0), None, source=ID, at=AT, interval=60.0)
    values = {
        (key.natural, family): value
        for (key, family, _), value in by_block(block).items()
        if family.startswith("netwatch_sensor_state")
    }
    assert values["sensors.state.1", "netwatch_sensor_state"] == 2
    assert values["sensors.state.1", "netwatch_sensor_state_level"] == 2
    assert values["sensors.state.2", "netwatch_sensor_state"] == 3
    assert ("sensors.state.2", "netwatch_sensor_state_level") not in values


def test_a_negative_counter32_is_the_number_that_was_meant(plan: Plan) -> None:
    one = table(plan, "ports")
    assert one.blocks is not None
    answers = by_oid(agent()) | {f"{OID}.2.1.8.1": -1, f"{OID}.2.1.3.1": -1}
    fetched = fetched_from(one.oids, answers, 50.0)
    block, _ = one.blocks.read(fetched, None, source=ID, at=AT, interval=60.0)
    values = {family: value for (key, family, _), value in by_block(block).items() if key.natural == "1101"}
    assert values["netwatch_interface_receive_errors_total"] == 2**32 - 1
    assert "netwatch_interface_receive_bytes_total" not in values
    assert differences(one, block, one.observe(answers_of(one, answers), ID, AT, 60.0)) == []


def answers_of(one: TablePlan, answers: Mapping[str, SnmpValue]) -> dict[str, SnmpValue]:
    return {oid: answers[oid] for oid in one.oids if oid in answers}


def test_only_rows_that_changed_are_evaluated(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    one = table(plan, "ports")
    reader = one.blocks
    assert reader is not None
    answers = by_oid(agent())
    _, memory = reader.read(fetched_from(one.oids, answers, 50.0), None, source=ID, at=AT, interval=60.0)
    evaluated: list[str] = []
    plain = type(reader)._scope

    def watched(self: object, row: int, raw: object, frame: object) -> object:
        evaluated.append(reader.rows.indexes[row])
        return plain(reader, row, raw, frame)  # type: ignore[arg-type]

    monkeypatch.setattr(type(reader), "_scope", watched)
    answers |= {f"{OID}.2.1.3.1": 5_000, f"{OID}.2.1.9.11": 77}
    reader.read(fetched_from(one.oids, answers, 50.0), memory, source=ID, at=AT, interval=60.0)
    assert evaluated == ["11"], "a counter that is read as it stands evaluates nothing"


def test_tables_whose_labels_change_are_observed(plan: Plan) -> None:
    assert "labelled" not in {one.name for one in plan.tables} or table(plan, "labelled").blocks is None


def test_what_did_not_come_is_not_read(plan: Plan) -> None:
    one = table(plan, "ports")
    assert one.blocks is not None
    fetched = cut(fetched_from(one.oids, by_oid(agent()), 50.0), len(one.oids) // 2)
    block, _ = one.blocks.read(fetched, None, source=ID, at=AT, interval=60.0)
    rows = {key.natural for key, family, _ in by_block(block) if family.endswith("oper_up")}
    assert rows == {"1101", "1102"}


def test_another_number_of_values_is_refused(plan: Plan) -> None:
    one = table(plan, "ports")
    assert one.blocks is not None
    with pytest.raises(ValueError, match="values for"):
        one.blocks.read(fetched_from(one.oids[1:], {}, 50.0), None, source=ID, at=AT, interval=60.0)


def test_devices_of_one_build_share_their_plans(profiles: ProfileSet) -> None:
    one, other = (plan_of(profiles, by_oid(agent()), name) for name in ("a", "b"))
    assert [x is y for x, y in zip(one.tables, other.tables, strict=True)] == [True] * len(one.tables)
    third = plan_of(profiles, by_oid(agent()) | {f"{OID}.2.1.5.1": 9000}, "c")
    ports, others = table(one, "ports"), table(third, "ports")
    assert ports is not others
    assert ports.blocks is not None
    assert others.blocks is not None
    assert ports.blocks.layout is others.blocks.layout


# -- persistence


def test_a_plan_comes_back_from_its_bytes(profiles: ProfileSet, plan: Plan) -> None:
    again = load_plan(dump_plan(plan), profiles)
    assert again is not None
    assert (again.profiles, again.evidence_oids, again.digest) == (
        plan.profiles,
        plan.evidence_oids,
        profiles.digest,
    )
    for one, other in zip(plan.tables, again.tables, strict=True):
        assert one is other, "it shares what is there already"


def test_a_plan_is_loaded_without_the_device(tmp_path: Path, plan: Plan) -> None:
    (tmp_path / "device.yaml").write_text(PROFILE)
    fresh = replace(load_profiles([tmp_path], load_catalogue()), digest=plan.digest)
    again = load_plan(dump_plan(plan), fresh)
    assert again is not None
    answers = by_oid(agent())
    for one, other in zip(plan.tables, again.tables, strict=True):
        told = answers_of(one, answers)
        assert one.oids == other.oids
        assert one.observe(told, ID, AT, 60.0) == other.observe(told, ID, AT, 60.0)


def test_other_profiles_and_other_versions_void_a_plan(profiles: ProfileSet, plan: Plan) -> None:
    data = dump_plan(plan)
    assert load_plan(data, replace(profiles, digest="other")) is None
    assert load_plan(data[:6] + b"\x00\x63" + data[8:], profiles) is None


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7), length=st.integers(0, 10_000))
@settings(deadline=None, max_examples=80)
def test_damage_is_told(profiles: ProfileSet, plan: Plan, at: int, bit: int, length: int) -> None:
    data = bytearray(dump_plan(plan))
    data[at % len(data)] ^= 1 << bit
    if at % len(data) not in (6, 7):  # the version
        with pytest.raises(NetwatchError, match="stored plan"):
            load_plan(bytes(data), profiles)
    with pytest.raises(NetwatchError, match="stored plan"):
        load_plan(dump_plan(plan)[: length % len(data)], profiles)


values = st.one_of(
    st.none(), st.integers(-(2**63), 2**64), st.binary(max_size=9), st.text(max_size=9), st.booleans()
)


@given(st.dictionaries(st.text(max_size=5), values, max_size=5))
@settings(deadline=None)
def test_what_is_packed_comes_back(row: dict[str, SnmpValue]) -> None:
    settled = Settled(("1.3.6",), {"t": {"1": row}}, row, {"1": (None,)})
    assert unpack(pack(settled)) == settled


@pytest.mark.parametrize("data", [b"", b"x", pack(Settled())[:-3], b"\0" * 40])
def test_garbage_is_no_packed_table(data: bytes) -> None:
    with pytest.raises(NetwatchError, match="packed table"):
        unpack(data)


# -- real devices


@pytest.mark.long
@pytest.mark.skipif("RECORDINGS" not in os.environ, reason="RECORDINGS names a folder of snmprec files")
def test_recordings_of_real_devices() -> None:
    shipped = load_profiles([collectors_dir()], load_catalogue())
    out, tables = [], 0
    for file in sorted(Path(os.environ["RECORDINGS"]).glob("*.snmprec")):
        if "@" in file.name:
            continue
        recording = Recording.load(file)
        wire = RecordedSnmpWire({"r": recording})
        wanted = Target(ID, "r", (), snmp=SnmpAccess(vlan_contexts=True))
        try:
            found = asyncio.run(discover(wanted, snmp=wire, profiles=shipped, clock=SystemClock()))
        except NetwatchError:
            continue
        for one in found.plan.tables:
            if one.blocks is None:
                continue
            tables, rng = tables + 1, random.Random(one.name)
            told = recording.contexts[one.context].values if one.context else recording.values
            first = {oid: told.get(oid) for oid in one.oids}
            later = changed(first, rng, 0.1)
            answers = [first, first, later, changed(later, rng, 0.5), first, {}]
            out += [f"{file.name} {line}" for line in passes(one, answers)]
    assert out == []
    assert tables > 0


def test_other_values_are_of_all_kinds() -> None:
    rng = random.Random(1)
    kinds = {type(other_value(5, rng)) for _ in range(300)}
    assert kinds == {int, bytes, float, type(None)}
    assert np.isnan(cut(fetched_from(("1.3",), {"1.3": 1}, 1.0), 0).times).all()
