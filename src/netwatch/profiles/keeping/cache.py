"""The compiled profiles of the last run, in the user's cache folder.

One file per list of folders: magic, SHA-256 of the rest; a header (JSON: key, problems, vendors, how each
profile is recognised, the length of each part and of the names of models); then the parts, JSON as well, and
the names, which are looked into when a device needs them. The key tells what it was made of: the content of
every profile file, this code, the catalogue of families, netwatch's version and Python's. A file that is
damaged, foreign, or made of something else counts as none.

JSON can make nothing but data. Still, who could write here could say what is asked of devices: the folder and
the file must be this user's own, and no one else's to write to.
"""

from __future__ import annotations

import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from netwatch import __version__, model
from netwatch.errors import Problem
from netwatch.model import Catalogue
from netwatch.profiles.keeping.codec import decoder, encode
from netwatch.profiles.keeping.stored import StoredProfiles
from netwatch.profiles.ready.profile import Part, Recognised
from netwatch.profiles.ready.profile_set import ProfileSet
from netwatch.profiles.written.models import Case, ModelNames, Models
from netwatch.profiles.written.vendors import Vendors, VendorsFile

__all__ = ["ProfileCache", "code_of", "profile_cache"]

MAGIC = b"netwatch profiles 2\n"
_DIGEST = sha256().digest_size
MOST_BYTES = 64 << 20
"""A larger file is none of netwatch's: the shipped profiles take 3 MB."""
MOST_FILES = 8
"""Lists of folders whose profiles are kept; the one that was not written for the longest time goes first."""
ABANDONED = 3600.0
"""Seconds after which a file that was being written is of a process that died."""
_NOT_MINE = stat.S_IWGRP | stat.S_IWOTH


class _Unusable(Exception):  # noqa: N818 - not an error of anybody's
    """Why a cache counts as none."""


def profile_cache(env: Mapping[str, str]) -> ProfileCache | None:
    """Of this user, in CACHE_DIRECTORY (set by systemd), else `netwatch` below
    XDG_CACHE_HOME or ~/.cache (XDG base directory specification). None if nothing tells."""
    found = (
        Path(env.get("CACHE_DIRECTORY", "").split(":")[0]),
        Path(env.get("XDG_CACHE_HOME", ""), "netwatch"),
        Path(env.get("HOME", ""), ".cache", "netwatch"),
    )
    folder = next((path for path in found if path.is_absolute()), None)  # relative ones count as not set
    return None if folder is None else ProfileCache(folder)


@dataclass(frozen=True)
class ProfileCache:
    """What earlier processes of this user compiled of these folders. `folder` is made if it is not there."""

    folder: Path

    def read(self, dirs: Sequence[Path], digest: str, catalogue: Catalogue) -> tuple[ProfileSet | None, str]:
        """The profiles whose files have this digest (`ProfileSet.digest`), or None; and a word for the log.

        Whatever is wrong with the cache is no error.
        """
        path = self.folder / _name(dirs)
        try:
            data = self._content(path)
            return _decoded(data, _key(digest, catalogue), path), f"read from {path}"
        except FileNotFoundError:
            return None, f"no cache {path} yet"
        except (_Unusable, OSError) as error:
            return None, f"cache {path} is of no use: {error}"
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
            return None, f"cache {path} is of no use: {type(error).__name__}: {error}"

    def write(
        self, dirs: Sequence[Path], found: ProfileSet, parts: Sequence[Part], catalogue: Catalogue
    ) -> str:
        """Keeps them for the next process; returns a word for the log. A disk that is full or read-only is no
        error either."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _check(self.folder.stat(), stat.S_ISDIR)
            body = _encoded(found, parts, _key(found.digest, catalogue))
            handle, temporary = tempfile.mkstemp(
                ".tmp", "profiles-", self.folder
            )  # readable by its owner alone
            try:
                with os.fdopen(handle, "wb") as stream:
                    stream.write(body)
                Path(temporary).replace(self.folder / _name(dirs))
            except BaseException:
                Path(temporary).unlink(missing_ok=True)
                raise
            self._tidy()
        except (_Unusable, OSError) as error:
            return f"not kept in {self.folder}: {error}"
        return f"kept in {self.folder}"

    def _content(self, path: Path) -> bytes:
        _check(self.folder.stat(), stat.S_ISDIR)
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(handle, "rb") as stream:
            state = os.fstat(handle)
            _check(state, stat.S_ISREG)
            if state.st_size > MOST_BYTES:
                raise _Unusable("it is too large")
            return stream.read(MOST_BYTES)

    def _tidy(self) -> None:
        """Others' removals may come first: that is no error."""
        kept = sorted(self.folder.glob("profiles-*.json"), key=_written, reverse=True)
        old = _written(kept[0]) - ABANDONED if kept else 0.0
        left = [path for path in self.folder.glob("profiles-*.tmp") if _written(path) < old]
        for path in (*kept[MOST_FILES:], *left):
            with suppress(OSError):
                path.unlink()


