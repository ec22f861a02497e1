"""One file of history: a header, then records that are only ever appended (records.py).

A record counts only when it is whole. What a crash left at the end is ignored by readers and cut off by the
next writer; damage in the middle costs the damaged records and no others.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.names import Names, Relations, Roll, SeriesName, names_of, slices
from netwatch.history.peek import Peek
from netwatch.history.records import (
    BLOCK,
    FILE_HEADER,
    MARK,
    RECORD_HEADER,
    SERIES,
    VERSION,
    Matrices,
    PendingBlock,
    RecordHead,
    file_header,
    file_kind,
    peek_block,
    series_names,
    series_record,
    unpack_block,
)

__all__ = ["Segment", "sync_directory"]

_FLUSH = 8_000_000
"""Bytes that are gathered before they are written."""


class Writable(Protocol):
    """What can be appended: `PendingBlock`, or a block of another file."""

    @property
    def rows(self) -> NDArray[np.intp]:
        """Places of its series among the names that it is appended with."""
        ...

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        """The record, if its series have those row numbers."""
        ...


@dataclass(slots=True)
class _Index:
    """What is known of the file after reading its headers."""

    inode: int = -1
    kind: int = 0
    version: int = 0
    end: int = 0
    """Where the last whole record ends."""
    names: list[RecordHead] = field(default_factory=list)
    next_row: int = 0
    blocks: list[RecordHead] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class Segment:
    """One file. Reading never changes it. Raises StoreError for what it can't read."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._index = _Index()
        self._roll: tuple[int, Roll] | None = None
        """With the inode of the file that it is of."""
        self._names: tuple[int, int, dict[int, SeriesName]] | None = None
        """(inode, end, names): what was decoded for readers."""

    @property
    def kind(self) -> int:
        """Type of its values; 0 where there is no file."""
        return self._index.kind

    @property
    def blocks(self) -> Sequence[RecordHead]:
        return self._index.blocks

    @property
    def end(self) -> int:
        """Where the last whole record ends."""
        return self._index.end

    def names(
        self, descriptor: int, known: dict[bytes, tuple[SeriesName, ...]] | None = None
    ) -> dict[int, SeriesName]:
        """Row number to series. Kept until `forget_names`. `known`: what records of names hold, filled and
        used by those who read several files: those of one family mostly hold the same."""
        index = self._index
        if self._names is None or self._names[:2] != (index.inode, index.end):
            self._names = (index.inode, index.end, dict(self._decode_names(descriptor, known)))
        return self._names[2]

    def forget_names(self) -> None:
        """Gives the memory of decoded names back."""
        self._names = None

    @property
    def problems(self) -> Sequence[str]:
        """Damage that was found, in words for a person."""
        return self._index.problems

    def open(self) -> int | None:
        """A descriptor to read from, after taking in what was appended since, by this process or another.

        None if there is no file. A file that is replaced or removed meanwhile stays readable through it.
        The caller closes it.
        """
        try:
            descriptor = os.open(self.path, os.O_RDONLY)
        except FileNotFoundError:
            self._index = _Index()
            return None
        except OSError as error:
            raise StoreError(f"{self.path}: can't be read: {error.strerror}") from error
        try:
            state = os.fstat(descriptor)
            if state.st_ino != self._index.inode or state.st_size < self._index.end:
                self._index = _Index(inode=state.st_ino)
            self._scan(descriptor, state.st_size)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    def refresh(self) -> None:
        """Takes in what was appended since."""
        descriptor = self.open()
        if descriptor is not None:
            os.close(descriptor)

    def _scan(self, descriptor: int, size: int) -> None:
        index = self._index
        if index.end == 0:
            first = os.pread(descriptor, FILE_HEADER, 0)
            if len(first) < FILE_HEADER:
                return  # a crash while the file was made: there is nothing in it yet
            index.kind, index.version = file_kind(self.path, first)
            index.end = FILE_HEADER
        position = index.end
        while position + RECORD_HEADER <= size:
            head = RecordHead.read(os.pread(descriptor, RECORD_HEADER, position), position)
            if head is None or head.behind > size:
                found = _next_record(descriptor, position + 1, size)
                if found is None:
                    break
                index.problems.append(
                    f"{self.path}: damaged at byte {position}, {found - position} bytes left out"
                )
                position = found
                continue
            self._take(head)
            position = head.behind
            index.end = position

    def _take(self, head: RecordHead) -> None:
        if head.kind == SERIES:
            self._index.names.append(head)
            self._index.next_row = max(self._index.next_row, head.lowest + head.rows)
        elif head.kind == BLOCK:
            self._index.blocks.append(head)

    def decode(
        self, descriptor: int, head: RecordHead, wanted: Sequence[int] | None = None
    ) -> tuple[NDArray[np.uint32], Matrices] | None:
        """Row numbers and values of one block, all columns or those wanted and the coverage; None if it is
        damaged, which is told of in `problems`."""
        payload = self.payload(descriptor, head)
        return None if payload is None else unpack_block(head, payload, wanted)

    def peek(
        self, descriptor: int, head: RecordHead
    ) -> tuple[NDArray[np.uint32], NDArray[np.floating], Peek] | None:
        """Row numbers, first column and coverage of one block; None as of `decode`."""
        payload = self.payload(descriptor, head)
        return None if payload is None else peek_block(head, payload)

    def payload(self, descriptor: int, head: RecordHead) -> bytes | None:
        """Octets of one record; None as of `decode`."""
        payload = os.pread(descriptor, head.length, head.offset)
        if len(payload) == head.length and zlib.crc32(payload) == head.checksum:
            return payload
        self._damaged(f"{self.path}: the block at byte {head.offset} is damaged and left out")
        return None

    def _decode_names(
        self, descriptor: int, known: dict[bytes, tuple[SeriesName, ...]] | None = None
    ) -> Iterator[tuple[int, SeriesName]]:
        known = {} if known is None else known
        for head in self._index.names:
            payload = os.pread(descriptor, head.length, head.offset)
            if len(payload) != head.length or zlib.crc32(payload) != head.checksum:
                self._damaged(f"{self.path}: the names at byte {head.offset} are damaged")
                continue
            if payload not in known:
                known[payload] = series_names(payload)
            yield from enumerate(known[payload], head.lowest)

    def _damaged(self, problem: str) -> None:
        if problem not in self._index.problems:
            self._index.problems.append(problem)

    def append(self, kind: int, names: Sequence[SeriesName], blocks: Sequence[PendingBlock]) -> None:
        """Writes blocks behind the last whole record, with the names that the file does not hold yet.

        `PendingBlock.rows` counts in `names`. `sync` makes it durable.
        """
        self.append_named(kind, names_of(names), blocks, Relations())

    def append_named(self, kind: int, names: Names, blocks: Iterable[Writable], relations: Relations) -> None:
        """`append` for many series: names that are the same objects as last time cost nothing."""
        self.refresh()
        index = self._index
        if index.kind not in (0, kind):
            raise StoreError(f"{self.path}: holds the other type of values")
        if self._roll is None or self._roll[0] != index.inode:
            self._roll = (index.inode, Roll(self._stored))
        numbers, fresh = self._roll[1].enrol(names, index.next_row, relations)
        try:
            self._write_records(kind, fresh, blocks, numbers)
        except OSError as error:
            self._roll = None
            raise StoreError(f"{self.path}: can't be written: {error.strerror}") from error
        except BaseException:
            self._roll = None  # it may know of names that are not in the file
            raise
        self.refresh()
        self._roll = None if self._roll is None else (self._index.inode, self._roll[1])

    def _write_records(
        self,
        kind: int,
        fresh: Sequence[SeriesName],
        blocks: Iterable[Writable],
        numbers: NDArray[np.uint32],
    ) -> None:
        if self._index.end and self._index.version < VERSION:
            _upgrade(self.path, file_header(kind))
            self._index.version = VERSION
        out = bytearray() if self._index.end else bytearray(file_header(kind))
        first, end = self._index.next_row, self._index.end
        for part in slices(len(fresh)):
            out += series_record(fresh[part], first + part.start)
        for block in blocks:
            out += block.record(numbers[block.rows])
            if len(out) > _FLUSH:
                _write(self.path, end, out)
                end += len(out)
                out.clear()
        if out:
            _write(self.path, end, out)

    def _stored(self) -> Iterator[tuple[int, SeriesName]]:
        descriptor = self.open()
        if descriptor is None:
            return
        try:
            yield from self._decode_names(descriptor)
        finally:
            os.close(descriptor)

    def sync(self) -> None:
        """Returns when the disk has what was appended."""
        try:
            descriptor = os.open(self.path, os.O_RDWR)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be written: {error.strerror}") from error


def _next_record(descriptor: int, position: int, size: int) -> int | None:
    """Where the next whole record begins after damage; None if there is none."""
    rest = os.pread(descriptor, size - position, position)
    place = rest.find(MARK)
    while place >= 0:
        head = RecordHead.read(rest[place : place + RECORD_HEADER], position + place)
        if head is not None and head.behind <= position + len(rest):
            return position + place
        place = rest.find(MARK, place + 1)
    return None


def _upgrade(path: Path, header: bytes) -> None:
    """A newer version reads all records of an older one, so its header is all that a file needs; it is on
    disk before a newer record follows. Within one sector a disk writes all or nothing."""
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.pwrite(descriptor, header, 0)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write(path: Path, end: int, data: bytes | bytearray) -> None:
    """Cuts off what is behind `end` and appends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o640)
    try:
        if os.fstat(descriptor).st_size != end:
            os.ftruncate(descriptor, end)
        view, position = memoryview(data), end
        while view:
            written = os.pwrite(descriptor, view, position)
            view, position = view[written:], position + written
    finally:
        os.close(descriptor)


def sync_directory(path: Path) -> None:
    """Makes a new, renamed or removed name durable."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
