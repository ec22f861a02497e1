"""How the readings of a pass get into their rows, whatever form they come in."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Block, EntityId, Instant
from netwatch.state.blocks import Binding
from netwatch.state.counter_rows import STEADY, Reading, SourceView
from netwatch.state.counters import CACHE_SECONDS, CERTAIN, Bounds, reach
from netwatch.state.limits import frame_bounds
from netwatch.state.rows import NEVER, RowIndex
from netwatch.state.series import SeriesKey, SeriesTable
from netwatch.state.sources import Source

__all__ = ["Pass", "own_row", "set_gauge", "take_block"]

_MTU_FAMILY = "netwatch_interface_mtu_bytes"
_ENOUGH = 3
"""Counters of one table that ran on over a restart of the agent before that is believed of all."""


class Pass:
    """One pass over a table: gauges first, then counters, since the speeds help to judge."""

    def __init__(self, table: SeriesTable, source: Source, group: int, since: float) -> None:
        """since: monotonic seconds of the earliest reading of the pass."""
        self._table = table
        self._source = source
        self._group = group
        self._since = since

    def gauges(self, rows: RowIndex, values: NDArray[np.float64], at: NDArray[np.float64] | float) -> bool:
        """True if a series was told for the first time."""
        return self._table.gauges.write(rows, values, at, self._group)

    def speeds(
        self, before: NDArray[np.float64], after: NDArray[np.float64], who: Sequence[SeriesKey]
    ) -> None:
        """Line speeds before and after the gauges were written."""
        changed = (before != after) & ~(np.isnan(before) & np.isnan(after))
        if changed.any():
            news: dict[EntityId, dict[EntityId, float]] = {}
            for position in np.flatnonzero(changed).tolist():
                key = who[position]
                news.setdefault(key.device, {})[key.entity] = float(after[position])
            for device, speeds in news.items():
                self._table.speeds_changed(device, speeds)

    def counters(
        self,
        reading: Reading,
        keys: Callable[[], Sequence[SeriesKey]],
        bounded: NDArray[np.bool_] | None = None,
    ) -> bool:
        """`keys`: whose readings these are; `bounded`: which of them others bound, where that is known. True
        if a series was told for the first time."""
        uptime, counters = self._source.uptime, self._table.counters
        fell: bool | None = None
        if uptime.restarted > NEVER and np.any(counters.mono[reading.rows] < uptime.restarted):
            fallen, kept = counters.fell(reading)
            fell = True if fallen else (False if kept >= _ENOUGH else None)
        number = self._source.number
        view = SourceView(number, uptime.witnessed, uptime.restarted, uptime.started, fell)
        company = _Company(self._table, self._since, keys, bounded)
        return counters.advance(reading, self._group, self._table.groups.source, view, company)


class _Company:
    """What stands beside the counters of one pass; see `counter_rows.Company`."""

    def __init__(
        self,
        table: SeriesTable,
        since: float,
        keys: Callable[[], Sequence[SeriesKey]],
        bounded: NDArray[np.bool_] | None,
    ) -> None:
        self._table = table
        self._since = since
        self._keys = keys
        self._bounded = bounded

    @cached_property
    def _named(self) -> Sequence[SeriesKey]:
        return self._keys()

    def siblings(self) -> NDArray[np.int32]:
        traffic, who = self._table.traffic, dict[EntityId, int]()
        found = [who.setdefault(key.entity, len(who)) if key.family in traffic else -1 for key in self._named]
        return np.asarray(found, dtype=np.int32)

    def bounded(self) -> NDArray[np.bool_]:
        if self._bounded is not None:
            return self._bounded
        packets = self._table.packets
        return np.asarray([key.family in packets for key in self._named], dtype=np.bool_)

    def bounds(self, position: int, elapsed: float) -> Bounds | None:
        """What the packets of the same pass say of the bytes. Where not all kinds of packets are known, those
        that are tell the least."""
        key, table = self._named[position], self._table
        packets = table.packets.get(key.family)
        if packets is None:
            return None
        known = [self._packets(key, family, elapsed) for family in packets]
        told = [count for count in known if count is not None]
        row = table.find(key)
        if row is None or not told:
            return None
        mtu = table.gauge(key._replace(family=table.numbers.get(_MTU_FAMILY, -1), labels=()))
        limit = float(table.counters.limit[row])
        line = math.inf if math.isnan(limit) else reach(limit, elapsed)
        least, most = frame_bounds(sum(told), None if math.isnan(mtu) else mtu, line)
        return Bounds(least, most if len(told) == len(known) else line)

    def _packets(self, key: SeriesKey, family: int, elapsed: float) -> float | None:
        counters = self._table.counters
        row = self._table.find(key._replace(family=family, labels=()))
        if row is None or counters.mono[row] < self._since:
            return None
        count = float(counters.rates[row]) * elapsed
        return None if math.isnan(count) else count


def take_block(table: SeriesTable, binding: Binding, block: Block, source: Source, since: float) -> None:
    """Takes in a block whose rows are known. `since`: monotonic seconds of its earliest reading."""
    plan, shape = binding.plan, binding.plan.shape
    one = Pass(table, source, binding.group, since)
    first = False
    if shape.gauges:
        before = None if plan.speed is None else table.gauges.values[binding.gauges][plan.speed].copy()
        first = _take_gauges(one, table, binding, block)
        if before is not None and plan.speed is not None:
            after = table.gauges.values[binding.gauges][plan.speed]
            if before.tobytes() != after.tobytes():
                keys = [SeriesKey(source.device, binding.ids[who], table.speed) for who in plan.speed_who]
                one.speeds(before, after, keys)
    if shape.counters and not _count_on(table, binding, block, source):
        first |= _take_counters(one, binding, block, source)
    if first:
        _noticed(table, binding)


def _take_gauges(one: Pass, table: SeriesTable, binding: Binding, block: Block) -> bool:
    plan, rows = binding.plan, binding.gauges
    if table.native is not None and isinstance(rows, slice):
        where = table.gauges.vectors, rows.start, binding.group
        return table.native.tell_gauges(*where, block.gauges, plan.gauges, block.times, plan.gauge_times)
    values = block.gauges if plan.gauges is None else block.gauges.take(plan.gauges)
    return one.gauges(rows, values, block.times.take(plan.gauge_times))


def _count_on(table: SeriesTable, binding: Binding, block: Block, source: Source) -> bool:
    """The short way for counters that did nothing but count, where the compiled twin is there. False where
    they have to be looked at."""
    plan, rows = binding.plan, binding.counters
    if table.native is None or not isinstance(rows, slice):
        return False
    return table.native.count_on(
        table.counters.vectors,
        rows.start,
        binding.group,
        STEADY,
        source.uptime.restarted,
        block.counters,
        block.counted,
        plan.counters,
        block.times,
        plan.counter_times,
        plan.bits if plan.narrow else None,
        CERTAIN,
        CACHE_SECONDS,
    )


def _take_counters(one: Pass, binding: Binding, block: Block, source: Source) -> bool:
    plan = binding.plan
    raw, counted = block.counters, block.counted
    if plan.counters is not None:
        raw, counted = raw.take(plan.counters), counted.take(plan.counters)
    bits = None
    if plan.narrow:
        # More than fits into 32 bits says by itself that the counter is a wide one.
        bits = np.where(raw >> np.uint64(32), np.uint8(64), plan.bits)
    reading = Reading(binding.counters, raw, bits, block.times.take(plan.counter_times))
    chosen: NDArray[Any] | None = None
    bounded = plan.bounded
    if np.count_nonzero(counted) < len(counted):
        chosen = np.flatnonzero(counted)
        reading, bounded = reading.pick(chosen), bounded[chosen]

    def keys() -> list[SeriesKey]:
        places = plan.counter_places
        return [
            SeriesKey(source.device, binding.ids[places[at].who], places[at].family, places[at].labels)
            for at in (range(len(places)) if chosen is None else chosen.tolist())
        ]

    return one.counters(reading, keys, bounded)


def _noticed(table: SeriesTable, binding: Binding) -> None:
    """Series of a block were told for the first time."""
    for sheet in binding.sheets:
        table.changed(sheet.shape.runs)
        counters = table.counters.mono[sheet.counters : sheet.counters + sheet.shape.counters]
        gauges = table.gauges.mono[sheet.gauges : sheet.gauges + sheet.shape.gauges]
        sheet.sparse = not (np.isfinite(counters).all() and np.isfinite(gauges).all())


def own_row(table: SeriesTable, key: SeriesKey) -> int:
    """The row of a series that netwatch itself keeps, to be told at once."""
    ((row, _),) = table.find_all([key], key.device)
    table.changed([key.family])
    return row


def set_gauge(table: SeriesTable, key: SeriesKey, value: float, at: Instant, group: int, origin: str) -> None:
    """Writes one gauge that netwatch itself concludes."""
    ((row, sheet),) = table.find_all([key], key.device)
    if table.gauges.write(np.asarray([row], dtype=np.int32), np.asarray([value]), at.mono, group):
        table.changed([key.family])
    table.note_origins([(row, sheet, key.family, origin)])
