"""Writes the buckets that the recorder lets go of; what the disk refuses waits in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from typing import Protocol

import structlog

from netwatch.errors import StoreError
from netwatch.model import CounterBlock, GaugeBlock

__all__ = ["Recording"]

Block = GaugeBlock | CounterBlock

AT_ONCE = 1_000_000
"""Values that are handed to the disk at a time."""
MOST_KEPT = 10_000_000
"""Values that wait for a disk that takes nothing: 160 MB. Of more, the oldest are lost, and that is told."""


class History(Protocol):
    """Where buckets are kept: `netwatch.history.SegmentStore`."""

    def append_all(self, blocks: Iterable[Block]) -> None:
        """Durable when it returns; blocks that are there already may come again. Raises StoreError."""
        ...


class Recording:
    """The way of full buckets to the disk, in batches, one after the other."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._waiting: list[Block] = []
        """What the recorder let go of and the disk has not taken."""
        self._log = structlog.get_logger("netwatch")

    async def write(self, blocks: Iterator[Block]) -> int:
        """Writes what waited and what `blocks` gives, with pauses. Returns how many values became durable.

        Raises StoreError if the disk refuses: what was taken from `blocks` waits for the next call, the rest
        stays with whoever gives it. A cancelled call writes what it took before it ends.
        """
        written = 0
        size = sum(map(_values, self._waiting))
        try:
            for block in blocks:
                self._waiting.append(block)
                size += _values(block)
                await asyncio.sleep(0)
                if size >= AT_ONCE:
                    await self._append()
                    written, size = written + size, 0
            if self._waiting:
                await self._append()
        except StoreError:
            self._bound()
            raise
        except asyncio.CancelledError:
            self.close()
            raise
        return written + size

    def close(self) -> None:
        """Writes what waits, in the caller's thread. Raises StoreError."""
        if self._waiting:
            self._history.append_all(self._waiting)
            self._waiting = []

    async def _append(self) -> None:
        batch = self._waiting
        await asyncio.to_thread(self._history.append_all, batch)  # waits for the disk
        self._waiting = self._waiting[len(batch) :]

    def _bound(self) -> None:
        kept = sum(map(_values, self._waiting))
        lost = 0
        while kept - lost > MOST_KEPT:
            lost += _values(self._waiting.pop(0))
        if lost:
            self._log.error("history lost: the disk takes nothing", values=lost)


def _values(block: Block) -> int:
    return int(block.mean.size if isinstance(block, GaugeBlock) else block.increase.size)
