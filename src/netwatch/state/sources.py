"""What is remembered of each polled device as a source."""

from __future__ import annotations

from netwatch.model import EntityId, Evidence
from netwatch.state.restarts import restart_between

__all__ = ["Source", "UptimeWitness"]


class UptimeWitness:
    """Watches one line of uptime evidence."""

    def __init__(self) -> None:
        self.at = float("-inf")
        """Monotonic seconds of the last evidence."""
        self.restarted = float("-inf")
        """Monotonic seconds at which the last restart was noticed."""
        self.started = float("-inf")
        """Monotonic seconds of that restart."""
        self.witnessed = False
        """True if the last two pieces of evidence tell whether there was a restart."""
        self._evidence = Evidence()

    def note(self, evidence: Evidence, at: float) -> bool | None:
        """Takes evidence in. True if it shows a restart, False if not, None if it says nothing."""
        if (evidence.uptime is None and evidence.engine_time is None) or at <= self.at:
            return None
        first = self.at == float("-inf")
        restart = None if first else restart_between(self._evidence, evidence, at - self.at)
        self._evidence, self.at = evidence, at
        if restart is None:
            return False
        self.witnessed = restart.happened is not None
        if restart.happened:
            self.restarted = at
            self.started = at - (restart.uptime or 0.0)
        return bool(restart.happened)


class Source:
    """One polled device."""

    def __init__(self, device: EntityId, number: int) -> None:
        self.device = device
        self.number = number
        """Small and unique: what the series columns keep."""
        self.uptime = UptimeWitness()
