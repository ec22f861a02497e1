"""Apprise: real requests of the real library, and nothing of its URLs in what anybody reads."""

from __future__ import annotations

import asyncio
import builtins
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from netwatch.errors import ConfigError, DeliveryError, MissingExtra
from netwatch.model import Secret
from netwatch.notify import AppriseChannel, AppriseSettings


class Service:
    def __init__(self) -> None:
        self.status = 200
        self.got: list[dict] = []
        self.hang = asyncio.Event()
        self.hang.set()

    async def take(self, request: web.Request) -> web.Response:
        await self.hang.wait()
        if self.status == 200:
            self.got.append(await request.json())
        return web.Response(status=self.status)


@asynccontextmanager
async def serving(service: Service) -> AsyncIterator[Secret]:
    app = web.Application()
    app.add_routes([web.post("/hunter2", service.take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield Secret(f"json://127.0.0.1:{runner.addresses[0][1]}/hunter2")
    finally:
        service.hang.set()
        await runner.cleanup()


async def test_one_message_for_all_that_is_ready(make_alert) -> None:
    service = Service()
    async with serving(service) as url:
        channel = AppriseChannel(AppriseSettings(name="chat", urls=(url,)), external_url="https://nw.example")
        await channel.deliver([make_alert("a", summary="core\nis gone"), make_alert("b", state="resolved")])
        await channel.deliver([make_alert("c", state="resolved")])
    first, second = service.got
    assert first["title"] == "[critical] core is gone (and 1 more)"
    assert first["message"].splitlines() == [
        "CRITICAL: core is gone https://nw.example/alerts#alert-a",
        "RESOLVED: core-b at Lincoln ES does not answer https://nw.example/alerts#alert-b",
    ]
    assert (first["type"], second["type"]) == ("failure", "success")


async def test_a_service_that_is_away_is_told_of_and_the_others_hear_nothing_twice(
    make_alert, caplog
) -> None:
    here, away = Service(), Service()
    away.status = 500
    async with serving(here) as one, serving(away) as other:
        channel = AppriseChannel(AppriseSettings(name="chat", urls=(one, other)))
        with caplog.at_level(logging.DEBUG), pytest.raises(DeliveryError) as caught:
            await channel.deliver([make_alert("a")])
        assert str(caught.value) == "service 2 of 2 took nothing"
        said = [one.getMessage() for one in caplog.records if not one.name.startswith("aiohttp")]
        assert "hunter2" not in str(said)
        away.status = 200
        await channel.deliver([make_alert("a")])
    assert (len(here.got), len(away.got)) == (1, 1)


async def test_a_service_that_hangs_is_left(make_alert) -> None:
    service = Service()
    service.hang.clear()
    async with serving(service) as url:
        channel = AppriseChannel(AppriseSettings(name="chat", urls=(url,), timeout=0.2))
        with pytest.raises(DeliveryError, match=r"no answer within 0\.2 s"):
            await channel.deliver([make_alert("a")])


def test_a_url_that_means_nothing_is_refused_without_showing_it(caplog) -> None:
    with caplog.at_level(logging.DEBUG), pytest.raises(ConfigError) as caught:
        AppriseChannel(AppriseSettings(name="chat", urls=(Secret("nosuch://hunter2@x"),)))
    assert str(caught.value) == "channel 'chat': Apprise does not know what URL 1 means"
    assert "hunter2" not in caplog.text


def test_without_the_library_it_says_what_to_install(monkeypatch) -> None:
    real = builtins.__import__

    def without(name, *rest):
        if name == "apprise":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtra, match=r"netwatch\[notify\]"):
        AppriseChannel(AppriseSettings(name="chat", urls=(Secret("json://x"),)))
