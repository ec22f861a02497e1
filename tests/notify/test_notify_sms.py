"""Text messages: a spool as smstools reads it, and a gateway's form."""

from __future__ import annotations

import asyncio
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from notify_fakes import FakeClock

from netwatch.errors import DeliveryError
from netwatch.model import Secret
from netwatch.notify import SmsChannel, SmsSettings, WebhookChannel, WebhookSettings


class Modem:
    """An SMS server's spool."""

    def __init__(self, folder: Path) -> None:
        self.outgoing, self.sent, self.failed = (folder / name for name in ("outgoing", "sent", "failed"))
        for one in (self.outgoing, self.sent, self.failed):
            one.mkdir()

    def messages(self, folder: Path) -> dict[str, str]:
        return {file.name: file.read_text("utf-8") for file in folder.iterdir()}

    def take(self, to: Path) -> None:
        for file in list(self.outgoing.iterdir()):
            file.rename(to / file.name)


@pytest.fixture
def modem(tmp_path: Path) -> Modem:
    return Modem(tmp_path)


def settings(modem: Modem, **more) -> SmsSettings:
    return SmsSettings(name="sms", spool=modem.outgoing, to=("+15550100",), **more)


async def test_a_message_per_alert_and_number(modem, make_alert) -> None:
    channel = SmsChannel(SmsSettings(name="sms", spool=modem.outgoing, to=("+15550100", "112")), FakeClock())
    alert = make_alert("a", summary="Zürich\nTo: +1900")
    await channel.deliver([alert, make_alert("b", state="resolved")])
    found = modem.messages(modem.outgoing)
    assert len(found) == 4
    assert found["netwatch-sms-a-firing-15550100"] == (
        "To: 15550100\nAlphabet: UTF-8\n\nCRITICAL: Zürich To: +1900\n"
    )
    assert found["netwatch-sms-b-resolved-112"].endswith(
        "\n\nRESOLVED: core-b at Lincoln ES does not answer\n"
    )
    await channel.deliver([alert])  # again after a crash: no second message
    assert len(modem.messages(modem.outgoing)) == 4
    await channel.deliver([make_alert("c", summary="x" * 999)])
    assert all(len(text) < 350 for text in modem.messages(modem.outgoing).values())


async def test_with_sent_it_is_delivered_only_when_the_modem_has_sent_it(modem, make_alert) -> None:
    channel = SmsChannel(settings(modem, sent=modem.sent, failed=modem.failed, timeout=60.0), FakeClock())
    delivering = asyncio.create_task(channel.deliver([make_alert("a")]))
    while "netwatch-sms-a-firing-15550100" not in modem.messages(modem.outgoing):  # noqa: ASYNC110
        await asyncio.sleep(0.001)
    assert not delivering.done()
    modem.take(modem.sent)
    await delivering
    await channel.deliver([make_alert("a")])  # what was sent is not sent again
    assert not modem.messages(modem.outgoing)


async def test_a_modem_that_fails_or_hangs_is_told(modem, make_alert) -> None:
    channel = SmsChannel(settings(modem, sent=modem.sent, failed=modem.failed, timeout=60.0), FakeClock())
    with pytest.raises(DeliveryError, match="not sent by the modem within 60 s"):
        await channel.deliver([make_alert("a")])
    modem.take(modem.failed)
    with pytest.raises(DeliveryError, match="the modem failed to send 1 of 1"):
        await channel.deliver([make_alert("a")])
    assert not modem.messages(modem.failed)


async def test_a_spool_that_is_not_there_is_told(modem, make_alert, tmp_path) -> None:
    channel = SmsChannel(SmsSettings(name="sms", spool=tmp_path / "none", to=("112",)), FakeClock())
    with pytest.raises(DeliveryError, match="the spool can't be written: No such file"):
        await channel.deliver([make_alert("a")])


async def test_a_gateway_gets_the_form_that_it_wants(make_alert) -> None:
    got: list[tuple[str, str]] = []

    async def take(request: web.Request) -> web.Response:
        got.append((request.content_type, await request.text()))
        return web.Response()

    app = web.Application()
    app.add_routes([web.post("/", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = Secret(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    form = {"number": "+15550100", "message": "{text} & {key}", "password": Secret("hunter2{")}
    for more in ({"form": form}, {"fields": form, "source_address": "127.0.0.9"}):
        channel = WebhookChannel(WebhookSettings(name="gw", url=url, **more), FakeClock())
        await channel.deliver([make_alert("a"), make_alert("b")])
        await channel.close()
    await runner.cleanup()
    assert [kind for kind, _ in got] == ["application/x-www-form-urlencoded"] * 2 + ["application/json"] * 2
    text = "CRITICAL: core-a at Lincoln ES does not answer & a:firing"
    assert parse_qs(got[0][1]) == {"number": ["+15550100"], "message": [text], "password": ["hunter2{"]}
    assert f'"message": "{text}"' in got[2][1]
