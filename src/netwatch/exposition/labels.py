"""Label text: made once per device and once per name of a part, then only joined.

Every series names `district`, `site` and `device`; what belongs to a device also names itself under its
kind, e.g. `interface="Gi1/0/1"`. Text that changes without notice (an alias, a description) is in info
families alone.

No text is kept per series, and none per entity that many share: ten thousand switches have their `Gi1/0/1`
in common.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, TypeVar

from netwatch.model import Entity, EntityId, EntityKind, Snapshot, differences

__all__ = ["DeviceLabels", "LabelBook", "Paced", "PartLabel", "batches", "escape", "pair", "site_slug"]

T = TypeVar("T")
Paced = Generator[None, None, T]
"""Work with pauses; what it returns is its result."""

_REMEMBERED = 100
_PACE = 500
"""Entities that are looked at between two pauses: a few milliseconds."""


def batches(items: Iterable[T], size: int = _PACE) -> Iterator[list[T]]:
    """The items in lists of at most `size`: a pause belongs after each."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def escape(value: str) -> str:
    """A label's value as both text formats want it: what UTF-8 can't hold becomes a question mark."""
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode()
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


def pair(name: str, value: str) -> str:
    return f'{name}="{escape(value)}"'


def site_slug(site: str) -> str:
    """`lincoln-es` of the place id `maple/lincoln-es`."""
    return site.rpartition("/")[2]


class DeviceLabels(NamedTuple):
    """What all series of a device have in common."""

    district: str
    site: str
    device: str
    place: str
    """Place id of the site, e.g. `maple/lincoln-es`; empty where it is unknown."""
    text: str
    """`district="maple",site="lincoln-es",device="sw-1"`"""


class PartLabel(NamedTuple):
    """The label that a part has of its own; parts of different devices share it."""

    kind: str
    name: str
    text: str
    """`,interface="Gi1/0/1"`"""


