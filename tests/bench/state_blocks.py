"""What the series table costs: blocks of W1 switches in, snapshots out. SWITCHES=1000 by default.

Prints CPU seconds, and bytes per series of the table and two snapshots (resident memory of the process).
"""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
from tests.bench.fixtures import COUNTERS, GAUGES, PORTS, HandClock, port, switch

from netwatch.model import (
    ROOT,
    Block,
    BlockLayout,
    BlockSeries,
    BlockSubject,
    EntityId,
    Evidence,
    Inventory,
    Observation,
    Seen,
    load_catalogue,
)
from netwatch.native import load
from netwatch.state import State
from netwatch.state.persist import encode_pages
from netwatch.store import Store


def resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    with Path("/proc/self/statm").open() as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def cost(action: Callable[[], object]) -> tuple[float, object]:
    began = time.process_time()
    result = action()
    return time.process_time() - began, result


def layout() -> BlockLayout:
    """Row by row, as a template asks for it."""
    subjects = tuple(BlockSubject(port(n), str(n)) for n in range(PORTS))
    series = tuple(
        BlockSeries(family, column=f"1.3.6.1.2.1.31.1.1.1.{number}")
        for number, family in enumerate((*COUNTERS, *GAUGES))
    )
    first, last = len(COUNTERS), len(GAUGES)
    subject_of = [n for n in range(PORTS) for _ in range(first)] + [
        n for n in range(PORTS) for _ in range(last)
    ]
    series_of = list(range(first)) * PORTS + list(range(first, first + last)) * PORTS
    numbers = np.asarray(subject_of, dtype=np.int32), np.asarray(series_of, dtype=np.int32)
    return BlockLayout(subjects, series, *numbers, PORTS * first)


async def turns_of(state: State) -> list[float]:
    """CPU seconds between two turns of the event loop while a snapshot is made."""
    task = asyncio.create_task(state.snapshot_gently())
    turns = []
    while not task.done():
        began = time.thread_time()
        await asyncio.sleep(0)
        turns.append(time.thread_time() - began)
    return turns


def main() -> None:
    devices = int(os.environ.get("SWITCHES", "1000"))
    clock, shared = HandClock(), layout()
    folder = tempfile.TemporaryDirectory()
    store = Store(Path(folder.name) / "db")
    ids = (EntityId(f"e{number}") for number in count())
    state = State(load_catalogue(), store.identity, ids.__next__, clock, load(os.environ))
    entries = {entry.name: entry for entry in map(switch, range(devices))}
    for entry in entries.values():
        object.__setattr__(entry.target, "device", state.device_id(entry))
    state.set_inventory(Inventory("bench", devices=entries))
    sources = [entry.target.device for entry in entries.values() if entry.target is not None]
    told = tuple(Seen(port(n), ROOT, str(n), f"Gi1/0/{n}") for n in range(PORTS))
    for source in sources:
        state.accept(Observation(source, "if", clock.now(), (), told, True, 60.0, Evidence(0.0)))
    state.flush()
    generator = np.random.default_rng(1)

    def poll(step: int) -> None:
        at = clock.now()
        counters = np.full(PORTS * len(COUNTERS), 1_000_000 * step, dtype=np.uint64)
        counters += generator.integers(0, 1000, counters.size).astype(np.uint64)
        gauges = np.tile(np.asarray([1.0, 1.0, 125e6]), PORTS)
        counted, times = np.ones(counters.size, dtype=np.bool_), at.mono + np.linspace(0, 0.2, len(shared))
        for source in sources:
            state.accept_block(
                Block(source, "if", shared, at, counters, counted, gauges, times, 60.0, Evidence(60.0 * step))
            )
        clock.moment = clock.moment.plus(60)

    before = resident()
    seconds, _ = cost(lambda: poll(0))
    series = len(state._series)
    print(f"{devices} switches, {series} series")
    print(f"first block: {seconds / devices * 1000:.3f} ms each")
    for step in (1, 2, 3):
        seconds, _ = cost(lambda step=step: poll(step))
        print(f"block: {seconds / devices * 1000:.4f} CPU-s per 1000")
    table = resident()
    print(f"table: {(table - before) / series:.1f} bytes per series")
    seconds, first = cost(state.snapshot)
    print(f"first snapshot: {seconds * 1e6 / series:.4f} CPU-s per 1M series")
    poll(4)
    seconds, second = cost(state.snapshot)
    print(f"snapshot: {seconds * 1e6 / series:.4f} CPU-s per 1M series")
    print(f"with two snapshots: {(resident() - before) / series:.1f} bytes per series")
    assert first is not second
    assert int(second.columns[COUNTERS[0]].totals.min()) > 0
    print(f"process: {resident() / 1e6:.0f} MB, before the first block {before / 1e6:.0f} MB")
    seconds, size = cost(lambda: sum(map(len, encode_pages(state.export_counters()))))
    print(f"counters written: {seconds:.2f} CPU-s, {size / 1e6:.0f} MB")
    turns = asyncio.run(turns_of(state))
    print(f"gentle snapshot: {len(turns)} turns, longest {max(turns) * 1000:.1f} ms CPU")
    store.close()
    folder.cleanup()


if __name__ == "__main__":
    main()
