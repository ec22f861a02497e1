"""A trap storm: what 10,000 traps a second cost the loop in which polling runs."""

from __future__ import annotations

import asyncio
import multiprocessing
import socket
import time
from collections.abc import Iterator
from typing import NamedTuple

from tests.bench.table import Row, show
from tests.bench.ticker import ticking

from netwatch.model import Secret
from netwatch.wire import Trap, TrapListener
from netwatch.wire.snmp.pdu import Pdu, PduType, VarBind, encode_community_message, encode_pdu

__all__ = ["Storm", "storm"]

PER_SECOND = 10_000
KNOWN, STRANGERS = 400, 100
"""Sources: each sends its share of the storm."""


class Storm(NamedTuple):
    cpu: float
    """Share of a core that the listener took."""
    lateness: float
    """Seconds, p99, of a tick in its loop."""
    quiet: float
    """The same without a storm."""
    sent: int
    polls: int
    """How many polls the traps asked for; those of one device within five seconds count once."""


def _blow(port: int, seconds: float) -> None:
    pdu = encode_pdu(Pdu(PduType.TRAP, 1, varbinds=[VarBind("1.3.6.1.2.1.1.3.0", None)]))
    datagram = encode_community_message(1, b"public", pdu)
    sockets = []
    for number in range(KNOWN + STRANGERS):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind((_source(number), 0))
        sockets.append(sock)
    began, sent = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds:
        while sent < now * PER_SECOND:
            sockets[sent % len(sockets)].sendto(datagram, ("127.0.0.1", port))
            sent += 1
        time.sleep(0.001)


def _source(number: int) -> str:
    return f"127.9.{number // 250}.{number % 250 + 1}"


async def _measure(seconds: float) -> Storm:
    known = {_source(number) for number in range(KNOWN)}
    asked: dict[str, float] = {}
    polls = 0

    def on_trap(trap: Trap) -> None:
        nonlocal polls
        now = time.monotonic()
        if now - asked.get(trap.source, float("-inf")) >= 5.0:
            asked[trap.source] = now
            polls += 1

    listener = TrapListener(("127.0.0.1", 0), on_trap, [Secret("public")], known=known.__contains__)
    await listener.start()
    async with ticking() as quiet:
        await asyncio.sleep(2.0)
    sender = multiprocessing.get_context("spawn").Process(target=_blow, args=(listener.address[1], seconds))
    sender.start()
    while not listener.stats.received:
        await asyncio.sleep(0.05)
    began, cpu = time.monotonic(), time.process_time()
    async with ticking() as found:
        while sender.is_alive():
            await asyncio.sleep(0.1)
    share = (time.process_time() - cpu) / (time.monotonic() - began)
    sent = int(seconds * PER_SECOND)
    await listener.close()
    return Storm(share, found.percentile(99), quiet.percentile(99), sent, polls)


def storm(seconds: float = 8.0) -> Storm:
    return asyncio.run(_measure(seconds))


def rows() -> Iterator[Row]:
    found = storm()
    yield "traps: 10,000 a second for 8 s", found.cpu, "of a core"
    yield "traps: lateness of a tick, p99", found.lateness * 1000, f"ms ({found.quiet * 1000:.2g} without)"
    yield (
        "traps: polls asked for",
        found.polls,
        f"by {found.sent} traps of {KNOWN} devices and {STRANGERS} strangers",
    )


if __name__ == "__main__":
    show(rows())
