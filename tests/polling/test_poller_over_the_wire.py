"""The poller with the real wires: a real snmpd, an echo service, nobody there."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from polling_fakes import FakeDiscovery, FakePlan, FakeTable
from wire_servers import COMMUNITY, running_snmpd

from netwatch.errors import WireError
from netwatch.model import (
    Block,
    EntityId,
    Observation,
    PollFailure,
    Reachability,
    ReachabilityMethod,
    SnmpAccess,
    SystemClock,
    Target,
)
from netwatch.polling import Poller, PollingSettings
from netwatch.state.blocks import named
from netwatch.wire import NetworkSnmpWire, UdpEchoProber


class Sink:
    def __init__(self) -> None:
        self.observations: list[Observation] = []
        self.failures: list[PollFailure] = []
        self.changed = asyncio.Event()

    def accept(self, observation: Observation) -> None:
        self.observations.append(observation)
        self.changed.set()

    def accept_block(self, block: Block) -> None:
        self.accept(named(block))

    def failed(self, failure: PollFailure) -> None:
        self.failures.append(failure)
        self.changed.set()

    async def until(self, device: str, table: str, count: int = 1) -> list[Observation]:
        async with asyncio.timeout(20):
            while True:
                found = [one for one in self.observations if (one.source, one.table) == (device, table)]
                if len(found) >= count:
                    return found
                self.changed.clear()
                await self.changed.wait()


@pytest.fixture
async def echo_port() -> AsyncIterator[int]:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: object) -> None:
            self.transport.sendto(data, addr)  # type: ignore[attr-defined]

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    yield transport.get_extra_info("sockname")[1]
    transport.close()


@pytest.mark.server("snmpd")
async def test_polls_a_real_agent_beside_one_that_is_gone(tmp_path: Path, echo_port: int) -> None:
    plan = FakePlan((FakeTable("system", oids=("1.3.6.1.2.1.2.1.0",), roots=("1.3.6.1.2.1.1.9.1.2",)),))

    async def discover(target: Target) -> FakeDiscovery:
        session = wire.session(target)
        if not await session.get(["1.3.6.1.2.1.1.2.0"]):
            raise WireError("no sysObjectID")
        return FakeDiscovery(plan)

    def target(name: str, port: int, method: ReachabilityMethod) -> Target:
        return Target(
            EntityId(name),
            name,
            ("127.0.0.1",),
            snmp=SnmpAccess(community=COMMUNITY, port=port, timeout=1.0),
            reachability=Reachability(method, echo_port),
            interval=0.5,
        )

    wire, echo, sink = NetworkSnmpWire(), UdpEchoProber(), Sink()
    poller = Poller(
        snmp=wire,
        ssh=None,
        http=None,
        probers=[echo],
        discover=discover,
        sink=sink,
        clock=SystemClock(),
        rng=random.Random(1),
        settings=PollingSettings(startup_spread=0.1),
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as closed:
        closed.bind(("127.0.0.1", 0))
        nobody = closed.getsockname()[1]
    async with running_snmpd(tmp_path) as port:
        poller.update(
            [
                target("alive", port, ReachabilityMethod.UDP_ECHO),
                target("gone", nobody, ReachabilityMethod.NONE),
            ]
        )
        running = asyncio.create_task(poller.run())
        try:
            tables = await sink.until("alive", "system", 2)
            health = await sink.until("alive", "device", 2)
            dead = await sink.until("gone", "device", 1)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await wire.close()
            await echo.close()
    assert tables[0].readings
    uptimes = [one.evidence.uptime for one in tables]
    assert all(uptime is not None for uptime in uptimes)
    readings = {(r.family, r.labels): r.value for r in health[-1].readings}
    assert readings["netwatch_device_up", ()] == 1.0
    assert readings["netwatch_probe_success", ("snmp",)] == 1.0
    assert readings["netwatch_probe_success", ("udp_echo",)] == 1.0
    assert {r.value for r in dead[0].readings if r.family == "netwatch_device_up"} == {0.0}
    assert {failure.table for failure in sink.failures} == {"discovery"}
    assert "unreachable" in sink.failures[0].reason
    assert COMMUNITY.reveal() not in repr((sink.failures, poller.status()))
