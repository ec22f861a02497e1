"""From rows to the columns of a snapshot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Column, EntityId, Family
from netwatch.model.snapshot import Decoded, PackedColumn, PackedTimes
from netwatch.state.counter_rows import CounterRows
from netwatch.state.rows import GaugeRows, Rows
from netwatch.state.sheets import Origins, Sheet
from netwatch.state.sources import Groups

__all__ = ["MISSED_PASSES", "Freezer", "Live", "SheetOrigins", "is_fresh", "live_rows", "with_origins"]

MISSED_PASSES = 3
"""A series that missed more passes than this is not exported."""

_LATE = 0.5
"""Share of an interval by which a pass may be late before it counts as missed."""

_AT_ONCE = 16384
"""Rows that are worked on together: their numbers stay in the processor's cache."""


class SheetOrigins(Sequence[str]):
    """Where each value of a column was read. Text is made when it is asked for."""

    __slots__ = ("_counter", "_firsts", "_origins", "_rows", "_starts")

    def __init__(
        self,
        counter: bool,
        rows: NDArray[np.int32],
        starts: NDArray[np.int64],
        firsts: NDArray[np.int64],
        origins: tuple[Origins | None, ...],
    ) -> None:
        self._counter, self._rows, self._starts, self._firsts = counter, rows, starts, firsts
        self._origins = origins

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: Any) -> Any:
        if isinstance(position, slice):
            return tuple(self[at] for at in range(*position.indices(len(self))))
        row = int(self._rows[position])
        at = position if position >= 0 else len(self) + position
        sheet = int(np.searchsorted(self._starts, at, "right")) - 1
        known = self._origins[sheet]
        return "" if known is None else known.text(self._counter, row - int(self._firsts[sheet]))

    def __eq__(self, other: object) -> bool:
        if isinstance(other, tuple | SheetOrigins):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return SheetOrigins, (self._counter, self._rows, self._starts, self._firsts, self._origins)


class Live(NamedTuple):
    """The series of a family that are there, and what readers may keep as long as they are the same."""

    sheets: tuple[Sheet, ...]
    rows: NDArray[np.int32]
    generations: NDArray[np.uint16]
    entities: tuple[EntityId, ...]
    labels: tuple[tuple[str, ...], ...]
    starts: NDArray[np.int64]
    """Position of the first series of each sheet."""
    firsts: NDArray[np.int64]
    """First counter or gauge row of each sheet."""
    origins: SheetOrigins
    whole: bool
    """True if each sheet has exactly one row per entity here."""


def live_rows(family: int, sheets: Iterable[Sheet], rows: Rows, others: Iterable[Live | None]) -> Live | None:
    """Finds the series of a family; None without any. Equal tuples of `others` are used again: families with
    the same series share them."""
    owners = tuple([sheet for sheet in sheets if family in sheet.shape.runs])
    if not owners:
        return None
    runs = [sheet.shape.runs[family] for sheet in owners]
    counter = runs[0].counter
    sizes = np.asarray([len(run.who) for run in runs], dtype=np.int64)
    ends = np.cumsum(sizes)
    firsts = np.asarray([sheet.first(counter) for sheet in owners], dtype=np.int64)
    begins = firsts + np.asarray([run.start for run in runs], dtype=np.int64)
    starts = ends - sizes
    index = np.repeat(begins - starts, sizes)
    index += np.arange(int(ends[-1]), dtype=np.int64)
    index = index.astype(np.int32)
    keep: NDArray[np.bool_] | None = None
    if any(sheet.sparse or sheet.gone for sheet in owners):
        keep = np.isfinite(rows.mono[index])
        if not keep.any():
            return None
        keep = None if keep.all() else keep
    whole = keep is None and all(run.whole for run in runs)
    known = [other for other in others if other is not None]
    # A tuple of half a million names takes a while to make: those of a family with the same sheets serve.
    same = next((other for other in known if whole and other.whole and other.sheets == owners), None)
    names = map(Sheet.names, owners, runs)
    entities = tuple(chain.from_iterable(names)) if same is None else same.entities
    labels = tuple(chain.from_iterable([run.labels for run in runs]))
    if keep is not None:
        chosen = keep.tolist()
        entities, labels = tuple(compress(entities, chosen)), tuple(compress(labels, chosen))
        starts = (np.cumsum(keep) - keep)[starts]
        index = index[keep]
    for other in known:
        if len(other.entities) == len(entities):
            entities = other.entities if same is None and other.entities == entities else entities
            labels = other.labels if other.labels == labels else labels
    told = SheetOrigins(counter, index, starts, firsts, tuple(sheet.origins for sheet in owners))
    generations = rows.generation[index]
    if not generations.any():
        generations = np.broadcast_to(np.uint16(0), len(index))  # the usual case takes no memory
    return Live(owners, index, generations, entities, labels, starts, firsts, told, whole)


