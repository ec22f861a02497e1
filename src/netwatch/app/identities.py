"""Ids for what is seen for the first time, and how identities get to disk."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator

from netwatch.model import EntityId, IdentityJournal, IdentityRecord
from netwatch.state import State

__all__ = ["IdentityWriter", "ids"]

_TOGETHER = 20_000
"""Records of one transaction: each waits for the disk, and half a million are new at a large district's first
start."""


def ids(
    now: Callable[[], float] = time.time, random: Callable[[int], int] = secrets.randbits
) -> Iterator[EntityId]:
    """Ids of 80 bits: the millisecond, then random bits; each greater than the one before.

    Nothing is to be read out of an id. That it grows keeps what is new together on disk.
    """
    last = 0
    while True:
        last = max(last + 1, int(now() * 1000) << 32 | random(32))
        yield EntityId(f"{last:020x}")


class IdentityWriter:
    """Writes what is new in turns. What the disk refused is tried again the next time."""

    def __init__(self, state: State, journal: IdentityJournal) -> None:
        """`journal`: the state's own one."""
        self._state = state
        self._journal = journal
        self._pending: list[IdentityRecord] = []

    async def write(self) -> None:
        """Raises StoreError."""
        for records in self._state.unwritten():
            self._pending += records
            if len(self._pending) >= _TOGETHER:
                await self._save()
            else:
                await asyncio.sleep(0)
        if self._pending:
            await self._save()

    def finish(self) -> None:
        """Writes everything at once; for the end. Raises StoreError."""
        self._journal.save(self._pending)
        self._pending = []
        self._state.flush()

    async def _save(self) -> None:
        """Cancelled or not, what was begun is finished."""
        records, self._pending = sorted(self._pending, key=_id), []
        job = asyncio.ensure_future(asyncio.to_thread(self._journal.save, records))
        try:
            await asyncio.shield(job)
        except asyncio.CancelledError:
            await job
            raise
        finally:
            if job.cancelled() or job.exception() is not None:
                self._pending = records + self._pending


def _id(record: IdentityRecord) -> str:
    return record.id
