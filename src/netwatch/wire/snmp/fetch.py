"""One fetch: a flight for what agents answer as asked, and the slow way for the rest."""

from __future__ import annotations

import contextlib
from time import monotonic

import numpy as np

from netwatch.errors import WireAuthError, WireDecodeError, WireError
from netwatch.model import Clock, SnmpValue, SystemClock
from netwatch.native.flights import DONE, ODD, Event
from netwatch.wire.protocols import Fetched, ValueKind
from netwatch.wire.snmp import ber
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.block import OCTETS, Columns, columns_of
from netwatch.wire.snmp.channel import UsmChannel
from netwatch.wire.snmp.cut import Cut
from netwatch.wire.snmp.errand import Errand
from netwatch.wire.snmp.flights import Flights
from netwatch.wire.snmp.pdu import Missing, decode_value
from netwatch.wire.snmp.repair import AnotherEngine, Repair, SecureRepair, put_int
from netwatch.wire.snmp.secure import MAX_REPORTS, UNSETTLED, SecureChain
from netwatch.wire.snmp.template import Template

__all__ = ["fetch", "fetch_v3"]


async def fetch(
    flights: Flights, agent: Agent, template: Template, clock: Clock, channel: UsmChannel | None = None
) -> Fetched:
    """Everything in a template, from an agent of v1 or v2c. Raises WireError.

    `channel`: of an agent of v3 that has an envelope; then AnotherEngine may be raised too.
    """
    errand = agent.errand
    if errand is None or errand.template is not template:
        errand = _errand(flights, agent, template)
    block = bytearray(errand.octets)
    if not errand.octets:
        return Fetched(*columns_of(block, 0), {})
    if flights.full:
        await flights.turn()
    envelope = None if channel is None else channel.envelope(flights.kernel)
    handle, future = flights.launch(errand.peer, errand.questions, block, errand.waits, envelope)
    repair: Repair | None = None
    try:
        event = await future
        if event[0] != DONE:
            columns = columns_of(block, errand.count)
            repair = _repair(agent, errand.cut, columns, channel)
            event = await _repaired(flights, handle, repair, event, errand.cut, columns)
    except BaseException:
        flights.land(handle)
        raise
    _, _, octets, coded, slowest, target = event
    if slowest >= 0:
        agent.answered(slowest, errand.addresses[target])
    columns = columns_of(block, errand.count)
    if coded is None and repair is None and type(clock) is SystemClock:
        return Fetched(*columns, octets or {})
    return _fetched(columns, errand.cut, octets or {}, coded, repair, clock)


def _errand(flights: Flights, agent: Agent, template: Template) -> Errand:
    count = len(template)
    cut = flights.cuts.get(template, agent.max_varbinds)
    # An agent of several addresses may have a new preferred one since its last fetch.
    peer = agent.peer or flights.peer(agent)
    octets, waits = OCTETS * count, agent.waits()
    agent.errand = Errand(template, cut, peer, cut.questions, octets, count, waits, agent.addresses)
    return agent.errand


async def _repaired(
    flights: Flights, handle: int, repair: Repair, event: Event, cut: Cut, columns: Columns
) -> Event:
    """The last event of a flight that was interrupted by `event`. Raises WireError."""
    try:
        while event[0] != DONE:
            flights.rest(handle)
            event = await flights.resume(handle, await repair.get(event))
    except WireError as error:
        error.partial = _partial(columns, cut.first[event[2]], repair)
        raise
    return event


async def fetch_v3(
    flights: Flights, agent: Agent, channel: UsmChannel, template: Template, clock: Clock
) -> Fetched:
    """Everything in a template, from an agent of v3. Raises WireError."""
    for _ in range(MAX_REPORTS):
        if channel.envelope(flights.kernel) is None:
            return await _fetch_in_general(flights, agent, channel, template, clock)
        # What came from the engine before is not of the one that answers now: all is asked anew.
        with contextlib.suppress(AnotherEngine):
            return await fetch(flights, agent, template, clock, channel)
    raise WireAuthError(UNSETTLED)


def _repair(agent: Agent, cut: Cut, columns: Columns, channel: UsmChannel | None) -> Repair:
    if channel is None:
        return Repair(agent, cut, columns)
    return SecureRepair(agent, cut, columns, channel)


async def _fetch_in_general(
    flights: Flights, agent: Agent, channel: UsmChannel, template: Template, clock: Clock
) -> Fetched:
    """From an agent of v3 of which nothing is known yet, or that is asked as no envelope can."""
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
        flights.land(handle)
    agent.answered(chain.slowest, addresses[chain.target])
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
            value = ber.decode_oid(content) if tag == ber.OID else decode_value(tag, content)
        except WireDecodeError as error:
            _forget(columns, position)
            problems.append(f"{cut.oids(position, position + 1)[0]}: can't be read: {error}")
            continue
        if isinstance(value, int):
            put_int(columns, others, position, value)
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


def _forget(columns: Columns, position: int) -> None:
    values, kinds, times = columns
    values[position], kinds[position], times[position] = 0, ValueKind.ABSENT, np.nan