def with_origins(live: Live, counter: bool) -> Live:
    """The same series, read elsewhere."""
    told = tuple(sheet.origins for sheet in live.sheets)
    return live._replace(origins=SheetOrigins(counter, live.rows, live.starts, live.firsts, told))


def is_fresh(age: float, interval: float) -> bool:
    return age <= (MISSED_PASSES + _LATE) * interval


class Freezer:
    """Makes a copy of a family that never changes, some rows at a time."""

    def __init__(self, family: Family, live: Live, rows: Rows, groups: Groups, mono: float) -> None:
        size = len(live.rows)
        self._family, self.live, self._rows, self._groups = family, live, rows, groups
        self._mono = mono
        self._done = 0
        self._low, self._high = np.inf, -np.inf
        self._millis, self._fresh = np.empty(size), np.empty(size, dtype=np.bool_)
        self._totals: NDArray[np.uint64] | None = None
        self._covered: NDArray[np.float64] | None = None
        self._rates: NDArray[np.float32] | None = None
        self._values: NDArray[np.float64] | None = None
        if isinstance(rows, CounterRows):
            self._totals, self._covered = np.empty(size, dtype=np.uint64), np.empty(size)
            self._rates = np.empty(size, dtype=np.float32)
        else:
            self._values = np.empty(size)

    def copy(self, most: int | None = None) -> bool:
        """Copies at most so many rows further. False once all are copied."""
        rows, groups, size = self._rows, self._groups, len(self.live.rows)
        stop = size if most is None else min(size, self._done + most)
        horizon = self._mono - (MISSED_PASSES + _LATE) * groups.interval
        for start in range(self._done, stop, _AT_ONCE):
            part = slice(start, min(start + _AT_ONCE, stop))
            index = self.live.rows[part].astype(np.intp)
            read, group = rows.mono.take(index), rows.group.take(index).astype(np.intp)
            millis = self._millis[part]
            np.add(read, groups.lead.take(group), out=millis)
            np.multiply(millis, 1000.0, out=millis)
            np.rint(millis, out=millis)
            self._low, self._high = min(self._low, millis.min()), max(self._high, millis.max())
            np.greater_equal(read, horizon.take(group), out=self._fresh[part])
            if isinstance(rows, CounterRows):
                assert self._totals is not None
                assert self._covered is not None
                assert self._rates is not None
                np.subtract(read, rows.gap.take(index), out=self._covered[part])
                self._totals[part] = rows.totals.take(index)
                self._rates[part] = rows.rates.take(index)
            elif isinstance(rows, GaugeRows):
                assert self._values is not None
                self._values[part] = rows.values.take(index)
        self._done = stop
        return stop < size

    def column(self, decoded: Decoded) -> Column:
        """The finished copy."""
        live = self.live
        return PackedColumn(
            self._family,
            live.entities,
            live.labels,
            live.origins,
            PackedTimes.of_millis(self._millis, float(self._low), float(self._high)),
            self._fresh,
            live.rows,
            live.generations,
            decoded,
            self._values,
            self._totals,
            self._covered,
            self._rates,
        )
