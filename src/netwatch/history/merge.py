"""Puts the blocks of several files together: one line per series, each bucket once, the later block wins."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.names import SeriesName
from netwatch.history.records import PendingBlock, RecordHead
from netwatch.history.segment import Segment, sync_directory
from netwatch.model import SeriesHistory

__all__ = ["Grid", "Source", "Sources", "merged", "rewrite", "series_of"]

_CELLS = 16_000_000
"""Values of one quantity that are held at a time: 64 MB as 32-bit floats."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Some series over a stretch of equal buckets. Arrays have the shape (series, buckets)."""

    names: tuple[SeriesName, ...]
    start: int
    width: int
    columns: tuple[NDArray[np.float32], ...]
    """As in a segment; the last one is the coverage in seconds, 0 where nothing is known."""
    simulated: NDArray[np.bool_]
    """Per series: whether any of its buckets is simulated."""


@dataclass(frozen=True, slots=True)
class Source:
    """One of them, open."""

    segment: Segment
    descriptor: int
    names: dict[int, SeriesName]
    blocks: list[RecordHead]


class Sources:
    """Files of one family, opened together: what is replaced or removed meanwhile stays readable."""

    def __init__(self, segments: Sequence[Segment], start: float, end: float) -> None:
        self._sources: list[Source] = []
        self._range = start, end
        known: dict[bytes, tuple[SeriesName, ...]] = {}
        try:
            for segment in segments:
                descriptor = segment.open()
                if descriptor is not None:
                    blocks = [head for head in segment.blocks if head.start < end and head.end > start]
                    names = self._shared(segment.names(descriptor, known))
                    self._sources.append(Source(segment, descriptor, names, blocks))
        except BaseException:
            self.close()
            raise

    def _shared(self, names: dict[int, SeriesName]) -> dict[int, SeriesName]:
        """The same object as that of the file before, if it holds the same: months mostly do, and what is
        found out of one holds for the next."""
        before = self._sources[-1].names if self._sources else None
        return before if before is not None and before == names else names

    def __enter__(self) -> Sources:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Source]:
        return iter(self._sources)

    def close(self) -> None:
        while self._sources:
            os.close(self._sources.pop().descriptor)

    def keep(self, *, simulated: bool) -> None:
        """Leaves the blocks of the other sort out."""
        for source in self._sources:
            source.blocks[:] = [head for head in source.blocks if head.simulated == simulated]

    def names(self) -> list[SeriesName]:
        """Every series of these files, in the order in which they were first written."""
        different = {id(source.names): source.names for source in self._sources}
        return list(dict.fromkeys(name for names in different.values() for name in names.values()))

    def widths(self) -> list[int]:
        return sorted({head.width for source in self._sources for head in source.blocks})

    def grids(self, names: Sequence[SeriesName], width: int, columns: int) -> Iterator[Grid]:
        """The series in groups that fit into memory, over all buckets of `width` in the range."""
        heads = [head for source in self._sources for head in source.blocks if head.width == width]
        begin, end = self._range
        start = max(min(head.start for head in heads), -(-int(max(begin, 0)) // width) * width)
        stop = max(head.end for head in heads)
        if end < stop:
            stop = -(-int(np.ceil(end)) // width) * width
        buckets = (stop - start) // width
        if buckets <= 0:
            return
        size = max(1, _CELLS // buckets)
        for low in range(0, len(names), size):
            yield self._grid(tuple(names[low : low + size]), start, width, buckets, columns)

    def _grid(
        self, names: tuple[SeriesName, ...], start: int, width: int, buckets: int, columns: int
    ) -> Grid:
        shape = (len(names), buckets)
        out = [np.full(shape, np.nan, dtype=np.float32) for _ in range(columns - 1)]
        out.append(np.zeros(shape, dtype=np.float32))
        simulated = np.zeros(len(names), dtype=np.bool_)
        wanted = {name: place for place, name in enumerate(names)}
        todo: list[tuple[int, int, Source, NDArray[np.intp], RecordHead]] = []
        for source in self._sources:
            places = np.full(max(source.names, default=-1) + 2, -1, dtype=np.intp)
            for number, name in source.names.items():
                places[number] = wanted.get(name, -1)
            for head in source.blocks:
                if head.width == width and np.any(places[head.lowest : head.highest + 1] >= 0):
                    todo.append((head.sequence, len(todo), source, places, head))
        for _, _, source, places, head in sorted(todo, key=lambda entry: entry[:2]):
            decoded = source.segment.decode(source.descriptor, head)
            if decoded is not None:
                rows, values = decoded
                touched = _lay(out, places[np.minimum(rows, places.size - 1)], start, head, values)
                simulated[touched] |= head.simulated
        return Grid(names, start, width, tuple(out), simulated)


def _lay(
    out: list[NDArray[np.float32]],
    places: NDArray[np.intp],
    start: int,
    head: RecordHead,
    values: tuple[NDArray[np.floating], ...],
) -> NDArray[np.intp]:
    """Writes a block over what is there, except where it holds nothing. Returns the rows that it touched."""
    first = (head.start - start) // head.width
    skip = max(0, -first)
    count = min(head.buckets, out[0].shape[1] - first) - skip
    mine = np.flatnonzero(places >= 0)
    if count <= 0 or not mine.size:
        return mine[:0]
    rows, target = places[mine], slice(first + skip, first + skip + count)
    covered = values[-1][mine, skip : skip + count]
    known = covered > 0
    if known.all():
        for column, value in zip(out, values, strict=True):
            column[rows, target] = value[mine, skip : skip + count]
        return rows
    for column, value in zip(out, values, strict=True):
        column[rows, target] = np.where(known, value[mine, skip : skip + count], column[rows, target])
    return rows[known.any(axis=1)]


def series_of(family: str, grid: Grid, *, counter: bool) -> Iterator[SeriesHistory]:
    """The series of a grid as readers see them; those without any bucket are left out."""
    starts = grid.start + grid.width * np.arange(grid.columns[0].shape[1], dtype=np.int64)
    for row, (entity, labels) in enumerate(grid.names):
        covered = grid.columns[-1][row]
        known = covered > 0
        if not known.any():
            continue
        seconds = covered[known].astype(np.float64)
        values = grid.columns[0][row][known].astype(np.float64)
        if counter:
            values = values / seconds
            peaks = values
        else:
            peaks = np.maximum(values, grid.columns[1][row][known])
        yield SeriesHistory(
            family=family,
            entity=entity,
            labels=labels,
            starts=starts[known],
            widths=np.full(seconds.size, grid.width, dtype=np.int64),
            values=values,
            peaks=peaks,
            coverage=seconds / grid.width,
            simulated=bool(grid.simulated[row]),
        )


def merged(found: list[SeriesHistory]) -> SeriesHistory | None:
    """One series from stretches of different bucket widths, in order of time."""
    if len(found) < 2:
        return found[0] if found else None
    starts = np.concatenate([part.starts for part in found])
    order = np.argsort(starts, kind="stable")
    return SeriesHistory(
        family=found[0].family,
        entity=found[0].entity,
        labels=found[0].labels,
        starts=starts[order],
        widths=np.concatenate([part.widths for part in found])[order],
        values=np.concatenate([part.values for part in found])[order],
        peaks=np.concatenate([part.peaks for part in found])[order],
        coverage=np.concatenate([part.coverage for part in found])[order],
        simulated=any(part.simulated for part in found),
    )


def rewrite(segment: Segment, kind: int, heads: Sequence[RecordHead]) -> None:
    """Replaces a file by one with these blocks alone. The new one is on disk before the old one goes."""
    path = segment.path.with_suffix(".new")
    fresh = Segment(path)
    descriptor = segment.open()
    if descriptor is None:
        return
    try:
        path.unlink(missing_ok=True)
        names = segment.names(descriptor)
        order = list(names)
        place = np.full(max(order, default=-1) + 2, -1, dtype=np.intp)
        place[order] = np.arange(len(order))
        blocks = []
        for head in heads:
            decoded = segment.decode(descriptor, head)
            if decoded is not None:
                rows = place[np.minimum(decoded[0], place.size - 1)]
                columns = tuple(column[rows >= 0] for column in decoded[1])
                rows = rows[rows >= 0]
                blocks.append(
                    PendingBlock(rows, head.sequence, head.start, head.width, head.simulated, columns)
                )
        fresh.append(kind, [names[number] for number in order] if blocks else [], blocks)
        fresh.sync()
        path.replace(segment.path)
        sync_directory(path.parent)
    except OSError as error:
        raise StoreError(f"{segment.path}: can't be replaced: {error.strerror}") from error
    finally:
        os.close(descriptor)
    segment.refresh()