class LabelBook:
    """Labels by entity. Keeps what did not change from one snapshot to the next."""

    def __init__(self) -> None:
        self.version = 0
        """Grows whenever any label changes."""
        self.since = 0
        """The oldest version since which the changes are known."""
        self.devices: Mapping[EntityId, DeviceLabels] = {}
        self.numbers: Mapping[EntityId, int] = {}
        """A number for each device, which it keeps; there may be gaps."""
        self.places: Sequence[str] = ()
        """Site of each device, by number, as shards name it."""
        self.parts: dict[EntityId, PartLabel] = {}
        """Of all that is no device."""
        self._entities: Mapping[EntityId, Entity] = {}
        self._at = -math.inf
        self._members: _Members = {}
        self._shared: dict[tuple[str, str], PartLabel] = {}
        self._changes: list[tuple[int, frozenset[int]]] = []

    def changes(self, version: int) -> set[int]:
        """Numbers of devices of which labels changed since a version, not older than `since`; those that they
        had before they went are among them."""
        return {number for at, numbers in self._changes if at > version for number in numbers}

    def refresh(self, snapshot: Snapshot) -> Iterator[None]:
        """Takes a snapshot's entities over, with pauses. Only what changed is looked at. If a pause sees
        another snapshot taken over, the newer one of them counts."""
        entities, at = snapshot.entities, snapshot.at.mono
        while self._entities is not entities and at >= self._at:
            before = self._entities
            changed = yield from differences(before, entities)
            found = yield from _sort_out(changed, before, entities)
            members = yield from _regroup(self._members, found.devices, before, entities)
            labels = yield from _device_labels(members, entities)
            renamed = {key: label for key, label in labels.items() if self.devices.get(key) != label}
            found.touched.update(renamed)
            parts = yield from self._part_labels(snapshot, found.touched)
            if self._entities is before:
                self._adopt(found, renamed, parts)
                self._members = {**self._members, **members}
                self._entities, self._at = entities, at

    def _part_labels(self, snapshot: Snapshot, touched: set[EntityId]) -> Paced[dict[EntityId, PartLabel]]:
        out: dict[EntityId, PartLabel] = {}
        for some in batches(touched, _PACE // 50):
            for device in some:
                groups: dict[EntityKind, list[Entity]] = {}
                for entity in snapshot.of_device(device):
                    if entity.kind is not EntityKind.DEVICE:
                        groups.setdefault(entity.kind, []).append(entity)
                for kind, group in groups.items():
                    names = yield from _unique(group)
                    for key, name in names.items():
                        out[key] = self._share(kind.value, name)
            yield
        return out

    def _share(self, kind: str, name: str) -> PartLabel:
        found = self._shared.get((kind, name))
        if found is None:
            found = self._shared[kind, name] = PartLabel(kind, name, f",{pair(kind, name)}")
        return found

    def _adopt(
        self, found: _Found, renamed: Mapping[EntityId, DeviceLabels], parts: Mapping[EntityId, PartLabel]
    ) -> None:
        if not found.touched:
            return
        self.version += 1
        numbers = [self.numbers[key] for key in found.touched if key in self.numbers]
        left = [key for key in found.devices if key in self.devices and key in found.gone]
        if renamed or left:
            self._number(renamed, left)
        numbers += [self.numbers[key] for key in found.touched if key in self.numbers]
        self._changes.append((self.version, frozenset(numbers)))
        if len(self._changes) > _REMEMBERED:
            self.since = self._changes.pop(0)[0]
        for key in found.gone:
            self.parts.pop(key, None)
        self.parts.update(parts)
        if len(self._shared) > 2 * len(self.parts) + 1000:  # names that nobody has any more
            self._shared = {(label.kind, label.name): label for label in self.parts.values()}

    def _number(self, renamed: Mapping[EntityId, DeviceLabels], left: Iterable[EntityId]) -> None:
        """Takes devices over. What others hold stays as it is."""
        devices, numbers = {**self.devices, **renamed}, dict(self.numbers)
        places = list(self.places)
        for key in left:
            del devices[key], numbers[key]
        for key, label in renamed.items():
            if key not in numbers:
                numbers[key] = len(places)
                places.append("")
            places[numbers[key]] = label.place.replace(":", "_")
        if len(places) > 2 * len(devices) + 1000:  # more gaps than devices
            numbers = {key: number for number, key in enumerate(devices)}
            places = [label.place.replace(":", "_") for label in devices.values()]
            self.since = self.version
            self._changes.clear()
        self.devices, self.numbers = devices, numbers
        if places != self.places:
            self.places = places


_Where = tuple[str, str]
_Members = dict[_Where, tuple[EntityId, ...]]
"""Devices by district and site."""


class _Found(NamedTuple):
    """What happened between two moments."""

    touched: set[EntityId]
    """Devices of which names may have changed, or names of their parts."""
    devices: list[EntityId]
    """Devices that came, went, or may have another name or place."""
    gone: set[EntityId]
    """Entities that are no more."""


def _sort_out(
    changed: Iterable[EntityId], before: Mapping[EntityId, Entity], after: Mapping[EntityId, Entity]
) -> Paced[_Found]:
    out = _Found(set(), [], set())
    for batch in batches(changed):
        for key in batch:
            old, new = before.get(key), after.get(key)
            if old is new:
                continue
            if new is None:
                out.gone.add(key)
            if _standing(old) == _standing(new):
                continue
            known = [one for one in (old, new) if one is not None]
            out.touched.update([one.device for one in known])
            if any(one.kind is EntityKind.DEVICE for one in known):
                out.devices.append(key)
        yield
    return out


def _regroup(
    members: _Members,
    devices: Iterable[EntityId],
    before: Mapping[EntityId, Entity],
    after: Mapping[EntityId, Entity],
) -> Paced[_Members]:
    """Who stands where these devices stood or stand."""
    joined: dict[_Where, dict[EntityId, None]] = {}
    left: dict[_Where, set[EntityId]] = {}
    for batch in batches(devices, _PACE // 5):
        for key in batch:
            old, new = before.get(key), after.get(key)
            if old is not None:
                left.setdefault(_where(old), set()).add(key)
            if new is not None and new.kind is EntityKind.DEVICE:
                joined.setdefault(_where(new), {})[key] = None
        yield
    out: _Members = {}
    for where in {**left, **joined}:
        away = left.get(where, set())
        out[where] = (*(k for k in members.get(where, ()) if k not in away), *joined.get(where, ()))
    return out


def _where(device: Entity) -> _Where:
    return site_slug(_fact(device, "district")), site_slug(_fact(device, "site"))


def _standing(entity: Entity | None) -> tuple[object, ...] | None:
    """All of an entity that labels are made of."""
    if entity is None:
        return None
    facts = entity.facts
    told = facts.get("district"), facts.get("site"), facts.get("listed")
    return entity.kind, entity.device, entity.name, entity.natural, entity.index, *told


def _device_labels(
    members: _Members, entities: Mapping[EntityId, Entity]
) -> Paced[dict[EntityId, DeviceLabels]]:
    """Names of devices are unique within district and site. A device of the inventory keeps its name as it
    is."""
    found: dict[EntityId, DeviceLabels] = {}
    for (district, site), keys in members.items():
        ahead = f"{pair('district', district)},{pair('site', site)}"
        names = yield from _unique([entities[key] for key in keys])
        for some in batches(names.items(), _PACE // 5):
            for key, name in some:
                text = f"{ahead},{pair('device', name)}"
                found[key] = DeviceLabels(district, site, name, _fact(entities[key], "site"), text)
            yield
    return found


def _fact(entity: Entity, name: str) -> str:
    return str(entity.facts.get(name, ""))


def _unique(group: Sequence[Entity]) -> Paced[dict[EntityId, str]]:
    """A name for each: its own where nobody shares it, else with its key behind, at worst with its id. The
    order of the group is of no account."""
    plain: dict[EntityId, str] = {}
    out: dict[EntityId, str] = {}
    rest: list[Entity] = []
    for some in batches(group):
        for entity in some:
            plain[entity.id] = entity.name or entity.natural or str(entity.id)
        if len(some) == _PACE:
            yield
    taken = Counter(plain.values())
    for some in batches(group):
        for entity in some:
            if taken[plain[entity.id]] == 1 or entity.facts.get("listed") is True:
                out[entity.id] = plain[entity.id]
            else:
                rest.append(entity)
        if len(some) == _PACE:
            yield
    used = set(out.values())
    for entity in sorted(rest, key=lambda entity: entity.id):
        name = plain[entity.id]
        for suffix in (entity.natural, entity.index, str(entity.id)):
            candidate = f"{name} ({suffix})"
            if suffix and candidate not in used:
                break
        out[entity.id] = candidate
        used.add(candidate)
    return out
