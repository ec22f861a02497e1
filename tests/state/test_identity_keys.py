"""`Directory.keys_version`: tells cheaply whether rows that were bound to a source's keys still fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import count

import pytest

from netwatch.model import (
    ROOT,
    EntityId,
    EntityKey,
    EntityKind,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Seen,
    Target,
)
from netwatch.state.directory import Directory
from netwatch.state.identity import IdentityMap
from netwatch.state.witnesses import inventory_witnesses

UUID = "564d0001-0000-0000-0000-00000000000{}"


class NoJournal:
    def load(self) -> Iterable[IdentityRecord]:
        return ()

    def save(self, records: Sequence[IdentityRecord]) -> None:
        pass


class Site:
    """A directory of two polled devices."""

    def __init__(self) -> None:
        numbers = count(1)
        self.identity = IdentityMap(NoJournal(), lambda: EntityId(f"e{next(numbers)}"))
        self.directory = Directory(self.identity)
        self.one, self.two = self.enter("one", "two")
        self.time = 0.0

    def enter(self, *names: str) -> list[EntityId]:
        def device_id(device: InventoryDevice) -> EntityId:
            return self.identity.inventory_device(device.name, inventory_witnesses(device.serial, ""))

        ids = [device_id(InventoryDevice(name, None)) for name in names]
        targets = [Target(found, name, ("192.0.2.1",)) for found, name in zip(ids, names, strict=True)]
        devices = {t.name: InventoryDevice(t.name, t) for t in targets}
        self.directory.set_inventory(Inventory(devices=devices), device_id)
        self.identity.inventory_is_complete()
        return ids

    def sight(self, source: EntityId, table: str, *seen: Seen, complete: bool = True) -> None:
        self.time += 60
        at = Instant(1.8e9 + self.time, self.time)
        self.directory.sight(Observation(source, table, at, (), tuple(seen), complete))

    def version(self) -> int:
        return self.directory.keys_version(self.one)


@pytest.fixture
def site() -> Site:
    return Site()


def test_what_is_sighted_again_and_what_comes_new_changes_nothing(site, port, child):
    site.sight(site.one, "ports", port("Gi1", "1"), port("Gi2", "2"))
    before = site.version()
    site.sight(site.one, "ports", port("Gi1", "1"), port("Gi2", "2"))
    site.sight(site.one, "ports", port("Gi1", "11"), port("Gi2", "12"), port("Gi3", "13"))
    site.sight(site.one, "aps", child("ap-1", serial="FGL1"))
    site.sight(site.two, "ports", port("Gi1", "1"))
    assert site.version() == before


def test_a_key_that_means_another_thing_changes_it(site, child):
    site.sight(site.one, "vms", child("web", uuid=UUID.format(1)), complete=False)
    before = site.version()
    site.sight(site.one, "vms", child("web", uuid=UUID.format(2)), complete=False)
    assert site.version() != before


def test_an_entity_that_goes_changes_it_for_all_who_told_of_it(site, child):
    for source in (site.one, site.two):
        site.sight(source, "aps", child("ap-1", serial="FGL12345"))
    before = site.version(), site.directory.keys_version(site.two)
    for source in (site.one, site.two) * 3:
        site.sight(source, "aps")
    after = site.version(), site.directory.keys_version(site.two)
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_a_merge_changes_it(site, child):
    site.sight(site.one, "vms", child("vm-1", serial="VMWARE-42-01"))
    before = site.version()
    site.sight(site.two, "system", child("", serial="VMWARE-42-01"))
    assert site.version() != before
    assert EntityKey(EntityKind.DEVICE, "vm-1") not in site.directory.keys(site.one)


def test_it_never_returns_to_an_earlier_value(site, port):
    seen = {site.version()}
    for _ in range(3):
        site.sight(site.one, "ports", port("Gi1", "1"))
        site.enter("two")
        assert site.version() not in seen
        seen.add(site.version())
        site.enter("one", "two")
    assert ROOT in site.directory.keys(site.one)
