"""Versions, locks, backups, and files that are something else."""

from __future__ import annotations

import sqlite3

import pytest

from netwatch.errors import StoreError
from netwatch.model import AssetTenure, EntityId, EntityKind, IdentityRecord, Witness, WitnessKind
from netwatch.store import Store
from netwatch.store.schema import MIGRATIONS

LATEST = len(MIGRATIONS)
RECORD = IdentityRecord(
    EntityId("a1"),
    EntityKind.DEVICE,
    EntityId("a1"),
    "",
    "core-1",
    (Witness(WitnessKind.SERIAL, "FOC1"),),
    1.7e9,
)

VERSION_1 = """
PRAGMA application_id = 0x6E657477;
CREATE TABLE identity (id TEXT PRIMARY KEY, kind TEXT NOT NULL, device TEXT NOT NULL, natural TEXT NOT NULL,
    name TEXT NOT NULL, witnesses TEXT NOT NULL, last_seen REAL NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO identity VALUES ('a1', 'device', 'a1', '', 'core-1', '[["serial", "FOC1"]]', 1700000000.0);
PRAGMA user_version = 1;
"""


def make(path, script: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(script)
    connection.close()


def test_a_file_of_version_1_is_upgraded(tmp_path) -> None:
    path = tmp_path / "old.db"
    make(path, VERSION_1)
    with Store(path) as store:
        assert list(store.identity.load()) == [RECORD]
        assert store.outbox.put([("mail", "k", "b")], 1.0) == 1
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (LATEST,)
    connection.close()


def test_a_file_of_version_2_is_upgraded_and_keeps_what_it_has(tmp_path) -> None:
    path = tmp_path / "old.db"
    steps = [statement for step in MIGRATIONS[1:2] for statement in step]
    make(path, VERSION_1 + ";".join(steps) + ";PRAGMA user_version = 2;")
    tenure = AssetTenure("FOC1", EntityId("a1"), "Switch 1", "X-24", 1.0, 2.0, None)
    with Store(path) as store:
        assert list(store.identity.load()) == [RECORD]
        assert list(store.identity.load_tenures()) == []
        store.identity.save_tenures([tenure])
    with Store(path, read_only=True) as store:
        assert list(store.identity.load_tenures()) == [tenure]


def test_read_only_refuses_an_old_version_and_leaves_it(tmp_path) -> None:
    path = tmp_path / "old.db"
    make(path, VERSION_1)
    with pytest.raises(StoreError, match=f"version 1, but {LATEST} is needed"):
        Store(path, read_only=True)


def test_a_newer_version_is_refused_by_both_numbers(tmp_path) -> None:
    path = tmp_path / "new.db"
    make(path, VERSION_1 + "PRAGMA user_version = 99;")
    with pytest.raises(StoreError, match=rf"new\.db: has version 99, .* up to {LATEST}: install the newer"):
        Store(path)


def test_a_foreign_database_is_refused(tmp_path) -> None:
    path = tmp_path / "other.db"
    make(path, "CREATE TABLE bookmarks (url TEXT);")
    with pytest.raises(StoreError, match="not one of netwatch"):
        Store(path)


def test_a_file_that_is_no_database_is_refused(tmp_path) -> None:
    path = tmp_path / "text.db"
    path.write_text("once upon a time " * 100)
    with pytest.raises(StoreError, match=r"text\.db: file is not a database: move it away"):
        Store(path)
    assert path.read_text().startswith("once")


def test_one_writer_but_readers_beside_it(tmp_path) -> None:
    path = tmp_path / "state" / "netwatch.db"
    with Store(path) as store:
        with pytest.raises(StoreError, match="another netwatch uses it"):
            Store(path)
        store.identity.save([RECORD])
        with Store(path, read_only=True) as reader:
            assert list(reader.identity.load()) == [RECORD]
            with pytest.raises(StoreError, match="readonly"):
                reader.identity.save([RECORD])
    Store(path).close()


def test_read_only_needs_a_file(tmp_path) -> None:
    with pytest.raises(StoreError, match=r"none\.db: unable to open"):
        Store(tmp_path / "none.db", read_only=True)


def test_a_closed_store_says_so(tmp_path) -> None:
    store = Store(tmp_path / "db")
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.outbox.depths()


def test_backup_is_a_whole_store_of_its_own(tmp_path) -> None:
    with Store(tmp_path / "db") as store:
        store.identity.save([RECORD])
        store.backup(tmp_path / "copies" / "db.bak")
        store.identity.save(
            [RECORD, IdentityRecord(EntityId("z"), EntityKind.DISK, EntityId("a1"), "", "", (), 1)]
        )
        with Store(tmp_path / "copies" / "db.bak") as copy:
            assert list(copy.identity.load()) == [RECORD]
        with pytest.raises(StoreError, match="another file"):
            store.backup(tmp_path / "db")
    assert not list((tmp_path / "copies").glob("*.partial"))
