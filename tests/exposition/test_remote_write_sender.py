"""In order, again and again, and never more than is allowed; what a receiver refuses is told once."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime
from pathlib import Path

import pytest
from aiohttp import web
from structlog.testing import capture_logs

from netwatch.config import RemoteWriteSettings
from netwatch.exposition.remote_write import Answer, Poster, Request, Sender, Spool
from netwatch.exposition.remote_write.post import retry_after
from netwatch.model import Instant, Secret

OK, AWAY = Answer(204, ""), Answer(503, "")


def request(number: int, samples: int = 1) -> Request:
    return Request(f"{number:06d}".encode(), samples, number)


class Hand:
    """A clock that stands where it was put, and remembers how long others slept."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> Instant:
        return Instant(1.8e9, 0.0)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await asyncio.sleep(0)


class Receiver:
    """Answers as it is told, the last answer for ever."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers) or [OK]
        self.taken: list[bytes] = []
        self.asked = 0
        self.changed = asyncio.Event()

    async def __call__(self, body: bytes) -> Answer:
        await asyncio.sleep(0)
        self.asked += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer.taken:
            self.taken.append(body)
        self.changed.set()
        return answer

    async def until(self, asked: int = 0, taken: int = 0) -> None:
        while self.asked < asked or len(self.taken) < taken:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 30)


class Setup:
    def __init__(self, folder: Path, *answers: Answer, queue: int = 10_000, limit: int = 10_000_000) -> None:
        self.receiver, self.clock = Receiver(*answers), Hand()
        spool = Spool(folder, limit)
        self.sender = Sender("one", self.receiver, spool, self.clock, random.Random(1), queue_size=queue)
        self.task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Setup:
        self.task = asyncio.create_task(self.sender.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.task is not None
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        await self.sender.close()

    async def idle(self) -> None:
        """Nothing waits any more."""
        while self.sender.waiting:  # noqa: ASYNC110 - the sender tells nobody
            await asyncio.sleep(0.001)


def bodies(*numbers: int) -> list[bytes]:
    return [request(number).body for number in numbers]


async def test_what_is_taken_at_once_never_sees_the_disk(tmp_path):
    async with Setup(tmp_path) as it:
        for number in range(5):
            await it.sender.offer(request(number, 10))
        await it.receiver.until(taken=5)
        await it.idle()
        assert it.receiver.taken == bodies(*range(5))
        assert (it.sender.tally.sent, it.sender.tally.newest) == (50, 4)
        assert list(tmp_path.iterdir()) == []


async def test_an_outage_is_waited_out_on_disk_with_growing_pauses(tmp_path):
    async with Setup(tmp_path, *[AWAY] * 8, OK) as it:
        await it.sender.offer(request(0))
        await it.receiver.until(asked=1)
        for number in range(1, 6):
            await it.sender.offer(request(number))
        await it.receiver.until(taken=6)
        await it.idle()
        assert it.receiver.taken == bodies(*range(6))
        assert (it.sender.tally.sent, it.sender.tally.failed, it.sender.dropped) == (6, 8, 0)
        assert len(it.clock.slept) == 8
        for place, pause in enumerate(it.clock.slept):
            assert min(60, 2**place) / 2 <= pause <= min(60, 2**place)


async def test_the_receiver_may_ask_for_a_longer_pause(tmp_path):
    async with Setup(tmp_path, Answer(429, "", 77.0), OK) as it:
        await it.sender.offer(request(0))
        await it.receiver.until(taken=1)
        assert it.clock.slept == [77.0]


async def test_what_is_refused_for_good_is_dropped_counted_and_told_once(tmp_path):
    with capture_logs() as logs:
        async with Setup(tmp_path, Answer(400, ""), OK, Answer(400, ""), Answer(401, ""), OK) as it:
            for number in range(5):
                await it.sender.offer(request(number, 2))
            await it.receiver.until(asked=5)
            await it.idle()
            assert it.receiver.taken == bodies(1, 4)
            assert (it.sender.tally.sent, it.sender.dropped) == (4, 6)
    told = [log for log in logs if log["log_level"] == "error"]
    assert [log["status"] for log in told] == [400, 401]
    assert all(log["remedy"] for log in told)


async def test_what_memory_cannot_hold_goes_onto_the_disk_in_order(tmp_path):
    it = Setup(tmp_path, queue=20)
    for number in range(10):
        await it.sender.offer(request(number))
    assert it.sender.spooled > 0
    async with it:
        await it.receiver.until(taken=10)
        await it.idle()
    assert it.receiver.taken == bodies(*range(10))


async def test_it_overflows_while_one_is_under_way(tmp_path):
    async with Setup(tmp_path, queue=20) as it:
        started, go = asyncio.Event(), asyncio.Event()
        plain = it.receiver

        async def slow(body: bytes) -> Answer:
            started.set()
            await go.wait()
            return await plain(body)

        it.sender._post = slow
        await it.sender.offer(request(0))
        await started.wait()
        for number in range(1, 8):
            await it.sender.offer(request(number))
        go.set()
        await plain.until(taken=8)
        await it.idle()
        assert plain.taken == bodies(*range(8))


async def test_another_process_goes_on_where_this_one_ended(tmp_path):
    async with Setup(tmp_path, AWAY) as it:
        for number in range(4):
            await it.sender.offer(request(number))
        await it.receiver.until(asked=3)
    async with Setup(tmp_path) as after:
        await after.sender.offer(request(4))
        await after.receiver.until(taken=5)
        await after.idle()
        assert after.receiver.taken == bodies(*range(5))
    assert not list(tmp_path.glob("*.spool"))


async def test_a_full_spool_drops_the_oldest_and_counts_them(tmp_path):
    async with Setup(tmp_path, AWAY, limit=200_000) as it:
        await it.sender.offer(request(0))
        await it.receiver.until(asked=1)
        for number in range(1, 40):
            await it.sender.offer(Request(bytes([number]) * 20_000, 3, number))
        assert it.sender.spooled <= 200_000
        assert it.sender.dropped + it.sender.waiting == 1 + 39 * 3
        assert it.sender.dropped > 60


def settings(url: str, **more: object) -> RemoteWriteSettings:
    return RemoteWriteSettings.model_construct(**{"name": "one", "url": Secret(url), "timeout": 5.0, **more})


async def test_a_request_carries_what_the_receiver_wants_and_secrets_stay_secret(tmp_path):
    seen: list[tuple[dict[str, str], bytes]] = []

    async def write(request: web.Request) -> web.Response:
        seen.append((dict(request.headers), await request.read()))
        if request.path == "/elsewhere":
            raise web.HTTPTemporaryRedirect("/write")
        return web.Response(status=503, headers={"Retry-After": "7"})

    app = web.Application()
    app.add_routes([web.post("/{any}", write)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://user:hunter2@127.0.0.1:{runner.addresses[0][1]}"
    plain = base.replace("user:hunter2@", "")
    try:
        tenant = {"X-Scope-OrgID": Secret("maple")}
        poster = Poster(settings(f"{plain}/write", token=Secret("t0ken"), headers=tenant))
        assert await poster(b"body") == Answer(503, "", 7.0)
        await poster.close()
        headers, body = seen[0]
        assert body == b"body"
        assert headers["Content-Encoding"] == "snappy"
        assert headers["Content-Type"] == "application/x-protobuf"
        assert headers["X-Prometheus-Remote-Write-Version"] == "0.1.0"
        assert headers["Authorization"] == "Bearer t0ken"
        assert headers["X-Scope-OrgID"] == "maple"
        basic = Poster(settings(f"{plain}/elsewhere", user="u", password=Secret("p")))
        answer = await basic(b"")
        assert answer.status == 307
        assert not answer.hopeless
        assert seen[-1][0]["Authorization"] == "Basic dTpw"
        await basic.close()
        assert len(seen) == 2  # nobody followed
    finally:
        await runner.cleanup()
    with capture_logs() as logs:
        poster = Poster(settings(f"{base}/write", token=Secret("t0ken")))
        sender = Sender("one", poster, Spool(tmp_path, 10**6), Hand(), random.Random(1), queue_size=100)
        task = asyncio.create_task(sender.run())
        await sender.offer(request(0))
        while not sender.tally.failed:  # noqa: ASYNC110 - the sender tells nobody
            await asyncio.sleep(0.001)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await sender.close()
        await poster.close()
    assert "can't connect" in str(logs)
    assert "hunter2" not in str(logs)
    assert "t0ken" not in str(logs)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("12", 12.0),
        ("Thu, 01 Jan 2026 00:00:30 GMT", 30.0),
        ("Thu, 01 Jan 2025 00:00:30 GMT", 0.0),
        ("-5", 0.0),
        ("soon", 0.0),
        ("", 0.0),
        ("nan", 0.0),
        ("1e9", 600.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(text, seconds):
    assert retry_after(text, datetime(2026, 1, 1, tzinfo=UTC)) == seconds
