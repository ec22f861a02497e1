"""A clock that a test turns by hand, and devices whose answers it writes."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from netwatch.errors import WireTimeout
from netwatch.model import (
    ROOT,
    Block,
    EntityId,
    HttpRequest,
    Instant,
    Observation,
    PollFailure,
    Reachability,
    ReachabilityMethod,
    Reading,
    SnmpAccess,
    SnmpValue,
    Target,
)
from netwatch.polling.health import DEVICE_TABLE
from netwatch.state.blocks import named
from netwatch.wire import Fetched, ProbeResult, Template
from netwatch.wire.fetched import fetched_from

UPTIME = "1.3.6.1.2.1.1.3.0"
OCTETS = "1.3.6.1.2.1.31.1.1.1.6.1"
NO_PROBE = Reachability(ReachabilityMethod.NONE)


class FakeClock:
    """Sleeps end when the test says so, in order of their ends."""

    def __init__(self) -> None:
        self.mono = 1000.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = itertools.count()

    def now(self) -> Instant:
        return Instant(1.7e9 + self.mono, self.mono)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.mono + seconds, next(self._order), future))
        await future

    async def advance(self, seconds: float) -> None:
        end = self.mono + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            when, _, future = heapq.heappop(self._sleepers)
            self.mono = max(self.mono, when)
            if not future.done():
                future.set_result(None)
            await settle()
        self.mono = end
        await settle()


async def settle() -> None:
    """Lets everything run that can run without time passing."""
    for _ in range(30):
        await asyncio.sleep(0)


def target(
    name: str, *, interval: float = 60.0, reachability: Reachability = NO_PROBE, **more: object
) -> Target:
    address = f"192.0.2.{zlib.crc32(name.encode()) % 250 + 1}"
    values: dict[str, object] = {"addresses": (address,), "snmp": SnmpAccess()}
    return Target(
        EntityId(name),
        name,
        interval=interval,
        reachability=reachability,
        **(values | more),  # type: ignore[arg-type]
    )


@dataclass
class FakeAgent:
    """One device. `delay` seconds per request; None: never answers."""

    values: dict[str, SnmpValue] = field(default_factory=lambda: {UPTIME: 100, OCTETS: 7})
    delay: float | None = 0.0
    timeout: float = 9.0
    requests: list[tuple[float, tuple[str, ...]]] = field(default_factory=list)


class FakeSession:
    def __init__(self, agent: FakeAgent, clock: FakeClock) -> None:
        self.agent, self.clock = agent, clock
        self.problems: list[str] = []

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        self.agent.requests.append((self.clock.mono, tuple(oids)))
        if self.agent.delay is None:
            await self.clock.sleep(self.agent.timeout)
            raise WireTimeout("no answer within 3 s (3 tries)")
        if self.agent.delay:
            await self.clock.sleep(self.agent.delay)
        return {oid: self.agent.values[oid] for oid in oids if oid in self.agent.values}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        self.problems.append(f"{root}: OIDs do not increase")
        return {oid: value for oid, value in self.agent.values.items() if oid.startswith(root + ".")}

    async def close(self) -> None:
        return None


class FakeSnmp:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.agents: dict[str, FakeAgent] = {}

    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        oids = template.oids()
        began = self.clock.mono
        found = await self.session(target, context=context).get(oids)
        return fetched_from(oids, found, (began + self.clock.mono) / 2)

    def session(self, target: Target, *, context: str = "") -> FakeSession:
        return FakeSession(self.agents.setdefault(target.name, FakeAgent()), self.clock)


@dataclass
class FakeTable:
    name: str = "ports"
    source: str = "snmp"
    mode: str = "fixed"
    interval: float | None = None
    oids: tuple[str, ...] = (OCTETS,)
    roots: tuple[str, ...] = ()
    command: str = ""
    request: HttpRequest | None = None
    joins: tuple[tuple[str, HttpRequest], ...] = ()
    max_rows: int = 0
    context: str = ""
    broken: bool = False
    blocks: Any = None
    problems: tuple[str, ...] = ()

    def observe(
        self,
        raw: dict[str, SnmpValue],
        source: EntityId,
        at: Instant,
        interval: float,
        *,
        memory: dict[str, Any] | None = None,
        others: Mapping[str, Any] = {},
    ) -> Observation:
        if self.broken:
            raise KeyError("a mistake in the profile")
        readings = tuple(
            Reading(ROOT, "octets", float(value)) for value in raw.values() if isinstance(value, int)
        )
        whole = self.mode != "fixed"
        return Observation(
            source, self.name, at, readings, complete=whole, interval=interval, problems=self.problems
        )


@dataclass
class FakePlan:
    tables: tuple[FakeTable, ...] = (FakeTable(),)
    evidence_oids: tuple[str, ...] = (UPTIME,)


@dataclass
class FakeDiscovery:
    plan: FakePlan
    observations: tuple[Observation, ...] = ()


class Discoverer:
    def __init__(self, clock: FakeClock, plan: FakePlan | None = None) -> None:
        self.clock = clock
        self.plan = plan or FakePlan()
        self.calls: list[tuple[str, float]] = []
        self.seconds = 0.0
        self.error: Exception | None = None

    async def __call__(self, target: Target) -> FakeDiscovery:
        self.calls.append((target.name, self.clock.mono))
        if self.seconds:
            await self.clock.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return FakeDiscovery(self.plan, (Observation(target.device, "identity", self.clock.now()),))


class Sink:
    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.failures: list[PollFailure] = []
        self.blocks: list[Block] = []

    def accept_block(self, block: Block) -> None:
        if block.table == DEVICE_TABLE:
            self.observations.append(named(block))
        else:
            self.blocks.append(block)

    def accept(self, observation: Observation) -> None:
        self.observations.append(observation)

    def failed(self, failure: PollFailure) -> None:
        self.failures.append(failure)

    def of(self, device: str, table: str) -> list[Observation]:
        return [one for one in self.observations if (one.source, one.table) == (device, table)]

    def up(self, device: str) -> list[float]:
        return [
            reading.value
            for one in self.of(device, "device")
            for reading in one.readings
            if reading.family == "netwatch_device_up"
        ]


class FakeProber:
    protocol = "icmp"

    def __init__(self) -> None:
        self.alive: dict[str, bool] = {}
        self.asked: list[str] = []

    def applies(self, target: Target) -> bool:
        return target.reachability.method is ReachabilityMethod.ICMP

    async def probe(self, target: Target) -> ProbeResult:
        self.asked.append(target.name)
        alive = self.alive.get(target.name, True)
        return ProbeResult(alive, 0.001 if alive else None, "")
