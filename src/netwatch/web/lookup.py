"""Values of a snapshot by entity, each column walked at most once however many rows a page shows."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from netwatch.model import Column, Entity, EntityId, EntityKind, Family, FamilyType, Place, Snapshot

__all__ = ["Link", "Lookup", "Measure"]


class Measure(NamedTuple):
    """One series of a snapshot with everything that a person may want to know of it."""

    entity: EntityId
    family: Family
    labels: tuple[str, ...]
    value: float
    """NaN is unknown."""
    rate: float
    """Per second; NaN for gauges and where unknown."""
    at: float
    """Wall seconds of the reading."""
    fresh: bool
    origin: str


@dataclass(frozen=True, slots=True)
class Link:
    """How busy one direction of one interface is."""

    interface: EntityId
    direction: str
    """`in` or `out`, seen from the device."""
    ratio: float
    """Share of the nominal speed, 0 to 1; above 1 where the stated speed is wrong."""
    rate: float
    """Bytes per second."""
    speed: float
    """Bytes per second."""


class Lookup:
    """Derived look-up tables over one frozen snapshot. Made once per snapshot, filled on demand."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._values: dict[tuple[str, bool], Mapping[EntityId, float]] = {}
        self._links: tuple[Link, ...] | None = None
        self._children: dict[EntityId, list[Entity]] | None = None
        self._sites: Mapping[str, Place] | None = None

    def values(self, family: str) -> Mapping[EntityId, float]:
        """Fresh known values of a family's series whose row labels are all empty or absent."""
        return self._table(family, False)

    def rates(self, family: str) -> Mapping[EntityId, float]:
        """Fresh known increases per second of a counter family."""
        return self._table(family, True)

    def _table(self, family: str, rates: bool) -> Mapping[EntityId, float]:
        table = self._values.get((family, rates))
        if table is None:
            column = self.snapshot.columns.get(family)
            table = {} if column is None else _plain_rows(column, column.rates if rates else column.values)
            self._values[family, rates] = table
        return table

    def links(self) -> tuple[Link, ...]:
        """Both directions of every interface whose rate and speed are known, the busiest first."""
        if self._links is None:
            speeds = self.values("netwatch_interface_speed_bytes_per_second")
            found = [
                Link(interface, direction, rate / speed, rate, speed)
                for direction, family in (
                    ("in", "netwatch_interface_receive_bytes_total"),
                    ("out", "netwatch_interface_transmit_bytes_total"),
                )
                for interface, rate in self.rates(family).items()
                if (speed := speeds.get(interface, 0.0)) > 0
            ]
            found.sort(key=lambda link: (-link.ratio, link.interface, link.direction))
            self._links = tuple(found)
        return self._links

    def children(self, device: EntityId) -> list[Entity]:
        """Devices that this one reports: access points of a controller, machines of a host."""
        if self._children is None:
            table: dict[EntityId, list[Entity]] = {}
            for entity in self.snapshot.devices():
                if entity.parent is not None and entity.parent != entity.id:
                    table.setdefault(entity.parent, []).append(entity)
            self._children = table
        return self._children.get(device, [])

    def school(self, site: str) -> Place | None:
        """The school of the location tree that a device's `site` names."""
        if self._sites is None:
            sites: dict[str, Place] = {}
            for place in self.snapshot.inventory.places.by_id.values():
                sites.setdefault(place.id, place)
                sites.setdefault(place.id.rpartition("/")[2], place)
            self._sites = sites
        return self._sites.get(site)

    def site_name(self, site: str) -> str:
        place = self.school(site)
        return place.name if place is not None else site or "No site"

    def measures(self, entities: Collection[EntityId], kinds: Collection[EntityKind]) -> list[Measure]:
        """Every series of these entities, which are of these kinds."""
        wanted = frozenset(entities)
        return [
            Measure(
                entity,
                column.family,
                column.labels[row],
                float(column.values[row]),
                float(column.rates[row]),
                float(column.times[row]),
                bool(column.fresh[row]),
                column.origins[row] if column.origins else "",
            )
            for column in self.snapshot.columns.values()
            if column.family.entity in kinds and column.family.type is not FamilyType.INFO
            for row, entity in enumerate(column.entities)
            if entity in wanted
        ]


def _plain_rows(
    column: Column, numbers: np.ndarray[tuple[int, ...], np.dtype[np.float64]]
) -> dict[EntityId, float]:
    good = column.fresh & ~np.isnan(numbers)
    return {
        column.entities[row]: float(numbers[row])
        for row in np.flatnonzero(good).tolist()
        if not any(column.labels[row])
    }
