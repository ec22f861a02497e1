"""Where capacity is measured from: snapshot, inventory and history."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from netwatch.calendars import Calendar
from netwatch.model import WEEK, Entity, EntityId, Place, PlaceId, PlaceKind, SeriesHistory
from netwatch.planning.basis import Basis, Reading, Take
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.weekly import Weeks

__all__ = ["Source", "Told"]

Told = tuple[float, float]
"""Value, wall seconds."""
_NOW = 4
"""Measured weeks whose median is the present."""


@dataclass(slots=True)
class Source:
    """Read access while things are measured; `simulated` becomes true if any history was invented."""

    basis: Basis
    reading: Reading
    weeks: Weeks
    simulated: bool = False
    _central: Calendar | None = field(init=False)

    def __post_init__(self) -> None:
        self._central = self._largest()

    def want(self, family: str, take: Take, entities: Collection[EntityId] | None = None) -> None:
        """What history holds of a family, of entities that still exist."""

        def known(series: SeriesHistory) -> None:
            if series.entity in self.basis.snapshot.entities:
                self.simulated |= series.simulated
                take(series)

        self.reading.want(family, self.weeks.start, self.weeks.end, known, entities)

    def grouped(
        self, family: str, entities: Collection[EntityId], labels: tuple[str, ...] = ()
    ) -> dict[EntityId, list[SeriesHistory]]:
        """The same by device, in order of arrival; filled by the reading. For few series: they are kept."""
        out: dict[EntityId, list[SeriesHistory]] = {}

        def take(series: SeriesHistory) -> None:
            if series.labels == labels:
                out.setdefault(self.entity(series.entity).device, []).append(_own(series))

        self.want(family, take, frozenset(entities))
        return out

    def latest(
        self, family: str, labels: tuple[str, ...] = (), among: Collection[EntityId] | None = None
    ) -> dict[EntityId, Told]:
        """Fresh value and time of each entity (of those `among`) that still exists."""
        column = self.basis.snapshot.columns.get(family)
        if column is None:
            return {}
        values, times = column.values, column.times
        rows = np.flatnonzero(column.fresh & np.isfinite(values)).tolist()
        known = self.basis.snapshot.entities
        return {
            column.entities[row]: (float(values[row]), float(times[row]))
            for row in rows
            if (among is None or column.entities[row] in among)
            and column.labels[row] == labels
            and column.entities[row] in known
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


def _own(series: SeriesHistory) -> SeriesHistory:
    """Without what nobody looks at, and no part of a longer one. Peaks are not needed here."""
    values = series.values.copy()
    return replace(
        series,
        starts=series.starts.copy(),
        widths=series.widths.copy(),
        values=values,
        peaks=values,
        coverage=series.coverage.copy(),
    )
