"""Turns of the event loop at 10,000 W1 switches, 1 % of whose ports change their alias each minute.

    python -m tests.bench.turns [SWITCHES] [MINUTES]

A real state takes blocks and sightings in; snapshots, rules, history, exposition and remote write share the
loop with them and a 5 ms ticker. Prints how late the ticker came, and the turns of more than 10 ms of CPU
with what ran in them. Minutes are as short as the work in them.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import count
from pathlib import Path

import numpy as np
from tests.bench.fixtures import COUNTERS, PORTS, HandClock, port, switch
from tests.bench.state_blocks import layout, resident
from tests.bench.ticker import ticking
from tests.bench.watch import watching

from netwatch.alerts import AlertEngine, load_rules
from netwatch.app.garbage import calm, settle
from netwatch.app.identities import IdentityWriter
from netwatch.app.turns import gently
from netwatch.documents import read_yaml
from netwatch.exposition import Renderer, SelfMetrics
from netwatch.exposition.remote_write import Encoder, News
from netwatch.history import Recorder, SegmentStore
from netwatch.model import (
    ROOT,
    Block,
    CounterBlock,
    EntityId,
    Evidence,
    GaugeBlock,
    Inventory,
    Observation,
    Seen,
    Snapshot,
    load_catalogue,
)
from netwatch.native import load
from netwatch.resources import config_dir
from netwatch.state import State
from netwatch.store import Store

CHANGING = 0.01
SPEED = 125e6


class District:
    """Switches that answer, and all that looks at them."""

    def __init__(self, switches: int, folder: Path) -> None:
        catalogue = load_catalogue()
        self.clock, numbers = HandClock(), count()
        self.store = Store(folder / "db")
        self.state = State(catalogue, self.store.identity, lambda: EntityId(f"e{next(numbers)}"), self.clock)
        self.identities = IdentityWriter(self.state, self.store.identity)
        entries = {entry.name: entry for entry in map(switch, range(switches))}
        for entry in entries.values():
            object.__setattr__(entry.target, "device", self.state.device_id(entry))
        self.state.set_inventory(Inventory("bench", devices=entries))
        self.sources = [entry.target.device for entry in entries.values() if entry.target is not None]
        self.aliases = {source: [f"room {n}" for n in range(PORTS)] for source in self.sources}
        self.layout, self.step = layout(), 0
        self.rng = random.Random(1)
        rules = sorted((config_dir() / "rules").glob("*.yaml"))
        self.engine = AlertEngine(load_rules([read_yaml(path) for path in rules], catalogue))
        self.renderer = Renderer(catalogue, load({}))
        self.metrics, self.news = SelfMetrics(), News(Encoder(), 10_000)
        self.history = SegmentStore(folder / "history", catalogue)
        self.recorder = Recorder(catalogue, self.history)
        self.snapshot: Snapshot = self.state.snapshot()

    def sight(self, source: EntityId) -> None:
        told = tuple(
            Seen(port(n), ROOT, str(n), f"Gi1/0/{n}", {"alias": self.aliases[source][n], "type": "6"})
            for n in range(PORTS)
        )
        self.state.accept(
            Observation(source, "if", self.clock.now(), (), told, True, 60.0, Evidence(60.0 * self.step))
        )

    def polls(self) -> Iterator[None]:
        """A pass over every switch, with a pause after each few; some ports have another alias."""
        changing = set(
            self.rng.sample(range(len(self.sources) * PORTS), int(len(self.sources) * PORTS * CHANGING))
        )
        touched: dict[EntityId, list[int]] = {}
        for number in changing:
            touched.setdefault(self.sources[number // PORTS], []).append(number % PORTS)
        grown = [0 if "errors" in name or "discards" in name else 10_000 * self.step for name in COUNTERS]
        counters = np.tile(np.asarray(grown, dtype=np.uint64), PORTS)
        gauges, counted = (
            np.tile(np.asarray([1.0, 1.0, SPEED]), PORTS),
            np.ones(counters.size, dtype=np.bool_),
        )
        start = self.clock.now()
        for number, source in enumerate(self.sources):
            at = start.plus(60.0 * number / len(self.sources))
            self.clock.moment = at
            for one in touched.get(source, ()) if self.step else ():
                self.aliases[source][one] = f"room {self.step}-{one}"
            if not self.step or source in touched:
                self.sight(source)
            told = Evidence(60.0 * self.step)
            times = np.full(len(self.layout), at.mono)
            self.state.accept_block(
                Block(source, "if", self.layout, at, counters, counted, gauges, times, 60.0, told)
            )
            if number % 4 == 3:
                yield
        self.clock.moment = start.plus(60.0)
        self.step += 1

    async def freeze(self) -> None:
        self.snapshot = await self.state.snapshot_gently()
        await self.identities.write()
        await gently(self.metrics.state_steps(self.snapshot))

    async def judge(self) -> None:
        await gently(self.engine.evaluate_steps(self.snapshot))
        self.engine.new_healthy()

    async def record(self) -> None:
        await gently(self.recorder.observe_steps(self.snapshot))
        blocks: list[GaugeBlock | CounterBlock] = []
        for block in self.recorder.take_steps(self.clock.now().wall):
            blocks.append(block)
            await asyncio.sleep(0)
            if len(blocks) == 2:
                batch, blocks = blocks, []
                await asyncio.to_thread(self.history.append_all, batch)
        if blocks:
            await asyncio.to_thread(self.history.append_all, blocks)

    async def expose(self) -> None:
        for _ in self.renderer.render(self.snapshot, openmetrics=False):
            await asyncio.sleep(0)
        self.renderer.shards(self.snapshot, 100_000)

    async def write(self) -> None:
        for plan in self.renderer.plan(self.snapshot):
            await asyncio.sleep(0)
            if plan is not None:
                for _ in self.news.requests(self.snapshot, plan):
                    await asyncio.sleep(0)

    async def minute(self) -> None:
        async def poll() -> None:
            for _ in self.polls():
                await asyncio.sleep(0)

        async def all_readers() -> None:
            await self.freeze()
            await asyncio.gather(self.judge(), self.record(), self.expose(), self.write())

        await asyncio.gather(poll(), all_readers())


async def measured(name: str, work: Callable[[], Awaitable[object]]) -> None:
    with watching() as turns:
        cpu = time.process_time()
        async with ticking() as late:
            await work()
        cpu = time.process_time() - cpu
    print(
        f"{name:22} {cpu:6.2f} CPU-s, {len(late.late)} ticks late p50 {late.percentile(50) * 1000:.1f}"
        f" p99 {late.percentile(99) * 1000:.1f} max {max(late.late, default=0.0) * 1000:.1f} ms",
        flush=True,
    )
    turns.show()


async def main(switches: int, minutes: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        district = District(switches, Path(name))
        for _ in range(2):
            for _ in district.polls():
                pass
            district.state.flush()
            for work in (district.freeze, district.judge, district.record, district.expose, district.write):
                await work()
        settle()
        for number in range(1, minutes):
            each = number == 2
            if not each:
                await measured(f"minute {number}", district.minute)
                continue
            for _ in district.polls():
                pass
            for what in ("freeze", "judge", "record", "expose", "write"):
                await measured(f"minute {number}: {what}", getattr(district, what))
        print(f"{resident() / 1e6:.0f} MB resident")
        district.history.close()
        district.store.close()


if __name__ == "__main__":
    with calm():
        asyncio.run(main(*map(int, sys.argv[1:] or ("10000", "9"))))
