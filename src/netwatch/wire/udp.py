"""Questions and answers over two unconnected UDP sockets that all devices share, one per address family.

A reply is taken only if its id is that of an open question and it comes from an address and port that was
asked. Everything else (late, duplicated, unasked, garbage) is counted and dropped.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import random
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from netwatch.errors import WireDecodeError, WireError, WireRefused, WireTimeout

__all__ = ["Question", "TransportStats", "UdpTransport", "canonical"]

T = TypeVar("T")

RECEIVE_BUFFER = 8 * 1024 * 1024
"""Asked of the kernel, which grants less without CAP_NET_ADMIN. The default holds about 90 large replies."""
REPLY_COST = 2304
"""What the kernel charges to the buffer for a reply of an Ethernet frame's size."""
DRAIN = 64
"""Datagrams read in one go before other tasks get their turn."""

_IP_RECVERR, _IPV6_RECVERR, _SO_RCVBUFFORCE = 11, 25, 33  # linux/in.h, linux/in6.h, asm/socket.h


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """One request and all its tries. They rotate over `addresses`."""

    addresses: tuple[str, ...]
    """Canonical IPv4 or IPv6 literals, the preferred first."""
    sources: frozenset[str]
    """Canonical addresses that an answer may come from."""
    port: int
    encode: Callable[[int], bytes]
    """The datagram for an id in 1 .. 2^31-1."""
    decode: Callable[[bytes, int], T]
    """The answer with that id. Raising WireDecodeError drops it; any other WireError ends the question."""
    timeout: float
    """Seconds for each try."""
    tries: int
    answered: Callable[[str, int, float], None] = lambda _address, _number, _seconds: None
    """Called with the address whose try was answered, the number of that try from 0, and its round trip."""
    waits: tuple[float, ...] = ()
    """Seconds after each try where these are not all `timeout`; one per try."""

    def wait(self, number: int) -> float:
        """Seconds to wait after a try, counted from 0."""
        return self.waits[number] if self.waits else self.timeout


@dataclass(slots=True)
class TransportStats:
    """Datagrams since the start."""

    sent: int = 0
    received: int = 0
    unasked: int = 0
    """No open question has that id: late, duplicated or forged."""
    wrong_source: int = 0
    garbage: int = 0
    timeouts: int = 0
    """Tries that nobody answered."""
    refused: int = 0
    """ICMP errors."""


