"""Agents that misbehave on purpose: a well-behaved one, and quirks that spoil its answers.

It answers by the simulator's codec, which shares no code with the decoder under test. A quirk is a function
of the question and an answer, and gives the answers that are sent instead: none, one or several.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netwatch.simulate import ber
from netwatch.simulate.agent import Agent as GoodAgent
from netwatch.simulate.pdu import GETBULK, GETNEXT, RESPONSE, Request, parse_pdu, pdu
from netwatch.simulate.view import MibView, Source

COMMUNITY = "planted-zoo"
PORT = 20_000 + os.getpid() % 10_000
GEN_ERR, TOO_BIG = 5, 1

Objects = dict[str, tuple[int, Source]]
"""Tag and value (or what computes it from the time) by OID."""


@dataclass(frozen=True)
class Ask:
    """A question of SNMPv1 or v2c."""

    version: int
    kind: int
    oids: tuple[str, ...]
    repetitions: int
    """GETBULK: max-repetitions; else 0."""
    number: int
    """Questions that this agent was asked before."""
    data: bytes

    @property
    def size(self) -> int:
        """Varbinds that the answer to a GET or GETBULK may have."""
        return len(self.oids) * max(1, self.repetitions)


@dataclass(frozen=True)
class Answer:
    """What is sent back, in parts that a quirk can change."""

    request_id: bytes = b"\0"
    status: int = 0
    index: int = 0
    varbinds: tuple[tuple[str, bytes], ...] = ()
    """OID and encoded value."""
    version: int | None = None
    """None: that of the question."""
    mangle: Callable[[bytes], bytes] = lambda datagram: datagram
    """The last word on the datagram."""
    delay: float = 0.0
    """Seconds."""
    source: str = ""
    """Address that it comes from; empty: the one that was asked."""
    raw: bytes | None = None
    """SNMPv3: the whole datagram."""


Quirk = Callable[[Ask, Answer], Iterable[Answer]]


@dataclass
class Device:
    """What one agent shows, and how it misbehaves. Change it between polls as the story goes."""

    objects: Objects
    quirks: list[Quirk] = field(default_factory=list)
    users: Mapping[bytes, Any] = field(default_factory=dict)
    engine_id: bytes = b""
    engine: Callable[[float], tuple[int, int]] = lambda seconds: (1, int(seconds))
    asked: list[Ask] = field(default_factory=list)
    received: int = 0
    """Datagrams."""
    _agent: GoodAgent | None = None

    def show(self, objects: Objects) -> None:
        """It now has these objects and no others."""
        self.objects = objects
        self._agent = None

    def respond(self, data: bytes, seconds: float) -> list[Answer]:
        self.received += 1
        if self._agent is None:
            arcs = [(ber.parse_oid(oid), tag, source) for oid, (tag, source) in self.objects.items()]
            view = MibView(arcs)
            self._agent = GoodAgent(
                lambda: view,
                {COMMUNITY.encode(): None},
                self.users,
                self.engine_id,
                lambda at: self.engine(at),
                max_size=60_000,
            )
        reply = self._agent.respond(data, seconds)
        request = _request(data)
        if request is None:
            answers = [] if reply is None else [Answer(raw=reply)]
            ask = Ask(3, 0, (), 0, self.received - 1, data)
        else:
            version, asked = request
            ask = Ask(version, asked.kind, _oids(asked), _repetitions(asked), len(self.asked), data)
            self.asked.append(ask)
            answers = [] if reply is None else [_parts(reply)]
        for quirk in self.quirks:
            answers = [changed for answer in answers for changed in quirk(ask, answer)]
        return answers


class HostileAgent(asyncio.DatagramProtocol):
    """A device at an address of loopback."""

    def __init__(self, device: Device, now: Callable[[], float]) -> None:
        self.device, self._now = device, now
        self._others: dict[str, Any] = {}
        self._later: list[asyncio.TimerHandle] = []

    @classmethod
    async def start(cls, device: Device, address: str, now: Callable[[], float]) -> HostileAgent:
        loop = asyncio.get_running_loop()
        _, agent = await loop.create_datagram_endpoint(lambda: cls(device, now), local_addr=(address, PORT))
        return agent

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: Any = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        for answer in self.device.respond(data, self._now()):
            if answer.delay:
                loop = asyncio.get_running_loop()
                self._later.append(loop.call_later(answer.delay, self._send, data, answer, addr))
            else:
                self._send(data, answer, addr)

    def open(self, address: str) -> None:
        """Lets answers come from another address of the device."""
        import socket

        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        other.bind((address, PORT))
        self._others[address] = other

    def close(self) -> None:
        for timer in self._later:
            timer.cancel()
        for other in self._others.values():
            other.close()
        self._transport.close()

    def _send(self, data: bytes, answer: Answer, addr: Any) -> None:
        datagram = answer.raw if answer.raw is not None else _encode(data, answer)
        datagram = answer.mangle(datagram)
        if answer.source:
            self._others[answer.source].sendto(datagram, addr)
        else:
            self._transport.sendto(datagram, addr)


# what a quirk is made of


def when(matches: Callable[[Ask], bool], quirk: Quirk) -> Quirk:
    """The quirk for some questions alone."""
    return lambda ask, answer: quirk(ask, answer) if matches(ask) else (answer,)


def silent(ask: Ask, answer: Answer) -> Iterable[Answer]:
    return ()


def wrong_request_id(ask: Ask, answer: Answer) -> Iterable[Answer]:
    """A stray reply with another id before the right one."""
    other = bytes((answer.request_id[0] ^ 1, *answer.request_id[1:]))
    lie = tuple((oid, ber.encode_value(ber.OCTET_STRING, b"lie")) for oid, _ in answer.varbinds)
    return replace(answer, request_id=other, varbinds=lie), answer


def duplicate(ask: Ask, answer: Answer) -> Iterable[Answer]:
    return answer, answer, replace(answer, delay=0.05)


def delayed(seconds: float) -> Quirk:
    return lambda ask, answer: (replace(answer, delay=answer.delay + seconds),)


def comes_from(address: str) -> Quirk:
    return lambda ask, answer: (replace(answer, source=address),)


def mangled(mangle: Callable[[bytes], bytes]) -> Quirk:
    """The damaged datagram alone."""
    return lambda ask, answer: (replace(answer, mangle=mangle),)


def lossy(share: float, seed: int) -> Quirk:
    """So many questions get lost, and so many answers."""
    rng = random.Random(seed)
    return lambda ask, answer: (answer,) if rng.random() >= share and rng.random() >= share else ()


def error(status: int, index: int = 0) -> Quirk:
    """An error-status with the question's varbinds, as RFC 3416, 4.2.1 wants it."""

    def quirk(ask: Ask, answer: Answer) -> Iterable[Answer]:
        echo = tuple((oid, b"\x05\x00") for oid in ask.oids)
        return (replace(answer, status=status, index=index, varbinds=echo),)

    return quirk


