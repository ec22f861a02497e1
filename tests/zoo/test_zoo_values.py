"""Values of the wrong type, columns that fail, holes in rows, rows that move."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest
from zoo_agents import GEN_ERR, Answer, Ask, Device, asks_below, content, error, retyped, when
from zoo_lab import IF, IFX, OPER_UP, RX, SPEED, SYS, TX, UP, Lab, switch

from netwatch.simulate import ber
from netwatch.simulate.pdu import GET

IF_TABLE_LAST_CHANGE = "1.3.6.1.2.1.31.1.5.0"
PORTS = ["p1", "p2", "p3", "p4"]


async def polled(lab: Lab, device: Device, **access: object) -> str:
    await lab.agent(device)
    sw = await lab.watch(**access)
    await lab.poll(sw, times=2)
    return sw


def integer(value: int) -> bytes:
    return ber.encode_value(ber.INTEGER, value)


def number(value: bytes) -> int:
    return ber.decode_integer(content(value))


@pytest.mark.parametrize("index", [True, False], ids=["with index", "without index"])
async def test_gen_err_on_one_column_costs_no_other(lab: Lab, index: bool) -> None:
    """ND#9580, etingof/pysnmp#37, monitoring-plugins#1702: one OID fails, and nothing at all is read."""
    bad = f"{IFX}.10"

    def fail(ask: Ask, answer: Answer) -> Iterable[Answer]:
        where = next(row for row, oid in enumerate(ask.oids, 1) if oid == bad or oid.startswith(bad + "."))
        return error(GEN_ERR, where if index else 0)(ask, answer)

    device = Device(switch(), [when(asks_below(bad), fail)])
    sw = await polled(lab, device)
    assert lab.ports(sw) == PORTS
    for one in (1, 2, 3, 4):
        assert lab.rate(lab.port(sw, f"p{one}")) == pytest.approx(1000 * one, rel=0.01)
        assert lab.value(lab.port(sw, f"p{one}"), OPER_UP) == 1
    assert lab.freshness(sw).failures == 0


async def test_a_column_that_begins_to_fail_says_so_and_grows_old(lab: Lab) -> None:
    device = Device(switch())
    sw = await polled(lab, device)
    device.quirks = [when(asks_below(f"{IFX}.10"), error(GEN_ERR))]
    snapshot = await lab.poll(sw, times=5)
    assert f"{IFX}.10" in lab.problems(sw)
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
    port = lab.port(sw, "p2")
    assert snapshot.value(port, RX) is not None
    column = snapshot.columns[TX]
    assert not column.fresh[column.entities.index(port)], "not read is unknown, not 0"


@pytest.mark.parametrize(
    "hole", [b"\x05\x00", b"\x80\x00", b"\x81\x00"], ids=["NULL", "noSuchObject", "noSuchInstance"]
)
@pytest.mark.parametrize("when_found", [True, False], ids=["at discovery", "later"])
async def test_a_hole_in_a_row_is_one_unknown_value(lab: Lab, hole: bytes, when_found: bool) -> None:
    """SE#1468 and RFC 3416, 4.2.1: one row lacks what the others have. It is neither 0 nor the row's end."""

    def punch(ask: Ask, answer: Answer) -> Iterable[Answer]:
        holes = (f"{IFX}.6.2", f"{IF}.10.2")
        return (replace(answer, varbinds=tuple((o, hole if o in holes else v) for o, v in answer.varbinds)),)

    # In a walk noSuchInstance is not possible: there the row's cell is not there at all.
    spoil = when(lambda ask: hole == b"\x05\x00" or ask.kind == GET, punch)
    device = Device(switch(), [spoil] if when_found else [])
    sw = await polled(lab, device)
    device.quirks = [spoil]
    await lab.poll(sw, times=5)
    assert lab.ports(sw) == PORTS
    snapshot = lab.state.snapshot()
    assert snapshot.value(lab.port(sw, "p2"), RX) is None
    assert snapshot.value(lab.port(sw, "p2"), TX) is not None
    assert lab.rate(lab.port(sw, "p3")) == pytest.approx(3000, rel=0.01)
    assert lab.freshness(sw).failures == 0


@pytest.mark.parametrize(
    "encode",
    [
        lambda value: ber.tlv(ber.GAUGE32, content(value)),
        lambda value: ber.tlv(0x47, content(value)),
        lambda value: ber.tlv(ber.INTEGER, content(value)),
        lambda value: ber.tlv(ber.OCTET_STRING, b"%d" % number(value)),
        lambda value: ber.tlv(ber.OCTET_STRING, b" %d bytes" % number(value)),
        lambda value: ber.tlv(ber.COUNTER64, bytes(5) + content(value)),
        lambda value: ber.tlv(ber.OPAQUE, b"\x9f\x79\x08" + struct.pack(">d", number(value))),
    ],
    ids=["Gauge32", "UInteger32", "INTEGER", "text", "text with unit", "padded", "Opaque double"],
)
async def test_counters_of_another_type_are_counters(lab: Lab, encode: Callable[[bytes], bytes]) -> None:
    """kentik/ktranslate#643, SE#350, troglobit/mini-snmpd#8: what the MIB calls a counter is one."""
    device = Device(switch(high_capacity=False), [retyped(f"{IF}.10", encode)])
    sw = await polled(lab, device)
    for one in (1, 2, 3, 4):
        assert lab.rate(lab.port(sw, f"p{one}")) == pytest.approx(1000 * one, rel=0.01)


