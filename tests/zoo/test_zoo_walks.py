"""Tables that do not end, go round in circles or break off, and agents that bear no or few repetitions."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from zoo_agents import (
    COMMUNITY,
    GEN_ERR,
    TOO_BIG,
    Answer,
    Ask,
    Crashing,
    Device,
    asks_below,
    empty,
    error,
    is_bulk,
    is_next,
    lossy,
    silent,
    when,
)
from zoo_lab import IF, LLDP, RX, UP, Lab, neighbours, switch

from netwatch.model import Secret
from netwatch.simulate import ber
from netwatch.simulate.pdu import GET, GETBULK, GETNEXT
from netwatch.wire import NetworkSnmpWire

TABLE = "lldp_neighbors"
NAMES = [f"neighbour{number:03}" for number in range(1, 31)]
SILENCE = {"timeout": 0.1, "retries": 1}


async def thirty_neighbours(lab: Lab, device: Device, **access: object) -> str:
    """Watches a device before it shows its quirks, and finds all neighbours."""
    quirks, device.quirks = device.quirks, []
    await lab.agent(device)
    sw = await lab.watch(**access)
    assert lab.neighbours(sw) == NAMES
    device.quirks = quirks
    device.asked.clear()
    return sw


def largest_bulk(device: Device) -> int:
    return max((ask.repetitions for ask in device.asked if ask.kind == GETBULK), default=0)


def beyond(repetitions: int) -> object:
    return lambda ask: ask.repetitions > repetitions


def circle(ask: Ask, answer: Answer) -> Iterable[Answer]:
    """Whatever comes next, its last rows are the first ones again."""
    first = [f"{oid.rpartition('.0.')[0]}.0.1.1" for oid, _ in answer.varbinds[-2:]]
    values = [value for _, value in answer.varbinds[-2:]]
    return (replace(answer, varbinds=(*answer.varbinds[:-2], *zip(first, values, strict=True))),)


async def test_oids_that_do_not_increase_end_the_walk(lab: Lab) -> None:
    """SE#1236, exhuma/puresnmp#94, gosnmp/gosnmp#401 and #498: a walk in a circle, for ever."""
    sw = await thirty_neighbours(lab, Device(switch() | neighbours(30), [when(asks_below(LLDP), circle)]))
    await lab.poll(sw)
    assert "OIDs do not increase" in lab.problems(sw, TABLE)
    assert lab.neighbours(sw) == NAMES, "what a broken walk lacks is not gone"
    assert lab.value(lab.port(sw, "p1"), RX) is not None


async def test_an_agent_that_repeats_the_question_s_oid_ends_the_walk(lab: Lab) -> None:
    """exhuma/puresnmp#51, lextudio/sharpsnmplib#697: the same OID again and again."""

    def same(ask: Ask, answer: Answer) -> Iterable[Answer]:
        value = ber.encode_value(ber.OCTET_STRING, b"again")
        return (replace(answer, varbinds=((ask.oids[0], value),)),)

    device = Device(
        switch() | neighbours(30), [when(lambda ask: is_next(ask) and asks_below(LLDP)(ask), same)]
    )
    sw = await thirty_neighbours(lab, device)
    await lab.poll(sw)
    assert len(device.asked) < 40
    assert lab.value(sw, UP) == 1
    assert lab.neighbours(sw) == NAMES
    device.asked.clear()
    session = lab.wire.session(lab.target("sw"))
    await session.walk_many([f"{LLDP}.{column}" for column in (7, 8, 9)])
    assert len(device.asked) < 10


async def test_an_endless_table_ends_at_its_row_budget(lab: Lab) -> None:
    """ND#23726; net-snmp/net-snmp#746: a table that goes on for ever must not fill the memory."""
    device = Device(switch() | neighbours(30))

    def invent(ask: Ask, answer: Answer) -> Iterable[Answer]:
        column, _, index = ask.oids[0].partition(f"{LLDP}.")[2].partition(".")
        start = int(index.split(".")[1]) if index else 0
        rows = [
            (f"{LLDP}.{column}.0.{start + row}.1", ber.encode_value(ber.OCTET_STRING, b"x%d" % (start + row)))
            for row in range(1, max(1, ask.repetitions) + 1)
        ]
        return (replace(answer, varbinds=tuple(rows)),)

    sw = await thirty_neighbours(lab, device, limits={TABLE: 100})
    device.quirks = [when(lambda ask: len(ask.oids) == 1 and asks_below(LLDP)(ask), invent)]
    await lab.poll(sw)
    assert "more than 10" in lab.problems(sw, TABLE)
    assert len(device.asked) < 100
    assert lab.freshness(sw).failures == 0, "the ports do not suffer"


