"""What is kept of plans comes back, survives crashes and bad disks, and grows old by rule."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.app.plan_snapshots import Snapshots, outlived
from netwatch.errors import PlanningError, StoreError
from netwatch.export import PlanSnapshot, pack_snapshot, snapshot_head, unpack_snapshot
from netwatch.model import EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

AT = datetime(2027, 1, 15, 12, tzinfo=UTC).timestamp()
COLUMNS = (ReportColumn("score", "Score", Show.POINTS), ReportColumn("since", "Since", Show.DATE))
ROW = ReportRow("SN1", (12.5, date(2014, 8, 1)), {"score": (EvidenceItem("old", "inventory", 12.0),)})
REPORT = Report(
    "replacements", "What to replace", AT, (Sheet("ranking", "All", COLUMNS, (ROW,)),), policy="A"
)


def snapshot(name: str = "", at: float = AT) -> PlanSnapshot:
    report = dataclasses.replace(REPORT, at=at)
    return PlanSnapshot(at, name, "1.2.3", {"replacement.yaml": "name: A\n"}, {"replacements": report})


def damaged(head: dict[str, object], body: bytes = b"") -> bytes:
    return gzip.compress(json.dumps(head).encode(), mtime=0) + body


def test_a_snapshot_comes_back_and_the_same_plan_gives_the_same_octets() -> None:
    data = pack_snapshot(snapshot("board"))
    assert pack_snapshot(snapshot("board")) == data
    assert unpack_snapshot(data) == snapshot("board")
    head = snapshot_head(data)
    assert (head.name, head.version, head.at, head.plans) == ("board", "1.2.3", AT, {"replacements": "A"})
    lines = gzip.decompress(data).decode().splitlines()
    assert json.loads(lines[0])["schema"] == "netwatch-plan-snapshot/1"
    assert json.loads(lines[1])["reports"]["replacements"]["schema"] == "netwatch-report/1"


@given(st.data())
def test_a_damaged_snapshot_is_never_taken_for_a_good_one(data: st.DataObject) -> None:
    whole = bytearray(pack_snapshot(snapshot("board")))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    cut = bytes(whole) if data.draw(st.booleans()) else bytes(whole[:place])
    with contextlib.suppress(PlanningError):
        assert unpack_snapshot(cut) == snapshot("board")  # some bits of a gzip head mean nothing


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"hello", "is no snapshot, or damaged at its head: take it from a backup, or remove it"),
        (damaged({"schema": "netwatch-plan-snapshot/2", "netwatch": "9.1"}), "read it with netwatch 9.1"),
        (damaged({"schema": "netwatch-report/1"}), "is no snapshot of plans"),
        (damaged({"schema": "netwatch-plan-snapshot/1", "sha256": "0"}), "its checksum is wrong"),
    ],
)
def test_what_can_not_be_read_is_told_with_a_remedy(data: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(PlanningError, match=words.replace(".", r"\.")):
        unpack_snapshot(data)
    store = Snapshots(tmp_path)
    store.keep(snapshot("good"))
    (tmp_path / "named" / "bad.json.gz").write_bytes(data)
    found = store.all()
    assert [one.key for one in found.entries] == ["good"], "the others are there all the same"
    (problem,) = found.problems
    assert problem.startswith("bad.json.gz")
    assert words in problem
    with pytest.raises(PlanningError, match="snapshot bad "):
        store.load("bad")


def test_a_report_of_a_newer_form_inside_is_refused_too() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("netwatch.export.report_json.REPORT_SCHEMA", "netwatch-report/2")
        data = pack_snapshot(snapshot())
    with pytest.raises(
        PlanningError, match="expected netwatch-report/1, found 'netwatch-report/2': read it with"
    ):
        unpack_snapshot(data)


def test_days_and_names_are_kept_beside_each_other(tmp_path: Path) -> None:
    store = Snapshots(tmp_path / "plans")
    assert store.all() == dataclasses.replace(store.all(), entries=(), problems=())
    assert store.keep(snapshot()) == "2027-01-15"
    assert store.keep(snapshot(at=AT + 86400)) == "2027-01-16"
    assert store.keep(snapshot("board-2027-01", at=AT + 3600)) == "board-2027-01"
    assert store.has_day(date(2027, 1, 15))
    assert not store.has_day(date(2027, 1, 17))
    assert [one.key for one in store.all().entries] == ["2027-01-15", "board-2027-01", "2027-01-16"]
    assert store.load("2027-01-15") == snapshot()
    with pytest.raises(PlanningError, match=r"no snapshot 'board-2027-02': did you mean 'board-2027-01'\?"):
        store.load("board-2027-02")
    with pytest.raises(PlanningError, match="there is a snapshot 'board-2027-01' already: take another name"):
        store.keep(snapshot("board-2027-01"))


@pytest.mark.parametrize("name", ["now", "2027-01-15", "../x", "a/b", "Board", ".x", "x" * 64, "ä", "a b"])
def test_a_name_that_is_no_name_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(PlanningError, match="can't name a snapshot: take small letters"):
        Snapshots(tmp_path).keep(snapshot(name))
    with pytest.raises(PlanningError, match="there is no snapshot"):
        Snapshots(tmp_path).load(name)


def test_a_crash_while_writing_leaves_nothing_half(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Snapshots(tmp_path)
    store.keep(snapshot())

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(StoreError, match="can't be written: No space left"):
            store.keep(snapshot(at=AT + 60))
    assert store.load("2027-01-15") == snapshot(), "the one before is whole"
    # What a killed writer leaves is no snapshot, and is written over.
    (tmp_path / "daily" / ".2027-01-15.json.gz.partial").write_bytes(b"half")
    assert len(store.all().entries) == 1
    assert store.all().problems == ()
    store.keep(snapshot(at=AT + 60))
    assert [path.name for path in (tmp_path / "daily").iterdir()] == ["2027-01-15.json.gz"]


def test_old_days_go_but_for_one_a_month_and_names_never_do(tmp_path: Path) -> None:
    store = Snapshots(tmp_path)
    for days in range(100):
        store.keep(snapshot(at=AT - days * 86400))
    store.keep(snapshot("board-2020-01", at=AT - 7 * 365 * 86400))
    today = date(2027, 1, 15)
    assert store.prune(today, daily=30, monthly=2) == 100 - 31 - 2
    keys = [one.key for one in store.all().entries]
    assert keys[:3] == ["board-2020-01", "2026-11-01", "2026-12-01"]
    assert keys[3:] == [(today - timedelta(days=days)).isoformat() for days in range(30, -1, -1)]


DAYS = st.sets(st.dates(date(2024, 1, 1), date(2027, 1, 15)), max_size=60)


@given(DAYS, st.integers(1, 400), st.integers(0, 30))
def test_retention_keeps_what_it_promises(days: set[date], daily: int, monthly: int) -> None:
    today = date(2027, 1, 15)
    gone = set(outlived(days, today, daily=daily, monthly=monthly))
    kept = days - gone
    assert {day for day in days if (today - day).days <= daily} <= kept
    old = [day for day in kept if (today - day).days > daily]
    assert len({(day.year, day.month) for day in old}) == len(old), "one a month"
    assert outlived(kept, today, daily=daily, monthly=monthly) == (), "what stays, stays"
    for day in gone:
        within = (today.year - day.year) * 12 + today.month - day.month <= monthly
        earlier = [one for one in days if (one.year, one.month) == (day.year, day.month) and one < day]
        assert not within or earlier, "the first of a month that still counts never goes"
