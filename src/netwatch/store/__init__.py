"""What must outlive the process: identities, incidents, notifications on their way, and what
makes a restart cheap. One SQLite file."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from netwatch.store.alert_json import decode_alert, encode_alert
from netwatch.store.database import Database
from netwatch.store.desk import DeskTable, StoredFlaps
from netwatch.store.identity import IdentityTable
from netwatch.store.incidents import IncidentTable, Remembered, TimelineEntry
from netwatch.store.links import LinkTable, StoredLink
from netwatch.store.oncall import OnCallTable, StoredSwap
from netwatch.store.outbox import OutboxEntry, OutboxTable
from netwatch.store.restart import RestartTable, StoredPlan

__all__ = [
    "DeskTable",
    "IdentityTable",
    "IncidentTable",
    "LinkTable",
    "OnCallTable",
    "OutboxEntry",
    "OutboxTable",
    "Remembered",
    "RestartTable",
    "Store",
    "StoredFlaps",
    "StoredLink",
    "StoredPlan",
    "StoredSwap",
    "TimelineEntry",
    "decode_alert",
    "encode_alert",
]

T = TypeVar("T")


class Store:
    """One database file. Synchronous: from the event loop only for small batches.

    Raises StoreError if the file can't be opened, belongs to something else, is in use by another netwatch,
    or was written by a newer version. `read_only` opens beside a running daemon, without locking it out.
    """

    def __init__(self, path: Path | str, *, read_only: bool = False) -> None:
        self._database = Database(Path(path), read_only=read_only)
        self.identity = IdentityTable(self._database)
        self.incidents = IncidentTable(self._database)
        self.desk = DeskTable(self._database)
        self.links = LinkTable(self._database)
        self.on_call = OnCallTable(self._database)
        self.outbox = OutboxTable(self._database)
        self.restart = RestartTable(self._database)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Makes several writes one: an incident and the notifications of it, for example. Blocks may nest."""
        with self._database.transaction():
            yield

    def persist(self, work: Callable[[], T]) -> T:
        """`work` as one transaction that must not fail for want of room: disk space that is held in reserve
        is given up for it. `work` may run several times. Raises StoreError when nothing is left."""
        return self._database.persist(lambda _: work())

    def probe(self) -> None:
        """Raises StoreError if nothing can be written at the moment."""
        self._database.probe()

    @property
    def reserved(self) -> int:
        """Octets of disk that are held for `persist`."""
        return self._database.reserved

    def close(self) -> None:
        """May be called twice."""
        self._database.close()

    def backup(self, path: Path | str) -> None:
        """A consistent copy at `path` while the store goes on. Raises StoreError."""
        self._database.backup(Path(path))
