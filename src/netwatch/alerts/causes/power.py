"""What a page says of batteries: how long the UPS lasts that feeds what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from netwatch.alerts.causes.topology import by_closet
from netwatch.model import DeviceKind, Entity, EntityId, Snapshot

__all__ = ["Batteries"]

_ON_BATTERY = "netwatch_device_on_battery"
_RUNTIME = "netwatch_sensor_runtime_seconds"
_MOST_LISTED = 3


@dataclass(frozen=True)
class Batteries:
    """Of one moment. Indexes are made when the first page needs them."""

    snapshot: Snapshot

    def about(self, device: EntityId) -> str:
        """`8 min left; feeds lhs-core, lhs-sw1`, `lhs-ups runs on battery, 8 min left`; else empty."""
        entity = self.snapshot.entities.get(device)
        if entity is None:
            return ""
        if entity.facts.get("kind") == DeviceKind.POWER:
            if device not in self._on_battery:
                return ""
            fed = ", ".join(_listed(self._feeds.get(device, ())))
            return "; ".join(filter(None, (self._left(device), f"feeds {fed}" if fed else "")))
        told = []
        for feed in self._fed_by(entity):
            known = self.snapshot.entities.get(feed)
            if known is not None and feed in self._on_battery:
                told.append(", ".join(filter(None, (f"{known.name} runs on battery", self._left(feed)))))
        return "; ".join(told)

    def _left(self, feed: EntityId) -> str:
        """What upsEstimatedMinutesRemaining of UPS-MIB and its like say."""
        seconds = self._runtimes.get(feed)
        if seconds is None:
            return ""
        return f"{seconds / 60:.0f} min left" if seconds >= 60 else "less than 1 min left"

    def _fed_by(self, device: Entity) -> Iterable[EntityId]:
        """As people say, else the UPSs that stand in the same closet."""
        entry = self.snapshot.inventory.devices.get(device.name)
        if entry is not None and entry.fed_by:
            return [self._names[name] for name in entry.fed_by if name in self._names]
        return self._closets.get(str(device.facts.get("place", "")), ())

    @cached_property
    def _names(self) -> Mapping[str, EntityId]:
        return {device.name: device.id for device in self.snapshot.devices()}

    @cached_property
    def _closets(self) -> Mapping[str, tuple[EntityId, ...]]:
        return by_closet(self.snapshot)[1]

    @cached_property
    def _feeds(self) -> Mapping[EntityId, list[str]]:
        """By UPS: names of what it feeds."""
        out: dict[EntityId, list[str]] = {}
        for device in self.snapshot.devices():
            if device.facts.get("kind") != DeviceKind.POWER and device.facts.get("role") != "vm":
                for feed in self._fed_by(device):
                    out.setdefault(feed, []).append(device.name)
        return out

    @cached_property
    def _on_battery(self) -> frozenset[EntityId]:
        column = self.snapshot.columns.get(_ON_BATTERY)
        if column is None:
            return frozenset()
        rows = np.flatnonzero(column.fresh & (column.values == 1)).tolist()
        return frozenset(column.entities[row] for row in rows)

    @cached_property
    def _runtimes(self) -> Mapping[EntityId, float]:
        """By device: of several batteries the one that is empty first. Seconds."""
        column = self.snapshot.columns.get(_RUNTIME)
        out: dict[EntityId, float] = {}
        if column is None:
            return out
        values = column.values
        for row in np.flatnonzero(column.fresh & np.isfinite(values)).tolist():
            entity = self.snapshot.entities.get(column.entities[row])
            if entity is not None:
                out[entity.device] = min(float(values[row]), out.get(entity.device, float("inf")))
        return out


def _listed(names: Iterable[str]) -> list[str]:
    found = sorted(names)
    more = len(found) - _MOST_LISTED
    return [*found[:_MOST_LISTED], f"{more} more"] if more > 0 else found
