"""Run by a test as a process of its own: pages while nothing can be written. Prints a report as JSON.

on_full_disk.py tmpfs FOLDER   FOLDER gets a small file system, in a mount namespace of this process
on_full_disk.py limit FOLDER   files of this process may not grow: writes fail, and no reserve helps
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

from aiohttp import web

from netwatch.model import Alert, AlertState, EntityId, Secret, Severity, SystemClock, Transition
from netwatch.notify import Dispatcher, Keeper, Notices, SteadyOutbox, WebhookChannel, WebhookSettings
from netwatch.store import Store

MOUNT_MB = 40


def transition(number: int, state: str = "firing") -> Transition:
    ended = state == "resolved"
    alert = Alert(
        *(f"a{number}", "R", EntityId("e"), EntityId("e"), AlertState(state), Severity.CRITICAL),
        *(1.0, 2.0, 3.0 if ended else None, 0.0, "s" * 20_000),
        labels={"alertname": "R"},
    )
    return Transition(alert, AlertState.PENDING, 2.0)


class Disk:
    """Fills what others leave, and makes room again."""

    def __init__(self, mode: str, folder: Path) -> None:
        self.mode, self.ballast = mode, folder / "ballast"
        if mode == "tmpfs":
            subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={MOUNT_MB}M", "none", folder], check=True)

    def fill(self) -> None:
        if self.mode == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
            return
        handle = os.open(self.ballast, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        for size in (1 << 20, 4096):
            try:
                while True:
                    os.write(handle, bytes(size))
            except OSError:
                pass
        os.close(handle)

    def make_room(self) -> None:
        if self.mode == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        else:
            self.ballast.unlink()


async def until(true: Any) -> None:
    for _ in range(400):
        if true():
            return
        await asyncio.sleep(0.02)
    raise SystemExit("it did not come about")


async def main(mode: str, folder: Path) -> dict[str, Any]:
    got: list[str] = []
    away = True

    async def take(request: web.Request) -> web.Response:
        if away:
            return web.Response(status=503)
        document = await request.json()
        got.extend(f"{one['rule']}/{one['key']}" for one in document["alerts"])
        return web.Response()

    app = web.Application(client_max_size=100_000_000)
    app.add_routes([web.post("/", take)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = Secret(f"http://127.0.0.1:{runner.addresses[0][1]}/")
    disk, clock, report = Disk(mode, folder), SystemClock(), {}
    with Store(folder / "netwatch.db") as store:
        report["reserved"] = store.reserved
        outbox, notices = SteadyOutbox(store.outbox), Notices("maple")
        hook = WebhookChannel(WebhookSettings(name="hook", url=url), clock)
        dispatcher = Dispatcher([hook], outbox, clock)
        keeper = Keeper(store, notices, clock)
        pending: list[Transition] = []

        def keep(*news: Transition) -> bool:
            pending.extend(news)
            if kept := keeper.keep(dispatcher, pending, []):
                pending.clear()
            return kept

        assert keep(transition(0))
        disk.fill()
        number = 1
        while keep(transition(number)):
            number += 1
            disk.fill()  # whoever fills the disk takes what the reserve gives up, too
            assert number < 2000
        report["accepted_when_full"] = number - 1
        report["reserve_left"] = store.reserved
        keep(transition(number, "resolved"), transition(number + 1))
        report["problem"] = dispatcher.problem
        report["notices"] = [alert.rule for alert in notices.alerts()]
        report["in_memory"] = outbox.in_memory_count()
        away = False
        running = asyncio.create_task(dispatcher.run())
        last = f"R/a{number + 1}:firing"
        await until(lambda: last in got and any(key.startswith("NetwatchStore") for key in got))
        report["told_while_full"] = got.copy()
        disk.make_room()
        assert keep(transition(number + 1, "resolved"))
        await until(lambda: f"R/a{number + 1}:resolved" in got)
        await until(lambda: not outbox.in_memory_count())
        report["problem_after"] = dispatcher.problem
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        report["notices_after"] = len(notices.alerts())
    report["told"] = got
    rows = sqlite3.connect(folder / "netwatch.db").execute(
        "SELECT key FROM outbox WHERE done IS NOT NULL ORDER BY number"
    )
    report["done"] = [key for (key,) in rows]
    await runner.cleanup()
    return report


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1], Path(sys.argv[2])))))
