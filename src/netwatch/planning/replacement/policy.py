"""The replacement policy: criteria that a committee can read and vote on."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, field_validator, model_validator

from netwatch.calendars import Calendar
from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.replacement.policy_criteria import Criteria, Share

__all__ = ["Alternatives", "ReplacementPolicy", "SchoolHours", "load_policy"]


def _clock(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f'expected a time in quotes, e.g. "08:00", found {value!r}')
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(f'expected a time, e.g. "08:00", found {value!r}') from None


Clock = Annotated[time, BeforeValidator(_clock)]
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class SchoolHours(Strict):
    """Lesson time where no calendar says better: every week of the year."""

    timezone: str
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...]
    opens: Clock = Field(alias="from")
    closes: Clock = Field(alias="to")

    @field_validator("timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, OSError, ValueError):
            raise ValueError(f"expected an IANA time zone such as America/Chicago, found {name!r}") from None
        return name

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError("lessons begin before they end")
        return self

    def calendar(self) -> Calendar:
        bells = ((_seconds(self.opens), _seconds(self.closes)),)
        week = tuple("lessons" if day in self.days else "" for day in _DAYS)
        return Calendar(
            "school hours of the policy", self.timezone, {"lessons": bells}, week, ((date.min, date.max),)
        )


class Alternatives(Strict):
    """When something else than buying is worth a thought."""

    from_points: float = Field(default=15, ge=0, le=100)
    """Score from which on alternatives are looked for."""
    years_younger: float = Field(default=2, ge=0)
    """A unit that takes the place is at least so much younger."""
    points_better: float = Field(default=10, ge=0)
    """And has at least so many points fewer, consequence left out."""
    need_share: Share = 0.5
    """What hangs on a unit in use counts at most so much of what hangs on the asset whose place it takes."""
    part_prices: dict[
        Literal["power supply", "fan", "disk", "battery", "sensor"], Annotated[float, Field(gt=0)]
    ] = Field(default_factory=dict)
    """What a part costs, in the currency of the assets; nothing: unknown."""


class ReplacementPolicy(Strict):
    """One policy file; config/planning/replacement.yaml explains every key."""

    name: str = Field(min_length=1)
    voted_on: date | None = None
    voted_by: str = ""
    history_days: int = Field(ge=1, le=3660)
    enough_hours: float = Field(default=24, ge=0)
    school_hours: SchoolHours
    not_ranked: tuple[str, ...] = ("vm",)
    shortlist: int = Field(default=25, ge=1)
    """How many of the first assets people look at."""
    weights_vary_percent: int = Field(default=20, ge=0, le=99)
    """By how much the weight of each criterion may change for the lowest and highest rank."""
    alternatives: Alternatives = Alternatives()
    criteria: Criteria

    @model_validator(mode="after")
    def _voted(self) -> Self:
        if (self.voted_on is None) != (not self.voted_by):
            raise ValueError("'voted_on' and 'voted_by' belong together: when, and by whom")
        return self


def load_policy(source: Path | str | Document) -> ReplacementPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(ReplacementPolicy, source if isinstance(source, Document) else read_yaml(source))


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second
