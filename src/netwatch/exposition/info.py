"""Info families: one sample per entity of a kind, its facts as labels."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.labels import Paced, batches, escape
from netwatch.model import Entity, EntityId, EntityKind, Family, Snapshot

__all__ = ["InfoBook", "InfoTexts"]

_BLOCK = 4096


class InfoTexts(NamedTuple):
    """The facts of all entities of one kind as text. Stays as it is."""

    family: Family
    members: list[Entity]
    ids: tuple[EntityId, ...]
    tails: list[str]
    """Facts, each after a comma."""
    told: NDArray[np.bool_]
    """Whether the entity has a sample: devices always do, others if they have any of the facts."""


class InfoBook:
    """Facts as text by entity. Keeps what did not change from one snapshot to the next."""

    def __init__(self, families: Iterable[Family]) -> None:
        self._families = tuple(families)
        self._entities: Mapping[EntityId, Entity] | None = None
        self._texts: tuple[InfoTexts, ...] = ()

    def plan(self, snapshot: Snapshot) -> Paced[tuple[InfoTexts, ...]]:
        """Of every info family, in the order of the catalogue; takes pauses."""
        entities = snapshot.entities
        if self._entities is entities:
            return self._texts
        kinds: dict[EntityKind, list[Entity]] = {family.entity: [] for family in self._families}
        for batch in batches(entities.values() if kinds else ()):
            for entity in batch:
                if (found := kinds.get(entity.kind)) is not None:
                    found.append(entity)
            yield
        before = {texts.family.name: texts for texts in self._texts}
        ids: dict[EntityKind, tuple[EntityId, ...]] = {}
        out: list[InfoTexts] = []
        for family in self._families:
            new = yield from _texts(family, kinds[family.entity], entities, before.get(family.name))
            # Families of one kind share the tuple.
            out.append(new._replace(ids=ids.setdefault(family.entity, new.ids)))
        self._entities, self._texts = entities, tuple(out)
        return self._texts


def _texts(
    family: Family, members: list[Entity], known: Mapping[EntityId, Entity], old: InfoTexts | None
) -> Paced[InfoTexts]:
    """The text of the same entity object is kept. Entities stand in order of first sight, so both lists are
    walked once, and where they are the same, in blocks."""
    before: list[Entity] = [] if old is None else old.members
    texts: list[str] = [] if old is None else old.tails
    tails: list[str] = []
    told: list[NDArray[np.bool_]] = []
    place = count = 0
    same = len(before) == len(members)
    while count < len(members):
        block = members[count : count + _BLOCK]
        if old is not None and before[place : place + _BLOCK] == block:
            tails += texts[place : place + len(block)]
            told.append(old.told[place : place + len(block)])
            same = same and place == count
            place += len(block)
        else:
            same = same and all(
                one.id == other.id for one, other in zip(before[count : count + _BLOCK], block, strict=True)
            )
            for entity in block:
                while place < len(before) and before[place] is not entity:
                    if before[place].id != entity.id and before[place].id in known:
                        break  # this entity is new; the old one comes later
                    place += 1
                if place < len(before) and before[place] is entity:
                    tails.append(texts[place])
                    place += 1
                else:
                    tails.append(_text(family, entity))
            told.append(np.array([_is_told(family, tail) for tail in tails[count:]], dtype=np.bool_))
        count += len(block)
        yield
    ids = old.ids if old is not None and same else tuple([entity.id for entity in members])
    return InfoTexts(family, members, ids, tails, np.concatenate([np.zeros(0, np.bool_), *told]))


def _is_told(family: Family, tail: str) -> bool:
    return bool(tail) or family.entity is EntityKind.DEVICE


def _text(family: Family, entity: Entity) -> str:
    get = entity.facts.get
    told = [f',{name}="{escape(str(fact))}"' for name in family.facts if (fact := get(name, "")) != ""]
    return "".join(told)
