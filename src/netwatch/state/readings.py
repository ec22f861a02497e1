"""From the readings of one observation to rows of the series columns."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from netwatch.model import (
    Catalogue,
    Column,
    EntityId,
    EntityKind,
    FamilyType,
    Instant,
    Observation,
    Reading,
)
from netwatch.state.counter_column import CounterColumn, SourceView
from netwatch.state.counters import Bounds
from netwatch.state.limits import PACKETS_OF_BYTES, SPEED_FAMILY, frame_bounds, is_limited, limit_of
from netwatch.state.series import SeriesColumn
from netwatch.state.sources import Source

__all__ = ["Batch", "SeriesTable"]

_MTU_FAMILY = "netwatch_interface_mtu_bytes"
_ENOUGH = 3
"""Counters of one table that ran on over a restart of the agent before that is believed of all."""


@dataclass(slots=True)
class Batch:
    """Readings of one observation that go into one column."""

    column: SeriesColumn
    rows: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    bits: list[int] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)

    def distinct(self) -> Batch:
        """The batch without a series told twice: the last one counts."""
        if len(set(self.rows)) == len(self.rows):
            return self
        last = {row: position for position, row in enumerate(self.rows)}
        keep = sorted(last.values())
        pick: Any = lambda items: [items[position] for position in keep]  # noqa: E731
        return Batch(self.column, pick(self.rows), pick(self.values), pick(self.bits), pick(self.origins))


class SeriesTable:
    """All columns, and which rows an entity has in them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._columns: dict[str, SeriesColumn] = {}
        self._order = {name: number for number, name in enumerate(catalogue)}
        self._series: dict[EntityId, list[tuple[str, tuple[str, ...]]]] = {}

    def column(self, family: str) -> SeriesColumn | None:
        """The column of a family, made at first use. None for what the catalogue does not know, and for info
        families: their text is in the entities' facts."""
        found = self._columns.get(family)
        if found is None:
            known = self._catalogue.get(family)
            if known is None or known.type is FamilyType.INFO:
                return None
            found = CounterColumn(known) if known.type is FamilyType.COUNTER else SeriesColumn(known)
            self._columns[family] = found
        return found

    def row(self, column: SeriesColumn, entity: EntityId, labels: tuple[str, ...]) -> int:
        """The row of a series, made at first sight."""
        row = column.find(entity, labels)
        if row is None:
            row = column.row(entity, labels)
            self._series.setdefault(entity, []).append((column.family.name, labels))
            if isinstance(column, CounterColumn) and is_limited(column.family):
                column.limit[row] = limit_of(column.family, self._gauge(SPEED_FAMILY, entity))
        return row

    def forget(self, entity: EntityId) -> None:
        """Ends all series of an entity."""
        for family, labels in self._series.pop(entity, ()):
            self._columns[family].release(entity, labels)

    def add(
        self, family: str, entity: EntityId, amount: int, at: Instant, interval: float, source: int
    ) -> None:
        """Raises a counter that netwatch itself keeps."""
        column = self.column(family)
        if isinstance(column, CounterColumn):
            column.add(self.row(column, entity, ()), amount, at, interval, source)

    def set(
        self,
        family: str,
        entity: EntityId,
        value: float,
        at: Instant,
        interval: float,
        source: int,
        origin: str,
    ) -> None:
        """Writes one gauge that netwatch itself concludes."""
        column = self.column(family)
        if column is not None:
            column.write([self.row(column, entity, ())], [value], at, interval, source, [origin])

    def batch(
        self, batches: dict[str, Batch], reading: Reading, column: SeriesColumn, entity: EntityId
    ) -> None:
        """Files a reading under its column. What is no number is left out."""
        value = reading.value
        if not math.isfinite(value) or (column.family.type is FamilyType.COUNTER and value < 0):
            return
        batch = batches.get(reading.family)
        if batch is None:
            batch = batches[reading.family] = Batch(column)
        row = column.find(entity, reading.labels)
        batch.rows.append(self.row(column, entity, reading.labels) if row is None else row)
        batch.values.append(value)
        batch.bits.append(reading.bits)
        batch.origins.append(reading.origin)

    def write(self, batches: dict[str, Batch], observation: Observation, source: Source) -> None:
        """Writes the batches of one observation: gauges, then packets, then bytes, since each helps to
        judge the next."""
        ordered = sorted(batches.items(), key=lambda item: _stage(item[1].column))
        plain = [(name, batch.distinct()) for name, batch in ordered]
        view = self._view([batch for _, batch in plain], source)
        for name, batch in plain:
            column = batch.column
            if isinstance(column, CounterColumn):
                self._write_counters(name, column, batch, observation, view)
                continue
            before = column.values[batch.rows] if name == SPEED_FAMILY else None
            column.write(
                batch.rows,
                batch.values,
                observation.at,
                observation.interval,
                source.number,
                batch.origins,
            )
            if before is not None:
                self._speeds_changed(column, batch.rows, before)

    def _write_counters(
        self, name: str, column: CounterColumn, batch: Batch, observation: Observation, view: SourceView
    ) -> None:
        raws = [min(int(value), 2**64 - 1) for value in batch.values]
        bits = [64 if raw >> width else width for raw, width in zip(raws, batch.bits, strict=True)]
        packets = PACKETS_OF_BYTES.get(name)
        bounds = None if packets is None else partial(self._bounds, column, packets, observation.at)
        column.advance(
            batch.rows, raws, bits, observation.at, observation.interval, view, batch.origins, bounds
        )

    def freeze(self, mono: float) -> dict[str, Column]:
        """Every column that holds a series, in the catalogue's order."""
        names = sorted(self._columns, key=self._order.__getitem__)
        return {name: self._columns[name].freeze(mono) for name in names if len(self._columns[name])}

    def _view(self, batches: list[Batch], source: Source) -> SourceView:
        fell: bool | None = None
        uptime = source.uptime
        counters = [(b.column, b) for b in batches if isinstance(b.column, CounterColumn)]
        if any((column.mono[batch.rows] < uptime.restarted).any() for column, batch in counters):
            counted = [column.fell(b.rows, [int(value) for value in b.values]) for column, b in counters]
            fallen, kept = sum(f for f, _ in counted), sum(k for _, k in counted)
            fell = True if fallen else (False if kept >= _ENOUGH else None)
        return SourceView(source.number, uptime.witnessed, uptime.restarted, uptime.started, fell)

    def _speeds_changed(self, column: SeriesColumn, rows: list[int], before: Any) -> None:
        after = column.values[rows]
        for position in np.flatnonzero((before != after) & ~(np.isnan(before) & np.isnan(after))).tolist():
            entity = column.entities[rows[position]]
            for family, labels in self._series.get(entity, ()) if entity is not None else ():
                counter = self._columns[family]
                if isinstance(counter, CounterColumn) and is_limited(counter.family):
                    row = counter.row(entity, labels) if entity is not None else 0
                    counter.limit[row] = limit_of(counter.family, float(after[position]))
                    counter.doubts[row] = 0

    def _gauge(self, family: str, entity: EntityId) -> float:
        column = self._columns.get(family)
        row = None if column is None else column.find(entity, ())
        return math.nan if column is None or row is None else float(column.values[row])

    def _bounds(
        self, column: SeriesColumn, packets: tuple[str, ...], at: Instant, row: int, elapsed: float
    ) -> Bounds | None:
        """What the packets of the same answer say of the bytes; None unless all kinds of them are known."""
        entity = column.entities[row]
        total = 0.0
        for family in packets:
            other = self._columns.get(family)
            found = None if other is None or entity is None else other.find(entity, ())
            if other is None or found is None or other.mono[found] != at.mono:
                return None
            total += float(other.rates[found]) * elapsed
        if math.isnan(total) or entity is None:
            return None
        mtu = self._gauge(_MTU_FAMILY, entity)
        return Bounds(*frame_bounds(total, None if math.isnan(mtu) else mtu))


def _stage(column: SeriesColumn) -> int:
    if column.family.type is not FamilyType.COUNTER:
        return 0
    return 2 if column.family.entity is EntityKind.INTERFACE and column.family.unit == "bytes" else 1
