"""What is asked at each poll, and how the answer becomes an observation. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from netwatch.model import EntityId, Instant, Observation
from netwatch.profiles.compiled import Profile, Table
from netwatch.profiles.evaluate import Slots, Yield, evaluate
from netwatch.profiles.frame import DeviceFrame, Rows, Splitter, rows_of_document, rows_of_records
from netwatch.profiles.schema import TableMode, TableSource
from netwatch.profiles.values import Value

__all__ = ["EVIDENCE_OIDS", "Plan", "TablePlan", "plan_table"]

EVIDENCE_OIDS = (
    "1.3.6.1.2.1.1.3.0",  # sysUpTime, SNMPv2-MIB
    "1.3.6.1.6.3.10.2.1.2.0",  # snmpEngineBoots, SNMP-FRAMEWORK-MIB
    "1.3.6.1.6.3.10.2.1.3.0",  # snmpEngineTime
)

SLOW_INTERVAL = 86_400.0
"""Seconds between passes over a slow table that names no interval."""


@dataclass(frozen=True)
class TablePlan:
    """One table of one device, ready to be polled. Can be pickled."""

    name: str
    source: str
    """snmp, ssh or http-json."""
    mode: TableMode
    interval: float | None
    """Seconds; None: the target's own."""
    oids: tuple[str, ...]
    """snmp: exact OIDs to GET; may stand beside `roots`."""
    roots: tuple[str, ...]
    """snmp: subtrees to walk."""
    command: str
    path: str
    max_rows: int
    context: str = ""
    """snmp: context to ask in, e.g. a VLAN number."""
    table: Table | None = field(default=None, repr=False)
    profile: Profile | None = field(default=None, repr=False)
    static_rows: Mapping[str, Rows] = field(default_factory=dict, repr=False)
    """What discovery read and polling does not ask again, by table."""
    static_scalars: Mapping[str, Value] = field(default_factory=dict, repr=False)
    slots: Slots | None = field(default=None, repr=False)
    """Fixed tables: rows and keys as discovery settled them."""

    def observe(
        self, raw: Any, source: EntityId, at: Instant, interval: float, *, full: bool | None = None
    ) -> Observation:
        """The answer as an observation.

        `raw`: dict of OID to SnmpValue; list of dicts for ssh; a decoded document for http-json. With `full`
        (default: for tables that are not fixed) it tells of entities too.
        """
        assert self.table is not None
        assert self.profile is not None
        frame = self._frame(raw)
        if full is None:
            full = self.mode is not TableMode.FIXED
        slots = self.slots if self.mode is TableMode.FIXED else None
        result = evaluate(self.table, frame, slots=slots, full=full, max_rows=self.max_rows)
        return observation(self.name, result, source, at, interval, full)

    @cached_property
    def _splitter(self) -> Splitter:
        assert self.table is not None
        assert self.profile is not None
        names = {self.table.name, *(name for name, _ in self.table.references)}
        tables = (self.profile.tables[name] for name in names if name in self.profile.tables)
        return Splitter(tables, {name: scalar.oid for name, scalar in self.profile.scalars.items()})

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_splitter"}

    def _frame(self, raw: Any) -> DeviceFrame:
        assert self.table is not None
        assert self.profile is not None
        rows = {
            name: {index: dict(row) for index, row in kept.items()} for name, kept in self.static_rows.items()
        }
        scalars = dict(self.static_scalars)
        if self.source == TableSource.SNMP:
            self._splitter.split(raw, rows, scalars)
        elif self.source == TableSource.SSH:
            rows[self.table.name] = rows_of_records(self.table, raw)
        else:
            rows[self.table.name] = rows_of_document(self.table, raw)
        return DeviceFrame(self.profile, rows, scalars, self.context)


@dataclass(frozen=True)
class Plan:
    """All that is polled of one device."""

    profiles: tuple[str, ...]
    """What matched, the main one first, then what was attached."""
    tables: tuple[TablePlan, ...]
    evidence_oids: tuple[str, ...] = EVIDENCE_OIDS


def observation(
    name: str, result: Yield, source: EntityId, at: Instant, interval: float, full: bool
) -> Observation:
    return Observation(
        source=source,
        table=name,
        at=at,
        readings=tuple(result.readings),
        seen=tuple(result.seen),
        complete=full and not result.truncated,
        interval=interval,
        problems=tuple(result.problems),
    )


