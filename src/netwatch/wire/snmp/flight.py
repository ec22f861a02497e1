"""What the engine in Python flies: an agent, a chain of GETs to it, and the reading of what comes back."""

from __future__ import annotations

import contextlib
import socket
from typing import Any

from netwatch.errors import WireDecodeError
from netwatch.native.flights import MAX_COMMUNITY, Host
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.exact import Questions, decode_varbinds, encode_get
from netwatch.wire.snmp.pdu import V3, PduType

__all__ = ["AIR", "NEVER", "OVER", "PAUSED", "Flight", "Peer", "get", "identify", "read_answer"]

NEVER = 1 << 62
AIR, PAUSED, OVER = range(3)


class Peer:
    """An agent: what its messages begin with, where it is asked, from where it may answer."""

    __slots__ = ("head", "hosts", "port", "sources", "targets", "version")

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
        self.targets = tuple(
            (family, _sockaddr(family, octets, scope, port)) for family, octets, scope in targets
        )
        self.sources = frozenset(
            (socket.inet_ntop(family, octets), port) for family, octets, _ in targets + sources
        )


class Flight:
    """One chain of GETs. All tries of the open question stay answerable: slow agents are heard."""

    __slots__ = (
        *("coded", "columns", "deadline", "handle", "ids", "octets", "pdu", "peer", "questions", "raw"),
        *("sent", "spoke", "state", "stray", "token", "trips", "via", "waits"),
    )

    def __init__(
        self, handle: int, token: object, peer: Peer, questions: Questions | None, columns: Any, waits: Any
    ) -> None:
        self.handle, self.token, self.peer, self.questions = handle, token, peer, questions
        self.columns, self.waits = columns, waits
        self.octets: dict[int, bytes] = {}
        self.coded: list[tuple[int, int, bytes]] = []
        self.trips: list[float] = []
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
        return targets[(self.via + len(self.ids) - 1) % len(targets)]


def _sockaddr(family: int, octets: bytes, scope: int, port: int) -> Any:
    host = socket.inet_ntop(family, octets)
    return (host, port, 0, scope) if family == socket.AF_INET6 else (host, port)


def get(head: bytes, identifier: int, tail: bytes) -> bytes:
    return ber.tlv(ber.SEQUENCE, head + encode_get(identifier, tail))


def _integer(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """An INTEGER of at most 8 octets, and where it ends. Raises WireDecodeError."""
    start, stop = ber.expect(data, pos, end, ber.INTEGER)
    if stop - start > 8:
        raise WireDecodeError("INTEGER of more than 8 octets")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def identify(data: bytes) -> tuple[int, int, int, int]:
    """Version, id, and what of a response is behind its request-id. Raises WireDecodeError."""
    pos, end = ber.expect(data, 0, len(data), ber.SEQUENCE)
    version, pos = _integer(data, pos, end)
    if version == V3:
        pos, stop = ber.expect(data, pos, end, ber.SEQUENCE)
        return version, *_integer(data, pos, stop), end
    if version not in (0, 1):
        raise WireDecodeError("unknown SNMP version")
    _, pos = ber.expect(data, pos, end, ber.OCTET_STRING)
    pos, end = ber.expect(data, pos, end, PduType.RESPONSE)
    return version, *_integer(data, pos, end), end


def read_answer(flight: Flight, questions: Questions, data: bytes, pos: int, end: int, moment: float) -> bool:
    """What stands in data[pos:end] behind the request-id answers the current GET exactly."""
    with contextlib.suppress(WireDecodeError):
        status, pos = _integer(data, pos, end)
        if status:
            return False
        _, pos = _integer(data, pos, end)
        start, stop = ber.expect(data, pos, end, ber.SEQUENCE)
        return decode_varbinds(
            questions, flight.pdu, data, start, stop, flight.columns, moment, flight.octets, flight.coded
        )
    return False
