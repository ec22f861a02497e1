"""The entities that are there now: what sources tell of them, under their permanent ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from netwatch.model import (
    ROOT,
    Entity,
    EntityId,
    EntityKey,
    EntityKind,
    Fact,
    Inventory,
    InventoryDevice,
    Observation,
    Seen,
)
from netwatch.state.devices import device_facts
from netwatch.state.identity import IdentityMap
from netwatch.state.topology import link_side

__all__ = ["GONE_AFTER", "Directory", "Sighting"]

GONE_AFTER = 3
"""Complete passes over its table that an entity must be missing from before it is forgotten."""

_Table = tuple[EntityId, str]


class Sighting(NamedTuple):
    """What one observation changed."""

    missing: tuple[EntityId, ...] = ()
    """Entities that the table held before and lacks now, the forgotten ones among them."""
    removed: tuple[EntityId, ...] = ()
    """Entities that are no more, with all that belonged to them."""


class Directory:
    """Entities with their facts. `version` changes whenever any of them does."""

    def __init__(self, identity: IdentityMap) -> None:
        self._identity = identity
        self._inventory = Inventory()
        self._entries: dict[EntityId, InventoryDevice] = {}
        self._entities: dict[EntityId, Entity] = {}
        self._frozen: Mapping[EntityId, Entity] = {}
        self._told: dict[EntityId, dict[str, Fact]] = {}
        self._keys: dict[EntityId, dict[EntityKey, EntityId]] = {}
        self._keys_versions: dict[EntityId, int] = {}
        self._last: dict[_Table, dict[EntityKey, Seen]] = {}
        self._members: dict[_Table, dict[EntityId, int]] = {}
        self._tables: dict[EntityId, set[_Table]] = {}
        self._tellers: dict[EntityId, set[EntityId]] = {}
        """Sources that have a key for an entity."""
        self._by_device: dict[EntityId, dict[EntityId, None]] = {}
        self.version = 0
        self.links_version = 0
        """Changes whenever something does that links are made from."""
        self._frozen_version = 0

    @property
    def entities(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for look-ups; a view that changes."""
        return self._entities

    def freeze(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for keeps; the same object until something changes."""
        if self._frozen_version != self.version:
            self._frozen = dict(self._entities)  # plain: a snapshot goes to worker processes
            self._frozen_version = self.version
        return self._frozen

    def keys(self, source: EntityId) -> dict[EntityKey, EntityId]:
        """Whom a source means by its keys."""
        return self._keys.setdefault(source, {ROOT: source})

    def keys_version(self, source: EntityId) -> int:
        """Changes whenever a key of the source stops to mean what it meant, or an entity that the source tells
        of goes, is merged or moves to another device: what was derived from `keys` has to be looked up again.
        A key that the source never told before changes nothing."""
        return self._keys_versions.get(source, 0)

    def is_listed(self, device: EntityId) -> bool:
        """True if a person entered the device."""
        return device in self._entries

    def set_inventory(
        self, inventory: Inventory, device_id: Callable[[InventoryDevice], EntityId]
    ) -> Sighting:
        """Replaces the inventory. Devices that it no longer lists go, unless some other device reports
        them."""
        before = set(self._entries)
        self._inventory = inventory
        self._entries = {device_id(device): device for device in inventory.devices.values()}
        removed: list[EntityId] = []
        for device in before - set(self._entries):
            for table in [table for table in self._members if table[0] == device]:
                removed += self._forget_table(table)
            self._keys.pop(device, None)
            self._keys_changed(device)
            if not self._tables.get(device):
                removed += self._remove(device)
        for device in self._entries:
            if device not in self._entities:
                self._put(Entity(device, EntityKind.DEVICE, device, None, "", "", ""))
        devices = [entity for entity in self._entities.values() if entity.kind is EntityKind.DEVICE]
        # Hosts first: what they report may stand where they stand.
        for entity in sorted(devices, key=lambda entity: entity.parent is not None):
            self._put(entity)
        return Sighting(removed=tuple(removed))

    def sight(self, observation: Observation) -> Sighting:
        """Takes in what an observation tells of entities."""
        if not observation.seen and not observation.complete:
            return Sighting()
        table = (observation.source, observation.table)
        last = self._last.setdefault(table, {})
        keys = self.keys(observation.source)
        if any(last.get(one.key) != one or one.key not in keys for one in observation.seen):
            self._resolve(observation, keys)
        present = {keys[one.key] for one in observation.seen}
        present.discard(observation.source)
        members = self._members.setdefault(table, {})
        for entity in present:
            if members.get(entity) != 0:
                members[entity] = 0
                self._tables.setdefault(entity, set()).add(table)
                self._tellers.setdefault(entity, set()).add(observation.source)
        self._last[table] = {one.key: one for one in observation.seen}
        if not observation.complete:
            self._last[table] = last | self._last[table]
            return Sighting(removed=self._drop_merged())
        return self._miss(table, members, present)

    def from_reading(self, observation: Observation, key: EntityKey) -> EntityId:
        """The entity that a reading names although nobody saw it so far."""
        source = observation.source
        if key.kind is EntityKind.DEVICE:
            found = self._identity.child(source, Seen(key, ROOT, "", key.natural), observation.at.wall)
            device, parent = found, source
        else:
            found = self._identity.part(source, key.kind, key.natural, observation.at.wall)
            device, parent = source, source
        if found not in self._entities:
            self._put(Entity(found, key.kind, device, parent, key.natural, "", key.natural))
        self._mean(source, key, found)
        self._tellers.setdefault(found, set()).add(source)
        return found

    # -- resolving

    def _resolve(self, observation: Observation, keys: dict[EntityKey, EntityId]) -> None:
        source, wall = observation.source, observation.at.wall
        by_key = {one.key: one for one in observation.seen}
        root = by_key.get(ROOT)
        if root is not None:
            self._identity.root(source, root, wall)
            self._update(source, source, None, root, source)
        children = [s for s in observation.seen if s.key.kind is EntityKind.DEVICE and s.key != ROOT]
        self._identity.distrust_shared(children)
        itself = [child for child in children if self._is_itself(child, source)]
        for child in itself:
            self._mean(source, child.key, source)
        children = [child for child in children if child not in itself]
        for child in children:
            self._mean(source, child.key, self._identity.child(source, child, wall))
        for child in children:
            # A later child may have shown that an earlier one is the same thing.
            found = self._identity.current(keys[child.key])
            self._mean(source, child.key, found)
            parent = keys.get(child.parent or ROOT, source)
            self._update(found, found, parent, child, source)
        for one in observation.seen:
            parent_key = one.parent
            if parent_key and parent_key.kind is EntityKind.DEVICE and parent_key not in keys:
                # The table of radios came before that of access points.
                self.from_reading(observation, parent_key)
        groups: dict[tuple[EntityId, EntityKind], list[Seen]] = {}
        for one in observation.seen:
            if one.key.kind is not EntityKind.DEVICE:
                groups.setdefault((self._owner(one, by_key, keys, source), one.key.kind), []).append(one)
        members = self._members.get((source, observation.table), {})
        for (device, kind), seen in groups.items():
            found_parts = self._identity.parts(device, kind, seen, observation.complete, members, wall)
            for one, entity in zip(seen, found_parts, strict=True):
                self._mean(source, one.key, entity)
        for (device, _), seen in groups.items():
            for one in seen:
                parent = keys.get(one.parent or ROOT, device)
                self._update(keys[one.key], device, parent, one, source)

    def _mean(self, source: EntityId, key: EntityKey, entity: EntityId) -> None:
        """From now on the source means that entity by that key."""
        keys = self.keys(source)
        before = keys.get(key)
        if before != entity:
            keys[key] = entity
            if before is not None:
                self._keys_changed(source)

    def _keys_changed(self, source: EntityId) -> None:
        self._keys_versions[source] = self._keys_versions.get(source, 0) + 1

    def _is_itself(self, child: Seen, source: EntityId) -> bool:
        """True for a member of a cluster that is the very device which was asked."""
        own = self._told.get(source, {})
        name = child.facts.get("sys_name")
        serials = {child.facts.get("serial"), own.get("serial")} - {None, ""}
        return bool(name) and name == own.get("sys_name") and len(serials) < 2

    def _owner(
        self,
        seen: Seen,
        by_key: Mapping[EntityKey, Seen],
        keys: Mapping[EntityKey, EntityId],
        source: EntityId,
    ) -> EntityId:
        """The device that something belongs to: its nearest ancestor that is one."""
        parent, steps = seen.parent, 0
        while parent is not None and parent.kind is not EntityKind.DEVICE and steps < 16:
            steps += 1
            above = by_key.get(parent)
            if above is None:
                known = self._entities.get(keys.get(parent, source))
                return source if known is None else known.device
            parent = above.parent
        return source if parent is None else keys.get(parent, source)

    def _update(
        self, entity: EntityId, device: EntityId, parent: EntityId | None, seen: Seen, source: EntityId
    ) -> None:
        told = self._told.setdefault(entity, {})
        before = self._entities.get(entity)
        own = entity == source or device == source
        if not own and entity in self._entries and self._entries[entity].target is not None:
            # The device is polled itself and knows itself best.
            for name, fact in seen.facts.items():
                told.setdefault(name, fact)
        else:
            told.update(seen.facts)
        if before is not None and parent is None:
            parent = before.parent
        identity = self._identity.known(entity)
        name = seen.name or (before.name if before is not None else "") or seen.key.natural
        index = seen.index or (before.index if before is not None else "")
        natural = identity.natural if seen.key.kind is not EntityKind.DEVICE else seen.key.natural
        self._put(Entity(entity, seen.key.kind, device, parent, natural, index, name, {}, identity.witnesses))

    def _put(self, entity: Entity) -> None:
        """Stores an entity with its facts completed, and notes whether anything changed."""
        facts: dict[str, Fact] = dict(self._told.get(entity.id, {}))
        if entity.kind is EntityKind.DEVICE:
            entry = self._entries.get(entity.id)
            name = entry.name if entry is not None else entity.name
            host = self._entities.get(entity.parent) if entity.parent is not None else None
            facts = device_facts(
                name, facts, entry, self._inventory, host.facts if host is not None else None
            )
            natural = entity.natural or name
            witnesses = self._identity.known(entity.id).witnesses
            entity = replace(entity, name=name, natural=natural, witnesses=witnesses)
        entity = replace(entity, facts=facts)
        before = self._entities.get(entity.id)
        if before == entity:
            return
        self._entities[entity.id] = entity
        if before is not None and before.device != entity.device:
            self._by_device[before.device].pop(entity.id, None)
            for source in self._tellers.get(entity.id, ()):
                self._keys_changed(source)
        self._by_device.setdefault(entity.device, {})[entity.id] = None
        self.version += 1
        if before is None or link_side(before) != link_side(entity):
            self.links_version += 1

    # -- going

    def _miss(self, table: _Table, members: dict[EntityId, int], present: set[EntityId]) -> Sighting:
        missing = [entity for entity in members if entity not in present]
        removed: list[EntityId] = list(self._drop_merged())
        for entity in missing:
            if entity not in members:
                continue
            members[entity] += 1
            if members[entity] >= GONE_AFTER:
                del members[entity]
                removed += self._left(entity, table)
        return Sighting(tuple(missing), tuple(removed))

    def _left(self, entity: EntityId, table: _Table) -> list[EntityId]:
        """An entity is no longer in a table; in the last one that knew it, it ends."""
        tables = self._tables.get(entity, set())
        tables.discard(table)
        return [] if tables else self._remove(entity)

    def _forget_table(self, table: _Table) -> list[EntityId]:
        removed: list[EntityId] = []
        self._last.pop(table, None)
        for entity in self._members.pop(table, {}):
            removed += self._left(entity, table)
        return removed

    def _drop_merged(self) -> tuple[EntityId, ...]:
        merged = [gone for gone in self._identity.take_merged() if gone in self._entities]
        removed: list[EntityId] = []
        for gone in merged:
            removed += self._remove(gone)
        return tuple(removed)

    def _remove(self, entity: EntityId) -> list[EntityId]:
        if entity in self._entries or entity not in self._entities:
            return []
        removed = [entity]
        for part in [p for p in self._by_device.get(entity, {}) if p != entity]:
            removed += self._remove(part)
        self._drop(entity)
        return removed

    def _drop(self, entity: EntityId) -> None:
        gone = self._entities.pop(entity)
        self._by_device.get(gone.device, {}).pop(entity, None)
        self._by_device.pop(entity, None)
        self._told.pop(entity, None)
        for table in self._tables.pop(entity, set()):
            self._members.get(table, {}).pop(entity, None)
        for source in self._tellers.pop(entity, set()):
            self._keys_changed(source)
            keys = self._keys.get(source, {})
            for key in [key for key, found in keys.items() if found == entity]:
                del keys[key]
        self.version += 1
        self.links_version += 1
