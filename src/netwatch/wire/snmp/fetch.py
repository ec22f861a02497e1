"""One fetch: a flight for what agents answer as asked, and the slow way for the rest."""

from __future__ import annotations

import os
from collections.abc import Iterable
from time import monotonic

import numpy as np

from netwatch.errors import WireDecodeError, WireError, WireRefused, WireTimeout
from netwatch.model import Clock, SnmpValue, SystemClock
from netwatch.native.flights import DONE, ODD, SILENT, Event
from netwatch.wire.protocols import Fetched, ValueKind
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.block import OCTETS, Columns, columns_of
from netwatch.wire.snmp.channel import UsmChannel
from netwatch.wire.snmp.cut import Cut
from netwatch.wire.snmp.flights import Flights
from netwatch.wire.snmp.pdu import Missing, Pdu, decode_community_message, decode_value
from netwatch.wire.snmp.secure import SecureChain
from netwatch.wire.snmp.session import GENTLE, NetworkSession
from netwatch.wire.snmp.template import Template

__all__ = ["fetch", "fetch_v3"]

_MASK = (1 << 64) - 1


async def fetch(flights: Flights, agent: Agent, template: Template, clock: Clock) -> Fetched:
    """Everything in a template, from an agent of v1 or v2c. Raises WireError."""
    count = len(template)
    cut = flights.cuts.get(template, agent.max_varbinds)
    block = bytearray(OCTETS * count)
    columns = columns_of(block, count)
    if not count:
        return Fetched(*columns, {})
    # An agent of several addresses may have a new preferred one since its last fetch.
    peer = agent.peer or flights.peer(agent)
    addresses = agent.addresses
    if flights.full:
        await flights.turn()
    handle, future = flights.launch(peer, cut.questions, block, agent.waits())
    repair: Repair | None = None
    event: Event | None = None
    try:
        event = await future
        while event[0] != DONE:
            flights.rest(handle)
            repair = repair or Repair(agent, cut, columns)
            event = await flights.resume(handle, await repair.get(event))
    except WireError as error:
        if repair is not None and event is not None:
            error.partial = _partial(columns, cut.first[event[2]], repair)
        raise
    finally:
        flights.land(handle, event)
    _, _, octets, coded, trips, target = event
    if trips is not None:
        agent.answered(trips, addresses[target])
    return _fetched(columns, cut, octets or {}, coded, repair, clock)


async def fetch_v3(
    flights: Flights, agent: Agent, channel: UsmChannel, template: Template, clock: Clock
) -> Fetched:
    """Everything in a template, from an agent of v3. Raises WireError."""
    count = len(template)
    cut = flights.cuts.get(template, agent.max_varbinds)
    block = bytearray(OCTETS * count)
    columns = columns_of(block, count)
    columns[2].fill(np.nan)
    if not count:
        return Fetched(*columns, {})
    peer = agent.peer or flights.peer(agent)
    addresses = agent.addresses
    if flights.full:
        await flights.turn()
    chain = SecureChain(flights, channel, cut, block)
    repair: Repair | None = None
    handle, _ = flights.launch(peer, None, None, agent.waits())
    try:
        event = await chain.begin(handle)
        while event is not None:
            flights.rest(handle)
            repair = repair or Repair(agent, cut, columns)
            if event[0] == ODD:
                chain.pdu = await repair.odd(event[2], event[3], event[4])
            else:
                chain.pdu = await repair.get(event)
            event = await chain.begin(handle)
    except WireError as error:
        if chain.pdu:
            error.partial = _fetched(columns, cut, chain.octets, chain.coded, repair, clock)
        raise
    finally:
        flights.land(handle, None)
    agent.answered(chain.trips, addresses[chain.target])
    return _fetched(columns, cut, chain.octets, chain.coded, repair, clock)


def _fetched(
    columns: Columns,
    cut: Cut,
    octets: dict[int, bytes],
    coded: list[tuple[int, int, bytes]] | None,
    repair: Repair | None,
    clock: Clock,
) -> Fetched:
    """Decodes what the engine handed out, and adds what came in another way."""
    others: dict[int, SnmpValue] = octets  # type: ignore[assignment] # cast() would be a call per fetch
    problems: list[str] = []
    for position, tag, content in coded or ():
        try:
            value = decode_value(tag, content)
        except WireDecodeError as error:
            _forget(columns, position)
            problems.append(f"{cut.oids(position, position + 1)[0]}: can't be read: {error}")
            continue
        if isinstance(value, int):
            _put_int(columns, others, position, value)
        elif value is not None and not isinstance(value, Missing):
            others[position] = value
    if repair is not None:
        others.update(repair.others)
        problems += repair.problems
    if type(clock) is not SystemClock:
        times = columns[2]
        times += clock.now().mono - monotonic()
    return Fetched(*columns, others, tuple(problems))


def _partial(columns: Columns, stop: int, repair: Repair) -> Fetched | None:
    """What came before an agent stopped answering: the GETs before the one that begins at `stop`."""
    values, kinds, times = columns
    kinds[stop:], values[stop:], times[stop:] = ValueKind.ABSENT, 0, np.nan
    for position in np.flatnonzero(kinds == ValueKind.OTHER).tolist():
        if position not in repair.others:  # the flight would have told it at its end
            _forget(columns, position)
    others = {position: value for position, value in repair.others.items() if position < stop}
    return None if np.isnan(times).all() else Fetched(values, kinds, times, others, tuple(repair.problems))


def _put_int(columns: Columns, others: dict[int, SnmpValue], position: int, value: int) -> None:
    values, kinds, _ = columns
    if -(1 << 63) <= value <= _MASK:
        values[position] = value & _MASK
        kinds[position] = ValueKind.SIGNED if value < 0 else ValueKind.UNSIGNED
    else:
        others[position] = value
        kinds[position] = ValueKind.OTHER


def _forget(columns: Columns, position: int) -> None:
    values, kinds, times = columns
    values[position], kinds[position], times[position] = 0, ValueKind.ABSENT, np.nan


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
            _put_int(self._columns, self.others, position, value)
        else:
            self.others[position] = value
            kinds[position] = ValueKind.OTHER

    async def get(self, event: Event) -> int:
        """Gets in another way what a paused flight did not; the GET it is to go on with. Raises WireError."""
        if event[0] == ODD:
            try:
                answer = decode_community_message(event[3]).pdu
            except WireDecodeError:
                return await self.odd(event[2], None, 0.0)
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
