"""What SNMPv3 costs: fetches with SHA and AES-128, beside the same over v2c in the same twin.

    python -m tests.bench.secure

CPU seconds (user and system, of the poller's process alone) per 1000 polls, all of one run. A thousand
simulated devices, each an SNMPv3 engine of its own, answer from one process (peers/agent.c with peers/usm.h).
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

from tests.bench.fleet import agent, free_port
from tests.bench.table import Row, show
from tests.bench.workloads import W1, W2, address

from netwatch.model import EntityId, Secret, SnmpAccess, SnmpVersion, Target, UsmAuth, UsmPrivacy
from netwatch.native import load
from netwatch.wire import NetworkSnmpWire, Template
from netwatch.wire.snmp.flights import pure

DEVICES, WINDOW, SECONDS = 1000, 128, 4.0
WORKLOADS = {"W1": W1, "W2": W2}
BOUND = 1.3
"""Of the cost of v2c."""
VERSIONS = {
    "v2c": SnmpAccess(community=Secret("public")),
    "v3": SnmpAccess(
        version=SnmpVersion.V3,
        user="v3u",
        auth=UsmAuth.SHA,
        auth_password=Secret("authpass123"),
        privacy=UsmPrivacy.AES128,
        privacy_password=Secret("privpass123"),
    ),
}


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def poll(workload: str, twin: str, version: str, port: int) -> str:
    """Runs in a process of its own. The first poll of a device learns its engine, and does not count."""
    wire = NetworkSnmpWire(kernel=load({}) if twin == "compiled" else pure())
    template = Template(WORKLOADS[workload])
    access = replace(VERSIONS[version], port=port)
    targets = [
        Target(EntityId(f"device-{n}"), f"device-{n}", (address(n),), snmp=access) for n in range(DEVICES)
    ]
    polls = 0
    until = float("inf")
    turn = iter(targets)

    async def work() -> None:
        nonlocal polls, turn
        while time.monotonic() < until:
            device = next(turn, None)
            if device is None:
                if until == float("inf"):
                    return
                turn = iter(targets)
                continue
            fetched = await wire.fetch(device, template)
            polls += 1
            if until == float("inf"):
                assert fetched.kinds.all()

    await asyncio.gather(*(work() for _ in range(WINDOW)))
    gc.collect()
    gc.freeze()
    polls, until, cpu, turn = 0, time.monotonic() + SECONDS, cpu_seconds(), iter(targets)
    await asyncio.gather(*(work() for _ in range(WINDOW)))
    cpu = cpu_seconds() - cpu
    await wire.close()
    return str(cpu / polls * 1000)


def cost(*arguments: str) -> float:
    """CPU seconds per 1000 polls."""
    command = [sys.executable, "-m", "tests.bench.secure", *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rows() -> Iterator[Row]:
    unit = "CPU-s per 1000 polls"
    with agent(port := free_port(), usm=True):
        for workload in WORKLOADS:
            for twin in ("compiled", "pure"):
                if twin == "compiled" and load(os.environ) is None:
                    continue
                plain, secure = (cost(workload, twin, version, str(port)) for version in VERSIONS)
                yield f"{workload}: netwatch, {twin}, SNMPv2c", plain, unit
                told = f"{unit} ({secure / plain:.2f} of v2c, bound {BOUND})"
                yield f"{workload}: netwatch, {twin}, SNMPv3 SHA, AES-128", secure, told


if __name__ == "__main__":
    if len(sys.argv) == 5:
        print(asyncio.run(poll(*sys.argv[1:4], int(sys.argv[4]))))
    else:
        show(rows())
