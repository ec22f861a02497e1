"""From the arrays that a wire fetched to a block: what can be computed for a whole table at once is, the rest
row by row, and only where something changed. Pure: what it remembers of a device is handed in."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Block, BlockLayout, EntityId, Evidence, Instant
from netwatch.profiles.blocks.parts import (
    ABSENT,
    MASK,
    OTHER,
    SIGNED,
    BlockMemory,
    Computed,
    Group,
    Ints,
    Output,
    Places,
    Raw,
    RowTable,
)
from netwatch.profiles.blocks.vectors import IS_NUMBER, floats, stepped, true_at, truth, value_at
from netwatch.profiles.language.scope import Scope
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.profile import Profile, Table
from netwatch.profiles.rows.frame import DeviceFrame, Rows

__all__ = ["BlockReader"]

UNKNOWN = Evidence()


@dataclass(frozen=True, slots=True, eq=False)
class BlockReader:
    """Shared by all devices that have the same layout and the same OIDs."""

    name: str
    table: Table
    profile: Profile
    context: str
    size: int
    """OIDs."""
    layout: BlockLayout
    sources: Places
    """Per value of the layout: the position that it is read from, or the first of several."""
    counter_groups: tuple[Group, ...]
    gauge_groups: tuple[Group, ...]
    direct: tuple[int, int]
    """Counters and gauges that are computed at once; they come first."""
    constants: tuple[NDArray[np.uint64], NDArray[np.float64]]
    """Counters and gauges that never change; they come next, the computed ones last."""
    rules: NDArray[np.int16]
    """Per direct value, counters first: number in `outputs`."""
    outputs: tuple[tuple[int, Output], ...]
    """With the place of the subject among a row's keys."""
    row_of: NDArray[np.int16] | Ints
    """Per direct value, counters first: its row."""
    rows: RowTable
    computed: Computed | None

    def read(
        self,
        raw: Raw,
        memory: BlockMemory | None,
        *,
        source: EntityId,
        at: Instant,
        interval: float,
        evidence: Evidence = UNKNOWN,
        problems: tuple[str, ...] = (),
    ) -> tuple[Block, BlockMemory | None]:
        """The block, and what to hand in at the device's next pass. Raises ValueError for another plan's
        values."""
        if len(raw.values) != self.size:
            raise ValueError(f"table {self.name}: {len(raw.values)} values for {self.size} OIDs")
        layout, (counters, gauges) = self.layout, self.direct
        signed, kinds = raw.values.view(np.int64), raw.kinds.tobytes()
        plain = ABSENT not in kinds and OTHER not in kinds and np.minimum.reduce(signed, initial=0) >= 0
        counters_out = np.empty(layout.counters, np.uint64)
        counted_out = np.ones(layout.counters, np.bool_)
        gauges_out = np.empty(len(layout) - layout.counters, np.float64)
        end = counters + len(self.constants[0]), gauges + len(self.constants[1])
        if counters:
            counters_out[:counters] = raw.values.take(self.sources[:counters])
            if not plain or self.counter_groups[-1].odd:
                self._judge_counters(raw, counters_out[:counters], counted_out[:counters])
        if gauges:
            found = signed.take(self.sources[layout.counters : layout.counters + gauges])
            gauges_out[:gauges] = found
            self._step_gauges(raw, gauges_out[:gauges], plain)
        if end != self.direct:
            counters_out[counters : end[0]], gauges_out[gauges : end[1]] = self.constants
        if raw.others:
            self._texts(raw, counters_out, counted_out, gauges_out)
        if self.computed is not None:
            memory = self._compute(raw, memory)
            counters_out[end[0] :] = memory.counters[: layout.counters - end[0]]
            counted_out[end[0] :] = memory.counted[: layout.counters - end[0]]
            gauges_out[end[1] :] = memory.gauges[: len(gauges_out) - end[1]]
            for place, other in self.computed.more_counters:
                if not counted_out[end[0] + place]:
                    counted_out[end[0] + place] = memory.counted[other]
                    counters_out[end[0] + place] = memory.counters[other]
            for place, other in self.computed.more_gauges:
                if math.isnan(gauges_out[end[1] + place]):
                    gauges_out[end[1] + place] = memory.gauges[other]
        times = raw.times.take(self.sources)
        if not plain:
            times[np.isnan(times)] = at.mono
        block = Block(
            source,
            self.name,
            layout,
            at,
            counters_out,
            counted_out,
            gauges_out,
            times,
            interval,
            evidence,
            problems,
        )
        return block, memory

    # -- at once

    def _judge_counters(self, raw: Raw, values: NDArray[np.uint64], counted: NDArray[np.bool_]) -> None:
        taken = self.sources[: self.direct[0]]
        kinds = raw.kinds[taken]
        counted[:] = IS_NUMBER[kinds]
        negative = (kinds == SIGNED) & (values.view(np.int64) < 0)
        if negative.any():
            # Some agents send a Counter32 as an Integer32; of others a negative number is none.
            meant = values.view(np.int64) >= -(1 << 31)
            for group in self.counter_groups:
                if not group.steps:  # else it says `unsigned` itself
                    meant[group.start : group.stop] &= group.narrow
            values[negative] &= np.uint64(0xFFFFFFFF)
            counted &= ~negative | meant
        for group in self.counter_groups:
            for positions, steps in group.guards:
                place = slice(group.start, group.stop)
                counted[place] &= true_at(raw, taken[place] if positions is None else positions, steps, False)

    def _step_gauges(self, raw: Raw, found: NDArray[np.float64], plain: bool) -> None:
        start = self.layout.counters
        taken = self.sources[start : start + self.direct[1]]
        kinds = None if plain else raw.kinds[taken]
        if kinds is not None:
            found[:] = floats(raw.values[taken], kinds)
        for group in self.gauge_groups:
            if not group.odd:
                continue
            place = found[group.start : group.stop]
            masks = []
            for positions, steps in group.guards:
                if plain and positions is None:
                    masks.append(truth(stepped(place, steps)))
                else:
                    at = taken[group.start : group.stop] if positions is None else positions
                    masks.append(true_at(raw, at, steps, plain))
            if group.steps:
                place[:] = stepped(place, group.steps)
            for mask in masks:
                if 0 in mask.tobytes():
                    place[~mask] = np.nan
        if kinds is not None:
            found[~IS_NUMBER[kinds]] = np.nan

    def _texts(
        self,
        raw: Raw,
        counters: NDArray[np.uint64],
        counted: NDArray[np.bool_],
        gauges: NDArray[np.float64],
    ) -> None:
        """Direct values whose column (or guard's column) has text or a float this time."""
        frame = None
        first = self.layout.counters
        for place in self._odd(raw, self.counter_groups, 0):
            frame = frame or self._frame(raw)
            value = self._value_at(place, raw, frame)
            counted[place], counters[place] = value is not None, int(value or 0) & MASK
        for place in self._odd(raw, self.gauge_groups, first):
            frame = frame or self._frame(raw)
            value = self._value_at(self.direct[0] + place, raw, frame)
            gauges[place] = math.nan if value is None else value

    def _odd(self, raw: Raw, groups: tuple[Group, ...], base: int) -> list[int]:
        found: list[int] = []
        for group in groups:
            odd = raw.kinds[self.sources[base + group.start : base + group.stop]] == OTHER
            for positions, _ in group.guards:
                if positions is not None:
                    odd |= raw.kinds[positions] == OTHER
            found += (np.flatnonzero(odd) + group.start).tolist()
        return found

    def _value_at(self, place: int, raw: Raw, frame: DeviceFrame) -> float | None:
        output = self.outputs[int(self.rules[place])][1]
        return output.value(self.table, self._scope(int(self.row_of[place]), raw, frame))

    # -- row by row

    def _compute(self, raw: Raw, memory: BlockMemory | None) -> BlockMemory:
        computed = self.computed
        assert computed is not None
        values, kinds = raw.values[computed.inputs], raw.kinds[computed.inputs]
        others = (
            {int(at): raw.others[int(at)] for at in computed.inputs[kinds == OTHER]} if raw.others else {}
        )
        if memory is None:
            memory = BlockMemory(
                values,
                kinds,
                others,
                np.zeros(computed.counters, np.uint64),
                np.zeros(computed.counters, np.bool_),
                np.full(computed.gauges, np.nan),
            )
            self._evaluate(raw, memory, None)
            return memory
        changed = (values != memory.values) | (kinds != memory.kinds)
        if others or memory.others:
            before = memory.others
            different = [at for at in others.keys() | before.keys() if others.get(at) != before.get(at)]
            if different:
                changed |= np.isin(computed.inputs, different)
        if not changed.any():
            return memory
        memory.values, memory.kinds, memory.others = values, kinds, others
        rows = computed.input_rows[changed]
        self._evaluate(raw, memory, None if rows.min() < 0 else np.unique(rows))
        return memory

    def _evaluate(self, raw: Raw, memory: BlockMemory, rows: Ints | None) -> None:
        """Results of some rows (None: of all) anew."""
        computed = self.computed
        assert computed is not None
        places = (
            np.arange(len(computed.rows)) if rows is None else np.flatnonzero(np.isin(computed.rows, rows))
        )
        frame, at, scope = self._frame(raw), -1, None
        for place in places.tolist():
            row = int(computed.rows[place])
            if row != at or scope is None:
                at, scope = row, self._scope(row, raw, frame)
            output, target = self.outputs[computed.outputs[place]][1], int(computed.targets[place])
            value = output.value(self.table, scope)
            if output.counts:
                memory.counted[target] = value is not None
                memory.counters[target] = int(value or 0) & MASK
            else:
                memory.gauges[target] = math.nan if value is None else value

    def _frame(self, raw: Raw) -> DeviceFrame:
        rows = self.rows
        scalars = dict(rows.scalars)
        for name, position in rows.scalar_positions:
            value = value_at(raw, position)
            if value is not None:
                scalars[name] = value
        found: dict[str, Rows] = {}
        if rows.whole:
            found = {
                name: {index: dict(row) for index, row in kept.items()} for name, kept in rows.foreign.items()
            }
            for table, index, alias, position in rows.foreign_cells:
                value = value_at(raw, position)
                if value is not None:
                    found.setdefault(table, {}).setdefault(index, {})[alias] = value
            own = found.setdefault(self.table.name, {})
            for number, index in enumerate(rows.indexes):
                own.setdefault(index, {}).update(self._row(number, raw))
        return DeviceFrame(self.profile, found, scalars, self.context)

    def _row(self, row: int, raw: Raw) -> dict[str, Value]:
        rows = self.rows
        values = dict(rows.statics[row])
        start, stop = int(rows.starts[row]), int(rows.starts[row + 1])
        positions = range(start, stop) if rows.positions is None else rows.positions[start:stop].tolist()
        for alias, position in zip(rows.patterns[rows.pattern_of[row]], positions, strict=True):
            value = value_at(raw, position)
            if value is not None:
                values[alias] = value
        return values

    def _scope(self, row: int, raw: Raw, frame: DeviceFrame) -> Scope:
        index = self.rows.indexes[row]
        if self.rows.whole:
            return Scope(frame.rows(self.table.name)[index], index, frame)
        values = self._row(row, raw)
        scope = Scope(values, index, frame)
        for name, expression in self.rows.let:
            values[name] = expression(scope)
        return scope
