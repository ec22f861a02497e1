"""Incidents of the past, as plans count them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netwatch.model import Alert, EntityId, Severity

__all__ = ["Incident", "hours_of", "incidents_of"]


@dataclass(frozen=True, slots=True)
class Incident:
    """One alert that somebody had to look at."""

    rule: str
    start: float
    """Wall seconds at which it began to fire."""
    end: float | None
    """None: it still does."""

    def seconds(self, start: float, end: float) -> float:
        """How long it lasted within [start, end), wall seconds."""
        until = end if self.end is None else min(self.end, end)
        return max(0.0, until - max(self.start, start))


def incidents_of(
    alerts: Iterable[Alert], start: float, end: float
) -> Mapping[EntityId, tuple[Incident, ...]]:
    """By device, in order of time: what fired within [start, end), wall seconds.

    What another alert explains is not counted: the cause is. Nor are alerts of severity `info`: nobody is
    called for them.
    """
    found: dict[EntityId, set[tuple[float, str, float | None]]] = {}
    for alert in alerts:
        if alert.fired is None or alert.suppressed_by or alert.severity is Severity.INFO:
            continue
        over = alert.resolved is not None and alert.resolved < start
        if alert.fired < end and not over:
            found.setdefault(alert.device, set()).add((alert.fired, alert.rule, alert.resolved))
    return {
        device: tuple(
            Incident(rule, fired, resolved)
            for fired, rule, resolved in sorted(rows, key=lambda row: (row[0], row[1], row[2] or end))
        )
        for device, rows in sorted(found.items())
    }


def hours_of(incidents: Iterable[Incident], start: float, end: float, longest: float) -> float:
    """Hours within [start, end), wall seconds, in which they were open; of each one `longest` hours at most.

    An upper bound of the work: nights are in it, and nobody says here when somebody took an incident on."""
    return sum(sorted(min(longest, one.seconds(start, end) / 3600) for one in incidents))
