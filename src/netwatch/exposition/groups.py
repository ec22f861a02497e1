"""Label text by row: lists of pointers to shared texts, one set for all columns of the same series."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.labels import LabelBook, Paced, batches, pair
from netwatch.model import Column, Entity, EntityId, FamilyType, Snapshot

__all__ = ["Group", "Groups", "Owners", "Planned", "Rows", "tail_text"]

Rows = NDArray[np.int64]


class Owners:
    """The device of each row, by number; -1 where the entity is gone."""

    def __init__(self, numbers: NDArray[np.int32]) -> None:
        self.numbers = numbers
        self.whole = not bool((numbers < 0).any())
        """False if any entity is gone."""
        self._index: tuple[NDArray[np.int32], NDArray[np.int64]] | None = None

    def rows_of(self, devices: Sequence[int]) -> Rows:
        """Rows of some devices, ascending."""
        if self._index is None:
            order = np.argsort(self.numbers, kind="stable").astype(np.int32)
            last = int(self.numbers.max(initial=-1)) + 2
            self._index = order, np.searchsorted(self.numbers[order], np.arange(last))
        order, starts = self._index
        found = [order[starts[n] : starts[n + 1]] for n in devices if n < len(starts) - 1]
        return np.sort(np.concatenate(found)).astype(np.int64) if found else np.zeros(0, np.int64)

    def counts(self, devices: int) -> NDArray[np.int64]:
        """Rows by device."""
        known = self.numbers if self.whole else self.numbers[self.numbers >= 0]
        return np.bincount(known, minlength=devices).astype(np.int64)


class Group:
    """What all columns with the same `entities` have in common. The lists are replaced, never changed."""

    def __init__(self, entities: tuple[EntityId, ...]) -> None:
        self.entities = entities
        self.version = -1
        """Of the labels that the rest was made from."""
        self.heads: list[str] = []
        """Text of each row's device."""
        self.parts: list[str] = []
        """Text of each row's own label."""
        self.owners = Owners(np.zeros(0, np.int32))

    def fill(
        self, book: LabelBook, numbers: Mapping[EntityId, int], entities: Mapping[EntityId, Entity]
    ) -> Iterator[None]:
        """Makes the lists, with pauses. To be repeated if a pause saw the labels change."""
        version = book.version
        heads: list[str] = []
        parts: list[str] = []
        owners = array("i")
        devices, labels = book.devices, book.parts
        for batch in batches(self.entities):
            for key in batch:
                entity = entities.get(key)
                device = None if entity is None else devices.get(entity.device)
                if entity is None or device is None:
                    heads.append("")
                    parts.append("")
                    owners.append(-1)
                    continue
                heads.append(device.text)
                label = labels.get(key)
                parts.append("" if label is None else label.text)
                owners.append(numbers[entity.device])
            yield
        if version == book.version:
            self.heads, self.parts, self.version = heads, parts, version
            self.owners = Owners(np.array(owners, dtype=np.int32))


class Planned(NamedTuple):
    """A column with the label text of its rows. Stays as it is, whatever becomes of the labels."""

    column: Column
    texts: tuple[list[str], ...]
    """Lists whose items, one after the other, are the labels of each row."""
    owners: Owners


class Groups:
    """The groups of the snapshot that was seen last, and the texts of row labels."""

    def __init__(self, book: LabelBook) -> None:
        self._book = book
        self._groups: dict[int, tuple[tuple[EntityId, ...], Group]] = {}
        """By identity of the tuple of entities, which is held so that the identity stays its own."""
        self._tails: dict[str, tuple[tuple[tuple[str, ...], ...], list[str]]] = {}
        self._version = -1
        self.numbers: Mapping[EntityId, int] = {}
        """Devices, numbered from 0."""

    def plan(self, snapshot: Snapshot) -> Paced[list[Planned]]:
        """All columns of a snapshot that have samples of their own, with their texts; takes pauses."""
        yield from self._book.refresh(snapshot)
        columns = [c for c in snapshot.columns.values() if c.family.type is not FamilyType.INFO]
        groups = {id(column.entities): self._group(column.entities) for column in columns}
        tails: dict[str, list[str]] = {}
        for column in columns:
            if column.family.labels:
                tails[column.family.name] = yield from self._tail(column)
        version = -1
        while version != self._book.version:
            version = self._book.version
            if self._version != version:
                self.numbers = {device: number for number, device in enumerate(self._book.devices)}
                self._version = version
            for group in groups.values():
                if group.version != version:
                    yield from group.fill(self._book, self.numbers, snapshot.entities)
        self._groups = {id(c.entities): (c.entities, groups[id(c.entities)]) for c in columns}
        out: list[Planned] = []
        for column in columns:
            group = groups[id(column.entities)]
            texts: tuple[list[str], ...] = (group.heads, group.parts)
            if column.family.labels:
                texts = (*texts, tails[column.family.name])
            out.append(Planned(column, texts, group.owners))
        return out

    def _group(self, entities: tuple[EntityId, ...]) -> Group:
        found = self._groups.get(id(entities))
        if found is None:
            # Columns that were told apart may hold the same series nevertheless.
            same = (known for held, known in self._groups.values() if held == entities)
            found = self._groups[id(entities)] = entities, next(same, None) or Group(entities)
        return found[1]

    def _tail(self, column: Column) -> Paced[list[str]]:
        kept = self._tails.get(column.family.name)
        if kept is not None and kept[0] is column.labels:
            return kept[1]
        texts: list[str] = []
        shared: dict[tuple[str, ...], str] = {}
        for batch in batches(column.labels):
            for values in batch:
                text = shared.get(values)
                if text is None:
                    text = shared[values] = tail_text(column.family.labels, values)
                texts.append(text)
            yield
        self._tails[column.family.name] = column.labels, texts
        return texts


def tail_text(names: Sequence[str], values: Sequence[str]) -> str:
    """Row labels, each after a comma. A label without a value is the same as no label, and shorter."""
    return "".join([f",{pair(name, value)}" for name, value in zip(names, values, strict=False) if value])
