"""Histories of generated device families: whose id is kept through what happens to it."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from identity_families import FAMILIES, Family, Rows

from netwatch.model import (
    EntityId,
    IdentityRecord,
    Instant,
    Inventory,
    InventoryDevice,
    Observation,
    Target,
)
from netwatch.state.directory import Directory
from netwatch.state.identity import IdentityMap

ENOUGH = 0.995
"""Share of the things that have to keep their ids."""


class Journal:
    def __init__(self) -> None:
        self.records: dict[EntityId, IdentityRecord] = {}

    def load(self) -> Iterable[IdentityRecord]:
        return list(self.records.values())

    def save(self, records: Sequence[IdentityRecord]) -> None:
        self.records |= {record.id: record for record in records}


class Watch:
    """A directory that sights a family again and again, and counts whom it took for whom."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.journal = Journal()
        self.numbers = itertools.count(1)
        self.time = 0.0
        self.ids: dict[str, EntityId] = {}
        """Truth to the id that it had last."""
        self.right: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()
        self.start()
        self.look("begin")

    def start(self) -> None:
        self.identity = IdentityMap(self.journal, lambda: EntityId(f"e{next(self.numbers)}"))
        self.directory = Directory(self.identity)
        self.sources = {name: self.identity.inventory_device(name, ()) for name in self.family.sources}
        devices = {
            name: InventoryDevice(name, Target(found, name, ("192.0.2.1",)))
            for name, found in self.sources.items()
        }
        self.directory.set_inventory(Inventory(devices=devices), lambda device: self.sources[device.name])
        self.identity.inventory_is_complete()

    def restart(self) -> None:
        self.identity.flush()
        self.start()

    def look(self, what: str) -> None:
        """One pass over all tables, and the count of what it made of them."""
        self.time += 60
        found: dict[str, EntityId] = {}
        for name, table, rows in self.family.rows():
            source = self.sources[name]
            at = Instant(1.8e9 + self.time, self.time)
            seen = tuple(seen for _, seen in rows)
            self.directory.sight(Observation(source, table, at, (), seen, True))
            found |= self._found(source, rows)
        owners = Counter(found.values())
        for truth, entity in found.items():
            good = self.ids.get(truth, entity) == entity and owners[entity] == 1
            (self.right if good else self.wrong)[what] += 1
        others = {entity: truth for truth, entity in self.ids.items()}
        stolen = [t for t, entity in found.items() if t not in self.ids and entity in others]
        self.wrong[what] += len(stolen)
        self.ids |= found

    def _found(self, source: EntityId, rows: Rows) -> dict[str, EntityId]:
        keys = self.directory.keys(source)
        return {truth: keys[seen.key] for truth, seen in rows}


def live(kind: type[Family], seed: int, steps: int) -> Watch:
    dice = random.Random(seed)  # a history that can be told again
    family = kind(dice)
    watch = Watch(family)
    operations = family.operations()
    for _ in range(steps):
        what = dice.choice(sorted(operations))
        operations[what]()
        if dice.random() < 0.1:
            watch.restart()
            what += " and restart"
        watch.look(what)
    return watch


def share(watches: Iterable[Watch]) -> tuple[float, dict[str, str]]:
    """Share of right decisions, and the operations with wrong ones."""
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    for watch in watches:
        name = type(watch.family).__name__
        right.update({f"{name}: {what}": count for what, count in watch.right.items()})
        wrong.update({f"{name}: {what}": count for what, count in watch.wrong.items()})
    worst = {what: f"{count} of {count + right[what]}" for what, count in wrong.most_common() if count}
    return right.total() / (right.total() + wrong.total()), worst


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_keeps_its_identities(family):
    """Over many histories together: two cards that exchange names can't always be told apart."""
    found, worst = share(live(family, seed, steps=8) for seed in range(12))
    assert found >= ENOUGH, worst


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_many_histories_of_each_family(capsys):
    watches = [live(family, seed, steps=25) for family in FAMILIES for seed in range(200)]
    found, worst = share(watches)
    with capsys.disabled():
        total = sum(watch.right.total() + watch.wrong.total() for watch in watches)
        print(f"\n{total} decisions, {100 * found:.3f} % right; wrong: {worst}")
    assert found >= ENOUGH, worst
