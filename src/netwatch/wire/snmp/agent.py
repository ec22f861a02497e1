"""What is learnt of one agent and outlives a session: its limits, its engine, the address that answers."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.errors import WireAuthError, WireTimeout
from netwatch.model import Clock, SnmpAccess, SnmpVersion, Target
from netwatch.native.flights import MAX_TRIES, Peer
from netwatch.wire.snmp.channel import Channel, CommunityChannel, UsmChannel
from netwatch.wire.snmp.pdu import V1, V2C, Pdu, PduType
from netwatch.wire.snmp.usm import UsmUser
from netwatch.wire.udp import Question, UdpTransport, canonical

__all__ = ["Agent"]

RELAX_AFTER = 200
"""Bulk replies in a row after which a lowered limit is doubled: a lossy hour must not slow it for ever."""


class Agent:
    """One agent under one context."""

    def __init__(
        self,
        target: Target,
        access: SnmpAccess,
        context: str,
        transport: UdpTransport,
        clock: Clock,
    ) -> None:
        self.access = access
        self.max_repetitions = max(1, access.max_repetitions)
        self.max_varbinds = max(1, access.max_varbinds)
        self.peer: Peer | None = None
        """What the flight engine knows of it; made there."""
        self.heard = False
        """The last question was answered: silence now is perhaps about the question."""
        self._good_bulks = 0
        self._transport = transport
        self._addresses = tuple(map(canonical, target.addresses))
        self._sources = frozenset(self._addresses) | frozenset(map(canonical, target.reply_from))
        self._channel = _channel(access, context, clock)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Canonical, the preferred first."""
        return self._addresses

    @property
    def sources(self) -> frozenset[str]:
        """From where an answer may come."""
        return self._sources

    @property
    def channel(self) -> Channel:
        return self._channel

    def waits(self) -> tuple[float, ...]:
        """Seconds to wait after each try of a question."""
        return (self.access.timeout,) * min(self.access.retries + 1, MAX_TRIES)

    def answered(self, trips: Sequence[float], address: str) -> None:  # noqa: ARG002
        """A fetch was answered, the last time by `address`; `trips`: seconds that each answer took."""
        self.heard = True
        self._prefer(address)

    @property
    def is_v1(self) -> bool:
        return self.access.version is SnmpVersion.V1

    async def ask(self, pdu: Pdu, *, tries: int | None = None) -> Pdu:
        """The Response to a request PDU (its request id is filled in here). Raises WireError."""
        try:
            answer = await self._converse(pdu, self.access.retries + 1 if tries is None else tries)
        except WireTimeout:
            self.heard = False
            raise
        self.heard = True
        return answer

    async def _converse(self, pdu: Pdu, tries: int) -> Pdu:
        channel = self._channel
        # A report about engine id, then one about time, then the answer; one more for an agent that restarts.
        for _ in range(4):
            answer = await self._transport.ask(
                Question(
                    self._addresses,
                    self._sources,
                    self.access.port,
                    lambda identifier: channel.encode(pdu, identifier),
                    channel.decode,
                    self.access.timeout,
                    tries,
                    self._prefer,
                )
            )
            if answer.type != PduType.REPORT:
                return answer
            channel.judge(answer)
        raise WireAuthError("the agent's SNMPv3 engine id or clock does not settle")

    def bulk_limited(self, repetitions: int) -> None:
        """Remembers that so many were answered after more were not."""
        self._good_bulks = 0
        self.max_repetitions = min(self.max_repetitions, repetitions)

    def bulk_succeeded(self) -> None:
        self._good_bulks += 1
        if self._good_bulks >= RELAX_AFTER:
            self._good_bulks = 0
            self.max_repetitions = min(self.access.max_repetitions, self.max_repetitions * 2)

    def too_big(self, varbinds: int) -> None:
        """Remembers that a GET of so many varbinds was too much."""
        self.max_varbinds = max(1, min(self.max_varbinds, varbinds // 2))

    def _prefer(self, address: str) -> None:
        if address != self._addresses[0]:
            self._addresses = (address, *(other for other in self._addresses if other != address))
            self.peer = None


def _channel(access: SnmpAccess, context: str, clock: Clock) -> Channel:
    """Per-VLAN contexts: `community@20` in v1 and v2c, context name `vlan-20` in v3."""
    if access.version is not SnmpVersion.V3:
        version = V1 if access.version is SnmpVersion.V1 else V2C
        return CommunityChannel(version, access.community, f"@{context}" if context else "")
    user = UsmUser(access.user, access.auth, access.auth_password, access.privacy, access.privacy_password)
    name = f"vlan-{context}" if context.isdigit() else context
    return UsmChannel(user, name or access.context, clock)
