"""The equity policy: what a school's service is measured by, and which index is which grade."""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.curve import CurveField
from netwatch.planning.voted import sentence_about

__all__ = ["EquityPolicy", "Indicator", "IndicatorPolicy", "load_equity_policy"]

_LETTERS = ("A", "B", "C", "D")


class Indicator(StrEnum):
    """What the service of a school is measured by."""

    AVAILABILITY = "availability"
    SATURATION = "saturation"
    AGE = "age"
    AIRTIME = "airtime"
    CLIENTS = "clients"
    BANDWIDTH = "bandwidth"


class IndicatorPolicy(Strict):
    """One indicator. It has one of the two curves."""

    sentence: Annotated[str, sentence_about("the indicator")]
    weight: int = Field(ge=0, le=100, strict=True)
    gives: CurveField | None = None
    """Share of the points over the measurement, where more is better."""
    takes: CurveField | None = None
    """Share of the points that is lost, where more is worse."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.gives is None) == (self.takes is None):
            raise ValueError("expected either 'gives' (more is better) or 'takes' (more is worse)")
        return self

    def share(self, value: float) -> float:
        """Share of the points that a measurement earns, 0 to 1."""
        if self.gives is not None:
            return self.gives.share(value)
        assert self.takes is not None
        return 1.0 - self.takes.share(value)

    @property
    def target(self) -> float:
        """The nearest measurement that earns as much as can be earned."""
        if self.gives is not None:
            best = self.gives.points[-1][1]
            return next(value for value, share in self.gives.points if share == best)
        assert self.takes is not None
        least = self.takes.points[0][1]
        return next(value for value, share in reversed(self.takes.points) if share == least)


class EquityPolicy(Strict):
    """One policy file; config/planning/equity.yaml explains every key."""

    name: str = Field(min_length=1)
    enough_hours: float = Field(default=24, ge=0)
    least_known: float = Field(default=0.6, gt=0, le=1)
    suppress_clients_under: int = Field(default=5, ge=5)
    not_counted: tuple[str, ...] = ("vm",)
    grades: dict[str, float]
    indicators: dict[Indicator, IndicatorPolicy]

    @field_validator("grades")
    @classmethod
    def _falling(cls, grades: dict[str, float]) -> dict[str, float]:
        if tuple(grades) != _LETTERS:
            raise ValueError("expected the lowest index of A, B, C and D, in this order")
        bounds = [100.0, *grades.values(), 0.0]
        if any(low >= high for high, low in pairwise(bounds)):
            raise ValueError("the bounds of grades fall from A to D, between 100 and 0")
        return grades

    @field_validator("indicators")
    @classmethod
    def _complete(cls, indicators: dict[Indicator, IndicatorPolicy]) -> dict[Indicator, IndicatorPolicy]:
        missing = [name for name in Indicator if name not in indicators]
        if missing:
            raise ValueError(f"missing: {', '.join(missing)}; an indicator of weight 0 counts for nothing")
        weights = {name: indicators[name].weight for name in Indicator}
        if sum(weights.values()) != 100:
            told = ", ".join(f"{name} {weight}" for name, weight in weights.items())
            raise ValueError(f"the weights are 100 together, not {sum(weights.values())} ({told})")
        return indicators

    def grade(self, index: float) -> str:
        """The letter of an index, A to F."""
        return next((letter for letter, bound in self.grades.items() if index >= bound), "F")

    def next_bound(self, index: float) -> tuple[str, float] | None:
        """The next better grade and its lowest index; None at the best."""
        better = [(letter, bound) for letter, bound in self.grades.items() if bound > index]
        return better[-1] if better else None


def load_equity_policy(source: Path | str | Document) -> EquityPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(EquityPolicy, source if isinstance(source, Document) else read_yaml(source))
