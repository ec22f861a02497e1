"""From the values of a table with a known layout to rows: names are looked up once, arrays go to arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import (
    ROOT,
    Block,
    BlockLayout,
    EntityId,
    EntityKey,
    Observation,
    Reading,
)
from netwatch.state.rows import RowIndex
from netwatch.state.series import SeriesKey, SeriesTable
from netwatch.state.sheets import LayoutOrigins, Place, Shape, Sheet

__all__ = ["Binding", "LayoutPlan", "bind", "is_own", "named"]

_UPTIME = "netwatch_device_uptime_seconds"


class LayoutPlan:
    """What a layout means in families. Counter and gauge values are put into the order of a sheet: by family,
    in the catalogue's order."""

    def __init__(self, layout: BlockLayout, table: SeriesTable) -> None:
        self.layout = layout
        families = [table.numbers.get(series.family, -1) for series in layout.series]
        subject_of, series_of = layout.subject_of.tolist(), layout.series_of.tolist()
        kept = [position for position in range(len(layout)) if families[series_of[position]] >= 0]
        kept.sort(key=lambda position: families[series_of[position]])
        used = sorted({subject_of[position] for position in kept})
        number = {subject: who for who, subject in enumerate(used)}
        self.keys: tuple[EntityKey, ...] = tuple(layout.subjects[subject].key for subject in used)
        places = [
            Place(
                families[series_of[position]],
                table.counts[families[series_of[position]]],
                number[subject_of[position]],
                layout.series[series_of[position]].labels,
            )
            for position in kept
        ]
        distinct = len(set(places)) == len(places)
        matching = all(place.counter == (p < layout.counters) for place, p in zip(places, kept, strict=True))
        self.plain = distinct and matching
        """False where a value is not of its family's type, or is told twice: then each is taken by itself."""
        self.shape: Shape = table.shape(places, len(used))
        ordered = [p for place, p in zip(places, kept, strict=True) if place.counter]
        self.counters = _permutation(ordered, layout.counters)
        """Positions among the block's counters in sheet order; None where that is their own."""
        self.counter_times = np.asarray(ordered, dtype=np.intp)
        gauges = [p for place, p in zip(places, kept, strict=True) if not place.counter]
        self.gauges = _permutation([p - layout.counters for p in gauges], len(layout) - layout.counters)
        self.gauge_times = np.asarray(gauges, dtype=np.intp)
        self.bits = np.asarray([layout.series[series_of[p]].bits for p in ordered], dtype=np.uint8)
        self.narrow = bool((self.bits < 64).any())
        self.bounded = np.asarray([place.family in table.packets for place in places if place.counter], bool)
        """Of which counters packets in the same block say how much they can have counted."""
        self.origins = LayoutOrigins(
            layout, self.counter_times.astype(np.int32), self.gauge_times.astype(np.int32)
        )
        self.counter_places = tuple(place for place in places if place.counter)
        self.gauge_places = tuple(place for place in places if not place.counter)
        speed = self.shape.runs.get(table.speed)
        self.speed = None if speed is None else slice(speed.start, speed.stop)
        self.speed_who = () if speed is None else speed.who
        uptime = self.shape.runs.get(table.numbers.get(_UPTIME, -1))
        self.uptime = () if uptime is None else tuple(range(uptime.start, uptime.stop))


def _permutation(positions: list[int], size: int) -> NDArray[np.intp] | None:
    return None if positions == list(range(size)) else np.asarray(positions, dtype=np.intp)


class Binding(NamedTuple):
    """A layout on the rows of one source. Valid while the source's keys mean the same and no series went."""

    plan: LayoutPlan
    keys_version: int
    ids: tuple[EntityId, ...]
    counters: RowIndex
    gauges: RowIndex
    sheets: tuple[Sheet, ...]
    gone: tuple[int, ...]
    group: int

    def holds(self, layout: BlockLayout, keys_version: int) -> bool:
        """False once a row may belong to another series."""
        if self.plan.layout is not layout or self.keys_version != keys_version:
            return False
        return all(sheet.gone == gone for sheet, gone in zip(self.sheets, self.gone, strict=True))


