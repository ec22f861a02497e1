"""What is remembered of each polled device as a source, and of each of its tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from netwatch.model import EntityId, Evidence, Instant
from netwatch.state.restarts import restart_between

__all__ = ["Groups", "Source", "UptimeWitness"]

_SLACK = 10.0
_DRIFT = 0.01
"""Seconds, and share of the time, by which an agent's uptime and our clock may disagree over a restart of
netwatch; beyond that the clock was set."""


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
        self.confirmed: bool | None = None
        """Whether the first evidence after a restart of netwatch fits what was kept; None before it came."""
        self.evidence = Evidence()

    def resume(self, evidence: Evidence, at: float) -> None:
        """Goes on from evidence that an earlier life of the program kept; `at` may be negative."""
        if self.at == float("-inf") and evidence.uptime is not None:
            self.evidence, self.at = evidence, at

    def note(self, evidence: Evidence, at: float) -> bool | None:
        """Takes evidence in. True if it shows a restart, False if not, None if it says nothing."""
        if (evidence.uptime is None and evidence.engine_time is None) or at <= self.at:
            return None
        first = self.at == float("-inf")
        restart = None if first else restart_between(self.evidence, evidence, at - self.at)
        if self.confirmed is None:
            gone_up = (evidence.uptime or 0.0) - (self.evidence.uptime or 0.0)
            fits = abs(gone_up - (at - self.at)) <= _SLACK + _DRIFT * (at - self.at)
            self.confirmed = restart is not None and (restart.happened is True or fits)
        self.evidence, self.at = evidence, at
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
        """Small and unique: what groups keep."""
        self.uptime = UptimeWitness()
        self.evidence: Evidence | None = None
        """Taken in last: the same piece comes with each table of a pass."""
        self.agent = ""
        """Which make of agent answers, as it says itself."""


class Groups:
    """Tables of sources, by number: what all their rows have in common. Number 0 is nobody."""

    def __init__(self) -> None:
        self.source: NDArray[np.int32] = np.full(16, -1, dtype=np.int32)
        """Number of the source."""
        self.lead: NDArray[np.float64] = np.zeros(16)
        """Wall clock minus monotonic clock at the last pass, in seconds."""
        self.interval: NDArray[np.float64] = np.zeros(16)
        """Seconds."""
        self._last: NDArray[np.float64] = np.full(16, -np.inf)
        self._numbers: dict[tuple[int, str], int] = {}

    def number(self, source: int, table: str) -> int:
        """The number of a table, made at first sight."""
        found = self._numbers.get((source, table))
        if found is None:
            found = self._numbers[(source, table)] = len(self._numbers) + 1
            if found >= len(self.source):
                self._grow(2 * found)
            self.source[found] = source
        return found

    def passed(self, source: int, table: str, at: Instant, interval: float) -> int:
        """A pass over a table: the table's number."""
        number = self.number(source, table)
        self.told(number, at, interval)
        return number

    def told(self, number: int, at: Instant, interval: float) -> None:
        """A pass over a table. A late one changes nothing."""
        if at.mono >= self._last[number]:
            self._last[number] = at.mono
            self.lead[number] = at.wall - at.mono
            self.interval[number] = interval

    def _grow(self, size: int) -> None:
        for name, blank in (("source", -1), ("lead", 0.0), ("interval", 0.0), ("_last", -np.inf)):
            old = getattr(self, name)
            new = np.full(size, blank, dtype=old.dtype)
            new[: len(old)] = old
            setattr(self, name, new)
