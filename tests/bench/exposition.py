"""What exposition and remote write cost on this machine, in CPU seconds.

    python tests/bench/exposition.py [SWITCHES]

SWITCHES access switches of 52 ports and 11 columns (W1), 1748 for a million samples. Machines are noisy:
compare lines of one run.
"""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from aiohttp import web
from tests.bench.fixtures import COUNTERS, GAUGES, PORTS

from netwatch.exposition import Renderer, Shard
from netwatch.exposition.remote_write import Encoder, News, Request
from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    Snapshot,
    SystemClock,
    load_catalogue,
)
from netwatch.native import load
from netwatch.web import Auth, Providers, ReloadResult, build_app

FAMILIES = (*COUNTERS, *GAUGES)
CLIENT = """
import sys, urllib.request
request = urllib.request.Request(sys.argv[1], headers={"Accept-Encoding": sys.argv[2]})
count = 0
with urllib.request.urlopen(request) as answer:
    while data := answer.read(1 << 20):
        count += len(data)
print(count)
"""


def fleet(switches: int) -> Snapshot:
    """Counters of ten digits and more; each switch was polled at its own moment."""
    catalogue = load_catalogue()
    entities: dict[EntityId, Entity] = {}
    ports: list[EntityId] = []
    for number in range(switches):
        switch = EntityId(f"{number:020x}")
        facts = {
            "district": "maple",
            "site": f"maple/school-{number // 50}",
            "listed": True,
            "kind": "switch",
        }
        entities[switch] = Entity(switch, EntityKind.DEVICE, switch, None, "", "", f"sw-{number:05d}", facts)
        for port in range(PORTS):
            key = EntityId(f"p{number:09x}{port:010x}")
            name = f"GigabitEthernet1/0/{port}"
            told = {"descr": name, "type": "6", "mac": f"02:00:{number:08x}:{port:02x}"}
            entities[key] = Entity(key, EntityKind.INTERFACE, switch, switch, name, str(port), name, told)
            ports.append(key)
    shared, none = tuple(ports), ((),) * len(ports)
    columns = {}
    rng = np.random.default_rng(1)
    times = 1.8e9 + np.repeat(np.arange(switches) * 60 / max(1, switches), PORTS)
    for place, name in enumerate(FAMILIES):
        family = catalogue[name]
        totals = None
        if family.type is FamilyType.COUNTER:
            totals = rng.integers(0, 10 ** (13 if place < 2 else 4), len(ports)).astype(np.uint64)
        values = (
            np.where(rng.random(len(ports)) < 0.5, 1.0, 125e6) if totals is None else totals.astype(float)
        )
        columns[name] = Column(
            family, shared, none, values, np.full(len(ports), np.nan), times.copy(),
            np.ones(len(ports), dtype=bool), totals=totals,
        )  # fmt: skip
    return Snapshot(Instant(1.8e9 + 60, 100.0), entities, columns)


def changed(snapshot: Snapshot, count: int) -> Snapshot:
    """The same a little later; `count` ports have another name."""
    entities = dict(snapshot.entities)
    keys = [key for key, entity in entities.items() if entity.kind is EntityKind.INTERFACE][:count]
    for key in keys:
        entities[key] = replace(entities[key], name=f"renamed {key[-3:]}")
    return replace(snapshot, at=snapshot.at.plus(5), entities=entities)


def cost(action: Callable[[], object]) -> float:
    began = time.process_time()
    action()
    return time.process_time() - began


