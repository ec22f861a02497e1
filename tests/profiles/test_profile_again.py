"""Churning tables at their next pass: as from scratch, and the same objects where nothing changed."""

from __future__ import annotations

import asyncio
import random
from typing import Any

import pytest
from block_checks import AT, ID, changed
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.discovery import discover
from netwatch.model import SnmpAccess, SnmpValue, SystemClock, Target, load_catalogue
from netwatch.profiles import TablePlan, load_profiles
from netwatch.wire import RecordedSnmpWire, Recording

OID = "1.3.6.1.4.1.99999"
PROFILE = """
profile: standard
include: []
match: [{sys_object_id: 1.3.6.1.4.1.99999}]
kind: wireless
scalars:
  sys_object_id: {oid: 1.3.6.1.2.1.1.2.0, static: true}
  scale: 1.3.6.1.4.1.99999.1.2.0
tables:
  aps:
    mode: churning
    oid: 1.3.6.1.4.1.99999.3.1
    columns: {name: 1, state: 2, serial: 3, clients: 4}
    let: {address: mac(index)}
    where: known(name) and state != 9
    entity:
      kind: device
      key: "{address}"
      name: ["{name}", "{address}"]
      facts: {serial: serial(serial), mac: address}
      witnesses: {mac: address}
      values:
        netwatch_device_up: state == 1
        netwatch_device_clients: {value: clients / scale, when: state == 1}
  radios:
    mode: churning
    oid: 1.3.6.1.4.1.99999.4.1
    columns: {channel: 1, busy: 2}
    let: {ap: "mac(parts(index, 0, 6))", name: "lookup(aps.name, parts(index, 0, 6))"}
    entity:
      kind: radio
      key: "{ap}/{part(index, 6)}"
      name: "{name} radio {part(index, 6)}"
      values:
        netwatch_radio_channel: channel
  named:
    mode: churning
    oid: 1.3.6.1.4.1.99999.6.1
    columns: {name: 1, channel: 2}
    entity:
      kind: radio
      key: "{name}"
      values: {netwatch_radio_channel: channel}
  sums:
    mode: churning
    oid: 1.3.6.1.4.1.99999.7.1
    columns: {name: 1}
    entity:
      kind: radio
      key: "{index}"
      values: {netwatch_radio_channel: "count(aps, state == 1)"}
"""


def agent() -> dict[str, SnmpValue]:
    out: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.2.0": f"{OID}.7", f"{OID}.1.2.0": 10}
    for number in range(12):
        index = f"2.0.0.0.0.{number}"
        out |= {f"{OID}.3.1.1.{index}": b"ap-%d" % number, f"{OID}.3.1.2.{index}": 1}
        out |= {f"{OID}.3.1.3.{index}": b"S123%d" % number, f"{OID}.3.1.4.{index}": number}
        out |= {f"{OID}.4.1.1.{index}.0": 36, f"{OID}.4.1.2.{index}.0": number}
        out |= {f"{OID}.6.1.1.{number}": b"r%d" % number, f"{OID}.6.1.2.{number}": number}
        out[f"{OID}.7.1.1.{number}"] = number
    return ordered(out)


def ordered(answers: dict[str, SnmpValue]) -> dict[str, SnmpValue]:
    return dict(sorted(answers.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


@pytest.fixture(scope="module")
def plans(tmp_path_factory: pytest.TempPathFactory) -> dict[str, TablePlan]:
    folder = tmp_path_factory.mktemp("profiles")
    (folder / "device.yaml").write_text(PROFILE)
    profiles = load_profiles([folder], load_catalogue())
    assert not profiles.problems, profiles.problems
    wire = RecordedSnmpWire({"d": Recording("d", agent())})
    found = discover(
        Target(ID, "d", (), snmp=SnmpAccess()), snmp=wire, profiles=profiles, clock=SystemClock()
    )
    return {plan.name: plan for plan in asyncio.run(found).plan.tables}


def asked(plan: TablePlan, answers: dict[str, SnmpValue]) -> dict[str, SnmpValue]:
    below = tuple(f"{root}." for root in plan.roots)
    return {oid: value for oid, value in answers.items() if oid.startswith(below) or oid in plan.oids}


@pytest.mark.parametrize("name", ["aps", "radios", "named", "sums"])
@given(seed=st.integers(0, 2**32), share=st.sampled_from([0.0, 0.05, 0.5]))
@settings(deadline=None, max_examples=60)
def test_the_same_as_from_scratch(plans: dict[str, TablePlan], name: str, seed: int, share: float) -> None:
    rng, plan, memory = random.Random(seed), plans[name], dict[str, Any]()
    answers = agent()
    for _ in range(5):
        told = asked(plan, answers)
        again = plan.observe(told, ID, AT, 60.0, memory=memory)
        assert again == plan.observe(told, ID, AT, 60.0)
        answers = changed(rng.choice((agent(), answers)), rng, share)
        if rng.random() < 0.3:  # rows come, go and change places
            answers |= {f"{OID}.3.1.{column}.2.0.0.0.1.1": 1 for column in (1, 2, 4)}
            answers = {oid: value for oid, value in answers.items() if not oid.endswith(f"0.{seed % 12}")}
            answers = ordered(answers)
        if rng.random() < 0.2:
            answers[f"{OID}.6.1.1.3"] = b"r4"  # two rows of one name


@pytest.mark.parametrize("name", ["aps", "radios", "named"])
def test_rows_that_have_not_changed_are_the_same_objects(plans: dict[str, TablePlan], name: str) -> None:
    plan, memory, answers = plans[name], dict[str, Any](), agent()
    first = plan.observe(asked(plan, answers), ID, AT, 60.0, memory=memory)
    later = dict(answers) | {f"{OID}.3.1.4.2.0.0.0.0.3": 77, f"{OID}.4.1.1.2.0.0.0.0.3.0": 40}
    later[f"{OID}.6.1.2.3"] = 40
    second = plan.observe(asked(plan, later), ID, AT, 60.0, memory=memory)
    same = [one is other for one, other in zip(first.seen, second.seen, strict=True)]
    assert same == [number != 3 for number in range(12)]
    kept = {id(reading) for reading in first.readings}
    assert sum(id(reading) not in kept for reading in second.readings) in (1, 2)


def test_a_scalar_that_changed_makes_all_rows_anew(plans: dict[str, TablePlan]) -> None:
    plan, memory, answers = plans["aps"], dict[str, Any](), agent()
    assert f"{OID}.1.2.0" in plan.oids
    plan.observe(asked(plan, answers), ID, AT, 60.0, memory=memory)
    answers[f"{OID}.1.2.0"] = 100
    again = plan.observe(asked(plan, answers), ID, AT, 60.0, memory=memory)
    clients = [one.value for one in again.readings if one.family == "netwatch_device_clients"]
    assert clients == [number / 100 for number in range(12)]


def test_nothing_is_remembered_where_rows_depend_on_others(plans: dict[str, TablePlan]) -> None:
    plan, memory, answers = plans["sums"], dict[str, Any](), agent()
    for state in (1, 2):
        answers[f"{OID}.3.1.2.2.0.0.0.0.3"] = state
        again = plan.observe(asked(plan, answers), ID, AT, 60.0, memory=memory)
        assert {one.value for one in again.readings} == {12 - (state - 1)}
