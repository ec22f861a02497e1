"""A real Prometheus finds the shards by /api/sd and scrapes them, as a user of the role `view`."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
import time
from pathlib import Path

import aiohttp
import pytest
import web_district
import yaml
from web_client import PASSWORD, FixedClock, providers, users

from netwatch.exposition import render
from netwatch.model import Instant, Snapshot
from netwatch.web import Role, WebServer, build_app


def _now() -> Snapshot:
    """The district with readings of this moment: a Prometheus refuses samples from elsewhen."""
    made = web_district.Builder(at=time.time())
    made.school("lincoln-es", "Lincoln", "elementary", 400)
    for number in range(6):
        made.device(f"d{number}", f"switch-{number}", f"site-{number % 2}", "switch", up=float(number > 0))
        made.port(f"d{number}", "Gi1", 1e9, 0.5, 0.25)
    return dataclasses.replace(made.snapshot(), at=Instant(time.time(), 1.0))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.server("prometheus")
async def test_prometheus_scrapes_every_shard(tmp_path: Path) -> None:
    snapshot, auth = _now(), users(Role.VIEW)
    source = providers(
        snapshot=lambda: snapshot,
        metrics=lambda openmetrics, shard: render(snapshot, openmetrics=openmetrics, shard=shard),
        shard_limit=40,
    )
    server = WebServer(build_app(source, auth, clock=FixedClock()), [("127.0.0.1", 0)], auth)
    await server.start()
    login = {"basic_auth": {"username": "view", "password": PASSWORD}}
    job = {
        "job_name": "netwatch",
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "http_sd_configs": [{"url": f"{server.urls[0]}api/sd", **login}],
        **login,
    }
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [job]}), encoding="utf-8")
    port = _free_port()
    process = await asyncio.create_subprocess_exec(
        "prometheus",
        f"--config.file={tmp_path}/prometheus.yml",
        f"--storage.tsdb.path={tmp_path}/data",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    )
    try:
        found = await _query(f"http://127.0.0.1:{port}", "netwatch_device_up", 6)
        assert {row["metric"]["device"]: row["value"][1] for row in found} == {
            f"switch-{number}": "1" if number else "0" for number in range(6)
        }
        assert len({row["metric"]["shard"] for row in found}) > 1
        assert {row["metric"]["site"] for row in found} == {"site-0", "site-1"}
    finally:
        process.terminate()
        await process.wait()
        await server.close()


async def _query(base: str, expr: str, rows: int) -> list[dict]:
    """The rows of an instant query, once there are enough of them."""
    async with aiohttp.ClientSession() as client, asyncio.timeout(40):
        while True:
            try:
                async with client.get(f"{base}/api/v1/query", params={"query": expr}) as answer:
                    if answer.status == 200:
                        found = (await answer.json())["data"]["result"]
                        if len(found) >= rows:
                            return found
            except aiohttp.ClientConnectionError:
                pass  # it is still starting
            await asyncio.sleep(0.2)
