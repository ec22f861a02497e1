"""Works of the daemon whose intervals a reload changes."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import AsyncIterator

import pytest

from netwatch.app.periodic import Rhythm
from netwatch.model import Instant


class TurnedClock:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.mono = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> Instant:
        return Instant(1e9 + self.mono, self.mono)

    async def sleep(self, seconds: float) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.mono + seconds, len(self._sleepers), future))
        await future

    async def to(self, moment: float) -> None:
        await settle()
        while self._sleepers and self._sleepers[0][0] <= moment:
            self.mono, _, future = heapq.heappop(self._sleepers)
            if not future.done():
                future.set_result(None)
            await settle()
        self.mono = moment


async def settle() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


class Bench:
    """A work that notes when it is done."""

    def __init__(self, seconds: float, first: float) -> None:
        self.clock, self.seconds, self.times = TurnedClock(), seconds, list[float]()
        self.gate = asyncio.Event()
        self.gate.set()
        self.rhythm = Rhythm(lambda: self.seconds, self.clock, first=first)
        self.task = asyncio.create_task(self.rhythm.run(self.work, name="work"))

    async def work(self) -> None:
        self.times.append(self.clock.mono)
        await self.gate.wait()

    async def change(self, seconds: float) -> None:
        self.seconds = seconds
        self.rhythm.changed()
        await settle()


@pytest.fixture
async def benches() -> AsyncIterator[list[Bench]]:
    made: list[Bench] = []
    yield made
    for bench in made:
        bench.task.cancel()
    await asyncio.gather(*(bench.task for bench in made), return_exceptions=True)


@pytest.mark.parametrize(
    ("before", "after", "times"),
    [
        (100.0, 100.0, [10, 110, 210]),
        (100.0, 30.0, [10, 60, 90, 120, 150, 180, 210]),  # overdue by the new interval: at once
        (100.0, 180.0, [10, 190]),
        (100.0, 0.0, [10]),
        (0.0, 100.0, [70, 170]),
        (0.0, 5.0, [*range(65, 215, 5)]),
    ],
)
async def test_an_interval_changes_while_it_waits(
    benches: list[Bench], before: float, after: float, times: list[float]
) -> None:
    """At 60 s; the first time is to come after 10 s."""
    benches.append(bench := Bench(before, first=10.0))
    await bench.clock.to(60.0)
    await bench.change(after)
    await bench.clock.to(212.0)
    assert bench.times == times


async def test_what_is_under_way_goes_on(benches: list[Bench]) -> None:
    benches.append(bench := Bench(100.0, first=10.0))
    bench.gate.clear()
    await bench.clock.to(60.0)
    await bench.change(20.0)
    await bench.clock.to(65.0)
    assert bench.times == [10]
    bench.gate.set()
    await settle()
    await bench.clock.to(100.0)
    assert bench.times[:2] == [10, 65]
    assert len(bench.times) == 3


async def test_off_and_on_again(benches: list[Bench]) -> None:
    benches.append(bench := Bench(50.0, first=10.0))
    await bench.clock.to(70.0)
    await bench.change(0.0)
    await bench.clock.to(500.0)
    assert bench.times == [10, 60]
    await bench.change(50.0)
    await bench.clock.to(565.0)
    assert bench.times == [10, 60, 510, 560]