def bind(
    table: SeriesTable,
    plan: LayoutPlan,
    device: EntityId,
    ids: tuple[EntityId, ...],
    keys_version: int,
    group: int,
) -> Binding:
    """Finds or makes the rows of a layout whose subjects all belong to the device that is asked."""
    shape, known = plan.shape, list(table.sheets(device))
    same = next((sheet for sheet in known if sheet.shape is shape and sheet.ids == ids), None)
    if same is None and not all(shape.runs.keys().isdisjoint(sheet.shape.runs) for sheet in known):
        counters = _find(table, plan.counter_places, device, ids)
        gauges = _find(table, plan.gauge_places, device, ids)
        sheets = tuple(table.sheets(device))
        _note_origins(table, plan, sheets, counters, gauges)
        rows = _contiguous(counters), _contiguous(gauges)
    else:
        sheet = same or table.allot(device, shape, ids)
        table.told_elsewhere(sheet, plan.origins)
        sheets = (sheet,)
        rows = (
            slice(sheet.counters, sheet.counters + shape.counters),
            slice(sheet.gauges, sheet.gauges + shape.gauges),
        )
    return Binding(plan, keys_version, ids, *rows, sheets, tuple(sheet.gone for sheet in sheets), group)


def _find(
    table: SeriesTable, places: tuple[Place, ...], device: EntityId, ids: tuple[EntityId, ...]
) -> NDArray[np.int32]:
    keys = [SeriesKey(device, ids[place.who], place.family, place.labels) for place in places]
    return np.asarray([row for row, _ in table.find_all(keys, device)], dtype=np.int32)


def _contiguous(rows: NDArray[np.int32]) -> RowIndex:
    if len(rows) and bool((np.diff(rows) == 1).all()):
        return slice(int(rows[0]), int(rows[0]) + len(rows))
    return rows


def _note_origins(
    table: SeriesTable,
    plan: LayoutPlan,
    sheets: tuple[Sheet, ...],
    counters: NDArray[np.int32],
    gauges: NDArray[np.int32],
) -> None:
    for sheet in sheets:
        found = []
        for first, size, rows, positions in (
            (sheet.counters, sheet.shape.counters, counters, plan.counter_times),
            (sheet.gauges, sheet.shape.gauges, gauges, plan.gauge_times),
        ):
            of = np.full(size, -1, dtype=np.int32)
            own = (rows >= first) & (rows < first + size)
            of[rows[own] - first] = positions[own]
            found.append(of)
        if any((of >= 0).any() for of in found):
            table.told_elsewhere(sheet, LayoutOrigins(plan.layout, found[0], found[1], sheet.origins))


def is_own(
    keys: Sequence[EntityKey], ids: Sequence[EntityId], devices: Sequence[EntityId], source: EntityId
) -> bool:
    """True if a layout's subjects are the device that is asked and what belongs to it."""
    return len(set(ids)) == len(ids) and all(
        device == source and (entity != source or key == ROOT)
        for key, entity, device in zip(keys, ids, devices, strict=True)
    )


def named(block: Block, *, empty: bool = False) -> Observation:
    """The same pass with names, for what has to be taken value by value; `empty`: without its values."""
    layout = block.layout
    readings = []
    for position in range(0 if empty else len(layout)):
        counter = position < layout.counters
        if counter and not block.counted[position]:
            continue
        value = block.counters[position] if counter else block.gauges[position - layout.counters]
        if value != value:
            continue
        subject = layout.subjects[int(layout.subject_of[position])]
        series = layout.series[int(layout.series_of[position])]
        number = int(value) if counter else float(value)
        origin = layout.origin(position)
        readings.append(Reading(subject.key, series.family, number, series.labels, origin, series.bits))
    return Observation(
        block.source,
        block.table,
        block.at,
        tuple(readings),
        (),
        False,
        block.interval,
        block.evidence,
        block.problems,
    )
