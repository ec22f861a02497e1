r"""The records of a history file as octets; docs/history.md draws them. All integers are little-endian.

file header   magic "NWHIST\r\n", u16 version, u16 type (1 gauge, 2 counter), u32 crc32 of these
record        56-byte header with its own checksum, then the payload
  series      names entities and row labels; the header says which row number the first of them gets
  block       values of some rows over equal buckets
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cramjam
import numpy as np
from numpy.typing import NDArray

from netwatch.errors import StoreError
from netwatch.history.codec import decode_indices, decode_matrix, encode_columns, encode_indices
from netwatch.history.names import SeriesName
from netwatch.history.peek import Peek
from netwatch.model import EntityId

__all__ = [
    "BLOCK",
    "COUNTER",
    "FILE_HEADER",
    "GAUGE",
    "MARK",
    "RECORD_HEADER",
    "SERIES",
    "VERSION",
    "Matrices",
    "PendingBlock",
    "RecordHead",
    "file_header",
    "file_kind",
    "moved",
    "peek_block",
    "rows_of",
    "series_names",
    "series_record",
    "unpack_block",
]

VERSION = 2
"""Of new files. Files of every version from `OLDEST` on are read, and become of this one when they are next
written to: each version reads the records of those before it."""
OLDEST = 1
GAUGE, COUNTER = 1, 2
SERIES, BLOCK = 1, 2
MARK = b"NWrc"
"""Every record begins with it."""

_MAGIC = b"NWHIST\r\n"
_FILE = struct.Struct("<8sHHI")
_RECORD = struct.Struct("<4sBBHIQqIIIIIII")
FILE_HEADER, RECORD_HEADER = _FILE.size, _RECORD.size
"""Octets."""
_SIMULATED, _MAXIMUM = 1, 2
"""Flags. Without the second one a gauge's second column is what the maximum adds to the mean: format 1."""

Matrices = tuple[NDArray[np.floating], ...]
"""Gauges: mean, maximum, coverage. Counters: increase, covered. Shape (rows, buckets)."""


class RecordHead(NamedTuple):
    """The header of a record, so that readers skip what they don't need. What a kind of record has no use for
    is 0."""

    offset: int
    """Of the payload in the file."""
    kind: int
    flags: int
    length: int
    """Octets of the payload."""
    sequence: int
    """Order of writing within a family: of two values for one bucket the higher one holds."""
    start: int
    width: int
    rows: int
    buckets: int
    lowest: int
    """Lowest and highest row number; of names the first one's."""
    highest: int
    checksum: int
    """crc32 of the payload."""

    @classmethod
    def read(cls, header: bytes, position: int) -> RecordHead | None:
        """Of the octets at that place in the file; None for what is no whole header."""
        if len(header) < RECORD_HEADER or header[:4] != MARK:
            return None
        _, kind, flags, _, *rest, own = _RECORD.unpack(header)
        return cls(position + RECORD_HEADER, kind, flags, *rest) if own == zlib.crc32(header[:-4]) else None

    @property
    def behind(self) -> int:
        """Where the next record begins."""
        return self.offset + self.length

    @property
    def end(self) -> int:
        """Of the last bucket."""
        return self.start + self.width * self.buckets

    @property
    def simulated(self) -> bool:
        return bool(self.flags & _SIMULATED)


class PendingBlock(NamedTuple):
    """A block that is not written yet."""

    rows: NDArray[np.intp]
    sequence: int
    start: int
    width: int
    simulated: bool
    columns: Matrices
    settled: bool = False
    """It is written for good, and may be rounded to what the budget of the disk allows."""

    def record(self, numbers: NDArray[np.uint32]) -> bytes:
        buckets = self.columns[0].shape[1]
        payload = _pack_block(numbers, self.columns, settled=self.settled)
        return _record(
            BLOCK,
            payload,
            flags=(_SIMULATED if self.simulated else 0) | _MAXIMUM,
            sequence=self.sequence,
            start=self.start,
            width=self.width,
            rows=numbers.size,
            buckets=buckets,
            lowest=int(numbers.min()),
            highest=int(numbers.max()),
        )


