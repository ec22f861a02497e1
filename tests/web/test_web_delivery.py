"""The page of netwatch's own state tells how alerts reach people."""

from __future__ import annotations

import re

from web_client import providers, running

from netwatch.web import ChannelState

NOW = 1_795_300_000.0


def told(page: str) -> list[list[str]]:
    section = page.split("Delivery of alerts", 1)[1].split("</table>")[0]
    rows = re.findall(r"<tr>(.*?)</tr>", section, re.DOTALL)
    return [
        [
            re.sub(r"<[^>]+>", "", cell).strip(" ●✕○?\n")
            for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row, re.DOTALL)
        ]
        for row in rows[1:]
    ]


async def test_one_line_per_channel() -> None:
    channels = [
        ChannelState("mail", 0, last_success=NOW, backups=("modem",)),
        ChannelState(
            "chat", 3, NOW - 600, None, NOW - 590, "connection <refused>", ("modem",), backup_since=NOW - 300
        ),
        ChannelState("modem", 0, is_backup=True, test_passed=False),
    ]
    async with running(providers(delivery=lambda: channels)) as web:
        _, page = await web.get("/status")
    assert "Delivery of alerts (1 of 3 failing)" in page
    mail, chat, modem = told(page)
    assert (mail[0], mail[1], mail[3], mail[6]) == ("mail", "delivers", "0", "modem, not in use")
    assert chat[:2] == ["chat", "failing"]
    assert chat[3] == "3"
    assert chat[5].endswith(": connection &lt;refused&gt;")
    assert chat[6].startswith("modem in use")
    assert (modem[1][-12:], modem[6]) == ("not used yet", "is one; test FAILED")


async def test_a_netwatch_without_channels_has_no_such_section() -> None:
    async with running(providers()) as web:
        _, page = await web.get("/status")
    assert "Delivery of alerts" not in page
