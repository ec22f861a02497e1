"""Who is who, for life: permanent ids for what sources name by keys that come and go.

A device is known by its entry in the inventory, else by strong witnesses (UUID, serial number, WWN, MAC
address) whoever reports it, else by the name that one source gives it. What belongs to a device (ports,
radios, volumes) is known by its natural key within the device; see `parts` for renames.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from netwatch.model import (
    EntityId,
    EntityKind,
    IdentityJournal,
    IdentityRecord,
    Seen,
    Witness,
    WitnessKind,
)
from netwatch.state.parts import Part, match_parts
from netwatch.state.witnesses import strong

__all__ = ["Conflict", "IdentityMap", "Known"]

_INVENTORY = "inventory"
_MERGED = "merged"
_DAY = 86400.0
"""Seconds after which a sighting is worth writing down again."""


class Conflict(NamedTuple):
    """Two devices of the inventory that one witness calls the same thing."""

    witness: Witness
    first: EntityId
    second: EntityId


@dataclass(slots=True)
class Known:
    """One entity of the identity map."""

    id: EntityId
    kind: EntityKind
    device: EntityId
    scope: str
    """Who gives the natural key: the device for a part; `inventory` or the source's id for a device."""
    natural: str
    name: str
    witnesses: tuple[Witness, ...]
    last_seen: float
    """Wall seconds."""
    index: str = ""
    declared: frozenset[Witness] = field(default_factory=frozenset)
    """What the inventory says; never released because the device tells something else."""
    saved: float = 0.0
    present: bool = False
    """True once it was seen by this process."""

    @property
    def anchored(self) -> bool:
        return self.scope == _INVENTORY


