"""Accepted pages arrive, whatever is killed in between."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import sys
from pathlib import Path

import pytest
from aiohttp import web

SCRIPT = Path(__file__).with_name("killed.py")
SETTINGS = """
district: {{name: Maple, slug: maple}}
state_dir: var
alerts: {{group_wait: 0s, webhook: [{{name: hook, url: "{url}", timeout: 0.5s}}]}}
"""


class Receiver:
    """Takes most, refuses some, and takes some without saying so."""

    def __init__(self, seed: int) -> None:
        self.arrived: list[tuple[str, str]] = []
        self._rng = random.Random(seed)

    async def take(self, request: web.Request) -> web.Response:
        document = await request.json()
        fate = self._rng.random()
        if fate < 0.05:
            return web.Response(status=503)
        self.arrived += [(one["key"], one["summary"]) for one in document["alerts"]]
        await asyncio.sleep(self._rng.uniform(0, 0.01))
        if fate < 0.1 and request.transport is not None:
            request.transport.abort()
        return web.Response()


async def kill_and_count(folder: Path, kills: int, seed: int) -> int:
    receiver = Receiver(seed)
    app = web.Application(client_max_size=100_000_000)
    app.add_routes([web.post("/", receiver.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    (folder / "netwatch.yaml").write_text(SETTINGS.format(url=f"http://127.0.0.1:{runner.addresses[0][1]}/"))
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), str(folder), str(kills), str(seed), stderr=asyncio.subprocess.PIPE
        )
        _, said = await process.communicate()
        assert process.returncode == 0, said.decode()[-2000:]
    finally:
        await runner.cleanup()
    with sqlite3.connect(folder / "netwatch.db") as database:
        rows = [key for (key,) in database.execute("SELECT key FROM outbox ORDER BY number")]
    first = list(dict.fromkeys(key for key, _ in receiver.arrived))
    accepted = set((folder / "accepted").read_text().split())
    assert accepted <= set(first)  # no page is lost
    assert first == rows  # in the order of acceptance, and nothing that was not accepted
    assert len(set(receiver.arrived)) == len(first)  # what came twice came with the same key and text
    place = {key: number for number, key in enumerate(first)}
    ended = [key.removesuffix(":resolved") for key in first if key.endswith(":resolved")]
    assert all(place[f"{one}:firing"] < place[f"{one}:resolved"] for one in ended)
    return len(first)


async def test_fifteen_kills(tmp_path: Path) -> None:
    assert await kill_and_count(tmp_path, 15, 7) > 15


@pytest.mark.long
@pytest.mark.timeout(1800)
async def test_five_hundred_kills(tmp_path: Path) -> None:
    count = await kill_and_count(tmp_path, 500, 1)
    assert count > 1000
    print(f"{count} pages over 500 kills")
