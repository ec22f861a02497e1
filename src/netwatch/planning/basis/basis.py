"""The basis of plans: what is known and measured, whatever a policy makes of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from netwatch.calendars import Calendar, Calendars
from netwatch.model import DAY, AssetTenure, EntityId, HistoryReader, InventoryDevice, PlaceId, Snapshot
from netwatch.planning.basis.incidents import Incident
from netwatch.planning.basis.measures import Measurements, name_of, prepare_measurements
from netwatch.planning.basis.reading import Reading
from netwatch.planning.basis.subjects import match_devices, subjects
from netwatch.planning.basis.topology import Topology

__all__ = ["Basis", "day_of", "gather", "prepare_basis"]


@dataclass(frozen=True, slots=True)
class Basis:
    """Frozen, and made of plain data: it can be sent to a worker, and judged again under other policies."""

    snapshot: Snapshot
    topology: Topology
    inventory_of: Mapping[EntityId, InventoryDevice]
    """The entry of the inventory that each seen device is."""
    calendars: Calendars
    """With the default for schools that name none."""
    places: Mapping[EntityId, PlaceId | None]
    """Where each seen device is."""
    measured: Measurements
    start: float
    """Wall seconds at which the measured window begins."""
    at: float
    """Wall seconds for which plans are made; the window ends there."""
    incidents: Mapping[EntityId, tuple[Incident, ...]] | None = None
    """By device, of the measured window; None: nobody said, which is not "none"."""
    tenures: tuple[AssetTenure, ...] = ()
    """The ledger: which thing with a serial number filled which place, from when till when."""

    @property
    def day(self) -> date:
        """The day of the plans, UTC."""
        return day_of(self.at)

    def label(self, entity: EntityId) -> str:
        """The name of an entity for people."""
        return name_of(self.snapshot.entities, entity)

    def calendar_of(self, device: EntityId) -> Calendar:
        """Whose lesson time counts for a device."""
        return self.calendars.at(self.places.get(device), self.snapshot.inventory.places)


def prepare_basis(
    snapshot: Snapshot,
    reading: Reading,
    calendars: Calendars,
    *,
    at: float,
    days: float,
    incidents: Mapping[EntityId, tuple[Incident, ...]] | None = None,
    tenures: Sequence[AssetTenure] = (),
) -> tuple[Basis, Callable[[], None]]:
    """The basis, whose `measured` is complete once what is returned beside it was called after the reading;
    all else is known now. Arguments as in `gather`."""
    topology = Topology(snapshot)
    places = {one.id: one.place for one in subjects(snapshot) if one.id is not None}
    start = at - days * DAY
    known = snapshot.inventory.places
    remembered: dict[EntityId, Calendar] = {}

    def calendar_of(device: EntityId) -> Calendar:
        found = remembered.get(device)
        if found is None:
            found = remembered[device] = calendars.at(places.get(device), known)
        return found

    measured, finish = prepare_measurements(snapshot, reading, topology, calendar_of, start=start, end=at)
    matched = match_devices(snapshot)
    ledger = tuple(sorted(tenures, key=lambda one: (one.device, one.position, one.first_seen, one.asset_key)))
    basis = Basis(snapshot, topology, matched, calendars, places, measured, start, at, incidents, ledger)
    return basis, finish


def gather(
    snapshot: Snapshot,
    history: HistoryReader,
    calendars: Calendars,
    *,
    at: float,
    days: float,
    incidents: Mapping[EntityId, tuple[Incident, ...]] | None = None,
    tenures: Sequence[AssetTenure] = (),
) -> Basis:
    """Reads history once, of the `days` before `at` (wall seconds). Takes seconds where there is much of it:
    call it in a worker. `calendars` has a default: lesson time of schools that name none. `incidents` are
    those of the same window, if somebody kept them."""
    reading = Reading()
    basis, finish = prepare_basis(
        snapshot, reading, calendars, at=at, days=days, incidents=incidents, tenures=tenures
    )
    reading.read(history)
    finish()
    return basis


def day_of(at: float) -> date:
    """The UTC day of wall seconds."""
    return datetime.fromtimestamp(at, UTC).date()
