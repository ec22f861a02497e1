"""Chains of GETs to many agents at once, in Python: the twin of native/flights.c.

See netwatch.native.flights for what it does.
"""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Any

from netwatch.errors import WireDecodeError
from netwatch.native.flights import DONE, MAX_TRIES, ODD, OVERDUE, RAW, REFUSED, SILENT, Event, Stat
from netwatch.wire.snmp.block import OCTETS
from netwatch.wire.snmp.envelope import Envelope
from netwatch.wire.snmp.exact import Questions, decode_varbinds
from netwatch.wire.snmp.flight import (
    AIR,
    NEVER,
    OVER,
    PAUSED,
    Flight,
    Peer,
    get,
    identify,
    read_answer,
    read_secure,
)
from netwatch.wire.snmp.layouts import Layouts

__all__ = ["Engine", "Envelope", "Peer", "Questions", "Waiter", "decode_varbinds"]

BATCH = 64
"""Datagrams read in one turn."""
LEAST_ID = 0x800000
"""Smaller ones are no four octets in DER."""
_POOL = 256
"""Request ids drawn in one go."""
_IP_RECVERR, _IPV6_RECVERR = 11, 25  # linux/in.h, linux/in6.h
_RECVERR = {(socket.IPPROTO_IP, _IP_RECVERR), (socket.IPPROTO_IPV6, _IPV6_RECVERR)}
_SENT, _RECEIVED = int(Stat.SENT), int(Stat.RECEIVED)  # looking up a member of an Enum takes longer
_MESSAGE = 6144
"""Octets of the longest datagram that is sent."""
SPOKES = 64
"""Of the timer wheel, per second."""


def Waiter(loop: asyncio.AbstractEventLoop, /) -> asyncio.Future[Event]:  # noqa: N802 - a class in the other twin
    return asyncio.Future(loop=loop)