def empty(ask: Ask, answer: Answer) -> Iterable[Answer]:
    return (replace(answer, varbinds=()),)


def retyped(column: str, encode: Callable[[bytes], bytes]) -> Quirk:
    """Values below an OID in another encoding; `encode` is given the right one."""

    def quirk(ask: Ask, answer: Answer) -> Iterable[Answer]:
        varbinds = tuple(
            (
                oid,
                encode(value)
                if oid.startswith(column + ".") and value[0] not in (0x80, 0x81, 0x82)
                else value,
            )
            for oid, value in answer.varbinds
        )
        return (replace(answer, varbinds=varbinds),)

    return quirk


class Crashing:
    """At such a question it crashes, and is back after so many more."""

    def __init__(self, fatal: Callable[[Ask], bool], down: int) -> None:
        self.fatal, self.down = fatal, down
        self.crashes = 0
        self._missing = 0

    def __call__(self, ask: Ask, answer: Answer) -> Iterable[Answer]:
        if self._missing:
            self._missing -= 1
            return ()
        if self.fatal(ask):
            self.crashes += 1
            self._missing = self.down
            return ()
        return (answer,)


def is_bulk(ask: Ask) -> bool:
    return ask.kind == GETBULK


def is_next(ask: Ask) -> bool:
    return ask.kind in (GETBULK, GETNEXT)


def asks_below(column: str) -> Callable[[Ask], bool]:
    return lambda ask: any(oid == column or oid.startswith(column + ".") for oid in ask.oids)


def content(value: bytes) -> bytes:
    """The octets of an encoded value."""
    element = ber.read(value, 0, len(value))
    return value[element.start : element.end]


# encoding


def _request(data: bytes) -> tuple[int, Request] | None:
    """Version and PDU of a community message."""
    outer = ber.read(data, 0, len(data), ber.SEQUENCE)
    version = ber.read(data, outer.start, outer.end, ber.INTEGER)
    number = ber.decode_integer(data[version.start : version.end])
    if number == 3:
        return None
    community = ber.read(data, version.end, outer.end, ber.OCTET_STRING)
    return number, parse_pdu(data, community.end, outer.end)


def _oids(request: Request) -> tuple[str, ...]:
    names = (ber.read(name, 0, len(name)) for name in request.names)
    return tuple(
        ".".join(map(str, ber.decode_oid(raw[name.start : name.end])))
        for raw, name in zip(request.names, names, strict=True)
    )


def _repetitions(request: Request) -> int:
    return request.second if request.kind == GETBULK else 0


def _parts(reply: bytes) -> Answer:
    outer = ber.read(reply, 0, len(reply), ber.SEQUENCE)
    version = ber.read(reply, outer.start, outer.end)
    community = ber.read(reply, version.end, outer.end)
    body = ber.read(reply, community.end, outer.end, RESPONSE)
    number = ber.read(reply, body.start, body.end)
    status = ber.read(reply, number.end, body.end)
    index = ber.read(reply, status.end, body.end)
    rows = ber.read(reply, index.end, body.end)
    varbinds = []
    at = rows.start
    while at < rows.end:
        pair = ber.read(reply, at, rows.end)
        name = ber.read(reply, pair.start, pair.end)
        oid = ".".join(map(str, ber.decode_oid(reply[name.start : name.end])))
        varbinds.append((oid, reply[name.end : pair.end]))
        at = pair.end
    return Answer(
        reply[number.start : number.end],
        ber.decode_integer(reply[status.start : status.end]),
        ber.decode_integer(reply[index.start : index.end]),
        tuple(varbinds),
    )


def _encode(data: bytes, answer: Answer) -> bytes:
    outer = ber.read(data, 0, len(data), ber.SEQUENCE)
    version = ber.read(data, outer.start, outer.end)
    community = ber.read(data, version.end, outer.end)
    head = data[outer.start : community.end]
    if answer.version is not None:
        head = ber.encode_integer(answer.version) + data[version.end : community.end]
    varbinds = b"".join(
        ber.tlv(ber.SEQUENCE, ber.encode_oid(ber.parse_oid(oid)) + value) for oid, value in answer.varbinds
    )
    body = pdu(RESPONSE, answer.request_id, answer.status, answer.index, varbinds)
    return ber.tlv(ber.SEQUENCE, head + body)