def _pack_block(numbers: NDArray[np.uint32], columns: Matrices, *, settled: bool) -> bytes:
    """Payload of a block: u32 length and data of the row numbers, then of each column."""
    parts = [encode_indices(numbers), *encode_columns(columns, settled=settled)]
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def unpack_block(
    head: RecordHead, payload: bytes, wanted: Sequence[int] | None = None
) -> tuple[NDArray[np.uint32], Matrices]:
    """Row numbers and columns; `wanted` names those columns that are decoded beside the coverage."""
    parts = _parts(payload)
    shape = (head.rows, head.buckets)
    numbers, last = decode_indices(parts[0]), decode_matrix(parts[-1], shape)
    columns = []
    for number in range(len(parts) - 2) if wanted is None else wanted:
        column = decode_matrix(parts[1 + number], shape)
        if number == 1 and not head.flags & _MAXIMUM:
            column = decode_matrix(parts[1], shape).astype(np.float64) + column
        columns.append(column)
    return numbers, (*columns, last)


def peek_block(head: RecordHead, payload: bytes) -> tuple[NDArray[np.uint32], NDArray[np.floating], Peek]:
    """Row numbers, the first column and the coverage."""
    parts = _parts(payload)
    shape = (head.rows, head.buckets)
    return decode_indices(parts[0]), decode_matrix(parts[1], shape), Peek(parts[-1], shape)


def rows_of(payload: bytes) -> NDArray[np.uint32]:
    """Row numbers of a block."""
    return decode_indices(_parts(payload)[0])


def moved(head: RecordHead, payload: bytes, numbers: NDArray[np.uint32]) -> bytes:
    """The record of a block under other row numbers."""
    own = encode_indices(numbers)
    columns = payload[4 + len(_parts(payload)[0]) :]
    return _record(
        BLOCK,
        struct.pack("<I", len(own)) + own + columns,
        flags=head.flags,
        sequence=head.sequence,
        start=head.start,
        width=head.width,
        rows=head.rows,
        buckets=head.buckets,
        lowest=int(numbers.min()),
        highest=int(numbers.max()),
    )


def _parts(payload: bytes) -> list[memoryview]:
    parts, position, view = [], 0, memoryview(payload)
    while position < len(payload):
        (length,) = struct.unpack_from("<I", payload, position)
        parts.append(view[position + 4 : position + 4 + length])
        position += 4 + length
    return parts


def _record(kind: int, payload: bytes, *, flags: int = 0, sequence: int = 0, start: int = 0, width: int = 0,
            rows: int = 0, buckets: int = 0, lowest: int = 0, highest: int = 0) -> bytes:  # fmt: skip
    head = _RECORD.pack(
        MARK, kind, flags, 0, len(payload), sequence, start, width, rows, buckets, lowest, highest,
        zlib.crc32(payload), 0,
    )[:-4]  # fmt: skip
    return head + struct.pack("<I", zlib.crc32(head)) + payload


def series_record(names: Sequence[SeriesName], first: int) -> bytes:
    text = json.dumps(names, ensure_ascii=False, separators=(",", ":")).encode()
    return _record(SERIES, bytes(cramjam.zstd.compress(text, 3)), rows=len(names), lowest=first)


def series_names(payload: bytes) -> tuple[SeriesName, ...]:
    """Names of a record of series, in the order of their row numbers."""
    found = json.loads(bytes(cramjam.zstd.decompress(payload)))
    return tuple([(EntityId(entity), tuple(labels)) for entity, labels in found])


def file_header(kind: int) -> bytes:
    head = _FILE.pack(_MAGIC, VERSION, kind, 0)[:-4]
    return head + struct.pack("<I", zlib.crc32(head))


def file_kind(path: Path, head: bytes) -> tuple[int, int]:
    """(type, version) of a file. Raises StoreError for what is none, or of an unknown version."""
    magic, version, kind, checksum = _FILE.unpack(head)
    if magic != _MAGIC:
        raise StoreError(f"{path}: is no history file of netwatch: move it elsewhere")
    if not OLDEST <= version <= VERSION:
        raise StoreError(
            f"{path}: history format {version}, and this netwatch reads formats {OLDEST} to {VERSION}: "
            "run the version that wrote it, or restore a backup"
        )
    if checksum != zlib.crc32(head[:-4]):
        raise StoreError(f"{path}: its header is damaged: restore it from a backup, or remove the file")
    return int(kind), int(version)
