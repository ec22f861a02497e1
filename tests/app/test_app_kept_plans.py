"""What plans stand on, in a file: whole or not at all, of this version, without what it takes to log in."""

from __future__ import annotations

import os
import pickle
import struct
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from netwatch.app.kept_plans import _HEAD, Judged, KeptPlans
from netwatch.app.packing import pack_into
from netwatch.calendars import Calendars
from netwatch.errors import StoreError
from netwatch.export import canonical_json, report_to_json
from netwatch.model import (
    EntityId,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Secret,
    Snapshot,
    SnmpAccess,
    Target,
)
from netwatch.planning import Gathered, gather_all, judge_all, load_lifecycle, load_policies
from netwatch.planning.basis import without_access
from netwatch.resources import config_dir

AT = 1_800_000_000.0
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")
POLICIES = load_policies(None, config_dir() / "planning")


class Nothing:
    def read(self, family, start, end, entities=None):
        return iter(())


def snapshot() -> Snapshot:
    target = Target(EntityId("e1"), "sw-1", ("192.0.2.1",), snmp=SnmpAccess(community=Secret("opensesame")))
    place = Place(PlaceId("d"), PlaceKind.DISTRICT, "d", None)
    inventory = Inventory("d", Places({place.id: place}), {"sw-1": InventoryDevice("sw-1", target)})
    return Snapshot(Instant(AT, 0), {}, {}, inventory)


def gathered() -> Gathered:
    return gather_all(without_access(snapshot()), Nothing(), POLICIES, Calendars({}), at=AT)


@pytest.fixture
def kept(tmp_path: Path) -> KeptPlans:
    found = KeptPlans(tmp_path / "state")
    found.keep(judged(), gathered())
    return found


def judged() -> Judged:
    return Judged(judge_all(gathered(), LIFECYCLE, POLICIES), LIFECYCLE, POLICIES, {"wireless.yaml": "x"})


def test_it_comes_back_and_is_judged_alike(kept: KeptPlans) -> None:
    before, again = kept.judged(), kept.gathered()
    assert before is not None
    assert again is not None
    assert before.plans == judged().plans
    assert before.policy_texts == {"wireless.yaml": "x"}
    plans = judge_all(again, before.lifecycle, before.policies)
    for name, report in plans.reports.items():
        assert canonical_json(report_to_json(report)) == canonical_json(
            report_to_json(before.plans.reports[name])
        )


def test_it_is_for_its_owner_alone_and_holds_no_secret(kept: KeptPlans) -> None:
    assert kept.path.stat().st_mode & 0o077 == 0
    again = kept.gathered()
    assert again is not None
    target = again.basis.snapshot.inventory.devices["sw-1"].target
    assert target is not None
    assert (target.device, target.snmp) == ("e1", None)
    assert b"opensesame" not in pickle.dumps(again)


def test_there_is_nothing_before_the_first_plans(tmp_path: Path) -> None:
    empty = KeptPlans(tmp_path)
    assert empty.judged() is None
    assert empty.gathered() is None
    assert empty.stamp() == (0, 0, 0)


def test_another_version_makes_it_anew(kept: KeptPlans) -> None:
    data = bytearray(kept.path.read_bytes())
    data[10:12] = b"9."
    kept.path.write_bytes(data)
    assert kept.gathered() is None
    assert kept.judged() is None


@pytest.mark.parametrize("where", [-1, -200, 0.5])
def test_damage_is_told_with_a_remedy(kept: KeptPlans, where: float) -> None:
    data = bytearray(kept.path.read_bytes())
    data[int(where * len(data)) if isinstance(where, float) else where] ^= 0xFF
    kept.path.write_bytes(data)
    with pytest.raises(StoreError, match="checksum is wrong: remove it"):
        (kept.judged(), kept.gathered())


@pytest.mark.parametrize("left", [0, 5, _HEAD.size - 1, _HEAD.size, 200])
def test_a_file_that_is_cut_off_is_damaged(kept: KeptPlans, left: int) -> None:
    kept.path.write_bytes(kept.path.read_bytes()[:left])
    with pytest.raises(StoreError, match="remove it"):
        kept.gathered()


def test_what_a_kill_left_is_removed_and_the_old_file_stays_until_then(kept: KeptPlans) -> None:
    before = kept.stamp()
    left = kept.folder / "gathered-killed.tmp"
    left.write_bytes(b"half")
    assert kept.gathered() is not None
    kept.keep(judged(), gathered())
    assert not left.exists()
    assert kept.stamp() != before


def test_a_full_disk_leaves_the_old_file(kept: KeptPlans, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.stamp()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match="No space left"):
        kept.keep(judged(), gathered())
    assert kept.stamp() == before
    assert [one.name for one in kept.folder.iterdir()] == [kept.path.name]


class _Bad:
    def __reduce__(self):
        return os.system, ("true",)


def test_a_file_makes_plain_data_and_nothing_else(kept: KeptPlans) -> None:
    with kept.path.open("r+b") as file:
        head = list(_HEAD.unpack(file.read(_HEAD.size)))
        file.seek(_HEAD.size)
        head[3], head[4] = pack_into(file, _Bad())
        file.seek(0)
        file.write(_HEAD.pack(*head))
    with pytest.raises(StoreError, match="no plain data"):
        kept.judged()


def test_the_head_is_as_documented() -> None:
    assert _HEAD.size == struct.calcsize("<8sH32sQIQI") == 66
    assert zlib.crc32(b"") == 0


def test_a_replaced_target_is_still_one() -> None:
    bare = without_access(replace(snapshot(), links=()))
    assert bare.inventory.devices["sw-1"].target is not None
