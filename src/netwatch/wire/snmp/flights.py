"""Many fetches at once over one UDP socket per address family: an engine, driven by the event loop.

The engine is one of two twins, netwatch.native._speed and flights_pure; see netwatch.native.flights. Here is
what they share: sockets, timers, and how many questions may be under way.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, cast

from netwatch.errors import WireError, WireTimeout
from netwatch.native.flights import Envelope, Event, Host, Kernel, Listener, Peer, Questions, Waiter
from netwatch.wire.snmp import flights_pure
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.channel import CommunityChannel
from netwatch.wire.snmp.cut import Cuts
from netwatch.wire.snmp.pdu import V3
from netwatch.wire.udp import RECEIVE_BUFFER, REPLY_COST, TransportStats

__all__ = ["Flights", "pure"]

TICK = 1 / 40
"""Seconds from one look at the timeouts to the next."""
_IP_RECVERR, _IPV6_RECVERR, _SO_RCVBUFFORCE, _SO_SNDBUFFORCE = 11, 25, 33, 32  # linux/in.h, asm/socket.h
SEND_BUFFER = 4 * 1024 * 1024


def pure() -> Kernel:
    """The twin in Python."""
    return cast(Kernel, flights_pure)


class Flights:
    """Opens its sockets at the first flight, in the loop that asks for it."""

    def __init__(
        self,
        kernel: Kernel,
        *,
        random: Callable[[int], bytes] = os.urandom,
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        """`random`: that many octets, from which request-ids are made; guessed ids can be forged."""
        self.kernel = kernel
        self.engine = kernel.Engine(random)
        self.cuts = Cuts(kernel)
        self._waiter = kernel.Waiter
        self._receive_buffer = receive_buffer
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sockets: dict[int, socket.socket] = {}
        self._room = 0
        """Questions that may be under way: the receive buffer that was granted holds their answers."""
        self._promised = 0
        """Turns that were given and not yet taken."""
        self._queue: deque[asyncio.Future[None]] = deque()
        self._flushing = self._telling = self._asked = False
        self._ticking: asyncio.TimerHandle | None = None

    @property
    def stats(self) -> TransportStats:
        return TransportStats(*self.engine.stats())

    @property
    def room(self) -> int:
        """Questions that may be under way; 0 before the first one."""
        return self._room

    def close(self) -> None:
        """Fails what is under way and closes the sockets."""
        for token in self.engine.close():
            listener = cast(Listener, token)
            if not listener.done():
                listener.set_exception(WireTimeout("netwatch is stopping"))
        if self._ticking is not None:
            self._ticking.cancel()
            self._ticking = None
        for sock in self._sockets.values():
            if self._loop is not None:
                self._loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def local_port(self, family: int) -> int:
        """Where answers to questions to such an address arrive; there has to have been one."""
        return int(self._sockets[family].getsockname()[1])

    def peer(self, agent: Agent) -> Peer:
        """What the engine knows of an agent. Opens the sockets for its addresses."""
        targets = tuple(map(_host, agent.addresses))
        for family, _, _ in targets:
            self._open(family)
        others = tuple(_host(one) for one in agent.sources if one not in agent.addresses)
        channel = agent.channel
        version, community = V3, b""
        if isinstance(channel, CommunityChannel):
            version, community = channel.version, channel.community
        try:
            peer = self.kernel.Peer(version, community, agent.access.port, targets, others)
        except ValueError as error:
            raise WireError(f"{agent.addresses[0]}: {error}") from None
        agent.peer = peer
        return peer

    @property
    def full(self) -> bool:
        """The next flight has to wait for its `turn`. A peer comes first."""
        return self.engine.aloft + self._promised >= self._room

    async def turn(self) -> None:
        """Waits for room in the air; the flight has to be launched at once."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            await turn
        finally:
            if not turn.cancelled():
                self._promised -= 1
                self._next()

    def launch(
        self,
        peer: Peer,
        questions: Questions | None,
        block: Any,
        waits: tuple[float, ...],
        envelope: Envelope | None = None,
    ) -> tuple[int, Waiter]:
        """A flight's handle and its first event. What does not wait for the last one has to `land` it."""
        assert self._loop is not None, "a peer comes first"
        waiter = self._waiter(self._loop)
        handle = self.engine.launch(waiter, peer, questions, block, waits, envelope)
        if self._telling:
            self._asked = True
        elif not self._flushing:
            self._stir()
        return handle, waiter

    def resume(self, handle: int, pdu: int) -> Waiter:
        """The next event of a paused flight, which goes on with GET number `pdu`."""
        assert self._loop is not None
        waiter = self._waiter(self._loop)
        self.engine.resume(handle, waiter, pdu)
        self._stir()
        return waiter

    def ask(self, handle: int, token: Listener, datagram: bytes, identifier: int) -> None:
        """A flight without questions sends this; `token` is told of the answer."""
        self.engine.ask(handle, token, datagram, identifier)
        if self._telling:
            self._asked = True
        else:
            self._stir()

    def rest(self, handle: int) -> None:
        """What a flight waits for is not on the way to these sockets: the next in the queue may take off."""
        self.engine.rest(handle)
        if self._queue:
            self._next()

    def land(self, handle: int) -> None:
        """Ends a flight before its time; does nothing if it is over."""
        self.engine.cancel(handle)
        if self._queue:
            self._next()

    def _stir(self) -> None:
        """What was queued leaves at the end of this turn of the loop; timeouts are looked at."""
        assert self._loop is not None
        if not self._flushing:
            self._flushing = True
            self._loop.call_soon(self._flush)
        if self._ticking is None:
            self._ticking = self._loop.call_later(TICK, self._tick)

    def _flush(self) -> None:
        self._flushing = False
        self._tell(self.engine.flush())

    def _readable(self, family: int) -> None:
        self._tell(self.engine.drain(family))

    def _tick(self) -> None:
        self._ticking = None
        self._tell(self.engine.tick())
        if self.engine.flying:
            assert self._loop is not None
            self._ticking = self._loop.call_later(TICK, self._tick)

    def _tell(self, events: Sequence[Event]) -> None:
        """What is asked in answer to these leaves at once."""
        while events:
            self._telling = True
            try:
                for event in events:
                    listener: Listener = event[1]
                    if not listener.done():
                        listener.set_result(event)
            finally:
                self._telling = False
            if not self._asked:
                break
            self._asked = False
            events = self.engine.flush()
        if self._queue:
            self._next()

    def _next(self) -> None:
        while self._queue and not self.full:
            turn = self._queue.popleft()
            if not turn.done():
                self._promised += 1
                turn.set_result(None)

    def _open(self, family: int) -> None:
        if family in self._sockets:
            return
        loop = asyncio.get_running_loop()
        assert self._loop in (None, loop), "all flights belong to one event loop"
        self._loop = loop
        sock = _socket(family, self._receive_buffer)
        granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        self._room = max(32, granted // REPLY_COST)
        self._sockets[family] = sock
        self.engine.attach(family, sock)
        loop.add_reader(sock, self._readable, family)


def _host(address: str) -> Host:
    """Of a canonical literal, perhaps with a scope (RFC 4007)."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = socket.getaddrinfo(address, 0, family, socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)[0][4]
    packed = socket.inet_pton(family, address.partition("%")[0])
    return int(family), packed, int(found[3]) if len(found) > 3 else 0


def _socket(family: int, receive_buffer: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
    with contextlib.suppress(OSError):  # needs CAP_NET_ADMIN; what is granted bounds what is in flight
        sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, receive_buffer)
        sock.setsockopt(socket.SOL_SOCKET, _SO_SNDBUFFORCE, SEND_BUFFER)
    if family == socket.AF_INET6:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
    else:
        sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
    sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104 - for answers alone
    return sock