async def test_negative_integers_where_unsigned_is_meant(lab: Lab) -> None:
    """SE#350 and NV#173: Integer32 holds what a Counter32 or Gauge32 of 2^31 and more should."""

    def negative(value: bytes) -> bytes:
        found = number(value) % 2**32
        return integer(found - 2**32 if found >= 2**31 else found)

    device = Device(
        switch(high_capacity=False), [retyped(f"{IF}.10", negative), retyped(f"{IF}.5", negative)]
    )
    device.objects |= {
        f"{IF}.10.1": (ber.COUNTER32, lambda seconds: int(seconds * 1000) % 2**31 + 2**31),
        f"{IF}.5.4": (ber.GAUGE32, 3_000_000_000),
    }
    sw = await polled(lab, device)
    port = lab.port(sw, "p1")
    assert lab.value(lab.port(sw, "p4"), SPEED) == 3e9 / 8
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
    column = lab.state.snapshot().columns[RX]
    assert column.totals is not None
    assert int(column.totals[column.entities.index(port)]) == pytest.approx(120_000, rel=0.02)


async def test_opaque_floats_are_numbers(lab: Lab) -> None:
    """ND#3703, gosnmp/gosnmp#133, draft-perkins-opaque-01: an agent with a real number to tell wraps it."""
    load = "1.3.6.1.2.1.25.3.3.1.2.1"
    device = Device(switch())
    device.objects |= {
        load: (ber.OPAQUE, b"\x9f\x78\x04" + struct.pack(">f", 12.5)),
        "1.3.6.1.2.1.25.3.3.1.1.1": (ber.OID, "0.0"),
    }
    sw = await polled(lab, device)
    found = [
        float(column.values[row])
        for column in lab.state.snapshot().columns.values()
        for row in range(len(column.entities))
        if "processor" in column.family.name or "cpu" in column.family.name
    ]
    assert any(value in (12.5, 0.125) for value in found), found
    assert lab.value(sw, UP) == 1


async def test_counters_refreshed_every_ten_seconds_make_no_spike(lab: Lab) -> None:
    """net-snmp/net-snmp#1029, TG#3030: a cache lets two refreshes fall into one poll, then one."""
    device = Device(switch(["p1"]))
    rate = 110_000_000  # of 125,000,000
    cached = lambda seconds: int(seconds // 10 * 10 * rate)  # noqa: E731
    device.objects |= {f"{IFX}.6.1": (ber.COUNTER64, cached), f"{IF}.10.1": (ber.COUNTER32, cached)}
    await lab.agent(device)
    sw = await lab.watch()
    port = lab.port(sw, "p1")
    rates = []
    for _ in range(16):
        await lab.poll(sw, seconds=15)
        rates.append(lab.rate(port))
    known = [one for one in rates if one is not None]
    assert len(known) >= 15
    assert max(known) <= 125_000_000
    column = lab.state.snapshot().columns[RX]
    assert column.totals is not None
    assert int(column.totals[0]) == pytest.approx(16 * 15 * rate, abs=15 * rate)


async def test_ports_that_are_reordered_keep_their_history(lab: Lab) -> None:
    """LN#386 #7574 #15655, SE#111, ZN#263: ifIndex is no name. The next poll finds each port again."""
    device = Device(switch(PORTS))
    sw = await polled(lab, device)
    before = {name: lab.port(sw, name) for name in PORTS}
    device.show(switch(PORTS[::-1]) | {IF_TABLE_LAST_CHANGE: (ber.TIME_TICKS, 4711)})
    await lab.poll(sw, times=3)
    assert {name: lab.port(sw, name) for name in PORTS} == before
    for one in (1, 2, 3, 4):
        assert lab.rate(before[f"p{one}"]) == pytest.approx(1000 * one, rel=0.01)


async def test_ports_reordered_in_mid_poll_are_right_two_polls_later(lab: Lab) -> None:
    """The order changes after netwatch has asked whether it changed, between two requests of one table."""
    device = Device(switch(PORTS))
    sw = await polled(lab, device, max_varbinds=6)
    before = {name: lab.port(sw, name) for name in PORTS}
    turned = switch(PORTS[::-1]) | {IF_TABLE_LAST_CHANGE: (ber.TIME_TICKS, 4711)}
    asked = len(device.asked)

    def turn(ask: Ask, answer: Answer) -> Iterable[Answer]:
        if ask.number == asked + 3:
            device.show(turned)
        return (answer,)

    device.quirks = [turn]
    await lab.poll(sw)
    assert device.objects is turned
    await lab.poll(sw, times=2)
    assert {name: lab.port(sw, name) for name in PORTS} == before
    for one in (1, 2, 3, 4):
        assert lab.rate(before[f"p{one}"]) == pytest.approx(1000 * one, rel=0.01)


async def test_rows_that_vanish_from_a_fixed_table_grow_old(lab: Lab) -> None:
    """A module that is pulled: noSuchInstance for its ports, and no word of a change in the table."""
    device = Device(switch(PORTS))
    sw = await polled(lab, device)
    gone = lab.port(sw, "p4")
    device.show(switch(PORTS[:3]))
    snapshot = await lab.poll(sw, times=5)
    assert snapshot.value(gone, RX) is None
    assert snapshot.value(gone, OPER_UP) is None
    assert lab.rate(lab.port(sw, "p1")) == pytest.approx(1000, rel=0.01)
    device.show(switch(PORTS))
    await lab.poll(sw, times=2)
    assert lab.port(sw, "p4") == gone
    assert lab.rate(gone) == pytest.approx(4000, rel=0.01)


async def test_an_agent_without_sys_descr_or_uptime_is_polled(lab: Lab) -> None:
    objects = {oid: value for oid, value in switch().items() if oid not in (f"{SYS}.1.0", f"{SYS}.3.0")}
    sw = await polled(lab, Device(objects))
    assert lab.value(sw, UP) == 1
    assert lab.rate(lab.port(sw, "p2")) == pytest.approx(2000, rel=0.01)
