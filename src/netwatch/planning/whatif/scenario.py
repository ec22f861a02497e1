"""The file that says what if: strict, and written to be read aloud."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from netwatch.documents import Document, Strict, fault, validate
from netwatch.planning.lifecycle import MilestoneKind

__all__ = [
    "CircuitUpgraded",
    "DeviceReplaced",
    "DevicesPerStudent",
    "MilestoneMoved",
    "Rollout",
    "Scenario",
    "SchoolClosed",
    "UsefulLifeChanged",
    "load_scenario",
]

Factor = Annotated[float, Field(ge=0, le=100)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Speed = Annotated[float, Field(gt=0, le=1e15)]

MOST = 500
"""Entries of one kind that a scenario may have."""


class DevicesPerStudent(Strict):
    """How many devices a student has with him."""

    now: float = Field(gt=0, le=20)
    then: float = Field(ge=0, le=20)

    @property
    def factor(self) -> float:
        return self.then / self.now


class Rollout(Strict):
    """More devices in some schools: more clients on the air, more traffic on the uplinks."""

    schools: tuple[Name, ...] = Field(default=(), max_length=MOST)
    """Ids, last steps of ids, or names."""
    levels: tuple[Name, ...] = Field(default=(), max_length=MOST)
    """All schools of these levels, e.g. `elementary`."""
    devices_per_student: DevicesPerStudent | None = None
    """Clients and traffic grow in proportion, where they are not given themselves."""
    clients: Factor | None = None
    """What clients are multiplied by."""
    traffic: Factor | None = None
    """What traffic is multiplied by."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.schools and not self.levels:
            raise fault("a rollout needs 'schools' or 'levels'", "e.g. levels: [elementary]")
        if self.devices_per_student is None and self.clients is None and self.traffic is None:
            raise fault(
                "a rollout needs 'devices_per_student', or factors for 'clients' and 'traffic'",
                "e.g. devices_per_student: {now: 0.5, then: 1}",
            )
        return self

    @property
    def client_factor(self) -> float:
        return self._factor(self.clients)

    @property
    def traffic_factor(self) -> float:
        return self._factor(self.traffic)

    def _factor(self, given: float | None) -> float:
        if given is not None:
            return given
        return 1.0 if self.devices_per_student is None else self.devices_per_student.factor


class MilestoneMoved(Strict):
    """A maker moves an end, or announces one."""

    vendor: str = "*"
    models: tuple[Name, ...] = Field(min_length=1, max_length=MOST)
    """Shell patterns for the model or SKU."""
    milestone: MilestoneKind
    on: date = Field(alias="date")


class SchoolClosed(Strict):
    """Its gear becomes spare, to be used elsewhere."""

    school: Name


class DeviceReplaced(Strict):
    """New gear in the place of old: what was measured of the old one is over."""

    device: Name
    """Name or serial number."""
    vendor: str | None = None
    model: str | None = None
    """Without it: the same as before."""
    installed: date | None = None
    """Without it: the day of the plan."""
    support_until: date | None = None


class CircuitUpgraded(Strict):
    """A faster line of a carrier."""

    circuit: Name
    """The carrier's number of it."""
    rate: Speed
    """New bits per second."""
    rate_before: Speed | None = None
    """Where the inventory does not say it."""
    monthly_cost: float | None = Field(default=None, ge=0)


class UsefulLifeChanged(Strict):
    """How long a class of gear is planned with."""

    name: Name = Field(alias="class")
    years: float = Field(gt=0, le=100)
    outer_years: float | None = Field(default=None, gt=0, le=100)
    """Without it: longer or shorter by as many years as `years`."""


class Scenario(Strict):
    """Everything that is another way than it is; config/planning/scenarios/ has examples."""

    name: str = Field(min_length=1, max_length=200)
    """For the head of the comparison."""
    rollout: tuple[Rollout, ...] = Field(default=(), max_length=MOST)
    milestones: tuple[MilestoneMoved, ...] = Field(default=(), max_length=MOST)
    schools_closed: tuple[SchoolClosed, ...] = Field(default=(), max_length=MOST)
    devices_replaced: tuple[DeviceReplaced, ...] = Field(default=(), max_length=MOST)
    circuits: tuple[CircuitUpgraded, ...] = Field(default=(), max_length=MOST)
    useful_lives: tuple[UsefulLifeChanged, ...] = Field(default=(), max_length=MOST)
    policy_files: dict[str, Name] = Field(default_factory=dict)
    """By plan, e.g. `replacement`: another policy file, beside the scenario."""
    policies: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """By plan: keys of its policy that are other ones."""

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        changes = (getattr(self, key) for key in type(self).model_fields if key != "name")
        if not any(changes):
            keys = ", ".join(key for key in type(self).model_fields if key != "name")
            raise fault("the scenario changes nothing", f"give one of {keys}")
        return self


def load_scenario(document: Document) -> Scenario:
    """Checks a scenario by itself; whether it fits the district is told by `apply`. Raises ConfigError with
    one Problem per mistake."""
    return validate(Scenario, document)
