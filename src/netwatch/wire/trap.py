"""SNMP traps and informs: v1, v2c and v3 from anybody who knows a community or a user.

A trap says that something happened there, never what is true now: netwatch polls again. So losing traps in a
storm is harmless, and decoding all of them is not: each source has a budget, and so has the listener.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import socket
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from netwatch.errors import WireAuthError, WireDecodeError, WireRefused
from netwatch.model import Clock, Instant, Secret, SnmpValue, SystemClock
from netwatch.wire.budget import Budgets
from netwatch.wire.snmp.notification import Notifications
from netwatch.wire.snmp.pdu import (
    V3,
    Missing,
    Pdu,
    PduType,
    decode_community_message,
    message_version,
    response_to,
)
from netwatch.wire.snmp.usm import UsmUser

__all__ = ["Trap", "TrapListener", "TrapStats"]

SNMP_TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"  # SNMPv2-MIB
GENERIC_TRAPS = "1.3.6.1.6.3.1.1.5"  # SNMPv2-MIB, coldStart(1) and so on

_ENVELOPE = ("1.3.6.1.2.1.1.3.", "1.3.6.1.6.3.")
"""sysUpTime, and objects about the notification itself (SNMPv2-MIB, RFC 3584)."""
QUEUE = 1000
"""Datagrams that wait to be decoded; the oldest give way."""
BATCH, PAUSE = 50, 0.01
"""Datagrams decoded in one go, and the seconds between two goes: at most 5000 a second."""
PER_SOURCE, BURST = 10.0, 100.0
"""Traps per second that one source may send for long, and at once."""

TELL_OF_STRANGERS = 60.0
"""Seconds between two lines in the log about traps from unknown addresses."""

_log = structlog.get_logger("netwatch.trap")


@dataclass(frozen=True, slots=True)
class Trap:
    """One notification, whatever its version."""

    source: str
    """Address that the datagram came from."""
    trap_oid: str
    """snmpTrapOID; for v1 as RFC 3584, 3.1 translates it."""
    values: dict[str, SnmpValue]
    at: Instant

    @property
    def subject(self) -> tuple[str, ...]:
        """What it tells of: the notification, its objects, and the values of those that name no instance.
        A linkDown of another port has another subject, and so has a linkUp of the same one."""
        told = [
            f"{oid}={value!r}" if oid.endswith(".0") else oid
            for oid, value in self.values.items()
            if not oid.startswith(_ENVELOPE)
        ]
        return self.trap_oid, *sorted(told)


@dataclass(slots=True)
class TrapStats:
    """Datagrams since the start."""

    received: int = 0
    accepted: int = 0
    strangers: int = 0
    """Dropped unread: their source is nobody's address."""
    limited: int = 0
    """Dropped unread: their source sent too many."""
    overflowed: int = 0
    """Dropped unread: too many from all sources together."""
    refused: int = 0
    """Unknown community or user, wrong signature."""
    garbage: int = 0


