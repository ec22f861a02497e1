"""Label text: rendered once per entity, then only joined.

Every series names `district`, `site` and `device`; what belongs to a device also names itself under its
kind, e.g. `interface="Gi1/0/1"`. Text that changes without notice (an alias, a description) is in info
families alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from netwatch.model import Entity, EntityId, EntityKind, Snapshot

__all__ = ["LabelBook", "escape", "pair", "site_slug"]


def escape(value: str) -> str:
    """A label's value as both text formats want it."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return value


def pair(name: str, value: str) -> str:
    return f'{name}="{escape(value)}"'


def site_slug(site: str) -> str:
    """`lincoln-es` of the place id `maple/lincoln-es`."""
    return site.rpartition("/")[2]


class LabelBook:
    """Label text by entity. Keeps what did not change from one snapshot to the next."""

    def __init__(self) -> None:
        self._entities: Mapping[EntityId, Entity] = {}
        self._texts: dict[EntityId, str] = {}
        self._names: dict[EntityId, str] = {}
        self._devices: dict[EntityId, int] = {}
        self.version = 0
        """Changes whenever any text does."""

    def texts(self, snapshot: Snapshot) -> Mapping[EntityId, str]:
        """Label text of each entity, without braces, e.g.
        `district="maple",site="lincoln-es",device="sw-1"`."""
        if snapshot.entities is not self._entities:
            self._refresh(snapshot)
        return self._texts

    def names(self, snapshot: Snapshot) -> Mapping[EntityId, str]:
        """The value of the label that an entity has of its own: unique among its kind on its device."""
        self.texts(snapshot)
        return self._names

    def devices(self, snapshot: Snapshot) -> Mapping[EntityId, int]:
        """Devices, numbered from 0."""
        self.texts(snapshot)
        return self._devices

    def _refresh(self, snapshot: Snapshot) -> None:
        entities = snapshot.entities
        names = _device_names(entities) | _part_names(entities)
        texts: dict[EntityId, str] = {}
        for entity in entities.values():
            if entity.kind is EntityKind.DEVICE:
                texts[entity.id] = ",".join(
                    (
                        pair("district", site_slug(str(entity.facts.get("district", "")))),
                        pair("site", site_slug(str(entity.facts.get("site", "")))),
                        pair("device", names[entity.id]),
                    )
                )
        for entity in entities.values():
            if entity.kind is not EntityKind.DEVICE:
                texts[entity.id] = f"{texts[entity.device]},{pair(entity.kind.value, names[entity.id])}"
        devices = {device.id: number for number, device in enumerate(snapshot.devices())}
        if texts != self._texts or devices != self._devices:
            self.version += 1
            self._texts, self._devices = texts, devices
        self._names = names
        self._entities = entities


def _device_names(entities: Mapping[EntityId, Entity]) -> dict[EntityId, str]:
    """Names of devices, unique within district and site. A device of the inventory keeps its name as it
    is."""
    devices = [entity for entity in entities.values() if entity.kind is EntityKind.DEVICE]
    groups: dict[tuple[str, ...], list[Entity]] = {}
    for device in devices:
        where = tuple(site_slug(str(device.facts.get(fact, ""))) for fact in ("district", "site"))
        groups.setdefault(where, []).append(device)
    return {key: name for group in groups.values() for key, name in _unique(group).items()}


def _part_names(entities: Mapping[EntityId, Entity]) -> dict[EntityId, str]:
    groups: dict[tuple[EntityId, EntityKind], list[Entity]] = {}
    for entity in entities.values():
        if entity.kind is not EntityKind.DEVICE:
            groups.setdefault((entity.device, entity.kind), []).append(entity)
    return {key: name for group in groups.values() for key, name in _unique(group).items()}


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
