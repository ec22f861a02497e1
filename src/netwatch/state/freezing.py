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

__all__ = ["MISSED_PASSES", "Live", "SheetOrigins", "freeze", "is_fresh", "live_rows", "with_origins"]

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


def live_rows(family: int, sheets: Iterable[Sheet], rows: Rows, others: Iterable[Live | None]) -> Live | None:
    """Finds the series of a family; None without any. Equal tuples of `others` are used again: families with
    the same series share them."""
    found = [(sheet, run) for sheet in sheets if (run := sheet.shape.runs.get(family)) is not None]
    if not found:
        return None
    counter = found[0][1].counter
    sizes = np.asarray([len(run.who) for _, run in found], dtype=np.int64)
    ends = np.cumsum(sizes)
    firsts = np.asarray([sheet.first(counter) for sheet, _ in found], dtype=np.int64)
    begins = firsts + np.asarray([run.start for _, run in found], dtype=np.int64)
    numbers = np.arange(int(ends[-1]), dtype=np.int64) + np.repeat(begins - (ends - sizes), sizes)
    index = numbers.astype(np.int32)
    entities = tuple(chain.from_iterable(sheet.names(run) for sheet, run in found))
    labels = tuple(chain.from_iterable(run.labels for _, run in found))
    starts = ends - sizes
    if any(sheet.sparse or sheet.gone for sheet, _ in found):
        keep = np.isfinite(rows.mono[index])
        if not keep.any():
            return None
        if not keep.all():
            chosen = keep.tolist()
            entities, labels = tuple(compress(entities, chosen)), tuple(compress(labels, chosen))
            starts = (np.cumsum(keep) - keep)[starts]
            index = index[keep]
    for other in others:
        if other is not None and len(other.entities) == len(entities):
            entities = other.entities if other.entities == entities else entities
            labels = other.labels if other.labels == labels else labels
    owners = tuple(sheet for sheet, _ in found)
    told = SheetOrigins(counter, index, starts, firsts, tuple(sheet.origins for sheet in owners))
    return Live(owners, index, rows.generation[index], entities, labels, starts, firsts, told)


def with_origins(live: Live, counter: bool) -> Live:
    """The same series, read elsewhere."""
    told = tuple(sheet.origins for sheet in live.sheets)
    return live._replace(origins=SheetOrigins(counter, live.rows, live.starts, live.firsts, told))


def is_fresh(age: float, interval: float) -> bool:
    return age <= (MISSED_PASSES + _LATE) * interval


def freeze(family: Family, live: Live, rows: Rows, groups: Groups, mono: float, decoded: Decoded) -> Column:
    """A copy that never changes."""
    size = len(live.rows)
    times, fresh = np.empty(size), np.empty(size, dtype=np.bool_)
    horizon = mono - (MISSED_PASSES + _LATE) * groups.interval
    if isinstance(rows, CounterRows):
        totals, covered = np.empty(size, dtype=np.uint64), np.empty(size)
        rates = np.empty(size, dtype=np.float32)
    else:
        assert isinstance(rows, GaugeRows)
        values = np.empty(size)
    for start in range(0, size, _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        index = live.rows[part].astype(np.intp)
        read, group = rows.mono.take(index), rows.group.take(index).astype(np.intp)
        np.add(read, groups.lead.take(group), out=times[part])
        np.greater_equal(read, horizon.take(group), out=fresh[part])
        if isinstance(rows, CounterRows):
            np.subtract(read, rows.gap.take(index), out=covered[part])
            totals[part], rates[part] = rows.totals.take(index), rows.rates.take(index)
        else:
            values[part] = rows.values.take(index)
    known: dict[str, NDArray[Any]]
    if isinstance(rows, CounterRows):
        known = {"totals": totals, "covered": covered, "rates": rates}
    else:
        known = {"values": values}
    return PackedColumn(
        family,
        live.entities,
        live.labels,
        live.origins,
        PackedTimes.of(times),
        fresh,
        live.rows,
        live.generations,
        decoded,
        **known,
    )
