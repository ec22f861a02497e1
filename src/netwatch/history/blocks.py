"""Blocks in and out: checking what is handed in, and cutting it into pieces that read well."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.names import MANY, Names, SeriesName
from netwatch.history.records import COUNTER, GAUGE, Matrices, PendingBlock, RecordHead
from netwatch.model import DAY, Catalogue, CounterBlock, EntityId, FamilyType, GaugeBlock

__all__ = [
    "columns_of",
    "covered_of",
    "kind_of",
    "month_end",
    "month_of",
    "month_start",
    "months",
    "overlaps",
    "pieces",
    "refuse_bad_names",
    "refuse_nonsense",
    "ripe",
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
_LATE = 1200
"""Seconds that a bucket may begin before another one and still be written again as a matter of course: a
gauge's reading stands for fifteen minutes, and a bucket is written five minutes after its end."""
_MANY = 600
"""Different starts of short blocks of few series from which full days move to their months: two days."""
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


def ripe(heads: Sequence[RecordHead]) -> int | None:
    """Up to when (UTC seconds) short blocks move to their months now; None if they wait for more.

    Those of many series move in stretches of three hours, which is how they lie in their month, once what
    comes late has come; those of few series in longer ones, so that their pieces are worth compressing, and
    of very few in days.
    """
    if len(heads) < _LEAST:
        return None
    rows: Counter[int] = Counter()
    for head in heads:
        rows[head.start] += head.rows
    width, most, newest = max(head.width for head in heads), max(rows.values()), max(rows)
    for share in (_SLICES, _SLICES // 2, _SLICES // 4):
        step = DAY // share
        if step % width or step // width < _LEAST or most * (step // width) < _CELLS // _SLICES:
            continue
        end = (newest - _LATE) // step * step
        # Stragglers wait for the next stretch: to rewrite what is left costs as much for one as for many.
        return end if sum(start < end for start in rows) >= step // width else None
    days = {start // DAY for start in rows}
    return max(days) * DAY if len(rows) > _MANY and len(days) > 1 else None


def strips(
    start: int, width: int, columns: Matrices, *, sequence: int, simulated: bool
) -> Iterator[PendingBlock]:
    """Cuts a short block of very many series, so that a reader of few decodes few."""
    for low in range(0, columns[0].shape[0], _STRIP):
        rows = np.arange(low, min(low + _STRIP, columns[0].shape[0]))
        yield PendingBlock(rows, sequence, start, width, simulated, tuple(c[rows] for c in columns))


def overlaps(spans: dict[tuple[str, EntityId], tuple[int, int]], block: GaugeBlock | CounterBlock) -> bool:
    """True if an entity has buckets in this block's stretch already; else notes them."""
    if len(block.entities) > MANY:
        return False  # such a block is never put together with others
    begin, end = block.start, block.start + block.width * covered_of(block).shape[1]
    found = {entity: spans.get((block.family, entity)) for entity in block.entities}
    if any(span is not None and span[0] < end and span[1] > begin for span in found.values()):
        return True
    for entity, span in found.items():
        spans[block.family, entity] = (
            (begin, end) if span is None else (min(begin, span[0]), max(end, span[1]))
        )
    return False


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
