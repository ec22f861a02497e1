"""A real Prometheus takes what is sent, is killed for a while, and has all of it afterwards."""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from remote_write_wire import CATALOGUE, Feed, column, device, part, snapshot
from structlog.testing import capture_logs

from netwatch.config import RemoteWriteSettings
from netwatch.exposition.remote_write import Poster, Sender, Spool
from netwatch.model import EntityKind, Secret, Snapshot, SystemClock

RX = CATALOGUE["netwatch_interface_receive_bytes_total"]
UP = CATALOGUE["netwatch_device_up"]
PORTS = 30
FAMILIES = ("netwatch_*_total", "netwatch_device_up")


class Hasty(SystemClock):
    """Nobody has a minute here."""

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(min(seconds, 0.05))


class Prometheus:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: asyncio.subprocess.Process | None = None
        (folder / "prometheus.yml").write_text("global: {}\n")

    async def start(self, session: aiohttp.ClientSession) -> None:
        self.process = await asyncio.create_subprocess_exec(
            "prometheus",
            f"--config.file={self.folder}/prometheus.yml",
            f"--storage.tsdb.path={self.folder}/tsdb",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--web.enable-remote-write-receiver",
            "--log.level=error",
        )
        for _ in range(300):
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(f"{self.url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.1)
        raise AssertionError("Prometheus is not ready")

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def samples(self, session: aiohttp.ClientSession, query: str) -> dict[str, list[tuple[int, float]]]:
        """(time in ms, value) by port, or by device where there is none."""
        parameters = {"query": query, "time": f"{time.time() + 1:.3f}"}
        async with session.get(f"{self.url}/api/v1/query", params=parameters) as answer:
            document = await answer.json()
        assert document["status"] == "success", document
        return {
            series["metric"].get("interface", series["metric"]["device"]): [
                (round(at * 1000), float(value)) for at, value in series["values"]
            ]
            for series in document["data"]["result"]
        }


@contextlib.asynccontextmanager
async def prometheus(folder: Path) -> AsyncIterator[tuple[Prometheus, aiohttp.ClientSession]]:
    server = Prometheus(folder)
    async with aiohttp.ClientSession() as session:
        try:
            await server.start(session)
            yield server, session
        finally:
            await server.kill()


class District:
    """One switch that is polled every second, beginning minutes ago."""

    def __init__(self) -> None:
        self.entities = [device(), *(part(EntityKind.INTERFACE, f"p{n}", f'Gi"{n}') for n in range(PORTS))]
        self.began = round(time.time()) - 200.0
        self.polls = 0

    def poll(self) -> Snapshot:
        at = self.began + self.polls + 0.123
        ports = [(f"p{n}", (), 2.0**40 + 1000.0 * self.polls + n) for n in range(PORTS)]
        up = [("sw", (), float(self.polls % 2))]
        shot = snapshot(
            self.entities, column(RX, ports, at), column(UP, up, at), mono=1.0 + self.polls, wall=at
        )
        self.polls += 1
        return shot

    def truth(self, port: int) -> list[tuple[int, float]]:
        return [
            (round((self.began + poll) * 1000) + 123, 2.0**40 + 1000.0 * poll + port)
            for poll in range(self.polls)
        ]


def settings(url: str, **more: object) -> RemoteWriteSettings:
    told = {"name": "prometheus", "url": Secret(f"{url}/api/v1/write"), "timeout": 10.0}
    return RemoteWriteSettings.model_construct(**{**told, **more})


@contextlib.asynccontextmanager
async def sending(url: str, folder: Path, *, kill: bool = False) -> AsyncIterator[Sender]:
    """`kill`: what is in memory at the end is lost."""
    poster, spool = Poster(settings(url)), Spool(folder, 10**7)
    sender = Sender("prometheus", poster, spool, Hasty(), random.Random(1), queue_size=10**6)
    task = asyncio.create_task(sender.run())
    try:
        yield sender
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if kill:
            spool._close_writer()
            spool._close_reader()
        else:
            await sender.close()
        await poster.close()


async def until(check) -> None:
    for _ in range(600):
        if check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


@pytest.mark.server("prometheus")
async def test_prometheus_has_everything_after_an_outage_and_a_kill_of_the_sender(tmp_path):
    district, feed, folder = District(), Feed(families=FAMILIES, max_samples=100), tmp_path / "spool"
    async with prometheus(tmp_path) as (server, session):
        async with sending(server.url, folder, kill=True) as sender:
            for _ in range(20):
                for request in feed.requests(district.poll()):
                    await sender.offer(request)
            await until(lambda: not sender.waiting)
            assert (await server.samples(session, f"{RX.name}[10m]"))['Gi"7'] == district.truth(7)

            await server.kill()
            for _ in range(40):
                for request in feed.requests(district.poll()):
                    await sender.offer(request)
                await asyncio.sleep(0)
            await until(lambda: sender.tally.failed and not sender._queue)
            assert sender.spooled > 0
        async with sending(server.url, folder) as sender:
            for _ in range(10):
                for request in feed.requests(district.poll()):
                    await sender.offer(request)
            await until(lambda: sender.tally.failed)
            await server.start(session)
            await until(lambda: not sender.waiting)
            assert sender.dropped == 0
            assert sender.tally.sent == 50 * (PORTS + 1)
        found = await server.samples(session, f'{RX.name}{{device="sw-1",site="lincoln-es"}}[10m]')
        assert found == {f'Gi"{port}': district.truth(port) for port in range(PORTS)}
        up = await server.samples(session, f"{UP.name}[10m]")
        assert [value for _, value in up["sw-1"]] == [float(poll % 2) for poll in range(70)]
        assert not list(folder.glob("*.spool"))


@pytest.mark.server("prometheus")
async def test_what_is_told_no_more_ends_in_prometheus_at_once(tmp_path):
    district, feed = District(), Feed(families=FAMILIES)
    async with prometheus(tmp_path) as (server, session), sending(server.url, tmp_path / "spool") as sender:
        shots = [district.poll(), district.poll()]
        shots[1].columns[RX.name].fresh[3] = False
        for shot in shots:
            for request in feed.requests(shot):
                await sender.offer(request)
        await until(lambda: not sender.waiting)
        assert sender.dropped == 0
        # At an instant the look-back finds the last sample of a series, unless that ended it.
        found = await server.samples(
            session, f"last_over_time({RX.name}[10m] @ {district.began + 5:.0f})[1s:1s]"
        )
        assert 'Gi"3' in found
        found = await server.samples(session, f"({RX.name} @ {district.began + 5:.0f})[1s:1s]")
        assert set(found) == {f'Gi"{port}' for port in range(PORTS)} - {'Gi"3'}


@pytest.mark.server("prometheus")
async def test_what_prometheus_refuses_is_dropped_and_what_follows_is_not(tmp_path):
    district = District()
    late = district.poll()
    async with prometheus(tmp_path) as (server, session):
        with capture_logs() as logs:
            async with sending(server.url, tmp_path / "spool") as sender:
                for shot in (district.poll(), late, district.poll()):
                    for request in Feed(families=FAMILIES).requests(shot):
                        await sender.offer(request)
                await until(lambda: not sender.waiting)
                assert (sender.tally.sent, sender.dropped) == (2 * (PORTS + 1), PORTS + 1)
        found = await server.samples(session, f"{RX.name}[10m]")
        assert found['Gi"3'] == district.truth(3)[1:]
        (told,) = [log for log in logs if log["log_level"] == "error"]
        assert told["status"] == 400
