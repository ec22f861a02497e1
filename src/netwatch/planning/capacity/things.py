"""What can be full, and what was measured of it: plain data, judged as often as wanted without history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

from netwatch.model import EntityId, PlaceId
from netwatch.planning.capacity.forecast import Forecasts
from netwatch.planning.capacity.robust import FloatArray

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects

__all__ = ["CapacityKind", "CapacityMeasured", "CircuitFacts", "Finish", "HostFacts", "Thing", "TrunkFacts"]


class CapacityKind(StrEnum):
    """What can be full."""

    VOLUME = "volume"
    POOL = "pool"
    UPLINK = "uplink"
    CIRCUIT = "circuit"
    POE = "poe"
    TRUNK = "trunk"
    MEMORY = "memory"
    """Of the hypervisors of a site, without the largest one."""
    PROCESSOR = "processor"
    """The same of processors."""

    @property
    def unit(self) -> str:
        """Of `used`, `size` and limits of such things."""
        return _UNITS[self]


_UNITS = {
    CapacityKind.VOLUME: "bytes",
    CapacityKind.POOL: "bytes",
    CapacityKind.UPLINK: "bytes per second",
    CapacityKind.CIRCUIT: "bytes per second",
    CapacityKind.POE: "watts",
    CapacityKind.TRUNK: "erlangs",
    CapacityKind.MEMORY: "bytes",
    CapacityKind.PROCESSOR: "processors",
}


@dataclass(frozen=True, slots=True)
class CircuitFacts:
    """What people entered of a carrier's line, and whom it serves."""

    id: str
    carrier: str
    rate: float | None
    """Committed bytes per second."""
    contract_until: date | None
    users: int | None
    """Students and staff of the school at which it ends; of all schools where it ends elsewhere."""
    together: str
    """Circuits with the same text serve the same users."""


@dataclass(frozen=True, slots=True)
class TrunkFacts:
    """Lines of one gateway or PBX."""

    lines: int | None
    busiest: float | None
    """Calls in progress on average in the busiest hour of the last year, in erlangs."""
    busiest_at: float | None
    """Wall seconds at which that hour began."""
    internal: bool
    """True where the count contains calls within the house too: an upper bound."""
    life_safety: bool


@dataclass(frozen=True, slots=True)
class HostFacts:
    """A group of hosts, of which the largest one may fail."""

    hosts: tuple[str, ...]
    total: float
    largest: float
    largest_host: str


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that fills, with its past by week."""

    key: str
    """The same in every report."""
    kind: CapacityKind
    name: str
    school: str
    place: PlaceId | None
    device: EntityId | None
    """None for what was entered, but never seen."""
    family: str
    """Where `used` was read."""
    used: float | None
    """In the unit of the kind. Storage: the latest reading. All else: the median of the last four measured
    weeks' 95th percentiles (trunks: busy hours)."""
    used_at: float | None
    """Wall seconds at which what `used` stands on ends."""
    size: float | None
    """All there is; of hosts what is left without the largest."""
    size_source: str
    size_at: float | None
    weekly: FloatArray
    """One value per week, the last week ends at the time of the plan; NaN where nothing was measured."""
    row: int | None
    """Place in the forecasts; None where there are too few weeks for one."""
    note: str = ""
    """What a reader has to know of how it was measured."""
    unknown: tuple[str, ...] = ()
    facts: CircuitFacts | TrunkFacts | HostFacts | None = None
    port: EntityId | None = None
    """The interface, of uplinks and circuits."""

    @property
    def weeks(self) -> tuple[int, int]:
        """Weeks from the first measured one to the end, and how many of them were measured."""
        known = [place for place, value in enumerate(self.weekly.tolist()) if value == value]
        return (len(self.weekly) - known[0], len(known)) if known else (0, 0)


Finish = Callable[[], Iterator[Thing]]
"""What gives the things of one sort, once history was read."""


@dataclass(frozen=True, slots=True)
class CapacityMeasured:
    """Everything that history says of capacity."""

    things: tuple[Thing, ...]
    """In order of key."""
    forecasts: Forecasts | None
    """Of the things with a `row`; None where there are none."""
    simulated: bool = False

    def what_if(self, effects: Effects) -> CapacityMeasured:
        """The same as a scenario has it."""
        from netwatch.planning.capacity.whatif import adjusted

        return adjusted(self, effects)
