"""A real Prometheus scrapes the renderer: its rate() is the truth through a wrap and a reboot, without
alias."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from netwatch.exposition import Renderer, parse_shard, sd_targets, shards
from netwatch.model import (
    EntityId,
    EntityKey,
    EntityKind,
    Evidence,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Reading,
    SystemClock,
    Target,
    load_catalogue,
)
from netwatch.state import State

STEP = 0.5
"""Seconds between polls, and between scrapes: the worst case for an alias."""
POLLS = 16
REBOOT = 7.25
"""Polls after which the second switch restarts, in the middle of an interval."""
RX = "netwatch_interface_receive_bytes_total"
SPEED = "netwatch_interface_speed_bytes_per_second"
RATE = 9_000_000.0
LINE = 12_500_000.0

CONFIG = """
global: {{scrape_interval: 500ms, scrape_timeout: 500ms}}
scrape_configs:
  - job_name: netwatch
    http_sd_configs: [{{url: "http://127.0.0.1:{port}/api/sd", refresh_interval: 1s}}]
    metric_relabel_configs: [{{regex: shard, action: labeldrop}}]
"""


class Forgetful:
    def load(self) -> Iterable[IdentityRecord]:
        return ()

    def save(self, records: Sequence[IdentityRecord]) -> None:
        raise AssertionError("nothing is flushed here")


class District:
    """Two switches at two schools, read at scripted moments."""

    def __init__(self) -> None:
        self.renderer = Renderer(load_catalogue())
        self.begin()

    def begin(self) -> None:
        numbers = itertools.count()
        self.state = State(
            load_catalogue(), Forgetful(), lambda: EntityId(f"e{next(numbers)}"), SystemClock()
        )
        self.began = SystemClock().now()
        sites = [PlaceId("maple/one"), PlaceId("maple/two")]
        places = Places({site: Place(site, PlaceKind.SCHOOL, site, None) for site in sites})
        self.ids = []
        devices = {}
        for name, site in zip(("wrapping", "rebooting"), sites, strict=True):
            found = self.state.device_id(InventoryDevice(name, None))
            self.ids.append(found)
            devices[name] = InventoryDevice(name, Target(found, name, ("192.0.2.1",)), place=site)
        self.state.set_inventory(Inventory("maple", places, devices))

    def at(self, poll: int) -> Instant:
        return self.began.plus(poll * STEP)

    def poll(self, poll: int) -> None:
        """Readings as agents would give them: octets counted at a steady rate since they started."""
        seconds = poll * STEP
        narrow = int(2**32 - 3 * RATE + seconds * RATE) % 2**32
        since = seconds - REBOOT * STEP
        wide = int(10**15 + seconds * RATE) if since < 0 else int(since * RATE)
        for device, raw, bits, uptime in (
            (self.ids[0], narrow, 32, 1e6 + seconds),
            (self.ids[1], wide, 64, 1e6 + seconds if since < 0 else since),
        ):
            port = EntityKey(EntityKind.INTERFACE, "Gi1")
            readings = (Reading(port, SPEED, LINE), Reading(port, RX, raw, bits=bits))
            self.state.accept(
                Observation(
                    device, "ports", self.at(poll), readings, interval=30.0, evidence=Evidence(uptime=uptime)
                )
            )

    async def metrics(self, request: web.Request) -> web.Response:
        accepts = "application/openmetrics-text" in request.headers.get("Accept", "")
        shard = parse_shard(request.query.get("shard", "all"))
        body = b"".join(self.renderer.render(self.state.snapshot(), openmetrics=accepts, shard=shard))
        kind = "application/openmetrics-text; version=1.0.0" if accepts else "text/plain; version=0.0.4"
        return web.Response(body=body, headers={"Content-Type": f"{kind}; charset=utf-8"})

    async def sd(self, request: web.Request) -> web.Response:
        return web.json_response(sd_targets(shards(self.state.snapshot(), 6), request.host))


@contextlib.asynccontextmanager
async def prometheus(district: District, directory: Path) -> AsyncIterator[str]:
    """Serves the district and runs a Prometheus that scrapes it; yields the address of its API."""
    app = web.Application()
    app.add_routes([web.get("/metrics", district.metrics), web.get("/api/sd", district.sd)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    (directory / "prometheus.yml").write_text(CONFIG.format(port=port))
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={directory}/prometheus.yml",
        f"--storage.tsdb.path={directory}/data",
        f"--web.listen-address=127.0.0.1:{free}",
        "--log.level=error",
    )
    try:
        yield f"http://127.0.0.1:{free}"
    finally:
        process.terminate()
        await process.wait()
        await runner.cleanup()


async def ask(session: aiohttp.ClientSession, address: str, query: str, at: float) -> list[dict]:
    params = {"query": query, "time": f"{at:.3f}"}
    async with session.get(f"{address}/api/v1/query", params=params) as answer:
        document = json.loads(await answer.text())
    assert document["status"] == "success", document
    return document["data"]["result"]


async def wait_until_scraped(session: aiohttp.ClientSession, address: str) -> None:
    for _ in range(100):
        with contextlib.suppress(aiohttp.ClientError, ValueError):  # not ready: no JSON
            if len(await ask(session, address, "up == 1", time.time())) == 2:
                return
        await asyncio.sleep(0.1)
    raise AssertionError("Prometheus did not scrape both shards")


@pytest.mark.server("prometheus")
async def test_the_rate_that_prometheus_computes_is_the_truth(tmp_path):
    district = District()
    district.poll(0)
    async with prometheus(district, tmp_path) as address, aiohttp.ClientSession() as session:
        await wait_until_scraped(session, address)
        # The script starts over, so that every poll of it can be seen.
        district.begin()
        for poll in range(POLLS):
            await asyncio.sleep(max(0.0, district.at(poll).wall - time.time()))
            district.poll(poll)
        end = district.at(POLLS - 1).wall
        await asyncio.sleep(3 * STEP)

        async def one(query: str) -> float:
            result = await ask(session, address, query, end + 0.001)
            assert len(result) == 1, (query, result)
            return float(result[0]["value"][1])

        # The whole script, in which a 32-bit counter wrapped and no scrape was in step with a poll.
        wrapping = f'{RX}{{device="wrapping"}}'
        assert await one(f"rate({wrapping}[6s])") == pytest.approx(RATE, rel=0.01)
        assert await one(f"increase({wrapping}[6s])") == pytest.approx(6 * RATE, rel=0.01)
        assert await one(f"rate({wrapping}[2s])") == pytest.approx(RATE, rel=0.01)
        after = f'{RX}{{device="rebooting"}}'
        assert await one(f"rate({after}[3s])") == pytest.approx(RATE, rel=0.01)
        # Samples carry the time of their poll, not that of the scrape. What was counted between the last
        # poll and the reboot nobody knows; all the rest is there.
        (series,) = await ask(session, address, f"{after}[10s]", end + 0.001)
        points = {round(float(at), 3): float(value) for at, value in series["values"]}
        lost = REBOOT % 1 * STEP * RATE
        truth = {
            round(district.at(poll).wall, 3): poll * STEP * RATE - (lost if poll > REBOOT else 0)
            for poll in range(POLLS)
        }
        assert len(points) > POLLS / 2
        assert points == pytest.approx({at: truth[at] for at in points}, abs=20)
        # The shard told the targets apart and is on no series.
        assert "shard" not in series["metric"]
        assert {s["metric"]["shard"] for s in await ask(session, address, "up", end)} == {
            "site:maple/one",
            "site:maple/two",
        }
