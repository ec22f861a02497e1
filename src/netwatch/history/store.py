"""The history on disk: a folder per family, a file per month, and one for what came lately."""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from netwatch.errors import StoreError
from netwatch.history.blocks import (
    columns_of,
    covered_of,
    kind_of,
    month_end,
    month_start,
    months,
    overlaps,
    pieces,
    refuse_bad_names,
    refuse_nonsense,
    ripe,
    strips,
)
from netwatch.history.incoming import Handed, Incoming, UnfitError
from netwatch.history.merge import Grid, Sources, merged, rewrite, series_of
from netwatch.history.names import MANY, Names, Relations
from netwatch.history.records import COUNTER, GAUGE, Matrices
from netwatch.history.segment import Segment, sync_directory
from netwatch.history.windows import Mask, SeriesPercentile, percentiles
from netwatch.model import DAY, Catalogue, CounterBlock, EntityId, FamilyType, GaugeBlock, SeriesHistory

__all__ = ["SegmentStore"]

_RECENT = "recent.nwh"
_LONG = 24
"""Buckets from which a block goes straight into the files of its months."""
_BATCH = 8_000_000
"""Values that `append_all` gathers before it writes."""

Block = GaugeBlock | CounterBlock


class SegmentStore:
    """Append-only columnar history; HistoryReader and HistoryWriter of the model.

    Any number of processes may read while one writes. Safe to use from several threads. A disk that is full,
    a file of another version and a second writer raise StoreError.
    """

    def __init__(self, directory: Path | str, catalogue: Catalogue) -> None:
        self.directory = Path(directory)
        self._catalogue = catalogue
        self._segments: dict[Path, Segment] = {}
        self._sequences: dict[str, int] = {}
        self._relations = Relations()
        self._good: tuple[Names, int] | None = None
        """Names of the last large block, and how many row labels each has."""
        self._mutex = threading.RLock()
        self._release: weakref.finalize[[int], SegmentStore] | None = None

    # -- writing

    def append(self, block: Block) -> None:
        """Keeps one block; durable when it returns. Raises StoreError."""
        self.append_all((block,))

    def append_all(self, blocks: Iterable[Block]) -> None:
        """Keeps many blocks with one wait for the disk per file; durable when it returns.

        Blocks may come from a generator: not more than a few hundred MB of them are held at a time.
        """
        with self._mutex:
            self._lock()
            touched: dict[Path, Segment] = {}
            waiting: dict[tuple[object, ...], list[Block]] = defaultdict(list)
            spans: dict[tuple[str, EntityId], tuple[int, int]] = {}
            cells = 0

            def write() -> None:
                nonlocal cells
                self._write_all(waiting, touched)
                spans.clear()
                cells = 0

            for block in blocks:
                refuse_nonsense(block, self._catalogue)
                self._check_names(block)
                rows, buckets = covered_of(block).shape
                if not rows * buckets:
                    continue
                if rows > MANY or overlaps(spans, block):
                    write()  # the same buckets again, perhaps: the order has to be kept
                    overlaps(spans, block)
                if rows > MANY:
                    self._write([block], touched)
                    continue
                waiting[block.family, block.start, block.width, buckets, block.simulated].append(block)
                cells += rows * buckets
                if cells > _BATCH:
                    write()
            write()
            for segment in touched.values():
                segment.sync()
            for folder in {path.parent for path in touched}:
                sync_directory(folder)
            for family in {path.parent.name for path in touched if path.name == _RECENT}:
                self._tidy(family)

    def _check_names(self, block: Block) -> None:
        """Large blocks share their names: those that were good before are good."""
        names = Names(block.entities, block.labels)
        labels = len(self._catalogue[block.family].labels)
        large = len(names) > MANY
        if large and self._good is not None and self._good[0].are(names) and self._good[1] == labels:
            return
        refuse_bad_names(block.family, labels, names)
        if large:
            self._good = (names, labels)

    def _write_all(
        self, waiting: dict[tuple[object, ...], list[Block]], touched: dict[Path, Segment]
    ) -> None:
        for blocks in waiting.values():
            if blocks:
                self._write(blocks, touched)
        waiting.clear()

    def _write(self, blocks: list[Block], touched: dict[Path, Segment]) -> None:
        """Blocks that are alike, as one."""
        like = blocks[0]
        if len(blocks) == 1:
            names, columns = Names(like.entities, like.labels), columns_of(like)
        else:
            names = Names(
                tuple([entity for block in blocks for entity in block.entities]),
                tuple([labels for block in blocks for labels in block.labels]),
            )
            parts = [columns_of(block) for block in blocks]
            columns = tuple(np.concatenate(part) for part in zip(*parts, strict=True))
        folder = self._folder(like.family)
        buckets = columns[0].shape[1]
        if buckets < _LONG:
            sequence = self._next(like.family)
            segment = touched[folder / _RECENT] = self._segment(folder / _RECENT)
            found = strips(like.start, like.width, columns, sequence=sequence, simulated=like.simulated)
            segment.append_named(kind_of(like), names, found, self._relations)
            return
        recent = self._segment(folder / _RECENT)
        recent.refresh()
        end = like.start + buckets * like.width
        if any(head.start < end and head.end > like.start for head in recent.blocks):
            self._compact(like.family, end=float("inf"))
        sequence = self._next(like.family)
        rows = np.arange(len(names))
        for month, part in months(like.start, like.width, buckets):
            cut = tuple(column[:, part] for column in columns)
            start = like.start + part.start * like.width
            segment = touched[folder / f"{month}.nwh"] = self._segment(folder / f"{month}.nwh")
            cuts = pieces(rows, start, like.width, cut, sequence=sequence, simulated=like.simulated)
            segment.append_named(kind_of(like), names, cuts, self._relations)

    def adopt(self, path: Path) -> str:
        """Takes over a file of `Incoming`: durable when it returns, and gone from there. What can't be taken
        over is set aside, and why is returned. A crash before that may leave values twice, which readers
        don't see. Raises StoreError."""
        with self._mutex:
            self._lock()
            try:
                with Handed(path, self._catalogue) as handed:
                    folder = self._folder(handed.family)
                    for month in handed.months():
                        segment = self._segment(folder / f"{month}.nwh")
                        segment.append_named(handed.kind, handed.names, handed.blocks(month), self._relations)
                        segment.sync()
                    sync_directory(folder)
                    self._let_go(handed.family)
            except UnfitError as error:
                return f"{error}: set aside as {Incoming(self.directory).refuse(path)}"
            Incoming(self.directory).taken(path)
            return ""

    def try_lock(self) -> bool:
        """Makes this the writer, as the first write does. False if there is another. Raises StoreError."""
        with self._mutex:
            if self._release is not None:
                return True
            path = self.directory / "writer.lock"
            try:
                self.directory.mkdir(parents=True, exist_ok=True)
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
            except OSError as error:
                raise StoreError(f"{path}: can't be written: {error.strerror}") from error
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
            self._release = weakref.finalize(self, os.close, descriptor)
            return True

    # -- reading

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        """Series of a family whose buckets begin in [start, end), wall seconds. None: all entities.

        Buckets are in order of time and those that hold nothing are left out, as are series without any.
        """
        known = self._catalogue.get(family)
        if known is None or not (self.directory / family).is_dir():
            return
        counter = known.type is FamilyType.COUNTER
        wanted = None if entities is None else frozenset(entities)
        with self._mutex:
            sources = Sources(self._files(family, start, end), start, end)
        with sources:
            names = [name for name in sources.names() if wanted is None or name[0] in wanted]
            widths = sources.widths()
            if not names or not widths:
                return
            if len(widths) == 1:
                for grid in sources.grids(names, widths[0], 2 if counter else 3):
                    yield from series_of(family, grid, counter=counter)
                    del grid  # before the next one is made: they are large
                return
            for name in names:
                grids = [
                    grid for width in widths for grid in sources.grids([name], width, 2 if counter else 3)
                ]
                series = merged(
                    [found for grid in grids for found in series_of(family, grid, counter=counter)]
                )
                if series is not None:
                    yield series

    def percentiles(
        self,
        family: str,
        start: float,
        end: float,
        q: float,
        *,
        mask: Mask | None = None,
        entities: Sequence[EntityId] | None = None,
        peaks: bool = False,
    ) -> Iterator[SeriesPercentile]:
        """The exact `q`-th percentile (0 to 100) of each series over the buckets that begin in [start, end)
        and of which `mask` wants at least half, each weighted with the seconds that were measured in it.

        It equals `model.percentile` of what `read` gives, at a fraction of the time and memory. `mask`: e.g.
        a calendar's. `peaks` takes the maxima of gauges. Raises ValueError for a `q` outside 0 to 100.
        """
        known = self._catalogue.get(family)
        if known is None or not (self.directory / family).is_dir():
            return
        wanted = None if entities is None else frozenset(entities)
        with self._mutex:
            sources = Sources(self._files(family, start, end), start, end)
        with sources:
            names = [name for name in sources.names() if wanted is None or name[0] in wanted]
            counter = known.type is FamilyType.COUNTER
            yield from percentiles(sources, names, (start, end), q, mask=mask, counter=counter, peaks=peaks)

    def problems(self) -> tuple[str, ...]:
        """Damage that reading came across so far, in words for a person."""
        with self._mutex:
            return tuple(text for segment in self._segments.values() for text in segment.problems)

    # -- upkeep

    def compact(self, before: float) -> None:
        """Moves whole UTC days before that of `before` from `recent.nwh` into the files of their months."""
        with self._mutex:
            self._lock()
            for folder in sorted(self.directory.iterdir()):
                if folder.name in self._catalogue:
                    self._compact(folder.name, end=before // DAY * DAY)

    def prune(self, before: float) -> int:
        """Removes months that ended before `before`. Returns how many bytes that freed."""
        freed = 0
        with self._mutex:
            self._lock()
            self.compact(before)
            for path in sorted(self.directory.glob("*/????-??.nwh")):
                if month_end(path.stem) <= before:
                    freed += path.stat().st_size
                    path.unlink()
                    self._segments.pop(path, None)
                    sync_directory(path.parent)
        return freed

    def size(self) -> int:
        """Bytes on disk."""
        return sum(path.stat().st_size for path in self.directory.glob("*/*.nwh"))

    def close(self) -> None:
        """Lets another writer in. Reading goes on."""
        with self._mutex:
            if self._release is not None:
                self._release()
                self._release = None

    # -- inner parts

    def _lock(self) -> None:
        if not self.try_lock():
            raise StoreError(f"{self.directory}: another netwatch writes here: stop it first")

    def _folder(self, family: str) -> Path:
        folder = self.directory / family
        if not folder.is_dir():
            try:
                folder.mkdir(parents=True, exist_ok=True)
                sync_directory(self.directory)
            except OSError as error:
                raise StoreError(f"{folder}: can't be made: {error.strerror}") from error
        return folder

    def _segment(self, path: Path) -> Segment:
        return self._segments.setdefault(path, Segment(path))

    def _files(self, family: str, start: float, end: float) -> list[Segment]:
        """The files that may hold the range. What came lately is opened first: a day that moves from there
        into its month meanwhile is then seen twice, not missed."""
        paths = [self.directory / family / _RECENT]
        paths += (
            path
            for path in sorted((self.directory / family).glob("????-??.nwh"))
            if month_start(path.stem) < end and month_end(path.stem) > start
        )
        return [self._segment(path) for path in paths]

    def _next(self, family: str) -> int:
        if family not in self._sequences:
            segments = self._files(family, float("-inf"), float("inf"))
            for segment in segments:
                segment.refresh()
            found = (head.sequence for segment in segments for head in segment.blocks)
            self._sequences[family] = max(found, default=0)
            self._let_go(family)
        self._sequences[family] += 1
        return self._sequences[family]

    def _tidy(self, family: str) -> None:
        recent = self._segment(self.directory / family / _RECENT)
        end = ripe(recent.blocks)
        if end is not None:
            self._compact(family, end=end)

    def _compact(self, family: str, end: float) -> None:
        folder = self.directory / family
        recent = self._segment(folder / _RECENT)
        recent.refresh()
        old = [head for head in recent.blocks if head.start < end]
        if not old:
            return
        kind = COUNTER if self._catalogue[family].type is FamilyType.COUNTER else GAUGE
        for simulated in sorted({head.simulated for head in old}, reverse=True):
            with Sources([recent], 0, end) as sources:
                sources.keep(simulated=simulated)
                for width in sources.widths():
                    for grid in sources.grids(sources.names(), width, 3 if kind == GAUGE else 2):
                        self._move(
                            folder, kind, grid, max(head.sequence for head in old), simulated=simulated
                        )
        rewrite(recent, kind, [head for head in recent.blocks if head.end > end])
        self._let_go(family)

    def _let_go(self, family: str) -> None:
        """Of a file that is not written to every few minutes nothing need stay in memory."""
        for path in [path for path in self._segments if path.parent.name == family]:
            self._segments[path].forget_names()
            if path.name != _RECENT and not self._segments[path].problems:
                del self._segments[path]

    def _move(self, folder: Path, kind: int, grid: Grid, sequence: int, *, simulated: bool) -> None:
        rows = np.arange(len(grid.names))
        for month, part in months(grid.start, grid.width, grid.columns[0].shape[1]):
            cut: Matrices = tuple(column[:, part] for column in grid.columns)
            start = grid.start + part.start * grid.width
            segment = self._segment(folder / f"{month}.nwh")
            found = list(pieces(rows, start, grid.width, cut, sequence=sequence, simulated=simulated))
            if found:
                segment.append(kind, grid.names, found)
                segment.sync()
        sync_directory(folder)