class TrapListener:
    """Listens on one UDP address; give port 0 for any free one.

    Without `communities` any is good enough for v1 and v2c: a trap only brings a poll. `users`: those of v3.
    `known` tells which sources are heard: what others send is dropped unread and never answered, since
    whoever answers strangers can be made to flood others.
    """

    def __init__(
        self,
        listen: tuple[str, int],
        on_trap: Callable[[Trap], None],
        communities: Sequence[Secret] = (),
        users: Sequence[UsmUser] = (),
        *,
        known: Callable[[str], bool] = lambda _: True,
        clock: Clock | None = None,
    ) -> None:
        self._listen = listen
        self._known = known
        self._told_of_strangers = float("-inf")
        self._on_trap = on_trap
        self._communities = [community.reveal().encode() for community in communities]
        self._clock = clock if clock is not None else SystemClock()
        self._notifications = Notifications(users, self._clock)
        self._budgets = Budgets(PER_SOURCE, BURST)
        self._queue: deque[tuple[bytes, Any]] = deque()
        self._arrived = asyncio.Event()
        self._socket: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self.stats = TrapStats()

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens, once started."""
        assert self._socket is not None
        host, port = self._socket.getsockname()[:2]
        return host, port

    async def start(self) -> None:
        """Raises WireRefused where the address can't be bound (port 162 needs CAP_NET_BIND_SERVICE)."""
        host, port = self._listen
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        sock = socket.socket(family, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if family == socket.AF_INET6 and host == "::":
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
            sock.bind((host, port))
        except OSError as error:
            sock.close()
            hint = (
                " (a port below 1024 needs CAP_NET_BIND_SERVICE)"
                if isinstance(error, PermissionError)
                else ""
            )
            raise WireRefused(
                f"can't listen for traps on {host} port {port}: {error.strerror}{hint}"
            ) from None
        self._socket = sock
        asyncio.get_running_loop().add_reader(sock, self._readable, sock)
        self._task = asyncio.create_task(self._work(), name="traps")

    async def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            self._socket.close()
            self._socket = None
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def _readable(self, sock: socket.socket) -> None:
        """Only drains: a full receive buffer would lose the traps of quiet devices to a loud one."""
        now = self._clock.now().mono
        for _ in range(BATCH * 4):
            try:
                data, source = sock.recvfrom(65535)
            except OSError:
                return
            self.stats.received += 1
            if not self._known(_plain(source[0])):
                self._stranger(source[0], now)
                continue
            if not self._budgets.spend(source[0], now):
                self.stats.limited += 1
                continue
            if len(self._queue) >= QUEUE:
                self._queue.popleft()
                self.stats.overflowed += 1
            self._queue.append((data, source))
            self._arrived.set()

    def _stranger(self, address: str, now: float) -> None:
        """Counted; told of once a minute, for whoever wonders why a device's traps bring nothing."""
        self.stats.strangers += 1
        if now - self._told_of_strangers >= TELL_OF_STRANGERS:
            self._told_of_strangers = now
            _log.info("trap from an address that no device has", source=address, count=self.stats.strangers)

    async def _work(self) -> None:
        while True:
            await self._arrived.wait()
            for _ in range(min(BATCH, len(self._queue))):
                self._handle(*self._queue.popleft())
            if not self._queue:
                self._arrived.clear()
            await asyncio.sleep(PAUSE)

    def _handle(self, data: bytes, source: Any) -> None:
        try:
            if message_version(data)[0] == V3:
                pdu, reply = self._notifications.receive(data)
            else:
                pdu, reply = self._receive_community(data)
        except WireAuthError as error:
            self.stats.refused += 1
            _log.debug("trap refused", source=source[0], reason=str(error))
            return
        except WireDecodeError as error:
            self.stats.garbage += 1
            _log.debug("trap not understood", source=source[0], reason=str(error))
            return
        if reply and self._socket is not None:
            with contextlib.suppress(OSError):  # lost like any datagram: the sender repeats its inform
                self._socket.sendto(reply, source)
        if pdu is not None:
            self._tell(pdu, _plain(source[0]))

    def _receive_community(self, data: bytes) -> tuple[Pdu, bytes]:
        message = decode_community_message(data)
        # Every community is compared, so that the time taken tells nothing.
        known = [hmac.compare_digest(message.community, community) for community in self._communities]
        if self._communities and not any(known):
            raise WireAuthError("unknown community")
        if message.pdu.type == PduType.INFORM:
            return message.pdu, response_to(data)
        if message.pdu.type not in (PduType.TRAP, PduType.TRAP_V1):
            raise WireDecodeError(f"PDU {message.pdu.type:#04x} is no notification")
        return message.pdu, b""

    def _tell(self, pdu: Pdu, source: str) -> None:
        self.stats.accepted += 1
        values = {oid: value for oid, value in pdu.varbinds if not isinstance(value, Missing)}
        trap = Trap(source, _trap_oid(pdu, values), values, self._clock.now())
        try:
            self._on_trap(trap)
        except Exception:  # the listener outlives whatever a trap sets off
            _log.exception("trap not acted upon", source=source, trap=trap.trap_oid)


def _trap_oid(pdu: Pdu, values: dict[str, SnmpValue]) -> str:
    head = pdu.trap
    if head is None:
        return str(values.get(SNMP_TRAP_OID) or "")
    if head.generic < 6:
        return f"{GENERIC_TRAPS}.{head.generic + 1}"
    return f"{head.enterprise}.0.{head.specific}"


def _plain(address: str) -> str:
    """An IPv4 address that arrived on an IPv6 socket, as what it is."""
    if ":" not in address:
        return address
    parsed = ipaddress.ip_address(address)
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return str(mapped or parsed)
