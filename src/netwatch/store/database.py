"""The SQLite file itself: opening, locking, transactions, versions, backup."""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

from netwatch.errors import StoreError
from netwatch.store.reserve import Reserve
from netwatch.store.schema import APPLICATION_ID, MIGRATIONS

__all__ = ["Database"]

T = TypeVar("T")

REFILL_SECONDS = 60.0
"""A reserve that was given up is taken again at most that often."""
BUSY_SECONDS = 5.0
"""How long to wait for a reader's lock. There is never a second writer."""


class Database:
    """One connection to one file, the only writer of it.

    WAL with synchronous=FULL: a transaction that returned survives the death of process and machine.
    May be called from several threads; they take turns. Every failure is a StoreError that names the file.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        self._turn = threading.RLock()
        self._depth = 0
        self._lock_file: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._reserve = Reserve(path.with_name(path.name + ".reserve"))
        self._refill_at = 0.0
        try:
            if not read_only:
                self._lock_file = _only_writer(path)
                self._reserve.fill()
            with self._as_store_error():
                self._connection = _connect(path, read_only=read_only)
                self._settle_version(read_only=read_only)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Database:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection and gives the lock back. May be called twice."""
        with self._turn:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing. What ran inside is on disk once the outermost block is left."""
        with self._turn, self._as_store_error():
            connection = self._open()
            if self._depth == 0:
                connection.execute("BEGIN IMMEDIATE")
            self._depth += 1
            try:
                yield connection
            except BaseException:
                if self._depth == 1 and connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
            else:
                if self._depth == 1:
                    _commit(connection)
            finally:
                self._depth -= 1

    def persist(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """`work` in a transaction that must not fail for want of room: the reserve is given up for it.

        `work` may run several times. Within a transaction the outermost call is the one that tries again.
        """
        while True:
            try:
                with self.transaction() as connection:
                    result = work(connection)
            except StoreError as error:
                if self._depth or not _without_room(error.__cause__) or not self._reserve.give():
                    raise
            else:
                self._refill()
                return result

    def probe(self) -> None:
        """Writes to the disk what it says already. Raises StoreError if that can't be done."""
        version = self.rows("PRAGMA user_version")[0][0]
        with self.transaction() as connection:
            connection.execute(f"PRAGMA user_version = {version}")

    def persist_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """One statement for many rows, in a transaction of its own that must not fail for want of room."""
        self.persist(lambda connection: connection.executemany(sql, rows))

    @property
    def reserved(self) -> int:
        """Octets of disk that are held for `persist`."""
        return self._reserve.left

    def _refill(self) -> None:
        if self._depth == 0 and time.monotonic() >= self._refill_at and not self._reserve.whole:
            self._refill_at = time.monotonic() + REFILL_SECONDS
            self._reserve.fill()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        """All rows of a query."""
        with self._turn, self._as_store_error():
            return self._open().execute(sql, values).fetchall()

    def write_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """One statement for many rows, in a transaction of its own."""
        with self.transaction() as connection:
            connection.executemany(sql, rows)

    def backup(self, target: Path) -> None:
        """A consistent copy while the original goes on. `target` appears only when it is whole."""
        if target.resolve() == self.path.resolve():
            raise StoreError(f"{target}: a backup needs another file than the store itself")
        partial = target.with_name(target.name + ".partial")
        with self._turn, self._as_store_error():
            source = self._open()
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                partial.unlink(missing_ok=True)
                with contextlib.closing(sqlite3.connect(partial)) as copy:
                    source.backup(copy)
                    copy.execute("PRAGMA journal_mode=DELETE")  # the copy is one file, without -wal beside it
                _sync_file(partial)
                partial.replace(target)
                _sync_file(target.parent)
            except OSError as error:
                raise StoreError(f"{target}: backup failed: {error.strerror}") from error

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StoreError(f"{self.path}: the store is closed")
        return self._connection

    @contextlib.contextmanager
    def _as_store_error(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {_in_words(error)}") from error

    def _settle_version(self, *, read_only: bool) -> None:
        connection = self._open()
        ours = len(MIGRATIONS)
        found = int(connection.execute("PRAGMA user_version").fetchone()[0])
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0])
        if application != APPLICATION_ID and (tables or found):
            raise StoreError(f"{self.path}: is a database, but not one of netwatch: name another file")
        if found > ours:
            raise StoreError(
                f"{self.path}: has version {found}, but this netwatch knows versions up to {ours}: "
                "install the newer netwatch again, or restore a backup"
            )
        if read_only and found < ours:
            raise StoreError(
                f"{self.path}: has version {found}, but {ours} is needed: "
                "start `netwatch run` once to upgrade it"
            )
        for version in range(found + 1, ours + 1):
            with self.transaction():
                for statement in MIGRATIONS[version - 1]:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {version}")


def _connect(path: Path, *, read_only: bool) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?mode={'ro' if read_only else 'rwc'}"
    connection = sqlite3.connect(
        uri, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        if not read_only:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _commit(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:  # a full disk: SQLite keeps the transaction open
            connection.execute("ROLLBACK")
        raise


def _without_room(error: BaseException | None) -> bool:
    """Disk full; quotas and file size limits come as failed writes."""
    if not isinstance(error, sqlite3.Error):
        return False
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)


def _only_writer(path: Path) -> int:
    """Locks `path`.lock; the kernel gives it back however the process ends. Raises StoreError if held."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path.with_name(path.name + ".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror}") from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise StoreError(
            f"{path}: another netwatch uses it: stop that one, or give this one its own state_dir"
        ) from None
    return handle


def _sync_file(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _in_words(error: sqlite3.Error) -> str:
    text = str(error)
    if "not a database" in text or "malformed" in text:
        return f"{text}: move it away and restore a backup"
    if "unable to open" in text:
        return f"{text}: is the folder there, and may this user write it?"
    return text
