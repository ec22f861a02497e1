"""What makes a restart cheap: plans of devices, and what was learnt of their agents. Losing it costs a
discovery, no data."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from netwatch.model import EntityId
from netwatch.store.database import Database

__all__ = ["RestartTable", "StoredPlan"]

_SLICE = 500


class StoredPlan(NamedTuple):
    """A compiled plan as its maker writes it."""

    device: EntityId
    digest: str
    """Of the profiles that it was made with."""
    body: bytes


class RestartTable:
    """By device. Safe to use from a thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def save_plans(self, plans: Sequence[StoredPlan]) -> None:
        """Inserts or replaces, all in one transaction."""
        if plans:
            self._database.write_many("INSERT OR REPLACE INTO plan VALUES (?, ?, ?)", plans)

    def plans(self, digest: str) -> Iterator[StoredPlan]:
        """Plans made with these profiles, a few hundred at a time, in order of device."""
        after = ""
        while True:
            rows = self._database.rows(
                "SELECT device, digest, body FROM plan WHERE device > ? AND digest = ?"
                " ORDER BY device LIMIT ?",
                (after, digest, _SLICE),
            )
            for device, found, body in rows:
                yield StoredPlan(EntityId(device), found, body)
            if len(rows) < _SLICE:
                return
            after = rows[-1][0]

    def save_learnt(self, learnt: Mapping[EntityId, Mapping[str, Any]]) -> None:
        """Inserts or replaces JSON objects; an empty one is forgotten. All in one transaction."""
        if not learnt:
            return
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO learnt VALUES (?, ?)",
                [
                    (device, json.dumps(body, separators=(",", ":")))
                    for device, body in learnt.items()
                    if body
                ],
            )
            connection.executemany(
                "DELETE FROM learnt WHERE device = ?",
                [(device,) for device, body in learnt.items() if not body],
            )

    def learnt(self) -> dict[EntityId, dict[str, Any]]:
        rows = self._database.rows("SELECT device, body FROM learnt")
        return {EntityId(device): json.loads(body) for device, body in rows}

    def forget(self, devices: Collection[EntityId]) -> None:
        """Of devices that are polled no longer."""
        if not devices:
            return
        with self._database.transaction() as connection:
            for table in ("plan", "learnt"):
                connection.executemany(
                    f"DELETE FROM {table} WHERE device = ?",  # noqa: S608 - one of two names
                    [(device,) for device in devices],
                )

    def devices(self) -> set[EntityId]:
        """Everything of which something is kept."""
        rows = self._database.rows("SELECT device FROM plan UNION SELECT device FROM learnt")
        return {EntityId(device) for (device,) in rows}
