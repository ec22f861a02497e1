"""Tables of an agent over SNMP: columns put together to rows, each walked once whatever tables name it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from netwatch.model import SnmpValue
from netwatch.profiles import Rows, Table, TableSource
from netwatch.wire import SnmpSession, WalksMany

__all__ = ["SnmpTables", "walk_many"]

WORTH_A_LOOK = 3
"""Columns of one entry from which on it pays to ask first if there is anything: most tables are not there."""


class SnmpTables:
    """Of one agent, or one context of it."""

    def __init__(self, session: SnmpSession) -> None:
        self._session = session
        self._walked: dict[str, dict[str, SnmpValue]] = {}
        """By column."""
        self._there: dict[str, bool] = {}
        """Entries of tables: does the device have anything of them?"""

    async def look(self, tables: Iterable[Table]) -> None:
        """Asks of many tables at once whether the device has anything of them: mostly it has not.

        Raises WireError; then nothing is known and `rows` finds out for each.
        """
        if not isinstance(self._session, WalksMany):
            return
        columns = (
            column
            for table in tables
            if table.source is TableSource.SNMP
            for column in table.columns.values()
        )
        entries = sorted({_entry_of(column.at) for column in columns} - self._there.keys())
        found = await self._session.walk_many(entries, limit=1)
        self._there |= {entry: bool(below) for entry, below in found.items()}

    async def rows(self, table: Table, limit: int) -> Rows:
        """By index; one more than `limit` shows that there are too many. Raises WireError."""
        await self._walk(table, limit + 1)
        rows: Rows = {}
        for alias, column in table.columns.items():
            start = len(column.at) + 1
            for oid, value in self._walked.get(column.at, {}).items():
                if value is not None and len(oid) > start:
                    rows.setdefault(oid[start:], {})[alias] = value
        return rows

    async def _walk(self, table: Table, limit: int) -> None:
        session, there = self._session, self._there
        entries = Counter(_entry_of(column.at) for column in table.columns.values())
        wanted = [
            column.at
            for column in table.columns.values()
            if there.get(_entry_of(column.at), True) and column.at not in self._walked
        ]
        for entry in dict.fromkeys(map(_entry_of, wanted)):
            columns = [at for at in dict.fromkeys(wanted) if _entry_of(at) == entry]
            if not isinstance(session, WalksMany) and entries[entry] >= WORTH_A_LOOK and entry not in there:
                there[entry] = bool(await session.walk(entry, limit=1))
            if there.get(entry, True):
                self._walked |= await walk_many(session, columns, limit)


async def walk_many(
    session: SnmpSession, roots: Sequence[str], limit: int
) -> dict[str, dict[str, SnmpValue]]:
    """Subtrees side by side where the session can do that. Raises WireError."""
    if isinstance(session, WalksMany):
        return await session.walk_many(roots, limit=limit)
    return {root: await session.walk(root, limit=limit) for root in roots}


def _entry_of(column: str) -> str:
    return column.rpartition(".")[0]
