"""Values of a snapshot by entity, each column walked at most once however many rows a page shows."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netwatch.alerts.layout import Layout
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

__all__ = ["Kept", "Link", "Lookup", "Measure"]


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


_LAYOUTS = 100
_SPEED = "netwatch_interface_speed_bytes_per_second"
_TRAFFIC = (
    ("in", "netwatch_interface_receive_bytes_total"),
    ("out", "netwatch_interface_transmit_bytes_total"),
)


class _Load(NamedTuple):
    """Load of all interfaces in one direction."""

    direction: str
    column: Column
    rates: NDArray[np.float64]
    speeds: NDArray[np.float64]
    """Bytes per second; 0 where unknown."""
    ratios: NDArray[np.float64]
    """-1 where unknown."""


class Lookup:
    """Derived look-up tables over one frozen snapshot. Made once per snapshot, filled on demand."""

    def __init__(self, snapshot: Snapshot, kept: Kept | None = None) -> None:
        self.snapshot = snapshot
        self._kept = kept or Kept()
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
            found += [
                Link(
                    load.column.entities[row],
                    load.direction,
                    float(load.ratios[row]),
                    float(load.rates[row]),
                    float(load.speeds[row]),
                )
                for row in _highest(load, limit, wanted)
            ]
        found.sort(key=lambda link: (-link.ratio, link.interface, link.direction))
        return found[:limit]

    def _directions(self) -> tuple[_Load, ...]:
        """Loads as whole columns: a district has hundreds of thousands of ports."""
        if self._loads is None:
            loads: list[_Load] = []
            for direction, family in _TRAFFIC:
                column = self.snapshot.columns.get(family)
                if column is None:
                    continue
                speed, rates = self._speeds(column), column.rates
                known = column.fresh & ~np.isnan(rates) & (speed > 0)
                ratios = np.full(speed.size, -1.0)
                np.divide(rates, speed, out=ratios, where=known)
                loads.append(_Load(direction, column, rates, speed, ratios))
            self._loads = tuple(loads)
        return self._loads

    def _speeds(self, column: Column) -> NDArray[np.float64]:
        """Of the interfaces of a column; 0 where unknown."""
        told = self.snapshot.columns.get(_SPEED)
        if told is not None and told.entities is column.entities and told.labels is column.labels:
            values = told.values
            return np.where(told.fresh & ~np.isnan(values), values, 0.0)
        speeds = self.values(_SPEED)
        size = len(column.entities)
        return np.fromiter((speeds.get(entity, 0.0) for entity in column.entities), np.float64, size)

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
        known = self.snapshot.entities
        wanted = frozenset(entities)
        devices = {known[entity].device if entity in known else entity for entity in wanted}
        found: list[Measure] = []
        for column in self.snapshot.columns.values():
            if column.family.entity not in kinds or column.family.type is FamilyType.INFO:
                continue
            rows = sorted(
                row
                for device in devices
                for row in self._kept.rows(column, device, known)
                if column.entities[row] in wanted
            )
            if rows:
                found += _measured(column, rows)
        return found


class Kept:
    """What is worth keeping between snapshots: which rows of a column belong to which device. Pages are made
    in several threads; they take turns here."""

    def __init__(self) -> None:
        self._layouts: dict[tuple[int, int], Layout] = {}
        self._turn = threading.Lock()

    def rows(self, column: Column, device: EntityId, known: Mapping[EntityId, Entity]) -> list[int]:
        """Of all that belongs to a device."""
        with self._turn:
            key = id(column.entities), id(column.labels)
            layout = self._layouts.get(key)
            if layout is None:
                if len(self._layouts) > _LAYOUTS:
                    self._layouts.clear()
                layout = self._layouts[key] = Layout(column.entities, column.labels)
            return layout.rows_of_device(device, known)


def _measured(column: Column, rows: list[int]) -> list[Measure]:
    # Taken once: a column may make its arrays at every access.
    values, rates, times = column.values[rows], column.rates[rows], column.times[rows]
    return [
        Measure(
            column.entities[row],
            column.family,
            column.labels[row],
            value,
            rate,
            at,
            bool(column.fresh[row]),
            column.origins[row] if column.origins else "",
        )
        for row, value, rate, at in zip(rows, values.tolist(), rates.tolist(), times.tolist(), strict=True)
    ]


def _highest(load: _Load, limit: int, wanted: Callable[[EntityId], bool] | None) -> list[int]:
    """Rows with the highest known ratios, at most `limit`. Who is wanted is asked of the busiest first."""
    ratios, count = load.ratios, limit if wanted is None else 8 * limit
    while True:
        every = count >= len(ratios)
        rows = np.arange(len(ratios)) if every else np.argpartition(-ratios, count)[:count]
        rows = rows[ratios[rows] >= 0]
        if wanted is None:
            highest: list[int] = rows.tolist()
            return highest
        order = rows[np.argsort(-ratios[rows], kind="stable")].tolist()
        found = list(islice((row for row in order if wanted(load.column.entities[row])), limit))
        if every or len(found) == limit or rows.size < count:
            return found
        count *= 8


def _plain_rows(column: Column, numbers: NDArray[np.float64]) -> dict[EntityId, float]:
    good = column.fresh & ~np.isnan(numbers)
    return {
        column.entities[row]: float(numbers[row])
        for row in np.flatnonzero(good).tolist()
        if not any(column.labels[row])
    }
