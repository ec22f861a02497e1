"""What a trap's poll brings is judged at once, and a storm of traps does not take the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator

from netwatch.app.early import EXPECTED_SECONDS, Early
from netwatch.model import EntityId, Instant, PollFailure


class Clock:
    """Sleepers wake when a test moves time on."""

    def __init__(self) -> None:
        self.time = Instant(1_700_000_000.0, 0.0)
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []

    def now(self) -> Instant:
        return self.time

    async def sleep(self, seconds: float) -> None:
        future = asyncio.get_running_loop().create_future()
        self._sleepers.append((self.time.mono + seconds, future))
        await future

    async def advance(self, seconds: float, step: float = 0.05) -> None:
        for _ in range(round(seconds / step)):
            self.time = self.time.plus(step)
            for due, future in self._sleepers:
                if due <= self.time.mono + 1e-9 and not future.done():
                    future.set_result(None)
            for _ in range(5):
                await asyncio.sleep(0)


class Sink:
    def __init__(self) -> None:
        self.failures: list[PollFailure] = []

    def failed(self, failure: PollFailure) -> None:
        self.failures.append(failure)


@contextlib.asynccontextmanager
async def judged(cost: float = 0.0) -> AsyncIterator[tuple[Early, Clock, list[float]]]:
    clock, times = Clock(), []
    early = Early(Sink(), clock)  # type: ignore[arg-type]

    async def judge() -> None:
        times.append(clock.now().mono)
        until = time.thread_time() + cost
        while time.thread_time() < until:
            pass

    task = asyncio.create_task(early.run(judge))
    try:
        yield early, clock, times
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def told(early: Early, clock: Clock, name: str) -> None:
    early.failed(PollFailure(EntityId(name), "system", clock.now(), "no answer"))


async def test_only_what_a_trap_asked_for_is_judged_early() -> None:
    async with judged() as (early, clock, times):
        told(early, clock, "a")
        await clock.advance(2)
        assert times == []
        early.expect(EntityId("a"))
        await clock.advance(0.5)
        told(early, clock, "b")
        await clock.advance(0.5)
        assert times == []
        told(early, clock, "a")
        told(early, clock, "a")
        await clock.advance(2)
        assert len(times) == 1
        assert 0.1 <= times[0] - 3.0 <= 0.2
        await clock.advance(EXPECTED_SECONDS)
        told(early, clock, "a")
        await clock.advance(2)
        assert len(times) == 1


async def test_dear_evaluations_are_made_less_often() -> None:
    async with judged(cost=0.25) as (early, clock, times):
        for _ in range(400):
            early.expect(EntityId("a"))
            told(early, clock, "a")
            await clock.advance(0.05)
        assert 14 <= len(times) <= 19  # 20 s: one each 0.1 + 4 * 0.25