def resident() -> float:
    """Megabytes now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6


class Watched:
    """Goes through chunks and notes the most CPU time between two."""

    def __init__(self) -> None:
        self.size = self.chunks = 0
        self.longest = 0.0

    def drain(self, chunks: Iterator[bytes]) -> None:
        began = time.thread_time()
        for chunk in chunks:
            now = time.thread_time()
            self.longest = max(self.longest, now - began)
            self.size += len(chunk)
            self.chunks += 1
            assert len(chunk) <= 64 * 1024
            began = now


def rendering(snapshot: Snapshot, million: float) -> None:
    native = load({})
    for name, lines in (("pure", None), *((("compiled", native),) if native is not None else ())):
        before = resident()
        renderer = Renderer(load_catalogue(), lines)
        later = changed(snapshot, 100)
        for what, shot, shard in (
            ("first", snapshot, None),
            ("later", snapshot, None),
            ("OpenMetrics", snapshot, None),
            ("100 ports renamed", later, None),
            ("one school of 50 switches, first", later, Shard("maple/school-1")),
            ("one school of 50 switches", later, Shard("maple/school-1")),
        ):
            watched = Watched()
            chunks = renderer.render(shot, openmetrics=what == "OpenMetrics", shard=shard)
            used = cost(partial(watched.drain, chunks))
            per = (
                f"{million * used:.3f} CPU-s per 1M samples" if shard is None else f"{1e3 * used:.1f} CPU-ms"
            )
            print(
                f"{name}, {what}: {per}, {watched.size / 1e6:.1f} MB,"
                f" longest between two chunks {watched.longest * 1e3:.1f} CPU-ms"
            )
        print(f"{name}: {resident() - before:.0f} MB more resident for label text")


def remote_write(snapshot: Snapshot) -> None:
    """Encoded, compressed and thrown away."""
    before = resident()
    renderer, encoder = Renderer(load_catalogue()), Encoder()
    *_, plan = renderer.plan(snapshot)
    assert plan is not None
    label_text = resident()
    news = News(encoder, 10_000, FAMILIES)
    for what, seconds in (("first", 0), ("later", 60), ("later, all again", 120), ("nothing new", 120)):
        columns = {name: replace(c, times=c.times + seconds) for name, c in snapshot.columns.items()}
        shot = replace(snapshot, columns=columns, at=snapshot.at.plus(seconds))
        *_, plan = renderer.plan(shot)
        assert plan is not None
        found: list[Request] = []
        longest, began, cpu = 0.0, time.thread_time(), time.process_time()
        for request in news.requests(shot, plan):
            now = time.thread_time()
            longest, began = max(longest, now - began), now
            if request is not None:
                found.append(request)
        used, samples = time.process_time() - cpu, sum(one.samples for one in found)
        size = sum(len(one.body) for one in found)
        per = used / max(1, samples) * 1e5 if samples else used
        print(
            f"remote write, {what}: {per:.4f} CPU-s {'per 100k samples' if samples else 'in all'},"
            f" {samples} samples in {len(found)} requests, {size / max(1, samples):.1f} bytes each,"
            f" longest between two pauses {longest * 1e3:.1f} CPU-ms"
        )
    print(f"remote write: {label_text - before:.0f} MB label text, {resident() - label_text:.0f} MB more")


async def lateness(stop: asyncio.Event) -> list[float]:
    out = []
    while not stop.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        out.append(time.perf_counter() - began - 0.005)
    return out


async def streaming(snapshot: Snapshot, *, pure: bool, gzip: bool) -> None:
    renderer = Renderer(load_catalogue(), None if pure else load({}))

    async def reload() -> ReloadResult:
        return ReloadResult(True, "")

    app = build_app(
        Providers(
            snapshot=lambda: snapshot,
            alerts=lambda: (),
            replacement_plan=lambda: None,
            metrics=lambda openmetrics, shard: renderer.render(
                snapshot, openmetrics=openmetrics, shard=shard
            ),
            reload=reload,
            gzip=gzip,
        ),
        Auth(),
        clock=SystemClock(),
    )
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/metrics"
    for when in ("first", "later"):
        stop = asyncio.Event()
        ticker = asyncio.create_task(lateness(stop))
        began, cpu = time.perf_counter(), time.process_time()
        client = await asyncio.create_subprocess_exec(
            sys.executable, "-c", CLIENT, url, "gzip" if gzip else "identity", stdout=subprocess.PIPE
        )
        out, _ = await client.communicate()
        stop.set()
        late = np.array(await ticker)
        print(
            f"streamed, {'pure' if pure else 'compiled'}{', gzip' if gzip else ''}, {when}:"
            f" {time.process_time() - cpu:.2f} CPU-s, {time.perf_counter() - began:.2f} s,"
            f" {int(out) / 1e6:.0f} MB; 5 ms ticker late by p50 {np.quantile(late, 0.5) * 1e3:.2f},"
            f" p99 {np.quantile(late, 0.99) * 1e3:.2f}, max {late.max() * 1e3:.2f} ms ({len(late)} ticks)"
        )
    await runner.cleanup()


def main() -> None:
    switches = int(sys.argv[1]) if len(sys.argv) > 1 else 1748
    snapshot = fleet(switches)
    samples = sum(len(column.entities) for column in snapshot.columns.values())
    print(f"{switches} switches, {samples} samples, {resident():.0f} MB resident")
    rendering(snapshot, 1e6 / samples)
    remote_write(snapshot)
    for pure, gzip in ((False, False), (True, False), (False, True)):
        if pure or load({}) is not None:
            asyncio.run(streaming(snapshot, pure=pure, gzip=gzip))


if __name__ == "__main__":
    main()
