"""What the engine in Python flies: an agent, a chain of GETs to it, and the reading of what comes back."""

from __future__ import annotations

import contextlib
import re
import socket
from functools import lru_cache
from typing import Any

from netwatch.errors import WireDecodeError
from netwatch.native.flights import MAX_COMMUNITY, Host
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.envelope import Envelope
from netwatch.wire.snmp.exact import Questions, after_identifier, encode_get
from netwatch.wire.snmp.layouts import Known, Layouts
from netwatch.wire.snmp.pdu import V3, PduType

__all__ = [
    "AIR",
    "NEVER",
    "OVER",
    "PAUSED",
    "Flight",
    "Peer",
    "get",
    "identify",
    "read_answer",
    "read_secure",
]

NEVER = 1 << 62
AIR, PAUSED, OVER = range(3)
_LENGTH = rb"([\0-\x7f]|\x81.|\x82..)"
_FRONT = re.compile(
    rb"0"
    + _LENGTH
    + rb"\x02\x01([\0\1])\x04([\0-\x7f])(.{0,127}?)\xa2"
    + _LENGTH
    + rb"\x02\x04([\0-\x7f]...)",
    re.DOTALL,
)
"""A response of v1 or v2c up to its request-id. Where the community ends, its length has to tell."""
_MIDDLE = re.compile(rb"\x02\x01\0\x02\x01.0" + _LENGTH, re.DOTALL)
"""Error-status 0, error-index and what the varbinds begin with."""


class Peer:
    """An agent: what its messages begin with, where it is asked, from where it may answer."""

    __slots__ = ("head", "hosts", "layouts", "port", "sources", "targets", "version")

    def __init__(
        self,
        version: int,
        community: bytes,
        port: int,
        targets: tuple[Host, ...],
        sources: tuple[Host, ...],
        /,
    ) -> None:
        if not targets or len(community) > MAX_COMMUNITY:
            raise ValueError("no address, or too long a community")
        self.version = version
        self.head = ber.encode_integer(version) + ber.tlv(ber.OCTET_STRING, community)
        self.port = port
        self.hosts = targets
        self.layouts: Known | None = None
        """What its last answers looked like."""
        self.targets = tuple(
            (family, _sockaddr(family, octets, scope, port)) for family, octets, scope in targets
        )
        self.sources = frozenset(
            (socket.inet_ntop(family, octets), port) for family, octets, _ in targets + sources
        )


class Flight:
    """One chain of GETs. All tries of the open question stay answerable: slow agents are heard."""

    __slots__ = (
        *("aloft", "began", "block", "coded", "deadline", "envelope", "handle", "ids", "octets", "pdu"),
        *("peer", "questions", "raw", "sent", "slowest", "spoke", "state", "stray", "token", "via", "waits"),
    )

    def __init__(
        self,
        handle: int,
        token: object,
        peer: Peer,
        questions: Questions | None,
        block: Any,
        waits: Any,
        envelope: Envelope | None,
    ) -> None:
        self.handle, self.token, self.peer, self.questions = handle, token, peer, questions
        self.block, self.waits, self.envelope = block, waits, envelope
        self.octets: dict[int, bytes] = {}
        self.coded: list[tuple[int, int, bytes]] = []
        self.slowest = -1.0
        self.began = 0.0
        self.aloft = True
        self.ids: list[int] = []
        self.sent: list[float] = []
        self.raw = b""
        self.deadline = 0.0
        self.spoke = NEVER
        """The only place on the wheel that counts."""
        self.pdu = self.via = 0
        self.state = PAUSED
        self.stray = ("", 0)

    def target(self) -> tuple[int, Any]:
        """Where the last try went."""
        targets = self.peer.targets
        if len(targets) == 1:
            return targets[0]
        return targets[(self.via + len(self.ids) - 1) % len(targets)]


def _sockaddr(family: int, octets: bytes, scope: int, port: int) -> Any:
    host = socket.inet_ntop(family, octets)
    return (host, port, 0, scope) if family == socket.AF_INET6 else (host, port)


def get(head: bytes, identifier: int, tail: bytes) -> bytes:
    """A message that begins with `head`; see `encode_get`."""
    return _before_id(head, len(tail)) + identifier.to_bytes(4, "big") + tail


@lru_cache(maxsize=4096)
def _before_id(head: bytes, tail: int) -> bytes:
    """What a GET with so many octets behind its request-id begins with: the same at each poll."""
    return ber.tlv(ber.SEQUENCE, head + encode_get(0, bytes(tail)))[: -4 - tail]


def identify(data: bytes) -> tuple[int, int, int, int]:
    """Version, id, and what of a response is behind its request-id. Raises WireDecodeError."""
    if found := _FRONT.match(data):
        whole, version, size, community, rest, identifier = found.groups()
        octets = len(data)
        if (
            size[0] == len(community)
            and _size(whole) == octets - found.end(1)
            and _size(rest) == octets - found.end(5)
        ):
            return version[0], int.from_bytes(identifier, "big"), found.end(), octets
    return _identify(data)


def _size(length: bytes) -> int:
    return int.from_bytes(length, "big") & (0x7F, 0xFF, 0xFFFF)[len(length) - 1]


def _identify(data: bytes) -> tuple[int, int, int, int]:
    """The same of what is not as almost all agents write it."""
    pos, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    version, pos = ber.integer(data, pos, end)
    if version == V3:
        pos, stop = ber.expect(data, pos, end, ber.SEQUENCE)
        return version, *ber.integer(data, pos, stop), end
    if version not in (0, 1):
        raise WireDecodeError("unknown SNMP version")
    _, pos = ber.expect(data, pos, end, ber.OCTET_STRING)
    pos, end = ber.expect(data, pos, end, PduType.RESPONSE)
    return version, *ber.integer(data, pos, end), end


def read_answer(
    flight: Flight, questions: Questions, layouts: Layouts, data: bytes, pos: int, end: int, moment: float
) -> bool:
    """What stands in data[pos:end] behind the request-id answers the current GET exactly."""
    where = _varbinds(data, pos, end)
    return where is not None and _read(flight, questions, layouts, data[where[0] : where[1]], moment)


def read_secure(
    flight: Flight,
    envelope: Envelope,
    questions: Questions,
    layouts: Layouts,
    data: bytes,
    identifier: int,
    now: float,
    moment: float,
) -> bool:
    """The same of a whole SNMPv3 message."""
    found = envelope.hear(data, identifier, now)
    return found is not None and _read(flight, questions, layouts, found[0][found[1] : found[2]], moment)


def _read(flight: Flight, questions: Questions, layouts: Layouts, varbinds: bytes, moment: float) -> bool:
    peer = flight.peer
    if peer.layouts is None:
        peer.layouts = Known(layouts)
    return layouts.read(
        peer.layouts, questions, flight.pdu, varbinds, flight.block, moment, flight.octets, flight.coded
    )


def _varbinds(data: bytes, pos: int, end: int) -> tuple[int, int] | None:
    """Where the varbinds lie in data[pos:end]; None if it tells of an error."""
    if found := _MIDDLE.match(data, pos, end):
        start = found.end()
        if _size(found[1]) == end - start:
            return start, end
    with contextlib.suppress(WireDecodeError):
        return after_identifier(data, pos, end)
    return None
