"""Observations of one discovery as entities with their facts and readings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from netwatch.model import ROOT, EntityKey, EntityKind, Fact, Observation, Reading

__all__ = ["Item", "View"]


@dataclass
class Item:
    """One entity as discovery saw it."""

    key: EntityKey
    parent: EntityKey | None = None
    index: str = ""
    name: str = ""
    facts: dict[str, Fact] = field(default_factory=dict)
    readings: list[Reading] = field(default_factory=list)

    def text(self, fact: str) -> str | None:
        found = self.facts.get(fact)
        return None if found is None or found == "" else str(found)

    def integer(self, fact: str) -> int | None:
        found = self.facts.get(fact)
        if isinstance(found, str) and found.lstrip("-").isdecimal():
            return int(found)
        return int(found) if isinstance(found, int | float) else None

    def value(self, family: str, *labels: str) -> float | None:
        """The reading of a family; with row labels only of that row."""
        for reading in self.readings:
            if reading.family == family and (not labels or reading.labels == labels):
                return reading.value
        return None

    def origin(self, *families: str) -> str | None:
        """Where the first of these families that was read came from."""
        for family in families:
            for reading in self.readings:
                if reading.family == family and reading.origin:
                    return reading.origin
        return None


class View:
    """All entities of a discovery, by key. What several tables tell of one entity is put together."""

    def __init__(self, observations: Iterable[Observation]) -> None:
        self.items: dict[EntityKey, Item] = {ROOT: Item(ROOT)}
        for observation in observations:
            for seen in observation.seen:
                item = self.items.get(seen.key)
                if item is None:
                    item = self.items[seen.key] = Item(seen.key, seen.parent, seen.index, seen.name)
                for name, value in seen.facts.items():
                    item.facts.setdefault(name, value)
            for reading in observation.readings:
                self.items.setdefault(reading.subject, Item(reading.subject, ROOT)).readings.append(reading)
        self._owners: dict[EntityKey, EntityKey] = {}

    @property
    def root(self) -> Item:
        return self.items[ROOT]

    def owner(self, key: EntityKey) -> EntityKey:
        """The device that an entity is part of; for a device itself the one that it was read through."""
        known = self._owners.get(key)
        if known is not None:
            return known
        found, item, steps = ROOT, self.items.get(key), 0
        while item is not None and item.parent is not None and steps < 16:
            if item.parent.kind is EntityKind.DEVICE:
                found = item.parent if item.parent in self.items else ROOT
                break
            item, steps = self.items.get(item.parent), steps + 1
        self._owners[key] = found
        return found

    def of(self, kind: EntityKind, owner: EntityKey = ROOT) -> Iterator[Item]:
        for key, item in self.items.items():
            if key.kind is kind and key != ROOT and self.owner(key) == owner:
                yield item

    def children(self) -> Iterator[Item]:
        """Devices that were read through the asked one, at whatever depth."""
        return (item for key, item in self.items.items() if key.kind is EntityKind.DEVICE and key != ROOT)

    def counts(self) -> Mapping[EntityKind, int]:
        counted: dict[EntityKind, int] = {}
        for key in self.items:
            if key != ROOT:
                counted[key.kind] = counted.get(key.kind, 0) + 1
        return counted
