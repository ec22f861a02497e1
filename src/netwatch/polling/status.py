"""How polling is doing, for the page and for netwatch's own metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from netwatch.model import EntityId, TableCost
from netwatch.polling.ports import PlanPort

__all__ = ["DeviceStatus", "PollerStats"]


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """One device, as of now. Times are wall seconds; None where it has not happened yet."""

    device: EntityId
    name: str
    last_success: float | None
    """End of the last pass in which all tables that were due were read."""
    last_contact: float | None
    """When the device last answered anything at all."""
    last_duration: float | None
    """Seconds that the last pass took."""
    problem: str
    """Of the last pass; empty if all is well."""
    next_due: float | None
    failures: int
    """Passes in a row in which the device gave nothing."""
    discovered: float | None
    plan: PlanPort | None
    costs: Mapping[str, TableCost]
    """By table: sums since the start."""


@dataclass(slots=True)
class PollerStats:
    """Counts since the start, and how it is now."""

    devices: int = 0
    running: int = 0
    waiting: int = 0
    """Due, but all places for concurrent polls are taken."""
    passes: int = 0
    deadlines: int = 0
    """Passes that were given up because they took too long."""
    seconds_late: float = 0.0
    """Sum over all passes of how long after its slot it began."""
    tables: dict[str, TableCost] = field(default_factory=dict)
    """By name of the table, without its context: sums over all devices."""

    def cost(self, table: str) -> TableCost:
        name = table.partition("@")[0]
        found = self.tables.get(name)
        if found is None:
            found = self.tables[name] = TableCost()
        return found
