"""The whole way of a reading: polled over the wire, verified, corrected, judged, recorded, exposed.

One pass over all devices, then once what a minute asks for: a snapshot, all shipped rules, the history
recorder, and one exposition of every sample.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import structlog
from tests.bench.fleet import agent, free_port
from tests.bench.workloads import address

from netwatch.alerts import AlertEngine, load_rules
from netwatch.discovery import Discovery, discover
from netwatch.documents import read_yaml
from netwatch.exposition import Renderer
from netwatch.history import Recorder, SegmentStore
from netwatch.model import (
    EntityId,
    Inventory,
    InventoryDevice,
    Reachability,
    ReachabilityMethod,
    Secret,
    SnmpAccess,
    SystemClock,
    Target,
    load_catalogue,
)
from netwatch.polling import Poller, PollingSettings
from netwatch.profiles import load_profiles
from netwatch.resources import config_dir
from netwatch.state import State
from netwatch.store import Store
from netwatch.wire import NetworkSnmpWire

PROFILES = Path(__file__).parent / "profiles"
STEPS = ("poll", "snapshot", "rules", "history", "exposition")


class Whole:
    """A poller and everything behind it, without a daemon's timers."""

    def __init__(self, devices: int, port: int, folder: Path, store: Store) -> None:
        self.devices = devices
        clock, catalogue, numbers = SystemClock(), load_catalogue(), count()
        self.state = State(catalogue, store.identity, lambda: EntityId(f"e{next(numbers):x}"), clock)
        access = SnmpAccess(community=Secret("public"), port=port, max_varbinds=60)
        entries = {}
        for number in range(devices):
            target = Target(
                EntityId(""),
                f"sw-{number}",
                (address(number),),
                snmp=access,
                reachability=Reachability(ReachabilityMethod.NONE),
                interval=3600.0,
            )
            entry = InventoryDevice(target.name, target)
            device = self.state.device_id(entry)
            entries[entry.name] = replace(entry, target=replace(target, device=device))
        self.state.set_inventory(Inventory("bench", devices=entries))
        self.targets = [entry.target for entry in entries.values() if entry.target is not None]
        self.wire = NetworkSnmpWire(clock=clock)
        self.profiles = load_profiles([PROFILES], catalogue)
        self.clock = clock
        self.found: Discovery | None = None
        self.poller = Poller(
            snmp=self.wire,
            ssh=None,
            http=None,
            probers=(),
            discover=self._discover,
            sink=self.state,
            clock=clock,
            rng=random.Random(1),
            settings=PollingSettings(concurrency=256, startup_spread=1.0, recheck_gap=0.0),
        )
        self.renderer = Renderer(catalogue)
        rules = [read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))]
        self.engine = AlertEngine(load_rules(rules, catalogue))
        self.history = SegmentStore(folder / "history", catalogue)
        self.recorder = Recorder(catalogue, self.history)
        self.samples = 0

    async def _discover(self, target: Target) -> Discovery:
        """The devices are alike: one is discovered, the others have what it has."""
        if self.found is None:
            self.found = await discover(target, snmp=self.wire, profiles=self.profiles, clock=self.clock)
        told = [
            replace(one, source=target.device, at=self.clock.now(), readings=())
            for one in self.found.observations
        ]
        return replace(self.found, observations=tuple(told))

    async def polled(self) -> None:
        """Every device once more."""
        before = self.poller.stats.passes
        for target in self.targets:
            self.poller.recheck(target.device)
        while self.poller.stats.passes < before + self.devices or self.poller.stats.running:
            await asyncio.sleep(0.02)

    def minute(self) -> dict[str, float]:
        """CPU seconds of what comes once a minute."""
        costs = {}
        began = time.process_time()
        snapshot = self.state.snapshot()
        costs["snapshot"] = time.process_time() - began
        began = time.process_time()
        self.engine.evaluate(snapshot)
        costs["rules"] = time.process_time() - began
        began = time.process_time()
        self.recorder.observe(snapshot)
        costs["history"] = time.process_time() - began
        began = time.process_time()
        size = sum(map(len, self.renderer.render(snapshot, openmetrics=False)))
        costs["exposition"] = time.process_time() - began
        self.samples = sum(int(column.fresh.sum()) for column in snapshot.columns.values())
        assert size > self.samples
        return costs


async def measure(devices: int, rounds: int) -> dict[str, float]:
    """CPU seconds per 1000 polls by step, mean over the rounds; the first two only warm up."""
    port = free_port()
    with agent(port), tempfile.TemporaryDirectory() as name, Store(Path(name) / "db") as store:
        whole = Whole(devices, port, Path(name), store)
        polling = asyncio.create_task(whole.poller.run())
        whole.poller.update(whole.targets)
        await asyncio.sleep(2.0)
        costs = dict.fromkeys(STEPS, 0.0)
        for number in range(rounds + 2):
            began = time.process_time()
            await whole.polled()
            told = {"poll": time.process_time() - began} | whole.minute()
            if number >= 2:
                costs = {step: costs[step] + told[step] for step in STEPS}
        polling.cancel()
        whole.history.close()
        assert whole.samples >= devices * 52 * 11, f"only {whole.samples} samples are fresh"
        return {step: cost / rounds / devices * 1000 for step, cost in costs.items()}


def rows(devices: int = 1000, rounds: int = 4) -> Iterator[tuple[str, float, str]]:
    costs = asyncio.run(measure(devices, rounds))
    for step, cost in costs.items():
        yield f"whole way: {step}", cost, "CPU-s per 1000 W1 polls"
    yield "whole way: all", sum(costs.values()), "CPU-s per 1000 W1 polls"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"whole way: memory, {devices} switches", peak, "MB at most"


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    for name, value, unit in rows(*map(int, sys.argv[1:])):
        print(f"{name}: {value:.3g} {unit}")
