"""Plans and learnt limits come back by device, and an older database gets their tables."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from netwatch.model import EntityId
from netwatch.store import Store, StoredPlan
from netwatch.store.schema import APPLICATION_ID, MIGRATIONS


def plan(number: int, digest: str = "a") -> StoredPlan:
    return StoredPlan(EntityId(f"d{number:04}"), digest, bytes([number % 256]) * 10)


def test_plans_of_the_profiles_in_use_come_back_in_order(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        store.restart.save_plans([plan(number) for number in reversed(range(1203))])
        store.restart.save_plans([plan(7, "other"), plan(8)._replace(body=b"new")])
    with Store(tmp_path / "db") as store:
        found = list(store.restart.plans("a"))
        assert [kept.device for kept in found] == [f"d{n:04}" for n in range(1203) if n != 7]
        assert found[7] == plan(8)._replace(body=b"new")
        assert list(store.restart.plans("other")) == [plan(7, "other")]


def test_learnt_limits_come_back_and_an_empty_one_goes(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        store.restart.save_learnt({EntityId("a"): {"limits": {"get": 10}}, EntityId("b"): {"version": "1"}})
        store.restart.save_learnt({EntityId("b"): {}, EntityId("c"): {"version": "1"}})
        assert store.restart.learnt() == {"a": {"limits": {"get": 10}}, "c": {"version": "1"}}


def test_what_is_polled_no_longer_is_forgotten(tmp_path: Path) -> None:
    with Store(tmp_path / "db") as store:
        store.restart.save_plans([plan(1), plan(2)])
        store.restart.save_learnt({plan(2).device: {"x": 1}, plan(3).device: {"x": 1}})
        assert store.restart.devices() == {"d0001", "d0002", "d0003"}
        store.restart.forget({plan(2).device, plan(3).device})
        assert store.restart.devices() == {"d0001"}


def test_a_database_from_before_is_upgraded_with_all_that_it_holds(tmp_path: Path) -> None:
    """As every version left it until plans were kept."""
    before = next(n for n, steps in enumerate(MIGRATIONS) if any("TABLE plan" in step for step in steps))
    connection = sqlite3.connect(tmp_path / "db")
    for steps in MIGRATIONS[:before]:
        for step in steps:
            connection.execute(step)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {before}")
    connection.execute("INSERT INTO rule_memory VALUES ('InterfaceDown', 'p1', '[]')")
    connection.commit()
    connection.close()
    with Store(tmp_path / "db") as store:
        assert [item.entity for item in store.incidents.remembered()] == ["p1"]
        assert list(store.restart.plans("a")) == []
        store.restart.save_plans([plan(1)])
        assert list(store.restart.plans("a")) == [plan(1)]
