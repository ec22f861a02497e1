"""Alertmanager v2: a real one, and several that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web

from netwatch.errors import DeliveryError
from netwatch.model import Secret, Severity, SystemClock
from netwatch.notify import AlertmanagerChannel, AlertmanagerSettings, Dispatcher
from netwatch.store import Store

CONFIG = "route: {receiver: none}\nreceivers: [{name: none}]\n"


class RealAlertmanager:
    """The process, which can be ended and started again on the same port with nothing remembered."""

    def __init__(self, folder, port: int, binary: str) -> None:
        self.folder, self.port, self.binary = folder, port, binary
        self.url = f"http://127.0.0.1:{port}"
        self.starts = 0
        (folder / "am.yml").write_text(CONFIG)

    async def start(self) -> None:
        self.starts += 1
        self.process = await asyncio.create_subprocess_exec(
            self.binary,
            f"--config.file={self.folder}/am.yml",
            f"--storage.path={self.folder}/data-{self.starts}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            stderr=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        await eventually(self._ready)

    async def stop(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
        await self.process.wait()

    async def _ready(self) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session, session.get(f"{self.url}/-/ready") as answer:
                return answer.status == 200
        return False

    async def active(self) -> dict[str, dict]:
        """Active alerts by netwatch's id."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/api/v2/alerts") as answer:
            alerts = json.loads(await answer.text())
        return {alert["annotations"]["netwatch_id"]: alert for alert in alerts}


async def eventually(check, tries: int = 400) -> None:
    for _ in range(tries):
        if await check():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come about")


