"""What a reader of blocks is made of, and what it is given."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.model import FamilyType, StateLevel
from netwatch.profiles.blocks.symbols import Step
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.language.scope import Scope
from netwatch.profiles.language.values import Value
from netwatch.profiles.ready.profile import SensorRule, Table, ValueRule
from netwatch.profiles.rows.evaluate import state_of, value_of
from netwatch.profiles.rows.frame import Rows

__all__ = [
    "ABSENT",
    "MASK",
    "OTHER",
    "SIGNED",
    "UNSIGNED",
    "BlockMemory",
    "Computed",
    "Group",
    "Ints",
    "Output",
    "Places",
    "Raw",
    "RowTable",
]

ABSENT, SIGNED, UNSIGNED, OTHER = range(4)
"""netwatch.wire.ValueKind, which this room does not see."""

MASK = (1 << 64) - 1
Ints = NDArray[np.int32]
Places = NDArray[np.intp]
"""Positions by which arrays are taken at each pass: numpy takes by no other kind without converting it."""


class Raw(Protocol):
    """One element per OID of a plan, in its order: netwatch.wire.Fetched."""

    @property
    def values(self) -> NDArray[np.uint64]: ...

    @property
    def kinds(self) -> NDArray[np.uint8]: ...

    @property
    def times(self) -> NDArray[np.float64]: ...

    @property
    def others(self) -> Mapping[int, Value]: ...


@dataclass(slots=True, eq=False)
class BlockMemory:
    """What the last pass over one table of one device came to. Owned by whoever polls the device."""

    values: NDArray[np.uint64]
    kinds: NDArray[np.uint8]
    others: dict[int, Value]
    counters: NDArray[np.uint64]
    counted: NDArray[np.bool_]
    gauges: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Output:
    """One thing that a rule tells of a row."""

    rule: ValueRule
    sensor: SensorRule | None = None
    """With `level`: the state whose level it is; without: the state whose number it is."""
    level: bool = False

    def value(self, table: Table, scope: Scope) -> float | None:
        if self.sensor is None:
            return value_of(table, self.rule, scope)
        found, level = state_of(self.sensor, scope)
        if not self.level:
            return found
        number = math.nan if level is None else StateLevel(level.level).number
        return None if math.isnan(number) else number

    @property
    def counts(self) -> bool:
        return not self.level and self.rule.type is FamilyType.COUNTER


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Outputs whose numbers undergo the same steps: a piece of the counters or of the gauges."""

    start: int
    stop: int
    steps: tuple[Step, ...]
    guards: tuple[tuple[Places | None, tuple[Step, ...]], ...]
    """Positions, one per output (None: the values' own), and what makes them true."""
    narrow: bool
    """Counters: they wrap at 32 bits."""
    odd: bool
    """There are steps or guards. Such groups come last."""


@dataclass(frozen=True, slots=True, eq=False)
class Computed:
    """Outputs that are evaluated, one after the other, ordered by row."""

    rows: Ints
    """Per output."""
    outputs: NDArray[np.int16]
    """Per output: number in BlockReader.outputs."""
    targets: Ints
    """Per output: place among the computed counters or gauges."""
    counters: int
    gauges: int
    """How many places there are; those past the layout's own are second choices."""
    more_counters: tuple[tuple[int, int], ...]
    more_gauges: tuple[tuple[int, int], ...]
    """(place, second choice): counts where the place has no value."""
    inputs: Places
    """Positions that any of them depends on."""
    input_rows: Ints
    """Per input: its row; -1 where all rows depend on it."""


@dataclass(frozen=True, slots=True, eq=False)
class RowTable:
    """Where the columns of each row stand, and what is known of it without asking."""

    indexes: tuple[str, ...]
    patterns: tuple[tuple[str, ...], ...]
    """Columns that are asked of a row."""
    pattern_of: NDArray[np.int16]
    starts: Ints
    """Per row, and one more: its piece of `positions`."""
    positions: Ints | None
    """None: 0, 1, 2 and so on."""
    statics: tuple[Mapping[str, Value], ...]
    """Per row."""
    foreign: Mapping[str, Rows]
    """Rows of other tables that no poll changes."""
    foreign_cells: tuple[tuple[str, str, str, int], ...]
    """Table, row, column, position: cells of other tables that are asked along."""
    scalars: Mapping[str, Value]
    scalar_positions: tuple[tuple[str, int], ...]
    let: tuple[tuple[str, Expression], ...]
    """Definitions that values need; where rows of other tables matter the frame makes them all."""
    whole: bool
    """Values look into tables: rows are evaluated within the frame of the whole."""