class IdentityMap:
    """Resolves what sources tell to permanent ids. Not thread-safe; belongs to the state."""

    def __init__(self, journal: IdentityJournal, new_id: Callable[[], EntityId]) -> None:
        self._journal = journal
        self._new_id = new_id
        self._known: dict[EntityId, Known] = {}
        self._by_natural: dict[tuple[str, EntityKind, str], EntityId] = {}
        self._parts: dict[tuple[EntityId, EntityKind], dict[EntityId, None]] = {}
        self._owners: dict[Witness, EntityId] = {}
        self._shared: set[Witness] = set()
        """Witnesses that two things showed at once: a placeholder that nobody listed yet."""
        self._aliases: dict[EntityId, EntityId] = {}
        self._dirty: dict[EntityId, None] = {}
        self._conflicts: dict[Witness, Conflict] = {}
        self._merged: list[EntityId] = []
        self._listed: set[EntityId] = set()
        """Entries that the inventory which is being read holds."""
        for record in journal.load():
            self._restore(record)

    def known(self, entity: EntityId) -> Known:
        return self._known[entity]

    def current(self, entity: EntityId) -> EntityId:
        """The id under which a merged entity goes on; the same id for all others."""
        while entity in self._aliases:
            entity = self._aliases[entity]
        return entity

    def take_merged(self) -> list[EntityId]:
        """Ids that stopped being used since the last call: they turned out to be other known things."""
        merged, self._merged = self._merged, []
        return merged

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Entries of the inventory that seem to be one device."""
        return tuple(self._conflicts.values())

    def flush(self) -> int:
        """Writes what changed since the last time to the journal, in one batch. Returns how much that was."""
        records = [self._record(self._known[entity]) for entity in self._dirty if entity in self._known]
        merged = [
            IdentityRecord(old, EntityKind.DEVICE, old, f"{_MERGED}/{self._aliases[old]}", "", (), 0.0)
            for old in self._dirty
            if old in self._aliases
        ]
        if records or merged:
            self._journal.save([*records, *merged])
        for record in records:
            self._known[record.id].saved = record.last_seen
        self._dirty.clear()
        return len(records) + len(merged)

    def inventory_device(self, name: str, declared: Iterable[Witness]) -> EntityId:
        """The id of an entry of the inventory. An entity that its declared witnesses already name becomes the
        entry: an access point that a controller reported before somebody entered it keeps its history, and
        so does an entry that was given another name."""
        declared = tuple(declared)
        found = self._by_natural.get((_INVENTORY, EntityKind.DEVICE, name))
        if found is None:
            owners = [self._owners[witness] for witness in declared if witness in self._owners]
            free = [e for e in owners if not self._known[e].anchored or e not in self._listed]
            found = free[0] if free else None
            if found is not None:
                self._anchor(self._known[found], name)
        if found is None:
            found = self._make(EntityKind.DEVICE, None, _INVENTORY, name, name)
        known = self._known[found]
        for witness in known.declared - set(declared):
            self._release(known, witness)
        self._listed.add(found)
        known.declared = frozenset(declared)
        for witness in declared:
            self._claim(known, witness)
        return found

    def inventory_is_complete(self) -> None:
        """Every entry of the inventory was asked for; from now on another one is read."""
        self._listed.clear()

    def root(self, source: EntityId, seen: Seen | None, wall: float) -> None:
        """A polled device told of itself. Its strong witnesses are its own from now on; kinds that it tells
        replace what it told before: a chassis swap leaves the function and brings another serial number."""
        known = self._known[source]
        if seen is None:
            return
        told = [witness for witness in strong(seen.witnesses) if witness not in self._shared]
        kinds = {witness.kind for witness in told}
        for witness in known.witnesses:
            if witness.kind in kinds and witness not in told and witness not in known.declared:
                self._release(known, witness)
        for witness in told:
            self._claim(known, witness)
        self._sight(known, seen.name or known.name, seen.index, wall)

    def distrust_shared(self, seen: Iterable[Seen]) -> None:
        """Strong witnesses that two devices of one observation show are nobody's from now on."""
        first: dict[Witness, str] = {}
        for one in seen:
            for witness in strong(one.witnesses):
                if first.setdefault(witness, one.key.natural) != one.key.natural:
                    self._shared.add(witness)
                    owner = self._owners.get(witness)
                    if owner is not None:
                        self._release(self._known[owner], witness)

    def child(self, source: EntityId, seen: Seen, wall: float) -> EntityId:
        """The id of a device that `source` reports: an access point, a virtual machine."""
        told = [witness for witness in strong(seen.witnesses) if witness not in self._shared]
        owner = next((self._owners[witness] for witness in told if witness in self._owners), None)
        key = (source, EntityKind.DEVICE, seen.key.natural)
        named = self._by_natural.get(key)
        if owner is not None and named is not None and named != owner:
            rival = self._known[named]
            if not rival.witnesses and not rival.anchored:
                self._merge(rival, self._known[owner])
        elif owner is None and named is not None and not self._other_thing(self._known[named], seen, told):
            owner = named
        if owner is None:
            owner = self._make(EntityKind.DEVICE, None, source, seen.key.natural, seen.name)
        known = self._known[owner]
        self._by_natural[key] = owner
        kinds = {witness.kind for witness in told}
        for witness in known.witnesses:
            if witness.kind in kinds and witness not in told and witness not in known.declared:
                self._release(known, witness)
        for witness in told:
            self._claim(known, witness)
        self._sight(known, seen.name, seen.index, wall)
        return owner

    def parts(
        self,
        device: EntityId,
        kind: EntityKind,
        seen: list[Seen],
        complete: bool,
        members: Collection[EntityId],
        wall: float,
    ) -> list[EntityId]:
        """The ids of things of one kind that one observation saw on a device, in the same order.

        `members`: what the same table told of before. What it lacks now may have been renamed; what is known
        from another table is not missing because this one does not tell of it.
        """
        ids = [self._by_natural.get((device, kind, one.key.natural)) for one in seen]
        if complete and None in ids:
            self._find_renamed(ids, device, kind, seen, members)
        out: list[EntityId] = []
        for found, one in zip(ids, seen, strict=True):
            entity = self._make(kind, device, device, one.key.natural, one.name) if found is None else found
            known = self._known[entity]
            if known.witnesses != one.witnesses and one.witnesses:
                known.witnesses = one.witnesses
                self._dirty[entity] = None
            self._sight(known, one.name, one.index, wall)
            out.append(entity)
        return out

    def _find_renamed(
        self,
        ids: list[EntityId | None],
        device: EntityId,
        kind: EntityKind,
        seen: list[Seen],
        members: Collection[EntityId],
    ) -> None:
        """Fills in ids of `seen` that go on from something lost. A member of the table may be told by its row
        if nothing else of the kind stands in it; what is only in the journal, by a strong witness alone."""
        taken = {found for found in ids if found is not None}
        own = [
            self._known[e]
            for e in self._parts.get((device, kind), {})
            if e in members or not self._known[e].present
        ]
        rows = (Counter(known.index for known in own if known.present), Counter(one.index for one in seen))
        shared = {index for counts in rows for index, count in counts.items() if count > 1}
        lost = [known for known in own if known.id not in taken]
        new = [position for position, found in enumerate(ids) if found is None]
        before = [
            Part(k.natural, k.index if k.present and k.index not in shared else "", k.witnesses) for k in lost
        ]
        now = [Part(seen[p].key.natural, seen[p].index, seen[p].witnesses) for p in new]
        for at, gone in match_parts(before, now).items():
            ids[new[at]] = lost[gone].id
            self._rename(lost[gone], now[at].natural)

    def part(self, device: EntityId, kind: EntityKind, natural: str, wall: float) -> EntityId:
        """The id of something that only a reading told of."""
        found = self._by_natural.get((device, kind, natural))
        if found is None:
            found = self._make(kind, device, device, natural, natural)
            self._sight(self._known[found], natural, "", wall)
        return found

    # -- keeping the books

    @staticmethod
    def _other_thing(known: Known, seen: Seen, told: list[Witness]) -> bool:
        """True if a known name now is another thing's: a UUID never changes, a row number is reused."""
        had = {witness.kind: witness for witness in known.witnesses}
        differing = {w.kind for w in told if w.kind in had and had[w.kind] != w}
        return WitnessKind.UUID in differing or (bool(differing) and seen.key.natural == seen.index)

    def _make(
        self, kind: EntityKind, device: EntityId | None, scope: str, natural: str, name: str
    ) -> EntityId:
        entity = self._new_id()
        self._known[entity] = Known(entity, kind, device or entity, scope, natural, name, (), 0.0)
        self._by_natural[(scope, kind, natural)] = entity
        if device is not None:
            self._parts.setdefault((device, kind), {})[entity] = None
        self._dirty[entity] = None
        return entity

    def _sight(self, known: Known, name: str, index: str, wall: float) -> None:
        known.present = True
        if (name and known.name != name and not known.anchored) or wall > known.saved + _DAY:
            self._dirty[known.id] = None
        if name and not known.anchored:
            known.name = name
        known.index = index or known.index
        known.last_seen = wall

    def _claim(self, known: Known, witness: Witness) -> None:
        owner = self._owners.get(witness)
        if owner is not None and owner != known.id:
            rival = self._known[owner]
            if rival.anchored and known.anchored:
                self._conflicts[witness] = Conflict(witness, owner, known.id)
                return
            if rival.anchored:
                return
            self._merge(rival, known)
        if witness not in known.witnesses:
            known.witnesses = strong((*known.witnesses, witness))
            self._dirty[known.id] = None
        self._owners[witness] = known.id

    def _release(self, known: Known, witness: Witness) -> None:
        if self._owners.get(witness) == known.id:
            del self._owners[witness]
        self._conflicts.pop(witness, None)
        known.witnesses = tuple(w for w in known.witnesses if w != witness)
        self._dirty[known.id] = None

    def _merge(self, gone: Known, heir: Known) -> None:
        """`gone` turned out to be `heir`."""
        self._aliases[gone.id] = heir.id
        for witness in gone.witnesses:
            if self._owners.get(witness) == gone.id:
                self._owners[witness] = heir.id
                heir.witnesses = strong((*heir.witnesses, witness))
        for key in [key for key, entity in self._by_natural.items() if entity == gone.id]:
            self._by_natural[key] = heir.id
        for device, kind in [key for key in self._parts if key[0] == gone.id]:
            for part in self._parts.pop((device, kind)):
                self._move_part(self._known[part], heir.id)
        self._merged.append(gone.id)
        del self._known[gone.id]
        self._dirty[gone.id] = None
        self._dirty[heir.id] = None

    def _move_part(self, part: Known, device: EntityId) -> None:
        """What belonged to a merged device belongs to its heir; what the heir has already is given up."""
        del self._by_natural[(part.scope, part.kind, part.natural)]
        if (device, part.kind, part.natural) in self._by_natural:
            del self._known[part.id]
            self._merged.append(part.id)
            return
        part.device, part.scope = device, device
        self._by_natural[(device, part.kind, part.natural)] = part.id
        self._parts.setdefault((device, part.kind), {})[part.id] = None
        self._dirty[part.id] = None

    def _anchor(self, known: Known, name: str) -> None:
        self._by_natural.pop((known.scope, known.kind, known.natural), None)
        known.scope, known.natural, known.name = _INVENTORY, name, name
        self._by_natural[(_INVENTORY, EntityKind.DEVICE, name)] = known.id
        self._dirty[known.id] = None

    def _rename(self, known: Known, natural: str) -> None:
        self._by_natural.pop((known.scope, known.kind, known.natural), None)
        known.natural = natural
        self._by_natural[(known.scope, known.kind, natural)] = known.id
        self._dirty[known.id] = None

    def _record(self, known: Known) -> IdentityRecord:
        natural = known.natural
        if known.kind is EntityKind.DEVICE:
            natural = f"{known.scope}/{natural}"
        witnesses = known.witnesses
        if known.index:
            witnesses = (
                *(w for w in witnesses if w.kind is not WitnessKind.INDEX),
                Witness(WitnessKind.INDEX, known.index),
            )
        return IdentityRecord(
            known.id, known.kind, known.device, natural, known.name, witnesses, known.last_seen
        )

    def _restore(self, record: IdentityRecord) -> None:
        scope, natural = str(record.device), record.natural
        witnesses = record.witnesses
        index = next((w.value for w in witnesses if w.kind is WitnessKind.INDEX), "")
        if record.kind is EntityKind.DEVICE:
            scope, _, natural = record.natural.partition("/")
            witnesses = strong(witnesses)
            if scope == _MERGED:
                self._aliases[record.id] = EntityId(natural)
                return
            for witness in witnesses:
                self._owners.setdefault(witness, record.id)
        else:
            self._parts.setdefault((record.device, record.kind), {})[record.id] = None
        self._known[record.id] = Known(
            record.id,
            record.kind,
            record.device,
            scope,
            natural,
            record.name,
            witnesses,
            record.last_seen,
            index,
            saved=record.last_seen,
        )
        self._by_natural.setdefault((scope, record.kind, natural), record.id)
