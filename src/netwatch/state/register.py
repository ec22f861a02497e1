"""What is kept of each entity: what was told of it and by whom, completed by what people entered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from netwatch.model import Entity, EntityId, EntityKind, Fact, Inventory, InventoryDevice, Seen
from netwatch.state.devices import device_facts
from netwatch.state.identity import IdentityMap
from netwatch.state.keys import SourceKeys
from netwatch.state.passes import TablePass
from netwatch.state.pool import Pool
from netwatch.state.topology import are_linked, link_side

__all__ = ["Register"]


class Register:
    """Puts entities into the table and takes them out, with all that hangs on them."""

    def __init__(self, identity: IdentityMap) -> None:
        self._identity = identity
        self.pool = Pool()
        self.inventory = Inventory()
        self.entries: dict[EntityId, InventoryDevice] = {}
        """What people entered, by device."""
        self.polled: frozenset[EntityId] = frozenset()
        self.entities = identity.entities
        self.neighbours: dict[EntityId, None] = {}
        """Entities that tell of the far end of a link."""
        self.told: dict[EntityId, dict[str, Fact]] = {}
        """Of devices, whose facts are more than what was told. What a part is told to be is in its facts."""
        self.keys = SourceKeys(self.pool)
        self.passes: dict[EntityId, dict[str, TablePass]] = {}
        """By source and table."""
        self.tellers: dict[EntityId, set[EntityId]] = {}
        """Sources that report a device, beside itself: they tell of its parts as well."""
        self.wall = 0.0
        """Of the observation that is being taken in."""
        self.links_version = 0
        """Changes whenever something does that links are made from."""

    def update_device(
        self, device: EntityId, parent: EntityId | None, seen: Seen, source: EntityId, last: TablePass
    ) -> None:
        told = self.told.setdefault(device, {})
        before = self.entities.get(device)
        if device != source and device in self.polled:
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
        self.put(Entity(device, EntityKind.DEVICE, device, parent, seen.key.natural, index, name))
        if device != source:
            self.tellers.setdefault(device, set()).add(source)

    def update_part(
        self,
        entity: EntityId,
        device: EntityId,
        parent: EntityId,
        seen: Seen,
        last: TablePass,
        table: str,
    ) -> None:
        before = self.entities.get(entity)
        facts = seen.facts if before is None else self._facts(before, seen, last)
        self._store(self.pool.part(entity, device, parent, seen, facts, before), before, table)

    def _facts(self, before: Entity, seen: Seen, last: TablePass) -> Mapping[str, Fact]:
        """What is known of a part: what it is told to be now, and what other tables told."""
        facts = seen.facts
        if before.facts.keys() <= facts.keys():
            return facts
        row = last.last.get(seen.key)
        told_before = row.facts.keys() if row is not None else before.facts.keys()
        dropped = (before.facts.keys() - facts.keys()) & told_before
        if row is None and self._tables_of(before) != [last]:
            dropped = set()  # another table told some of them
        kept = {name: fact for name, fact in before.facts.items() if name not in dropped}
        return {**kept, **facts}

    def put(self, entity: Entity, table: str = "") -> None:
        """Stores an entity, a device with its facts completed, and notes whether anything changed."""
        if entity.kind is EntityKind.DEVICE:
            entity = self._completed(entity)
        self._store(entity, self.entities.get(entity.id), table)

    def _store(self, entity: Entity, before: Entity | None, table: str) -> None:
        if before is not None and before == entity:
            return
        self.entities[entity.id] = entity
        if entity.kind is not EntityKind.DEVICE:
            parts = self._identity.parts
            known = parts.forget_away(entity) if before is None else before
            if known is None or not _reads_alike(known, entity):
                parts.changed(entity.id, self.wall, table)
        if before is not None and before.device != entity.device:
            self.keys.changed(self._sources_of(before))
        if entity.kind is EntityKind.NEIGHBOR:
            self.neighbours[entity.id] = None
        if are_linked(entity) and (before is None or link_side(before) != link_side(entity)):
            self.links_version += 1

    def _completed(self, entity: Entity) -> Entity:
        entry = self.entries.get(entity.id)
        name = entry.name if entry is not None else entity.name
        host = self.entities.get(entity.parent) if entity.parent is not None else None
        told = self.told.get(entity.id, {})
        known = device_facts(name, told, entry, self.inventory, host.facts if host is not None else None)
        text = self.pool.text
        facts = {text(key): text(value) if isinstance(value, str) else value for key, value in known.items()}
        witnesses = self._identity.known(entity.id).witnesses
        natural = entity.natural or name
        return replace(entity, name=name, natural=natural, facts=facts, witnesses=witnesses)

    # -- going

    def _sources_of(self, entity: Entity) -> set[EntityId]:
        return {entity.device, *self.tellers.get(entity.device, ())}

    def _tables_of(self, entity: Entity) -> list[TablePass]:
        return [
            told
            for source in self._sources_of(entity)
            for told in self.passes.get(source, {}).values()
            if told.holds(entity.id)
        ]

    def is_told(self, entity: EntityId) -> bool:
        known = self.entities.get(entity)
        return known is not None and bool(self._tables_of(known))

    def drop_merged(self) -> list[EntityId]:
        merged = [
            known
            for gone in self._identity.take_merged()
            if (known := self.entities.get(gone)) is not None
            and self._identity.current(known.device) != known.device
        ]
        return self.remove([known.id for known in merged])

    def remove(self, entities: Iterable[EntityId]) -> list[EntityId]:
        """Ends entities with what belongs to them; a person's entries stay. Returns what ended."""
        removed: dict[EntityId, Entity] = {}
        for entity in entities:
            known = self.entities.get(entity)
            if known is None or entity in self.entries:
                continue
            removed[entity] = known
            if known.kind is EntityKind.DEVICE:
                for part in self._identity.parts.of(entity):
                    if part in self.entities and self.entities[part].device == entity:
                        removed[part] = self.entities[part]
        sources: set[EntityId] = set()
        for known in removed.values():
            sources |= self._sources_of(known)
            self._drop(known)
        self.keys.drop(sources, removed)
        if any(map(are_linked, removed.values())):
            self.links_version += 1
        return list(removed)

    def _drop(self, entity: Entity) -> None:
        del self.entities[entity.id]
        self.neighbours.pop(entity.id, None)
        if entity.kind is not EntityKind.DEVICE:
            self._identity.parts.retire(entity, self.wall)
        else:
            self._identity.ledger.end(entity.id, self.wall)
        self.told.pop(entity.id, None)
        self.tellers.pop(entity.id, None)


def _reads_alike(one: Entity, other: Entity) -> bool:
    """True if the journal keeps the same of both parts."""
    return (
        one.name == other.name
        and one.index == other.index
        and one.natural == other.natural
        and one.device == other.device
        and one.witnesses == other.witnesses
        and (one.facts.get("alias") or None) == (other.facts.get("alias") or None)
    )
