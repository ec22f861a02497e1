"""A poller, the real wire and the state over hostile agents, and a clock that a test turns between polls."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import itertools
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from zoo_agents import COMMUNITY, PORT, Device, HostileAgent, Objects

from netwatch.discovery import discover
from netwatch.model import (
    Block,
    EntityId,
    EntityKind,
    Freshness,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    PollFailure,
    Reachability,
    ReachabilityMethod,
    Secret,
    Snapshot,
    SnmpAccess,
    SnmpVersion,
    Target,
    load_catalogue,
)
from netwatch.polling import Poller, PollingSettings
from netwatch.polling.health import DEVICE_TABLE
from netwatch.profiles import ProfileSet
from netwatch.simulate import ber
from netwatch.state import State
from netwatch.wire import NetworkSnmpWire

MINUTE = 60.0
TIMEOUT = 0.4
"""Stands for the 3 s of the real world."""

SYS = "1.3.6.1.2.1.1"
IF = "1.3.6.1.2.1.2.2.1"
IFX = "1.3.6.1.2.1.31.1.1.1"
UPTIME = f"{SYS}.3.0"
RX = "netwatch_interface_receive_bytes_total"
TX = "netwatch_interface_transmit_bytes_total"
SPEED = "netwatch_interface_speed_bytes_per_second"
OPER_UP = "netwatch_interface_oper_up"
REBOOTS = "netwatch_device_reboots_total"
UP = "netwatch_device_up"


def switch(
    ports: Sequence[str] = ("p1", "p2", "p3", "p4"), *, name: str = "sw", high_capacity: bool = True
) -> Objects:
    """Ports of 1 Gb/s, or of 100 Mb/s without high capacity counters, which would wrap in half a minute.

    Port number N has received N kB/s and sent half of that since the start.
    """
    objects: Objects = {
        f"{SYS}.1.0": (ber.OCTET_STRING, b"Zoo switch"),
        f"{SYS}.2.0": (ber.OID, "1.3.6.1.4.1.99999.1"),
        UPTIME: (ber.TIME_TICKS, lambda seconds: int(seconds * 100)),
        f"{SYS}.5.0": (ber.OCTET_STRING, name),
        "1.3.6.1.2.1.31.1.5.0": (ber.TIME_TICKS, 0),
    }
    for index, port in enumerate(ports, 1):
        number = int(port[1:])
        rows: dict[str, tuple[int, Any]] = {
            f"{IF}.2": (ber.OCTET_STRING, port),
            f"{IF}.3": (ber.INTEGER, 6),
            f"{IF}.5": (ber.GAUGE32, 1_000_000_000 if high_capacity else 100_000_000),
            f"{IF}.7": (ber.INTEGER, 1),
            f"{IF}.8": (ber.INTEGER, 1),
            f"{IF}.10": (ber.COUNTER32, growing(number * 1000)),
            f"{IF}.16": (ber.COUNTER32, growing(number * 500)),
            f"{IFX}.1": (ber.OCTET_STRING, port),
        }
        if high_capacity:
            rows |= {
                f"{IFX}.6": (ber.COUNTER64, growing(number * 1000)),
                f"{IFX}.10": (ber.COUNTER64, growing(number * 500)),
                f"{IFX}.15": (ber.GAUGE32, 1000),
            }
        objects |= {f"{column}.{index}": value for column, value in rows.items()}
    return objects


LLDP = "1.0.8802.1.1.2.1.4.1.1"


def neighbours(count: int) -> Objects:
    """LLDP's table of so many neighbours, which netwatch walks at each poll."""
    objects: Objects = {}
    for number in range(1, count + 1):
        rows: dict[str, tuple[int, Any]] = {
            "4": (ber.INTEGER, 4),
            "5": (ber.OCTET_STRING, bytes((2, 0, 0, 0, number >> 8, number & 255))),
            "6": (ber.INTEGER, 5),
            "7": (ber.OCTET_STRING, f"uplink{number}"),
            "9": (ber.OCTET_STRING, f"neighbour{number:03}"),
        }
        objects |= {f"{LLDP}.{column}.0.{number}.1": value for column, value in rows.items()}
    return objects


def growing(rate: float) -> Any:
    return lambda seconds: int(seconds * rate)


class LabClock:
    """Real time, and what the test adds to it."""

    def __init__(self) -> None:
        self.ahead = 100_000.0
        self._jumped = asyncio.Event()

    def jump(self, seconds: float) -> None:
        """So much time passes at once."""
        self.ahead += seconds
        self._jumped.set()
        self._jumped = asyncio.Event()

    def now(self) -> Instant:
        mono = time.monotonic() + self.ahead
        return Instant(1.8e9 + mono, mono)

    async def sleep(self, seconds: float) -> None:
        end = self.now().mono + seconds
        while (left := end - self.now().mono) > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._jumped.wait(), left)


class MemoryJournal:
    def load(self) -> Iterable[IdentityRecord]:
        return ()

    def save(self, records: Sequence[IdentityRecord]) -> None:
        return None


