"""Who is who, for life: permanent ids for what sources name by keys that come and go.

A device is known by its entry in the inventory, else by strong witnesses (UUID, serial number, WWN, MAC
address) whoever reports it, else by the name that one source gives it. What belongs to a device (ports,
radios, volumes) is known by its natural key within the device: see `part_map`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from netwatch.model import (
    EntityId,
    EntityKind,
    IdentityJournal,
    IdentityRecord,
    PagedJournal,
    Seen,
    Witness,
    WitnessKind,
)
from netwatch.state.entity_table import EntityTable
from netwatch.state.ledger import REWRITTEN, AssetLedger
from netwatch.state.part_map import PartMap
from netwatch.state.witnesses import STRONG, strong

__all__ = ["Conflict", "IdentityMap", "Known"]

_INVENTORY = "inventory"
_MERGED = "merged"

_BATCH = 10_000
"""Records that are written at a time: those of half a million ports at once would take half a gigabyte."""


class Conflict(NamedTuple):
    """Two devices of the inventory that one witness calls the same thing."""

    witness: Witness
    first: EntityId
    second: EntityId


@dataclass(slots=True)
class Known:
    """One device of the identity map."""

    id: EntityId
    scope: str
    """Who gives the natural key: `inventory` or a source's id."""
    natural: str
    name: str
    witnesses: tuple[Witness, ...]
    last_seen: float
    """Wall seconds."""
    index: str = ""
    declared: frozenset[Witness] = field(default_factory=frozenset)
    """What the inventory says; never released because the device tells something else."""
    saved: float = 0.0
    own: bool = False
    """True once it told of itself."""

    @property
    def anchored(self) -> bool:
        return self.scope == _INVENTORY


