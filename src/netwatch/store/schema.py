"""Versions of the database. Entry n-1 leads from version n-1 to n; a released entry never changes."""

from __future__ import annotations

__all__ = ["APPLICATION_ID", "MIGRATIONS"]

APPLICATION_ID = 0x6E657477
"""`netw`: tells a file of ours from any other SQLite file."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE identity (
            id        TEXT PRIMARY KEY,
            kind      TEXT NOT NULL,
            device    TEXT NOT NULL,
            natural   TEXT NOT NULL,
            name      TEXT NOT NULL,
            witnesses TEXT NOT NULL,  -- JSON: [[kind, value], ...]
            last_seen REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