@pytest.mark.parametrize("refuse", [error(GEN_ERR), empty, silent], ids=["genErr", "empty", "silent"])
async def test_an_agent_without_getbulk_is_walked_by_getnext(lab: Lab, refuse: object) -> None:
    """collectd/collectd#2495: snmpwalk works, snmpbulkwalk times out. It is learnt."""
    device = Device(switch() | neighbours(30), [when(is_bulk, refuse)])
    sw = await thirty_neighbours(lab, device, **SILENCE)
    await lab.poll(sw, times=3)
    assert lab.neighbours(sw) == NAMES
    assert lab.problems(sw, TABLE) == ""
    device.asked.clear()
    await lab.poll(sw)
    assert {ask.kind for ask in device.asked if ask.repetitions or ask.kind == GETNEXT} == {GETNEXT}


@pytest.mark.parametrize("choke", [error(TOO_BIG), error(GEN_ERR), empty, silent])
async def test_repetitions_that_are_too_many_are_learnt_and_kept(lab: Lab, choke: object) -> None:
    """SE#756, NV#1339 and #1487, DataDog/datadog-agent#51023: each device bears its own number."""
    device = Device(switch() | neighbours(30), [when(beyond(6), choke)])
    sw = await thirty_neighbours(lab, device, **SILENCE)
    await lab.poll(sw)
    assert lab.neighbours(sw) == NAMES
    assert largest_bulk(device) == 20
    device.asked.clear()
    await lab.poll(sw)
    assert 1 < largest_bulk(device) <= 6
    learnt = json.loads(json.dumps(lab.wire.learnt()))
    after_restart = NetworkSnmpWire(clock=lab.clock)
    after_restart.restore(learnt)
    session = after_restart.session(lab.target("sw"))
    device.asked.clear()
    assert len(await session.walk(f"{LLDP}.9")) == 30
    assert 1 < largest_bulk(device) <= 6
    await after_restart.close()


async def test_limits_are_learnt_for_each_table(lab: Lab) -> None:
    """One table's rows take the agent long; the others are read as fast as before."""
    device = Device(
        switch() | neighbours(30), [when(lambda ask: ask.repetitions > 6 and asks_below(LLDP)(ask), empty)]
    )
    await lab.agent(device)
    sw = await lab.watch()
    await lab.poll(sw)
    device.asked.clear()
    session = lab.wire.session(lab.target("sw"))
    await session.walk(f"{LLDP}.9")
    assert largest_bulk(device) <= 6
    device.asked.clear()
    await session.walk(f"{IF}.2")
    assert largest_bulk(device) == 20


async def test_an_agent_that_crashes_is_not_crashed_at_each_poll(lab: Lab) -> None:
    """NV#1487: more than so many repetitions, and the agent is gone for minutes."""
    crash = Crashing(beyond(6), down=8)
    device = Device(switch() | neighbours(30), [crash])
    sw = await thirty_neighbours(lab, device, **SILENCE)
    await lab.poll(sw, times=8)
    assert crash.crashes == 2
    assert lab.neighbours(sw) == NAMES
    assert lab.freshness(sw, TABLE).failures == 0
    await lab.poll(sw, times=20)
    assert crash.crashes <= 4, "once more after long, to make sure; then never again"


async def test_a_power_cut_in_a_walk_teaches_nothing(lab: Lab) -> None:
    device = Device(switch() | neighbours(30))
    sw = await thirty_neighbours(lab, device, **SILENCE)
    device.quirks = [when(lambda ask: is_next(ask), silent)]
    await lab.poll(sw)
    assert lab.freshness(sw, TABLE).failures == 1
    device.quirks = []
    device.asked.clear()
    await lab.poll(sw)
    assert largest_bulk(device) == 20
    assert lab.freshness(sw, TABLE).failures == 0


async def test_too_big_is_split_and_remembered(lab: Lab) -> None:
    """net-snmp/net-snmp#212; RFC 3416, 4.2.1: tooBig with an empty list of varbinds."""
    device = Device(switch(), [when(lambda ask: ask.kind == GET and len(ask.oids) > 8, error(TOO_BIG))])
    await lab.agent(device)
    sw = await lab.watch()
    await lab.poll(sw)
    device.asked.clear()
    await lab.poll(sw)
    assert max(len(ask.oids) for ask in device.asked) <= 8
    assert lab.rate(lab.port(sw, "p4")) == pytest.approx(4000, rel=0.01)
    assert lab.problems(sw) == ""


