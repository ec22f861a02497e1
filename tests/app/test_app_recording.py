"""What the recorder let go of reaches the disk: when netwatch stops, and after the disk was full."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import netwatch.app.recording as module
from netwatch.app.recording import Block, Recording
from netwatch.errors import StoreError
from netwatch.model import EntityId, GaugeBlock


def block(number: int, series: int = 3) -> GaugeBlock:
    values = np.zeros((series, 1))
    return GaugeBlock(
        "f", (EntityId("e"),) * series, ((),) * series, number * 300, 300, values, values, values
    )


class Disk:
    """Takes batches, but the ones whose number it is told to refuse; half of a refused one is on it."""

    def __init__(self, refuse: Iterable[int] = ()) -> None:
        self.refuse = set(refuse)
        self.calls = 0
        self.held: dict[int, GaugeBlock] = {}

    def append_all(self, blocks: Iterable[Block]) -> None:
        blocks, self.calls = list(blocks), self.calls + 1
        full = self.calls - 1 in self.refuse
        for one in blocks[: len(blocks) // 2] if full else blocks:
            assert isinstance(one, GaugeBlock)
            self.held[one.start // 300] = one
        if full:
            raise StoreError("No space left on device")


@given(st.lists(st.integers(0, 6), max_size=6), st.sets(st.integers(0, 8)), st.integers(1, 10))
def test_whatever_the_disk_refuses_is_there_in_the_end(rounds, refuse, at_once) -> None:
    disk, number, written = Disk(refuse), 0, 0
    recording = Recording(disk)

    async def run() -> None:
        nonlocal number, written
        for size in [*rounds, *([0] * 10)]:
            blocks = iter([block(number + n) for n in range(size)])
            while True:  # what a refused round left stays with the recorder
                try:
                    written += await recording.write(blocks)
                    break
                except StoreError:
                    continue
            number += size

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "AT_ONCE", at_once)
        asyncio.run(run())
    assert sorted(disk.held) == list(range(number))
    assert written <= number * 3


async def test_a_disk_that_takes_nothing_costs_no_more_memory_than_said(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_KEPT", 30)
    recording = Recording(disk := Disk(range(20)))
    for number in range(20):
        with pytest.raises(StoreError):
            await recording.write(iter([block(number)]))
    await recording.write(iter([]))
    assert sorted(disk.held) == list(range(10, 20)) or set(range(10, 20)) <= set(disk.held)
    assert len(recording._waiting) == 0


async def test_blocks_that_are_under_way_when_netwatch_stops_reach_the_disk() -> None:
    disk = Disk()
    recording = Recording(disk)
    task = asyncio.create_task(recording.write(iter([block(number) for number in range(3)])))
    for _ in range(2):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(disk.held) == [0, 1]
