"""Permanent ids of what belongs to a device: ports, radios, volumes, modules, sensors.

What the directory has now is not kept here a second time: half a million ports would be. This room remembers
which id a natural key stands for, and all that went or is only known from the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from sys import intern
from types import MappingProxyType

from netwatch.model import Entity, EntityId, EntityKind, Fact, IdentityRecord, Seen, Witness, WitnessKind
from netwatch.state.ledger import REWRITTEN
from netwatch.state.parts import Part, is_row_number, match_parts

__all__ = ["PartMap", "own_witnesses"]

_SAID_ELSEWHERE = (WitnessKind.INDEX, WitnessKind.NAME, WitnessKind.ALIAS)
"""Weak, and already in the fields of the entity."""

_BY_ROW = frozenset(
    {
        EntityKind.INTERFACE,
        EntityKind.MODULE,
        EntityKind.SENSOR,
        EntityKind.PROCESSOR,
        EntityKind.MEMORY,
        EntityKind.VOLUME,
        EntityKind.POOL,
        EntityKind.DISK,
        EntityKind.TRANSCEIVER,
    }
)
"""Kinds whose row numbers mean nothing. The number of a VLAN is the VLAN."""

_FACTS = {WitnessKind.NAME: "descr", WitnessKind.ALIAS: "alias"}
"""What the journal calls them."""
_SORTS = ("type", "class", "band")
_NO_FACTS: Mapping[str, Fact] = MappingProxyType({})


def own_witnesses(witnesses: tuple[Witness, ...]) -> tuple[Witness, ...]:
    """What is worth keeping beside natural key, name and index."""
    for kind, _ in witnesses:
        if kind not in _SAID_ELSEWHERE:
            return tuple([witness for witness in witnesses if witness[0] not in _SAID_ELSEWHERE])
    return ()


class PartMap:
    """Resolves natural keys of parts to permanent ids."""

    def __init__(self, new_id: Callable[[], EntityId], present: Mapping[EntityId, Entity]) -> None:
        self._new_id = new_id
        self._present = present
        """The directory's."""
        self._ids: dict[EntityId, dict[EntityKind, dict[str, EntityId]]] = {}
        self._unread: dict[EntityId, Callable[[], Iterable[IdentityRecord]]] = {}
        """What the journal knows of devices that nobody asked for so far."""
        self._away: dict[EntityId, Entity] = {}
        """Parts that the directory does not have."""
        self._last_seen: dict[EntityId, float] = {}
        """Wall seconds, of those away."""
        self._table: dict[EntityId, str] = {}
        """Which table told of a part, of those that only the journal knows so far."""
        self._dirty: dict[EntityId, tuple[float, str]] = {}
        """What the journal has to learn, with the wall seconds of the last sighting and the table."""
        self._last_stamp = 0.0, ""
        self._restored: dict[EntityId, float] = {}
        """By device: the last sighting of a part that the journal told of."""

    def of(self, device: EntityId) -> Iterator[EntityId]:
        """Every part of a device that was ever seen."""
        for ids in self._known(device).values():
            yield from ids.values()

    def part(
        self, device: EntityId, kind: EntityKind, natural: str, wall: float, table: str = ""
    ) -> EntityId:
        """The id of what a natural key stands for, made at first sight."""
        ids = self._known(device).setdefault(kind, {})
        found = ids.get(natural)
        if found is None:
            found = ids[natural] = self._new_id()
            self._dirty[found] = self._stamp(wall, table)
        return found

    def parts(
        self, device: EntityId, kind: EntityKind, seen: Sequence[Seen], wall: float, table: str
    ) -> list[EntityId]:
        """The same of the rows of one kind."""
        ids = self._known(device).setdefault(kind, {})
        found = [ids.get(one.key.natural) for one in seen]
        return [
            self.part(device, kind, one.key.natural, wall, table) if entity is None else entity
            for entity, one in zip(found, seen, strict=True)
        ]

    def unsettled(self, device: EntityId, kind: EntityKind, seen: Sequence[Seen]) -> bool:
        """True if natural keys alone don't tell who is who."""
        ids = self._known(device).get(kind)
        if not ids:
            return False
        return any(self._doubtful(ids.get(one.key.natural), one) for one in seen)

    def rematch(
        self,
        device: EntityId,
        kind: EntityKind,
        seen: Sequence[Seen],
        told: Collection[EntityId],
        table: str,
    ) -> None:
        """Gives natural keys to the ids that they stand for from now on. `seen` is all that one table tells
        of a kind on a device; `told` what it told before. What another table tells of is not missing
        because this one is silent of it, and of what is gone only a strong witness tells."""
        ids = self._known(device)[kind]
        naturals = {one.key.natural for one in seen}
        known: list[tuple[EntityId, Part]] = []
        for natural, entity in ids.items():
            here = self._present.get(entity)
            if entity in told or here is None or natural in naturals:
                same = entity in told if here is not None else self._table.get(entity) == table
                part = _part_before(natural, here or self._away.get(entity), same)
                known.append((entity, replace(part, gone=here is None and not same)))
        found = match_parts([part for _, part in known], [_part_now(one) for one in seen])
        assigned = {seen[at].key.natural: known[was][0] for at, was in found.items()}
        heirs = set(assigned.values())
        for natural, entity in list(ids.items()):
            if assigned.get(natural) == entity:
                continue
            if entity in heirs:
                del ids[natural]
            elif natural in naturals:  # another part took its key
                del ids[natural]
                ids[_key_of_gone(natural, entity)] = entity
                self._dirty.setdefault(entity, (self._last_seen.get(entity, 0.0), ""))
        ids.update(assigned)

    def forget_away(self, entity: Entity) -> Entity | None:
        """The part is in the directory now; what was known of it before."""
        self._last_seen.pop(entity.id, None)
        self._table.pop(entity.id, None)
        return self._away.pop(entity.id, None)

    def changed(self, entity: EntityId, wall: float, table: str) -> None:
        """The journal has to learn of it."""
        self._dirty[entity] = self._stamp(wall, table)

    def sighted(
        self, device: EntityId, parts: Collection[EntityId], saved: float | None, wall: float, table: str
    ) -> None:
        """A table told of these parts: once a day that is worth writing down. `saved`: when that was done
        last; None if not since the process runs."""
        since = self._restored.get(device) if saved is None else saved
        if since is not None and wall > since + REWRITTEN:
            self._dirty.update(dict.fromkeys(parts, (wall, table)))

    def retire(self, entity: Entity, wall: float) -> None:
        """The directory has the part no more."""
        natural = self._key_of(entity)
        if self._known(entity.device).get(entity.kind, {}).get(natural) == entity.id:
            self._keep(entity, entity.device, natural)
            self._last_seen[entity.id] = wall
            self._dirty[entity.id] = wall, ""

    def adopt(self, gone: EntityId, heir: EntityId) -> list[EntityId]:
        """What belonged to a merged device belongs to its heir, unless the heir has it already. Returns the
        parts that the merged device had."""
        parts: list[EntityId] = []
        self._known(gone)
        for kind, ids in self._ids.pop(gone).items():
            own = self._known(heir).setdefault(kind, {})
            parts += ids.values()
            for natural, entity in ids.items():
                known = self._away.pop(entity, None) or self._present.get(entity)
                if own.setdefault(natural, entity) != entity or known is None:
                    self._dirty.pop(entity, None)
                    continue
                self._keep(known, heir, natural)
                self._dirty.setdefault(entity, (self._last_seen.get(entity, 0.0), ""))
        return parts

    def _keep(self, part: Entity, device: EntityId, natural: str) -> None:
        facts = {name: part.facts[name] for name in ("alias", "descr", *_SORTS) if name in part.facts}
        self._away[part.id] = Entity(
            part.id, part.kind, device, None, natural, part.index, part.name, facts, part.witnesses
        )

    # -- journal

    def take_records(self, most: int) -> list[IdentityRecord]:
        """What the journal has to learn, at most so many at a time; empty if that is all."""
        records: list[IdentityRecord] = []
        while self._dirty and len(records) < most:
            entity, (wall, table) = self._dirty.popitem()
            part = self._away.get(entity) or self._present.get(entity)
            if part is not None:
                records.append(self._record(part, wall, table))
        if not self._dirty:
            self._dirty = {}  # the emptied one still holds the memory of half a million entries
        return records

    def restore(self, record: IdentityRecord) -> None:
        """A part as the journal knows it."""
        table = index = ""
        facts, proofs = _NO_FACTS, record.witnesses
        if proofs:
            proofs = own_witnesses(proofs)
            said = {kind: value for kind, value in record.witnesses if kind in _SAID_ELSEWHERE}
            table, _, index = said.pop(WitnessKind.INDEX, "").rpartition(" ")
            facts = {_FACTS[kind]: text for kind, text in said.items()} or _NO_FACTS
        ids = self._known(record.device).setdefault(record.kind, {})
        natural = intern(record.natural)  # ten thousand switches name their ports alike
        if ids.setdefault(natural, record.id) != record.id:
            return
        self._away[record.id] = Entity(
            record.id,
            record.kind,
            record.device,
            None,
            natural,
            index,
            record.name,
            facts,
            proofs,
        )
        self._last_seen[record.id] = record.last_seen
        if table:
            self._table[record.id] = intern(table)
        self._restored[record.device] = max(record.last_seen, self._restored.get(record.device, 0.0))

    def read_later(self, pages: Mapping[EntityId, Callable[[], Iterable[IdentityRecord]]]) -> None:
        """What the journal knows by device, to be restored when the device is asked for: half a million parts
        would hold a start up, and most of them are told of again, one device after the other."""
        self._unread.update(pages)

    # -- inside

    def _known(self, device: EntityId) -> dict[EntityKind, dict[str, EntityId]]:
        """Ids by kind and natural key."""
        found = self._ids.get(device)
        if found is None:
            found = self._ids[device] = {}
            read = self._unread.pop(device, None)
            for record in () if read is None else read():
                self.restore(record)
        return found

    def _doubtful(self, entity: EntityId | None, one: Seen) -> bool:
        if entity is None:
            return True
        known = self._away.get(entity) or self._present.get(entity)
        if known is None:
            return False
        if known.witnesses != own_witnesses(one.witnesses):
            return True
        return known.name != one.name and _is_by_row(one)

    def _record(self, part: Entity, wall: float, table: str) -> IdentityRecord:
        witnesses = list(part.witnesses)
        if (descr := _text(part.facts, "descr")) not in ("", part.natural):
            witnesses.append(Witness(WitnessKind.NAME, descr))
        if alias := _text(part.facts, "alias"):
            witnesses.append(Witness(WitnessKind.ALIAS, alias))
        if part.index and table:
            witnesses.append(Witness(WitnessKind.INDEX, f"{table} {part.index}"))
        natural = self._key_of(part)
        return IdentityRecord(part.id, part.kind, part.device, natural, part.name, tuple(witnesses), wall)

    def _stamp(self, wall: float, table: str) -> tuple[float, str]:
        """One object for all parts of a pass."""
        if self._last_stamp != (wall, table):
            self._last_stamp = wall, table
        return self._last_stamp

    def _key_of(self, part: Entity) -> str:
        gone = _key_of_gone(part.natural, part.id)
        ids = self._known(part.device).get(part.kind, {})
        return gone if ids.get(gone) == part.id else part.natural


