"""What polling costs, by table and by device."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model.entity import EntityId

__all__ = ["DeviceCost", "TableCost"]


@dataclass(slots=True)
class TableCost:
    """Sums since the start, of one table of one device or of all devices that have it."""

    passes: int = 0
    """Passes that read it."""
    failures: int = 0
    values: int = 0
    """Values that came back."""
    seconds: float = 0.0
    """Waited for answers; where tables are asked together, each one's share by number of values asked."""
    cpu_seconds: float = 0.0
    """Making readings of the values."""

    def add(self, more: TableCost) -> None:
        self.passes += more.passes
        self.failures += more.failures
        self.values += more.values
        self.seconds += more.seconds
        self.cpu_seconds += more.cpu_seconds


@dataclass(frozen=True, slots=True)
class DeviceCost:
    """One device."""

    device: EntityId
    name: str
    seconds: float
    """That a pass takes, on average over the last ones; passes with a discovery don't count."""
    interval: float
    """Seconds from pass to pass."""
    table: str
    """The table that was waited for the longest in all."""
    cost: TableCost
    """Of that table."""
