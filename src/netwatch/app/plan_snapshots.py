"""Snapshots of plans in a folder: one a day, fewer as they age, and those with a name, for ever."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from netwatch.documents import did_you_mean
from netwatch.errors import PlanningError, StoreError
from netwatch.export import PlanSnapshot, SnapshotHead, pack_snapshot, snapshot_head, unpack_snapshot
from netwatch.history.segment import sync_directory

__all__ = ["NOW", "SnapshotEntry", "SnapshotList", "Snapshots", "outlived"]

NOW = "now"
"""What the plans of this moment are called beside those that are kept."""
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_END = ".json.gz"
_DAILY, _NAMED = "daily", "named"


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    key: str
    """Its name, or its day: what commands take."""
    head: SnapshotHead
    octets: int


@dataclass(frozen=True, slots=True)
class SnapshotList:
    entries: tuple[SnapshotEntry, ...]
    """The oldest first."""
    problems: tuple[str, ...]
    """Files that were skipped, and why."""


def outlived(days: Iterable[date], today: date, *, daily: int, monthly: int) -> tuple[date, ...]:
    """Which daily snapshots go: of those older than `daily` days the first of each month stays, for `monthly`
    months. Pure; what stays once stays in every later call until it is that old."""
    gone = []
    months: set[tuple[int, int]] = set()
    for day in sorted(days):
        age = (today - day).days
        months_old = (today.year - day.year) * 12 + today.month - day.month
        first = (day.year, day.month) not in months
        months.add((day.year, day.month))
        if age > daily and not (first and months_old <= monthly):
            gone.append(day)
    return tuple(gone)


class Snapshots:
    """The folder. Every method waits for the disk: not for the event loop."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, snapshot: PlanSnapshot) -> str:
        """Writes one so that it is there whole or not at all; returns its key. One of the same day is
        replaced. Raises PlanningError for a bad name or one that is taken, StoreError."""
        if snapshot.name:
            key, path = snapshot.name, self._named(snapshot.name)
            if path.exists():
                raise PlanningError(f"there is a snapshot {key!r} already: take another name")
        else:
            key = datetime.fromtimestamp(snapshot.at, UTC).date().isoformat()
            path = self._folder / _DAILY / f"{key}{_END}"
        data = pack_snapshot(snapshot)
        partial = path.with_name(f".{path.name}.partial")
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with partial.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            partial.replace(path)
            sync_directory(path.parent)
        except OSError as error:
            partial.unlink(missing_ok=True)
            raise StoreError(f"{path}: can't be written: {error.strerror}") from None
        return key

    def has_day(self, day: date) -> bool:
        return (self._folder / _DAILY / f"{day.isoformat()}{_END}").exists()

    def prune(self, today: date, *, daily: int, monthly: int) -> int:
        """Removes daily ones that are too old; returns how many. Raises StoreError."""
        found = {day: path for path in self._files(_DAILY) if (day := _day(path)) is not None}
        gone = outlived(found, today, daily=daily, monthly=monthly)
        try:
            for day in gone:
                found[day].unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{error.filename}: can't be removed: {error.strerror}") from None
        return len(gone)

    def all(self) -> SnapshotList:
        """All that is kept; a file that is damaged, or that a newer netwatch kept, is told and skipped."""
        entries, problems = [], []
        for path in (*self._files(_DAILY), *self._files(_NAMED)):
            try:
                data = path.read_bytes()
                entries.append(SnapshotEntry(_key(path), snapshot_head(data), len(data)))
            except PlanningError as error:
                problems.append(f"{path.name} {error}")
            except OSError as error:
                problems.append(f"{path.name}: can't be read: {error.strerror}")
        entries.sort(key=lambda one: (one.head.at, one.key))
        return SnapshotList(tuple(entries), tuple(problems))

    def load(self, key: str) -> PlanSnapshot:
        """By name or day. Raises PlanningError with the names that there are, or what is wrong with it."""
        paths = {_key(path): path for name in (_DAILY, _NAMED) for path in self._files(name)}
        path = paths.get(key)
        if path is None:
            hint = did_you_mean(key, (*paths, NOW))
            raise PlanningError(f"there is no snapshot {key!r}: {hint or 'see `netwatch plan snapshots`'}")
        try:
            return unpack_snapshot(path.read_bytes())
        except PlanningError as error:
            raise PlanningError(f"snapshot {key} {error}") from None
        except OSError as error:
            raise StoreError(f"{path}: can't be read: {error.strerror}") from None

    def _named(self, name: str) -> Path:
        """Raises PlanningError for what can't be a file's name everywhere, or passes for a day."""
        if not _NAME.fullmatch(name) or name == NOW or _is_day(name):
            raise PlanningError(
                f"{name[:70]!r} can't name a snapshot: take small letters, digits, '-', '.' and '_', e.g. "
                "board-2027-01; a day and 'now' are taken"
            )
        return self._folder / _NAMED / f"{name}{_END}"

    def _files(self, name: str) -> Collection[Path]:
        return sorted((self._folder / name).glob(f"*{_END}"))


def _key(path: Path) -> str:
    return path.name.removesuffix(_END)


def _day(path: Path) -> date | None:
    return date.fromisoformat(_key(path)) if _is_day(_key(path)) else None


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
