"""One file of history: a header, then records that are only ever appended.

Layout, all integers little-endian (docs/history.md):

    file header   magic "NWHIST\\r\\n", u16 version, u16 type (1 gauge, 2 counter), u32 crc32 of the twelve
    bytes record        56-byte header with its own checksum, then the payload
      series      names entities and row labels; the header says which row number the first of them gets
      block       values of some rows over equal buckets

A record counts only when it is whole. What a crash left at the end is ignored by readers and cut off by the
next writer; damage in the middle costs the damaged records and no others.
"""

from __future__ import annotations

import json
import os
import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.codec import decode_indices, decode_matrix, encode_indices, encode_matrix
from netwatch.history.names import Names, Relations, Roll, SeriesName, names_of, slices
from netwatch.model import EntityId

__all__ = [
    "COUNTER",
    "GAUGE",
    "VERSION",
    "BlockHead",
    "Matrices",
    "PendingBlock",
    "Segment",
    "SeriesName",
    "sync_directory",
]

VERSION = 1
GAUGE, COUNTER = 1, 2

_MAGIC = b"NWHIST\r\n"
_FILE = struct.Struct("<8sHHI")
_RECORD = struct.Struct("<4sBBHIQqIIIIIII")
_MARK = b"NWrc"
_SERIES, _BLOCK = 1, 2
_SIMULATED = 1
_FLUSH = 8_000_000
"""Bytes that are gathered before they are written."""

Matrices = tuple[NDArray[np.floating], ...]
"""Gauges: mean, max - mean, coverage. Counters: increase, covered. Shape (rows, buckets)."""


class BlockHead(NamedTuple):
    """What a block's header tells, so that readers skip what they don't need."""

    offset: int
    """Of the payload."""
    length: int
    checksum: int
    sequence: int
    """Order of writing within a family: of two values for one bucket the higher one holds."""
    start: int
    width: int
    rows: int
    buckets: int
    lowest: int
    """Lowest and highest row number."""
    highest: int
    simulated: bool

    @property
    def end(self) -> int:
        return self.start + self.width * self.buckets


class _NamesHead(NamedTuple):
    """Where names stand in the file."""

    offset: int
    length: int
    checksum: int
    first: int
    """Row number of the first one."""


@dataclass(slots=True)
class _Index:
    """What is known of the file after reading its headers."""

    inode: int = -1
    kind: int = 0
    end: int = 0
    """Where the last whole record ends."""
    names: list[_NamesHead] = field(default_factory=list)
    next_row: int = 0
    blocks: list[BlockHead] = field(default_factory=list)
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
    def blocks(self) -> Sequence[BlockHead]:
        return self._index.blocks

    def names(self, descriptor: int) -> dict[int, SeriesName]:
        """Row number to series. Kept until `forget_names`."""
        index = self._index
        if self._names is None or self._names[:2] != (index.inode, index.end):
            self._names = (index.inode, index.end, dict(self._decode_names(descriptor)))
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
            head = os.pread(descriptor, _FILE.size, 0)
            if len(head) < _FILE.size:
                return  # a crash while the file was made: there is nothing in it yet
            index.kind = _file_kind(self.path, head)
            index.end = _FILE.size
        position = index.end
        while position + _RECORD.size <= size:
            header = os.pread(descriptor, _RECORD.size, position)
            fields = _record_fields(header)
            if fields is None or position + _RECORD.size + fields[4] > size:
                found = _next_record(descriptor, position + 1, size)
                if found is None:
                    break
                index.problems.append(
                    f"{self.path}: damaged at byte {position}, {found - position} bytes left out"
                )
                position = found
                continue
            self._take(position + _RECORD.size, fields)
            position += _RECORD.size + fields[4]
            index.end = position

    def _take(self, offset: int, fields: tuple[int, ...]) -> None:
        _, kind, flags, _, length, sequence, start, width, rows, buckets, low, high, checksum, _ = fields
        if kind == _SERIES:
            self._index.names.append(_NamesHead(offset, length, checksum, low))
            self._index.next_row = max(self._index.next_row, low + rows)
        elif kind == _BLOCK:
            simulated = bool(flags & _SIMULATED)
            self._index.blocks.append(
                BlockHead(
                    offset, length, checksum, sequence, start, width, rows, buckets, low, high, simulated
                )
            )

    def decode(self, descriptor: int, head: BlockHead) -> tuple[NDArray[np.uint32], Matrices] | None:
        """Row numbers and values of one block; None if it is damaged, which is told of in `problems`."""
        payload = os.pread(descriptor, head.length, head.offset)
        if len(payload) == head.length and zlib.crc32(payload) == head.checksum:
            return _unpack_block(head, payload)
        self._damaged(f"{self.path}: the block at byte {head.offset} is damaged and left out")
        return None

    def _decode_names(self, descriptor: int) -> Iterator[tuple[int, SeriesName]]:
        for head in self._index.names:
            payload = os.pread(descriptor, head.length, head.offset)
            if len(payload) != head.length or zlib.crc32(payload) != head.checksum:
                self._damaged(f"{self.path}: the names at byte {head.offset} are damaged")
                continue
            found = json.loads(bytes(cramjam.zstd.decompress(payload)))
            for number, (entity, labels) in enumerate(found, head.first):
                yield number, (EntityId(entity), tuple(labels))

    def _damaged(self, problem: str) -> None:
        if problem not in self._index.problems:
            self._index.problems.append(problem)

    def append(self, kind: int, names: Sequence[SeriesName], blocks: Sequence[PendingBlock]) -> None:
        """Writes blocks behind the last whole record, with the names that the file does not hold yet.

        `PendingBlock.rows` counts in `names`. `sync` makes it durable.
        """
        self.append_named(kind, names_of(names), blocks, Relations())

    def append_named(
        self, kind: int, names: Names, blocks: Iterable[PendingBlock], relations: Relations
    ) -> None:
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
        blocks: Iterable[PendingBlock],
        numbers: NDArray[np.uint32],
    ) -> None:
        out = bytearray() if self._index.end else bytearray(_file_header(kind))
        first, end = self._index.next_row, self._index.end
        for part in slices(len(fresh)):
            out += _series_record(fresh[part], first + part.start)
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


