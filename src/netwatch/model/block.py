"""The values of a table whose series are known beforehand: what a poll of exact OIDs gives, as arrays.

An `Observation` names each reading; a `Block` is the same without the names. They stand once in its layout,
which is made at discovery and shared by every poll, and by devices of one build.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model.entity import EntityId, EntityKey
from netwatch.model.observation import Evidence
from netwatch.model.time import Instant

__all__ = ["Block", "BlockLayout", "BlockSeries", "BlockSubject"]


class BlockSubject(NamedTuple):
    """Who a value is about, and the row of the source's table that it comes from."""

    key: EntityKey
    row: str
    """Row index, e.g. `10101`; empty for a scalar."""


class BlockSeries(NamedTuple):
    """What a value means."""

    family: str
    labels: tuple[str, ...] = ()
    bits: int = 64
    """Counters: the width at which it wraps, 32 or 64."""
    column: str = ""
    """OID of the column that it is read from, or of the whole scalar."""


@dataclass(frozen=True, eq=False)
class BlockLayout:
    """Which value of a block is which series. Compared by identity: whoever derives something from a layout
    keeps it as long as blocks come with the same one."""

    subjects: tuple[BlockSubject, ...]
    series: tuple[BlockSeries, ...]
    subject_of: NDArray[np.int32]
    """Per value, counters first: number of its subject."""
    series_of: NDArray[np.int32]
    """Per value, counters first: number of its series."""
    counters: int
    """How many of the values are counters."""

    def __len__(self) -> int:
        return len(self.subject_of)

    def origin(self, position: int) -> str:
        """The OID that a value is read from; empty where several make it."""
        column = self.series[int(self.series_of[position])].column
        row = self.subjects[int(self.subject_of[position])].row
        return f"{column}.{row}" if column and row else column

    @cached_property
    def content(self) -> tuple[Any, ...]:
        """Equal for layouts that say the same."""
        arrays = self.subject_of.tobytes(), self.series_of.tobytes()
        return self.subjects, self.series, *arrays, self.counters


@dataclass(slots=True, eq=False)
class Block:
    """One pass over one table. Nothing in it changes any more; the arrays belong to whoever gets it.

    To be treated as immutable; not frozen, for that takes longer to make.
    """

    source: EntityId
    table: str
    layout: BlockLayout
    at: Instant
    """Middle of the pass."""
    counters: NDArray[np.uint64]
    """As read, before wrap and reset are judged."""
    counted: NDArray[np.bool_]
    """Per counter: False where it was not read this time."""
    gauges: NDArray[np.float64]
    """In the families' units; NaN where not read."""
    times: NDArray[np.float64]
    """Per value, counters first: monotonic seconds of the middle of its request."""
    interval: float = 60.0
    """Seconds until the next pass is due."""
    evidence: Evidence = Evidence()
    problems: tuple[str, ...] = ()
