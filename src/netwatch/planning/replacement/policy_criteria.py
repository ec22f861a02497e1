"""The criteria of the policy file: sentence, points and curve of every part."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from netwatch.documents import Strict
from netwatch.planning.basis import SaturationMeasure
from netwatch.planning.curve import CurveField
from netwatch.planning.lifecycle import MilestoneKind
from netwatch.planning.voted import sentence_about

__all__ = ["Criteria", "Group", "Part", "Share", "Voted"]


Points = Annotated[int, Field(ge=0, le=100, strict=True)]
"""Whole numbers, so that sums are exact."""
Share = Annotated[float, Field(ge=0, le=1)]
Sentence = Annotated[str, sentence_about("the criterion")]


class Voted(Strict):
    """What a committee votes on: why it counts, and how much."""

    sentence: Sentence
    points: Points


class Part(Voted):
    """A measurement that brings points by a curve."""

    curve: CurveField


class Milestones(Part):
    curve: CurveField
    """Over years since a milestone; negative before it."""
    milestones: dict[MilestoneKind, Share]
    """How much of the points each can bring; one that is left out brings nothing."""


class ModelFailures(Part):
    curve: CurveField
    """Over failures per device-year."""
    fleet_weight: float = Field(gt=0)
    """Failures at the rate of the whole fleet that are added to those of each model, with their time."""
    enough_device_years: float = Field(ge=0)
    enough_units: int = Field(ge=1)
    """Below either it abstains."""


class LikelihoodParts(Strict):
    age: Part
    """Over years in use divided by the useful life of the class."""
    milestones: Milestones
    unreachable: Part
    """Over the share of measured time without an answer."""
    reboots: Part
    """Over restarts per 30 days."""
    parts_failed: Part
    """Over the number of failed parts, warnings counted half."""
    interface_errors: Part
    """Over errors per gigabyte at the worst port."""
    temperature: Part
    """Over degrees Celsius above the limit of the hottest sensor; negative below it."""
    model_failures: ModelFailures


class Role(Voted):
    roles: dict[str, Share]

    @field_validator("roles")
    @classmethod
    def _complete(cls, roles: dict[str, float]) -> dict[str, float]:
        if "other" not in roles:
            raise ValueError("'other' is missing: the share of roles that are not listed")
        return roles


class ConsequenceParts(Strict):
    devices_behind: Part
    role: Role
    life_safety: Voted
    classrooms: Part
    people: Part
    """Over students or wireless clients, whichever are more."""


class Saturation(Voted):
    measures: dict[SaturationMeasure, CurveField]
    """Over the used share of what there is, 0 to 1."""


class UplinkSpeed(Part):
    curve: CurveField
    """Over what the access points behind it want, as a multiple of the uplinks' speed."""
    megabits_per_access_point: float = Field(gt=0)


class SlowPorts(Part):
    curve: CurveField
    """Over the number of ports."""
    megabits: float = Field(gt=0)
    """A port up to that speed is slow."""


class GenerationRow(Strict):
    models: tuple[str, ...] = Field(min_length=1)
    """Shell patterns for the model or the SKU."""
    generation: int = Field(ge=1, le=9)
    source: str = Field(min_length=1)


class WifiGeneration(Part):
    curve: CurveField
    """Over generations behind `current`."""
    current: int = Field(ge=4, le=9)
    known: tuple[GenerationRow, ...] = ()
    """For access points whose radios do not tell; the first that fits holds."""


class FitnessParts(Strict):
    saturation: Saturation
    uplink_speed: UplinkSpeed
    slow_ports: SlowPorts
    poe_budget: Part
    """Over the used share of the budget, 95th percentile over lesson time."""
    wifi_generation: WifiGeneration
    capacity_date: Part
    """Over years since the day on which it is full; negative: years to go."""


class SecurityParts(Strict):
    no_fixes: Milestones
    exploited_flaws: Part
    """Over the number of flaws that are known to be exploited."""


class Incidents(Part):
    curve: CurveField
    """Over hours per year."""
    longest_hours: float = Field(gt=0)
    """One incident counts with so many hours at most."""


class CostParts(Strict):
    power: Part
    """Over watts."""
    support_contract: Part
    """Over the yearly price of the contract, as a share of what was paid for the thing."""
    incidents: Incidents


class Group(Strict):
    """A criterion: its points are those of its parts together."""

    sentence: Sentence

    def voted(self) -> Iterator[tuple[str, Voted]]:
        """Its parts with their names, in order."""
        parts = self.parts  # type: ignore[attr-defined]  # every criterion has its own
        return ((name, getattr(parts, name)) for name in type(parts).model_fields)

    @property
    def points(self) -> int:
        return sum(part.points for _, part in self.voted())


class Likelihood(Group):
    parts: LikelihoodParts


class Consequence(Group):
    need: CurveField
    """Over the share of the other criteria's points; what it gives scales the whole criterion."""
    parts: ConsequenceParts


class Fitness(Group):
    parts: FitnessParts


class Security(Group):
    parts: SecurityParts


class Cost(Group):
    parts: CostParts


class Criteria(Strict):
    likelihood: Likelihood
    consequence: Consequence
    fitness: Fitness
    security: Security
    cost: Cost

    def groups(self) -> Iterator[tuple[str, Group]]:
        """All criteria with their names, in order."""
        return ((name, getattr(self, name)) for name in type(self).model_fields)

    @model_validator(mode="after")
    def _hundred(self) -> Self:
        parts = {name: group.points for name, group in self.groups()}
        if sum(parts.values()) != 100:
            told = ", ".join(f"{name} {points}" for name, points in parts.items())
            raise ValueError(
                f"the points of all criteria are 100 together, not {sum(parts.values())} ({told})"
            )
        return self
