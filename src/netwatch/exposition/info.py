"""Info families: one sample per entity of a kind, its facts as labels."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.groups import Copies, Pages
from netwatch.exposition.labels import Paced, batches, escape
from netwatch.model import Entity, EntityId, EntityKind, Family, Snapshot, differences

__all__ = ["InfoBook", "InfoTexts"]

_PACE = 100
"""Entities of which the facts are written between two pauses."""
_GAPS = 1000
"""Rows of entities that are gone, from which on it may be time to begin anew."""


class InfoTexts(NamedTuple):
    """The facts of all entities of one kind as text. Stays as it is."""

    family: Family
    ids: tuple[EntityId, ...]
    tails: Pages
    """Facts, each after a comma."""
    told: NDArray[np.bool_]
    """Whether the entity has a sample: devices always do, others if they have any of the facts."""


class InfoBook:
    """Facts as text by entity. Keeps what did not change from one snapshot to the next."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families: dict[EntityKind, list[Family]] = {}
        for family in families:
            self._families.setdefault(family.entity, []).append(family)
        self._entities: Mapping[EntityId, Entity] = {}
        self._sections: dict[EntityKind, _Section] = {}

    def plan(self, snapshot: Snapshot) -> Paced[tuple[InfoTexts, ...]]:
        """Of every info family, those of one kind side by side; takes pauses."""
        before, entities = self._entities, snapshot.entities
        sections = self._sections
        if before is not entities or not sections:
            if any(section.gaps > _GAPS + len(section.ids) // 2 for section in sections.values()):
                before, sections = {}, {}
            changed = yield from differences(before, entities)
            edits = {
                kind: _Edit(families, sections.get(kind) or _Section.empty(families))
                for kind, families in self._families.items()
            }
            for batch in batches(changed, _PACE):
                for key in batch:
                    old, new = before.get(key), entities.get(key)
                    if old is new:
                        continue
                    if old is not None and old.kind in edits and (new is None or new.kind is not old.kind):
                        edits[old.kind].drop(old)
                        old = None
                    if new is not None and new.kind in edits:
                        edits[new.kind].put(new, old)
                yield
            # Whoever was here during a pause is overtaken: all of this hangs on `before` alone.
            sections = {kind: edit.done() for kind, edit in edits.items()}
            self._entities, self._sections = entities, sections
        return tuple([texts for section in sections.values() for texts in section.texts])


@dataclass(frozen=True, slots=True)
class _Section:
    """All entities of a kind."""

    ids: tuple[EntityId, ...]
    rows: Mapping[EntityId, array[int]]
    """By device."""
    gaps: int
    """Rows of which the entity is gone."""
    texts: tuple[InfoTexts, ...]

    @classmethod
    def empty(cls, families: Iterable[Family]) -> _Section:
        return cls((), {}, 0, tuple(InfoTexts(one, (), [], np.zeros(0, np.bool_)) for one in families))


class _Edit:
    """A section that changes, while others may still read it as it was."""

    def __init__(self, families: Iterable[Family], section: _Section) -> None:
        self._families, self._section = tuple(families), section
        self._tails = [Copies(texts.tails) for texts in section.texts]
        self._told: list[dict[int, bool]] = [{} for _ in section.texts]
        self._new: list[EntityId] = []
        self._rows = dict(section.rows)
        self._own: set[EntityId] = set()
        self._gone = 0

    def put(self, entity: Entity, old: Entity | None) -> None:
        row = None if old is None else self._find(old)
        if row is None:
            row = len(self._section.ids) + len(self._new)
            self._new.append(entity.id)
            self._of(entity.device).append(row)
        elif old is not None and old.device != entity.device:
            self._of(old.device).remove(row)
            self._of(entity.device).append(row)
        for family, tails, told in zip(self._families, self._tails, self._told, strict=True):
            tail = _text(family, entity)
            tails.put(row, tail)
            told[row] = _is_told(family, tail)

    def drop(self, entity: Entity) -> None:
        row = self._find(entity)
        if row is None:
            return
        self._gone += 1
        self._of(entity.device).remove(row)
        if not self._of(entity.device):
            del self._rows[entity.device]
        for tails, told in zip(self._tails, self._told, strict=True):
            tails.put(row, "")
            told[row] = False

    def done(self) -> _Section:
        section = self._section
        ids = (*section.ids, *self._new) if self._new else section.ids
        texts: list[InfoTexts] = []
        for old, tails, changed in zip(section.texts, self._tails, self._told, strict=True):
            told = np.zeros(len(ids), np.bool_)
            told[: len(old.told)] = old.told
            told[list(changed)] = list(changed.values())
            same = not changed and old.ids is ids
            texts.append(old if same else InfoTexts(old.family, ids, tails.pages, told))
        return _Section(ids, self._rows, section.gaps + self._gone, tuple(texts))

    def _find(self, entity: Entity) -> int | None:
        known = len(self._section.ids)
        for row in self._rows.get(entity.device, ()):
            if (self._section.ids[row] if row < known else self._new[row - known]) == entity.id:
                return row
        return None

    def _of(self, device: EntityId) -> array[int]:
        if device not in self._own:
            self._own.add(device)
            self._rows[device] = array("i", self._rows.get(device, ()))
        return self._rows[device]


def _is_told(family: Family, tail: str) -> bool:
    return bool(tail) or family.entity is EntityKind.DEVICE


def _text(family: Family, entity: Entity) -> str:
    get = entity.facts.get
    told = [f',{name}="{escape(str(fact))}"' for name in family.facts if (fact := get(name, "")) != ""]
    return "".join(told)
