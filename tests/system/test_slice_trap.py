"""A real trap of a real agent's host brings a poll at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from slices import polling
from wire_servers import COMMUNITY, running_snmpd

from netwatch.model import (
    EntityId,
    Reachability,
    ReachabilityMethod,
    Secret,
    SnmpAccess,
    Target,
)
from netwatch.wire import NetworkSnmpWire, Trap, TrapListener

LINK_DOWN = "1.3.6.1.6.3.1.1.5.3"


async def send(port: int, community: str, home: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *("snmptrap", "-v2c", "-c", community, f"127.0.0.1:{port}", "", LINK_DOWN),
        *("1.3.6.1.2.1.2.2.1.1.7", "i", "7"),
        env={"HOME": str(home), "SNMP_PERSISTENT_DIR": str(home), "MIBS": ""},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert await process.wait() == 0


@pytest.mark.server("snmpd", "snmptrap")
async def test_a_trap_brings_a_poll(tmp_path: Path) -> None:
    wire, known, unknown = NetworkSnmpWire(), [], []
    async with running_snmpd(tmp_path) as port:
        target = Target(
            EntityId("agent"),
            "agent",
            ("127.0.0.1",),
            snmp=SnmpAccess(community=COMMUNITY, port=port, timeout=2.0),
            reachability=Reachability(ReachabilityMethod.NONE),
            interval=86_400.0,
        )
        async with polling(target, snmp=wire) as (poller, sink):

            def on_trap(trap: Trap) -> None:
                device = poller.recheck_address(trap.source)
                (unknown if device is None else known).append(trap.trap_oid)

            listener = TrapListener(("127.0.0.1", 0), on_trap, [Secret("trap-comm")], [])
            await listener.start()
            try:
                # Its interval is a day: nothing but a trap brings a second poll.
                await sink.until(lambda seen: sum(one.table == "system" for one in seen) == 1)
                await send(listener.address[1], "stranger", tmp_path)
                await send(listener.address[1], "trap-comm", tmp_path)
                await sink.until(lambda seen: sum(one.table == "system" for one in seen) == 2)
                assert known == [LINK_DOWN]
                poller.update([])
                await send(listener.address[1], "trap-comm", tmp_path)
                async with asyncio.timeout(10):
                    while not unknown:  # noqa: ASYNC110 - another process has no event for us
                        await asyncio.sleep(0.01)
            finally:
                await listener.close()
    await wire.close()
