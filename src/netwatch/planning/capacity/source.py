"""Where capacity is measured from: snapshot, inventory and history, each family read once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from netwatch.calendars import Calendar
from netwatch.model import Entity, EntityId, HistoryReader, Place, PlaceId, PlaceKind, SeriesHistory
from netwatch.planning.basis import Basis
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.weekly import WEEK, Weeks

__all__ = ["Reading", "Source"]

Reading = tuple[float, float]
"""Value, wall seconds."""
_NOW = 4
"""Measured weeks whose median is the present."""


@dataclass(slots=True)
class Source:
    """Read access while things are measured; `simulated` becomes true if any history was invented."""

    basis: Basis
    history: HistoryReader
    weeks: Weeks
    simulated: bool = False
    _central: Calendar | None = field(init=False)

    def __post_init__(self) -> None:
        self._central = self._largest()

    def series(self, family: str, entities: Collection[EntityId] | None = None) -> Iterator[SeriesHistory]:
        """What history holds of a family, of entities that still exist."""
        chosen = None if entities is None else sorted(entities)
        if chosen == []:
            return
        for series in self.history.read(family, self.weeks.start, self.weeks.end, chosen):
            if series.entity in self.basis.snapshot.entities and series.starts.size:
                self.simulated |= series.simulated
                yield series

    def grouped(
        self, family: str, entities: Collection[EntityId], labels: tuple[str, ...] = ()
    ) -> dict[EntityId, list[SeriesHistory]]:
        """The same by device, in order of entity."""
        out: dict[EntityId, list[SeriesHistory]] = {}
        for series in self.series(family, entities):
            if series.labels == labels:
                out.setdefault(self.entity(series.entity).device, []).append(series)
        for found in out.values():
            found.sort(key=lambda one: one.entity)
        return out

    def latest(self, family: str, labels: tuple[str, ...] = ()) -> dict[EntityId, Reading]:
        """Fresh value and time of each entity that still exists."""
        column = self.basis.snapshot.columns.get(family)
        if column is None:
            return {}
        values, times = column.values, column.times
        rows = np.flatnonzero(column.fresh & np.isfinite(values)).tolist()
        known = self.basis.snapshot.entities
        return {
            column.entities[row]: (float(values[row]), float(times[row]))
            for row in rows
            if column.labels[row] == labels and column.entities[row] in known
        }

    def entity(self, entity: EntityId) -> Entity:
        return self.basis.snapshot.entities[entity]

    def calendar(self, device: EntityId) -> Calendar:
        """Of the school where a device is. Elsewhere that of the largest school that has one: what stands in
        the district's office serves the schools, and rests when they do."""
        places = self.basis.snapshot.inventory.places
        if places.school_of(self.place(device)) is not None or self._central is None:
            return self.basis.calendar_of(device)
        return self._central

    def _largest(self) -> Calendar | None:
        inventory = self.basis.snapshot.inventory.places
        schools = [
            (-(one.school.enrolment or 0), str(one.id), one.id)
            for one in inventory.of_kind(PlaceKind.SCHOOL)
            if one.school is not None and one.school.calendar in self.basis.calendars
        ]
        return self.basis.calendars.at(min(schools)[2], inventory) if schools else None

    def place(self, device: EntityId) -> PlaceId | None:
        return self.basis.places.get(device)

    def site(self, device: EntityId) -> Place | None:
        """The school where a device is; outside the schools the site."""
        known = self.basis.snapshot.inventory.places
        entity = self.basis.snapshot.entities.get(device)
        told = PlaceId(str(entity.facts.get("site") or "")) if entity is not None else None
        return known.site_of(self.place(device)) or known.site_of(told)

    def school(self, device: EntityId) -> str:
        found = self.site(device)
        return "" if found is None else found.name

    def names(self) -> Mapping[str, EntityId]:
        """Seen devices by their name in the inventory."""
        return {one.name: entity for entity, one in self.basis.inventory_of.items()}

    def now(self, weekly: FloatArray) -> tuple[float | None, float | None]:
        """Median of the last measured weeks, and the wall seconds at which the last one ends."""
        known = np.flatnonzero(np.isfinite(weekly))
        if not known.size:
            return None, None
        ends = self.weeks.start + (int(known[-1]) + 1) * WEEK
        return float(np.median(weekly[known[-_NOW:]])), ends
