"""An outbox that goes on when the store can't: what it can't take or can't be told of is kept in memory.

The store's outbox is the promise. Where it fails (the disk is full, the reserve is gone, the file system went
read-only) a page still has to go out, so it waits and is delivered from memory until the store takes it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Protocol

from netwatch.errors import StoreError
from netwatch.store import OutboxEntry

__all__ = ["Outbox", "SteadyOutbox"]


class Outbox(Protocol):
    """What the dispatcher needs of the store's outbox."""

    def put(self, messages: Sequence[tuple[str, str, str]], at: float) -> int: ...

    def waiting(self, channel: str, limit: int = 100) -> list[OutboxEntry]: ...

    def finished(self, channel: str) -> list[OutboxEntry]: ...

    def find(self, channel: str, prefix: str) -> list[tuple[OutboxEntry, float | None]]: ...

    def has(self, channel: str, key: str) -> bool: ...

    def done(self, numbers: Sequence[int], at: float, error: str = "") -> None: ...

    def failed(self, numbers: Sequence[int], next_attempt: float, error: str) -> None: ...

    def delete(self, numbers: Sequence[int]) -> None: ...


class SteadyOutbox:
    """An Outbox whose `waiting`, `has`, `done` and `failed` never fail. In memory, numbers are below 0."""

    def __init__(self, store: Outbox) -> None:
        self._store = store
        self._holding = False
        self._numbers = count(1)
        self._held: dict[tuple[str, str], OutboxEntry] = {}
        """Waiting, by channel and key, in order of acceptance."""
        self._keys: dict[int, tuple[str, str]] = {}
        self._ended: dict[tuple[str, str], tuple[float, str]] = {}
        """Came to an end in memory: when, and with which error. Until the store has them as well."""
        self._settled: dict[int, tuple[float, str]] = {}
        """Entries of the store that need no further attempt, although it could not be told."""
        self._postponed: dict[int, tuple[int, float, str]] = {}
        """Entries of the store whose failed attempts it could not be told of: how many, until when, why."""
        self.problem = ""
        """Why the store could not be used last; empty once it could."""

    @contextlib.contextmanager
    def in_memory(self) -> Iterator[None]:
        """What is put within waits in memory."""
        self._holding = True
        try:
            yield
        finally:
            self._holding = False

    def recovered(self) -> None:
        """The store was written by somebody who waited for it."""
        if not self._settled:
            self.problem = ""

    def in_memory_count(self) -> int:
        """Messages that a crash would lose, or send once more."""
        return len(self._held) + len(self._ended) + len(self._settled)

    def held(self) -> dict[str, tuple[int, float]]:
        """How many messages wait in memory and since when (wall seconds) the oldest does, by channel."""
        out: dict[str, tuple[int, float]] = {}
        for entry in self._held.values():
            number, since = out.get(entry.channel, (0, entry.created))
            out[entry.channel] = number + 1, min(since, entry.created)
        return out

    def put(self, messages: Sequence[tuple[str, str, str]], at: float) -> int:
        """Raises StoreError outside `in_memory`."""
        if not self._holding:
            return self._store.put(messages, at)
        new = 0
        for channel, key, body in messages:
            if self.has(channel, key):
                continue
            number = -next(self._numbers)
            self._held[channel, key] = OutboxEntry(number, channel, key, body, at, 0, at, "")
            self._keys[number] = channel, key
            new += 1
        return new

    def waiting(self, channel: str, limit: int = 100) -> list[OutboxEntry]:
        """What the store has comes first: it was accepted first."""
        self._tell_store()
        try:
            rows = self._store.waiting(channel, limit + len(self._settled))
        except StoreError as error:
            self.problem, rows = str(error), []
        out = []
        for row in rows:
            mine = (row.channel, row.key)
            self._drop(mine)  # the store has it meanwhile
            if mine in self._ended:
                self._settled[row.number] = self._ended.pop(mine)
            if row.number in self._settled:
                continue
            if row.number in self._postponed:
                attempts, until, reason = self._postponed[row.number]
                row = replace(row, attempts=row.attempts + attempts, next_attempt=until, error=reason)
            out.append(row)
        out += [entry for entry in self._held.values() if entry.channel == channel]
        return out[:limit]

    def finished(self, channel: str) -> list[OutboxEntry]:
        """Raises StoreError."""
        return self._store.finished(channel)

    def find(self, channel: str, prefix: str) -> list[tuple[OutboxEntry, float | None]]:
        """Raises StoreError."""
        return self._store.find(channel, prefix)

    def has(self, channel: str, key: str) -> bool:
        if (channel, key) in self._held or (channel, key) in self._ended:
            return True
        try:
            return self._store.has(channel, key)
        except StoreError as error:
            self.problem = str(error)
            return False

    def done(self, numbers: Sequence[int], at: float, error: str = "") -> None:
        for number in numbers:
            if number > 0:
                self._settled[number] = at, error
                self._postponed.pop(number, None)
            elif (mine := self._keys.pop(number, None)) is not None:
                self._drop(mine)
                self._ended[mine] = at, error  # the store takes it later, and must not send it then
        self._tell_store()

    def failed(self, numbers: Sequence[int], next_attempt: float, error: str) -> None:
        mine = [number for number in numbers if number > 0]
        try:
            if mine:
                self._store.failed(mine, next_attempt, error)
        except StoreError as problem:
            self.problem = str(problem)
            for number in mine:
                attempts = self._postponed.get(number, (0, 0.0, ""))[0] + 1
                self._postponed[number] = attempts, next_attempt, error
        else:
            for number in mine:
                self._postponed.pop(number, None)
        for number in numbers:
            key = self._keys.get(number)
            if key is not None and (entry := self._held.get(key)) is not None:
                tries = entry.attempts + 1
                self._held[key] = replace(entry, attempts=tries, next_attempt=next_attempt, error=error)

    def delete(self, numbers: Sequence[int]) -> None:
        """Raises StoreError."""
        self._store.delete(numbers)

    def _drop(self, mine: tuple[str, str]) -> None:
        """It waits in memory no more. Its number stays known: its delivery may be under way."""
        self._held.pop(mine, None)

    def _tell_store(self) -> None:
        """What it could not be told of before."""
        by_end: dict[tuple[float, str], list[int]] = {}
        for number, end in self._settled.items():
            by_end.setdefault(end, []).append(number)
        try:
            for (at, error), numbers in by_end.items():
                self._store.done(numbers, at, error)
                for number in numbers:
                    del self._settled[number]
        except StoreError as problem:
            self.problem = str(problem)
        else:
            if by_end:
                self.problem = ""
