"""The last plans in a file, with all that they stand on: what a what-if, a restart and other processes read.

A head, then two parts: plans with facts and policies, and what was gathered. A part is a pickle, packed. The
file is replaced as a whole, so that whoever reads sees one moment. It is an interim result of this version of
netwatch: another one makes it anew.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import IO, Any

from netwatch import __version__
from netwatch.app.packing import pack_into, unpack_from
from netwatch.errors import StoreError
from netwatch.history.segment import sync_directory
from netwatch.planning import Gathered, Lifecycle, Plans, Policies

__all__ = ["Judged", "KeptPlans"]

_MAGIC = b"NWPLANS\n"
_FORMAT = 1
_HEAD = struct.Struct("<8sH32sQIQI")
"""Magic, format, version of netwatch; octets and CRC-32 of each part."""
_AT_ONCE = 1 << 20
_PREFIX, _SUFFIX = "gathered-", ".tmp"


@dataclass(frozen=True, slots=True)
class Judged:
    """The last plans, and what they were made with."""

    plans: Plans
    lifecycle: Lifecycle
    policies: Policies
    policy_texts: Mapping[str, str]
    """Of each policy, by the name of its file."""


@dataclass(frozen=True, slots=True)
class KeptPlans:
    """The file. Every method waits for the disk, and for seconds where there is much of it."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "gathered.nwplans"

    def keep(self, judged: Judged, gathered: Gathered) -> None:
        """Durable when it returns; until then the file is the one that was. Raises StoreError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            for left in self.path.parent.glob(f"{_PREFIX}*{_SUFFIX}"):
                left.unlink(missing_ok=True)  # of a netwatch that was killed
            handle, name = mkstemp(_SUFFIX, _PREFIX, self.path.parent)  # for its owner alone
            try:
                with os.fdopen(handle, "wb") as file:
                    _write(file, judged, gathered)
                Path(name).replace(self.path)
            except BaseException:
                with suppress(OSError):
                    Path(name).unlink()
                raise
            sync_directory(self.path.parent)
        except OSError as error:
            raise StoreError(f"{self.path}: can't be written: {error.strerror}") from error

    def judged(self) -> Judged | None:
        """None if there are none, or of another version. Raises StoreError for a file that is damaged."""
        found: Judged | None = self._part(0)
        return found

    def gathered(self) -> Gathered | None:
        """The same of what the plans stand on."""
        found: Gathered | None = self._part(1)
        return found

    def stamp(self) -> tuple[int, int, int]:
        """The same as long as the file is. Zeros if there is none."""
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return 0, 0, 0
        return found.st_ino, found.st_mtime_ns, found.st_size

    def _part(self, number: int) -> Any:
        try:
            with self.path.open("rb") as file:
                head = file.read(_HEAD.size)
                if len(head) < _HEAD.size:
                    raise StoreError("it is cut off")
                magic, form, version, *parts = _HEAD.unpack(head)
                if (magic, form, version) != (_MAGIC, _FORMAT, _version()):
                    return None
                length, checksum = parts[2 * number : 2 * number + 2]
                begin = _HEAD.size + number * parts[0]
                file.seek(begin)
                if _checksum(file, length) != checksum:
                    raise StoreError("its checksum is wrong")
                file.seek(begin)
                return unpack_from(file, length)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreError(f"{self.path}: can't be read: {error.strerror}") from error
        except StoreError as error:
            raise StoreError(f"{self.path}: {error}: remove it; the next plans write it anew") from None


def _write(file: IO[bytes], judged: Judged, gathered: Gathered) -> None:
    file.write(bytes(_HEAD.size))
    parts = (*pack_into(file, judged), *pack_into(file, gathered))
    file.seek(0)
    file.write(_HEAD.pack(_MAGIC, _FORMAT, _version(), *parts))
    file.flush()
    os.fsync(file.fileno())


def _version() -> bytes:
    return __version__.encode()[:32].ljust(32, b"\0")


def _checksum(file: IO[bytes], length: int) -> int:
    found = 0
    while length > 0 and (data := file.read(min(_AT_ONCE, length))):
        found = zlib.crc32(data, found)
        length -= len(data)
    return found if not length else -1
