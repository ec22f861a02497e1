"""A snapshot prepared for judging whole columns at once.

A column's layout (which series sits in which row) hardly ever changes between two snapshots. What is derived
from it is kept in a `Memo`, so that a judgement costs a few array operations and no loop over series.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Column, Entity, EntityId, Snapshot

__all__ = ["Floats", "Frame", "Layout", "Mask", "Memo", "SeriesKey"]

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Rows = NDArray[np.int64]
FactTests = tuple[tuple[str, frozenset[str]], ...]
SeriesKey = tuple[EntityId, tuple[str, ...]]
"""An entity and the values of the row labels."""


class Layout:
    """Which series sits in which row."""

    def __init__(self, entities: tuple[EntityId, ...], labels: tuple[tuple[str, ...], ...]) -> None:
        self.entities = entities
        self.labels = labels
        self._rows: dict[SeriesKey, int] | None = None
        self._rows_of: dict[EntityId, list[int]] | None = None
        self._devices: tuple[tuple[EntityId, ...], Rows] | None = None

    def __len__(self) -> int:
        return len(self.entities)

    def same(self, entities: tuple[EntityId, ...], labels: tuple[tuple[str, ...], ...]) -> bool:
        return self.entities == entities and self.labels == labels

    @property
    def rows(self) -> dict[SeriesKey, int]:
        if self._rows is None:
            keys = zip(self.entities, self.labels, strict=True)
            self._rows = {key: row for row, key in enumerate(keys)}
        return self._rows

    def mask_of(self, wanted: Sequence[EntityId] | set[EntityId] | frozenset[EntityId]) -> Mask:
        """True in the rows of these entities. Costs the number of wanted ones, not of rows."""
        if self._rows_of is None:
            self._rows_of = {}
            for row, entity in enumerate(self.entities):
                self._rows_of.setdefault(entity, []).append(row)
        mask = np.zeros(len(self), dtype=np.bool_)
        for entity in wanted:
            mask[self._rows_of.get(entity, [])] = True
        return mask

    def mask_of_devices(self, wanted: set[EntityId], entities: Mapping[EntityId, Entity]) -> Mask:
        """True in the rows of what belongs to these devices."""
        if self._devices is None:
            codes: dict[EntityId, int] = {}
            rows = np.empty(len(self), dtype=np.int64)
            for row, entity in enumerate(self.entities):
                known = entities.get(entity)
                rows[row] = codes.setdefault(entity if known is None else known.device, len(codes))
            self._devices = (tuple(codes), rows)
        devices, rows = self._devices
        hits = np.fromiter((device in wanted for device in devices), dtype=np.bool_, count=len(devices))
        return hits[rows] if len(self) else np.zeros(0, dtype=np.bool_)


@dataclass(slots=True)
class Memo:
    """What is worth keeping between two snapshots. Nothing depends on it but speed."""

    layouts: dict[str, Layout] = field(default_factory=dict)
    alignments: dict[tuple[int, int, bool], tuple[Layout, Layout, Rows | None]] = field(default_factory=dict)
    unions: dict[tuple[int, ...], tuple[tuple[Layout, ...], Layout]] = field(default_factory=dict)
    facts: dict[tuple[FactTests, FactTests], tuple[Layout, Mapping[EntityId, Entity], Mask]] = field(
        default_factory=dict
    )
    """By tests of facts: which rows pass, for this layout and these entities."""
    seen: dict[str, tuple[Layout, frozenset[SeriesKey], Mask]] = field(default_factory=dict)
    """By rule: the series seen in good health, as a mask over the layout."""


class Frame:
    """One snapshot, judged column by column."""

    def __init__(self, snapshot: Snapshot, memo: Memo) -> None:
        self.snapshot = snapshot
        self._memo = memo

    def column(self, family: str) -> Column | None:
        return self.snapshot.columns.get(family)

    def layout(self, column: Column) -> Layout:
        known = self._memo.layouts.get(column.family.name)
        if known is None or not known.same(column.entities, column.labels):
            known = self._memo.layouts[column.family.name] = Layout(column.entities, column.labels)
        return known

    def union(self, layouts: tuple[Layout, ...]) -> Layout:
        """A layout with all series of these, those of the first one first."""
        first = layouts[0]
        if all(first.same(other.entities, other.labels) for other in layouts[1:]):
            return first
        memo_key = tuple(map(id, layouts))
        found = self._memo.unions.get(memo_key)
        if found is None or any(a is not b for a, b in zip(found[0], layouts, strict=True)):
            keys = dict.fromkeys(key for layout in layouts for key in layout.rows)
            merged = Layout(tuple(key[0] for key in keys), tuple(key[1] for key in keys))
            if len(self._memo.unions) > 64:
                self._memo.unions.clear()
            found = self._memo.unions[memo_key] = (layouts, merged)
        return found[1]

    def spread(self, values: Floats, source: Layout, onto: Layout, *, per_entity: bool = False) -> Floats:
        """`values` of the rows of `source` in the rows of `onto`; NaN where there is no such series.

        `per_entity`: the source has one series per entity, which serves all rows of that entity.
        """
        rows = self._alignment(source, onto, per_entity=per_entity)
        if rows is None:
            return values
        if not len(source):
            return np.full(len(onto), np.nan)
        return np.where(rows >= 0, values[rows], np.nan)

    def _alignment(self, source: Layout, onto: Layout, *, per_entity: bool) -> Rows | None:
        """For each row of `onto` the row in `source`, or -1. None if they are the same rows."""
        if source is onto:
            return None
        memo_key = (id(source), id(onto), per_entity)
        found = self._memo.alignments.get(memo_key)
        if found is None or found[0] is not source or found[1] is not onto:
            rows: Rows | None
            if source.same(onto.entities, onto.labels):
                rows = None
            else:
                look_up = source.rows
                keys = zip(onto.entities, onto.labels, strict=True)
                rows = np.fromiter(
                    (look_up.get((entity, () if per_entity else labels), -1) for entity, labels in keys),
                    dtype=np.int64,
                    count=len(onto),
                )
            if len(self._memo.alignments) > 256:
                self._memo.alignments.clear()
            found = self._memo.alignments[memo_key] = (source, onto, rows)
        return found[2]

    def fact_mask(self, layout: Layout, wanted: FactTests, unwanted: FactTests) -> Mask:
        """True in the rows of entities that have all wanted facts and no unwanted one."""
        entities = self.snapshot.entities
        found = self._memo.facts.get((wanted, unwanted))
        if found is None or found[0] is not layout or found[1] is not entities:

            def passes(entity: Entity | None) -> bool:
                if entity is None:
                    return not wanted
                texts = {name: str(value) for name, value in entity.facts.items()}
                return all(texts.get(name, "") in values for name, values in wanted) and not any(
                    texts.get(name, "") in values for name, values in unwanted
                )

            verdicts = (passes(entities.get(entity)) for entity in layout.entities)
            mask = np.fromiter(verdicts, dtype=np.bool_, count=len(layout))
            found = self._memo.facts[(wanted, unwanted)] = (layout, entities, mask)
        return found[2]

    def values(self, family: str, onto: Layout, *, per_entity: bool = False) -> Floats:
        """Fresh values of a family in the rows of `onto`, NaN where unknown."""
        column = self.column(family)
        if column is None:
            return np.full(len(onto), np.nan)
        fresh = np.where(column.fresh, column.values, np.nan)
        return self.spread(fresh, self.layout(column), onto, per_entity=per_entity)
