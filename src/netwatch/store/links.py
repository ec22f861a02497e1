"""Links as neighbours and forwarding tables told them: what is down when netwatch starts tells nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netwatch.model import EntityId
from netwatch.store.database import Database

__all__ = ["LinkTable", "StoredLink"]


class StoredLink(NamedTuple):
    """One adjacency."""

    sort: str
    """Who told it: `neighbour` or `bridge`."""
    one: EntityId
    other: EntityId
    one_device: EntityId
    other_device: EntityId
    told: float
    """Wall seconds, the last time."""
    detail: str = ""


class LinkTable:
    """Safe to use from a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def load(self, sort: str) -> list[StoredLink]:
        rows = self._database.rows(
            "SELECT sort, one, other, one_device, other_device, told, detail FROM kept_link WHERE sort = ?"
            " ORDER BY one, other, detail",
            (sort,),
        )
        return [
            StoredLink(found, EntityId(one), EntityId(other), EntityId(a), EntityId(b), told, detail)
            for found, one, other, a, b, told, detail in rows
        ]

    def save(self, links: Iterable[StoredLink], gone: Iterable[StoredLink] = ()) -> None:
        """Inserts or replaces `links`, after `gone` were forgotten, in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM kept_link WHERE sort = ? AND one = ? AND other = ? AND detail = ?",
                [(link.sort, link.one, link.other, link.detail) for link in gone],
            )
            connection.executemany("INSERT OR REPLACE INTO kept_link VALUES (?, ?, ?, ?, ?, ?, ?)", links)
