"""Label text by row: lists of pointers to shared texts, one set for all columns of the same series."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.exposition.labels import LabelBook, Paced, batches, pair
from netwatch.model import Column, Entity, EntityId, FamilyType, Snapshot

__all__ = ["PAGE", "Copies", "Groups", "Owners", "Pages", "Planned", "Rows", "Texts", "by_page", "tail_text"]

Rows = NDArray[np.int64]

Pages = list[list[str]]
"""Texts by row, in lists of `PAGE`: what changes costs a page, not all."""
PAGE = 4096
_BLOCK = 4096


def by_page(rows: Rows) -> Iterator[tuple[int, Rows]]:
    """(page, rows within it) of ascending rows."""
    if not len(rows):
        return
    first, last = int(rows[0]) // PAGE, int(rows[-1]) // PAGE
    ends = np.searchsorted(rows, np.arange(first + 1, last + 2) * PAGE).tolist()
    start = 0
    for page, end in enumerate(ends, first):
        if end > start:
            yield page, rows[start:end] - page * PAGE
            start = end


class Copies:
    """Pages to be changed, of which others hold the originals."""

    def __init__(self, pages: Pages) -> None:
        self.pages = list(pages)
        self._own: set[int] = set()

    def put(self, row: int, text: str) -> None:
        """`row`: one that is there, or the next one."""
        number, place = divmod(row, PAGE)
        if number not in self._own:
            self._own.add(number)
            if number == len(self.pages):
                self.pages.append([])
            self.pages[number] = list(self.pages[number])
        page = self.pages[number]
        if place == len(page):
            page.append(text)
        else:
            page[place] = text


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

    def rows_among(self, devices: Collection[int]) -> Rows:
        """Rows of some devices, and those whose entity is gone, ascending."""
        among = np.zeros(max(int(self.numbers.max(initial=0)), *devices, 0) + 2, dtype=np.bool_)
        among[list(devices)] = True
        among[-1] = True  # number -1
        return np.flatnonzero(among[self.numbers])

    def counts(self, devices: int) -> NDArray[np.int64]:
        """Rows by device."""
        known = self.numbers if self.whole else self.numbers[self.numbers >= 0]
        return np.bincount(known, minlength=devices).astype(np.int64)


class Texts(NamedTuple):
    """Label text of rows with the same `entities`. Replaced as a whole, never changed."""

    heads: Pages
    """Of each row's device."""
    parts: Pages
    """Of each row's own label."""
    owners: Owners


class _Group:
    """What all columns with the same `entities` have in common."""

    def __init__(self, entities: tuple[EntityId, ...], like: Iterable[_Group] = ()) -> None:
        """`like`: groups that may begin with the same entities."""
        self.entities = entities
        self.version = -1
        """Of the labels that the texts were made from."""
        self.texts = Texts([], [], Owners(np.zeros(0, np.int32)))
        self._done = 0
        """Rows of which the texts are there."""
        for other in like:
            same = min(_common(entities, other.entities), other._done)
            if same > self._done:
                heads, parts, owners = other.texts
                self.texts = Texts(_first(heads, same), _first(parts, same), Owners(owners.numbers[:same]))
                self.version, self._done = other.version, same

    def is_ready(self, version: int) -> bool:
        return self.version == version and self._done == len(self.entities)

    def fill(self, book: LabelBook, entities: Mapping[EntityId, Entity]) -> Iterator[None]:
        """Makes the texts, with pauses. To be repeated if a pause saw the labels change."""
        version, size = book.version, len(self.entities)
        done = self._done if self.version >= book.since else 0
        owners = self.texts.owners
        again: Rows = np.zeros(0, np.int64)
        if done and self.version != version:
            again = owners.rows_among(book.changes(self.version))
            again = again[again < done]
        numbers = np.empty(size, np.int32)
        numbers[:done] = owners.numbers[:done]
        heads, parts = Copies(_first(self.texts.heads, done)), Copies(_first(self.texts.parts, done))
        for some in batches(chain(again.tolist(), range(done, size))):
            rows = [_row(self.entities[row], book, entities) for row in some]
            numbers[some] = [number for _, _, number in rows]
            for row, (head, part, _) in zip(some, rows, strict=True):
                heads.put(row, head)
                parts.put(row, part)
            yield
        if version == book.version:
            if size != len(owners.numbers) or not np.array_equal(numbers, owners.numbers):
                owners = Owners(numbers)
            self.texts = Texts(heads.pages, parts.pages, owners)
            self.version, self._done = version, size


