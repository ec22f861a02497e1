"""Values of a snapshot by entity, each column walked at most once however many rows a page shows."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    Family,
    FamilyType,
    Place,
    PlaceKind,
    Snapshot,
)

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


_TRAFFIC = (
    ("in", "netwatch_interface_receive_bytes_total"),
    ("out", "netwatch_interface_transmit_bytes_total"),
)


class _Load(NamedTuple):
    """Load of all interfaces in one direction."""

    direction: str
    column: Column
    speeds: NDArray[np.float64]
    """Bytes per second; 0 where unknown."""
    ratios: NDArray[np.float64]
    """-1 where unknown."""


class Lookup:
    """Derived look-up tables over one frozen snapshot. Made once per snapshot, filled on demand."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._values: dict[tuple[str, bool], Mapping[EntityId, float]] = {}
        self._loads: tuple[_Load, ...] | None = None
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

    def busiest(self, limit: int, wanted: Callable[[EntityId], bool] | None = None) -> list[Link]:
        """The directions of interfaces with the highest load, at most `limit`; of those interfaces only
        that are `wanted`. Where rate or speed is unknown there is no load.
        """
        found: list[Link] = []
        for load in self._directions():
            ratios = load.ratios
            if wanted is not None:
                mask = np.fromiter(map(wanted, load.column.entities), np.bool_, len(ratios))
                ratios = np.where(mask, ratios, -1.0)
            rows = np.argpartition(-ratios, limit)[:limit] if len(ratios) > limit else np.arange(len(ratios))
            found += [
                Link(
                    load.column.entities[row],
                    load.direction,
                    float(ratios[row]),
                    float(load.column.rates[row]),
                    float(load.speeds[row]),
                )
                for row in rows.tolist()
                if ratios[row] >= 0
            ]
        found.sort(key=lambda link: (-link.ratio, link.interface, link.direction))
        return found[:limit]

    def _directions(self) -> tuple[_Load, ...]:
        """Loads as whole columns: a district has hundreds of thousands of ports."""
        if self._loads is None:
            speeds = self.values("netwatch_interface_speed_bytes_per_second")
            loads: list[_Load] = []
            for direction, family in _TRAFFIC:
                column = self.snapshot.columns.get(family)
                if column is None:
                    continue
                size = len(column.entities)
                speed = np.fromiter((speeds.get(entity, 0.0) for entity in column.entities), np.float64, size)
                known = column.fresh & ~np.isnan(column.rates) & (speed > 0)
                ratios = np.full(size, -1.0)
                np.divide(column.rates, speed, out=ratios, where=known)
                loads.append(_Load(direction, column, speed, ratios))
            self._loads = tuple(loads)
        return self._loads

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

    def district_name(self) -> str:
        """Of the location tree; else what the inventory calls it."""
        inventory = self.snapshot.inventory
        found = list(inventory.places.of_kind(PlaceKind.DISTRICT))
        named = next((place.name for place in found if place.id == inventory.district), "")
        return named or (found[0].name if len(found) == 1 else inventory.district)

    def site_name(self, site: str) -> str:
        place = self.school(site)
        return place.name if place is not None else site or "Not at a school"

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


def _plain_rows(column: Column, numbers: NDArray[np.float64]) -> dict[EntityId, float]:
    good = column.fresh & ~np.isnan(numbers)
    return {
        column.entities[row]: float(numbers[row])
        for row in np.flatnonzero(good).tolist()
        if not any(column.labels[row])
    }