@pytest.mark.parametrize("stop", [error(GEN_ERR), silent, empty], ids=["genErr", "silent", "empty"])
async def test_an_agent_that_stops_in_mid_table_loses_no_row(lab: Lab, stop: object) -> None:
    """SE#1436: half a table is no table that shrank. What a walk did not reach stays."""
    at = f"{LLDP}.9.0.20.1"
    device = Device(switch() | neighbours(30), [when(lambda ask: is_next(ask) and at in ask.oids, stop)])
    sw = await thirty_neighbours(lab, device, **SILENCE)
    await lab.poll(sw)
    assert len(lab.neighbours(sw)) == 30
    told = lab.problems(sw, TABLE) + lab.freshness(sw, TABLE).reason
    assert "agent failed after" in told or "no answer" in told
    device.quirks = []
    await lab.poll(sw)
    assert lab.freshness(sw, TABLE).failures == 0


async def test_discovery_of_an_agent_that_mixes_up_columns_is_right(lab: Lab) -> None:
    """An agent that looks at the first varbind of a GETBULK alone is asked for one column at a time."""

    def first_only(ask: Ask, answer: Answer) -> Iterable[Answer]:
        width = len(ask.oids)
        mine = answer.varbinds[::width]
        return (replace(answer, varbinds=mine),)

    device = Device(switch(), [when(lambda ask: is_bulk(ask) and len(ask.oids) > 1, first_only)])
    await lab.agent(device)
    sw = await lab.watch()
    await lab.poll(sw, times=2)
    assert lab.ports(sw) == ["p1", "p2", "p3", "p4"]
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)


@pytest.mark.parametrize("version", ["1", "2c"])
async def test_an_agent_that_answers_only_v1_is_polled(lab: Lab, version: str) -> None:
    """RFC 1157, 4.1: messages of another version are dropped. Configured or not, it is asked in its own."""
    device = Device(switch(high_capacity=False), [when(lambda ask: ask.version != 0, silent)])
    await lab.agent(device)
    sw = await lab.watch(version=version, timeout=0.1)
    await lab.poll(sw, times=2)
    assert lab.ports(sw) == ["p1", "p2", "p3", "p4"]
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
    device.asked.clear()
    await lab.poll(sw)
    assert {ask.version for ask in device.asked} == {0}


async def test_walks_are_whole_with_loss(lab: Lab) -> None:
    device = Device(switch() | neighbours(30), [lossy(0.2, seed=3)])
    sw = await thirty_neighbours(lab, device, timeout=0.1, retries=9)
    await lab.poll(sw, times=2)
    assert lab.neighbours(sw) == NAMES
    assert lab.freshness(sw, TABLE).reason == ""


async def test_rows_that_vanish_and_reappear_between_requests(lab: Lab) -> None:
    """Columns are read one after the other: a row may be in one and not in the next."""
    device = Device(switch() | neighbours(30))
    sw = await thirty_neighbours(lab, device)
    turns = itertools.count()
    flickers = f".0.{7}.1"

    def flicker(ask: Ask, answer: Answer) -> Iterable[Answer]:
        if next(turns) % 2:
            return (answer,)
        return (
            replace(answer, varbinds=tuple(one for one in answer.varbinds if not one[0].endswith(flickers))),
        )

    device.quirks = [when(is_next, flicker)]
    await lab.poll(sw, times=3)
    assert len(lab.neighbours(sw)) >= 29
    assert set(NAMES) - set(lab.neighbours(sw)) <= {"neighbour007"}
    device.quirks = []
    await lab.poll(sw)
    assert lab.neighbours(sw) == NAMES


async def test_what_was_learnt_holds_no_secret_and_dies_with_the_credentials(lab: Lab) -> None:
    device = Device(switch() | neighbours(30), [when(beyond(6), empty)])
    sw = await thirty_neighbours(lab, device)
    await lab.poll(sw)
    learnt = json.dumps(lab.wire.learnt())
    assert COMMUNITY not in learnt
    wire = NetworkSnmpWire(clock=lab.clock)
    wire.restore(json.loads(learnt) | {"stranger": None, "other": {"": {"limits": 7, "round_trip": "x"}}})
    assert set(wire.learnt()) >= {sw}
    target = lab.target("sw")
    wire.session(target)
    assert target.snmp is not None
    wire.session(replace(target, snmp=replace(target.snmp, community=Secret("next"))))
    assert sw not in wire.learnt()
    wire.forget(sw)
    await wire.close()
