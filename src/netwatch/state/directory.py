"""The entities that are there now: what sources tell of them, under their permanent ids."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from netwatch.model import (
    ROOT,
    AssetSwap,
    AssetTenure,
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
from netwatch.state.assets import note, shows_serial
from netwatch.state.devices import device_facts
from netwatch.state.identity import IdentityMap
from netwatch.state.keys import SourceKeys
from netwatch.state.passes import GONE_AFTER, TablePass
from netwatch.state.pool import Pool
from netwatch.state.topology import link_side

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
        self._pool = Pool()
        self._inventory = Inventory()
        self._entries: dict[EntityId, InventoryDevice] = {}
        self._polled: frozenset[EntityId] = frozenset()
        self._entities = identity.entities
        self._told: dict[EntityId, dict[str, Fact]] = {}
        """Of devices, whose facts are more than what was told. What a part is told to be is in its facts."""
        self._keys = SourceKeys(self._pool)
        self._passes: dict[EntityId, dict[str, TablePass]] = {}
        """By source and table."""
        self._tellers: dict[EntityId, set[EntityId]] = {}
        """Sources that report a device, beside itself: they tell of its parts as well."""
        self._wall = 0.0
        self.links_version = 0
        """Changes whenever something does that links are made from."""

    @property
    def entities(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for look-ups; a view that changes."""
        return self._entities

    def freeze(self) -> Mapping[EntityId, Entity]:
        """The entities as they are now, for keeps; the same object until something changes."""
        return self._entities.freeze()

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
        return device in self._entries

    def set_inventory(
        self, inventory: Inventory, device_id: Callable[[InventoryDevice], EntityId]
    ) -> Sighting:
        """Replaces the inventory. Devices that it no longer lists go, unless some other device reports
        them."""
        before = set(self._entries)
        self._inventory = inventory
        self._entries = {device_id(device): device for device in inventory.devices.values()}
        left = before - set(self._entries)
        ended: list[EntityId] = []
        for device in left:
            ended += {e for told in self._passes.pop(device, {}).values() for e in told.members()}
            self._keys.forget(device)
        ended = [entity for entity in dict.fromkeys(ended) if not self._is_told(entity)]
        ended += [device for device in left if not self._is_told(device)]
        self._polled = frozenset(e for e, entry in self._entries.items() if entry.target is not None)
        removed = self._remove(ended) + self._drop_merged()
        for device in self._entries:
            if device not in self._entities:
                self._put(Entity(device, EntityKind.DEVICE, device, None, "", "", ""))
        devices = self._entities.devices()
        # Hosts first: what they report may stand where they stand.
        for entity in sorted(devices, key=lambda entity: entity.parent is not None):
            self._put(entity)
        return Sighting(removed=tuple(removed))

    def sight(self, observation: Observation) -> Sighting:
        """Takes in what an observation tells of entities. What is told again as it was costs little."""
        if not observation.seen and not observation.complete:
            return Sighting()
        source = observation.source
        self._wall = observation.at.wall
        told = self._passes.setdefault(source, {}).setdefault(observation.table, TablePass())
        keys = self.keys(source)
        changed = told.changed(observation.seen, keys, self._entities, self._keys.version(source))
        due = told.is_due(self._wall)
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
                self._put(self._entities[device])
        told.keys_version = self._keys.version(source)
        removed = self._drop_merged()
        if not observation.complete:
            told.add(present)
            self._note(observation, observation.seen if due else changed, told)
            return Sighting(removed=tuple(removed))
        missing, left = told.replace(present, self._entities)
        lacks = any(shows_serial(self._entities[entity].witnesses) for entity in missing)
        self._note(observation, observation.seen if due or lacks else changed, told)
        removed += self._remove([entity for entity in left if not self._is_told(entity)])
        return Sighting(missing, tuple(removed))

    def _note(self, observation: Observation, rows: Sequence[Seen], told: TablePass) -> None:
        note(observation, rows, told, self.keys(observation.source), self._identity, self._polled)

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
            self._put(Entity(found, key.kind, device, parent, key.natural, "", key.natural))
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
                self._update_device(source, None, one, source, told)
        self._resolve_children(observation, changed, told)
        keys = self.keys(source)
        groups: dict[_Group, list[Seen]] = {}
        for one in changed:
            parent = one.parent
            if parent and parent.kind is EntityKind.DEVICE and parent not in keys:
                # The table of radios came before that of access points.
                self.from_reading(observation, parent)
            if one.key.kind is not EntityKind.DEVICE:
                groups.setdefault((self._owner(one, by_key, keys, source), one.key.kind), []).append(one)
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
            self._update_device(found, keys.get(child.parent or ROOT, source), child, source, told)

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
            for one in seen:
                key = self._pool.key(one.key)
                entity = parts.part(device, kind, key.natural, observation.at.wall, observation.table)
                self._keys.mean(source, key, entity)
        for (device, _), seen in (whole or groups).items():
            for one in seen:
                parent = keys.get(one.parent or ROOT, device)
                self._update_part(keys[one.key], device, parent, one, told, observation.table)

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

    def _update_device(
        self, device: EntityId, parent: EntityId | None, seen: Seen, source: EntityId, last: TablePass
    ) -> None:
        told = self._told.setdefault(device, {})
        before = self._entities.get(device)
        if device != source and device in self._polled:
            # The device is polled itself and knows itself best.
            for name, fact in seen.facts.items():
                told.setdefault(name, fact)
        else:
            row = last.last.get(seen.key) if device != source else None
            for name in row.facts.keys() - seen.facts.keys() if row is not None else ():
                told.pop(name, None)
            told.update(seen.facts)
        if before is not None and parent is None:
            parent = before.parent
        name = seen.name or (before.name if before is not None else "") or seen.key.natural
        index = seen.index or (before.index if before is not None else "")
        self._put(Entity(device, EntityKind.DEVICE, device, parent, seen.key.natural, index, name))
        if device != source:
            self._tellers.setdefault(device, set()).add(source)

    def _update_part(
        self,
        entity: EntityId,
        device: EntityId,
        parent: EntityId,
        seen: Seen,
        last: TablePass,
        table: str,
    ) -> None:
        before = self._entities.get(entity)
        facts: Mapping[str, Fact] = seen.facts
        if before is not None and not before.facts.keys() <= facts.keys():
            row = last.last.get(seen.key)
            told_before = row.facts.keys() if row is not None else before.facts.keys()
            dropped = (before.facts.keys() - facts.keys()) & told_before
            if row is None and self._tables_of(before) != [last]:
                dropped = set()  # another table told some of them
            kept = {name: fact for name, fact in before.facts.items() if name not in dropped}
            facts = {**kept, **facts}
        self._put(self._pool.part(entity, device, parent, seen, facts, before), table)

    def _put(self, entity: Entity, table: str = "") -> None:
        """Stores an entity, a device with its facts completed, and notes whether anything changed."""
        part = entity.kind is not EntityKind.DEVICE
        if not part:
            entity = self._completed(entity)
        before = self._entities.get(entity.id)
        if before == entity:
            return
        self._entities[entity.id] = entity
        if part:
            parts = self._identity.parts
            known = parts.forget_away(entity) if before is None else before
            if known is None or _to_write(known) != _to_write(entity):
                parts.changed(entity.id, self._wall, table)
        if before is not None and before.device != entity.device:
            self._keys.changed(self._sources_of(before))
        if before is None or link_side(before) != link_side(entity):
            self.links_version += 1

    def _completed(self, entity: Entity) -> Entity:
        entry = self._entries.get(entity.id)
        name = entry.name if entry is not None else entity.name
        host = self._entities.get(entity.parent) if entity.parent is not None else None
        told = self._told.get(entity.id, {})
        known = device_facts(name, told, entry, self._inventory, host.facts if host is not None else None)
        text = self._pool.text
        facts = {text(key): text(value) if isinstance(value, str) else value for key, value in known.items()}
        witnesses = self._identity.known(entity.id).witnesses
        natural = entity.natural or name
        return replace(entity, name=name, natural=natural, facts=facts, witnesses=witnesses)

    # -- going

    def _sources_of(self, entity: Entity) -> set[EntityId]:
        return {entity.device, *self._tellers.get(entity.device, ())}

    def _tables_of(self, entity: Entity) -> list[TablePass]:
        return [
            told
            for source in self._sources_of(entity)
            for told in self._passes.get(source, {}).values()
            if told.holds(entity.id)
        ]

    def _is_told(self, entity: EntityId) -> bool:
        known = self._entities.get(entity)
        return known is not None and bool(self._tables_of(known))

    def _drop_merged(self) -> list[EntityId]:
        merged = [
            known
            for gone in self._identity.take_merged()
            if (known := self._entities.get(gone)) is not None
            and self._identity.current(known.device) != known.device
        ]
        return self._remove([known.id for known in merged])

    def _remove(self, entities: Iterable[EntityId]) -> list[EntityId]:
        """Ends entities with what belongs to them; a person's entries stay. Returns what ended."""
        removed: dict[EntityId, Entity] = {}
        for entity in entities:
            known = self._entities.get(entity)
            if known is None or entity in self._entries:
                continue
            removed[entity] = known
            if known.kind is EntityKind.DEVICE:
                for part in self._identity.parts.of(entity):
                    if part in self._entities and self._entities[part].device == entity:
                        removed[part] = self._entities[part]
        sources: set[EntityId] = set()
        for known in removed.values():
            sources |= self._sources_of(known)
            self._drop(known)
        self._keys.drop(sources, removed)
        if removed:
                self.links_version += 1
        return list(removed)

    def _drop(self, entity: Entity) -> None:
        del self._entities[entity.id]
        if entity.kind is not EntityKind.DEVICE:
            self._identity.parts.retire(entity, self._wall)
        else:
            self._identity.ledger.end(entity.id, self._wall)
        self._told.pop(entity.id, None)
        self._tellers.pop(entity.id, None)


def _to_write(part: Entity) -> tuple[object, ...]:
    """What the journal keeps of a part."""
    alias = part.facts.get("alias") or None
    return (part.device, part.natural, part.name, part.index, part.witnesses, alias)
