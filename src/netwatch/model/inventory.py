"""What people know of their gear, as opposed to what devices tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from netwatch.model.access import Target
from netwatch.model.entity import DeviceKind
from netwatch.model.place import LocationPattern, PlaceId, Places

__all__ = ["Asset", "AssetLocation", "AssetState", "Circuit", "Inventory", "InventoryDevice"]


class AssetState(StrEnum):
    """What the district does with a thing."""

    IN_USE = "in use"
    SPARE = "spare"
    CASCADED = "cascaded"
    """In use, in a lesser function than the one that it was bought for."""
    DISPOSED = "disposed"


@dataclass(frozen=True, slots=True)
class AssetLocation:
    """Where a thing was from a day on, until the next one."""

    place: PlaceId
    since: date


@dataclass(frozen=True, slots=True)
class Asset:
    """A thing with a serial number. A stack is one device and many assets."""

    serial: str
    device: str = ""
    """Name of the device whose function it fills; empty for a spare."""
    asset_tag: str = ""
    vendor: str = ""
    model: str = ""
    sku: str = ""
    installed: date | None = None
    cost: float | None = None
    """Purchase price in `currency`; None where unknown, which is not 0."""
    currency: str = "USD"
    fund: str = ""
    warranty_until: date | None = None
    support_until: date | None = None
    """Last day of the contract."""
    support_cost: float | None = None
    """Of a support contract per year, in `currency`; None where unknown."""
    contract: str = ""
    """Number of the support contract."""
    award: str = ""
    """What it was paid by: an E-rate funding request, a federal award."""
    state: AssetState | None = None
    """None where nobody said: `status` concludes it."""
    place: PlaceId | None = None
    """Of a thing that fills no function."""
    disposed: date | None = None
    verified: date | None = None
    """When a person last saw it."""
    locations: tuple[AssetLocation, ...] = ()
    """Where it was, as people entered it, in the order of time."""

    @property
    def status(self) -> AssetState:
        """What was entered; else in use where it fills a function, a spare where it fills none."""
        return self.state or (AssetState.IN_USE if self.device else AssetState.SPARE)


@dataclass(frozen=True, slots=True)
class Circuit:
    """A line that a carrier provides."""

    id: str
    """The carrier's number of it: what has to be said on the phone."""
    device: str
    """Name of the device at which it ends on this side."""
    interface: str = ""
    """ifName of the port at which it ends; empty for the device as a whole."""
    carrier: str = ""
    phone: str = ""
    """Number to report a fault."""
    rate: float | None = None
    """Committed bits per second; None where unknown."""
    contract_until: date | None = None
    monthly_cost: float | None = None
    currency: str = "USD"


@dataclass(frozen=True, slots=True)
class InventoryDevice:
    """A device that somebody entered."""

    name: str
    """Unique in the inventory."""
    target: Target | None
    """None for gear that is known but not polled, such as an access point behind a controller."""
    kind: DeviceKind | None = None
    """None: the profile says."""
    role: str = ""
    place: PlaceId | None = None
    tags: tuple[str, ...] = ()
    serves: tuple[PlaceId, ...] = ()
    """Rooms that it serves."""
    serial: str = ""
    mac: str = ""
    life_safety: bool = False
    vendor: str = ""
    model: str = ""
    interface_speeds: Mapping[str, float] = field(default_factory=dict)
    """Bits per second by ifName, for links that are slower than the port says."""
    depends_on: tuple[str, ...] = ()
    """Names of the devices that it is reached through, one of which is enough; none: netwatch finds out."""
    fed_by: tuple[str, ...] = ()
    """Names of the UPSs that power it, one of which is enough."""


@dataclass(frozen=True, slots=True)
class Inventory:
    """Everything that people entered."""

    district: str = ""
    places: Places = Places()
    devices: Mapping[str, InventoryDevice] = field(default_factory=dict)
    """By name."""
    assets: tuple[Asset, ...] = ()
    circuits: tuple[Circuit, ...] = ()
    locations: tuple[LocationPattern, ...] = ()
    """In order; the first that gives a place wins."""

    def place_by_location(self, sys_location: str) -> PlaceId | None:
        """Where a device without a place is, by what its sysLocation says; None where no pattern knows."""
        found = (pattern.place_of(sys_location, self.places) for pattern in self.locations)
        return next((place for place in found if place is not None), None)
