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
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice
from typing import NamedTuple, TypeVar

from netwatch.model import Entity, EntityId, EntityKind, Snapshot

__all__ = ["DeviceLabels", "LabelBook", "Paced", "PartLabel", "batches", "escape", "pair", "site_slug"]

T = TypeVar("T")
Paced = Generator[None, None, T]
"""Work with pauses; what it returns is its result."""

_REMEMBERED = 100
_PACE = 5_000
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
        self.parts: dict[EntityId, PartLabel] = {}
        """Of all that is no device."""
        self._entities: Mapping[EntityId, Entity] = {}
        self._at = -math.inf
        self._shared: dict[tuple[str, str], PartLabel] = {}
        self._changes: list[tuple[int, frozenset[EntityId]]] = []

    def changes(self, version: int) -> set[EntityId]:
        """Devices of which labels changed since a version, not older than `since`."""
        return {device for at, devices in self._changes if at > version for device in devices}

    def refresh(self, snapshot: Snapshot) -> Iterator[None]:
        """Takes a snapshot's entities over, with pauses. Only devices of which something changed are looked
        at closely. If a pause sees another snapshot taken over, the newer one of them counts."""
        entities, at = snapshot.entities, snapshot.at.mono
        while self._entities is not entities and at >= self._at:
            before = self._entities
            touched, gone = yield from _compare(before, entities)
            devices = self.devices
            if any(_standing(before.get(key)) != _standing(entities.get(key)) for key in touched):
                devices = yield from _device_labels(entities)
            parts = yield from self._part_labels(entities, touched)
            if self._entities is before:
                self._adopt(entities, devices, parts, gone, touched)
                self._at = at

    def _part_labels(
        self, entities: Mapping[EntityId, Entity], touched: set[EntityId]
    ) -> Paced[dict[EntityId, PartLabel]]:
        groups: dict[tuple[EntityId, EntityKind], list[Entity]] = {}
        for batch in batches(entities.values() if touched else ()):
            for entity in batch:
                if entity.device in touched and entity.kind is not EntityKind.DEVICE:
                    groups.setdefault((entity.device, entity.kind), []).append(entity)
            yield
        out: dict[EntityId, PartLabel] = {}
        for some in batches(groups.items(), _PACE // 50):
            for (_, kind), group in some:
                for key, name in _unique(group).items():
                    out[key] = self._share(kind.value, name)
            yield
        return out

    def _share(self, kind: str, name: str) -> PartLabel:
        found = self._shared.get((kind, name))
        if found is None:
            found = self._shared[kind, name] = PartLabel(kind, name, f",{pair(kind, name)}")
        return found

    def _adopt(
        self,
        entities: Mapping[EntityId, Entity],
        devices: Mapping[EntityId, DeviceLabels],
        parts: dict[EntityId, PartLabel],
        gone: list[EntityId],
        touched: set[EntityId],
    ) -> None:
        known = self.parts
        if (
            gone
            or (devices is not self.devices and devices != self.devices)
            or any(known.get(key) is not label for key, label in parts.items())
        ):
            self.version += 1
            self._changes.append((self.version, frozenset(touched)))
        if devices is not self.devices or len(self._changes) > _REMEMBERED:
            # Devices have other numbers now, or it is too long ago.
            self._changes.clear()
            self.since = self.version
        for key in gone:
            known.pop(key, None)
        known.update(parts)
        self.devices = devices
        self._entities = entities
        if len(self._shared) > 2 * len(known) + 1000:  # names that nobody has any more
            self._shared = {(label.kind, label.name): label for label in known.values()}


def _compare(
    before: Mapping[EntityId, Entity], after: Mapping[EntityId, Entity]
) -> Paced[tuple[set[EntityId], list[EntityId]]]:
    """(devices of which names changed, entities that are gone). An entity that did not change is the same
    object."""
    touched: set[EntityId] = set()
    gone: list[EntityId] = []
    added = 0
    get = before.get
    for batch in batches(after.values()):
        for entity in [entity for entity in batch if get(entity.id) is not entity]:
            old = get(entity.id)
            added += old is None
            if _standing(old) != _standing(entity):
                touched.add(entity.device)
                if old is not None:
                    touched.add(old.device)
        yield
    if len(before) + added != len(after):
        for keys in batches(before):
            gone += [key for key in keys if key not in after]
            yield
        touched.update(before[key].device for key in gone)
    return touched, gone


def _standing(entity: Entity | None) -> tuple[object, ...] | None:
    """All of an entity that labels are made of."""
    if entity is None:
        return None
    facts = entity.facts
    told = facts.get("district"), facts.get("site"), facts.get("listed")
    return entity.kind, entity.device, entity.name, entity.natural, entity.index, *told


def _device_labels(entities: Mapping[EntityId, Entity]) -> Paced[dict[EntityId, DeviceLabels]]:
    """Names of devices are unique within district and site. A device of the inventory keeps its name as it
    is."""
    groups: dict[tuple[str, str], list[Entity]] = {}
    for batch in batches(entities.values()):
        for device in batch:
            if device.kind is EntityKind.DEVICE:
                where = site_slug(_fact(device, "district")), site_slug(_fact(device, "site"))
                groups.setdefault(where, []).append(device)
        yield
    found: dict[EntityId, DeviceLabels] = {}
    for (district, site), group in groups.items():
        places = {device.id: _fact(device, "site") for device in group}
        ahead = f"{pair('district', district)},{pair('site', site)}"
        for some in batches(_unique(group).items(), _PACE // 5):
            for key, name in some:
                text = f"{ahead},{pair('device', name)}"
                found[key] = DeviceLabels(district, site, name, places[key], text)
            yield
    return found


def _fact(entity: Entity, name: str) -> str:
    return str(entity.facts.get(name, ""))


def _unique(group: Iterable[Entity]) -> dict[EntityId, str]:
    """A name for each: its own where nobody shares it, else with its key behind, at worst with its id."""
    group = list(group)
    plain = {entity.id: entity.name or entity.natural or str(entity.id) for entity in group}
    taken = Counter(plain.values())
    out = {e.id: plain[e.id] for e in group if taken[plain[e.id]] == 1 or e.facts.get("listed") is True}
    used = set(out.values())
    for entity in group:
        if entity.id in out:
            continue
        name = plain[entity.id]
        for suffix in (entity.natural, entity.index, str(entity.id)):
            candidate = f"{name} ({suffix})"
            if suffix and candidate not in used:
                break
        out[entity.id] = candidate
        used.add(candidate)
    return out
