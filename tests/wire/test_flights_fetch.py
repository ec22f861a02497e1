"""Fetches of templates over real sockets, by both twins, from agents that behave and that do not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flight_deck import twins
from wire_servers import (
    NO_SUCH_INSTANCE,
    V1,
    Mib,
    free_port,
    integer,
    reply,
    running_snmpd,
    scripted,
    snmp_target,
)

from netwatch.errors import WireDecodeError, WireRefused, WireTimeout
from netwatch.model import Clock, Instant, SystemClock
from netwatch.wire import Fetched, NetworkSnmpWire, Template, ValueKind
from netwatch.wire.snmp import ber, roundtrip
from netwatch.wire.snmp.cut import MAX_OCTETS, VALUE, pack
from netwatch.wire.snmp.pdu import Message, PduType
from netwatch.wire.udp import REPLY_COST

TWINS = twins()
COLUMN = "1.3.6.1.2.1.2.2.1.10"
ROWS = {f"{COLUMN}.{row}": ber.encode_integer(row, ber.COUNTER32) for row in range(1, 31)}
TEMPLATE = Template(list(ROWS))
EXPECTED = list(range(1, 31))


@pytest.fixture(params=TWINS)
async def wire(request: pytest.FixtureRequest) -> AsyncIterator[NetworkSnmpWire]:
    wire = NetworkSnmpWire(kernel=TWINS[request.param])
    yield wire
    await wire.close()


def numbers(fetched: Fetched) -> list[int | None]:
    """The plain numbers; None where there is none."""
    plain = (ValueKind.SIGNED, ValueKind.UNSIGNED)
    pairs = zip(fetched.values.tolist(), fetched.kinds.tolist(), strict=True)
    return [value if kind in plain else None for value, kind in pairs]


async def test_all_kinds_of_values(wire: NetworkSnmpWire) -> None:
    values = {
        "1.3.6.1.2.1.1.1.0": (ber.tlv(ber.OCTET_STRING, b"x" * 300), b"x" * 300),
        "1.3.6.1.2.1.1.2.0": (ber.tlv(ber.OID, ber.encode_oid("1.3.6.1.4.1.9")), "1.3.6.1.4.1.9"),
        "1.3.6.1.9.1": (integer(-5), -5),
        "1.3.6.1.9.2": (ber.encode_integer(2**64 - 1, ber.COUNTER64), 2**64 - 1),
        "1.3.6.1.9.3": (ber.tlv(ber.IP_ADDRESS, bytes((10, 0, 0, 9))), "10.0.0.9"),
        "1.3.6.1.9.4": (ber.tlv(ber.OPAQUE, b"\x9f\x78\x04\x3f\xc0\0\0"), 1.5),
        "1.3.6.1.9.5": (integer(2**63), 2**63),
        "1.3.6.1.9.6": (integer(2**70), 2**70),
        "1.3.6.1.9.7": (ber.tlv(ber.OID, b"\x2b\x86"), None),
        "1.3.6.1.9.8": (NO_SUCH_INSTANCE, None),
    }
    async with scripted(Mib({oid: one for oid, (one, _) in values.items()})) as agent:
        fetched = await wire.fetch(snmp_target(agent.port), Template(list(values)))
        assert len(agent.requests) == 1
    found = []
    for position, kind in enumerate(fetched.kinds.tolist()):
        value = int(fetched.values[position])
        found.append(
            {
                ValueKind.ABSENT: None,
                ValueKind.SIGNED: value - (1 << 64) if value >> 63 else value,
                ValueKind.UNSIGNED: value,
                ValueKind.OTHER: fetched.others.get(position),
            }[ValueKind(kind)]
        )
    assert found == [value for _, value in values.values()]
    assert np.isnan(fetched.times).tolist() == [value is None for _, value in values.values()]
    (problem,) = fetched.problems
    assert problem.startswith("1.3.6.1.9.7: can't be read")


async def test_packs_by_number_and_by_octets(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        assert numbers(await wire.fetch(snmp_target(agent.port, max_varbinds=8), TEMPLATE)) == EXPECTED
        assert [len(one.pdu.varbinds) for one in agent.requests] == [8, 8, 8, 6]
        assert len({one.pdu.request_id for one in agent.requests}) == 4
    assert pack([17] * 573, 60) == (58,) * 9 + (51,)
    assert sum(pack([20] * 573, 1000)) == 573
    assert max(pack([20] * 573, 1000)) * (20 + VALUE) <= MAX_OCTETS
    assert pack([1390, 1390, 30], 60) == (1, 1, 1)
    assert pack([], 60) == ()


async def test_an_empty_template_asks_nothing(wire: NetworkSnmpWire) -> None:
    fetched = await wire.fetch(snmp_target(free_port()), Template([]))
    assert (len(fetched.values), fetched.others, wire.stats.sent) == (0, {}, 0)


async def test_times_are_between_question_and_answer(wire: NetworkSnmpWire) -> None:
    clock = SystemClock()
    async with scripted(Mib(ROWS)) as agent:
        before = clock.now().mono
        fetched = await wire.fetch(snmp_target(agent.port, max_varbinds=10), TEMPLATE)
        assert before <= fetched.times.min() < fetched.times.max() <= clock.now().mono
        assert len(set(fetched.times.tolist())) == 3


async def test_times_are_on_the_clock_that_was_handed_in() -> None:
    class Late(SystemClock):
        def now(self) -> Instant:
            return super().now().plus(1e6)

    clock: Clock = Late()
    wire = NetworkSnmpWire(clock=clock)
    async with scripted(Mib(ROWS)) as agent:
        before = clock.now().mono
        fetched = await wire.fetch(snmp_target(agent.port), TEMPLATE)
        assert before <= fetched.times.min() <= clock.now().mono
    await wire.close()


@pytest.mark.parametrize("access", [{}, V1], ids=["v2c", "v1"])
async def test_what_the_agent_lacks_is_absent(wire: NetworkSnmpWire, access: dict[str, object]) -> None:
    have = {oid: value for oid, value in ROWS.items() if not oid.endswith(".7")}
    async with scripted(Mib(have)) as agent:
        fetched = await wire.fetch(snmp_target(agent.port, **access), TEMPLATE)
    assert numbers(fetched) == [None if value == 7 else value for value in EXPECTED]
    assert np.isnan(fetched.times).sum() == 1
    assert fetched.problems == ()


async def test_another_order_is_understood(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        told = [(one.oid, mib.values[one.oid]) for one in message.pdu.varbinds]
        return reply(message, told[::-1])

    async with scripted(respond) as agent:
        assert numbers(await wire.fetch(snmp_target(agent.port, max_varbinds=20), TEMPLATE)) == EXPECTED
        assert len(agent.requests) == 2


async def test_what_an_answer_leaves_out_is_asked_again(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        return reply(message, [(one.oid, mib.values[one.oid]) for one in message.pdu.varbinds][:20])

    async with scripted(respond) as agent:
        assert numbers(await wire.fetch(snmp_target(agent.port), TEMPLATE)) == EXPECTED
        assert [len(one.pdu.varbinds) for one in agent.requests] == [30, 10]


async def test_too_big_is_learnt(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        if len(message.pdu.varbinds) > 6:
            return reply(message, [(one.oid, b"\5\0") for one in message.pdu.varbinds], status=1)
        return mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port)
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        agent.requests.clear()
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        sizes = [len(one.pdu.varbinds) for one in agent.requests]
        assert max(sizes) <= 6
        assert sum(sizes) == 30


async def test_silence_to_what_is_too_large_is_learnt(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes | None:
        return None if len(message.pdu.varbinds) > 10 else mib(message)

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, timeout=0.05, retries=0)
        assert numbers(await wire.fetch(target, Template([f"{COLUMN}.1"]))) == [1]
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        agent.requests.clear()
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        assert max(len(one.pdu.varbinds) for one in agent.requests) <= 10


async def test_one_failing_oid_does_not_spoil_the_rest(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)

    def respond(message: Message) -> bytes:
        oids = [one.oid for one in message.pdu.varbinds]
        if f"{COLUMN}.3" in oids:
            return reply(
                message, [(oid, b"\5\0") for oid in oids], status=5, index=oids.index(f"{COLUMN}.3") + 1
            )
        return mib(message)

    async with scripted(respond) as agent:
        fetched = await wire.fetch(snmp_target(agent.port, max_varbinds=10), TEMPLATE)
        assert numbers(fetched) == [None if value == 3 else value for value in EXPECTED]
        assert [len(one.pdu.varbinds) for one in agent.requests] == [10, 10, 9, 10, 10]
    assert fetched.problems == (f"{COLUMN}.3: the agent failed (GEN_ERR)",)


async def test_an_answer_that_can_not_be_read_is_asked_for_again(wire: NetworkSnmpWire) -> None:
    mib, spoilt = Mib(ROWS), 2

    def respond(message: Message) -> bytes:
        nonlocal spoilt
        spoilt -= 1
        whole = mib(message)
        return whole.replace(b"\x41", b"\x6f") if spoilt > 0 else whole

    async with scripted(respond) as agent:
        assert numbers(await wire.fetch(snmp_target(agent.port), TEMPLATE)) == EXPECTED
        assert len(agent.requests) == 2


async def test_late_doubled_forged_and_garbled_answers(wire: NetworkSnmpWire) -> None:
    """The first try is answered after the second has left: that counts. What else comes is dropped."""
    mib = Mib(ROWS)
    waiting: list[bytes] = []

    def respond(message: Message) -> list[bytes]:
        waiting.append(mib(message))
        if len(waiting) == 1:
            return []
        forged = reply(message, [(f"{COLUMN}.1", integer(666))], request_id=message.pdu.request_id ^ 1)
        return [forged, b"\x30\x84\xff\xff\xff\xff", b"\0", waiting[0], waiting[0], waiting[1]]

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, timeout=0.05, retries=1)
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        # What follows is behind the doubles in the same socket.
        agent.respond = mib
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        stats = wire.stats
    assert (stats.timeouts, stats.garbage, stats.unasked, stats.received, stats.sent) == (1, 2, 3, 7, 3)


async def test_an_answer_from_elsewhere_is_told_of(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as elsewhere:
        elsewhere.bind(("127.0.0.2", 0))

        class Sender:
            def __call__(self, message: Message) -> None:
                elsewhere.sendto(mib(message), ("127.0.0.1", wire._flights.local_port(socket.AF_INET)))

        async with scripted(Sender()) as agent:
            target = snmp_target(agent.port, timeout=0.05, retries=0)
            with pytest.raises(
                WireTimeout, match=r"came from 127\.0\.0\.2 port \d+, which is not in reply_from"
            ):
                await wire.fetch(target, TEMPLATE)
            assert wire.stats.wrong_source == 1


async def test_a_second_address_is_tried_and_preferred(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS), "127.0.0.3") as agent:
        target = snmp_target(agent.port, addresses=("127.0.0.4", "127.0.0.3"), timeout=5.0)
        for _ in range(2):
            assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
        # The ICMP error ended the first try at once; the second fetch began with what answers.
        assert (wire.stats.sent, wire.stats.timeouts) == (3, 0)


async def test_nobody_there(wire: NetworkSnmpWire) -> None:
    with pytest.raises(WireRefused, match="unreachable"):
        await wire.fetch(snmp_target(free_port(), timeout=5.0), TEMPLATE)


async def test_silence(wire: NetworkSnmpWire) -> None:
    async with scripted(lambda message: None) as agent:
        with pytest.raises(WireTimeout, match=r"no answer within 0.05 s \(3 tries\)"):
            await wire.fetch(snmp_target(agent.port, timeout=0.05, retries=2), TEMPLATE)
        assert [one.version for one in agent.requests] == [1, 1, 1, 0], "perhaps it knows SNMPv1 alone"
        assert {one.pdu.type for one in agent.requests} == {PduType.GET}
        assert len({one.pdu.request_id for one in agent.requests}) == 4


async def test_an_agent_that_stops_in_the_middle(wire: NetworkSnmpWire) -> None:
    mib = Mib(ROWS)
    async with scripted(lambda message: mib(message) if len(agent.requests) < 3 else None) as agent:
        with pytest.raises(WireTimeout):
            await wire.fetch(snmp_target(agent.port, max_varbinds=10, timeout=0.05, retries=0), TEMPLATE)


async def test_only_garbage(wire: NetworkSnmpWire) -> None:
    def respond(message: Message) -> bytes:
        return reply(message, [(one.oid, b"\x6f\x01\x01") for one in message.pdu.varbinds])

    async with scripted(respond) as agent:
        with pytest.raises(WireDecodeError, match="could not be read"):
            await wire.fetch(snmp_target(agent.port, timeout=0.05, retries=0), TEMPLATE)


async def test_ipv6(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS), "::1") as agent:
        target = snmp_target(agent.port, addresses=("::1",))
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED
    with pytest.raises(WireRefused):
        await wire.fetch(target, TEMPLATE)


async def test_contexts_and_communities(wire: NetworkSnmpWire) -> None:
    async with scripted(Mib(ROWS)) as agent:
        await wire.fetch(snmp_target(agent.port), TEMPLATE, context="20")
        (request,) = agent.requests
        assert request.community == b"planted-community@20"


async def test_what_is_under_way_is_bounded_and_all_get_their_turn(
    wire: NetworkSnmpWire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roundtrip, "FLOOR", 5.0)  # a machine that stands still for a moment is no silence
    mib, held, most = Mib(ROWS), [], 0

    def respond(message: Message) -> list[bytes]:
        nonlocal most
        held.append(mib(message))
        most = max(most, len(held))
        if len(held) < 80:
            return []
        out, held[:] = list(held), []
        return out

    wire._flights._receive_buffer = 40 * REPLY_COST  # the kernel grants twice of that
    async with scripted(respond) as agent:
        target = snmp_target(agent.port, timeout=5.0)
        fetches = [wire.fetch(target, TEMPLATE) for _ in range(160)]
        for fetched in await asyncio.gather(*fetches):
            assert numbers(fetched) == EXPECTED
        assert wire._flights.room == 80
    assert most == 80
    assert wire.stats.timeouts == 0


async def test_a_fetch_that_is_cancelled_leaves_nothing_behind(wire: NetworkSnmpWire) -> None:
    heard = asyncio.Event()

    def respond(message: Message) -> None:
        heard.set()

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, timeout=5.0)
        task = asyncio.create_task(wire.fetch(target, TEMPLATE))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert list(wire._flights.engine.close()) == []
        agent.respond = Mib(ROWS)
        assert numbers(await wire.fetch(target, TEMPLATE)) == EXPECTED


async def test_closing_ends_what_is_under_way(wire: NetworkSnmpWire) -> None:
    heard = asyncio.Event()

    def respond(message: Message) -> None:
        heard.set()

    async with scripted(respond) as agent:
        task = asyncio.create_task(wire.fetch(snmp_target(agent.port, timeout=5.0), TEMPLATE))
        await heard.wait()
        await wire.close()
        with pytest.raises(WireTimeout, match="stopping"):
            await task


async def test_many_agents_at_once(wire: NetworkSnmpWire) -> None:
    """60 flights of 6 GETs each, some of which get lost."""
    mib, asked = Mib(ROWS), 0

    def respond(message: Message) -> bytes | None:
        nonlocal asked
        asked += 1
        return mib(message) if asked % 97 else None

    async with scripted(respond) as agent:
        target = snmp_target(agent.port, max_varbinds=5, timeout=1.0, retries=5)
        for fetched in await asyncio.gather(*(wire.fetch(target, TEMPLATE) for _ in range(60))):
            assert numbers(fetched) == EXPECTED


@pytest.mark.server("snmpd")
async def test_a_real_snmpd(wire: NetworkSnmpWire, tmp_path: Path) -> None:
    oids = [f"1.3.6.1.2.1.1.{scalar}.0" for scalar in (3, 5, 6, 99)]
    async with running_snmpd(tmp_path) as port:
        for access in ({}, V1):
            target = snmp_target(port, timeout=2.0, **access)
            fetched = await wire.fetch(replace(target, name="other"), Template(oids))
            assert fetched.kinds.tolist() == [2, 3, 3, 0]
            assert fetched.others == {1: b"lab", 2: b"Room 12"}
