"""The sign of life stops when netwatch does not work, and comes back."""

from __future__ import annotations

import pytest
from aiohttp import web
from notify_fakes import FakeClock

from netwatch.app.pulse import Pulse
from netwatch.errors import StoreError
from netwatch.model import Secret
from netwatch.notify import Heartbeat


@pytest.fixture
async def outside():
    """A receiver: which requests came, and with which status it answers."""
    seen: list[str] = []
    status = [200]

    async def take(request: web.Request) -> web.Response:
        seen.append(request.method)
        return web.Response(status=status[0])

    app = web.Application()
    app.router.add_route("*", "/ping/hunter2", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Secret(f"http://127.0.0.1:{runner.addresses[0][1]}/ping/hunter2"), seen, status
    await runner.cleanup()


@pytest.mark.parametrize("method", ["GET", "POST", "HEAD"])
async def test_it_beats_only_while_all_is_well(outside, method) -> None:
    url, seen, status = outside
    ailing: list[str] = []
    heart = Heartbeat(url, lambda: ailing, FakeClock(), method=method)
    await heart.beat()
    assert seen == [method]
    ailing.append("evaluation stands still since 200 s")
    await heart.beat()
    assert seen == [method]
    assert heart.status.reasons == ("evaluation stands still since 200 s",)
    ailing.clear()
    status[0] = 503
    await heart.beat()
    assert heart.status.reasons == ("HTTP status 503",)
    assert "hunter2" not in str(heart.status)
    status[0] = 200
    await heart.beat()
    assert (heart.status.sent, heart.status.failed, heart.status.withheld) == (2, 1, 1)
    assert heart.status.last_sent == 1_700_000_000.0
    assert heart.status.reasons == ()
    await heart._http.close()


class Works:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.passes = self.judged = 0
        self.turned = 0.0
        self.full = False
        self.pulse = Pulse(
            self.clock,
            passes=lambda: self.passes,
            judged=lambda: self.judged,
            delivering=lambda: self.turned,
            write=self._write,
            polling_interval=60.0,
            judging_interval=15.0,
            patience=600.0,
        )

    def _write(self) -> None:
        if self.full:
            raise StoreError("netwatch.db: database or disk is full")

    def later(self, *works: str) -> list[str]:
        """Ten minutes, in which only these work."""
        found: list[str] = []
        for _ in range(11):
            self.clock.time = self.clock.time.plus(60)
            self.passes += "polling" in works
            self.judged += "evaluation" in works
            if "delivery" in works:
                self.turned = self.clock.now().mono
            found = self.pulse.ailing()
        return [reason.partition(" ")[0] for reason in found]


def test_each_part_that_stands_still_is_found() -> None:
    works = Works()
    assert works.pulse.ailing() == []
    assert works.later("polling", "evaluation", "delivery") == []
    assert works.later("evaluation", "delivery") == ["polling"]
    assert works.later("polling", "delivery") == ["evaluation"]
    assert works.later("polling", "evaluation") == ["delivery"]
    assert works.later("polling", "evaluation", "delivery") == []
    works.full = True
    assert works.pulse.ailing() == ["the outbox can't be written: netwatch.db: database or disk is full"]


def test_without_devices_nobody_waits_for_polls() -> None:
    works = Works()
    works.passes = -1
    assert works.later("evaluation", "delivery") == []
