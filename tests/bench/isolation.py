"""Does one bad device slow the others? Paired runs: the same good devices alone, and beside bad ones.

What counts is the time from a device's slot to the end of its pass. Two runs without bad devices tell the
noise: the bad ones may move the others' p99 by no more than that.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import structlog
from tests.bench.fleet import agent, free_port
from tests.bench.table import Row, show
from tests.bench.whole import Whole

from netwatch.model import EntityId, Observation
from netwatch.store import Store

GOOD, BAD = 300, 12
INTERVAL, SECONDS = 2.0, 12.0


async def one_run(bad: int) -> float:
    """p99, in seconds, of the good devices' passes. Bad ones answer after 3 s and lose a fifth."""
    port, worse = free_port(), free_port()
    with (
        agent(port),
        agent(worse, "-l", "3000", "-L", "20"),
        tempfile.TemporaryDirectory() as name,
        Store(Path(name) / "db") as store,
    ):
        whole = Whole(GOOD + bad, port, Path(name), store)
        ends: list[float] = []
        good, hostile = whole.pipeline.targets[:GOOD], whole.pipeline.targets[GOOD:]
        targets = [replace(one, interval=INTERVAL, deadline=INTERVAL) for one in good]
        for one in hostile:
            assert one.snmp is not None
            targets.append(replace(one, interval=INTERVAL, snmp=replace(one.snmp, port=worse)))
        whole.pipeline.targets = targets
        await watch(whole, {target.device for target in good}, ends)
        whole.pipeline.close()
        return float(np.percentile(ends, 99))


async def watch(whole: Whole, names: set[EntityId], ends: list[float]) -> None:
    state, began = whole.pipeline.state, time.monotonic()
    accept = state.accept

    def note(observation: Observation) -> None:
        accept(observation)
        status = (
            whole.pipeline.poller.status().get(observation.source) if observation.table == "device" else None
        )
        if status is not None and observation.source in names and time.monotonic() - began > 4.0:
            ends.append(status.last_duration or 0.0)

    state.accept = note  # type: ignore[method-assign]
    polling = asyncio.create_task(whole.pipeline.poller.run())
    whole.pipeline.poller.update(whole.pipeline.targets)
    await asyncio.sleep(SECONDS)
    polling.cancel()
    await asyncio.gather(polling, return_exceptions=True)
    await whole.wire.close()


def rows(pairs: int = 3) -> Iterator[Row]:
    alone, again, beside = [], [], []
    for _ in range(pairs):
        alone.append(asyncio.run(one_run(0)))
        beside.append(asyncio.run(one_run(BAD)))
        again.append(asyncio.run(one_run(0)))
    noise = float(np.max(np.abs(np.subtract(again, alone))))
    moved = float(np.median(np.subtract(beside, alone)))
    yield "isolation: p99 of a pass, good devices alone", float(np.median(alone)) * 1000, "ms"
    yield (
        f"isolation: moved by {BAD} bad devices among {GOOD}",
        moved * 1000,
        f"ms (noise {noise * 1000:.2g})",
    )


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    show(rows(*map(int, sys.argv[1:])))
