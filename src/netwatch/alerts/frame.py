"""A snapshot prepared for judging whole columns at once.

A column's layout (which series sits in which row) hardly ever changes between two snapshots. What is derived
from it is kept in a `Memo`, so that a judgement costs a few array operations and no loop over series. What
does take such a loop can be done before, in steps: `prepare` does what `judge` would do at once.
"""

from __future__ import annotations

from collections.abc import Container, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import NamedTuple

import numpy as np

from netwatch.alerts.grown import Grown
from netwatch.alerts.layout import Floats, Layout, Mask, Rows, SeriesKey, finish, steps
from netwatch.calendars import Calendar, Calendars
from netwatch.model import Column, Entity, EntityId, Inventory, PlaceId, Snapshot

__all__ = ["FactTests", "Floats", "Frame", "Layout", "Mask", "Memo", "PartTests", "SeriesKey", "Where"]

FactTests = tuple[tuple[str, frozenset[str]], ...]
Where = tuple[tuple[int, str], ...]
"""Position of a row label and the value that it must have."""


class PartTests(NamedTuple):
    """What the entity itself must be like."""

    facts: FactTests = ()
    not_facts: FactTests = ()
    names: tuple[str, ...] = ()
    """Patterns of its name, lower case; one of them must match."""
    not_names: tuple[str, ...] = ()


