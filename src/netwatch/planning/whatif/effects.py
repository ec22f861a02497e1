"""What a scenario does to the district, for whatever was measured of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, Self, runtime_checkable

from netwatch.model import EntityId, PlaceId

__all__ = ["Adjustable", "Effects"]


@dataclass(frozen=True, slots=True)
class Effects:
    """Factors and what is gone; what is not named is as it was."""

    clients: Mapping[EntityId, float] = field(default_factory=dict)
    """By device, and by each of its parts: what the number of clients is multiplied by."""
    traffic: Mapping[EntityId, float] = field(default_factory=dict)
    """By device: what its traffic is multiplied by; of devices that carry several schools in proportion."""
    schools: Mapping[PlaceId, tuple[float, float]] = field(default_factory=dict)
    """By school: the factors of clients and traffic."""
    capacity: Mapping[EntityId, float] = field(default_factory=dict)
    """By port: what its bits per second are multiplied by."""
    closed: frozenset[PlaceId] = frozenset()
    """Schools."""
    gone: frozenset[EntityId] = frozenset()
    """Devices and their parts that are seen no more."""
    replaced: frozenset[EntityId] = frozenset()
    """Devices, and their parts, whose own measurements are over."""


@runtime_checkable
class Adjustable(Protocol):
    """What a plan measured, if a scenario can change it: a field of `Gathered` or of the basis' measurements
    that has this method takes part in every what-if; one without it stays as it is."""

    def what_if(self, effects: Effects) -> Self:
        """The same under the effects. Pure."""
        ...
