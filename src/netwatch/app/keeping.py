"""One backup of everything that netwatch must not lose: history, database, plans, audit log."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from netwatch import __version__
from netwatch.config import Settings
from netwatch.errors import StoreError
from netwatch.history.backup import (
    copy_history,
    install,
    read_manifest,
    verify_manifest,
    write_manifest,
)
from netwatch.store import Store

__all__ = ["Places", "back_up", "put_back"]

_DATABASE, _HISTORY, _AUDIT, _PLANS = "netwatch.db", "history", "audit.log", "plans"


@dataclass(frozen=True, slots=True)
class Places:
    """Where a netwatch keeps what it must not lose."""

    database: Path
    history: Path
    audit: Path
    plans: Path

    @classmethod
    def of(cls, settings: Settings) -> Places:
        state = Path(settings.state_dir)
        history = Path(settings.history.dir or state / _HISTORY)
        audit = Path(settings.web.audit_log or state / _AUDIT)
        return cls(state / _DATABASE, history, audit, state / _PLANS)


def back_up(places: Places, target: Path, *, now: float) -> int:
    """Writes a new folder while netwatch may run; it appears only when it is whole and on disk.

    The database is copied last, so that it knows everything that the history tells of. Returns octets.
    Raises StoreError.
    """
    if target.exists():
        raise StoreError(f"{target}: is there already: name a new folder for each backup")
    partial = target.with_name(target.name + ".partial")
    try:
        if partial.exists():
            shutil.rmtree(partial)
        partial.mkdir(parents=True)
        copy_history(places.history, partial / _HISTORY)
        if places.plans.is_dir():
            _copy_plans(places.plans, partial / _PLANS)
        if places.audit.is_file():
            shutil.copyfile(places.audit, partial / _AUDIT)
        if places.database.is_file():
            with Store(places.database, read_only=True) as store:
                store.backup(partial / _DATABASE)
        write_manifest(partial, made=now, program=f"netwatch {__version__}")
        size = sum(path.stat().st_size for path in partial.rglob("*") if path.is_file())
        partial.rename(target)
    except OSError as error:
        raise StoreError(f"{error.filename or target}: backup failed: {error.strerror}") from error
    return size


def put_back(places: Places, source: Path) -> list[str]:
    """Replaces what netwatch keeps by a backup, after checking it. Returns what was put where, in words.

    What was there stays beside it as `NAME.before-restore`. Raises StoreError if netwatch runs, or if the
    backup is not whole: then nothing was touched.
    """
    if problems := verify_manifest(source):
        raise StoreError("; ".join(problems[:5]) + ": use another backup")
    files = read_manifest(source)
    done = []
    with _stopped(places):
        for name, target in (
            (_HISTORY, places.history),
            (_DATABASE, places.database),
            (_AUDIT, places.audit),
            (_PLANS, places.plans),
        ):
            if name in files or any(file.startswith(f"{name}/") for file in files):
                if name == _DATABASE:
                    _set_aside_log(target)
                install(source / name, target, _copy_plans if name == _PLANS else None)
                done.append(f"{source / name} to {target}")
    return done


def _copy_plans(source: Path, target: Path) -> None:
    """Snapshots of plans. Each file appears whole, so netwatch may go on writing; one that retention removes
    meanwhile is left out."""
    for path in sorted(source.rglob("*.json.gz")):
        with suppress(FileNotFoundError):
            data = path.read_bytes()
            copy = target / path.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            with copy.open("xb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())


def _set_aside_log(database: Path) -> None:
    """What SQLite has beside a database belongs to that one, not to its successor."""
    for end in ("-wal", "-shm"):
        beside = database.with_name(database.name + end)
        if beside.exists():
            beside.rename(database.with_name(f"{database.name}.before-restore{end}"))


@contextmanager
def _stopped(places: Places) -> Iterator[None]:
    """Holds the locks that a running netwatch holds. Raises StoreError if one does."""
    held: list[int] = []
    try:
        for path in (places.database.with_name(_DATABASE + ".lock"), places.history / "writer.lock"):
            if path.parent.is_dir():
                held.append(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
                fcntl.flock(held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StoreError(f"{places.database.parent}: a netwatch is running: stop it first") from None
    finally:
        for descriptor in held:
            os.close(descriptor)