@dataclass(slots=True)
class Memo:
    """What is worth keeping between two snapshots. Nothing depends on it but speed."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    """By family; families with the same series share one."""
    alignments: dict[tuple[int, int, bool], tuple[Layout, Layout, Rows | None]] = field(default_factory=dict)
    unions: dict[tuple[int, ...], tuple[tuple[Layout, ...], Layout]] = field(default_factory=dict)
    parts: dict[tuple[int, PartTests], tuple[Layout, int, Mask]] = field(default_factory=dict)
    """By tests of the entity: which rows pass, for this layout and its entities at that version."""
    subsets: dict[tuple[int, Where], tuple[Layout, Rows, Layout]] = field(default_factory=dict)
    """By values of row labels: the rows that have them, and those rows as a layout without these labels."""
    labels: dict[tuple[int, int, frozenset[str]], tuple[Layout, Mask]] = field(default_factory=dict)
    seen: dict[str, tuple[Layout, Grown, Mask]] = field(default_factory=dict)
    """By rule: the series seen in good health, as a mask over the layout."""
    links: tuple[object, Mapping[EntityId, Entity], frozenset[EntityId]] | None = None
    """Interfaces with a neighbour, for these links and entities."""
    scopes: tuple[Mapping[EntityId, Entity], Inventory, dict[Hashable, frozenset[EntityId]]] | None = None
    """Devices by scope, for these entities and this inventory."""
    circuits: frozenset[EntityId] = frozenset()
    """Ports at which circuits end."""
    devices_at: dict[tuple[str, float], frozenset[EntityId]] = field(default_factory=dict)
    """By family and value: devices that have it."""
    calendars: tuple[Calendars, Inventory, dict[PlaceId | None, Calendar]] | None = None
    """Calendars by place, for these calendars and this inventory."""
    places: (
        tuple[
            Mapping[EntityId, Entity],
            Inventory,
            dict[PlaceId | None, frozenset[EntityId]],
            dict[Hashable, tuple[tuple[PlaceId | None, ...], frozenset[EntityId]]],
        ]
        | None
    ) = None
    """Devices by place, for these entities and this inventory; devices by window and the places that it was
    last open at."""

    def tidy(self, families: Container[str]) -> None:
        """Lets go of what belongs to layouts that are no more."""
        for name in [name for name in self.layouts if name not in families]:
            del self.layouts[name]
        live = {id(layout) for layout in self.layouts.values()}
        for subset in [key for key in self.subsets if key[0] not in live]:
            del self.subsets[subset]
        live |= {id(part) for _, _, part in self.subsets.values()}
        for ids in [ids for ids in self.unions if not live.issuperset(ids)]:
            del self.unions[ids]
        live |= {id(merged) for _, merged in self.unions.values()}
        for pair in [key for key in self.alignments if not live.issuperset(key[:2])]:
            del self.alignments[pair]
        for tests in [key for key in self.parts if key[0] not in live]:
            del self.parts[tests]
        for label in [key for key in self.labels if key[0] not in live]:
            del self.labels[label]
        for rule in [rule for rule, kept in self.seen.items() if id(kept[0]) not in live]:
            del self.seen[rule]


class Frame:
    """One snapshot, judged column by column."""

    def __init__(self, snapshot: Snapshot, memo: Memo) -> None:
        self.snapshot = snapshot
        self._memo = memo
        self.ahead: dict[object, tuple[Layout, Floats]] = {}
        """Values of terms that `prepare` has worked out, until they are taken."""
        self._by_tuples: dict[tuple[int, int], Layout] = {
            (id(layout.entities), id(layout.labels)): layout for layout in memo.layouts.values()
        }

    def column(self, family: str) -> Column | None:
        return self.snapshot.columns.get(family)

    def layout(self, column: Column) -> Layout:
        name = column.family.name
        known = self._memo.layouts.get(name)
        if known is not None and known.entities is column.entities and known.labels is column.labels:
            return known
        tuples = (id(column.entities), id(column.labels))
        shared = self._by_tuples.get(tuples)
        if shared is None:
            equal = known is not None and known.same(column.entities, column.labels)
            shared = known if equal and known is not None else Layout(column.entities, column.labels)
            if shared is not known:
                self._by_tuples[tuples] = shared
        self._memo.layouts[name] = shared
        return shared

    def union(self, layouts: tuple[Layout, ...]) -> Layout:
        """A layout with all series of these, those of the first one first."""
        first = layouts[0]
        if all(other is first for other in layouts):
            return first
        memo_key = tuple(map(id, layouts))
        found = self._memo.unions.get(memo_key)
        if found is None or any(a is not b for a, b in zip(found[0], layouts, strict=True)):
            if all(first.same(other.entities, other.labels) for other in layouts[1:]):
                merged = first
            else:
                keys = dict.fromkeys(key for layout in layouts for key in layout.series())
                merged = Layout(tuple([key[0] for key in keys]), tuple([key[1] for key in keys]))
            if len(self._memo.unions) > 64:
                self._memo.unions.clear()
            found = self._memo.unions[memo_key] = (layouts, merged)
        return found[1]

    def spread(self, values: Floats, source: Layout, onto: Layout, *, per_entity: bool = False) -> Floats:
        """`values` of the rows of `source` in the rows of `onto`; NaN where there is no such series.

        `per_entity`: the source has one series per entity, which serves all rows of that entity.
        """
        if source is onto:
            return values
        finish(self.align_steps(source, onto, per_entity=per_entity))
        rows = self._memo.alignments[id(source), id(onto), per_entity][2]
        if rows is None:
            return values
        if not len(source):
            return np.full(len(onto), np.nan)
        return np.where(rows >= 0, values[rows], np.nan)

    def align_steps(self, source: Layout, onto: Layout, *, per_entity: bool) -> Iterator[None]:
        """Finds for each row of `onto` the row in `source`: None if they are the same, -1 for no row."""
        memo_key = (id(source), id(onto), per_entity)
        found = self._memo.alignments.get(memo_key)
        if source is onto or (found is not None and found[0] is source and found[1] is onto):
            return
        rows: Rows | None = None
        if not len(onto):
            rows = np.empty(0, dtype=np.int64)
        elif not source.same(onto.entities, onto.labels):
            look_up: dict[SeriesKey, int] = {}
            for part in steps(len(source)):
                keys = zip(source.entities[part], source.labels[part], strict=True)
                look_up.update(zip(keys, range(part.start, part.stop), strict=True))
                yield
            rows = np.empty(len(onto), dtype=np.int64)
            for part in steps(len(onto)):
                pairs = zip(onto.entities[part], onto.labels[part], strict=True)
                rows[part] = np.fromiter(
                    (look_up.get((entity, () if per_entity else labels), -1) for entity, labels in pairs),
                    dtype=np.int64,
                )
                yield
        if len(self._memo.alignments) > 256:
            self._memo.alignments.clear()
        self._memo.alignments[memo_key] = (source, onto, rows)

    def subset(self, layout: Layout, where: Where) -> tuple[Rows, Layout]:
        """The rows whose labels have these values; and a layout of them that lacks these labels."""
        memo_key = (id(layout), where)
        found = self._memo.subsets.get(memo_key)
        if found is None or found[0] is not layout:
            dropped = {position for position, _ in where}
            rows = [
                row
                for row, labels in enumerate(layout.labels)
                if all(labels[position] == value for position, value in where)
            ]
            part = Layout(
                tuple([layout.entities[row] for row in rows]),
                tuple(
                    [
                        tuple(text for n, text in enumerate(layout.labels[row]) if n not in dropped)
                        for row in rows
                    ]
                ),
            )
            found = self._memo.subsets[memo_key] = (layout, np.asarray(rows, dtype=np.int64), part)
        return found[1], found[2]

    def part_mask(self, layout: Layout, tests: PartTests) -> Mask:
        """True in the rows of entities that pass the tests."""
        finish(self.part_steps(layout, tests))
        return self._memo.parts[id(layout), tests][2]

    def part_steps(self, layout: Layout, tests: PartTests) -> Iterator[None]:
        """What `part_mask` will ask for: all rows once, then those whose entities changed."""
        yield from layout.sync(self.snapshot.entities)
        memo_key = (id(layout), tests)
        found = self._memo.parts.get(memo_key)
        changed = None if found is None or found[0] is not layout else layout.changed_since(found[1])
        if found is None or changed is None:
            mask = np.zeros(len(layout), dtype=np.bool_)
            changed = np.arange(len(layout))
        elif changed.size:
            mask = found[2].copy()
        else:
            return
        yield
        for part in steps(changed.size):
            rows = changed[part].tolist()
            mask[rows] = [_passes(layout.entity(row), tests) for row in rows]
            yield
        if len(self._memo.parts) > 256:
            self._memo.parts.clear()
        self._memo.parts[memo_key] = (layout, layout.version, mask)

    def label_mask(self, layout: Layout, position: int, allowed: frozenset[str]) -> Mask:
        """True in the rows whose row label at `position` is one of these."""
        memo_key = (id(layout), position, allowed)
        found = self._memo.labels.get(memo_key)
        if found is None or found[0] is not layout:
            fits = (labels[position] in allowed for labels in layout.labels)
            mask = np.fromiter(fits, dtype=np.bool_, count=len(layout))
            if len(self._memo.labels) > 256:
                self._memo.labels.clear()
            found = self._memo.labels[memo_key] = (layout, mask)
        return found[1]

    def values(self, family: str, onto: Layout, *, per_entity: bool = False, where: Where = ()) -> Floats:
        """Fresh values of a family in the rows of `onto`, NaN where unknown."""
        column = self.column(family)
        if column is None:
            return np.full(len(onto), np.nan)
        layout, values = self.chosen(column, where, rate=False)
        return self.spread(values, layout, onto, per_entity=per_entity)

    def chosen(self, column: Column, where: Where, *, rate: bool) -> tuple[Layout, Floats]:
        """Fresh values, or rates, of the rows with these labels."""
        layout = self.layout(column)
        values = np.where(column.fresh, column.rates if rate else column.values, np.nan)
        if not where:
            return layout, values
        rows, part = self.subset(layout, where)
        return part, values[rows]

    def value_steps(
        self, family: str, onto: Layout, *, per_entity: bool, where: Where = ()
    ) -> Iterator[None]:
        """What `values` will ask for."""
        column = self.column(family)
        if column is not None:
            layout = self.layout(column)
            if where:
                layout = self.subset(layout, where)[1]
            yield from self.align_steps(layout, onto, per_entity=per_entity)


def _passes(entity: Entity | None, tests: PartTests) -> bool:
    if entity is None:
        return not tests.facts and not tests.names
    facts: Mapping[str, object] = entity.facts
    if tests.names or tests.not_names:
        name = entity.name.lower()
        if tests.names and not any(fnmatchcase(name, pattern) for pattern in tests.names):
            return False
        if any(fnmatchcase(name, pattern) for pattern in tests.not_names):
            return False
    return all(_is_one(facts.get(key, ""), values) for key, values in tests.facts) and not any(
        _is_one(facts.get(key, ""), values) for key, values in tests.not_facts
    )


def _is_one(fact: object, values: frozenset[str]) -> bool:
    """Whether a fact is one of these texts; those with `*` or `?` are patterns, in upper or lower case."""
    text = str(fact)
    if text in values:
        return True
    patterns = [value for value in values if "*" in value or "?" in value]
    return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in patterns)