def _check(state: os.stat_result, is_right: Callable[[int], bool]) -> None:
    if not is_right(state.st_mode):
        raise _Unusable("it is something else")
    if state.st_uid != os.geteuid():
        raise _Unusable("it belongs to another user")
    if state.st_mode & _NOT_MINE:
        raise _Unusable("others may write to it")


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _name(dirs: Sequence[Path]) -> str:
    told = "\0".join(str(Path(one).absolute()) for one in dirs)
    return f"profiles-{sha256(told.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.json"


def _key(digest: str, catalogue: Catalogue) -> list[str]:
    told = [asdict(family) for _, family in sorted(catalogue.items())]
    # Sets are sorted: their order is another one in each process.
    families = sha256(json.dumps(told, default=sorted).encode()).hexdigest()
    return [digest, _code(), families, __version__, sys.version]


@cache
def _code() -> str:
    """Of the modules that make profiles and of the words they are made of: a checkout changes without its
    version."""
    return code_of(Path(__file__).parents[1], Path(model.__file__).parent)


def code_of(*folders: Path) -> str:
    """A digest of all modules in these folders and below."""
    told = sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            name = path.relative_to(folder).as_posix()
            told.update(name.encode() + b"\0" + sha256(path.read_bytes()).digest())
    return told.hexdigest()


def _encoded(found: ProfileSet, parts: Sequence[Part], key: list[str]) -> bytes:
    bodies = [_json(encode(part)) for part in parts]
    header = _json(
        {
            "key": key,
            "problems": encode(tuple(found.problems)),
            "vendors": VendorsFile(dict(found.vendors.by_number)).model_dump(mode="json"),
            "recognised": encode(found.recognised),
            "parts": [[part.name, len(body)] for part, body in zip(parts, bodies, strict=True)],
            "models": [
                [number, len(names.text), names.rename, names.case.value]
                for number, names in found.models.files
            ],
        }
    )
    rest = b"".join([header, b"\n", *bodies, *(names.text for _, names in found.models.files)])
    return MAGIC + sha256(rest).digest() + rest


def _json(data: Any) -> bytes:
    return json.dumps(data, separators=(",", ":")).encode()


def _decoded(data: bytes, key: list[str], path: Path) -> ProfileSet:
    rest = data[len(MAGIC) + _DIGEST :]
    if not data.startswith(MAGIC):
        raise _Unusable("it is of another format")
    if sha256(rest).digest() != data[len(MAGIC) : len(MAGIC) + _DIGEST]:
        raise _Unusable("it is damaged")
    at = rest.index(b"\n") + 1
    header = json.loads(rest[:at])
    if header["key"] != key:
        raise _Unusable("it was made of other files or by another version")
    parts: dict[str, bytes] = {}
    for name, length in header["parts"]:
        parts[name] = rest[at : at + length]
        at += length
    models = []
    for number, length, rename, case in header["models"]:
        names = ModelNames(rest[at : at + length], tuple((find, put) for find, put in rename), Case(case))
        models.append((int(number), names))
        at += length
    problems: tuple[Problem, ...] = decoder(tuple[Problem, ...])(header["problems"])
    recognised: tuple[Recognised, ...] = decoder(tuple[Recognised, ...])(header["recognised"])
    if at != len(rest) or parts.keys() != {one.name for one in recognised}:
        raise _Unusable("it is damaged")
    return ProfileSet(
        StoredProfiles(parts),
        recognised,
        list(problems),
        Vendors.written(VendorsFile.model_validate(header["vendors"])),
        Models.of_files(models),
        key[0],
        told=f"read from {path}",
    )
