"""The replacement policy: criteria that a committee can read and vote on."""

from __future__ import annotations

from datetime import date, time
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from netwatch.calendars import Calendar
from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.basis import SaturationMeasure
from netwatch.planning.curve import CurveField
from netwatch.planning.lifecycle import MilestoneKind

__all__ = ["ReplacementPolicy", "load_policy"]


def _sentence(text: str) -> str:
    if len(text.split()) < 3:
        raise ValueError("expected a sentence that tells a committee what the criterion is for")
    return text


def _clock(value: Any) -> Any:
    if not isinstance(value, str):
        raise ValueError(f'expected a time in quotes, e.g. "08:00", found {value!r}')
    try:
        return time.fromisoformat(value)
    except ValueError:
        raise ValueError(f'expected a time, e.g. "08:00", found {value!r}') from None


Points = Annotated[int, Field(ge=0, le=100, strict=True)]
"""Whole numbers, so that sums are exact."""
Share = Annotated[float, Field(ge=0, le=1)]
Sentence = Annotated[str, AfterValidator(_sentence)]
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


class Age(Strict):
    sentence: Sentence
    points: Points
    curve: CurveField
    """Over years in use divided by the useful life of the class."""


class Support(Strict):
    sentence: Sentence
    points: Points
    curve: CurveField
    """Over years since a milestone; negative before it."""
    milestones: dict[MilestoneKind, Share]


class Part(Strict):
    sentence: Sentence
    points: Points
    curve: CurveField


class FaultParts(Strict):
    unreachable: Part
    """Over the share of measured time without an answer."""
    reboots: Part
    """Over restarts per 30 days."""
    parts_failed: Part
    """Over the number of failed parts, warnings counted half."""
    interface_errors: Part
    """Over errors per gigabyte at the worst port."""


class Faults(Strict):
    sentence: Sentence
    parts: FaultParts

    @property
    def points(self) -> int:
        parts = self.parts
        return (
            parts.unreachable.points
            + parts.reboots.points
            + parts.parts_failed.points
            + parts.interface_errors.points
        )


class Saturation(Strict):
    sentence: Sentence
    points: Points
    measures: dict[SaturationMeasure, CurveField]
    """Over the used share of what there is, 0 to 1."""


class Role(Strict):
    sentence: Sentence
    points: Points
    roles: dict[str, Share]

    @field_validator("roles")
    @classmethod
    def _complete(cls, roles: dict[str, float]) -> dict[str, float]:
        if "other" not in roles:
            raise ValueError("'other' is missing: the share of roles that are not listed")
        return roles


class LifeSafety(Strict):
    sentence: Sentence
    points: Points


class ConsequenceParts(Strict):
    devices_behind: Part
    role: Role
    life_safety: LifeSafety
    classrooms: Part


class Consequence(Strict):
    sentence: Sentence
    need: CurveField
    """Over the share of the other criteria's points; what it gives scales the whole criterion."""
    parts: ConsequenceParts

    @property
    def points(self) -> int:
        parts = self.parts
        return (
            parts.devices_behind.points
            + parts.role.points
            + parts.life_safety.points
            + parts.classrooms.points
        )


class Criteria(Strict):
    age: Age
    support: Support
    faults: Faults
    saturation: Saturation
    consequence: Consequence

    @model_validator(mode="after")
    def _hundred(self) -> Self:
        parts = {name: getattr(self, name).points for name in type(self).model_fields}
        if sum(parts.values()) != 100:
            told = ", ".join(f"{name} {points}" for name, points in parts.items())
            raise ValueError(
                f"the points of all criteria are 100 together, not {sum(parts.values())} ({told})"
            )
        return self


class ReplacementPolicy(Strict):
    """One policy file; config/planning/replacement.yaml explains every key."""

    name: str = Field(min_length=1)
    history_days: int = Field(ge=1, le=3660)
    enough_hours: float = Field(default=24, ge=0)
    school_hours: SchoolHours
    not_ranked: tuple[str, ...] = ("vm",)
    criteria: Criteria


def load_policy(source: Path | str | Document) -> ReplacementPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(ReplacementPolicy, source if isinstance(source, Document) else read_yaml(source))


def _seconds(at: time) -> int:
    return at.hour * 3600 + at.minute * 60 + at.second
