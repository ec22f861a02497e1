"""The entities that are there now: what sources tell of them, under their permanent ids."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from netwatch.model import (
    ROOT,
    AssetSwap,
    AssetTenure,
    Entity,
    EntityId,
    EntityKey,
    EntityKind,
    Inventory,
    InventoryDevice,
    Observation,
    Seen,
)
from netwatch.state.assets import note, shows_serial
from netwatch.state.identity import IdentityMap
from netwatch.state.passes import GONE_AFTER, TablePass
from netwatch.state.register import Register
from netwatch.state.topology import links

__all__ = ["GONE_AFTER", "Directory", "Sighting"]

_Group = tuple[EntityId, EntityKind]


class Sighting(NamedTuple):
    """What one observation changed."""

    missing: tuple[EntityId, ...] = ()
    """Entities that the table held before and lacks now, the forgotten ones among them."""
    removed: tuple[EntityId, ...] = ()
    """Entities that are no more, with all that belonged to them."""


class Directory:
    """Entities with their facts."""

    def __init__(self, identity: IdentityMap) -> None:
        self._identity = identity
        self._register = Register(identity)
        self._entities = self._register.entities
        self._keys, self._pool = self._register.keys, self._register.pool
        self._passes, self._tellers = self._register.passes, self._register.tellers

    @property
    def entities(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for look-ups; a view that changes."""
        return self._entities

    def freeze(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for keeps; the same object until something changes."""
        return self._entities.freeze()

    @property
    def links_version(self) -> int:
        """Changes whenever something does that links are made from."""
        return self._register.links_version

    def links(self) -> tuple[tuple[EntityId, EntityId], ...]:
        """Layer 2 adjacencies, each once."""
        return links(self._entities, self._register.neighbours)

    def keys(self, source: EntityId) -> dict[EntityKey, EntityId]:
        """Whom a source means by its keys."""
        return self._keys.of(source)

    def keys_version(self, source: EntityId) -> int:
        """Changes whenever a key of the source stops to mean what it meant, or an entity that the source
        tells of goes, is merged or moves to another device: then what was derived from `keys` has to be
        looked up again. A key that the source never told before changes nothing."""
        return self._keys.version(source)

    def tenures(self, device: EntityId | None = None) -> tuple[AssetTenure, ...]:
        """Which things with a serial number filled which places, of all devices or of one; each place in the
        order of time. A stack is one device and many assets."""
        return tuple(self._identity.ledger.tenures(device))

    def swaps(self, device: EntityId | None = None) -> tuple[AssetSwap, ...]:
        """Where another thing took the place of one: a chassis or a module was exchanged."""
        return tuple(self._identity.ledger.swaps(device))

    def is_listed(self, device: EntityId) -> bool:
        """True if a person entered the device."""
        return device in self._register.entries

    def set_inventory(
        self, inventory: Inventory, device_id: Callable[[InventoryDevice], EntityId]
    ) -> Sighting:
        """Replaces the inventory. Devices that it no longer lists go, unless some other device reports
        them."""
        before = set(self._register.entries)
        self._register.inventory = inventory
        self._register.entries = {device_id(device): device for device in inventory.devices.values()}
        left = before - set(self._register.entries)
        ended: list[EntityId] = []
        for device in left:
            ended += {e for told in self._passes.pop(device, {}).values() for e in told.members()}
            self._keys.forget(device)
        ended = [entity for entity in dict.fromkeys(ended) if not self._register.is_told(entity)]
        ended += [device for device in left if not self._register.is_told(device)]
        self._register.polled = frozenset(
            e for e, entry in self._register.entries.items() if entry.target is not None
        )
        removed = self._register.remove(ended) + self._register.drop_merged()
        for device in self._register.entries:
            if device not in self._entities:
                self._register.put(Entity(device, EntityKind.DEVICE, device, None, "", "", ""))
        devices = self._entities.devices()
        # Hosts first: what they report may stand where they stand.
        for entity in sorted(devices, key=lambda entity: entity.parent is not None):
            self._register.put(entity)
        return Sighting(removed=tuple(removed))

    def sight(self, observation: Observation) -> Sighting:
        """Takes in what an observation tells of entities. What is told again as it was costs little."""
        if not observation.seen and not observation.complete:
            return Sighting()
        source = observation.source
        self._register.wall = observation.at.wall
        told = self._passes.setdefault(source, {}).setdefault(observation.table, TablePass())
        keys = self.keys(source)
        changed = told.changed(observation.seen, keys, self._entities, self._keys.version(source))
        due = told.is_due(self._register.wall)
        quiet = observation.complete and not changed and not told.missed
        if quiet and observation.seen and len(told.last) == len(observation.seen):
            told.repeated(observation.at.mono)
            if due:
                self._note(observation, observation.seen, told)
            return Sighting()
        if changed:
            self._resolve(observation, changed, told)
        present = dict.fromkeys([keys[one.key] for one in observation.seen])
        present.pop(source, None)
        at = observation.at.mono
        told.remember(observation.seen, observation.complete, at, observation.interval)
        for device in self._identity.take_released():
            if device in self._entities:
                self._register.put(self._entities[device])
        told.keys_version = self._keys.version(source)
        removed = self._register.drop_merged()
        if not observation.complete:
            told.add(present)
            self._note(observation, observation.seen if due else changed, told)
            return Sighting(removed=tuple(removed))
        missing, left = told.replace(present, self._entities)
        lacks = any(shows_serial(self._entities[entity].witnesses) for entity in missing)
        self._note(observation, observation.seen if due or lacks else changed, told)
        removed += self._register.remove([entity for entity in left if not self._register.is_told(entity)])
        return Sighting(missing, tuple(removed))

    def _note(self, observation: Observation, rows: Sequence[Seen], told: TablePass) -> None:
        note(observation, rows, told, self.keys(observation.source), self._identity, self._register.polled)

    def from_reading(self, observation: Observation, key: EntityKey) -> EntityId:
        """The entity that a reading names although nobody saw it so far."""
        source = observation.source
        if key.kind is EntityKind.DEVICE:
            found = self._identity.child(source, Seen(key, ROOT, "", key.natural), observation.at.wall)
            device, parent = found, source
        else:
            found = self._identity.parts.part(source, key.kind, key.natural, observation.at.wall)
            device, parent = source, source
        if found not in self._entities:
            self._register.put(Entity(found, key.kind, device, parent, key.natural, "", key.natural))
        self._keys.mean(source, key, found)
        if device != source:
            self._tellers.setdefault(device, set()).add(source)
        return found

    # -- resolving

    def _resolve(self, observation: Observation, changed: Sequence[Seen], told: TablePass) -> None:
        source = observation.source
        by_key = {one.key: one for one in observation.seen}
        for one in changed:
            if one.key == ROOT:
                self._identity.root(source, one, observation.at.wall)
                self._register.update_device(source, None, one, source, told)
        self._resolve_children(observation, changed, told)
        keys = self.keys(source)
        groups: dict[_Group, list[Seen]] = {}
        owners: dict[EntityKey | None, EntityId] = {}
        for one in changed:
            parent = one.parent
            if parent not in owners:
                if parent and parent.kind is EntityKind.DEVICE and parent not in keys:
                    # The table of radios came before that of access points.
                    self.from_reading(observation, parent)
                owners[parent] = self._owner(one, by_key, keys, source)
            if one.key.kind is not EntityKind.DEVICE:
                groups.setdefault((owners[parent], one.key.kind), []).append(one)
        self._resolve_parts(observation, groups, told)

    def _resolve_children(self, observation: Observation, changed: Sequence[Seen], told: TablePass) -> None:
        source, keys = observation.source, self.keys(observation.source)
        children = [one for one in changed if one.key.kind is EntityKind.DEVICE and one.key != ROOT]
        if not children:
            return
        fresh = {child.key for child in children}
        others = {
            keys[one.key]
            for one in observation.seen
            if one.key.kind is EntityKind.DEVICE and one.key not in fresh
        } - {keys.get(key) for key in fresh}
        self._identity.distrust_shared(children, others - {source})
        itself = {child.key for child in children if self._is_itself(child, source)}
        for key in itself:
            self._keys.mean(source, key, source)
        children = [child for child in children if child.key not in itself]
        for child in children:
            self._keys.mean(source, child.key, self._identity.child(source, child, observation.at.wall))
        for child in children:
            # A later child may have shown that an earlier one is the same thing.
            found = self._identity.current(keys[child.key])
            self._keys.mean(source, child.key, found)
            self._register.update_device(found, keys.get(child.parent or ROOT, source), child, source, told)

    def _resolve_parts(
        self, observation: Observation, groups: Mapping[_Group, list[Seen]], told: TablePass
    ) -> None:
        source, keys, parts = observation.source, self.keys(observation.source), self._identity.parts
        whole: dict[_Group, list[Seen]] = {}
        members: set[EntityId] = set()
        for (device, kind), seen in groups.items():
            if observation.complete and parts.unsettled(device, kind, seen):
                if not whole:
                    whole, members = self._whole(observation, groups), told.members()
                others = members if device == source else members | self._told_elsewhere(device, observation)
                parts.rematch(device, kind, whole[device, kind], others, observation.table)
        for (device, kind), seen in (whole or groups).items():
            found = parts.parts(device, kind, seen, observation.at.wall, observation.table)
            self._keys.mean_all(source, [one.key for one in seen], found)
        for (device, _), seen in (whole or groups).items():
            for one in seen:
                parent = keys.get(one.parent or ROOT, device)
                self._register.update_part(keys[one.key], device, parent, one, told, observation.table)

    def _whole(
        self, observation: Observation, changed: Mapping[_Group, list[Seen]]
    ) -> dict[_Group, list[Seen]]:
        """All rows of the groups in which something changed, in the order of the table."""
        keys, entities = self.keys(observation.source), self._entities
        owners = {one.key: group for group, seen in changed.items() for one in seen}
        out: dict[_Group, list[Seen]] = {group: [] for group in changed}
        for one in observation.seen:
            group = owners.get(one.key)
            if group is None and one.key.kind is not EntityKind.DEVICE:
                known = entities.get(keys[one.key])
                group = None if known is None else (known.device, known.kind)
            if group in out:
                out[group].append(one)
        return out

    def _told_elsewhere(self, device: EntityId, observation: Observation) -> set[EntityId]:
        """What the same table of other sources tells of a device: an access point changed its controller."""
        out: set[EntityId] = set()
        for teller in self._tellers.get(device, ()):
            other = self._passes.get(teller, {}).get(observation.table)
            if teller != observation.source and other is not None:
                out |= other.members()
        return out

    def _is_itself(self, child: Seen, source: EntityId) -> bool:
        """True for a member of a cluster that is the very device which was asked."""
        own = self._register.told.get(source, {})
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
