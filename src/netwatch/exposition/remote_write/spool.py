"""Requests that wait on disk: append-only segments, read in order, the oldest dropped when space ends.

A segment is `%016d.spool`: a header (`NWRW`, version) and records. A record is its head (length of the body,
CRC-32 of what follows, samples, newest time in ms) and the body; numbers are little-endian. How far it was
read stands in `position`. A process that is killed leaves at most one torn record behind, at the end of the
last segment; the next process ends that segment there and begins another. Records are not forced to the disk
one by one: they survive the end of the process, not always that of the machine.
"""

from __future__ import annotations

import errno
import os
import struct
from collections import deque
from io import RawIOBase
from pathlib import Path
from typing import BinaryIO, NamedTuple
from zlib import crc32

from netwatch.errors import StoreError
from netwatch.exposition.remote_write.encode import Request

__all__ = ["VERSION", "Spool"]

VERSION = 1
_MAGIC = b"NWRW"
_FILE = struct.Struct("<4sH2x")
_HEAD = struct.Struct("<IIIq")
"""Length of the body, checksum, samples, newest time in ms."""
_POSITION = struct.Struct("<4sQQI")
"""Magic, segment, offset, checksum."""
_LARGEST = 256 << 20
"""No record is longer: a longer one is damage."""


class _Segment:
    __slots__ = ("end", "number", "records", "samples")

    def __init__(self, number: int, end: int, records: int, samples: int) -> None:
        self.number = number
        self.end = end
        """Octets up to the end of the last whole record."""
        self.records = records
        """Not read yet."""
        self.samples = samples


class _Head(NamedTuple):
    request: Request
    segment: int
    end: int