class Engine:
    """Many flights over one socket per address family."""

    def __init__(self, random: Callable[[int], bytes], /) -> None:
        self._random = random
        self._pool: list[int] = []
        self._sockets: dict[int, socket.socket] = {}
        self._flights: dict[int, Flight] = {}
        self._open: dict[int, Flight] = {}
        self._out: list[tuple[Flight, bytes, int, Any]] = []
        self._wheel: dict[int, list[Flight]] = {}
        self._events: list[Event] = []
        self._stats = [0] * len(Stat)
        self._handles = self.aloft = 0
        self._layouts = Layouts()

    @property
    def flying(self) -> int:
        return len(self._flights)

    def attach(self, family: int, sock: socket.socket, /) -> None:
        self._sockets[family] = sock

    def launch(
        self,
        token: object,
        peer: Peer,
        questions: Questions | None,
        block: Any,
        waits: tuple[float, ...],
        envelope: Envelope | None = None,
        /,
    ) -> int:
        if not 1 <= len(waits) <= MAX_TRIES:
            raise ValueError("1 to 16 tries, as a tuple of seconds")
        if envelope is not None and questions is None:
            raise TypeError("an envelope is for questions")
        view: memoryview | None = None
        if questions is not None:
            if not questions.pdus:
                raise ValueError("nothing to ask")
            view = memoryview(block).cast("B")
            if len(view) != OCTETS * questions.count:
                raise ValueError("not 17 octets per OID")
            view[:] = questions.blank
        self._handles += 1
        flight = Flight(self._handles, token, peer, questions, view, waits, envelope)
        self._flights[flight.handle] = flight
        self.aloft += 1
        now = flight.began = monotonic()
        if questions is not None:
            self._emit(flight, now)
        return flight.handle

    def resume(self, handle: int, token: object, pdu: int, /) -> None:
        flight = self._paused(handle)
        if flight.questions is None or not 0 <= pdu <= flight.questions.pdus:
            raise IndexError("no such PDU")
        flight.token, flight.pdu = token, pdu
        if pdu == flight.questions.pdus:
            self._finish(flight)
        else:
            self._emit(flight, monotonic())

    def ask(self, handle: int, token: object, datagram: bytes, identifier: int, /) -> None:
        flight = self._paused(handle)
        if flight.questions is not None or len(datagram) > _MESSAGE or not 0 < identifier < 1 << 31:
            raise ValueError("a flight of GETs, or too large a datagram or id")
        if identifier in self._open:
            raise ValueError("an id in use")
        flight.token, flight.raw = token, datagram
        self._emit(flight, monotonic(), identifier)

    def identifier(self) -> int:
        while True:
            if not self._pool:
                self._pool = list(struct.unpack(f">{_POOL}I", self._random(4 * _POOL)))[::-1]
            identifier = self._pool.pop() & 0x7FFFFFFF
            if identifier >= LEAST_ID and identifier not in self._open:
                return identifier

    def cancel(self, handle: int, /) -> None:
        flight = self._flights.pop(handle, None)
        if flight is not None:
            self._close(flight, OVER)

    def rest(self, handle: int, /) -> None:
        flight = self._flights.get(handle)
        if flight is not None:
            self._rest(flight)

    def _rest(self, flight: Flight) -> None:
        if flight.aloft:
            flight.aloft = False
            self.aloft -= 1

    def drain(self, family: int, /) -> Sequence[Event]:
        sock = self._sockets[family]
        receive, take, now = sock.recvfrom, self._take, monotonic()
        turn = 0
        try:
            for turn in range(BATCH):  # noqa: B007 - looked at below
                data, source = receive(65535)
                take(data, source, now)
        except BlockingIOError:
            if turn == 0:
                # Woken by the error queue alone: left unread, it would wake the selector for ever.
                self._read_errors(sock, now)
        except OSError:
            self._read_errors(sock, now)
        return self.flush()

    def feed(self, data: bytes, family: int, address: bytes, port: int, /) -> Sequence[Event]:
        self._take(data, (socket.inet_ntop(family, address), port), monotonic())
        return self._hand_over()

    def tick(self) -> Sequence[Event]:
        now = monotonic()
        for flight in self._flights.values():  # oldest first
            if flight.began + OVERDUE >= now:
                break
            self._rest(flight)
        until = int(now * SPOKES)
        for spoke in sorted(spoke for spoke in self._wheel if spoke <= until):
            for flight in self._wheel.pop(spoke):
                if flight.spoke != spoke:
                    continue
                flight.spoke = NEVER
                if flight.state == AIR and flight.deadline <= now:
                    self._expire(flight, now)
                elif flight.state == AIR:
                    self._remind(flight)
        return self.flush()

    def flush(self) -> Sequence[Event]:
        while self._out:
            batch, self._out = self._out, []
            for flight, message, family, target in batch:
                self._stats[_SENT] += 1
                self._transmit(flight, message, family, target)
        return self._hand_over()

    def close(self) -> Sequence[object]:
        tokens = [flight.token for flight in self._flights.values()]
        for handle in list(self._flights):
            self.cancel(handle)
        return tokens

    def stats(self) -> tuple[int, ...]:
        return tuple(self._stats)

    def _hand_over(self) -> list[Event]:
        events, self._events = self._events, []
        return events

    def _paused(self, handle: int) -> Flight:
        flight = self._flights.get(handle)
        if flight is None or flight.state != PAUSED:
            raise ValueError("this flight is not paused")
        return flight

    # ---- questions

    def _emit(self, flight: Flight, now: float, identifier: int = 0) -> None:
        """Queues the next try of the current question."""
        tried, questions = len(flight.ids), flight.questions
        if questions is None:
            message = flight.raw  # repeated as it is
            identifier = flight.ids[0] if tried else identifier
        else:
            identifier, tail = self.identifier(), questions.tails[flight.pdu]
            if flight.envelope is None:
                message = get(flight.peer.head, identifier, tail)
            else:
                message = flight.envelope.ask(identifier, tail, now)
        self._open[identifier] = flight
        flight.ids.append(identifier)
        flight.sent.append(now)
        flight.deadline = now + flight.waits[tried]
        flight.state = AIR
        self._remind(flight)
        self._out.append((flight, message, *flight.target()))

    def _remind(self, flight: Flight) -> None:
        """A flight stands on the wheel once, not per question: when its turn comes, it is put further on."""
        spoke = int(flight.deadline * SPOKES) + 1
        if spoke < flight.spoke:
            flight.spoke = spoke
            self._wheel.setdefault(spoke, []).append(flight)

    def _transmit(self, flight: Flight, message: bytes, family: int, target: Any) -> None:
        """A full send buffer counts as a datagram lost on the way."""
        sock = self._sockets.get(family)
        if sock is None:
            self._refuse(flight, errno.EBADF, monotonic())
            return
        try:
            sock.sendto(message, target)
        except BlockingIOError:
            return
        except OSError:
            # An earlier destination's ICMP error may surface here.
            try:
                sock.sendto(message, target)
            except OSError as error:
                if flight.state == AIR and error.errno not in (errno.EAGAIN, errno.ENOBUFS):
                    self._refuse(flight, error.errno or errno.EIO, monotonic())

    def _expire(self, flight: Flight, now: float) -> None:
        self._stats[Stat.TIMEOUTS] += 1
        if len(flight.ids) < len(flight.waits):
            self._emit(flight, now)
        else:
            self._give_up(flight, SILENT, 0)

    def _refuse(self, flight: Flight, reason: int, now: float) -> None:
        """The next address at once, if there is another one."""
        if len(flight.ids) < min(len(flight.waits), len(flight.peer.targets)):
            self._emit(flight, now)
        else:
            self._give_up(flight, REFUSED, reason)

    def _give_up(self, flight: Flight, kind: int, reason: int) -> None:
        self._events.append((kind, flight.token, flight.pdu, reason, *flight.stray))
        self._rest(flight)
        self._close(flight, PAUSED)

    def _close(self, flight: Flight, state: int) -> None:
        for identifier in flight.ids:
            self._open.pop(identifier, None)
        flight.ids, flight.sent, flight.state = [], [], state
        if state == OVER:  # it may stand on the wheel for a while
            flight.block = flight.token = None
            self._rest(flight)

    def _finish(self, flight: Flight) -> None:
        del self._flights[flight.handle]
        octets, coded = flight.octets or None, flight.coded or None
        self._events.append((DONE, flight.token, octets, coded, flight.slowest, flight.via))
        self._close(flight, OVER)

    def _read_errors(self, sock: socket.socket, now: float) -> None:
        """Each entry names the destination that an ICMP error was about."""
        for _ in range(BATCH):
            try:
                _, extras, _, destination = sock.recvmsg(0, 512, socket.MSG_ERRQUEUE)
            except OSError:
                return
            self._stats[Stat.REFUSED] += 1
            reason = errno.ECONNREFUSED
            for level, kind, content in extras:
                if (level, kind) in _RECVERR and len(content) >= 4:
                    (reason,) = struct.unpack_from("=I", content)  # sock_extended_err.ee_errno
            if reason == errno.EMSGSIZE:
                continue  # the next try goes in fragments
            for flight in list(self._flights.values()):
                if flight.state == AIR and flight.target()[1][:2] == destination[:2]:
                    self._refuse(flight, reason, now)

    # ---- answers

    def _take(self, data: bytes, source: Any, now: float) -> None:
        stats = self._stats
        stats[_RECEIVED] += 1
        try:
            version, identifier, pos, end = identify(data)
        except WireDecodeError:
            stats[Stat.GARBAGE] += 1
            return
        flight = self._open.get(identifier)
        if flight is None:
            stats[Stat.UNASKED] += 1
            return
        peer, questions = flight.peer, flight.questions
        if source not in peer.sources and source[:2] not in peer.sources:
            with_scope = source[0].partition("%")[0], source[1]
            if with_scope not in peer.sources:
                stats[Stat.WRONG_SOURCE] += 1
                flight.stray = with_scope
                return
        if questions is None:
            trip = now - flight.sent[-1] if len(flight.ids) == 1 else -1.0
            flight.pdu = flight.via = (flight.via + len(flight.ids) - 1) % len(peer.targets)
            self._events.append((RAW, flight.token, flight.via, data, flight.sent[-1], trip))
            self._close(flight, PAUSED)
            return
        at, envelope, layouts = flight.ids.index(identifier), flight.envelope, self._layouts
        sent = flight.sent[at]
        moment = (sent + now) / 2
        if version != peer.version or not (
            read_answer(flight, questions, layouts, data, pos, end, moment)
            if envelope is None
            else read_secure(flight, envelope, questions, layouts, data, identifier, now, moment)
        ):
            self._events.append((ODD, flight.token, flight.pdu, data, sent, now - sent))
            self._rest(flight)
            self._close(flight, PAUSED)
            return
        flight.slowest = max(flight.slowest, now - sent)
        if at:
            flight.via = (flight.via + at) % len(peer.targets)
        flight.pdu += 1
        if flight.pdu == questions.pdus:
            self._finish(flight)
        else:
            self._close(flight, AIR)
            self._emit(flight, now)
