"""Puts what the rules of a table come to into the arrays of a reader."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.model import BlockLayout, BlockSeries, BlockSubject, EntityKey
from netwatch.profiles.blocks.parts import MASK, Computed, Group, Output, RowTable
from netwatch.profiles.blocks.reader import BlockReader
from netwatch.profiles.blocks.symbols import Step
from netwatch.profiles.ready.pool import PlanPool
from netwatch.profiles.ready.profile import Profile, Table

__all__ = ["Candidate", "Inputs", "assemble"]

Slot = tuple[EntityKey, str, tuple[str, ...]]
Guard = tuple[int, tuple[Step, ...]]
"""Position, and what makes it true."""


class Candidate(NamedTuple):
    """A value that a row may tell."""

    row: int
    subject: BlockSubject
    series: BlockSeries
    output: int
    counts: bool
    source: int
    steps: tuple[Step, ...] | None
    """Direct: what is done with the number at `source`."""
    guards: tuple[Guard, ...]
    known: float | None
    """What it always is."""

    @property
    def direct(self) -> bool:
        return self.steps is not None

    @property
    def shape(self) -> tuple[Any, ...]:
        """Equal for what can be computed at once."""
        return (
            self.steps or (),
            tuple((steps, at == self.source) for at, steps in self.guards),
            self.counts and self.series.bits == 32,
        )


class Inputs(Protocol):
    """The compiler, as far as it is needed here."""

    outputs: tuple[tuple[int, Output], ...]
    size: int

    def inputs(self, row: int, output: int) -> tuple[set[int], set[int]]: ...


def assemble(
    name: str,
    table: Table,
    profile: Profile,
    context: str,
    rows: RowTable,
    candidates: Sequence[Candidate],
    inputs: Inputs,
    pool: PlanPool,
) -> BlockReader | None:
    """None if one series had two widths."""
    slots: dict[Slot, list[Candidate]] = {}
    for one in candidates:
        slots.setdefault((one.subject.key, one.series.family, one.series.labels), []).append(one)
    if any(len({one.series.bits for one in found}) > 1 for found in slots.values() if found[0].counts):
        return None
    counters = _sorted([found for found in slots.values() if found[0].counts])
    gauges = _sorted([found for found in slots.values() if not found[0].counts])
    layout = pool.layout(_layout([found[0] for found in (*counters, *gauges)], len(counters)))
    direct_counters = [found[0] for found in counters if _rank(found) == 0]
    direct_gauges = [found[0] for found in gauges if _rank(found) == 0]
    direct = (*direct_counters, *direct_gauges)
    known_counters = [int(found[0].known or 0) & MASK for found in counters if _rank(found) == 1]
    known_gauges = [found[0].known or 0.0 for found in gauges if _rank(found) == 1]
    return BlockReader(
        name=name,
        table=table,
        profile=profile,
        context=context,
        size=inputs.size,
        layout=layout,
        sources=pool.array(np.array([found[0].source for found in (*counters, *gauges)], np.intp)),
        counter_groups=_groups(direct_counters),
        gauge_groups=_groups(direct_gauges),
        direct=(len(direct_counters), len(direct_gauges)),
        constants=(np.array(known_counters, np.uint64), np.array(known_gauges, np.float64)),
        rules=pool.array(np.array([one.output for one in direct], np.int16)),
        outputs=inputs.outputs,
        row_of=pool.array(_numbers([one.row for one in direct])),
        rows=rows,
        computed=_computed(
            [found for found in counters if _rank(found) == 2],
            [found for found in gauges if _rank(found) == 2],
            inputs,
        ),
    )


def _rank(found: Sequence[Candidate]) -> int:
    """0 direct, 1 known, 2 computed. What several rules or rows may tell is computed."""
    if len(found) > 1:
        return 2
    return 0 if found[0].direct else 1 if found[0].known is not None else 2


def _sorted(slots: list[list[Candidate]]) -> list[list[Candidate]]:
    """Direct ones of one shape beside each other, those as they stand first; then known, then computed."""
    shapes: dict[object, int] = {}

    def place(found: list[Candidate]) -> tuple[int, bool, int]:
        first = found[0]
        return _rank(found), bool(first.steps or first.guards), shapes.setdefault(first.shape, len(shapes))

    return sorted(slots, key=place)


def _groups(direct: Sequence[Candidate]) -> tuple[Group, ...]:
    groups, start = [], 0
    for shape, found in itertools.groupby(direct, key=lambda one: one.shape):
        members = list(found)
        guards = tuple(
            (None if own else np.array([one.guards[place][0] for one in members], np.intp), steps)
            for place, (steps, own) in enumerate(shape[1])
        )
        odd = bool(shape[0] or guards)
        groups.append(Group(start, start + len(members), shape[0], guards, shape[2], odd))
        start += len(members)
    return tuple(groups)


def _layout(slots: Sequence[Candidate], counters: int) -> BlockLayout:
    subjects: dict[BlockSubject, int] = {}
    series: dict[BlockSeries, int] = {}
    return BlockLayout(
        subject_of=np.array([subjects.setdefault(one.subject, len(subjects)) for one in slots], np.int32),
        series_of=np.array([series.setdefault(one.series, len(series)) for one in slots], np.int32),
        subjects=tuple(subjects),
        series=tuple(series),
        counters=counters,
    )


def _computed(
    counters: list[list[Candidate]], gauges: list[list[Candidate]], inputs: Inputs
) -> Computed | None:
    if not counters and not gauges:
        return None
    cells: list[tuple[int, int, int]] = []
    sizes, more = [], []
    for slots in (counters, gauges):
        count, second = len(slots), []
        for place, found in enumerate(slots):
            cells.append((found[0].row, found[0].output, place))
            for other in found[1:]:
                cells.append((other.row, other.output, count))
                second.append((place, count))
                count += 1
        sizes.append(count)
        more.append(tuple(second))
    cells.sort()
    row_of: dict[int, int] = {}
    for row, output, _ in cells:
        mine, shared = inputs.inputs(row, output)
        row_of |= dict.fromkeys(shared, -1)
        for at in mine:
            row_of.setdefault(at, row)
    positions = sorted(row_of)
    return Computed(
        rows=np.array([row for row, _, _ in cells], np.int32),
        outputs=np.array([output for _, output, _ in cells], np.int16),
        targets=np.array([target for _, _, target in cells], np.int32),
        counters=sizes[0],
        gauges=sizes[1],
        more_counters=more[0],
        more_gauges=more[1],
        inputs=np.array(positions, np.intp),
        input_rows=np.array([row_of[at] for at in positions], np.int32),
    )


def _numbers(numbers: Sequence[int]) -> NDArray[Any]:
    """As narrow as may be."""
    if max(numbers, default=0) < 1 << 15:
        return np.array(numbers, np.int16)
    return np.array(numbers, np.int32)
