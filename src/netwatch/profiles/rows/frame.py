"""Rows of tables as expressions see them, from whatever a source answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from netwatch.profiles.language.expression import Scope
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.profile import Profile, Table
from netwatch.profiles.written.schema import TableSource

__all__ = [
    "DeviceFrame",
    "Rows",
    "Splitter",
    "in_order",
    "rows_of_records",
]

Rows = dict[str, dict[str, Value]]
"""Index -> column -> value."""


class DeviceFrame:
    """All that is known of one device in one pass. Implements expression.Frame."""

    def __init__(
        self, profile: Profile, rows: dict[str, Rows], scalars: dict[str, Value], context: str = ""
    ) -> None:
        self.profile = profile
        self.raw = rows
        self._scalars = scalars
        if context:
            self._scalars = scalars | {"context": context}
        self._cache: dict[Any, Any] = {}
        self._ready: dict[str, Rows] = {}

    @property
    def scalars(self) -> Mapping[str, Value]:
        return self._scalars

    @property
    def enums(self) -> Mapping[str, Mapping[Any, str]]:
        return self.profile.enums

    @property
    def cache(self) -> dict[Any, Any]:
        return self._cache

    def rows(self, table: str) -> Mapping[str, Mapping[str, Value]]:
        ready = self._ready.get(table)
        if ready is None:
            # Set first: a look-up that comes back to this table sees its plain columns and ends there.
            ready = self._ready[table] = in_order(self.raw.get(table, {}))
            known = self.profile.tables.get(table)
            if known is not None and known.let:
                ready = self._ready[table] = {index: dict(row) for index, row in ready.items()}
                for index, row in ready.items():
                    scope = Scope(row, index, self)
                    for name, expression in known.let.items():
                        row[name] = expression(scope)
        return ready


def in_order(rows: Rows) -> Rows:
    """Rows by the numbers of their indexes."""
    if len(rows) < 2:
        return rows
    return {index: rows[index] for index in sorted(rows, key=_arcs)}


def _arcs(index: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(arc), "") if arc.isdecimal() else (1 << 40, arc) for arc in index.split("."))


class Splitter:
    """Sorts OIDs into tables, columns and rows."""

    def __init__(self, tables: Iterable[Table], scalars: Mapping[str, str]) -> None:
        """`scalars`: name -> OID."""
        self._columns: dict[str, list[tuple[str, str]]] = {}
        for table in tables:
            if table.source is TableSource.SNMP:
                for alias, column in table.columns.items():
                    self._columns.setdefault(column.at, []).append((table.name, alias))
        self._lengths = sorted({len(root) for root in self._columns})
        self._scalars: dict[str, list[str]] = {}
        for name, oid in scalars.items():
            self._scalars.setdefault(oid, []).append(name)

    def places(self, oid: str) -> tuple[list[tuple[str, str, str]], Sequence[str]]:
        """Where one OID belongs: (table, index, column) of cells, and scalars."""
        cells: list[tuple[str, str, str]] = []
        root, _, index = oid.rpartition(".")
        found = self._columns.get(root)
        if found is not None:
            cells = [(table, index, alias) for table, alias in found]
        else:
            for length in self._lengths:
                if oid[length : length + 1] == ".":
                    index = oid[length + 1 :]
                    cells += [(table, index, alias) for table, alias in self._columns.get(oid[:length], ())]
        return cells, self._scalars.get(oid, ())

    def split(self, raw: Mapping[str, Value], rows: dict[str, Rows], scalars: dict[str, Value]) -> None:
        """Adds to `rows` and `scalars`. NULL counts as not answered."""
        for oid, value in raw.items():
            if value is None:
                continue
            for name in self._scalars.get(oid, ()):
                scalars[name] = value
            root, _, index = oid.rpartition(".")
            found = self._columns.get(root)  # most indexes have one arc
            if found is not None:
                for table, alias in found:
                    rows.setdefault(table, {}).setdefault(index, {})[alias] = value
                continue
            for length in self._lengths:
                if oid[length : length + 1] == ".":
                    for table, alias in self._columns.get(oid[:length], ()):
                        rows.setdefault(table, {}).setdefault(oid[length + 1 :], {})[alias] = value


def rows_of_records(table: Table, records: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows of parsed command output (textfsm). A list becomes text with blanks between."""
    rows: Rows = {}
    for position, record in enumerate(records):
        row: dict[str, Value] = {}
        for alias, column in table.columns.items():
            value = record.get(column.at, record.get(column.at.lower()))
            if value is not None and value != "" and value != []:
                row[alias] = " ".join(map(str, value)) if isinstance(value, list) else str(value)
        rows[str(position)] = row
    return rows
