"""A real browser runs the script under the pages' own Content-Security-Policy."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from web_client import FixedClock, Outline, providers

from netwatch.web import Auth, WebServer, build_app

_QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.mark.server("chromium")
async def test_script_makes_tables_sortable_and_opens_what_a_link_names(tmp_path: Path) -> None:
    auth = Auth.open()
    server = WebServer(build_app(providers(), auth, clock=FixedClock()), [("127.0.0.1", 0)], auth)
    await server.start()
    try:
        devices = Outline(await _dom(f"{server.urls[0]}devices", tmp_path / "1"))
        alerts = Outline(await _dom(f"{server.urls[0]}alerts#alert-a2", tmp_path / "2"))
    finally:
        await server.close()
    assert [tag for tag, attrs in devices.tags if tag == "button" and attrs.get("type") == "button"]
    opened = [attrs for tag, attrs in alerts.tags if tag == "details" and "open" in attrs]
    assert len(opened) == 1


async def _dom(url: str, profile: Path) -> str:
    """The document as it is after scripts ran."""
    process = await asyncio.create_subprocess_exec(
        "chromium",
        *_QUIET,
        f"--user-data-dir={profile}",
        "--dump-dom",
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        text, _ = await process.communicate()
    return text.decode()
