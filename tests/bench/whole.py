"""The whole way of a reading: polled over the wire, verified, corrected, judged, recorded, exposed.

One pass over all devices, then once what a minute asks for: a snapshot, all shipped rules, the history
recorder, and one exposition of every sample.
"""

from __future__ import annotations

import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import structlog
from tests.bench.fleet import agent, free_port
from tests.bench.table import Row, show
from tests.bench.workloads import address

from netwatch.alerts import load_rules
from netwatch.app import Pipeline
from netwatch.app.garbage import calm, settle
from netwatch.discovery import Discovery, discover
from netwatch.documents import read_yaml
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
from netwatch.native import load as load_native
from netwatch.profiles import load_profiles
from netwatch.resources import config_dir
from netwatch.store import Store
from netwatch.wire import NetworkSnmpWire

PROFILES = Path(__file__).parent / "profiles"
STEPS = ("poll", "snapshot", "rules", "history", "exposition")


class Whole:
    """W1 switches, as many as wanted, in front of a pipeline."""

    def __init__(self, devices: int, port: int, folder: Path, store: Store) -> None:
        catalogue, self.clock = load_catalogue(), SystemClock()
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
                profile="w1",
            )
            entries[target.name] = InventoryDevice(target.name, target)
        self.wire = NetworkSnmpWire(clock=self.clock, kernel=load_native(os.environ))
        self.profiles = load_profiles([PROFILES], catalogue)
        self.found: Discovery | None = None
        rules = [read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))]
        self.pipeline = Pipeline(
            inventory=Inventory("bench", devices=entries),
            snmp=self.wire,
            discover=self._discover,
            rules=load_rules(rules, catalogue),
            catalogue=catalogue,
            clock=self.clock,
            store=store,
            folder=folder / "history",
            native=load_native(os.environ),
        )

    async def _discover(self, target: Target) -> Discovery:
        """The devices are alike: one is discovered, the others have what it has."""
        if self.found is None:
            self.found = await discover(target, snmp=self.wire, profiles=self.profiles, clock=self.clock)
        told = [
            replace(one, source=target.device, at=self.clock.now(), readings=())
            for one in self.found.observations
        ]
        return replace(self.found, observations=tuple(told))


async def measure(devices: int, rounds: int) -> dict[str, float]:
    """CPU seconds per 1000 polls by step, the least of the rounds; the first two only warm up."""
    port = free_port()
    # The collector is set as in a daemon, which takes what is there after a while for settled.
    with calm(), agent(port), tempfile.TemporaryDirectory() as name, Store(Path(name) / "db") as store:
        pipeline = Whole(devices, port, Path(name), store).pipeline
        polling = asyncio.create_task(pipeline.poller.run())
        pipeline.poller.update(pipeline.targets)
        await asyncio.sleep(2.0)
        costs = dict.fromkeys(STEPS, float("inf"))
        for number in range(rounds + 2):
            if number == 2:
                settle()
            began = time.process_time()
            await pipeline.one_pass()
            polled = time.process_time() - began
            minute = pipeline.minute()
            if number >= 2:
                told = (polled, minute.snapshot, minute.rules, minute.history, minute.exposition)
                costs = {step: min(costs[step], cost) for step, cost in zip(STEPS, told, strict=True)}
        polling.cancel()
        pipeline.close()
        assert minute.samples >= devices * 52 * 11, f"only {minute.samples} samples are fresh"
        return {step: cost / devices * 1000 for step, cost in costs.items()}


def rows(devices: int = 1000, rounds: int = 4) -> Iterator[Row]:
    costs = asyncio.run(measure(devices, rounds))
    for step, cost in costs.items():
        yield f"whole way: {step}", cost, "CPU-s per 1000 W1 polls"
    yield "whole way: all", sum(costs.values()), "CPU-s per 1000 W1 polls"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield f"whole way: memory, {devices} switches", peak, "MB at most"


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    show(rows(*map(int, sys.argv[1:])))
