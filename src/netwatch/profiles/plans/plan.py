"""What is asked at each poll, and how the answer becomes an observation. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Any

from netwatch.model import EntityId, HttpRequest, Instant, Observation
from netwatch.profiles.blocks.compiler import compile_blocks
from netwatch.profiles.blocks.reader import BlockReader
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.pool import PlanPool
from netwatch.profiles.ready.profile import Profile, Table
from netwatch.profiles.rows.again import RowCache, evaluate_again, may_repeat
from netwatch.profiles.rows.evaluate import Slots, Yield, evaluate
from netwatch.profiles.rows.frame import DeviceFrame, Rows, Splitter, rows_of_records
from netwatch.profiles.rows.json_rows import rows_of_document
from netwatch.profiles.rows.label_budget import LabelBudget
from netwatch.profiles.rows.needs import resolve_references, rule_names, splitter_of
from netwatch.profiles.rows.settled import Settled, pack, unpack
from netwatch.profiles.written.schema import TableMode, TableSource

__all__ = ["EVIDENCE_OIDS", "Plan", "TablePlan", "link_table", "observation", "plan_table"]

EVIDENCE_OIDS = (
    "1.3.6.1.2.1.1.3.0",  # sysUpTime, SNMPv2-MIB
    "1.3.6.1.6.3.10.2.1.2.0",  # snmpEngineBoots, SNMP-FRAMEWORK-MIB
    "1.3.6.1.6.3.10.2.1.3.0",  # snmpEngineTime
)

_ROWS, _LABELS = "rows", "labels"
SLOW_INTERVAL = 86_400.0
"""Seconds between passes over a slow table that names no interval."""


@dataclass(frozen=True, eq=False)
class TablePlan:
    """One table of one device, ready to be polled; devices of one build share it. Can be pickled.

    It holds no more than it needs: what discovery settled is packed until something is made of it.
    """

    name: str
    table: Table = field(repr=False)
    profile: Profile = field(repr=False)
    interval: float | None
    """Seconds; None: the target's own."""
    max_rows: int
    packed: bytes = field(repr=False)
    """netwatch.profiles.rows.settled.Settled."""
    roots: tuple[str, ...] = ()
    """snmp: subtrees to walk."""
    context: str = ""
    """snmp: context to ask in, e.g. a VLAN number."""
    pool: PlanPool | None = field(default=None, repr=False)

    @property
    def source(self) -> str:
        """snmp, ssh or http-json."""
        return self.table.source.value

    @property
    def mode(self) -> TableMode:
        return self.table.mode

    @property
    def command(self) -> str:
        return self.table.command

    @property
    def request(self) -> HttpRequest | None:
        """http-json: what to ask for."""
        return self._request(self.table)

    @cached_property
    def joins(self) -> tuple[tuple[str, HttpRequest], ...]:
        """http-json: (table, what to ask for) of the tables that this one looks into; of a slow one what
        discovery read is good enough."""
        if self.source != TableSource.HTTP_JSON:
            return ()
        names = dict.fromkeys(name for name, _ in resolve_references(self.profile, self.table.references))
        found = ((name, self.profile.tables[name]) for name in names if name != self.table.name)
        wanted = ((name, self._request(other)) for name, other in found if not kept_from_discovery(other))
        return tuple((name, request) for name, request in wanted if request is not None)

    def _request(self, table: Table) -> HttpRequest | None:
        return self.profile.request(table) if table.source is TableSource.HTTP_JSON else None

    @property
    def oids(self) -> tuple[str, ...]:
        """snmp: exact OIDs to GET; may stand beside `roots`. Unpacked at each call."""
        return unpack(self.packed).oids

    @cached_property
    def blocks(self) -> BlockReader | None:
        """Makes blocks of what exact OIDs answer; None where a table has to be observed instead: it is no
        fixed one, or is walked too, or its labels change from poll to poll."""
        if self.mode is not TableMode.FIXED or self.source != TableSource.SNMP or self.roots:
            return None
        pool = self.pool or PlanPool()
        return compile_blocks(self.name, self.table, self.profile, unpack(self.packed), self.context, pool)

    def observe(
        self,
        raw: Any,
        source: EntityId,
        at: Instant,
        interval: float,
        *,
        full: bool | None = None,
        memory: dict[str, Any] | None = None,
        others: Mapping[str, Any] = {},
    ) -> Observation:
        """The answer as an observation.

        `raw`: dict of OID to SnmpValue; list of dicts for ssh; a decoded document for http-json, and in
        `others` those of the tables in `joins`. With `full`
        (default: for tables that are not fixed) it tells of entities too. `memory`, empty at first, is to be
        handed in again at the device's next pass: rows that have not changed cost next to nothing then, and
        give the very same objects; labels of all passes together have one budget.
        """
        budget = LabelBudget() if memory is None else memory.setdefault(_LABELS, LabelBudget())
        if memory is not None and full is None and (result := self._observe_again(raw, memory)) is not None:
            budget.apply(self.table, result)
            return observation(self.name, result, source, at, interval, True)
        frame = self._frame(raw, others)
        if full is None:
            full = self.mode is not TableMode.FIXED
        slots = self._settled.slots if self.mode is TableMode.FIXED else None
        result = evaluate(self.table, frame, slots=slots, full=full, max_rows=self.max_rows)
        budget.apply(self.table, result)
        return observation(self.name, result, source, at, interval, full)

    def _observe_again(self, raw: Any, memory: dict[str, Any]) -> Yield | None:
        if self.source != TableSource.SNMP or self.mode is not TableMode.CHURNING:
            return None
        cache = memory.get(_ROWS)
        if cache is None:
            cache = memory[_ROWS] = RowCache(off=not may_repeat(self.table, self._settled))
        return evaluate_again(
            self.table,
            self.profile,
            self._settled,
            self.context,
            self._splitter,
            raw,
            cache,
            self.max_rows,
        )

    @cached_property
    def _settled(self) -> Settled:
        """Kept by tables that are observed."""
        return replace(unpack(self.packed), oids=())

    @cached_property
    def _splitter(self) -> Splitter:
        return splitter_of(self.table, self.profile)

    def __getstate__(self) -> dict[str, Any]:
        names = (one.name for one in fields(self) if one.name != "pool")
        return {name: self.__dict__[name] for name in names} | {"pool": None}

    def _frame(self, raw: Any, others: Mapping[str, Any]) -> DeviceFrame:
        settled = self._settled
        rows = {
            name: {index: dict(row) for index, row in kept.items()} for name, kept in settled.rows.items()
        }
        scalars = dict(settled.scalars)
        if self.source == TableSource.SNMP:
            self._splitter.split(raw, rows, scalars)
        elif self.source == TableSource.SSH:
            rows[self.table.name] = rows_of_records(self.table, raw)
        else:
            rows[self.table.name] = rows_of_document(self.table, raw)
            for name, document in others.items():
                rows[name] = rows_of_document(self.profile.tables[name], document)
        return DeviceFrame(self.profile, rows, scalars, self.context)


