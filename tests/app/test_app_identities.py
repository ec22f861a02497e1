"""Identities get to disk once, in order, whatever fails or ends in between."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.app.identities import IdentityWriter, ids
from netwatch.errors import StoreError
from netwatch.model import EntityId, EntityKind, IdentityRecord


def record(name: str) -> IdentityRecord:
    return IdentityRecord(EntityId(name), EntityKind.INTERFACE, EntityId("d"), "natural", "name", (), 0.0)


class News:
    """A state that hands out each of its records once."""

    def __init__(self, *batches: str) -> None:
        self.batches = [[record(name) for name in batch] for batch in batches]
        self.flushed = False

    def unwritten(self) -> Iterator[list[IdentityRecord]]:
        while self.batches:
            yield self.batches.pop(0)

    def flush(self) -> int:
        self.flushed = True
        return 0


class Journal:
    def __init__(self) -> None:
        self.saved: list[str] = []
        self.full = False
        self.begun = asyncio.Event()
        self.go = threading.Event()
        self.go.set()
        self.loop = asyncio.get_running_loop()

    def load(self) -> list[IdentityRecord]:
        return []

    def save(self, records: Sequence[IdentityRecord]) -> None:
        self.loop.call_soon_threadsafe(self.begun.set)
        assert self.go.wait(30)
        if self.full:
            raise StoreError("the disk is full")
        self.saved += [one.id for one in records]


async def test_all_batches_are_one_transaction_in_the_order_of_ids() -> None:
    journal = Journal()
    await IdentityWriter(News("ca", "b"), journal).write()  # type: ignore[arg-type]
    assert journal.saved == ["a", "b", "c"]


async def test_what_the_disk_refused_is_written_the_next_time() -> None:
    journal, news = Journal(), News("a")
    writer = IdentityWriter(news, journal)  # type: ignore[arg-type]
    journal.full = True
    with pytest.raises(StoreError):
        await writer.write()
    journal.full, news.batches = False, [[record("b")]]
    await writer.write()
    assert journal.saved == ["a", "b"]


async def test_a_write_that_is_cancelled_ends_and_is_not_repeated() -> None:
    journal, news = Journal(), News("a")
    writer = IdentityWriter(news, journal)  # type: ignore[arg-type]
    journal.go.clear()
    task = asyncio.create_task(writer.write())
    await journal.begun.wait()
    task.cancel()
    await asyncio.sleep(0)
    assert not task.done()
    journal.go.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    writer.finish()
    assert journal.saved == ["a"]
    assert news.flushed


async def test_the_end_writes_what_was_gathered_or_refused() -> None:
    journal, news = Journal(), News("a")
    writer = IdentityWriter(news, journal)  # type: ignore[arg-type]
    journal.full = True
    with pytest.raises(StoreError):
        await writer.write()
    journal.full = False
    writer.finish()
    assert journal.saved == ["a"]


@given(st.lists(st.tuples(st.floats(0, 4e9), st.integers(0, 2**32 - 1)), min_size=1))
def test_ids_grow_whatever_the_clock_does(moments: list[tuple[float, int]]) -> None:
    times, numbers = iter([when for when, _ in moments]), iter([number for _, number in moments])
    source = ids(lambda: next(times), lambda _: next(numbers))
    made = [next(source) for _ in moments]
    assert made == sorted(set(made))
    assert {len(one) for one in made} == {20}
