"""Recordings of real devices, which may not be shipped: RECORDINGS=DIR names a folder of .snmprec files.

Each is read as discovery reads a device. Then its rows get other numbers and another order: every port, part
and sensor has to keep its id, unless nothing but its number tells it from another one. And any two recordings
of one profile are two devices: neither an id nor a proof of identity is common to them.
"""

from __future__ import annotations

import itertools
import os
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from netwatch.cli.asking import recorded_discovery
from netwatch.model import (
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
    load_catalogue,
)
from netwatch.profiles import load_profiles
from netwatch.resources import collectors_dir
from netwatch.state.assets import asset_key
from netwatch.state.directory import Directory
from netwatch.state.identity import IdentityMap
from netwatch.wire import Recording

FOLDER = os.environ.get("RECORDINGS", "")
MOST = int(os.environ.get("RECORDINGS_MOST", "0")) or None
ENOUGH = 0.995

pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(7200),
    pytest.mark.skipif(not FOLDER, reason="RECORDINGS names no folder of recordings"),
]

STATES = ("admin", "oper", "level", "label")
"""Facts that say how a thing is, not which one it is."""

NUMBERED = (EntityKind.INTERFACE, EntityKind.MODULE, EntityKind.SENSOR)


class NoJournal:
    def load(self) -> Iterable[IdentityRecord]:
        return ()

    def save(self, records: Sequence[IdentityRecord]) -> None:
        pass


class Site:
    def __init__(self, *names: str) -> None:
        numbers = itertools.count(1)
        self.identity = IdentityMap(NoJournal(), lambda: EntityId(f"e{next(numbers)}"))
        self.directory = Directory(self.identity)
        self.ids = {name: self.identity.inventory_device(name, ()) for name in names}
        devices = {
            name: InventoryDevice(name, Target(found, name, ("192.0.2.1",)))
            for name, found in self.ids.items()
        }
        self.directory.set_inventory(Inventory(devices=devices), lambda device: self.ids[device.name])
        self.identity.inventory_is_complete()
        self.time = 0.0

    def tell(self, name: str, observations: Iterable[Observation]) -> None:
        self.time += 86400
        at = Instant(1.8e9 + self.time, self.time)
        for one in observations:
            self.directory.sight(replace(one, source=self.ids[name], at=at))


@pytest.fixture(scope="module")
def recorded() -> dict[str, tuple[str, tuple[Observation, ...]]]:
    """Profile and observations by the recording's name."""
    profiles = load_profiles([collectors_dir()], load_catalogue())
    found: dict[str, tuple[str, tuple[Observation, ...]]] = {}
    files = sorted(Path(FOLDER).rglob("*.snmprec"))
    for file in [file for file in files if "@" not in file.name][:MOST]:
        discovery = recorded_discovery(Recording.load(file), profiles)
        root = discovery.observations[0].seen[0]
        found[file.stem] = (str(root.facts.get("profile", "")), discovery.observations)
    return found


def renumbered(
    observation: Observation, dice: random.Random, keep_order: bool
) -> tuple[Observation, dict[EntityKey, EntityKey]]:
    """The table after a reboot: rows of ports, parts and sensors have other numbers, and maybe another order.
    Also: which key each row had. Rows of one name are told apart by their number, as profiles do."""
    rows = list(observation.seen)
    old = list(
        dict.fromkeys(seen.index for seen in rows if seen.key.kind in NUMBERED and seen.index.isdigit())
    )
    new = sorted(dice.sample(range(1, 40 * len(old) + 1000), len(old)))
    old.sort(key=int)
    if not keep_order:
        dice.shuffle(new)
        dice.shuffle(rows)
    number = dict(zip(old, map(str, new), strict=True))
    order = sorted(range(len(rows)), key=lambda at: int(number.get(rows[at].index, "0")))
    changed: list[Seen] = []
    before: dict[EntityKey, EntityKey] = {}
    first: dict[tuple[EntityKind, str], str] = {}
    for seen in (rows[at] for at in order):
        natural, index = seen.key.natural, number.get(seen.index, seen.index)
        kind = seen.key.kind
        if kind in NUMBERED and seen.index in number:
            if natural == seen.index:
                natural = index
            elif natural.endswith("." + seen.index):
                natural = f"{natural.removesuffix(seen.index)}{index}"
            else:
                natural = natural.removesuffix("#" + seen.index)
                if first.setdefault((kind, natural), index) != index:
                    natural = f"{natural}#{index}"
        key = EntityKey(kind, natural)
        before[key] = seen.key
        changed.append(replace(seen, key=key, index=index))
    return replace(observation, seen=tuple(changed)), before