@dataclass(frozen=True)
class Plan:
    """All that is polled of one device."""

    profiles: tuple[str, ...]
    """What matched, the main one first, then what was attached."""
    tables: tuple[TablePlan, ...]
    evidence_oids: tuple[str, ...] = EVIDENCE_OIDS
    digest: str = ""
    """Of the profiles that it was made with: ProfileSet.digest."""


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
    table: Table,
    profile: Profile,
    frame: DeviceFrame,
    slots: Slots,
    max_rows: int,
    context: str = "",
    pool: PlanPool | None = None,
) -> TablePlan:
    """Settles what has to be asked for a table, after discovery has seen it. With a pool, devices that come
    to the same share it."""
    fixed = table.mode is TableMode.FIXED
    kept = rule_names(table) if fixed else None
    references = table.references if kept is None else kept.references
    foreign = list(resolve_references(profile, references))
    foreign_polled = set(resolve_references(profile, table.polled_references))
    oids: list[str] = []
    roots: list[str] = []
    static: dict[str, Rows] = {}
    if table.source is TableSource.SNMP:
        _own_columns(table, frame, slots, oids, roots, static, None if kept is None else kept.names)
        for name, alias in dict.fromkeys(foreign):
            _foreign_column(profile, frame, name, alias, (name, alias) in foreign_polled, oids, roots, static)
        needed = (
            name for name in sorted(table.polled) if name in profile.scalars and name not in table.columns
        )
        oids += [profile.scalars[name].oid for name in needed if not profile.scalars[name].static]
    elif table.source is TableSource.HTTP_JSON:
        for name, alias in dict.fromkeys(foreign):
            if name != table.name and kept_from_discovery(profile.tables[name]):
                _keep(frame, name, alias, static)
    used = None if kept is None else kept.names | _names_behind(profile, foreign)
    scalars = {
        name: value
        for name, value in frame.scalars.items()
        if name in profile.scalars and (used is None or name in used)
    }
    packed = pack(Settled(tuple(dict.fromkeys(oids)), static, scalars, slots if fixed else None))
    return link_table(table, profile, packed, tuple(dict.fromkeys(roots)), max_rows, context, pool)


def link_table(
    table: Table,
    profile: Profile,
    packed: bytes,
    roots: tuple[str, ...],
    max_rows: int,
    context: str,
    pool: PlanPool | None,
) -> TablePlan:
    """The plan of a table from what was settled for it."""
    interval = table.interval
    if interval is None and table.mode is TableMode.SLOW:
        interval = SLOW_INTERVAL
    name = table.name if not context else f"{table.name}@{context}"

    def make() -> TablePlan:
        return TablePlan(name, table, profile, interval, max_rows, packed, roots, context, pool)

    return make() if pool is None else pool.table(profile, (name, roots, max_rows), packed, make)


def _own_columns(
    table: Table,
    frame: DeviceFrame,
    slots: Slots,
    oids: list[str],
    roots: list[str],
    static: dict[str, Rows],
    wanted: frozenset[str] | None,
) -> None:
    """`wanted`: names that values need, where nothing else is made of a poll."""
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
            alias: value
            for alias, value in row.items()
            if alias not in polled and alias in table.columns and (wanted is None or alias in wanted)
        }
        needed = _needed(table, row)
        oids += [
            f"{column.at}.{index}"
            for alias, column in polled.items()
            if alias in row and (alias in needed or column.static is False)
        ]
    static[table.name] = kept


def _names_behind(profile: Profile, references: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Names that the definitions of other tables use: scalars may be among them."""
    tables = {name for name, _ in references if name in profile.tables}
    return frozenset(
        name for table in tables for one in profile.tables[table].let.values() for name in one.names
    )


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
        _keep(frame, name, alias, static)
    elif other.mode is TableMode.FIXED:
        oids += [f"{column.at}.{index}" for index, row in raw.items() if alias in row]
    else:
        roots.append(column.at)


def _keep(frame: DeviceFrame, name: str, alias: str, static: dict[str, Rows]) -> None:
    kept = static.setdefault(name, {})
    for index, row in frame.raw.get(name, {}).items():
        if alias in row:
            kept.setdefault(index, {})[alias] = row[alias]


def kept_from_discovery(table: Table) -> bool:
    """Whether a table of http-json that looks into this one uses what discovery read."""
    return table.source is not TableSource.HTTP_JSON or table.mode is TableMode.SLOW
