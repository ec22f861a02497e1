"""The ledger: which thing with a serial number filled which place, while the function goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from netwatch.model import (
    ROOT,
    AssetTenure,
    EntityKey,
    EntityKind,
    InventoryDevice,
    Seen,
    Witness,
    WitnessKind,
)
from netwatch.state.ledger import AssetLedger
from netwatch.store import Store

DAY = 86400.0


def module(index: int, name: str, serial: str = "", parent: int = 0) -> Seen:
    above = EntityKey(EntityKind.MODULE, str(parent)) if parent else ROOT
    witnesses = (Witness(WitnessKind.SERIAL, serial),) if serial else ()
    return Seen(
        EntityKey(EntityKind.MODULE, str(index)), above, str(index), name, {"model": "X-24"}, witnesses
    )


@pytest.fixture
def ledger(world):
    """Tenures as (asset, position, still there)."""

    def of(device):
        directory = world.state._directory
        return [(t.asset_key, t.position, t.ended is None) for t in directory.tenures(device)]

    return of


def test_a_chassis_swap_splits_the_asset_from_its_function(world, child, port, ledger):
    (core,) = world.polled("core")
    ports = [port("Gi1", "1", "00:1a:2b:00:00:01"), port("Gi2", "2", "00:1a:2b:00:00:02")]
    world.tell(core, "identity", seen=[child("", serial="FDO1111X", facts={"model": "C-1"})], complete=True)
    world.tell(core, "ports", seen=ports, complete=True)
    before = {name: world.find(EntityKind.INTERFACE, name) for name in ("Gi1", "Gi2")}
    begun = world.clock.wall
    world.clock.tick(10 * DAY)
    new = [port("Gi1", "1", "00:1a:2b:00:00:11"), port("Gi2", "2", "00:1a:2b:00:00:12")]
    world.tell(core, "identity", seen=[child("", serial="FDO2222Y", facts={"model": "C-2"})], complete=True)
    world.tell(core, "ports", seen=new, complete=True)
    assert {name: world.find(EntityKind.INTERFACE, name) for name in before} == before
    directory = world.state._directory
    now = world.clock.wall
    assert directory.tenures(core) == (
        AssetTenure("FDO1111X", core, "", "C-1", begun, begun, now),
        AssetTenure("FDO2222Y", core, "", "C-2", now, now, None),
    )
    assert [tuple(swap) for swap in directory.swaps()] == [(now, core, "", "FDO1111X", "FDO2222Y")]


def test_a_stack_is_one_device_and_many_assets(world, child, ledger):
    (stack,) = world.polled("stack")
    world.tell(stack, "identity", seen=[child("", serial="S1")], complete=True)  # too short to prove anything
    rows = [module(1000, "Switch 1", "FDO0001X"), module(2000, "Switch 2", "FDO0002X"), module(3000, "Fan")]
    world.tell(stack, "physical", seen=rows, complete=True)
    assert ledger(stack) == [("FDO0001X", "Switch 1", True), ("FDO0002X", "Switch 2", True)]
    # Member 2 is exchanged, then the members change places, then one is taken out.
    rows[1] = module(2000, "Switch 2", "FDO0003X")
    world.tell(stack, "physical", seen=rows, complete=True)
    rows[:2] = [module(1000, "Switch 1", "FDO0003X"), module(2000, "Switch 2", "FDO0001X")]
    world.tell(stack, "physical", seen=rows, complete=True)
    world.tell(stack, "physical", seen=rows[:1], complete=True)
    assert ledger(stack) == [
        ("FDO0001X", "Switch 1", False),
        ("FDO0003X", "Switch 1", True),
        ("FDO0002X", "Switch 2", False),
        ("FDO0003X", "Switch 2", False),
        ("FDO0001X", "Switch 2", False),
    ]
    assert len(world.state._directory.swaps(stack)) == 3


def test_places_of_one_name_are_told_apart_by_what_they_are_in(world, ledger):
    (stack,) = world.polled("stack")
    rows = [
        module(1, "Switch 1", "FDO0001X"),
        module(2, "Switch 2", "FDO0002X"),
        module(11, "Power Supply A", "PSU00001", parent=1),
        module(21, "Power Supply A", "PSU00002", parent=2),
    ]
    world.tell(stack, "physical", seen=rows, complete=True)
    assert [entry[1] for entry in ledger(stack)] == [
        "Switch 1", "Switch 2", "Switch 1 / Power Supply A", "Switch 2 / Power Supply A",
    ]  # fmt: skip


def test_one_table_does_not_end_what_another_told(world, ledger):
    (nas,) = world.polled("nas")
    disk = Seen(
        EntityKey(EntityKind.DISK, "Disk 1"),
        ROOT,
        "1",
        "Disk 1",
        {},
        (Witness(WitnessKind.SERIAL, "WD-12345"),),
    )
    for _ in range(2):
        world.tell(nas, "physical", seen=[module(1, "Chassis", "NAS00001")], complete=True)
        world.tell(nas, "disks", seen=[disk], complete=True)
    assert ledger(nas) == [("NAS00001", "Chassis", True), ("WD-12345", "Disk 1", True)]
    world.tell(nas, "disks", complete=True)
    assert ledger(nas)[1] == ("WD-12345", "Disk 1", False)
    world.clock.tick(3600)
    world.tell(nas, "disks", seen=[disk], complete=True)
    assert ledger(nas)[1:] == [("WD-12345", "Disk 1", True)], "it was never away"


def test_an_access_point_keeps_its_asset_through_a_migration(world, child, ledger):
    one, two = world.polled("wlc-1", "wlc-2")
    seen = child("ap-7", serial="FGL1234A")
    world.tell(one, "aps", seen=[seen], complete=True)
    ap = world.find(EntityKind.DEVICE, "ap-7")
    world.tell(two, "aps", seen=[seen], complete=True)
    for _ in range(4):
        world.tell(one, "aps", complete=True)
    assert ledger(ap) == [("FGL1234A", "", True)]
    for _ in range(4):
        world.tell(two, "aps", complete=True)
    assert ledger(ap) == [("FGL1234A", "", False)]


def test_placeholders_are_no_assets(world, child, ledger):
    (host,) = world.polled("host")
    world.tell(host, "physical", seen=[module(1, "Board", "To be filled by O.E.M.")], complete=True)
    world.tell(host, "vms", seen=[child("a", serial="ACME-9"), child("b", serial="ACME-9")], complete=True)
    assert list(world.state._directory.tenures()) == []


class Shelf:
    """A journal of tenures alone."""

    def __init__(self) -> None:
        self.kept: dict[tuple[object, ...], AssetTenure] = {}

    def load_tenures(self) -> Iterable[AssetTenure]:
        return list(self.kept.values())

    def save_tenures(self, tenures: Sequence[AssetTenure]) -> None:
        self.kept |= {(t.asset_key, t.device, t.position, t.first_seen): t for t in tenures}


def test_sightings_are_written_once_a_day_and_a_long_absence_begins_a_new_tenure():
    shelf = Shelf()
    ledger = AssetLedger(shelf, lambda device: device)
    for hour in range(60):
        ledger.fill("d", "physical", {"Slot 1": ("SAL00001", "X")}, True, hour * 3600.0)
    assert ledger.flush() == 1
    assert [t.last_seen for t in shelf.kept.values()] == [50 * 3600.0]
    ledger.fill("d", "physical", {}, True, 3 * DAY)
    ledger.fill("d", "physical", {"Slot 1": ("SAL00001", "X")}, True, 30 * DAY)
    ledger.flush()
    again = AssetLedger(shelf, lambda device: device)
    assert [(t.first_seen, t.ended) for t in again.tenures("d")] == [(0.0, 3 * DAY), (30 * DAY, None)]
    assert list(again.swaps()) == [], "the same thing came back"


def test_the_ledger_outlives_the_process(world, child, tmp_path: Path):
    with Store(tmp_path / "db") as store:
        world.journal = store.identity
        world.restart()
        (core,) = world.polled("core", others=[InventoryDevice("spare", None)])
        world.tell(core, "identity", seen=[child("", serial="FDO1111X")], complete=True)
        world.restart()
        assert world.polled("core") == [core]
        world.clock.tick(3 * DAY)
        world.tell(core, "identity", seen=[child("", serial="FDO2222Y")], complete=True)
        world.state.flush()
    with Store(tmp_path / "db", read_only=True) as store:
        assert [(t.asset_key, t.ended is None) for t in store.identity.load_tenures()] == [
            ("FDO1111X", False),
            ("FDO2222Y", True),
        ]
