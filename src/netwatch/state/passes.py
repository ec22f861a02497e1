"""What one table of one source told last, and how often it was silent of what it told before."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from netwatch.model import Entity, EntityId, EntityKey, EntityKind, Seen
from netwatch.state.ledger import REWRITTEN
from netwatch.state.part_map import own_witnesses

__all__ = ["GONE_AFTER", "TablePass"]

GONE_AFTER = 3
"""Complete passes over its table that an entity must be missing from before it is forgotten."""

_HOT = 900.0, 3.5
"""Seconds and intervals. A table that is sighted again so soon is read at each poll: its rows are kept to be
compared. Those of a table that only discovery reads would lie there for a day."""

_NOTED = 3600.0
"""Seconds after which it is asked again whether the journal should learn of a sighting."""


_NEVER = float("-inf")
_NO_ROWS: Mapping[EntityKey, Seen] = MappingProxyType({})
_NOTHING: Mapping[EntityId, int] = MappingProxyType({})


class TablePass:
    """The last pass over one table."""

    __slots__ = ("_at", "_noted", "keys_version", "last", "missed", "present", "saved")

    def __init__(self) -> None:
        self._at = _NEVER
        self._noted = _NEVER
        self.saved: float | None = None
        """Wall seconds at which the journal learnt of the parts in it; None: not since the process runs."""
        self.keys_version = 0
        """Version of the source's keys at the end of the pass."""
        self.last = _NO_ROWS
        """Rows by key; empty for tables that are rarely read."""
        self.present: tuple[EntityId, ...] = ()
        """What the last pass told of."""
        self.missed = _NOTHING
        """Complete passes in a row that lacked something which had been there."""

    def holds(self, entity: EntityId) -> bool:
        return entity in self.missed or entity in self.present

    def members(self) -> set[EntityId]:
        return {*self.present, *self.missed}

    def changed(
        self,
        seen: Iterable[Seen],
        keys: Mapping[EntityKey, EntityId],
        entities: Mapping[EntityId, Entity],
        keys_version: int,
    ) -> list[Seen]:
        """The rows that differ from what is known, or hang on a key that means something else now."""
        last = self.last
        moved = keys_version != self.keys_version
        changed: list[Seen] = []
        for one in seen:
            before = last.get(one.key)
            if before is not None and one.key in keys:
                same = before is one or _is_same(before, one)
                if same and (not moved or _hangs_on(one, keys, entities)):
                    continue
            elif one.key.kind is not EntityKind.DEVICE and one.key in keys:
                known = entities.get(keys[one.key])
                if known is not None and _is_known(known, one) and _hangs_on(one, keys, entities):
                    continue
            changed.append(one)
        return changed

    def is_due(self, wall: float) -> bool:
        """True at times, when the journal should be asked whether it wants to know of the parts seen."""
        due = not 0 <= wall - self._noted < _NOTED
        if due:
            self._noted = wall
        return due

    def written(self, wall: float) -> None:
        """The journal was told of all parts, if that was due."""
        if self.saved is None or wall > self.saved + REWRITTEN:
            self.saved = wall

    def repeated(self, mono: float) -> None:
        """All was told again as it was."""
        self._at = mono

    def remember(self, seen: Sequence[Seen], complete: bool, mono: float, interval: float) -> None:
        hot = mono - self._at <= min(_HOT[0], _HOT[1] * interval)
        self._at = mono
        children = bool(seen) and seen[0].key.kind is EntityKind.DEVICE and seen[0].parent is not None
        if not hot and not children:  # a table of devices is read at each poll, and is dear to resolve
            self.last = _NO_ROWS
        else:
            now = {one.key: one for one in seen}
            self.last = now if complete else {**self.last, **now}

    def add(self, present: Iterable[EntityId]) -> None:
        """Takes in a part of the table."""
        self.present = tuple(dict.fromkeys([*self.present, *present]))
        here = set(self.present)
        self.missed = {e: times for e, times in self.missed.items() if e not in here} or _NOTHING

    def replace(
        self, present: Mapping[EntityId, None], entities: Mapping[EntityId, Entity]
    ) -> tuple[tuple[EntityId, ...], list[EntityId]]:
        """Takes in the whole table. Returns what it lacks, and what it lacked so often that it left."""
        missed = {
            entity: self.missed.get(entity, 0) + 1
            for entity in (*self.missed, *self.present)
            if entity not in present and entity in entities
        }
        self.present = tuple(present)
        self.missed = {e: times for e, times in missed.items() if times < GONE_AFTER} or _NOTHING
        return tuple(missed), [entity for entity in missed if entity not in self.missed]


def _is_same(before: Seen, one: Seen) -> bool:
    return (
        before.facts == one.facts
        and before.name == one.name
        and before.index == one.index
        and before.parent == one.parent
        and before.witnesses == one.witnesses
    )


def _hangs_on(one: Seen, keys: Mapping[EntityKey, EntityId], entities: Mapping[EntityId, Entity]) -> bool:
    """True if the parent that a row names is that which is known of it."""
    if one.key.kind is EntityKind.DEVICE:
        return True
    known = entities.get(keys[one.key])
    return known is not None and (one.parent is None or keys.get(one.parent) == known.parent)


def _is_known(entity: Entity, seen: Seen) -> bool:
    """True if a row tells of a part no more than what is known."""
    facts, told = entity.facts, seen.facts
    return (
        entity.index == seen.index
        and entity.name == seen.name
        and len(facts) == len(told)
        and all(facts.get(name) == fact for name, fact in told.items())
        and entity.witnesses == own_witnesses(seen.witnesses)
    )
