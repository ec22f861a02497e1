"""Whom to tell, when, and what else is to be known for that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from netwatch.calendars import Calendar, Hours, Window, hours_end, next_time
from netwatch.incidents.damping import Damping
from netwatch.incidents.rota import Rota
from netwatch.model import Notice, Severity

__all__ = ["EVERYBODY", "Audience", "Escalation", "Policy", "QuietHours", "Urgency"]


_DAYS_AHEAD = 120
"""The longest holidays."""
_IN_A_ROW = 8
"""Quiet times that follow each other and count as one; what is longer is looked at again at its end."""


class Urgency(StrEnum):
    NOW = "now"
    DIGEST = "digest"
    """With everything else of its kind at the next time of the digest, if it still fires then."""
    MORNING = "morning"
    """At the next morning's time, if it still fires then."""


@dataclass(frozen=True, slots=True)
class Audience:
    """A named group of channels and people."""

    name: str
    channels: frozenset[str] | None = None
    """Names; None: every channel."""
    on_call: str = ""
    """Name of a rota: whoever is on call is told, too."""
    at_least: Severity = Severity.INFO
    urgency: Urgency = Urgency.NOW
    quiet: bool = True
    """Whether quiet hours hold for it."""


EVERYBODY = Audience("")
"""Who is told where nobody wrote audiences down: all channels at once, each from its own severity on."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """Another audience, if nobody acknowledges."""

    after: float
    """Seconds from the first telling on."""
    audience: str


@dataclass(frozen=True, slots=True)
class QuietHours:
    hours: Hours
    at_least: Severity = Severity.CRITICAL
    """Least severity that is told all the same."""
    windows: tuple[Window, ...] = ()
    """It is quiet while one of these is open, too, by the calendar that holds."""

    def until(self, timezone: str, calendar: Calendar | None, at: float) -> float | None:
        """When it ends; None if it is not quiet at `at`, wall seconds."""
        end = at
        for _ in range(_IN_A_ROW):
            ends = [hours_end(ZoneInfo(timezone), end, self.hours)]
            if calendar is not None:
                ends += [window.closes(calendar, end, _DAYS_AHEAD) for window in self.windows]
            longest = max((one for one in ends if one is not None), default=end)
            if longest <= end:
                break
            end = longest
        return end if end > at else None


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it. The default tells everything to every channel at once."""

    timezone: str = "UTC"
    audiences: Mapping[str, Audience] = field(default_factory=dict)
    tell: tuple[str, ...] = ()
    """Audiences that are told first; empty: everybody."""
    life_safety: tuple[str, ...] = ()
    """Audiences that are told of a life-safety alert beside those."""
    life_safety_rules: frozenset[str] = frozenset()
    escalation: tuple[Escalation, ...] = ()
    channels_at_least: Mapping[str, Severity] = field(default_factory=dict)
    """The least severity that each channel takes."""
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Channels by name of person."""
    rotas: Mapping[str, Rota] = field(default_factory=dict)
    quiet: QuietHours | None = None
    urgency: Mapping[str, Urgency] = field(default_factory=dict)
    """By rule."""
    morning: int = 6 * 3600 + 1800
    """Seconds after midnight of the wall clock."""
    digest: tuple[int, ...] = (6 * 3600 + 1800,)
    damping: Damping | None = None

    def audience(self, name: str) -> Audience:
        return self.audiences.get(name, EVERYBODY)

    def channels(self, audience: Audience, at: float) -> frozenset[str] | None:
        """Names of the audience's channels at wall second `at`; None for all."""
        if audience.channels is None:
            return None
        rota = self.rotas.get(audience.on_call)
        return audience.channels | (self.people[rota.on_call(at)] if rota is not None else frozenset())

    def recipients(self, notice: Notice) -> list[str]:
        """Who hears a notice: people by their channels, and channels that are nobody's."""
        heard = {
            name
            for name, least in self.channels_at_least.items()
            if (notice.channels is None or name in notice.channels)
            and (notice.always or notice.alert.severity.reaches(least))
        }
        people = [name for name, channels in self.people.items() if channels & heard]
        return sorted(people) + sorted(heard.difference(*self.people.values()))

    def urgency_of(self, rule: str, audience: Audience) -> Urgency:
        """What is said of the rule, else of the audience."""
        return self.urgency.get(rule, audience.urgency)

    def due(self, urgency: Urgency, since: float) -> float:
        """When something that waits since then is to be told."""
        if urgency is Urgency.NOW:
            return since
        times = (self.morning,) if urgency is Urgency.MORNING else self.digest
        return next_time(ZoneInfo(self.timezone), since, times)

    def quiet_until(
        self, audience: Audience, severity: Severity, at: float, calendar: Calendar | None = None
    ) -> float | None:
        """When the quiet hours end that keep it from this audience; None if none do. `calendar` is that of
        the school that it is about; None: nobody knows, and only the hours hold."""
        if self.quiet is None or not audience.quiet or severity.reaches(self.quiet.at_least):
            return None
        return self.quiet.until(self.timezone, calendar, at)