def _key_of_gone(natural: str, entity: EntityId) -> str:
    return f"{natural}#{entity}"


def _is_by_row(one: Seen) -> bool:
    return one.key.kind in _BY_ROW and is_row_number(one.key.natural, one.index)


def _text(facts: Mapping[str, Fact], *names: str) -> str:
    return next((str(facts[name]) for name in names if facts.get(name) not in (None, "")), "")


def _part_now(one: Seen) -> Part:
    facts, kind = one.facts, one.key.kind
    return Part(
        one.key.natural,
        one.index,
        one.witnesses,
        one.name or one.key.natural,
        _text(facts, "descr") or one.key.natural,
        _text(facts, "alias"),
        _text(facts, *_SORTS),
        _is_by_row(one),
        kind is EntityKind.INTERFACE,
    )


def _part_before(natural: str, known: Entity | None, same_table: bool) -> Part:
    if known is None:
        return Part(natural, "", ())
    if not same_table:
        return Part(natural, "", known.witnesses)
    facts = known.facts
    return Part(
        natural,
        known.index,
        known.witnesses,
        known.name,
        _text(facts, "descr") or natural,
        _text(facts, "alias"),
        _text(facts, *_SORTS),
        known.kind in _BY_ROW and is_row_number(natural, known.index),
        known.kind is EntityKind.INTERFACE,
    )