def alike(observation: Observation) -> set[EntityKey]:
    """Keys of rows that nothing but their number tells apart."""

    def evidence(seen: Seen) -> tuple[object, ...]:
        proofs = tuple(w.value for w in seen.witnesses if w.value != seen.index)
        natural = seen.key.natural.removesuffix(seen.index).rstrip("#.")
        told = {name: fact for name, fact in seen.facts.items() if name not in STATES and fact != seen.index}
        name = "" if seen.name in (seen.index, natural) else seen.name
        return (seen.key.kind, natural, name, proofs, str(sorted(told.items())))

    counts = Counter(map(evidence, observation.seen))
    return {seen.key for seen in observation.seen if counts[evidence(seen)] > 1}


@pytest.mark.parametrize("keep_order", [True, False], ids=["in order", "in any order"])
def test_renumbered_rows_keep_their_ids(recorded, capsys, keep_order):
    right: Counter[str] = Counter()
    wrong: Counter[str] = Counter()
    undecidable = 0
    for name, (profile, observations) in recorded.items():
        dice = random.Random(name)
        site = Site(name)
        site.tell(name, observations)
        source = site.ids[name]
        ids = dict(site.directory.keys(source))
        told = [one for one in observations if one.seen and one.complete]
        later = [renumbered(one, dice, keep_order) for one in told]
        twins = set() if keep_order else set[EntityKey]().union(*map(alike, told))
        site.tell(name, [one for one, _ in later])
        keys = site.directory.keys(source)
        for one, before in later:
            for seen in one.seen:
                if before[seen.key] in twins:
                    undecidable += 1
                    continue
                same = keys[seen.key] == ids[before[seen.key]]
                (right if same else wrong)[f"{seen.key.kind} of {profile}"] += 1
    share = right.total() / (right.total() + wrong.total())
    ports = {sort: sum(n for k, n in c.items() if k.startswith("interface "))
             for sort, c in (("right", right), ("wrong", wrong))}  # fmt: skip
    with capsys.disabled():
        rows = right.total() + wrong.total()
        print(
            f"\n{len(recorded)} recordings, {rows} rows, {100 * share:.3f} % right; left out: {undecidable}"
        )
        print(f"ports: {ports}; wrong: {wrong.most_common(15)}")
    assert share >= ENOUGH


def test_two_devices_of_one_profile_are_two(recorded, capsys):
    by_profile: dict[str, list[str]] = {}
    for name, (profile, _) in recorded.items():
        by_profile.setdefault(profile, []).append(name)
    pairs = [pair for names in by_profile.values() for pair in itertools.pairwise(names)]
    shared: list[str] = []
    excused = 0
    for one, two in pairs:
        roots = [recorded[name][1][0].seen[0] for name in (one, two)]
        if asset_key(roots[0]) and asset_key(roots[0]) == asset_key(roots[1]):
            excused += 1  # one device, recorded twice
            continue
        site = Site(one, two)
        site.tell(one, recorded[one][1])
        site.tell(two, recorded[two][1])
        own = [set(site.directory.keys(site.ids[name]).values()) for name in (one, two)]
        common = own[0] & own[1]
        if common or site.identity.conflicts:
            shared.append(
                f"{one} and {two}: {len(common)} ids, {[c.witness for c in site.identity.conflicts]}"
            )
    checked = len(pairs) - excused
    with capsys.disabled():
        print(f"\n{checked} pairs (and {excused} of one serial number), {checked - len(shared)} kept apart; "
              f"others: {shared}")  # fmt: skip
    assert len(shared) <= (1 - ENOUGH) * checked
