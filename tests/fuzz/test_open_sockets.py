"""Garbage at netwatch's own sockets: nothing goes back to a source that was not asked, and work goes on."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Iterator

import pytest

from netwatch.model import EntityId, Secret, SnmpAccess, Target
from netwatch.wire import NetworkSnmpWire, Trap, TrapListener, UsmUser
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_community_message, encode_pdu

from .mutation import mutate
from .targets import seeds

INPUTS = 3000


@pytest.fixture
def stranger() -> Iterator[socket.socket]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.99", 0))
        sock.setblocking(False)
        yield sock


def inputs(count: int) -> Iterator[bytes]:
    rng, pool = random.Random(3), seeds()
    for _ in range(count):
        yield mutate(rng.choice(pool), rng.choice(pool), rng)


def heard(sock: socket.socket) -> list[bytes]:
    out = []
    while True:
        try:
            out.append(sock.recv(65535))
        except BlockingIOError:
            return out


async def test_the_listener_answers_no_stranger_and_goes_on(stranger: socket.socket) -> None:
    traps: list[Trap] = []
    got = asyncio.Event()

    def on_trap(trap: Trap) -> None:
        traps.append(trap)
        if trap.source == "127.0.0.1":
            got.set()

    listener = TrapListener(
        ("127.0.0.1", 0),
        on_trap,
        [Secret("public")],
        [UsmUser("plain")],
        known=lambda source: source == "127.0.0.1",
    )
    await listener.start()
    try:
        for number, data in enumerate(inputs(INPUTS)):
            stranger.sendto(data, listener.address)
            if number % 100 == 0:
                await asyncio.sleep(0.002)
        trap = encode_pdu(Pdu(PduType.TRAP, 1, varbinds=[VarBind("1.3.6.1.2.1.1.3.0", None)]))
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as known:
            known.bind(("127.0.0.1", 0))
            known.sendto(encode_community_message(1, b"public", trap), listener.address)
            await asyncio.wait_for(got.wait(), 30)
        assert heard(stranger) == []
    finally:
        await listener.close()


async def test_the_poller_answers_no_stranger_and_goes_on(stranger: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
        agent.bind(("127.0.0.98", 0))
        agent.setblocking(False)
        access = SnmpAccess(community=Secret("public"), port=agent.getsockname()[1], timeout=5.0)
        wire = NetworkSnmpWire()
        target = Target(EntityId("d"), "agent", ("127.0.0.98",), snmp=access)
        question = asyncio.create_task(wire.session(target).get(["1.3.6.1.2.1.1.3.0"]))
        request, netwatch = await loop.sock_recvfrom(agent, 65535)
        for data in inputs(INPUTS):
            # With the right id, too: it is in the request, whose form a reply shares.
            stranger.sendto(data, netwatch)
            stranger.sendto(request[:-2] + data[:2], netwatch)
        await asyncio.sleep(0.05)
        reply = bytearray(request)
        reply[request.index(b"\xa0")] = 0xA2
        agent.sendto(reply[:-2] + b"\x05\x00", netwatch)
        assert await asyncio.wait_for(question, 30) in ({}, {"1.3.6.1.2.1.1.3.0": None})
        assert heard(stranger) == []
        await wire.close()
