"""Compiles a fixed table of a device to a reader of blocks: settles which value is which series, which ones
are a column or a column times a number, and which have to be evaluated."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from netwatch.model import BlockSeries, BlockSubject, EntityKey
from netwatch.profiles.blocks.assemble import Candidate, assemble
from netwatch.profiles.blocks.parts import Output, RowTable
from netwatch.profiles.blocks.reader import BlockReader
from netwatch.profiles.blocks.symbols import Cell, Known, Symbols
from netwatch.profiles.language.expression import Expression, tree_of
from netwatch.profiles.language.template import Template
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.pool import PlanPool
from netwatch.profiles.ready.profile import Profile, Table, ValueRule
from netwatch.profiles.rows.evaluate import STATE_LEVEL_FAMILY, label_text
from netwatch.profiles.rows.frame import DeviceFrame, Rows, in_order
from netwatch.profiles.rows.needs import Needs, expressions_of, needs_of, rule_names, rules_of, splitter_of
from netwatch.profiles.rows.settled import Settled

__all__ = ["compile_blocks"]


class _Unsuited(Exception):  # noqa: N818 - no error: such a table is observed
    """A table whose series change from poll to poll."""


def compile_blocks(
    name: str, table: Table, profile: Profile, settled: Settled, context: str, pool: PlanPool
) -> BlockReader | None:
    """None for a table whose labels, or whose widths of counters, depend on what is read at each poll."""
    if settled.slots is None:
        return None
    try:
        compiler = _Compiler(table, profile, settled, context, pool)
        candidates = list(compiler.candidates())
        return assemble(name, table, profile, context, compiler.rows(), candidates, compiler, pool)
    except _Unsuited:
        return None


class _Ruled(NamedTuple):
    """What a rule comes to in all rows of one signature."""

    key: int
    """Place of the entity or sensor among those of the table."""
    output: Output
    number: int
    family: str
    cell: Cell | None
    known: float | None
    """With neither: has to be evaluated."""
    guards: tuple[Cell, ...]
    origin: str
    bits: int
    scalar: bool
    """The origin is a scalar."""


@dataclass
class _Places:
    """Positions of the plan's OIDs, sorted as answers will be."""

    own: dict[str, dict[str, int]] = field(default_factory=dict)
    foreign: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)
    scalars: dict[str, int] = field(default_factory=dict)


