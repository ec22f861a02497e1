"""What an agent does not answer as asked: read by its OIDs, or asked again in another way."""

from __future__ import annotations

import os
from collections.abc import Iterable
from time import monotonic
from typing import NoReturn

from netwatch.errors import WireAuthError, WireDecodeError, WireRefused, WireTimeout
from netwatch.model import SnmpValue
from netwatch.native.flights import ODD, SILENT, Event
from netwatch.wire.protocols import ValueKind
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.block import Columns
from netwatch.wire.snmp.channel import UsmChannel
from netwatch.wire.snmp.cut import Cut
from netwatch.wire.snmp.pdu import (
    Missing,
    Pdu,
    PduType,
    decode_community_message,
    decode_pdu,
    message_id,
)
from netwatch.wire.snmp.secure import MAX_REPORTS, UNSETTLED
from netwatch.wire.snmp.session import GENTLE, NetworkSession

__all__ = ["AnotherEngine", "Repair", "SecureRepair", "put_int"]

_MASK = (1 << 64) - 1


def put_int(columns: Columns, others: dict[int, SnmpValue], position: int, value: int) -> None:
    """A number goes into its column if it fits there."""
    values, kinds, _ = columns
    if -(1 << 63) <= value <= _MASK:
        values[position] = value & _MASK
        kinds[position] = ValueKind.SIGNED if value < 0 else ValueKind.UNSIGNED
    else:
        others[position] = value
        kinds[position] = ValueKind.OTHER


class Repair:
    """What came in another way of one fetch whose flight was paused."""

    __slots__ = ("_agent", "_columns", "_cut", "_session", "others")

    def __init__(self, agent: Agent, cut: Cut, columns: Columns) -> None:
        """`columns`: values, kinds and times, filled by the flight."""
        self._agent = agent
        self._columns = columns
        self._cut = cut
        self._session: NetworkSession | None = None
        self.others: dict[int, SnmpValue] = {}

    @property
    def problems(self) -> list[str]:
        return self._session.problems if self._session is not None else []

    def _put(self, position: int, value: SnmpValue | Missing, moment: float) -> None:
        if value is None or isinstance(value, Missing):
            return
        _, kinds, times = self._columns
        times[position] = moment
        if isinstance(value, int):
            put_int(self._columns, self.others, position, value)
        else:
            self.others[position] = value
            kinds[position] = ValueKind.OTHER

    async def get(self, event: Event) -> int:
        """Gets in another way what a paused flight did not; the GET it is to go on with. Raises WireError."""
        if event[0] == ODD:
            try:
                answer = self._read(event)
            except WireDecodeError:
                answer = None
            except AskAgain:
                return int(event[2])
            return await self.odd(event[2], answer, event[4] + event[5] / 2)
        agent, pdu, size = self._agent, event[2], self._agent.max_varbinds
        start, stop = self._cut.first[pdu], self._cut.first[pdu + 1]
        if event[0] != SILENT or not (agent.heard or pdu) or stop - start <= GENTLE:
            agent.heard = False
            raise _failure(agent, event)
        # Silence after an answer: perhaps the reply was too large for the agent or for the path.
        agent.heard = True
        middle = (start + stop + 1) // 2
        await self._ask(range(start, middle))
        agent.too_big(stop - start, told=False)
        await self._ask(range(middle, stop))
        return await self._go_on(pdu, size)

    def _read(self, event: Event) -> Pdu | None:
        """The answer that does not match exactly. Raises WireError."""
        return decode_community_message(event[3]).pdu

    async def odd(self, pdu: int, answer: Pdu | None, moment: float) -> int:
        """What can be told of an answer by its OIDs is taken, the rest asked again; see `get`."""
        agent, size = self._agent, self._agent.max_varbinds
        start, stop = self._cut.first[pdu], self._cut.first[pdu + 1]
        agent.heard = True
        positions: Iterable[int] = range(start, stop)
        if answer is not None and not answer.error_status:
            found = dict(answer.varbinds)
            oids = dict(zip(range(start, stop), self._cut.oids(start, stop), strict=True))
            for position, oid in oids.items():
                self._put(position, found.get(oid), moment)
            positions = [position for position, oid in oids.items() if oid not in found]
        await self._ask(positions)
        return await self._go_on(pdu, size)

    async def _go_on(self, pdu: int, size: int) -> int:
        if self._agent.max_varbinds >= size:
            return pdu + 1
        # Less is asked of it from now on, and the flight asks in the old way.
        await self._ask(range(self._cut.first[pdu + 1], self._cut.first[-1]))
        return self._cut.pdus

    async def _ask(self, positions: Iterable[int]) -> None:
        """By a session, which knows how to split what is too much."""
        wanted = list(positions)
        if not wanted:
            return
        if self._session is None:
            self._session = NetworkSession(self._agent)
        every = self._cut.oids(wanted[0], wanted[-1] + 1)
        oids = [every[position - wanted[0]] for position in wanted]
        began = monotonic()
        found = await self._session.get(oids)
        moment = (began + monotonic()) / 2
        for position, oid in zip(wanted, oids, strict=True):
            self._put(position, found.get(oid), moment)


class SecureRepair(Repair):
    """The same over SNMPv3."""

    __slots__ = ("_channel", "_engine", "_reports")

    def __init__(self, agent: Agent, cut: Cut, columns: Columns, channel: UsmChannel) -> None:
        super().__init__(agent, cut, columns)
        self._channel = channel
        self._engine = channel.engine.engine_id
        self._reports = (0, 0)
        """How many reports came to which GET."""

    def _read(self, event: Event) -> Pdu | None:
        _, _, asked, datagram, _, _ = event
        plain, pos, end = self._channel.unwrap(datagram)
        pdu = decode_pdu(plain, pos, end)
        if pdu.type == PduType.REPORT:
            self._judge(pdu, asked)
        return pdu if pdu.request_id == message_id(datagram) else None

    def _judge(self, report: Pdu, asked: int) -> NoReturn:
        count, before = self._reports
        self._reports = (count + 1 if asked == before else 1, asked)
        if self._reports[0] > MAX_REPORTS:
            raise WireAuthError(UNSETTLED)
        self._channel.judge(report)
        raise AskAgain if self._channel.engine.engine_id == self._engine else AnotherEngine


class AskAgain(Exception):  # noqa: N818 - no error
    """The channel knows better now how to ask the same question."""


class AnotherEngine(Exception):  # noqa: N818
    """Another engine answers than the one that the flight asks."""


def _failure(agent: Agent, event: Event) -> WireTimeout | WireRefused:
    kind, _, _, reason, stray, stray_port = event
    where = f"{agent.addresses[0]} port {agent.access.port}"
    if kind != SILENT:
        return WireRefused(f"{where}: unreachable ({os.strerror(reason)})")
    waits = agent.waits()
    tries = "1 try" if len(waits) == 1 else f"{len(waits)} tries"
    text = f"no answer within {max(waits):g} s ({tries})"
    if stray:
        text += f"; an answer came from {stray} port {stray_port}, which is not in reply_from"
    return WireTimeout(text)
