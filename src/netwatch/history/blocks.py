"""Blocks in and out: checking what is handed in, and cutting it into pieces that read well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.names import Names, SeriesName
from netwatch.history.records import COUNTER, GAUGE, Matrices, PendingBlock
from netwatch.model import DAY, Catalogue, CounterBlock, FamilyType, GaugeBlock

__all__ = [
    "columns_of",
    "covered_of",
    "kind_of",
    "month_end",
    "month_of",
    "month_start",
    "months",
    "pieces",
    "refuse_bad_names",
    "refuse_nonsense",
    "strips",
]

_ROWS = 1024
"""Series per piece: a reader of one series decompresses this many."""
_SLICES = 8
"""Pieces of a day where there are many series: a reader of school hours leaves the nights alone."""
_LEAST = 24
"""Buckets that a piece holds at least, for the sake of its compression."""
_STRIP = 65536
"""Series of a short block that are kept together."""
_CELLS = 65536
"""Values per piece, so that few series get longer pieces."""


def refuse_nonsense(block: GaugeBlock | CounterBlock, catalogue: Catalogue) -> None:
    """Raises StoreError for a block that could not be read back as what it says it is."""
    family = catalogue.get(block.family)
    if family is None:
        raise StoreError(f"{block.family}: no such family")
    wanted = GaugeBlock if family.type is FamilyType.GAUGE else CounterBlock
    if family.type is FamilyType.INFO or not isinstance(block, wanted):
        raise StoreError(f"{block.family}: a {type(block).__name__} can't hold a {family.type}")
    if block.width <= 0 or DAY % block.width or block.start % block.width:
        raise StoreError(
            f"{block.family}: buckets of {block.width} s from {block.start}: "
            "a width divides the day, and a start is a multiple of it"
        )
    shapes = {np.shape(column) for column in _raw(block)}
    if len(shapes) != 1 or len(next(iter(shapes))) != 2:
        raise StoreError(f"{block.family}: the arrays of a block have one shape, (series, buckets)")
    rows = next(iter(shapes))[0]
    if rows != len(block.entities) or rows != len(block.labels):
        raise StoreError(
            f"{block.family}: {rows} rows, {len(block.entities)} entities, {len(block.labels)} labels"
        )


def refuse_bad_names(family: str, labels: int, names: Names) -> None:
    """Raises StoreError for series that could not be told apart. In steps that let other threads run."""
    seen: set[SeriesName] = set()
    for name in names.series():
        if len(name[1]) != labels:
            raise StoreError(f"{family}: each series has {labels} row labels")
        seen.add(name)
    if len(seen) != len(names):
        raise StoreError(f"{family}: a series occurs twice in one block")


def columns_of(block: GaugeBlock | CounterBlock) -> Matrices:
    """As they are kept: what holds nothing is NaN without coverage, and no maximum is below its mean."""
    value = np.array(block.mean if isinstance(block, GaugeBlock) else block.increase, dtype=np.float64)
    raw = np.asarray(covered_of(block), dtype=np.float64)
    covered = np.clip(np.nan_to_num(raw), 0.0, block.width).round(1)
    covered[~np.isfinite(value)] = 0.0
    value[covered <= 0] = np.nan
    if isinstance(block, CounterBlock):
        return value, covered
    peak = np.maximum(np.asarray(block.max, dtype=np.float64), value)
    return value, np.where(np.isfinite(peak), peak, value), covered


def covered_of(block: GaugeBlock | CounterBlock) -> NDArray[np.float64]:
    """Seconds that each value stands for."""
    return block.coverage if isinstance(block, GaugeBlock) else block.covered


def kind_of(block: GaugeBlock | CounterBlock) -> int:
    return GAUGE if isinstance(block, GaugeBlock) else COUNTER


def pieces(
    rows: NDArray[np.intp], start: int, width: int, columns: Matrices, *, sequence: int, simulated: bool
) -> Iterator[PendingBlock]:
    """Cuts a stretch within one month into pieces that hold anything at all: whole UTC days of few series,
    three hours of many."""
    buckets, daily = columns[0].shape[1], DAY // width
    for low in range(0, rows.size, _ROWS):
        group = slice(low, low + _ROWS)
        count = rows[group].size
        length = daily * max(1, _CELLS // (daily * count))
        if daily * count >= _CELLS and daily % _SLICES == 0 and daily // _SLICES >= _LEAST:
            length = daily // _SLICES
        first = -((start // width) % daily)  # so that pieces end at midnight
        for begin in range(first, buckets, length):
            part = slice(max(begin, 0), begin + length)
            cut = tuple(column[group, part] for column in columns)
            if np.any(cut[-1] > 0):
                at = start + part.start * width
                yield PendingBlock(rows[group], sequence, at, width, simulated, cut, settled=True)


def strips(
    start: int, width: int, columns: Matrices, *, sequence: int, simulated: bool
) -> Iterator[PendingBlock]:
    """Cuts a short block of very many series, so that a reader of few decodes few."""
    for low in range(0, columns[0].shape[0], _STRIP):
        rows = np.arange(low, min(low + _STRIP, columns[0].shape[0]))
        yield PendingBlock(rows, sequence, start, width, simulated, tuple(c[rows] for c in columns))


def months(start: int, width: int, buckets: int) -> Iterator[tuple[str, slice]]:
    """The UTC months that a stretch of buckets touches, each with its part of them."""
    begin = 0
    while begin < buckets:
        name = month_of(start + begin * width)
        end = min(buckets, -(-(month_end(name) - start) // width))
        yield name, slice(begin, end)
        begin = end


def month_of(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m")


def month_start(name: str) -> int:
    """UTC seconds at which a month begins. Raises ValueError if it is none."""
    return int(datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC).timestamp())


def month_end(name: str) -> int:
    """UTC seconds at which the next month begins."""
    return month_start(month_of(month_start(name) + 31 * DAY))


def _raw(block: GaugeBlock | CounterBlock) -> Sequence[NDArray[np.float64]]:
    if isinstance(block, GaugeBlock):
        return block.mean, block.max, block.coverage
    return block.increase, block.covered
