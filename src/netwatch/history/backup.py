"""Copies of a history that belong together: made while netwatch writes, checked before they are trusted."""

from __future__ import annotations

import json
import os
import shutil
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from netwatch.errors import StoreError
from netwatch.history.segment import Segment, sync_directory
from netwatch.model import Catalogue

__all__ = [
    "MANIFEST",
    "FileReport",
    "check_history",
    "copy_history",
    "install",
    "read_manifest",
    "verify_manifest",
    "write_manifest",
]

MANIFEST = "manifest.json"
_FORMAT = "netwatch-backup/1"
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class FileReport:
    """What one file of history holds."""

    name: str
    """`family/2026-09.nwh`."""
    octets: int
    series: int
    samples: int
    start: int
    """UTC seconds; 0 where there is nothing."""
    end: int
    problems: tuple[str, ...]


def check_history(directory: Path, catalogue: Catalogue) -> Iterator[FileReport]:
    """Reads every record of every family that the catalogue knows, and decodes it. A file that can't be
    read at all is a report with a problem."""
    for path in sorted(directory.glob("*/*.nwh")):
        if path.parent.name in catalogue:
            yield _check(path)


def _check(path: Path) -> FileReport:
    segment = Segment(path)
    name = f"{path.parent.name}/{path.name}"
    size = path.stat().st_size
    try:
        descriptor = segment.open()
        if descriptor is None:
            return FileReport(name, size, 0, 0, 0, 0, (f"{path}: is gone",))
        try:
            names = len(segment.names(descriptor))
            samples = 0
            for head in segment.blocks:
                found = segment.decode(descriptor, head)
                samples += 0 if found is None else int((found[1][-1] > 0).sum())
        finally:
            os.close(descriptor)
    except StoreError as error:
        return FileReport(name, size, 0, 0, 0, 0, (str(error),))
    start = min((head.start for head in segment.blocks), default=0)
    end = max((head.end for head in segment.blocks), default=0)
    return FileReport(name, size, names, samples, start, end, tuple(segment.problems))


def copy_history(source: Path, target: Path) -> int:
    """Copies every file up to its last whole record, and puts it on disk. Returns the octets.

    netwatch may write meanwhile. What came lately is copied first: a day that moves into its month meanwhile
    is then there twice, not missing. Raises StoreError.
    """
    total = 0
    try:
        for folder in sorted(path for path in source.iterdir() if path.is_dir()):
            paths = sorted(folder.glob("*.nwh"), key=lambda path: (path.name != "recent.nwh", path.name))
            for path in paths:
                total += _copy(path, target / folder.name / path.name)
            if paths:
                sync_directory(target / folder.name)
        if target.is_dir():
            sync_directory(target)
    except FileNotFoundError:
        return total
    except OSError as error:
        raise StoreError(f"{error.filename or target}: backup failed: {error.strerror}") from error
    return total


def _copy(path: Path, target: Path) -> int:
    segment = Segment(path)
    descriptor = segment.open()
    if descriptor is None:  # removed by retention meanwhile
        return 0
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            position = 0
            while position < segment.end:
                part = os.pread(descriptor, min(_CHUNK, segment.end - position), position)
                if not part:
                    raise StoreError(f"{path}: became shorter while it was copied: try again")
                out.write(part)
                position += len(part)
            out.flush()
            os.fsync(out.fileno())
    finally:
        os.close(descriptor)
    return position


def write_manifest(folder: Path, *, made: float, program: str) -> None:
    """Notes every file of a backup with its size and CRC-32. `made`: wall seconds."""
    files = {
        str(path.relative_to(folder)): {"octets": path.stat().st_size, "crc32": _checksum(path)}
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    document = {"format": _FORMAT, "made": made, "program": program, "files": files}
    with (folder / MANIFEST).open("w", encoding="utf-8") as out:
        json.dump(document, out, indent=1)
        out.flush()
        os.fsync(out.fileno())
    sync_directory(folder)


def read_manifest(folder: Path) -> dict[str, dict[str, int]]:
    """Size and CRC-32 of each file. Raises StoreError for what is no backup."""
    try:
        document = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if document["format"] != _FORMAT:
            raise StoreError(
                f"{folder}: a backup of format {document['format']}: use the netwatch that made it"
            )
        files: dict[str, dict[str, int]] = document["files"]
    except FileNotFoundError:
        raise StoreError(f"{folder}: is no backup of netwatch: {MANIFEST} is missing") from None
    except OSError as error:
        raise StoreError(f"{folder / MANIFEST}: can't be read: {error.strerror}") from error
    except (ValueError, KeyError, TypeError):
        raise StoreError(f"{folder / MANIFEST}: is damaged: use another backup") from None
    return files


def verify_manifest(folder: Path) -> list[str]:
    """What of a backup is missing or not as it was made, in words; empty if it is whole."""
    out = []
    for name, told in read_manifest(folder).items():
        path = folder / name
        if not path.is_file():
            out.append(f"{path}: is missing")
        elif path.stat().st_size != told["octets"] or _checksum(path) != told["crc32"]:
            out.append(f"{path}: is not as it was when the backup was made")
    return out


def install(source: Path, target: Path, copy: Callable[[Path, Path], object] | None = None) -> None:
    """Puts a copy of a file or folder in place; what was there is kept beside it as `NAME.before-restore`.

    `copy` copies a folder; without it, it is one of history. Raises StoreError, also where such a copy is
    there already. A crash leaves the old or the new one.
    """
    aside, fresh = (
        target.with_name(target.name + ".before-restore"),
        target.with_name(target.name + ".restoring"),
    )
    if target.exists() and aside.exists():
        raise StoreError(f"{aside}: is there already: move it away first")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if fresh.is_dir():
            shutil.rmtree(fresh)
        if source.is_dir():
            (copy or copy_history)(source, fresh)
            fresh.mkdir(exist_ok=True)
        else:
            shutil.copyfile(source, fresh)
            with fresh.open("rb") as copied:
                os.fsync(copied.fileno())
        if target.exists():
            target.rename(aside)
        fresh.rename(target)
        sync_directory(target.parent)
    except OSError as error:
        raise StoreError(f"{error.filename or target}: can't be restored: {error.strerror}") from error


def _checksum(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while part := file.read(_CHUNK):
            value = zlib.crc32(part, value)
    return value
