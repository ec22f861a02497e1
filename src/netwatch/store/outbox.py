"""Notifications on their way: accepted, therefore to be delivered, whatever is killed in between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from sqlite3 import Connection

from netwatch.errors import StoreError
from netwatch.store.database import Database

__all__ = ["OutboxEntry", "OutboxTable"]


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """One message to one channel."""

    number: int
    """Grows in the order of acceptance."""
    channel: str
    key: str
    """Deduplication key: a channel is given each key once."""
    body: str
    created: float
    """Wall seconds."""
    attempts: int
    next_attempt: float
    """Wall seconds before which it should not be tried again."""
    error: str
    """Of the last attempt; without secrets."""


class OutboxTable:
    """A durable, ordered queue per channel."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, messages: Sequence[tuple[str, str, str]], at: float) -> int:
        """Accepts (channel, key, body) messages, all or none. Returns how many were new.

        A key that its channel already had is left out, delivered or not.
        """
        if not messages:
            return 0

        def write(connection: Connection) -> int:
            new = 0
            for channel, key, body in messages:
                new += connection.execute(
                    "INSERT OR IGNORE INTO outbox (channel, key, body, created, next_attempt)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (channel, key, body, at, at),
                ).rowcount
            return new

        return self._database.persist(write)

    def waiting(self, channel: str, limit: int = 100) -> list[OutboxEntry]:
        """What the channel has not taken yet, in order of acceptance."""
        rows = self._database.rows(
            "SELECT number, channel, key, body, created, attempts, next_attempt, error FROM outbox"
            " WHERE channel = ? AND done IS NULL ORDER BY number LIMIT ?",
            (channel, limit),
        )
        return [OutboxEntry(*row) for row in rows]

    def finished(self, channel: str) -> list[OutboxEntry]:
        """What the channel has taken or refused and what is not forgotten yet, in order of acceptance."""
        rows = self._database.rows(
            "SELECT number, channel, key, body, created, attempts, next_attempt, error FROM outbox"
            " WHERE channel = ? AND done IS NOT NULL ORDER BY number",
            (channel,),
        )
        return [OutboxEntry(*row) for row in rows]

    def delete(self, numbers: Sequence[int]) -> None:
        """Forgets these, and their keys with them."""
        self._database.write_many("DELETE FROM outbox WHERE number = ?", [(number,) for number in numbers])

    def depths(self) -> dict[str, int]:
        """How many messages wait, by channel; channels without any are left out."""
        rows = self._database.rows("SELECT channel, count(*) FROM outbox WHERE done IS NULL GROUP BY channel")
        return dict(rows)

    def oldest(self) -> dict[str, float]:
        """Wall seconds at which the oldest waiting message was accepted, by channel; others are left out."""
        rows = self._database.rows(
            "SELECT channel, min(created) FROM outbox WHERE done IS NULL GROUP BY channel"
        )
        return dict(rows)

    def last_taken(self) -> dict[str, float]:
        """Wall seconds at which the last message was taken, by channel, as far as they are remembered."""
        rows = self._database.rows(
            "SELECT channel, max(done) FROM outbox WHERE done IS NOT NULL AND error = '' GROUP BY channel"
        )
        return dict(rows)

    def find(self, channel: str, prefix: str) -> list[tuple[OutboxEntry, float | None]]:
        """Messages of a channel whose keys begin like this, in order, with wall seconds of their end (None
        while they wait)."""
        rows = self._database.rows(
            "SELECT number, channel, key, body, created, attempts, next_attempt, error, done FROM outbox"
            " WHERE channel = ? AND substr(key, 1, ?) = ? ORDER BY number",
            (channel, len(prefix), prefix),
        )
        return [(OutboxEntry(*row[:-1]), row[-1]) for row in rows]

    def has(self, channel: str, key: str) -> bool:
        """True if that key was ever accepted for that channel and is not forgotten yet."""
        return bool(self._database.rows("SELECT 1 FROM outbox WHERE channel = ? AND key = ?", (channel, key)))

    def done(self, numbers: Sequence[int], at: float, error: str = "") -> None:
        """These need no further attempt: taken, or (with `error`) refused for good."""
        self._database.persist_many(
            "UPDATE outbox SET done = ?, attempts = attempts + 1, error = ?"
            " WHERE number = ? AND done IS NULL",
            [(at, error, number) for number in numbers],
        )

    def failed(self, numbers: Sequence[int], next_attempt: float, error: str) -> None:
        """Counts an attempt that the channel did not take. They keep their places."""
        self._database.persist_many(
            "UPDATE outbox SET attempts = attempts + 1, next_attempt = ?, error = ?"
            " WHERE number = ? AND done IS NULL",
            [(next_attempt, error, number) for number in numbers],
        )

    def discard(self, channel: str) -> int:
        """Deletes what waits for a channel that is no more. Returns how many."""
        if not channel:
            raise StoreError("a channel has a name")
        with self._database.transaction() as connection:
            return connection.execute(
                "DELETE FROM outbox WHERE channel = ? AND done IS NULL", (channel,)
            ).rowcount