class Spool:
    """One folder, one process. Methods wait for the disk; every one of them may raise StoreError."""

    def __init__(self, folder: Path, limit: int) -> None:
        """`limit`: octets on disk. Takes up what an earlier process left. Raises StoreError, also for a
        version that a later netwatch wrote."""
        self._folder = folder
        self._limit = limit
        self._segment_size = max(64 * 1024, min(16 << 20, limit // 8))
        self._segments: deque[_Segment] = deque()
        self._next = 1
        self._offset = 0
        """Where the first segment is read next."""
        self._writer: RawIOBase | None = None
        self._reader: BinaryIO | None = None
        self._head: _Head | None = None
        self.size = 0
        """Octets on disk."""
        self.samples = 0
        """That wait."""
        self.torn = 0
        """Damaged ends of segments that were found at the start."""
        self.damaged = 0
        """Samples that could not be read back."""
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            self._take_up()
        except OSError as error:
            raise self._fault(error) from None

    def put(self, request: Request) -> int:
        """Appends. Returns how many samples were dropped for it, the oldest."""
        body = request.body
        rest = _HEAD.pack(len(body), 0, request.samples, request.newest)[8:]
        head = _HEAD.pack(len(body), crc32(body, crc32(rest)), request.samples, request.newest)
        dropped = 0
        try:
            while self._segments and self.size + len(head) + len(body) > self._limit:
                dropped += self._drop_first()
            last = self._segments[-1] if self._segments else None
            if self._writer is None or last is None or last.end >= self._segment_size:
                last = self._begin()
            assert self._writer is not None
            _write(self._writer, head + body)
        except OSError as error:
            self._close_writer()  # the next one begins a new segment: this one may have a torn end
            raise self._fault(error) from None
        last.end += len(head) + len(body)
        last.records += 1
        last.samples += request.samples
        self.size += len(head) + len(body)
        self.samples += request.samples
        return dropped

    def peek(self) -> Request | None:
        """The oldest request; it stays until `done`."""
        if self._head is not None:
            return self._head.request
        try:
            while self._segments:
                first = self._segments[0]
                found = None
                if self._offset < first.end:
                    if self._reader is None:
                        self._reader = self._path(first.number).open("rb")
                    self._reader.seek(self._offset)
                    found = _read(self._reader, first.end)
                if found is not None:
                    self._head = _Head(found[0], first.number, found[1])
                    return self._head.request
                if len(self._segments) == 1 and self._writer is not None and not first.records:
                    return None  # all is read; it goes on here
                self.damaged += self._drop_first()
        except OSError as error:
            raise self._fault(error) from None
        return None

    def done(self, request: Request) -> None:
        """The oldest request was dealt with. Changes nothing if it was dropped meanwhile."""
        head = self._head
        if head is None or head.request is not request:
            return
        self._head = None
        first = self._segments[0]
        first.records -= 1
        first.samples -= request.samples
        self.samples -= request.samples
        self._offset = head.end
        try:
            if not first.records and (len(self._segments) > 1 or first.end >= self._segment_size):
                self._drop_first()
            else:
                self._note_position()
        except OSError as error:
            raise self._fault(error) from None

    def close(self) -> None:
        """Leaves no file behind if everything was read."""
        self._close_writer()
        self._close_reader()
        if not any(segment.records for segment in self._segments):
            for segment in self._segments:
                self._path(segment.number).unlink(missing_ok=True)
            self._segments.clear()

    # -- files

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:016d}.spool"

    def _take_up(self) -> None:
        at, offset = self._position()
        self._next = at + 1
        for path in sorted(self._folder.glob("*.spool")):
            number = int(path.stem)
            self._next = max(self._next, number + 1)
            if number < at:
                path.unlink()
                continue
            start = offset if number == at else _FILE.size
            segment = self._scan(path, number, start)
            if segment.records:
                if not self._segments:
                    self._offset = start
                self._segments.append(segment)
                self.size += segment.end
                self.samples += segment.samples
            else:
                path.unlink()

    def _scan(self, path: Path, number: int, start: int) -> _Segment:
        """Whole records from `start` on."""
        with path.open("rb") as file:
            magic, version = _FILE.unpack(file.read(_FILE.size).ljust(_FILE.size, b"\0"))
            if magic == _MAGIC and version > VERSION:
                raise StoreError(f"{path} was written by a newer netwatch: use that, or move the file away")
            size = path.stat().st_size
            segment = _Segment(number, start, 0, 0)
            if magic == _MAGIC:
                file.seek(start)
                while (found := _read(file, size)) is not None:
                    segment.records += 1
                    segment.samples += found[0].samples
                    segment.end = found[1]
            if segment.end < size:
                self.torn += 1
        return segment

    def _position(self) -> tuple[int, int]:
        try:
            data = (self._folder / "position").read_bytes()
        except FileNotFoundError:
            return 0, _FILE.size
        if len(data) != _POSITION.size:
            return 0, _FILE.size
        magic, segment, offset, check = _POSITION.unpack(data)
        if magic != _MAGIC or check != crc32(data[:-4]):
            return 0, _FILE.size
        return segment, offset

    def _note_position(self) -> None:
        first = self._segments[0]
        data = _POSITION.pack(_MAGIC, first.number, self._offset, 0)[:-4]
        fresh = self._folder / "position.new"
        fresh.write_bytes(data + struct.pack("<I", crc32(data)))
        fresh.replace(self._folder / "position")

    def _begin(self) -> _Segment:
        self._close_writer()
        number = self._next
        self._writer = self._path(number).open("xb", buffering=0)
        os.fchmod(self._writer.fileno(), 0o640)
        self._next += 1
        _write(self._writer, _FILE.pack(_MAGIC, VERSION))
        segment = _Segment(number, _FILE.size, 0, 0)
        if not self._segments:
            self._offset = _FILE.size
        self._segments.append(segment)
        self.size += segment.end
        return segment

    def _drop_first(self) -> int:
        """Deletes the oldest segment; returns the samples in it that nobody read."""
        first = self._segments.popleft()
        self._head = None
        self._close_reader()
        if not self._segments:
            self._close_writer()
        self._offset = _FILE.size
        self._path(first.number).unlink(missing_ok=True)
        self.size -= first.end
        self.samples -= first.samples
        return first.samples

    def _close_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _fault(self, error: OSError) -> StoreError:
        return StoreError(f"spool {self._folder}: {error.strerror or type(error).__name__}")


def _write(file: RawIOBase, data: bytes) -> None:
    if file.write(data) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read(file: BinaryIO, end: int) -> tuple[Request, int] | None:
    """The record at the file's place and where it ends; None if there is no whole one before `end`."""
    at = file.tell()
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    length, check, samples, newest = _HEAD.unpack(head)
    if length > _LARGEST or at + _HEAD.size + length > end:
        return None
    body = file.read(length)
    if len(body) < length or crc32(body, crc32(head[8:])) != check:
        return None
    return Request(body, samples, newest), at + _HEAD.size + length
