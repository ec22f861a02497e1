"""The devices of a rule test, and what is known of them at each step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pydantic import Field

from netwatch.alerts.loading import Names
from netwatch.alerts.tools.testing_series import Selector
from netwatch.documents import Document, Strict, did_you_mean
from netwatch.errors import ConfigError, Problem
from netwatch.model import (
    Catalogue,
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Fact,
    Family,
    FamilyType,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Snapshot,
)

__all__ = ["DeviceEntry", "PlaceEntry", "World"]

DISTRICT = "district"
_BROUGHT = ("district", "site", "device")
"""Labels of every series; `device` alone is needed."""
Series = tuple[str, Selector, Sequence[float]]


class PlaceEntry(Strict):
    """A place: its key is its path below the district."""

    kind: PlaceKind = PlaceKind.SCHOOL
    name: str = ""
    calendar: str = ""


class DeviceEntry(Strict):
    """A device, as far as rules look at it."""

    kind: DeviceKind = DeviceKind.OTHER
    role: str = ""
    place: str = ""
    parent: str = ""
    tags: Names = ()
    facts: dict[str, Fact] = Field(default_factory=dict)
    parts: dict[str, dict[str, Fact]] = Field(default_factory=dict)
    """Facts of its ports, sensors ..., by name."""


class World:
    """Makes the snapshot of each step."""

    def __init__(
        self,
        *,
        document: Document,
        path: Sequence[str | int],
        places: Mapping[str, PlaceEntry],
        devices: Mapping[str, DeviceEntry],
        series: Sequence[Series],
        links: Sequence[tuple[str, str]],
        start: float,
        interval: float,
        catalogue: Catalogue,
    ) -> None:
        """`start`: wall seconds of the first step; `interval`: seconds from one to the next. Raises
        ConfigError where a series or link names what there is not."""
        self._document, self._path = document, path
        self._start, self._interval = start, interval
        self._catalogue = catalogue
        self._problems: list[Problem] = []
        tree = dict(_places(places))
        for name, entry in devices.items():
            if entry.place and f"{DISTRICT}/{entry.place}" not in tree:
                hint = did_you_mean(entry.place, places) or "name it under `places`"
                message = f"unknown place {entry.place!r}"
                self._problems.append(document.problem(("devices", name, "place"), message, hint))
        self.inventory = Inventory(
            DISTRICT,
            Places(tree),
            {
                name: InventoryDevice(name, None, entry.kind, entry.role, _place_of(entry), entry.tags)
                for name, entry in devices.items()
            },
        )
        self.entities: dict[EntityId, Entity] = {}
        for name, entry in devices.items():
            self.entities[EntityId(name)] = self._device(name, entry)
        self._rows: dict[str, list[tuple[EntityId, tuple[str, ...], list[float]]]] = {}
        for number, (text, selector, values) in enumerate(series):
            self._add(number, text, selector, list(values), devices)
        self._links = tuple(self._link(number, pair) for number, pair in enumerate(links))
        self._fixed = {
            family: (tuple(row[0] for row in rows), tuple(row[1] for row in rows))
            for family, rows in self._rows.items()
        }
        if self._problems:
            raise ConfigError(self._problems)

    def _problem(self, path: Sequence[str | int], message: str, hint: str = "") -> None:
        self._problems.append(self._document.problem((*self._path, *path), message, hint))

    def _device(self, name: str, entry: DeviceEntry) -> Entity:
        place = _place_of(entry)
        site = self.inventory.places.site_of(place)
        facts: dict[str, Fact] = {
            "kind": entry.kind.value,
            "role": entry.role,
            "district": DISTRICT,
            "site": "" if site is None else str(site.id),
            "place": "" if place is None else str(place),
            **entry.facts,
        }
        parent = EntityId(entry.parent) if entry.parent else None
        return Entity(EntityId(name), EntityKind.DEVICE, EntityId(name), parent, name, "", name, facts)

    def _add(
        self,
        number: int,
        text: str,
        selector: Selector,
        values: list[float],
        devices: Mapping[str, DeviceEntry],
    ) -> None:
        where = ("input_series", number, "series")
        family = self._catalogue.get(selector.family)
        if family is None:
            hint = did_you_mean(selector.family, self._catalogue) or "docs/metrics.md lists them"
            self._problem(where, f"unknown family {selector.family!r}", hint)
            return
        labels = dict(selector.labels)
        device = labels.pop("device", "")
        for name in _BROUGHT:
            labels.pop(name, None)
        if device not in devices:
            hint = did_you_mean(device, devices) or "name it under `devices`"
            self._problem(where, f"unknown device {device!r}", hint)
            return
        entity = self._entity(family, device, labels, devices[device])
        wrong = set(labels) - set(family.labels)
        if entity is None or wrong:
            expected = [
                *([] if family.entity is EntityKind.DEVICE else [family.entity.value]),
                *family.labels,
            ]
            message = f"{text}: expected the labels device{''.join(f', {name}' for name in expected)}"
            self._problem(where, message)
            return
        self.entities.setdefault(entity.id, entity)
        row = tuple(labels.get(name, "") for name in family.labels)
        self._rows.setdefault(family.name, []).append((entity.id, row, values))

    def _entity(
        self, family: Family, device: str, labels: dict[str, str], entry: DeviceEntry
    ) -> Entity | None:
        """The entity of a series; takes its label out. None if that is missing."""
        if family.entity is EntityKind.DEVICE:
            return self.entities[EntityId(device)]
        name = labels.pop(family.entity.value, "")
        if not name:
            return None
        owner = EntityId(device)
        key = EntityId(f"{device}/{family.entity.value}/{name}")
        return Entity(key, family.entity, owner, owner, name, "", name, entry.parts.get(name, {}))

    def _link(self, number: int, pair: tuple[str, str]) -> tuple[EntityId, EntityId]:
        ends = []
        for text in pair:
            device, _, port = text.partition("/")
            key = EntityId(f"{device}/interface/{port}" if port else device)
            if key not in self.entities:
                message = f"unknown end {text!r}"
                self._problem(("links", number), message, "write DEVICE or DEVICE/INTERFACE of a series")
            ends.append(key)
        return ends[0], ends[1]

    def snapshot(self, step: int) -> Snapshot:
        """What is known at that step, from 0."""
        at = self._start + step * self._interval
        columns = {family: self._column(family, step, at) for family in self._rows}
        return Snapshot(Instant(at, at), self.entities, columns, self.inventory, links=self._links)

    def _column(self, name: str, step: int, at: float) -> Column:
        family, rows = self._catalogue[name], self._rows[name]
        now = np.array([_at(values, step) for _, _, values in rows])
        rates = np.full(len(rows), math.nan)
        if family.type is FamilyType.COUNTER:
            grown = now - np.array([_at(values, step - 1) for _, _, values in rows])
            rates = np.where(grown >= 0, grown / self._interval, np.nan)
        entities, labels = self._fixed[name]
        return Column(family, entities, labels, now, rates, np.full(len(rows), at), ~np.isnan(now))


def _at(values: Sequence[float], step: int) -> float:
    return values[step] if 0 <= step < len(values) else math.nan


def _place_of(entry: DeviceEntry) -> PlaceId | None:
    return PlaceId(f"{DISTRICT}/{entry.place}") if entry.place else None


def _places(entries: Mapping[str, PlaceEntry]) -> Iterator[tuple[PlaceId, Place]]:
    top = PlaceId(DISTRICT)
    yield top, Place(top, PlaceKind.DISTRICT, "District", None)
    for path, entry in entries.items():
        key = PlaceId(f"{DISTRICT}/{path}")
        above, _, slug = key.rpartition("/")
        facts = SchoolFacts(calendar=entry.calendar) if entry.kind is PlaceKind.SCHOOL else None
        yield key, Place(key, entry.kind, entry.name or slug, PlaceId(above), facts)