class UdpTransport:
    """Opens its sockets at the first question, in the loop that asks it."""

    def __init__(
        self,
        identify: Callable[[bytes], int],
        *,
        rng: random.Random | None = None,
        receive_buffer: int = RECEIVE_BUFFER,
    ) -> None:
        """`identify`: the id of the question that a datagram answers; raises WireDecodeError for garbage."""
        self._identify = identify
        # Ids that can't be guessed make forging an answer from off the path hard.
        self._rng = rng if rng is not None else random.SystemRandom()
        self._receive_buffer = receive_buffer
        self._sockets: dict[socket.AddressFamily, socket.socket] = {}
        self._open: dict[int, _Exchange[Any]] = {}
        self._room: asyncio.Semaphore | None = None
        self.stats = TransportStats()
        self.closed = False
        """What is asked no longer gets answers."""

    async def ask(self, question: Question[T]) -> T:
        """The decoded answer. Raises WireTimeout, WireRefused, or what `decode` raised."""
        loop = asyncio.get_running_loop()
        for address in question.addresses:
            self._socket(_family(address), loop)
        assert self._room is not None
        async with self._room:
            exchange = _Exchange(self, question, loop)
            try:
                exchange.send()
                return await exchange.answer
            finally:
                exchange.finish()

    async def close(self) -> None:
        """Fails what is under way and closes the sockets."""
        self.closed = True
        for exchange in list(self._open.values()):
            exchange.fail(WireTimeout("netwatch is stopping"))
        loop = asyncio.get_running_loop()
        for sock in self._sockets.values():
            loop.remove_reader(sock)
            sock.close()
        self._sockets.clear()

    def local_port(self, address: str) -> int:
        """Where answers to questions to that address arrive."""
        sock = self._socket(_family(address), asyncio.get_running_loop())
        return int(sock.getsockname()[1])

    def register(self, exchange: _Exchange[Any]) -> int:
        while True:
            identifier = self._rng.getrandbits(31)
            if identifier and identifier not in self._open:
                self._open[identifier] = exchange
                return identifier

    def release(self, identifier: int) -> None:
        self._open.pop(identifier, None)

    def transmit(self, datagram: bytes, address: str, port: int) -> None:
        """Raises OSError. A full send buffer counts as a datagram lost on the way."""
        sock = self._sockets[_family(address)]
        self.stats.sent += 1
        try:
            sock.sendto(datagram, (address, port))
        except BlockingIOError:
            return
        except OSError:
            # With IP_RECVERR an earlier destination's ICMP error may surface here: settle it, then send.
            self._read_errors(sock)
            sock.sendto(datagram, (address, port))

    def _socket(self, family: socket.AddressFamily, loop: asyncio.AbstractEventLoop) -> socket.socket:
        if family in self._sockets:
            return self._sockets[family]
        sock = socket.socket(family, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, self._receive_buffer)
        with contextlib.suppress(OSError):  # needs CAP_NET_ADMIN; what is granted bounds what is in flight
            sock.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, self._receive_buffer)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            sock.setsockopt(socket.IPPROTO_IPV6, _IPV6_RECVERR, 1)
        else:
            sock.setsockopt(socket.IPPROTO_IP, _IP_RECVERR, 1)
        sock.bind(("::" if family == socket.AF_INET6 else "0.0.0.0", 0))  # noqa: S104 - for answers alone
        if self._room is None:
            granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
            self._room = asyncio.Semaphore(max(32, granted // REPLY_COST))
        self._sockets[family] = sock
        loop.add_reader(sock, self._readable, sock)
        return sock

    def _readable(self, sock: socket.socket) -> None:
        for turn in range(DRAIN):
            try:
                data, source = sock.recvfrom(65535)
            except BlockingIOError:
                if turn == 0:
                    # Woken by the error queue alone: left unread, it would wake the selector for ever.
                    self._read_errors(sock)
                return
            except OSError:
                self._read_errors(sock)
            else:
                self._received(data, source)

    def _received(self, data: bytes, source: tuple[Any, ...]) -> None:
        self.stats.received += 1
        try:
            identifier = self._identify(data)
        except WireDecodeError:
            self.stats.garbage += 1
            return
        exchange = self._open.get(identifier)
        if exchange is None:
            self.stats.unasked += 1
        else:
            exchange.received(data, identifier, source[0], source[1])

    def _read_errors(self, sock: socket.socket) -> None:
        """Empties the error queue; each entry names the destination that an ICMP error was about."""
        for _ in range(DRAIN):
            try:
                _, _, _, destination = sock.recvmsg(0, 0, socket.MSG_ERRQUEUE)
            except OSError:
                return
            self.stats.refused += 1
            for exchange in list(self._open.values()):
                exchange.refused(destination[0], destination[1])


class _Exchange(Generic[T]):
    """One question under way. All of its tries stay answerable until it ends: slow agents are heard."""

    __slots__ = ("_ids", "_loop", "_question", "_reason", "_sent", "_timer", "_transport", "_tried", "answer")

    def __init__(
        self, transport: UdpTransport, question: Question[T], loop: asyncio.AbstractEventLoop
    ) -> None:
        self._transport = transport
        self._question = question
        self._loop = loop
        self._ids: list[int] = []
        self._sent: list[float] = []
        self._tried = 0
        self._reason = ""
        self._timer: asyncio.TimerHandle | None = None
        self.answer: asyncio.Future[T] = loop.create_future()

    def send(self) -> None:
        question = self._question
        identifier = self._transport.register(self)
        self._ids.append(identifier)
        address = question.addresses[self._tried % len(question.addresses)]
        self._sent.append(self._loop.time())
        self._timer = self._loop.call_later(question.wait(self._tried), self._expired)
        self._tried += 1
        try:
            self._transport.transmit(question.encode(identifier), address, question.port)
        except OSError as error:
            self._refuse(f"{address}: {error.strerror}")
        except WireError as error:
            self.fail(error)

    def received(self, data: bytes, identifier: int, address: str, port: int) -> None:
        stats, question = self._transport.stats, self._question
        if port != question.port or address not in question.sources:
            stats.wrong_source += 1
            self._reason = f"; an answer came from {address} port {port}, which is not in reply_from"
            return
        if self.answer.done():
            stats.unasked += 1
            return
        try:
            answer = question.decode(data, identifier)
        except WireDecodeError as error:
            stats.garbage += 1
            self._reason = f"; what came could not be read: {error}"
        except WireError as error:
            self.fail(error)
        else:
            number = self._ids.index(identifier)
            tried = question.addresses[number % len(question.addresses)]
            question.answered(tried, number, self._loop.time() - self._sent[number])
            self.answer.set_result(answer)

    def refused(self, address: str, port: int) -> None:
        question = self._question
        asked = question.addresses[(self._tried - 1) % len(question.addresses)]
        if address == asked and port == question.port:
            self._refuse(f"{address} port {port}: unreachable (ICMP)")

    def fail(self, error: WireError) -> None:
        if not self.answer.done():
            self.answer.set_exception(error)

    def finish(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for identifier in self._ids:
            self._transport.release(identifier)

    def _refuse(self, reason: str) -> None:
        """The next address at once, if there is another one."""
        if self._tried < min(self._question.tries, len(self._question.addresses)):
            self._retry()
        else:
            self.fail(WireRefused(reason))

    def _expired(self) -> None:
        self._transport.stats.timeouts += 1
        question = self._question
        if self._tried < question.tries:
            self._retry()
            return
        tries = "1 try" if question.tries == 1 else f"{question.tries} tries"
        seconds = sum(question.waits) if question.waits else question.timeout
        reason = f"no answer within {seconds:g} s ({tries}){self._reason}"
        self.fail(WireDecodeError(reason) if "could not be read" in self._reason else WireTimeout(reason))

    def _retry(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if not self.answer.done():
            self.send()


def canonical(address: str) -> str:
    """The form in which the kernel reports an address. Raises WireRefused if it is no literal."""
    try:
        return ipaddress.ip_address(address).compressed
    except ValueError:
        raise WireRefused(f"{address!r} is not an IPv4 or IPv6 address") from None


def _family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET
