"""Alerts as everybody sees them: channels, pages, exports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from netwatch.model.entity import EntityId
from netwatch.model.severity import Severity

__all__ = ["REPETITION", "Alert", "AlertState", "Notice", "Reason", "Transition"]

REPETITION = "repetition"
"""Annotation of an alert that somebody is told of anew: tells one telling from another, for receivers that
drop what they had before."""


class AlertState(StrEnum):
    PENDING = "pending"
    """The condition holds, but not yet for as long as the rule demands."""
    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One rule's condition on one entity, from its first sight to its end."""

    id: str
    """Stable as long as the condition holds; a later recurrence gets another. The deduplication key."""
    rule: str
    entity: EntityId
    device: EntityId
    state: AlertState
    severity: Severity
    since: float
    """Wall seconds at which the condition began to hold."""
    fired: float | None
    """Wall seconds at which it began to fire."""
    resolved: float | None
    value: float | None
    """The value that the condition judged last, in the unit of the rule's expression."""
    summary: str
    """One line for a person: what, where."""
    labels: Mapping[str, str] = field(default_factory=dict)
    """alertname, severity, district, site, device, kind and the entity's label: what a receiver routes by."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Longer texts: description, evidence, runbook."""
    suppressed_by: str = ""
    """Id of the alert that explains this one. Suppressed alerts are shown, not sent."""

    @property
    def active(self) -> bool:
        """Firing, and no other alert explains it: what somebody has to look at."""
        return self.state is AlertState.FIRING and not self.suppressed_by


@dataclass(frozen=True, slots=True)
class Transition:
    """A change that somebody may want to be told of."""

    alert: Alert
    previous: AlertState | None
    at: float


class Reason(StrEnum):
    """Why somebody is told."""

    NEW = "new"
    FLAPPING = "flapping"
    """It keeps coming back; from now on it is damped."""
    CALM = "calm"
    """It was damped, and has now lasted."""
    QUIET = "quiet hours over"
    MORNING = "morning"
    DIGEST = "digest"
    AGAIN = "still true after silence"
    GREATER = "greater than told"
    """It has at least twice as many devices behind it, or is seen to be something greater."""
    ESCALATED = "escalated"
    """Nobody has acknowledged it."""
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that somebody is to be told of."""

    alert: Alert
    channels: frozenset[str] | None = None
    """Names; None: every channel, each from its own severity on."""
    reason: Reason = Reason.NEW
    again: str = ""
    """Makes it another message to a channel that was told of the alert before; empty: told once is enough."""
    always: bool = False
    """It is about life safety: neither an explanation nor a channel's least severity keeps it back."""
    audiences: tuple[str, ...] = ()
    """Names, for the timeline."""
