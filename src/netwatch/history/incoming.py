"""What another process hands to the one that writes the history: files in a folder beside it.

A file is a segment of one family, written and put on disk under another name first, so one that is there is
whole. Its values hold only where the history has none, whenever they are taken over: their sequence is 0, and
what netwatch measures begins at 1.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.blocks import (
    columns_of,
    covered_of,
    kind_of,
    month_end,
    month_of,
    pieces,
    refuse_nonsense,
)
from netwatch.history.names import Names, names_of
from netwatch.history.records import COUNTER, GAUGE, RecordHead, moved, rows_of
from netwatch.history.segment import Segment, sync_directory
from netwatch.model import Catalogue, CounterBlock, FamilyType, GaugeBlock

__all__ = ["Handed", "Incoming", "UnfitError"]

_FOLDER, _WHOLE, _PART, _REFUSED = "incoming", ".ready", ".part", ".refused"
_FILE = 4_000_000
"""Octets from which a file is handed over: a fraction of a second's work for whoever takes it."""


class Incoming:
    """The folder. One process at a time puts files into it."""

    def __init__(self, history: Path) -> None:
        self.folder = history / _FOLDER
        self._lock = -1
        self._open: dict[Path, Segment] = {}
        self._number = 0

    def waiting(self) -> list[Path]:
        """Whole files that nobody has taken over yet, the oldest first."""
        try:
            return sorted(self.folder.glob(f"*{_WHOLE}"), key=lambda path: int(path.stem.rpartition("@")[2]))
        except (OSError, ValueError):
            return []

    def __enter__(self) -> Incoming:
        """Raises StoreError if another process puts files in."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(self.folder / "import.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for path in self.folder.glob(f"*{_PART}"):
                path.unlink()  # of one that was interrupted
        except BlockingIOError:
            self.__exit__()
            raise StoreError(f"{self.folder}: another import is under way: let it end first") from None
        except OSError as error:
            self.__exit__()
            raise StoreError(f"{self.folder}: can't be written: {error.strerror}") from error
        self._number = max((int(path.stem.rpartition("@")[2]) for path in self.waiting()), default=0)
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def put(self, block: GaugeBlock | CounterBlock, catalogue: Catalogue) -> None:
        """Adds whole days to the file of their family that is being made. Raises StoreError."""
        refuse_nonsense(block, catalogue)
        path = self.folder / f"{block.family}{_PART}"
        segment = self._open.setdefault(path, Segment(path))
        rows = np.arange(covered_of(block).shape[0])
        cuts = pieces(
            rows, block.start, block.width, columns_of(block), sequence=0, simulated=block.simulated
        )
        names = list(Names(block.entities, block.labels).series())
        segment.append(kind_of(block), names, list(cuts))

    def hand_over(self, *, everything: bool) -> bool:
        """Makes the files that are large enough, or all, whole and durable. True if none is being made any
        more. Raises StoreError."""
        for path, segment in list(self._open.items()):
            if not everything and segment.end < _FILE:
                continue
            segment.sync()
            self._number += 1
            path.rename(self.folder / f"{path.stem}@{self._number}{_WHOLE}")
            sync_directory(self.folder)
            del self._open[path]
        return not self._open

    def taken(self, path: Path) -> None:
        """The history has it. Raises StoreError."""
        try:
            path.unlink(missing_ok=True)
            sync_directory(self.folder)
        except OSError as error:
            raise StoreError(
                f"{path}: can't be removed: {error.strerror}: import as the user that runs netwatch"
            ) from error

    def refuse(self, path: Path) -> Path:
        """Sets a file aside that can't be taken over. Returns where it is. Raises StoreError."""
        try:
            return path.rename(path.with_suffix(_REFUSED))
        except OSError as error:
            raise StoreError(f"{path}: can't be set aside: {error.strerror}") from error


class UnfitError(StoreError):
    """A file that can't be taken over."""


class _Copied:
    """A block that moves from one file to another as it is."""

    def __init__(self, head: RecordHead, rows: NDArray[np.intp], payload: bytes) -> None:
        self._head, self._payload = head, payload
        self.rows = rows

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        return moved(self._head, self._payload, numbers)


class Handed:
    """A file that was handed over, open. Raises UnfitError for what can't be taken over."""

    def __init__(self, path: Path, catalogue: Catalogue) -> None:
        self.family = path.name.partition("@")[0]
        known = catalogue.get(self.family)
        if known is None or known.type is FamilyType.INFO:
            raise UnfitError(f"{path}: {self.family} is not kept")
        self.kind = COUNTER if known.type is FamilyType.COUNTER else GAUGE
        self._segment = Segment(path)
        try:
            descriptor = self._segment.open()
        except StoreError as error:
            raise UnfitError(str(error)) from error
        if descriptor is None:
            raise UnfitError(f"{path}: is gone")
        self._descriptor = descriptor
        found = self._segment.names(descriptor)
        self._places = np.full(max(found, default=-1) + 2, -1, dtype=np.intp)
        self._places[list(found)] = np.arange(len(found))
        self.names = names_of(list(found.values()))

    def __enter__(self) -> Handed:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._descriptor)

    def months(self) -> list[str]:
        """Those that it holds anything of, in order."""
        if self._segment.kind not in (0, self.kind) or self._segment.problems:
            raise UnfitError(f"{self._segment.path}: is damaged, or holds the other type of values")
        return sorted({month_of(head.start) for head in self._segment.blocks})

    def blocks(self, month: str) -> Iterator[_Copied]:
        """Those of a month, one in memory at a time."""
        for head in self._segment.blocks:
            if month_of(head.start) == month:
                yield self._copied(head, month)

    def _copied(self, head: RecordHead, month: str) -> _Copied:
        payload = self._segment.payload(self._descriptor, head)
        if payload is None or head.sequence or head.end > month_end(month):
            raise UnfitError(f"{self._segment.path}: is damaged")
        numbers = rows_of(payload)
        rows = self._places[np.minimum(numbers, self._places.size - 1)]
        if np.any(rows < 0):
            raise UnfitError(f"{self._segment.path}: is damaged")
        return _Copied(head, rows, payload)