def _first(pages: Pages, size: int) -> Pages:
    """Pages of the first `size` rows."""
    out = pages[: -(-size // PAGE)]
    if size % PAGE and len(out[-1]) != size % PAGE:
        out[-1] = out[-1][: size % PAGE]
    return out


def _row(key: EntityId, book: LabelBook, entities: Mapping[EntityId, Entity]) -> tuple[str, str, int]:
    entity = entities.get(key)
    device = None if entity is None else book.devices.get(entity.device)
    if entity is None or device is None:
        return "", "", -1
    part = book.parts.get(key)
    return device.text, "" if part is None else part.text, book.numbers[entity.device]


def _common(one: tuple[EntityId, ...], other: tuple[EntityId, ...]) -> int:
    """How many entities both begin with, to the nearest block below; the end counts as one."""
    if one == other:
        return len(one)
    same, shortest = 0, min(len(one), len(other))
    while same < shortest:
        size = min(_BLOCK, shortest - same)
        if one[same : same + size] != other[same : same + size]:
            break
        same += size
    return same


class Planned(NamedTuple):
    """A column with the label text of its rows. Stays as it is, whatever becomes of the labels."""

    column: Column
    texts: tuple[Pages, ...]
    """Texts that, one after the other, are the labels of each row."""
    owners: Owners


class Groups:
    """The groups of the snapshot that was seen last, and the texts of row labels."""

    def __init__(self, book: LabelBook) -> None:
        self._book = book
        self._groups: dict[int, _Group] = {}
        """By identity of the tuple of entities, which the group holds."""
        self._aliases: dict[int, tuple[EntityId, ...]] = {}
        """Other tuples of the same entities, held so that their identity stays their own."""
        self._tails: dict[str, tuple[tuple[tuple[str, ...], ...], Pages]] = {}

    def plan(
        self, snapshot: Snapshot, more: Sequence[tuple[EntityId, ...]]
    ) -> Paced[tuple[list[Planned], list[Texts]]]:
        """All columns of a snapshot that have samples of their own, and the label text of `more` entities;
        takes pauses."""
        yield from self._book.refresh(snapshot)
        columns = [c for c in snapshot.columns.values() if c.family.type is not FamilyType.INFO]
        tuples = [*(column.entities for column in columns), *more]
        groups = {id(entities): self._group(entities) for entities in tuples}
        tails: dict[str, Pages] = {}
        for column in columns:
            if column.family.labels:
                tails[column.family.name] = yield from self._tail(column)
        version = -1
        while version != self._book.version:
            version = self._book.version
            for group in groups.values():
                if not group.is_ready(version):
                    yield from group.fill(self._book, snapshot.entities)
        self._groups, self._aliases = groups, {id(entities): entities for entities in tuples}
        out: list[Planned] = []
        for column in columns:
            heads, parts, owners = groups[id(column.entities)].texts
            tail = (tails[column.family.name],) if column.family.labels else ()
            out.append(Planned(column, (heads, parts, *tail), owners))
        return out, [groups[id(entities)].texts for entities in more]

    def _group(self, entities: tuple[EntityId, ...]) -> _Group:
        found = self._groups.get(id(entities))
        if found is None:
            # Columns that were told apart may hold the same series nevertheless.
            distinct = {id(group): group for group in self._groups.values()}.values()
            same = (group for group in distinct if group.entities == entities)
            found = next(same, None) or _Group(entities, distinct)
            self._groups[id(entities)], self._aliases[id(entities)] = found, entities
        return found

    def _tail(self, column: Column) -> Paced[Pages]:
        kept = self._tails.get(column.family.name)
        if kept is not None and kept[0] is column.labels:
            return kept[1]
        pages: Pages = []
        shared: dict[tuple[str, ...], str] = {}
        for batch in batches(column.labels, PAGE):
            texts: list[str] = []
            for values in batch:
                text = shared.get(values)
                if text is None:
                    text = shared[values] = tail_text(column.family.labels, values)
                texts.append(text)
            pages.append(texts)
            yield
        self._tails[column.family.name] = column.labels, pages
        return pages


def tail_text(names: Sequence[str], values: Sequence[str]) -> str:
    """Row labels, each after a comma. A label without a value is the same as no label, and shorter."""
    return "".join([f",{pair(name, value)}" for name, value in zip(names, values, strict=False) if value])