class _Compiler:
    def __init__(
        self, table: Table, profile: Profile, settled: Settled, context: str, pool: PlanPool
    ) -> None:
        self.table = table
        self.pool = pool
        self.profile = profile
        self.slots = settled.slots or {}
        self.statics: Mapping[str, Rows] = settled.rows
        self.needs = rule_names(table)
        self.places = self._sort(settled.oids)
        self.order = [pool.text(index) for index in in_order({index: {} for index in self.slots})]
        scalars = dict(settled.scalars)
        self.frame = DeviceFrame(profile, dict(settled.rows), scalars, context)
        self.scalars = scalars
        self.size = len(settled.oids)
        self.outputs = pool.outputs(table, lambda: tuple(_outputs(table)))
        self._needs_of: dict[int, Needs] = {}
        self._signatures: dict[object, tuple[list[_Ruled], Symbols]] = {}
        self.by_index = any(_uses_index(one) for one in self._expressions()) or bool(self.needs.references)

    def _sort(self, oids: Iterable[str]) -> _Places:
        found: dict[str, Rows] = {}
        scalars: dict[str, Value] = {}
        splitter_of(self.table, self.profile).split({oid: at for at, oid in enumerate(oids)}, found, scalars)
        rows = {
            name: {
                index: {alias: at for alias, at in row.items() if isinstance(at, int)}
                for index, row in rows.items()
            }
            for name, rows in found.items()
        }
        own = rows.pop(self.table.name, {})
        positions = {name: at for name, at in scalars.items() if isinstance(at, int)}
        return _Places(own, rows, positions)

    def _expressions(self) -> Iterator[Expression]:
        for rule in rules_of(self.table):
            yield from expressions_of(rule)
        yield from (self.table.let[name] for name in self.needs.names if name in self.table.let)

    # -- what rules come to

    def candidates(self) -> Iterator[Candidate]:
        for row, index in enumerate(self.order):
            ruled, symbols = self._signature(index)
            scope = symbols.scope()
            for one in ruled:
                key = self.slots[index][one.key]
                if key is None:
                    continue
                labels = tuple(label_text(label, scope) for label in one.output.rule.labels)
                yield self._candidate(row, index, key, labels, one)

    def _candidate(
        self, row: int, index: str, key: EntityKey, labels: tuple[str, ...], one: _Ruled
    ) -> Candidate:
        places = self.places.own.get(index, {})
        cell, origin = one.cell, one.origin
        column = self.table.columns.get(origin)
        oid = column.at if column is not None else self.profile.scalars[origin].oid if one.scalar else ""
        source = places.get(cell.alias if cell is not None else origin, -1)
        if source < 0:
            source = self.places.scalars.get(origin, next(iter(places.values()), 0))
        return Candidate(
            row=row,
            subject=self.pool.subject(BlockSubject(key, "" if one.scalar else index)),
            series=BlockSeries(one.family, labels, one.bits, oid),
            output=one.number,
            counts=one.output.counts,
            source=source,
            steps=None if cell is None else cell.steps,
            guards=tuple((places[guard.alias], guard.steps) for guard in one.guards),
            known=one.known,
        )

    def _signature(self, index: str) -> tuple[list[_Ruled], Symbols]:
        """Rows that are asked for the same columns and know the same of themselves are ruled alike."""
        polled = self.places.own.get(index, {})
        static = {
            name: value
            for name, value in self.statics.get(self.table.name, {}).get(index, {}).items()
            if name in self.needs.names
        }
        key = (frozenset(polled), tuple(sorted((name, repr(value)) for name, value in static.items())))
        sign = (*key, index) if self.by_index else key
        found = self._signatures.get(sign)
        if found is None:
            changing = (polled.keys() & static.keys()) | self.places.scalars.keys()
            symbols = Symbols(
                polled=polled,
                static=static,
                changing=changing,
                index=index,
                frame=self.frame,
                still=self._still,
            )
            for name, expression in self.table.let.items():
                if name in self.needs.names:
                    symbols.define(name, expression)
            ruled = [
                one for number in range(len(self.outputs)) for one in self._rule(number, symbols, polled)
            ]
            found = self._signatures[sign] = ruled, symbols
        return found

    def _still(self, references: tuple[tuple[str, str], ...]) -> bool:
        own = self.table.name
        return all(name != own and name not in self.places.foreign for name, _ in references) and not (
            references and self.places.scalars
        )

    def _rule(self, number: int, symbols: Symbols, polled: Mapping[str, int]) -> Iterator[_Ruled]:
        place, output = self.outputs[number]
        rule = output.rule
        for label in rule.labels:
            if isinstance(label, Template):
                for expression in label.expressions:
                    if not isinstance(symbols.of(expression), Known):
                        raise _Unsuited
        guards = symbols.guards(rule.when)
        if guards is False:
            return
        family = STATE_LEVEL_FAMILY if output.level else rule.family
        origin, bits = self._origin(rule, symbols, polled, output.counts)
        scalar = bool(origin) and origin not in self.table.columns
        found = symbols.of(rule.value)
        ruled = _Ruled(place, output, number, family, None, None, (), origin, bits, scalar)
        if isinstance(found, Known) and found.value is None:
            return
        if isinstance(found, Known) and guards is True:
            value = output.value(self.table, symbols.scope())
            if value is not None:
                yield ruled._replace(known=value)
        elif (
            isinstance(found, Cell)
            and guards is not None
            and output.sensor is None
            and self._plain(found, output)
        ):
            everything = (*(guards if isinstance(guards, tuple) else ()), *found.guards)
            yield ruled._replace(cell=found, guards=everything)
        else:
            yield ruled

    def _plain(self, cell: Cell, output: Output) -> bool:
        """Counters keep all their bits only as they stand."""
        return not output.counts or cell.steps in ((), (("unsigned", 0.0),))

    def _origin(
        self, rule: ValueRule, symbols: Symbols, polled: Mapping[str, int], counts: bool
    ) -> tuple[str, int]:
        """Column or scalar that a value is read from, and its width."""
        columns = self.table.columns
        known = symbols.scope().values
        there = [
            name
            for name in rule.origins
            if name in polled
            or known.get(name) is not None
            or (name not in columns and (name in self.scalars or name in self.places.scalars))
        ]
        widths = {(columns[name].bits or 64) if name in columns else 64 for name in there}
        if counts and len(widths) > 1:
            found = symbols.of(rule.value)
            if not (isinstance(found, Cell) and there[0] == found.alias):
                raise _Unsuited
        origin = there[0] if there else ""
        return origin, ((columns[origin].bits or 64) if origin in columns else 64)

    # -- rows

    def rows(self) -> RowTable:
        patterns: dict[tuple[str, ...], int] = {}
        pattern_of: list[int] = []
        starts, positions = [0], list[int]()
        statics: list[Mapping[str, Value]] = []
        kept: dict[object, Mapping[str, Value]] = {}
        own_rows = self.statics.get(self.table.name, {})
        for index in self.order:
            asked = self.places.own.get(index, {})
            pattern_of.append(patterns.setdefault(tuple(asked), len(patterns)))
            positions += asked.values()
            starts.append(len(positions))
            row = own_rows.get(index, {})
            statics.append(kept.setdefault(tuple((name, repr(value)) for name, value in row.items()), row))
        whole = bool(self.needs.references)
        return RowTable(
            indexes=tuple(self.order),
            patterns=tuple(patterns),
            pattern_of=self.pool.array(np.array(pattern_of, np.int16)),
            starts=self.pool.array(np.array(starts, np.int32)),
            positions=None if positions == list(range(len(positions))) else np.array(positions, np.int32),
            statics=tuple(statics),
            foreign=self.statics if whole else {},
            foreign_cells=tuple(
                (name, index, alias, at)
                for name, rows in self.places.foreign.items()
                for index, row in rows.items()
                for alias, at in row.items()
            )
            if whole
            else (),
            scalars=self.scalars,
            scalar_positions=tuple(self.places.scalars.items()),
            let=tuple((name, one) for name, one in self.table.let.items() if name in self.needs.names),
            whole=whole,
        )

    # -- what computed values depend on

    def inputs(self, row: int, output: int) -> tuple[set[int], set[int]]:
        """Positions that a value of a row depends on: those of its row, those that all rows share."""
        needs = self._needs_of.get(output)
        if needs is None:
            rule = self.outputs[output][1].rule
            needs = self._needs_of[output] = needs_of(self.table, expressions_of(rule))
        places = self.places
        own = places.own.get(self.order[row], {})
        mine = {own[name] for name in needs.names | set(self.outputs[output][1].rule.origins) if name in own}
        if not needs.references:
            shared = {at for name, at in places.scalars.items() if name in needs.names}
        else:
            # Definitions of other tables may use anything: whatever is asked beside the row may matter.
            shared = set(places.scalars.values())
            shared |= {
                at for rows in places.foreign.values() for cells in rows.values() for at in cells.values()
            }
            if any(name == self.table.name for name, _ in needs.references) or places.foreign:
                shared |= {at for cells in places.own.values() for at in cells.values()}
        return mine, shared


def _outputs(table: Table) -> Iterator[tuple[int, Output]]:
    """Everything that a row may tell, with the place of its subject among the row's keys."""
    for place, entity in enumerate(table.entities):
        for rule in entity.values:
            yield place, Output(rule)
    for place, sensor in enumerate(table.sensors, len(table.entities)):
        if sensor.levels is None:
            yield place, Output(sensor.value)
        else:
            yield place, Output(sensor.value, sensor)
            yield place, Output(sensor.value, sensor, level=True)


def _uses_index(expression: Expression) -> bool:
    nodes = ast.walk(tree_of(expression.source))
    return any(isinstance(node, ast.Name) and node.id == "index" for node in nodes)