class Lab:
    """Everything between an agent's datagrams and a snapshot."""

    def __init__(self, profiles: ProfileSet) -> None:
        self.clock = LabClock()
        ids = itertools.count(1)
        self.state = State(load_catalogue(), MemoryJournal(), lambda: EntityId(f"e{next(ids)}"), self.clock)
        self.wire = NetworkSnmpWire(clock=self.clock, rng=random.Random(7))
        self.observations: dict[tuple[EntityId, str], Observation] = {}
        self.blocks: dict[tuple[EntityId, str], Block] = {}
        """The latest of each table."""
        self._passes: Counter[EntityId] = Counter()
        self._changed = asyncio.Event()
        self._targets: dict[str, Target] = {}
        self._agents: list[HostileAgent] = []
        self.poller = Poller(
            snmp=self.wire,
            ssh=None,
            http=None,
            probers=(),
            discover=functools.partial(discover, snmp=self.wire, profiles=profiles, clock=self.clock),
            sink=self,
            clock=self.clock,
            rng=random.Random(7),
            settings=PollingSettings(startup_spread=0.0, recheck_gap=0.0, rediscovery_gap=0.0),
        )

    async def __aenter__(self) -> Lab:
        self._running = asyncio.create_task(self.poller.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self.wire.close()
        for agent in self._agents:
            agent.close()
        await asyncio.sleep(0)

    # ObservationSink

    def accept(self, observation: Observation) -> None:
        self.observations[observation.source, observation.table] = observation
        self.state.accept(observation)

    def accept_block(self, block: Block) -> None:
        self.blocks[block.source, block.table] = block
        self.state.accept_block(block)
        if block.table == DEVICE_TABLE:  # told at the end of each pass
            self._passes[block.source] += 1
            self._changed.set()

    def failed(self, failure: PollFailure) -> None:
        self.state.failed(failure)

    # acting

    def seconds(self) -> float:
        return self.clock.now().mono

    async def agent(self, device: Device, address: str = "127.20.0.1") -> HostileAgent:
        """Puts a device at an address."""
        agent = await HostileAgent.start(device, address, self.seconds)
        self._agents.append(agent)
        return agent

    async def put_away(self, agent: HostileAgent) -> None:
        """Frees its address."""
        self._agents.remove(agent)
        agent.close()
        await asyncio.sleep(0)

    async def watch(
        self,
        name: str = "sw",
        addresses: Sequence[str] = ("127.20.0.1",),
        *,
        reply_from: Sequence[str] = (),
        deadline: float = 30.0,
        limits: dict[str, int] | None = None,
        **access: Any,
    ) -> EntityId:
        """Enters a device and waits for its first pass, which discovers it. Keywords of SnmpAccess."""
        values = {"community": Secret(COMMUNITY), "timeout": TIMEOUT, "port": PORT} | access
        values["version"] = SnmpVersion(values.get("version", "2c"))
        target = Target(
            EntityId(""),
            name,
            tuple(addresses),
            tuple(reply_from),
            SnmpAccess(**values),
            reachability=Reachability(ReachabilityMethod.NONE),
            interval=MINUTE,
            deadline=deadline,
            limits=limits or {},
        )
        bare = InventoryDevice(name, target)
        device = self.state.device_id(bare)
        self._targets[name] = replace(target, device=device)
        self.state.set_inventory(
            Inventory(devices={name: InventoryDevice(name, target) for name, target in self._targets.items()})
        )
        before = self._passes[device]
        self.poller.update(list(self._targets.values()))
        await self._pass(device, before + 1)
        return device

    async def poll(self, *devices: EntityId, times: int = 1, seconds: float = MINUTE) -> Snapshot:
        """Lets so much time pass and polls, `times` times. The snapshot after the last."""
        for _ in range(times):
            for _ in range(10):
                await asyncio.sleep(0)  # the poller has gone to sleep: only then the clock may jump
            before = {device: self._passes[device] for device in devices}
            self.clock.jump(seconds)
            for device in devices:
                self.poller.recheck(device)
            for device in devices:
                await self._pass(device, before[device] + 1)
        return self.state.snapshot()

    async def _pass(self, device: EntityId, number: int) -> None:
        async with asyncio.timeout(60):
            while self._passes[device] < number:
                self._changed.clear()
                await self._changed.wait()
            # A discovery tells of the device twice; the pass has ended when the next one has its time.
            while self.poller.status()[device].next_due is None:  # noqa: ASYNC110 - nobody wakes us
                await asyncio.sleep(0.002)

    # looking

    def target(self, name: str) -> Target:
        return self._targets[name]

    def port(self, device: EntityId, name: str) -> EntityId:
        """The interface of that name."""
        (found,) = (one.id for one in self.state.snapshot().of_device(device) if one.name == name)
        return found

    def ports(self, device: EntityId) -> list[str]:
        return self._names(device, EntityKind.INTERFACE)

    def neighbours(self, device: EntityId) -> list[str]:
        return self._names(device, EntityKind.NEIGHBOR)

    def _names(self, device: EntityId, kind: EntityKind) -> list[str]:
        return sorted(one.name for one in self.state.snapshot().of_device(device, kind))

    def value(self, entity: EntityId, family: str) -> float | None:
        return self.state.snapshot().value(entity, family)

    def rate(self, entity: EntityId, family: str = RX) -> float | None:
        """Increase per second over the last interval; None if it is unknown."""
        column = self.state.snapshot().columns[family]
        rate = float(column.rates[column.entities.index(entity)])
        return None if rate != rate else rate

    def freshness(self, device: EntityId, table: str = "interfaces") -> Freshness:
        (found,) = (
            one for one in self.state.snapshot().freshness if (one.source, one.table) == (device, table)
        )
        return found

    def problems(self, device: EntityId, table: str = "interfaces") -> str:
        """What the last reading of a table told of the agent's mistakes."""
        told = self.blocks.get((device, table)) or self.observations[device, table]
        return "; ".join(told.problems)

    def status(self, device: EntityId) -> str:
        """What the poller says is wrong with the device."""
        return self.poller.status()[device].problem
