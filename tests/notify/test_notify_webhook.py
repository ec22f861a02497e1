"""Webhooks: signed, typed, quiet about secrets."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from netwatch.errors import DeliveryError
from netwatch.model import Instant, Secret
from netwatch.notify import Refused, WebhookChannel, WebhookSettings


class FixedClock:
    def now(self) -> Instant:
        return Instant(1_700_000_000.0, 0.0)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@contextlib.asynccontextmanager
async def receiver(handler) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/secret-path", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"http://{host}:{port}/secret-path"
    finally:
        await runner.cleanup()


async def test_what_arrives_is_signed_and_complete(make_alert) -> None:
    got: list[tuple[dict[str, str], bytes]] = []

    async def handler(request: web.Request) -> web.Response:
        got.append((dict(request.headers), await request.read()))
        return web.Response(status=204)

    async with receiver(handler) as url:
        channel = WebhookChannel(
            WebhookSettings(
                name="hook",
                url=Secret(url),
                secret=Secret("k3y"),
                token=Secret("t0k"),
                headers={"X-Team": Secret("net")},
            ),
            FixedClock(),
            external_url="https://nw.example/",
        )
        await channel.deliver([make_alert("a"), make_alert("b", state="resolved")])
        await channel.close()
    ((headers, body),) = got
    expected = hmac.new(b"k3y", b"1700000000." + body, hashlib.sha256).hexdigest()
    assert headers["X-Netwatch-Signature"] == f"sha256={expected}"
    assert headers["X-Netwatch-Timestamp"] == "1700000000"
    assert headers["Authorization"] == "Bearer t0k"
    assert headers["X-Team"] == "net"
    document = json.loads(body)
    assert document["version"] == "netwatch-alerts/1"
    first, second = document["alerts"]
    assert first["key"] == "a:firing"
    assert (second["state"], second["resolved"]) == ("resolved", 1_700_000_600.0)
    assert first["labels"]["device"] == "core-a"
    assert first["url"] == "https://nw.example/alerts#alert-a"


@pytest.mark.parametrize(
    ("status", "kind"),
    [(400, Refused), (422, Refused), (401, DeliveryError), (302, DeliveryError), (503, DeliveryError)],
)
async def test_which_answers_are_final(make_alert, status, kind) -> None:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(status=status, headers={"Location": "/elsewhere"})

    async with receiver(handler) as url:
        channel = WebhookChannel(WebhookSettings(name="hook", url=Secret(url)), FixedClock())
        with pytest.raises(DeliveryError) as caught:
            await channel.deliver([make_alert()])
        assert type(caught.value) is kind
        assert str(status) in str(caught.value)
        await channel.close()


async def test_a_receiver_that_hangs_is_left(make_alert) -> None:
    leave = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        await leave.wait()
        return web.Response()

    async with receiver(handler) as url:
        channel = WebhookChannel(
            WebhookSettings(name="hook", url=Secret(url), token=Secret("t0k"), timeout=0.1), FixedClock()
        )
        with pytest.raises(DeliveryError, match=r"no answer within 0\.1 s") as caught:
            await channel.deliver([make_alert()])
        leave.set()
        assert "secret-path" not in str(caught.value)
        assert caught.value.__cause__ is None
        await channel.close()


async def test_a_url_that_is_none_is_told_without_showing_it(make_alert) -> None:
    channel = WebhookChannel(WebhookSettings(name="hook", url=Secret("http:///hunter2")), FixedClock())
    with pytest.raises(DeliveryError) as caught:
        await channel.deliver([make_alert()])
    assert "hunter2" not in str(caught.value)
    await channel.close()
