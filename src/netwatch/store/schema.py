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
    (
        """
        CREATE TABLE incident (
            id       TEXT PRIMARY KEY,
            rule     TEXT NOT NULL,
            entity   TEXT NOT NULL,
            device   TEXT NOT NULL,
            state    TEXT NOT NULL,
            since    REAL NOT NULL,
            resolved REAL,
            body     TEXT NOT NULL  -- JSON: the whole alert
        ) STRICT
        """,
        "CREATE INDEX incident_resolved ON incident (resolved)",
        "CREATE INDEX incident_entity ON incident (entity, since)",
        """
        CREATE TABLE incident_event (
            number   INTEGER PRIMARY KEY AUTOINCREMENT,
            incident TEXT NOT NULL REFERENCES incident (id) ON DELETE CASCADE,
            at       REAL NOT NULL,
            state    TEXT NOT NULL,
            previous TEXT,
            note     TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX incident_event_incident ON incident_event (incident, number)",
        """
        CREATE TABLE rule_memory (
            rule   TEXT NOT NULL,
            entity TEXT NOT NULL,
            labels TEXT NOT NULL,  -- JSON: values of the row labels
            PRIMARY KEY (rule, entity, labels)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE outbox (
            number       INTEGER PRIMARY KEY AUTOINCREMENT,
            channel      TEXT NOT NULL,
            key          TEXT NOT NULL,
            body         TEXT NOT NULL,
            created      REAL NOT NULL,
            attempts     INTEGER NOT NULL DEFAULT 0,
            next_attempt REAL NOT NULL,
            error        TEXT NOT NULL DEFAULT '',
            done         REAL,  -- wall seconds of acceptance; NULL while it waits
            UNIQUE (channel, key)
        ) STRICT
        """,
        "CREATE INDEX outbox_waiting ON outbox (channel, number) WHERE done IS NULL",
        "CREATE INDEX outbox_done ON outbox (done) WHERE done IS NOT NULL",
    ),
    (
        """
        CREATE TABLE plan (
            device TEXT PRIMARY KEY,
            digest TEXT NOT NULL,  -- of the profiles that it was made with
            body   BLOB NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE learnt (
            device TEXT PRIMARY KEY,
            body   TEXT NOT NULL  -- JSON: what an agent bears
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE asset_tenure (
            asset      TEXT NOT NULL,  -- serial number
            device     TEXT NOT NULL,
            position   TEXT NOT NULL,  -- slot, bay or stack member; empty: the device as a whole
            first_seen REAL NOT NULL,
            model      TEXT NOT NULL,
            last_seen  REAL NOT NULL,
            ended      REAL,  -- wall seconds; NULL while it is there
            PRIMARY KEY (device, position, asset, first_seen)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX asset_tenure_asset ON asset_tenure (asset)",
    ),
    (
        """
        CREATE TABLE incident_case (
            incident TEXT PRIMARY KEY,
            body     TEXT NOT NULL  -- JSON: who was told, who looks after it
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE flap (
            series  TEXT PRIMARY KEY,
            penalty REAL NOT NULL,
            at      REAL NOT NULL,
            damped  INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE silence (
            id    TEXT PRIMARY KEY,
            body  TEXT NOT NULL,  -- JSON
            ended REAL            -- wall seconds at which somebody ended it
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE used_link (
            nonce   TEXT PRIMARY KEY,
            expires REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE telling (
            number    INTEGER PRIMARY KEY,
            at        REAL NOT NULL,
            recipient TEXT NOT NULL,  -- a person, else a channel
            incident  TEXT NOT NULL,
            rule      TEXT NOT NULL
        ) STRICT
        """,
        "CREATE INDEX telling_at ON telling (at)",
        """
        CREATE TABLE acknowledgement (
            incident TEXT PRIMARY KEY,
            at       REAL NOT NULL  -- the first one
        ) STRICT, WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE kept_link (
            sort         TEXT NOT NULL,  -- who told it: neighbour or bridge
            one          TEXT NOT NULL,
            other        TEXT NOT NULL,
            one_device   TEXT NOT NULL,
            other_device TEXT NOT NULL,
            told         REAL NOT NULL,  -- wall seconds, the last time
            detail       TEXT NOT NULL,
            PRIMARY KEY (sort, one, other, detail)
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE on_call_swap (
            id      TEXT PRIMARY KEY,
            rota    TEXT NOT NULL,
            person  TEXT NOT NULL,
            starts  REAL NOT NULL,
            ends    REAL NOT NULL,
            made_by TEXT NOT NULL,
            made    REAL NOT NULL,
            ended   REAL            -- wall seconds at which somebody took it back
        ) STRICT, WITHOUT ROWID
        """,
        """
        CREATE TABLE handover (
            rota   TEXT PRIMARY KEY,
            person TEXT NOT NULL,  -- who was on call when it was looked at last
            at     REAL NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
    ),
)
