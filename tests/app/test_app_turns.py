"""Long work gives way, and is charged for its own time only."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import pytest

from netwatch.app import turns
from netwatch.app.chores import OLDEST_SNAPSHOT, SNAPSHOT_SECONDS, SNAPSHOT_SHARE, pause_after
from netwatch.app.turns import gently, metered


def burn(seconds: float) -> None:
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


async def test_others_run_between_the_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "TURN_SECONDS", 0.0)
    order: list[str] = []

    def work() -> Iterator[None]:
        for number in range(3):
            order.append(f"work {number}")
            yield
        return "done"

    async def other() -> None:
        for number in range(3):
            order.append(f"other {number}")
            await asyncio.sleep(0)

    result, _ = await asyncio.gather(gently(work()), other())
    assert result == "done"
    assert order == ["work 0", "other 0", "work 1", "other 1", "work 2", "other 2"]


async def test_only_its_own_time_is_charged() -> None:
    async def work() -> str:
        burn(0.01)
        await asyncio.sleep(0)
        burn(0.01)
        return "done"

    async def other() -> None:
        burn(0.1)

    (result, spent), _ = await asyncio.gather(metered(work()), other())
    assert result == "done"
    assert 0.02 <= spent < 0.1


async def test_failures_and_cancellation_reach_the_work() -> None:
    async def fails() -> None:
        await asyncio.sleep(0)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        await metered(fails())
    told: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    task = asyncio.create_task(metered(waits()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]


def test_dear_snapshots_are_made_less_often() -> None:
    assert pause_after(0.0) == pause_after(SNAPSHOT_SECONDS * SNAPSHOT_SHARE) == SNAPSHOT_SECONDS
    assert pause_after(1.0) == 1.0 / SNAPSHOT_SHARE
    assert pause_after(1000.0) == OLDEST_SNAPSHOT