def plan_table(
    table: Table, profile: Profile, frame: DeviceFrame, slots: Slots, max_rows: int, context: str = ""
) -> TablePlan:
    """Settles what has to be asked for a table, after discovery has seen it."""
    foreign = list(_resolve(profile, table.references))
    foreign_polled = set(_resolve(profile, table.polled_references))
    oids: list[str] = []
    roots: list[str] = []
    static: dict[str, Rows] = {}
    if table.source is TableSource.SNMP:
        _own_columns(table, frame, slots, oids, roots, static)
        for name, alias in dict.fromkeys(foreign):
            _foreign_column(profile, frame, name, alias, (name, alias) in foreign_polled, oids, roots, static)
        needed = (
            name for name in sorted(table.polled) if name in profile.scalars and name not in table.columns
        )
        oids += [profile.scalars[name].oid for name in needed if not profile.scalars[name].static]
    interval = table.interval
    if interval is None and table.mode is TableMode.SLOW:
        interval = SLOW_INTERVAL
    return TablePlan(
        name=table.name if not context else f"{table.name}@{context}",
        source=table.source.value,
        mode=table.mode,
        interval=interval,
        oids=tuple(dict.fromkeys(oids)),
        roots=tuple(dict.fromkeys(roots)),
        command=table.command,
        path=table.path,
        max_rows=max_rows,
        context=context,
        table=table,
        profile=profile,
        static_rows=static,
        static_scalars={name: value for name, value in frame.scalars.items() if name in profile.scalars},
        slots=slots if table.mode is TableMode.FIXED else None,
    )


def _own_columns(
    table: Table, frame: DeviceFrame, slots: Slots, oids: list[str], roots: list[str], static: dict[str, Rows]
) -> None:
    raw = frame.raw.get(table.name, {})
    if table.mode is not TableMode.FIXED:
        roots += [column.at for column in table.columns.values()]
        return
    polled = {
        alias: column
        for alias, column in table.columns.items()
        if column.static is False or (alias in table.polled and not column.static)
    }
    kept: Rows = {}
    for index in slots:
        row = raw.get(index, {})
        kept[index] = {
            alias: value for alias, value in row.items() if alias not in polled and alias in table.columns
        }
        needed = _needed(table, row)
        oids += [
            f"{column.at}.{index}"
            for alias, column in polled.items()
            if alias in row and (alias in needed or column.static is False)
        ]
    static[table.name] = kept


def _needed(table: Table, row: Mapping[str, Value]) -> set[str]:
    """Columns that this row's values need: of `first(hc, c32)` only the one that the row has."""
    needed = {name for expression in table.let.values() for name in expression.names}
    rules = [value for entity in table.entities for value in entity.values]
    for rule in (*rules, *(sensor.value for sensor in table.sensors)):
        needed |= rule.value.needed(row)
        if rule.when is not None:
            needed |= rule.when.needed(row)
    return needed


def _foreign_column(
    profile: Profile,
    frame: DeviceFrame,
    name: str,
    alias: str,
    polled: bool,
    oids: list[str],
    roots: list[str],
    static: dict[str, Rows],
) -> None:
    """A column that an expression looks up in another table: kept, or asked along."""
    other = profile.tables[name]
    column, raw = other.columns[alias], frame.raw.get(name, {})
    if not polled or column.static or other.source is not TableSource.SNMP:
        kept = static.setdefault(name, {})
        for index, row in raw.items():
            if alias in row:
                kept.setdefault(index, {})[alias] = row[alias]
    elif other.mode is TableMode.FIXED:
        oids += [f"{column.at}.{index}" for index, row in raw.items() if alias in row]
    else:
        roots.append(column.at)


def _resolve(
    profile: Profile, references: Iterable[tuple[str, str]], depth: int = 0
) -> Iterable[tuple[str, str]]:
    """References to columns proper: definitions replaced by what they need, `any column` by the first."""
    for name, alias in references:
        table = profile.tables.get(name)
        if table is None or depth > 8:
            continue
        if not alias:
            yield from ((name, first) for first in list(table.columns)[:1])
        elif alias in table.let:
            expression = table.let[alias]
            own = ((name, used) for used in expression.names if used != alias)
            yield from _resolve(profile, (*own, *expression.references), depth + 1)
            if alias in table.columns:
                yield name, alias
        elif alias in table.columns:
            yield name, alias
