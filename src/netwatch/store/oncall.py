"""Who stands in for whom, and who was on call when somebody looked last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from netwatch.store.database import Database

__all__ = ["OnCallTable", "StoredSwap"]


class StoredSwap(NamedTuple):
    """Times: wall seconds."""

    id: str
    rota: str
    person: str
    starts: float
    ends: float
    by: str
    made: float


class OnCallTable:
    """What people do to rotas while netwatch runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def swaps(self, after: float) -> list[StoredSwap]:
        """Those that nobody took back and that end later than that wall second, as they were made."""
        rows = self._database.rows(
            "SELECT id, rota, person, starts, ends, made_by, made FROM on_call_swap"
            " WHERE ended IS NULL AND ends > ? ORDER BY made, id",
            (after,),
        )
        return [StoredSwap(*row) for row in rows]

    def add_swap(self, swap: StoredSwap) -> None:
        """Raises StoreError if the id is taken."""
        self._database.write_many("INSERT INTO on_call_swap VALUES (?, ?, ?, ?, ?, ?, ?, NULL)", [swap])

    def end_swap(self, swap_id: str, at: float) -> bool:
        """Takes one back; whether there was one."""
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE on_call_swap SET ended = ? WHERE id = ? AND ended IS NULL", (at, swap_id)
                ).rowcount
            )

    def on_call(self) -> dict[str, str]:
        """Who was on call, by rota, as `handed_over` said last."""
        return dict(self._database.rows("SELECT rota, person FROM handover"))

    def handed_over(self, people: Iterable[tuple[str, str, float]]) -> None:
        """(rota, person, wall seconds)."""
        self._database.write_many("INSERT OR REPLACE INTO handover VALUES (?, ?, ?)", people)

    def forget(self, before: float) -> None:
        """Deletes swaps that were over before that wall second."""
        self._database.write_many("DELETE FROM on_call_swap WHERE ends < ?", [(before,)])