class IdentityMap:
    """Resolves what sources tell to permanent ids. Not thread-safe; belongs to the state."""

    def __init__(self, journal: IdentityJournal, new_id: Callable[[], EntityId]) -> None:
        self._journal = journal
        self._new_id = new_id
        self.entities = EntityTable()
        """What is there now: filled and emptied by the directory."""
        self.parts = PartMap(new_id, self.entities)
        self._known: dict[EntityId, Known] = {}
        self._by_natural: dict[tuple[str, str], EntityId] = {}
        self._owners: dict[Witness, EntityId] = {}
        self._shared: set[Witness] = set()
        """Witnesses that two things showed at once: a placeholder that nobody listed yet, or an address that
        the members of a pair pass on among them."""
        self._aliases: dict[EntityId, EntityId] = {}
        self._dirty: dict[EntityId, None] = {}
        self._conflicts: dict[Witness, Conflict] = {}
        self._merged: list[EntityId] = []
        self._released: list[EntityId] = []
        self._listed: set[EntityId] = set()
        """Entries that the inventory which is being read holds."""
        self._current: frozenset[EntityId] = frozenset()
        """Entries of the inventory that was read last."""
        self._resumes: dict[EntityId, EntityId] = {}
        """Entries that turned out to be what an entry of the past was."""
        for record in journal.devices() if isinstance(journal, PagedJournal) else journal.load():
            self._restore(record)
        if isinstance(journal, PagedJournal):
            self.parts.read_later(journal.pages())
        for gone in self._aliases:
            self.parts.adopt(gone, self.current(gone))
        self.ledger = AssetLedger(journal, self.current)

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

    def take_released(self) -> list[EntityId]:
        """Devices that lost a witness since the last call."""
        released, self._released = self._released, []
        return released

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """Entries of the inventory that seem to be one device."""
        return tuple(self._conflicts.values())

    def flush(self) -> int:
        """Writes what changed since the last time to the journal. Returns how much that was."""
        count = 0
        for records in self.unwritten(_BATCH):
            self._journal.save(records)
            count += len(records)
        return count

    def unwritten(self, most: int) -> Iterator[list[IdentityRecord]]:
        """What changed since the last time, in batches of about `most`. It is handed out once: whoever takes
        it brings it to the journal."""
        devices = [self._record(self._known[entity]) for entity in self._dirty if entity in self._known]
        merged = [
            IdentityRecord(old, EntityKind.DEVICE, old, f"{_MERGED}/{self._aliases[old]}", "", (), 0.0)
            for old in self._dirty
            if old in self._aliases
        ]
        self._dirty.clear()
        records = [*devices, *merged, *self.parts.take_records(max(0, most - len(devices)))]
        if records:
            yield records
        for record in devices:
            if record.id in self._known:
                self._known[record.id].saved = record.last_seen
        self.ledger.flush()
        while records := self.parts.take_records(most):
            yield records

    def inventory_device(self, name: str, declared: Iterable[Witness]) -> EntityId:
        """The id of an entry of the inventory. An entity that its declared witnesses already name becomes the
        entry: an access point that a controller reported before somebody entered it keeps its history, and
        so does an entry that was given another name."""
        declared = tuple(declared)
        found = self._by_natural.get((_INVENTORY, name))
        before = None if found is None else self._resumes.pop(found, None)
        if found is not None and before is not None and before in self._known:
            self._merge(self._known[found], self._known[before])
            self._anchor(self._known[before], name)
            found = before
        if found is None:
            owners = [self._owners[witness] for witness in declared if witness in self._owners]
            free = [e for e in owners if not self._known[e].anchored or e not in self._listed]
            found = free[0] if free else None
            if found is not None:
                self._anchor(self._known[found], name)
        if found is None:
            found = self._make(_INVENTORY, name, name)
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
        self._current = frozenset(self._listed)
        self._listed.clear()
        stale = [w for w, c in self._conflicts.items() if not {c.first, c.second} <= self._current]
        for witness in stale:
            del self._conflicts[witness]

    def owns(self, device: EntityId, witness: Witness) -> bool:
        """True if a witness proves that device, and no other one."""
        return self._owners.get(witness) == device

    def root(self, source: EntityId, seen: Seen, wall: float) -> None:
        """A polled device told of itself. Its strong witnesses are its own from now on; kinds that it tells
        replace what it told before: a chassis swap leaves the function and brings another serial number."""
        known = self._known[source]
        told = self._told(seen)
        self._replace(known, told)
        for witness in told:
            owner = self._owners.get(witness)
            rival = None if owner in (None, source) else self._known[owner or source]
            serial = witness.kind is WitnessKind.SERIAL
            if rival and serial and rival.own and self._differ(rival, told, WitnessKind.MAC, witness):
                self._distrust(witness)  # two bridges of one serial number
            elif rival is not None and rival.anchored and not self._is_listed(rival.id):
                if known.last_seen == 0.0 and not self._differ(rival, told, WitnessKind.SERIAL, witness):
                    self._resumes[source] = rival.id
                self._release(rival, witness)
                self._claim(known, witness)
            else:
                self._claim(known, witness)
        known.own = True
        self._sight(known, seen.name or known.name, seen.index, wall)

    def distrust_shared(self, seen: Iterable[Seen], others: Collection[EntityId] = ()) -> None:
        """Strong witnesses that two devices of one observation show are nobody's from now on. `others` are
        devices that the observation holds as well, unchanged."""
        first: dict[Witness, str] = {}
        for one in seen:
            for witness in strong(one.witnesses):
                another = first.setdefault(witness, one.key.natural) != one.key.natural
                if another or (others and self._owners.get(witness) in others):
                    self._distrust(witness)

    def child(self, source: EntityId, seen: Seen, wall: float) -> EntityId:
        """The id of a device that `source` reports: an access point, a virtual machine."""
        told = self._told(seen)
        owner = next((o for w in told if (o := self._proven_by(w, told)) is not None), None)
        key = (source, seen.key.natural)
        named = self._by_natural.get(key)
        if owner is not None and named is not None and named != owner:
            rival = self._known[named]
            if not rival.witnesses and not rival.anchored:
                self._merge(rival, self._known[owner])
        elif owner is None and named is not None and not self._other_thing(self._known[named], seen, told):
            owner = named
        if owner is None:
            owner = self._make(source, seen.key.natural, seen.name)
        known = self._known[owner]
        self._by_natural[key] = owner
        self._replace(known, told)
        for witness in told:
            self._claim(known, witness)
        self._sight(known, seen.name, seen.index, wall)
        return owner

    # -- keeping the books

    @staticmethod
    def _other_thing(known: Known, seen: Seen, told: list[Witness]) -> bool:
        """True if a known name now is another thing's: a UUID never changes, a row number is reused."""
        had = {witness.kind: witness for witness in known.witnesses}
        differing = {w.kind for w in told if w.kind in had and had[w.kind] != w}
        return WitnessKind.UUID in differing or (bool(differing) and seen.key.natural == seen.index)

    def _told(self, seen: Seen) -> list[Witness]:
        return [witness for witness in strong(seen.witnesses) if witness not in self._shared]

    def _is_listed(self, device: EntityId) -> bool:
        return device in self._current or device in self._listed

    def _proven_by(self, witness: Witness, told: Collection[Witness]) -> EntityId | None:
        """The device that a witness names, unless a better one denies it."""
        owner = self._owners.get(witness)
        if owner is None or self._told_apart(self._known[owner], told, witness):
            return None
        return owner

    def _told_apart(self, known: Known, told: Iterable[Witness], witness: Witness) -> bool:
        better = STRONG[: STRONG.index(witness.kind)]
        return any(self._differ(known, told, kind, witness) for kind in better)

    @staticmethod
    def _differ(known: Known, told: Iterable[Witness], kind: WitnessKind, but: Witness) -> bool:
        """True if both show witnesses of that kind and have none in common. `but` proves nothing here."""
        had = {w.value for w in known.witnesses if w.kind is kind and w != but}
        now = {w.value for w in told if w.kind is kind and w != but}
        return bool(had) and bool(now) and had.isdisjoint(now)

    def _make(self, scope: str, natural: str, name: str) -> EntityId:
        entity = self._new_id()
        self._known[entity] = Known(entity, scope, natural, name, (), 0.0)
        self._by_natural[(scope, natural)] = entity
        self._dirty[entity] = None
        return entity

    def _sight(self, known: Known, name: str, index: str, wall: float) -> None:
        if (name and known.name != name and not known.anchored) or wall > known.saved + REWRITTEN:
            self._dirty[known.id] = None
        if name and not known.anchored:
            known.name = name
        known.index = index or known.index
        known.last_seen = wall

    def _replace(self, known: Known, told: Collection[Witness]) -> None:
        """Kinds that are told now replace what was known of them."""
        kinds = {witness.kind for witness in told}
        for witness in known.witnesses:
            if witness.kind in kinds and witness not in told and witness not in known.declared:
                self._release(known, witness)

    def _claim(self, known: Known, witness: Witness) -> None:
        owner = self._owners.get(witness)
        if owner == known.id and witness in known.witnesses:
            return
        if witness in self._shared:
            return
        if owner is not None and owner != known.id:
            rival = self._known[owner]
            if self._told_apart(rival, known.witnesses, witness):
                # A pair shares a virtual address, or a clone kept that of its template.
                self._distrust(witness)
                return
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

    def _distrust(self, witness: Witness) -> None:
        self._shared.add(witness)
        owner = self._owners.get(witness)
        if owner is not None:
            self._release(self._known[owner], witness)

    def _release(self, known: Known, witness: Witness) -> None:
        if self._owners.get(witness) == known.id:
            del self._owners[witness]
        self._conflicts.pop(witness, None)
        known.witnesses = tuple(w for w in known.witnesses if w != witness)
        self._dirty[known.id] = None
        self._released.append(known.id)

    def _merge(self, gone: Known, heir: Known) -> None:
        """`gone` turned out to be `heir`."""
        self._aliases[gone.id] = heir.id
        for witness in gone.witnesses:
            if self._owners.get(witness) == gone.id:
                self._owners[witness] = heir.id
                heir.witnesses = strong((*heir.witnesses, witness))
        for key in [key for key, entity in self._by_natural.items() if entity == gone.id]:
            self._by_natural[key] = heir.id
        self.ledger.adopt(gone.id, heir.id)
        self._merged += [gone.id, *self.parts.adopt(gone.id, heir.id)]
        del self._known[gone.id]
        self._dirty[gone.id] = None
        self._dirty[heir.id] = None

    def _anchor(self, known: Known, name: str) -> None:
        self._by_natural.pop((known.scope, known.natural), None)
        known.scope, known.natural, known.name = _INVENTORY, name, name
        self._by_natural[(_INVENTORY, name)] = known.id
        self._dirty[known.id] = None

    @staticmethod
    def _record(known: Known) -> IdentityRecord:
        witnesses = known.witnesses
        if known.index:
            witnesses = (*witnesses, Witness(WitnessKind.INDEX, known.index))
        natural = f"{known.scope}/{known.natural}"
        return IdentityRecord(
            known.id, EntityKind.DEVICE, known.id, natural, known.name, witnesses, known.last_seen
        )

    def _restore(self, record: IdentityRecord) -> None:
        if record.kind is not EntityKind.DEVICE:
            self.parts.restore(record)
            return
        scope, _, natural = record.natural.partition("/")
        if scope == _MERGED:
            self._aliases[record.id] = EntityId(natural)
            return
        index = next((w.value for w in record.witnesses if w.kind is WitnessKind.INDEX), "")
        witnesses = strong(record.witnesses)
        for witness in witnesses:
            self._owners.setdefault(witness, record.id)
        self._known[record.id] = Known(
            record.id,
            scope,
            natural,
            record.name,
            witnesses,
            record.last_seen,
            index,
            saved=record.last_seen,
        )
        self._by_natural.setdefault((scope, natural), record.id)
