"""How late a 5 ms ticker comes while alerts, history, own metrics and an exposition share its loop.

SWITCHES=1750 python tests/bench/lateness.py      (a million samples)
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
from tests.bench.synthetic import PORTS, W1_FAMILIES, Synthetic

from netwatch.alerts import AlertEngine, load_rules
from netwatch.app.turns import gently, metered
from netwatch.documents import read_yaml
from netwatch.exposition import Renderer, SelfMetrics
from netwatch.history import Recorder, SegmentStore
from netwatch.model import Snapshot
from netwatch.resources import config_dir

TICK = 0.005


async def tick(late: list[float], held: list[float], stop: asyncio.Event) -> None:
    """`held`: CPU seconds of this thread per tick, which other programs on the machine do not lengthen."""
    while not stop.is_set():
        began, cpu = time.perf_counter(), time.thread_time()
        await asyncio.sleep(TICK)
        late.append(time.perf_counter() - began - TICK)
        held.append(time.thread_time() - cpu)


async def during(name: str, work: Callable[[], Awaitable[object]]) -> None:
    late: list[float] = []
    held: list[float] = []
    stop = asyncio.Event()
    ticker = asyncio.create_task(tick(late, held, stop))
    await asyncio.sleep(0.05)
    late.clear()
    held.clear()
    cpu = time.process_time()

    async def wrapped() -> None:
        await work()

    _, own = await metered(wrapped())
    cpu = time.process_time() - cpu
    await asyncio.sleep(0.02)
    stop.set()
    await ticker
    print(
        f"{name:22} {cpu:5.2f} CPU-s, {own:5.2f} by the task; {len(late)} ticks;"
        f" late p50 {share(late, 50):5.1f} p99 {share(late, 99):6.1f} max {share(late, 100):6.1f} ms;"
        f" CPU in a tick p99 {share(held, 99):6.1f} max {share(held, 100):6.1f} ms"
    )


def share(seconds: list[float], percent: float) -> float:
    """Milliseconds."""
    return float(np.percentile(seconds or [0.0], percent)) * 1000


async def main() -> None:
    fleet = Synthetic(int(os.environ.get("SWITCHES", "1750")))
    sys.setswitchinterval(0.001)
    rules = sorted((config_dir() / "rules").glob("*.yaml"))
    engine = AlertEngine(load_rules([read_yaml(path) for path in rules], fleet.catalogue))
    renderer, metrics = Renderer(fleet.catalogue), SelfMetrics()
    print(f"{fleet.switches} switches, {fleet.switches * PORTS * len(W1_FAMILIES)} series")
    with tempfile.TemporaryDirectory() as folder:
        store = SegmentStore(Path(folder), fleet.catalogue)
        recorder = Recorder(fleet.catalogue, store)

        async def record(snapshot: Snapshot) -> None:
            await gently(recorder.observe_steps(snapshot))
            blocks = []
            for block in recorder.take_steps(snapshot.at.wall):
                blocks.append(block)
                await asyncio.sleep(0)
            if blocks:
                await asyncio.to_thread(store.append_all, blocks)

        async def render(snapshot: Snapshot) -> None:
            for _ in renderer.render(snapshot, openmetrics=False):
                await asyncio.sleep(0)

        async def everything(snapshot: Snapshot) -> None:
            await asyncio.gather(
                record(snapshot),
                render(snapshot),
                gently(engine.evaluate_steps(snapshot)),
                gently(metrics.state_steps(snapshot)),
            )

        for minute in range(16):
            fleet.touch()
            snapshot = fleet.snapshot()
            if minute in (0, 1, 9, 14):
                await during(f"minute {minute}: everything", lambda s=snapshot: everything(s))
            elif minute == 2:
                await during("history", lambda s=snapshot: record(s))
            elif minute == 3:
                await during("exposition", lambda s=snapshot: render(s))
            elif minute == 4:
                await during("alerts", lambda s=snapshot: gently(engine.evaluate_steps(s)))
            else:
                await record(snapshot)
        store.close()


if __name__ == "__main__":
    asyncio.run(main())
