"""What is learnt of one agent and outlives a session: its limits, its pace, its engine, the address that
answers, the version that it understands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from netwatch.errors import WireAuthError, WireError, WireTimeout
from netwatch.model import Clock, SnmpAccess, SnmpVersion, Target
from netwatch.native.flights import MAX_TRIES, Peer
from netwatch.wire.snmp.channel import Channel, CommunityChannel, UsmChannel
from netwatch.wire.snmp.errand import Errand
from netwatch.wire.snmp.limits import GET, Limits, columns_of, table_of
from netwatch.wire.snmp.pdu import V1, V2C, Pdu, PduType, VarBind
from netwatch.wire.snmp.roundtrip import RoundTrip
from netwatch.wire.snmp.usm import UsmUser
from netwatch.wire.udp import Question, UdpTransport, canonical

__all__ = ["Agent"]

_LOSSY = 0.02
"""Share of lost tries from which on silence says little of the question."""
SYS_UP_TIME = "1.3.6.1.2.1.1.3.0"  # SNMPv2-MIB
PACE_EVERY = 8
"""Fetches from which one tells the round trip; RFC 6298 asks for one sample per round trip at most."""
_LOSS_MEMORY = 1 / 64
"""Weight of the latest answer in that share."""


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
        self.peer: Peer | None = None
        """What the flight engine knows of it; made there."""
        self.errand: Errand | None = None
        """The template that was fetched last, ready to be asked for again."""
        self.heard = False
        """The last question was answered: silence now is perhaps about the question."""
        self.limits = Limits()
        self._configured_varbinds = max(1, access.max_varbinds)
        self._waits: tuple[float, ...] = ()
        self._answers = 0
        """Fetches answered since the waits were made anew."""
        self.round_trip = RoundTrip()
        self.is_v1 = access.version is SnmpVersion.V1
        """It is asked in SNMPv1: as configured, or because it answers nothing else."""
        self._known = False
        """It has answered once."""
        self.plain = False
        """It has answered to a community: its fetches need no more than that."""
        self._lost = 0.0
        """Share of tries that got lost, smoothed."""
        self._context = context
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
        if not self._waits:
            tries = min(self.access.retries + 1, MAX_TRIES)
            self._waits = self.round_trip.waits(self.access.timeout, tries)
        return self._waits

    def answered(self, slowest: float, address: str) -> None:
        """A fetch was answered, the last time by `address`; `slowest`: seconds that an answer took at most;
        negative if that is not known."""
        self.heard = self._known = True
        if not self.plain:
            self.plain = isinstance(self._channel, CommunityChannel)
        if slowest < 0:
            return
        self._answers += 1
        if self._answers >= PACE_EVERY or slowest * 4 > (self._waits or self.waits())[0]:
            # A sample now and then follows the pace; one that came near its timeout counts at once.
            self._answers = 0
            self._answered(address, 0, slowest)
        elif address != self._addresses[0]:
            self._prefer(address)

    async def ask(self, pdu: Pdu, *, tries: int | None = None) -> Pdu:
        """The Response to a request PDU (its request id is filled in here). Raises WireError."""
        try:
            answer = await self._converse(pdu, self.access.retries + 1 if tries is None else tries)
        except WireTimeout:
            self.heard = False
            if self._transport.closed:
                raise
            if self.is_v1 and self.access.version is SnmpVersion.V2C:
                self._speak(V2C)  # it may have been replaced: both are tried again
            if self._known or self._context or self.access.version is not SnmpVersion.V2C:
                raise
            answer = await self._ask_in_v1(pdu)
        self.heard = self._known = True
        return answer

    async def _ask_in_v1(self, pdu: Pdu) -> Pdu:
        """An agent of SNMPv1 drops what is of another version (RFC 1157, 4.1): it is asked once in its own.

        The community goes over the wire as it did before.
        """
        self._speak(V1)
        kind = PduType.GET_NEXT if pdu.type == PduType.GET_BULK else pdu.type
        try:
            return await self._converse(Pdu(kind, 0, varbinds=pdu.varbinds), 1)
        except BaseException:
            self._speak(V2C)
            raise

    @property
    def may_be_v1(self) -> bool:
        """It is asked in SNMPv2c and never answered: perhaps it drops what it does not understand."""
        return not (self._known or self._context or self.is_v1) and self.access.version is SnmpVersion.V2C

    async def answers_v1(self) -> bool:
        """Asks once in SNMPv1 since when it runs; from then on it is asked in what it answers."""
        try:
            await self._ask_in_v1(Pdu(PduType.GET, 0, varbinds=[VarBind(SYS_UP_TIME, None)]))
        except WireError:
            return False
        self.heard = self._known = True
        return True

    def _speak(self, version: int) -> None:
        """For a target of SNMPv2c: the version that it is asked in from now on."""
        self._channel = CommunityChannel(version, self.access.community)
        self.peer = self.errand = None
        self.is_v1 = version == V1
        self._known = self.is_v1
        self.plain = False

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
                    self._answered,
                    self.round_trip.waits(self.access.timeout, tries),
                )
            )
            if answer.type != PduType.REPORT:
                return answer
            channel.judge(answer)
        raise WireAuthError("the agent's SNMPv3 engine id or clock does not settle")

    # limits

    @property
    def max_varbinds(self) -> int:
        """How many varbinds a GET may hold."""
        if self.limits.untouched:
            return self._configured_varbinds
        return max(1, self.limits.most(GET, max(1, self.access.max_varbinds)))

    def max_repetitions(self, root: str) -> int:
        """How many rows of that subtree a GETBULK may ask for; 0: none, it takes GETNEXT."""
        if self.is_v1:
            return 0
        return self.limits.most(table_of(root), max(1, self.access.max_repetitions))

    def max_cells(self, root: str) -> int:
        """How many varbinds a GETBULK of several columns of that table may ask for."""
        return max(1, self.limits.most(columns_of(root), max(1, self.access.max_varbinds)))

    def bulk_limited(self, root: str, repetitions: int, *, told: bool) -> None:
        """Remembers that so many were answered after more were not."""
        self.limits.failed(table_of(root), repetitions, told=told, lossy=self.lossy)

    def bulk_succeeded(self, root: str) -> None:
        self.limits.succeeded(table_of(root), max(1, self.access.max_repetitions), lossy=self.lossy)

    def cells_limited(self, root: str, cells: int, *, told: bool) -> None:
        self.limits.failed(columns_of(root), cells, told=told, lossy=self.lossy)

    def cells_succeeded(self, root: str) -> None:
        self.limits.succeeded(columns_of(root), max(1, self.access.max_varbinds), lossy=self.lossy)

    def too_big(self, varbinds: int, *, told: bool) -> None:
        """Remembers that a GET of so many varbinds was too much."""
        self.errand = None
        most = max(1, min(self.max_varbinds, varbinds // 2))
        self.limits.failed(GET, most, told=told, lossy=self.lossy)

    def get_succeeded(self, varbinds: int) -> None:
        if varbinds >= self.max_varbinds:
            self.errand = None
            self.limits.succeeded(GET, max(1, self.access.max_varbinds), lossy=self.lossy)

    @property
    def lossy(self) -> bool:
        """Tries get lost on the way to it."""
        return self._lost > _LOSSY

    # what outlives the process

    def export(self) -> dict[str, Any]:
        """What was learnt as a JSON object, without secrets; empty where that is nothing."""
        found: dict[str, Any] = {}
        if limits := self.limits.export():
            found["limits"] = limits
        if self.is_v1 and self.access.version is not SnmpVersion.V1:
            found["version"] = "1"
        if self.round_trip.smoothed is not None:
            found["round_trip"] = [round(self.round_trip.smoothed, 6), round(self.round_trip.variation, 6)]
        if len(self._addresses) > 1 and self._known:
            found["address"] = self._addresses[0]
        return found

    def restore(self, learnt: Mapping[str, Any]) -> None:
        """Takes over what `export` gave, as far as it makes sense here."""
        self.limits.restore(learnt.get("limits"))
        self.errand, self._waits = None, ()
        pace = learnt.get("round_trip")
        if isinstance(pace, list) and len(pace) == 2 and all(map(_is_seconds, pace)):
            self.round_trip, self._known = RoundTrip(float(pace[0]), float(pace[1])), True
        if learnt.get("version") == "1" and self.access.version is SnmpVersion.V2C and not self._context:
            self._speak(V1)
        address = learnt.get("address")
        if address in self._addresses:
            self._prefer(address)

    def _answered(self, address: str, number: int, seconds: float) -> None:
        self.round_trip.observe(seconds)
        if self._waits and self.round_trip.timeout(self.access.timeout) != self._waits[0]:
            self._waits, self.errand = (), None
        self._lost += _LOSS_MEMORY * (number / (number + 1) - self._lost)
        self._prefer(address)

    def _prefer(self, address: str) -> None:
        if address != self._addresses[0]:
            self._addresses = (address, *(other for other in self._addresses if other != address))
            self.peer = self.errand = None


def _is_seconds(value: object) -> bool:
    return isinstance(value, int | float) and 0 <= value < 3600


def _channel(access: SnmpAccess, context: str, clock: Clock) -> Channel:
    """Per-VLAN contexts: `community@20` in v1 and v2c, context name `vlan-20` in v3."""
    if access.version is not SnmpVersion.V3:
        version = V1 if access.version is SnmpVersion.V1 else V2C
        return CommunityChannel(version, access.community, f"@{context}" if context else "")
    user = UsmUser(access.user, access.auth, access.auth_password, access.privacy, access.privacy_password)
    name = f"vlan-{context}" if context.isdigit() else context
    return UsmChannel(user, name or access.context, clock)
