"""The network as an SnmpWire."""

from __future__ import annotations

import os
import random
from collections.abc import Coroutine, Mapping
from dataclasses import astuple
from typing import Any

from netwatch.errors import WireError, WireTimeout
from netwatch.model import Clock, EntityId, SystemClock, Target
from netwatch.native.flights import Kernel
from netwatch.wire.protocols import Fetched
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.channel import UsmChannel
from netwatch.wire.snmp.fetch import fetch, fetch_v3
from netwatch.wire.snmp.flights import Flights, pure
from netwatch.wire.snmp.pdu import message_id
from netwatch.wire.snmp.session import NetworkSession
from netwatch.wire.snmp.template import Template
from netwatch.wire.udp import TransportStats, UdpTransport

__all__ = ["NetworkSnmpWire"]


class NetworkSnmpWire:
    """SNMP v1, v2c and v3 to all devices over a few sockets. Remembers what it learnt of each agent."""

    def __init__(
        self, *, clock: Clock | None = None, rng: random.Random | None = None, kernel: Kernel | None = None
    ) -> None:
        """`rng` makes request ids; hand one in for tests only: an id that is guessed can be forged.

        `kernel`: the twin that fetches templates; by default the one in Python.
        """
        self._clock = clock if clock is not None else SystemClock()
        self._transport = UdpTransport(message_id, rng=rng)
        self._flights = Flights(kernel or pure(), random=os.urandom if rng is None else rng.randbytes)
        self._agents: dict[EntityId, tuple[Target, dict[str, Agent]]] = {}
        self._restored: dict[EntityId, Mapping[str, Any]] = {}
        """What was learnt before the start, of devices that were not asked yet."""

    @property
    def stats(self) -> TransportStats:
        """Of all sockets together."""
        counts = zip(astuple(self._transport.stats), astuple(self._flights.stats), strict=True)
        return TransportStats(*map(sum, counts))

    def session(self, target: Target, *, context: str = "") -> NetworkSession:
        """Raises WireError for a target without SNMP access or with credentials that can't work."""
        return NetworkSession(self._agent(target, context))

    def _agent(self, target: Target, context: str) -> Agent:
        known = self._agents.get(target.device)
        agent = known[1].get(context) if known is not None and known[0] is target else None
        return self._meet(target, context) if agent is None else agent

    def _meet(self, target: Target, context: str) -> Agent:
        """An agent that is new, or of whom the inventory says something new."""
        if target.snmp is None:
            raise WireError(f"{target.name}: no SNMP credentials")
        known, agents = self._agents.get(target.device, (target, {}))
        if known is not target or not agents:
            if _access(known) != _access(target):
                agents = {}
                self._restored.pop(target.device, None)
            self._agents[target.device] = (target, agents)
        agent = agents.get(context)
        if agent is None:
            agent = Agent(target, target.snmp, context, self._transport, self._clock)
            agents[context] = agent
            learnt = self._restored.get(target.device, {}).get(context)
            if isinstance(learnt, Mapping):
                agent.restore(learnt)
        return agent

    def fetch(self, target: Target, template: Template, *, context: str = "") -> Coroutine[Any, Any, Fetched]:
        """Everything in a template. Raises WireError, some of it before the first await."""
        known = self._agents.get(target.device)
        if known is not None and known[0] is target:
            agent = known[1].get(context)
            if agent is not None and agent.plain:
                return fetch(self._flights, agent, template, self._clock)
        return self._fetch_with_care(target, template, context)

    def _fetch_with_care(
        self, target: Target, template: Template, context: str
    ) -> Coroutine[Any, Any, Fetched]:
        """From an agent that is new, or that speaks SNMPv3."""
        agent = self._agent(target, context)
        if isinstance(agent.channel, UsmChannel):
            return fetch_v3(self._flights, agent, agent.channel, template, self._clock)
        if agent.may_be_v1:
            return self._fetch_at_first(agent, template)
        return fetch(self._flights, agent, template, self._clock)

    async def _fetch_at_first(self, agent: Agent, template: Template) -> Fetched:
        try:
            return await fetch(self._flights, agent, template, self._clock)
        except WireTimeout:
            if not await agent.answers_v1():
                raise
        return await fetch(self._flights, agent, template, self._clock)

    def forget(self, device: EntityId) -> None:
        """Drops what was learnt of a device that is no longer in the inventory."""
        self._agents.pop(device, None)
        self._restored.pop(device, None)

    def learnt(self) -> Mapping[EntityId, Mapping[str, Any]]:
        """What netwatch learnt of the agents, by device and context (the main one is empty): limits, pace,
        the address and the version that answer. JSON, without secrets; for `restore` after a restart.
        """
        found = dict(self._restored)
        for device, (_, agents) in self._agents.items():
            own = {context: learnt for context, agent in agents.items() if (learnt := agent.export())}
            if own:
                found[device] = {**found.get(device, {}), **own}
        return found

    def restore(self, learnt: Mapping[EntityId, Mapping[str, Any]]) -> None:
        """Takes over what `learnt` gave, before the first session. It bounds nothing from below: a limit
        above the configured one, or what has another form, is passed over."""
        self._restored.update((device, own) for device, own in learnt.items() if isinstance(own, Mapping))

    async def close(self) -> None:
        self._flights.close()
        await self._transport.close()


def _access(target: Target) -> tuple[object, ...]:
    return target.addresses, target.reply_from, target.snmp
