"""How hard netwatch may work, and how hard it may make others work."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model import Target
from netwatch.polling.spread import fraction, next_slot

__all__ = ["PollingSettings", "rediscovery_slot"]


@dataclass(frozen=True, slots=True)
class PollingSettings:
    """Seconds, unless said otherwise. docs/polling.md tells what each one means on the wire."""

    concurrency: int = 256
    """Devices polled at the same moment, each with one request under way."""
    startup_spread: float = 10.0
    """After a start, first contacts are spread over this time (or over the device's interval, if shorter)."""
    discovery_deadline: float = 900.0
    """A discovery that takes longer is given up."""
    rediscovery_interval: float = 86_400.0
    """A device is discovered anew after this time even if nothing asks for it."""
    rediscovery_gap: float = 300.0
    """Never more often than this, however often a device says that it changed."""
    backoff_max: float = 600.0
    """Longest time between full polls of a silent device; it is probed at each interval still."""
    recheck_gap: float = 5.0
    """Traps and requests for an immediate poll are gathered: such polls begin at least this far apart."""
    news_gap: float = 0.25
    """A poll for news, such as a trap about another port, begins so long after the last one nevertheless."""
    news_burst: int = 3
    """So many polls for news in a row, and one more per `recheck_gap` that goes by; 0: they wait as well."""

    def __post_init__(self) -> None:
        if self.concurrency < 1:
            raise ValueError("concurrency: at least 1")
        for name in self.__slots__:
            if getattr(self, name) < 0:
                raise ValueError(f"{name}: not negative")


def rediscovery_slot(target: Target, settings: PollingSettings, now: float) -> float:
    """When a device that was discovered at `now` (monotonic seconds) is due again: at a time of its own."""
    interval = settings.rediscovery_interval
    return next_slot(now, interval, fraction(target.device) * interval)
