"""The life of one alert, without any look at where the verdict came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto

from netwatch.model import Alert, AlertState

__all__ = ["Active", "Verdict", "advance"]


class Verdict(Enum):
    """What a snapshot says of one series under one rule."""

    HOLDS = auto()
    """The condition is met."""
    BETWEEN = auto()
    """Not met, but not past the clear level either."""
    CLEAR = auto()
    UNKNOWN = auto()
    """Not read, or too long ago."""
    GONE = auto()
    """The series, its entity or the rule is no more."""


@dataclass(frozen=True, slots=True)
class Active:
    """A pending or firing alert with what else must be known to carry it on."""

    alert: Alert
    clear_since: float | None = None
    """Wall seconds since which it has been past the clear level without a break."""
    settle_until: float | None = None
    """The explaining alert has ended; until then this one may still end by itself."""


def advance(active: Active, verdict: Verdict, now: float, *, hold: float, keep: float) -> Active:
    """One step: pending to firing after `hold` seconds, firing to resolved after `keep` seconds.

    A pending alert needs the condition without a break; the clear level counts once it fires. UNKNOWN changes
    nothing. A wall clock that was set back restarts the wait.
    """
    alert = active.alert
    if verdict is Verdict.UNKNOWN:
        return active
    if verdict is Verdict.GONE:
        return replace(active, alert=_resolved(alert, now))
    if alert.state is AlertState.PENDING:
        if verdict is not Verdict.HOLDS:
            return replace(active, alert=_resolved(alert, now))
        since = min(alert.since, now)
        if now - since >= hold:
            return replace(active, alert=replace(alert, state=AlertState.FIRING, since=since, fired=now))
        return active if since == alert.since else replace(active, alert=replace(alert, since=since))
    if verdict is not Verdict.CLEAR:
        return replace(active, clear_since=None) if active.clear_since is not None else active
    clear_since = now if active.clear_since is None else min(active.clear_since, now)
    if now - clear_since >= keep:
        return replace(active, alert=_resolved(alert, now))
    return replace(active, clear_since=clear_since)


def _resolved(alert: Alert, now: float) -> Alert:
    return replace(alert, state=AlertState.RESOLVED, resolved=now)