@contextlib.asynccontextmanager
async def running(dispatcher: Dispatcher) -> AsyncIterator[None]:
    task = asyncio.create_task(dispatcher.run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@pytest.mark.server("prometheus-alertmanager")
async def test_a_real_alertmanager_is_kept_in_step_over_its_restart(
    tmp_path, free_port, program, make_alert, transition
) -> None:
    server = RealAlertmanager(tmp_path, free_port, program("prometheus-alertmanager"))
    await server.start()
    channel = AlertmanagerChannel(
        AlertmanagerSettings(name="am", urls=(Secret(server.url + "/"),), resend=0.3),
        SystemClock(),
        external_url="https://netwatch.example",
    )

    async def shows(*ids: str) -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            return set(await server.active()) == set(ids)
        return False

    now = SystemClock().now().wall
    try:
        with Store(tmp_path / "db") as store:
            dispatcher = Dispatcher([channel], store.outbox, SystemClock())
            async with running(dispatcher):
                alerts = [make_alert(number, since=now - 60, fired=now - 30) for number in ("one", "two")]
                dispatcher.notify([transition(alert) for alert in alerts])
                await eventually(lambda: shows("one", "two"))
                found = (await server.active())["one"]
                assert found["labels"] == dict(alerts[0].labels)
                assert found["annotations"]["summary"] == "core-one at Lincoln ES does not answer"
                assert found["generatorURL"] == "https://netwatch.example/alerts#alert-one"
                assert found["status"]["state"] in ("active", "unprocessed")

                await server.stop()
                await server.start()
                await eventually(lambda: shows("one", "two"))

                ended = make_alert("one", state="resolved", since=now - 60, fired=now - 30, resolved=now - 1)
                dispatcher.notify([transition(ended, "firing")])
                await eventually(lambda: shows("two"))
    finally:
        await server.stop()


@pytest.mark.server("prometheus-alertmanager")
async def test_two_members_show_what_is_active_whatever_restarts(
    tmp_path, program, make_alert, transition
) -> None:
    """Members go and come back with nothing remembered, netwatch does so with its store alone."""
    members = []
    for name in ("one", "two"):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            (tmp_path / name).mkdir()
            members.append(
                RealAlertmanager(tmp_path / name, probe.getsockname()[1], program("prometheus-alertmanager"))
            )
    now = SystemClock().now().wall

    def alert(number: str, labels: str = "", **more):
        labels = {"alertname": "DeviceUnreachable", "device": labels or number}
        return make_alert(number, since=now - 60, fired=now - 30, labels=labels, **more)

    def ended(number: str, labels: str = ""):
        return transition(alert(number, labels, state="resolved", resolved=now - 1), "firing")

    @contextlib.asynccontextmanager
    async def netwatch(*open_ids: str) -> AsyncIterator[Dispatcher]:
        urls = tuple(Secret(member.url) for member in members)
        channel = AlertmanagerChannel(AlertmanagerSettings(name="am", urls=urls, resend=0.3), SystemClock())
        with Store(tmp_path / "db") as store:
            dispatcher = Dispatcher([channel], store.outbox, SystemClock())
            dispatcher.resume([alert(number) for number in open_ids])
            async with running(dispatcher):
                yield dispatcher

    async def all_show(*ids: str) -> None:
        async def so() -> bool:
            with contextlib.suppress(aiohttp.ClientError):
                return all([set(await member.active()) == set(ids) for member in members])
            return False

        await eventually(so)

    try:
        for member in members:
            await member.start()
        async with netwatch() as dispatcher:
            dispatcher.notify([transition(alert(number)) for number in "abc"])
            await all_show("a", "b", "c")
            await members[1].stop()
            dispatcher.notify([ended("a"), transition(alert("d"))])
            await eventually(lambda: shown_by(members[0], "b", "c", "d"))
        # netwatch is down as well; the member that missed an end comes back before it, and after it.
        await members[1].start()
        async with netwatch("b", "c", "d") as dispatcher:
            await all_show("b", "c", "d")
            await members[0].stop()
            # The same fault again, under another id but with the same labels: its old end must not end it.
            dispatcher.notify([ended("b"), transition(alert("b2", "b"))])
            await eventually(lambda: shown_by(members[1], "b2", "c", "d"))
            await members[0].start()
            await all_show("b2", "c", "d")
        async with netwatch("c", "d") as dispatcher:  # b2 ended while netwatch was away
            await all_show("c", "d")
    finally:
        for member in members:
            await member.stop()


async def shown_by(member: RealAlertmanager, *ids: str) -> bool:
    with contextlib.suppress(aiohttp.ClientError):
        return set(await member.active()) == set(ids)
    return False


class FakeAlertmanager:
    """Takes alerts, or answers with an error while `status` says so."""

    def __init__(self) -> None:
        self.status = 200
        self.posts: list[list[dict]] = []
        self.headers: list[dict[str, str]] = []

    async def handle(self, request: web.Request) -> web.Response:
        if self.status == 200:
            self.posts.append(await request.json())
            self.headers.append(dict(request.headers))
        return web.Response(status=self.status)

    @contextlib.asynccontextmanager
    async def serve(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/am/api/v2/alerts", self.handle)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        try:
            yield f"http://{host}:{port}/am"
        finally:
            await runner.cleanup()

    def seen(self) -> list[str]:
        return [alert["annotations"]["netwatch_id"] for post in self.posts for alert in post]


def settings_for(*urls: str, **more) -> AlertmanagerSettings:
    return AlertmanagerSettings(name="am", urls=tuple(map(Secret, urls)), **more)


async def test_a_member_that_was_away_gets_what_is_active_and_what_ended(make_alert) -> None:
    here, away = FakeAlertmanager(), FakeAlertmanager()
    away.status = 503
    async with here.serve() as one, away.serve() as other:
        channel = AlertmanagerChannel(settings_for(one, other), SystemClock())
        await channel.deliver([make_alert("a"), make_alert("b")])
        await channel.deliver([make_alert("a", state="resolved")])
        assert here.seen() == ["a", "b", "a"]
        await channel.refresh()
        assert here.seen() == ["a", "b", "a", "b"]
        away.status = 200
        await channel.refresh()
        assert sorted(away.seen()) == ["a", "b"]
        assert here.posts[-1][0]["endsAt"] > here.posts[-1][0]["startsAt"]
        ended = next(alert for alert in away.posts[-1] if alert["annotations"]["netwatch_id"] == "a")
        assert ended["endsAt"].startswith("2023-11-14T22:23:20")
        await channel.refresh()
        assert away.seen()[2:] == ["b"]
        await channel.close()


async def test_nobody_there_is_a_delivery_error_and_nothing_is_lost(make_alert) -> None:
    server = FakeAlertmanager()
    server.status = 500
    async with server.serve() as url:
        channel = AlertmanagerChannel(settings_for(url), SystemClock())
        with pytest.raises(DeliveryError, match="HTTP status 500"):
            await channel.deliver([make_alert("a", state="resolved")])
        server.status = 200
        await channel.deliver([make_alert("a", state="resolved")])
        assert server.seen() == ["a"]
        await channel.close()


@pytest.mark.parametrize(
    ("more", "header"),
    [
        ({"token": Secret("t0k")}, "Bearer t0k"),
        ({"user": "u", "password": Secret("p")}, "Basic dTpw"),
    ],
)
async def test_credentials(make_alert, more, header) -> None:
    server = FakeAlertmanager()
    async with server.serve() as url:
        channel = AlertmanagerChannel(settings_for(url, **more), SystemClock())
        await channel.deliver([make_alert("a")])
        assert server.headers[0]["Authorization"] == header
        await channel.close()


async def test_errors_tell_neither_url_nor_secret(make_alert, free_port) -> None:
    url = f"http://user:hunter2@127.0.0.1:{free_port}/hook-key"
    channel = AlertmanagerChannel(settings_for(url, token=Secret("t0k")), SystemClock())
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver([make_alert("a", severity=Severity.INFO)])
    assert all(secret not in str(caught.value) for secret in ("hunter2", "t0k", "hook-key"))
    assert "hunter2" not in repr(channel.__dict__["_settings"])
    await channel.close()


@pytest.mark.server("amtool")
def test_the_example_configuration_is_accepted(program) -> None:
    example = Path(__file__).parents[2] / "deploy/alertmanager.yml"
    checked = subprocess.run([program("amtool"), "check-config", example], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
