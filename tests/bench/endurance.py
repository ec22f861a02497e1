"""The real daemon over thousands of W1 switches, every 60 s, scraped once a minute: CPU, memory, lateness.

Then it is stopped and started again from what it kept, and made to reload. Each run is a process of its own.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from tests.bench.fleet import agent, free_port
from tests.bench.table import Row, show
from tests.bench.ticker import ticking
from tests.bench.workloads import address

from netwatch.app import Daemon, Running
from netwatch.discovery import Discovery
from netwatch.model import Target

PROFILES = Path(__file__).parent / "profiles"
SETTINGS = """
district: {{name: Bench, slug: bench, timezone: UTC}}
state_dir: var
inventory: [devices.csv]
collectors: [{profiles}]
credentials: {{all: {{snmp: {{version: 2c, community: public, port: {port}}}}}}}
defaults: {{credentials: all, profile: w1}}
polling: {{interval: 60s, concurrency: 256}}
reachability: {{method: none}}
web: {{listen: "127.0.0.1:0"}}
metrics: {{max_samples: 100000}}
"""


class BenchDaemon(Daemon):
    """One switch is discovered for real, the others have what it has."""

    found: asyncio.Future[Discovery] | None = None

    async def _find(self, target: Target) -> Discovery:
        if self.found is None:
            self.found = asyncio.ensure_future(super()._find(target))
        found, at = await asyncio.shield(self.found), self._clock.now()
        told = [replace(one, source=target.device, at=at, readings=()) for one in found.observations]
        return replace(found, observations=tuple(told))


def write(folder: Path, devices: int, port: int) -> Path:
    rows = (f"sw-{number},{address(number)}\n" for number in range(devices))
    (folder / "devices.csv").write_text("name,addresses\n" + "".join(rows))
    (folder / "netwatch.yaml").write_text(SETTINGS.format(profiles=PROFILES, port=port))
    return folder / "netwatch.yaml"


async def run(settings: Path, seconds: float, *, reload: bool) -> dict[str, Any]:
    """One life of a daemon: until every device was polled, then `seconds` more."""
    stop, found = asyncio.Event(), asyncio.get_running_loop().create_future()
    daemon, told = BenchDaemon(settings, os.environ), {}
    began, cpu = time.monotonic(), time.process_time()
    async with ticking() as starting:
        task = asyncio.create_task(daemon.run(stop, found.set_result))
        await asyncio.wait((task, found), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task
        running: Running = found.result()
        told["up"] = time.monotonic() - began
        told["up cpu"] = time.process_time() - cpu
        while not running.parts.ready():
            await asyncio.sleep(0.25)
        told["all polled"] = time.monotonic() - began
        told["all polled cpu"] = time.process_time() - cpu
    told["start lateness"] = starting.percentile(99)
    told["discoveries"] = len(running.parts.discoveries)
    if seconds > 60:
        await asyncio.sleep(60.0)
        await running.parts.identities.write()  # half a million of them are news at a first start only
    scraper = scraping(running.urls[0])
    told |= await window(running, seconds)
    if seconds > 60:  # by now every rule, label and layout was made
        told["later"] = await window(running, seconds)
    scraper.terminate()
    scraper.wait()
    if reload:
        cpu, began = time.process_time(), time.monotonic()
        async with ticking() as reloading:
            result = await daemon.reload()
        assert result.ok, result
        told["reload"], told["reload cpu"] = time.monotonic() - began, time.process_time() - cpu
        told["reload lateness"] = max(reloading.late)
    began, cpu = time.monotonic(), time.process_time()
    stop.set()
    await task
    told["stop"], told["stop cpu"] = time.monotonic() - began, time.process_time() - cpu
    told["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return told


async def window(running: Running, seconds: float) -> dict[str, float]:
    """Load, passes and lateness from now on."""
    cpu, began, passes = time.process_time(), time.monotonic(), running.parts.poller.stats.passes
    async with ticking() as late:
        await asyncio.sleep(seconds)
    took = time.monotonic() - began
    return {
        "cores": (time.process_time() - cpu) / took,
        "passes": (running.parts.poller.stats.passes - passes) / took,
        "lateness": late.percentile(99),
        "worst lateness": max(late.late),
        "samples": sum(int(c.fresh.sum()) for c in running.parts.snapshot.columns.values()),
    }


def scraping(url: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.bench.scraper", url])


def lives(devices: int, seconds: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """A first life and, from what it left, a second one."""
    port = free_port()
    with agent(port), tempfile.TemporaryDirectory() as name:
        settings = write(Path(name), devices, port)
        for life, length in (("first", seconds), ("second", min(seconds, 20.0))):
            command = [sys.executable, "-m", "tests.bench.endurance", "life", str(settings), str(length)]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            yield life, json.loads(done.stdout.splitlines()[-1])


def rows(devices: int = 10_000, seconds: float = 150.0) -> Iterator[Row]:
    for life, told in lives(devices, seconds):
        head = f"{devices} switches, {life} start"
        yield f"{head}: serves after", told["up"], f"s ({told['up cpu']:.3g} CPU-s)"
        discovered = f"{told['discoveries']} discoveries"
        yield (
            f"{head}: all polled after",
            told["all polled"],
            f"s ({told['all polled cpu']:.3g} CPU-s, {discovered})",
        )
        if life == "first":
            yield f"{devices} switches: passes", told["passes"], "per second"
            yield f"{devices} switches: samples", told["samples"], "fresh series"
            for when, part in (("the first minutes", told), ("later", told["later"])):
                yield f"{devices} switches, {when}: load", part["cores"], "of a core, scraped once a minute"
                late = f"ms (worst {part['worst lateness'] * 1000:.3g})"
                yield f"{devices} switches, {when}: tick p99", part["lateness"] * 1000, late
            yield f"{devices} switches: memory", told["memory"], "MB at most"
        else:
            late = f"worst lateness {told['reload lateness'] * 1000:.3g} ms"
            yield f"{devices} switches: reload", told["reload"], f"s ({told['reload cpu']:.3g} CPU-s, {late})"
        yield f"{devices} switches, {life} stop", told["stop"], f"s ({told['stop cpu']:.3g} CPU-s)"


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(40))
    if sys.argv[1:2] == ["life"]:
        print(json.dumps(asyncio.run(run(Path(sys.argv[2]), float(sys.argv[3]), reload=True))))
    else:
        show(rows(*map(int, sys.argv[1:])))
