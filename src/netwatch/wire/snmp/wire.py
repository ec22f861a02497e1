"""The network as an SnmpWire."""

from __future__ import annotations

import random

from netwatch.errors import WireError
from netwatch.model import Clock, EntityId, SystemClock, Target
from netwatch.wire.fetched import fetched_from
from netwatch.wire.protocols import Fetched
from netwatch.wire.snmp.agent import Agent
from netwatch.wire.snmp.pdu import message_id
from netwatch.wire.snmp.session import NetworkSession
from netwatch.wire.snmp.template import Template
from netwatch.wire.udp import TransportStats, UdpTransport

__all__ = ["NetworkSnmpWire"]


class NetworkSnmpWire:
    """SNMP v1, v2c and v3 to all devices over two sockets. Remembers what it learnt of each agent."""

    def __init__(self, *, clock: Clock | None = None, rng: random.Random | None = None) -> None:
        """`rng` makes request ids; hand one in for tests only: an id that is guessed can be forged."""
        self._clock = clock if clock is not None else SystemClock()
        self._transport = UdpTransport(message_id, rng=rng)
        self._agents: dict[EntityId, tuple[Target, dict[str, Agent]]] = {}

    @property
    def stats(self) -> TransportStats:
        return self._transport.stats

    def session(self, target: Target, *, context: str = "") -> NetworkSession:
        """Raises WireError for a target without SNMP access or with credentials that can't work."""
        if target.snmp is None:
            raise WireError(f"{target.name}: no SNMP credentials")
        known, agents = self._agents.get(target.device, (target, {}))
        if _access(known) != _access(target):
            agents = {}
        self._agents[target.device] = (target, agents)
        agent = agents.get(context)
        if agent is None:
            agent = Agent(target, target.snmp, context, self._transport, self._clock)
            agents[context] = agent
        return NetworkSession(agent)

    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        """Everything in a template. Raises WireError."""
        session = self.session(target, context=context)
        began = self._clock.now().mono
        oids = template.oids()
        found = await session.get(oids)
        return fetched_from(oids, found, (began + self._clock.now().mono) / 2, session.problems)

    def forget(self, device: EntityId) -> None:
        """Drops what was learnt of a device that is no longer in the inventory."""
        self._agents.pop(device, None)

    async def close(self) -> None:
        await self._transport.close()


def _access(target: Target) -> tuple[object, ...]:
    return target.addresses, target.reply_from, target.snmp
