"""What a poll costs: the flight engine in both twins, beside the least there is to do and its peers.

    python -m tests.bench.pollers

CPU seconds (user and system, of the poller's process alone) per 1000 polls, all of one run. A thousand
simulated devices answer from one process (peers/agent.c).
"""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from tests.bench.fleet import agent, free_port
from tests.bench.peers.exporter import exporter, have_exporter
from tests.bench.peers.limit import limit
from tests.bench.table import Row, show
from tests.bench.workloads import W1, W2, address

from netwatch.model import EntityId, Secret, SnmpAccess, SnmpVersion, Target, UsmAuth, UsmPrivacy
from netwatch.native import load
from netwatch.wire import NetworkSnmpWire, Template
from netwatch.wire.snmp.flights import pure

DEVICES, WINDOW, SECONDS = 1000, 128, 4.0
WORKLOADS = {"W1": W1, "W2": W2}
BOUNDS = {("W1", "compiled"): 0.12, ("W1", "pure"): 0.8, ("W2", "compiled"): 0.02, ("W2", "pure"): 0.04}
"""CPU seconds per 1000 polls that the engine is built to stay under."""


VERSIONS = {
    "v2c": SnmpAccess(community=Secret("public")),
    "v3": SnmpAccess(  # as peers/usm.h has it
        version=SnmpVersion.V3,
        user="v3u",
        auth=UsmAuth.SHA,
        auth_password=Secret("authpass123"),
        privacy=UsmPrivacy.AES128,
        privacy_password=Secret("privpass123"),
    ),
}


def target(device: int, access: SnmpAccess) -> Target:
    return Target(EntityId(f"device-{device}"), f"device-{device}", (address(device),), snmp=access)


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def poll(workload: str, twin: str, version: str, port: int) -> str:
    """Runs in a process of its own. The first two polls of a device, which learn of it, are not counted."""
    wire = NetworkSnmpWire(kernel=load({}) if twin == "compiled" else pure())
    template = Template(WORKLOADS[workload])
    access = replace(VERSIONS[version], port=port)
    targets = [target(device, access) for device in range(DEVICES)]
    polls = wrong = 0
    until = float("inf")
    turn = iter(targets)

    async def work() -> None:
        nonlocal polls, wrong, turn
        while time.monotonic() < until:
            device = next(turn, None)
            if device is None:
                if until == float("inf"):
                    return
                turn = iter(targets)
                continue
            fetched = await wire.fetch(device, template)
            polls += 1
            if until == float("inf"):  # looking at the answers is no part of what is measured
                wrong += not fetched.kinds.all()

    for _ in range(2):  # what an agent's engine is, then what its answers look like
        turn = iter(targets)
        await asyncio.gather(*(work() for _ in range(WINDOW)))
    gc.collect()
    gc.freeze()  # as the daemon does: looking at what stays again and again is no work of a poll
    polls, until, cpu = 0, time.monotonic() + SECONDS, cpu_seconds()
    turn = iter(targets)
    await asyncio.gather(*(work() for _ in range(WINDOW)))
    cpu = cpu_seconds() - cpu
    stats = wire.stats
    await wire.close()
    assert not wrong, f"{wrong} polls lack values"
    lost = stats.timeouts + stats.unasked + stats.garbage + stats.wrong_source + stats.refused
    return f"{cpu / polls * 1000} {lost}"


def netwatch(workload: str, twin: str, port: int, version: str = "v2c") -> tuple[float, int]:
    """CPU seconds per 1000 polls, and datagrams that were lost or odd."""
    command = [sys.executable, "-m", "tests.bench.pollers", workload, twin, version, str(port)]
    cost, lost = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(cost), int(lost)


def gufo(workload: str, port: int) -> float:
    polls = {"W1": 2000, "W2": 15_000}[workload]
    command = [sys.executable, "-m", "tests.bench.peers.gufo", workload.lower(), str(port), "500", str(polls)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def rows() -> Iterator[Row]:
    unit = "CPU-s per 1000 polls"
    with tempfile.TemporaryDirectory() as name, agent(port := free_port()):
        for workload, oids in WORKLOADS.items():
            least = limit(oids, Path(name), port, DEVICES, SECONDS)
            yield f"{workload}: physical limit (C, decoded, OIDs checked)", least, unit
            peers = {"gufo-snmp": gufo(workload, port)}
            yield f"{workload}: gufo-snmp 0.13", peers["gufo-snmp"], unit
            if have_exporter():
                polls = {"W1": 400, "W2": 3000}[workload]
                peers["snmp_exporter"] = exporter(workload.lower(), Path(name), port, 500, polls)
                yield f"{workload}: snmp_exporter 0.21", peers["snmp_exporter"], unit
            for twin in ("compiled", "pure"):
                if twin == "compiled" and load(os.environ) is None:
                    continue
                cost, lost = netwatch(workload, twin, port)
                ratios = "; ".join(f"{peer} {theirs / cost:.1f} times" for peer, theirs in peers.items())
                note = f"; {lost} datagrams lost or odd" if lost else ""
                bound = BOUNDS[workload, twin]
                told = f"{unit} (bound {bound}; {cost / least:.2f} of the limit; {ratios}{note})"
                yield f"{workload}: netwatch, {twin}", cost, told


if __name__ == "__main__":
    if len(sys.argv) == 5:
        print(asyncio.run(poll(*sys.argv[1:4], int(sys.argv[4]))))
    else:
        show(rows())
