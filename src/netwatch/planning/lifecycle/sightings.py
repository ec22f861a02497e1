"""When and where a thing was last seen: by its serial number in the ledger, or by the function it fills."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from netwatch.model import DAY, AssetTenure, Entity, EntityId, EntityKind
from netwatch.planning.basis import Basis

__all__ = ["Sightings", "serial_key"]

_UP = "netwatch_device_up"
_ENTERED = frozenset(
    [
        "address",
        "district",
        "kind",
        "life_safety",
        "listed",
        "mac",
        "model",
        "name",
        "place",
        "role",
        "serial",
        "site",
        "vendor",
    ]
)
"""Facts of a device that the inventory alone may have given."""


def serial_key(serial: str) -> str:
    """As the ledger writes serial numbers."""
    return serial.strip().upper()


@dataclass(frozen=True, slots=True)
class Sightings:
    """Indexes over a basis, made once."""

    of_serial: Mapping[str, tuple[AssetTenure, ...]]
    """In the order of time."""
    of_device: Mapping[EntityId, tuple[AssetTenure, ...]]
    seen_at: Mapping[EntityId, float]
    """Wall seconds at which a device was last heard of; one that never told anything has no entry."""
    chassis: Mapping[EntityId, tuple[Entity, ...]] = field(default_factory=dict)
    """Members of stacks with a serial number, by device."""

    @classmethod
    def of(cls, basis: Basis) -> Sightings:
        by_serial: dict[str, list[AssetTenure]] = {}
        by_device: dict[EntityId, list[AssetTenure]] = {}
        whole = {(one.asset_key, one.device) for one in basis.tenures if not one.position}
        for one in basis.tenures:
            if not one.position or (one.asset_key, one.device) not in whole:
                # A chassis is told as the device and as a part of it: that is one place.
                by_serial.setdefault(one.asset_key, []).append(one)
            by_device.setdefault(one.device, []).append(one)
        ledger = {
            key: tuple(sorted(found, key=lambda one: (one.first_seen, one.device, one.position)))
            for key, found in by_serial.items()
        }
        devices = {device: tuple(found) for device, found in by_device.items()}
        return cls(ledger, devices, _seen_at(basis, devices), _chassis(basis))

    def now(self, serial: str) -> AssetTenure | None:
        """Where a thing is, as far as the ledger knows: the place that was seen last of those not left."""
        found = [one for one in self.of_serial.get(serial_key(serial), ()) if one.ended is None]
        return max(found, key=lambda one: (one.last_seen, one.first_seen, one.device), default=None)

    def everywhere(self, serial: str) -> tuple[AssetTenure, ...]:
        """All places at which it is said to be, one per device."""
        found = {one.device: one for one in self.of_serial.get(serial_key(serial), ()) if one.ended is None}
        return tuple(found.values())

    def first(self, serial: str) -> float | None:
        """Wall seconds at which it was first seen."""
        return min((one.first_seen for one in self.of_serial.get(serial_key(serial), ())), default=None)

    def last(self, serial: str) -> float | None:
        """Wall seconds at which it was last seen."""
        return max((one.last_seen for one in self.of_serial.get(serial_key(serial), ())), default=None)

    def successor(self, serial: str, device: EntityId) -> AssetTenure | None:
        """What took its place in a device, if it was there and another thing is there now."""
        mine = {
            one.position: one for one in self.of_device.get(device, ()) if one.asset_key == serial_key(serial)
        }
        for one in self.of_device.get(device, ()):
            before = mine.get(one.position)
            if before is not None and one.ended is None and one.first_seen > before.first_seen:
                return one if one.asset_key != before.asset_key else None
        return None

    def told(self, device: EntityId) -> tuple[AssetTenure, ...]:
        """What a device says that it is made of now."""
        return tuple(one for one in self.of_device.get(device, ()) if one.ended is None)

    def days(self, at: float) -> int | None:
        """Whole days that the ledger goes back at wall second `at`; None while it is empty."""
        first = min((one.first_seen for found in self.of_device.values() for one in found), default=None)
        return None if first is None else int((at - first) // DAY)

    def itself(self, device: EntityId) -> AssetTenure | None:
        """The thing that a device says it is, as a whole."""
        return next((one for one in self.told(device) if not one.position), None)


def _seen_at(basis: Basis, ledger: Mapping[EntityId, tuple[AssetTenure, ...]]) -> dict[EntityId, float]:
    snapshot = basis.snapshot
    out: dict[EntityId, float] = {}

    def note(device: EntityId, at: float) -> None:
        out[device] = max(at, out.get(device, at))

    for device, tenures in ledger.items():
        for one in tenures:
            note(device, one.last_seen)
    column = snapshot.columns.get(_UP)
    judged: set[EntityId] = set()
    if column is not None:
        judged.update(column.entities)
        values, times = column.values, column.times
        for row in np.flatnonzero(np.isfinite(values) & (values > 0)).tolist():
            note(column.entities[row], float(times[row]))
    answered: dict[EntityId, float] = {}
    for fresh in snapshot.freshness:
        if fresh.last_success is not None:
            answered[fresh.source] = max(fresh.last_success, answered.get(fresh.source, fresh.last_success))
    for entity in snapshot.devices():
        # The ledger and its own state know better when it was there than whoever reports it.
        source = entity.parent or entity.id
        if source in answered and entity.id not in out and entity.id not in judged and _told(entity):
            note(entity.id, answered[source])
    return out


def _told(entity: Entity) -> bool:
    """Whether anything was said of it that the inventory does not say."""
    return entity.parent is not None or any(name not in _ENTERED for name in entity.facts)


def _chassis(basis: Basis) -> dict[EntityId, tuple[Entity, ...]]:
    """entPhysicalClass chassis(3) of ENTITY-MIB, of devices that have several."""
    out: dict[EntityId, tuple[Entity, ...]] = {}
    for device in basis.snapshot.devices():
        modules = basis.snapshot.of_device(device.id, EntityKind.MODULE)
        found = [one for one in modules if one.facts.get("class") == "chassis" and one.facts.get("serial")]
        if len(found) > 1:
            out[device.id] = tuple(found)
    return out
