"""Settings of who is told of alerts, and when: audiences, rotas, escalation, quiet hours, damping, links."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Literal, Protocol

from pydantic import Field, field_validator, model_validator

from netwatch.calendars import ClockTime, Day, HoursField, LocalTime, SpansField
from netwatch.config.fields import Names, PositiveDuration, SecretField
from netwatch.documents import Document, Strict, did_you_mean, fault
from netwatch.errors import Problem
from netwatch.model import DAY, Secret, Severity

__all__ = [
    "AudienceSettings",
    "DampingSettings",
    "EscalationSettings",
    "LifeSafetySettings",
    "LinkSettings",
    "PersonSettings",
    "QuietHoursSettings",
    "RotaSettings",
    "SwapSettings",
    "TellingSettings",
    "UrgencyName",
    "contradictions",
]

UrgencyName = Literal["now", "morning", "digest"]
_NONE = Secret("")


class PersonSettings(Strict):
    """Somebody who can be told."""

    channels: Names = Field(description="Names of the channels that reach this person.")


class AudienceSettings(Strict):
    """A named group of channels and people."""

    channels: Names = Field(default=(), description="Names of channels.")
    people: Names = Field(default=(), description="Names of people.")
    on_call: str = Field(default="", description="Name of a rota: whoever is on call is told, too.")
    at_least: Severity = Field(
        default=Severity.INFO,
        description="Least severity that it is told of; that of the channel holds, too.",
    )
    urgency: UrgencyName = Field(
        default="now",
        description="`now`; `digest`: at the next time of `alerts.digest`, and `morning`: at the next "
        "`alerts.morning`, if it is still true then.",
    )
    quiet_hours: bool = Field(default=True, description="Whether `alerts.quiet_hours` hold for it.")

    @model_validator(mode="after")
    def _reaches_somebody(self) -> AudienceSettings:
        if not (self.channels or self.people or self.on_call):
            raise fault("it reaches nobody", "name channels, people or a rota (on_call)")
        return self


class SwapSettings(Strict):
    """Somebody stands in."""

    person: str = Field(description="Who is on call instead.")
    starts: LocalTime = Field(description="From when on, by the district's wall clock.")
    ends: LocalTime = Field(description="Until when.")


class RotaSettings(Strict):
    """People who are on call in turn."""

    people: Names = Field(description="Names of people, in order.")
    begins: Day = Field(description="Day on which the first person's first turn begins.")
    turn: PositiveDuration = Field(default=7 * DAY, description="Length of a turn, in whole days.")
    handover: ClockTime = Field(default=8 * 3600, description="Time of day at which a turn begins.")
    swaps: tuple[SwapSettings, ...] = Field(default=(), description="Who stands in; the later ones win.")

    @field_validator("turn")
    @classmethod
    def _whole_days(cls, value: float) -> float:
        if value % DAY:
            raise fault("expected whole days", "e.g. 1d or 1w")
        return value

    @field_validator("people")
    @classmethod
    def _somebody(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value:
            raise fault("expected at least one")
        return value


class EscalationSettings(Strict):
    """Another audience, if nobody acknowledges."""

    after: PositiveDuration = Field(description="Time since the first telling.")
    audience: str = Field(description="Who is told then.")


class QuietHoursSettings(Strict):
    """Times at which only severe alerts are told; the others at their end, if they are still true."""

    hours: HoursField = Field(default=(), description='From when to when, e.g. `"21:00-06:30"`, every day.')
    during: SpansField = Field(
        default=(),
        description="Quiet as well while one of these is on: `lessons`, `school_days`, `day_type NAME` "
        'or weekly hours such as `"sat-sun 00:00-24:00"`, by the calendar of the school of the alert.',
    )
    outside: SpansField = Field(
        default=(),
        description="Quiet as well while none of these is on: `school_days` for holidays and weekends, "
        "`lessons` for all time outside class.",
    )
    at_least: Severity = Field(
        default=Severity.CRITICAL, description="Least severity that is told all the same."
    )

    @model_validator(mode="after")
    def _ever(self) -> QuietHoursSettings:
        if not (self.hours or self.during or self.outside):
            raise fault("it is never quiet", "say hours, during or outside")
        return self


class DampingSettings(Strict):
    """Flap damping in the manner of RFC 2439: what keeps coming back is not told each time."""

    half_life: PositiveDuration = Field(default=900.0, description="The penalty halves in this time.")
    penalty: float = Field(default=1000.0, gt=0, description="Penalty for each time that an alert fires.")
    suppress: float = Field(default=2000.0, gt=0, description="Above this penalty the alert is damped.")
    reuse: float = Field(default=750.0, gt=0, description="Below this one it is damped no longer.")
    longest: PositiveDuration = Field(
        default=3600.0, description="What flaps no more is told after this time at the latest."
    )

    @model_validator(mode="after")
    def _levels_in_order(self) -> DampingSettings:
        if self.reuse >= self.suppress:
            raise fault("reuse has to be below suppress")
        if self.reuse * 2.0 ** min(self.longest / self.half_life, 64.0) <= self.suppress:
            raise fault(
                "nothing would ever be damped: no penalty above suppress decays to reuse within longest",
                "make longest longer or half_life shorter",
            )
        return self


class LifeSafetySettings(Strict):
    """Alerts that nothing may hide: of devices with `life_safety` in the inventory, and of these rules."""

    audiences: Names = Field(
        default=(), description="Audiences that are told at once, beside those of `alerts.tell`."
    )
    rules: Names = Field(default=(), description="Rules whose alerts are life safety on any device.")


class LinkSettings(Strict):
    """Links in messages that acknowledge one alert, once, without a login. They need `web.external_url`."""

    channels: Names = Field(
        default=(), description="Channels whose messages carry one: those that single people read."
    )
    valid_for: PositiveDuration = Field(default=DAY, description="A link is good for this long.")
    key: SecretField = Field(
        default=_NONE,
        description="Key of their signatures, 16 characters or more; without it one is made and kept in "
        "`state_dir`.",
    )

    @field_validator("key")
    @classmethod
    def _long_enough(cls, value: Secret) -> Secret:
        if value and len(value.reveal()) < 16:
            raise fault("the key is too short", "make one with: openssl rand -hex 32")
        return value


class TellingSettings(Protocol):
    """The part of `alerts` that is about telling."""

    people: dict[str, PersonSettings]
    audiences: dict[str, AudienceSettings]
    tell: tuple[str, ...]
    escalation: tuple[EscalationSettings, ...]
    on_call: dict[str, RotaSettings]
    life_safety: LifeSafetySettings
    links: LinkSettings


def contradictions(
    alerts: TellingSettings, channels: Collection[str], document: Document
) -> Iterator[Problem]:
    """Names that name nothing. `channels` are those that there are."""

    def unknown(
        what: str, names: Iterable[str], known: Collection[str] | Mapping[str, object], *path: str | int
    ) -> Iterator[Problem]:
        for number, name in enumerate(names):
            if name not in known:
                # A list of the file's own has numbers; a single name stands where the path says.
                place = ("alerts", *path, *(() if isinstance(names, list) else (number,)))
                yield document.problem(place, f"unknown {what} {name!r}", did_you_mean(name, known))

    for name, person in alerts.people.items():
        yield from unknown("channel", person.channels, channels, "people", name, "channels")
        if not person.channels:
            yield document.problem(("alerts", "people", name), "no channel reaches this person")
    for name, audience in alerts.audiences.items():
        yield from unknown("channel", audience.channels, channels, "audiences", name, "channels")
        yield from unknown("person", audience.people, alerts.people, "audiences", name, "people")
        if audience.on_call:
            yield from unknown("rota", [audience.on_call], alerts.on_call, "audiences", name, "on_call")
    for name, rota in alerts.on_call.items():
        yield from unknown("person", rota.people, alerts.people, "on_call", name, "people")
        for row, swap in enumerate(rota.swaps):
            path = ("on_call", name, "swaps", row, "person")
            yield from unknown("person", [swap.person], alerts.people, *path)
    for row, step in enumerate(alerts.escalation):
        yield from unknown("audience", [step.audience], alerts.audiences, "escalation", row, "audience")
    yield from unknown("audience", alerts.tell, alerts.audiences, "tell")
    yield from unknown("audience", alerts.life_safety.audiences, alerts.audiences, "life_safety", "audiences")
    yield from unknown("channel", alerts.links.channels, channels, "links", "channels")