class PendingBlock(NamedTuple):
    """A block that is not written yet."""

    rows: NDArray[np.intp]
    sequence: int
    start: int
    width: int
    simulated: bool
    columns: Matrices

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        buckets = self.columns[0].shape[1]
        payload = _pack_block(numbers, self.columns)
        return _record(
            _BLOCK,
            payload,
            flags=_SIMULATED if self.simulated else 0,
            sequence=self.sequence,
            start=self.start,
            width=self.width,
            rows=numbers.size,
            buckets=buckets,
            lowest=int(numbers.min()),
            highest=int(numbers.max()),
        )


def _pack_block(numbers: NDArray[np.uint32], columns: Matrices) -> bytes:
    """Payload of a block: u32 length and data of the row numbers, then of each column."""
    parts = [encode_indices(numbers), *(encode_matrix(np.asarray(column, np.float64)) for column in columns)]
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def _unpack_block(head: BlockHead, payload: bytes) -> tuple[NDArray[np.uint32], Matrices]:
    parts, position = [], 0
    while position < len(payload):
        (length,) = struct.unpack_from("<I", payload, position)
        parts.append(payload[position + 4 : position + 4 + length])
        position += 4 + length
    shape = (head.rows, head.buckets)
    return decode_indices(parts[0]), tuple(decode_matrix(part, shape) for part in parts[1:])


def _record(kind: int, payload: bytes, *, flags: int = 0, sequence: int = 0, start: int = 0, width: int = 0,
            rows: int = 0, buckets: int = 0, lowest: int = 0, highest: int = 0) -> bytes:  # fmt: skip
    head = _RECORD.pack(
        _MARK, kind, flags, 0, len(payload), sequence, start, width, rows, buckets, lowest, highest,
        zlib.crc32(payload), 0,
    )[:-4]  # fmt: skip
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def _series_record(names: Sequence[SeriesName], first: int) -> bytes:
    text = json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode()
    return _record(_SERIES, bytes(cramjam.zstd.compress(text, 3)), rows=len(names), lowest=first)


def _record_fields(header: bytes) -> tuple[int, ...] | None:
    if len(header) < _RECORD.size or header[:4] != _MARK:
        return None
    fields = _RECORD.unpack(header)
    return fields if fields[-1] == zlib.crc32(header[:-4]) else None


def _next_record(descriptor: int, position: int, size: int) -> int | None:
    """Where the next whole record begins after damage; None if there is none."""
    rest = os.pread(descriptor, size - position, position)
    place = rest.find(_MARK)
    while place >= 0:
        fields = _record_fields(rest[place : place + _RECORD.size])
        if fields is not None and place + _RECORD.size + fields[4] <= len(rest):
            return position + place
        place = rest.find(_MARK, place + 1)
    return None


def _file_header(kind: int) -> bytes:
    head = _FILE.pack(_MAGIC, VERSION, kind, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def _file_kind(path: Path, head: bytes) -> int:
    magic, version, kind, checksum = _FILE.unpack(head)
    if magic != _MAGIC:
        raise StoreError(f"{path}: is no history file of netwatch: move it elsewhere")
    if version != VERSION:
        raise StoreError(
            f"{path}: history format {version}, and this netwatch reads format {VERSION}: "
            "run the version that wrote it, or restore a backup"
        )
    if checksum != zlib.crc32(head[:-4]):
        raise StoreError(f"{path}: its header is damaged: restore it from a backup, or remove the file")
    return int(kind)


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
