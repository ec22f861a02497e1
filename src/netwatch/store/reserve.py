"""Disk space that is held for notifications, to be given up when everybody else has filled the disk."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

__all__ = ["Reserve"]

SIZE = 16 * 1024 * 1024
"""Octets that are held: room for some thousand pages, each with its incident."""
SLICE = 2 * 1024 * 1024
"""Octets given up at a time: what others take of it is not all of it."""


class Reserve:
    """A file of allocated blocks with nothing in them.

    On a file system that copies on write it is worth less: there, what waits goes out from memory.
    """

    def __init__(self, path: Path, *, size: int = SIZE, step: int = SLICE) -> None:
        self.path = path
        self._size = size
        self._step = step

    @property
    def left(self) -> int:
        """Octets that are still held."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    @property
    def whole(self) -> bool:
        return self.left >= self._size

    def fill(self) -> bool:
        """Takes what is missing, unless that would leave others less than the reserve's own size.

        Returns whether all of it is there.
        """
        if self.whole:
            return True
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError:
            return False
        had = self.left
        try:
            disk = os.fstatvfs(handle)
            if disk.f_bavail * disk.f_frsize < 2 * self._size - had:
                return False
            os.posix_fallocate(handle, 0, self._size)
            os.fsync(handle)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(handle, had)
            return False
        finally:
            os.close(handle)
        return True

    def give(self) -> bool:
        """Frees a slice. False if there is none left."""
        left = self.left
        if not left:
            return False
        try:
            os.truncate(self.path, max(0, left - self._step))
        except OSError:
            return False
        return True
