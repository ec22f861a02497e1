"""Info families: one sample per entity of a kind, its facts as labels."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np

from netwatch.exposition.groups import Owners
from netwatch.exposition.labels import LabelBook, Paced, batches, pair
from netwatch.model import Entity, EntityId, EntityKind, Family, Snapshot

__all__ = ["InfoBook", "InfoRows"]


class InfoRows(NamedTuple):
    """The samples of one info family. Stays as it is."""

    family: Family
    heads: list[str]
    parts: list[str]
    tails: list[str]
    """Facts, each after a comma."""
    owners: Owners
    entities: list[Entity]
    version: int

    @property
    def texts(self) -> tuple[list[str], ...]:
        return self.heads, self.parts, self.tails


class InfoBook:
    """The text of facts by entity. Keeps what did not change from one snapshot to the next."""

    def __init__(self, families: Iterable[Family], book: LabelBook) -> None:
        self._families = tuple(families)
        self._book = book
        self._entities: Mapping[EntityId, Entity] | None = None
        self._rows: tuple[InfoRows, ...] = ()
        self._version = -1

    def plan(self, snapshot: Snapshot, numbers: Mapping[EntityId, int]) -> Paced[tuple[InfoRows, ...]]:
        """Of every info family, in the order of the catalogue; takes pauses. `numbers` are those of devices,
        as of the labels' present version."""
        entities, version = snapshot.entities, self._book.version
        if self._entities is entities and self._version == version:
            return self._rows
        kinds: dict[EntityKind, list[Entity]] = {family.entity: [] for family in self._families}
        for batch in batches(entities.values() if kinds else ()):
            for entity in batch:
                if (found := kinds.get(entity.kind)) is not None:
                    found.append(entity)
            yield
        before = {rows.family.name: rows for rows in self._rows}
        out: list[InfoRows] = []
        for family in self._families:
            old = before.get(family.name)
            kept, tails = yield from _tails(family, kinds[family.entity], entities, old)
            out.append((yield from self._rows_of(family, kept, tails, old, version, numbers)))
        self._entities, self._rows, self._version = entities, tuple(out), version
        return self._rows

    def _rows_of(
        self,
        family: Family,
        kept: list[Entity],
        tails: list[str],
        old: InfoRows | None,
        version: int,
        numbers: Mapping[EntityId, int],
    ) -> Paced[InfoRows]:
        if old is not None and old.version == version and _same(old.entities, kept):
            return old._replace(tails=tails, entities=kept)
        heads: list[str] = []
        parts: list[str] = []
        owners = array("i")
        devices, labels = self._book.devices, self._book.parts
        for batch in batches(kept):
            for entity in batch:
                device = devices.get(entity.device)
                heads.append("" if device is None else device.text)
                label = labels.get(entity.id)
                parts.append("" if label is None else label.text)
                owners.append(numbers.get(entity.device, -1))
            yield
        return InfoRows(family, heads, parts, tails, Owners(np.array(owners, dtype=np.int32)), kept, version)


def _same(before: list[Entity], after: list[Entity]) -> bool:
    """Whether the rows are of the same entities, whatever their facts."""
    if len(before) != len(after):
        return False
    return all(old.id == new.id for old, new in zip(before, after, strict=True) if old is not new)


def _tails(
    family: Family, entities: list[Entity], known: Mapping[EntityId, Entity], old: InfoRows | None
) -> Paced[tuple[list[Entity], list[str]]]:
    """Entities with a sample, and the text of their facts; that of the same entity object is kept. Entities
    stand in order of first sight, so both lists are walked once."""
    before: list[Entity] = [] if old is None else old.entities
    texts: list[str] = [] if old is None else old.tails
    kept: list[Entity] = []
    tails: list[str] = []
    place = 0
    for batch in batches(entities):
        for entity in batch:
            while place < len(before) and before[place] is not entity:
                stands = known.get(before[place].id)
                if stands is not None and stands.id != entity.id:
                    break  # this one is new, or had no facts; the old one comes later
                place += 1
            if place < len(before) and before[place] is entity:
                text: str | None = texts[place]
                place += 1
            else:
                text = _text(family, entity)
            if text is not None:
                kept.append(entity)
                tails.append(text)
        yield
    return kept, tails


def _text(family: Family, entity: Entity) -> str | None:
    told = [(name, entity.facts.get(name, "")) for name in family.facts]
    text = "".join([f",{pair(name, str(value))}" for name, value in told if value != ""])
    return text if text or entity.kind is EntityKind.DEVICE else None
