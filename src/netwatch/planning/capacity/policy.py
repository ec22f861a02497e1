"""The capacity policy: from when on things count as full, and when nothing is forecast."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from netwatch.documents import Document, Strict, read_yaml, validate
from netwatch.planning.capacity.things import CapacityKind
from netwatch.planning.voted import sentence_about

__all__ = ["CapacityPolicy", "load_capacity_policy"]


Share = Annotated[float, Field(gt=0, le=1)]
Sentence = Annotated[str, sentence_about("it")]


class FullAt(Strict):
    """Shares of what there is, 0 to 1."""

    volume: Share
    pool: Share
    uplink: Share
    circuit: Share
    poe: Share
    memory: Share
    processor: Share

    def of(self, kind: CapacityKind) -> float:
        """Call trunks are full by Erlang B, not by a share."""
        return 1.0 if kind is CapacityKind.TRUNK else float(getattr(self, kind.value))


class Circuits(Strict):
    norm_mbit_per_1000_users: Annotated[float, Field(gt=0)]
    """Megabits per second."""
    sentence: Sentence


class Trunks(Strict):
    blocking: Annotated[float, Field(gt=0, lt=1)]
    strict_blocking: Annotated[float, Field(gt=0, lt=1)]
    sentence: Sentence

    @model_validator(mode="after")
    def _in_order(self) -> Trunks:
        if self.strict_blocking > self.blocking:
            raise ValueError("strict_blocking is at most blocking")
        return self


class NotForecastable(Strict):
    settle_weeks: Annotated[int, Field(ge=0, le=104)]
    too_noisy: Annotated[float, Field(gt=0)]
    """Width of the interval a year ahead, as a share of the limit."""


class CapacityPolicy(Strict):
    """One policy file; config/planning/capacity.yaml explains every key."""

    name: str = Field(min_length=1)
    history_days: int = Field(ge=28, le=3660)
    horizon_years: int = Field(ge=1, le=20)
    full_at: FullAt
    circuits: Circuits
    trunks: Trunks
    not_forecastable: NotForecastable


def load_capacity_policy(source: Path | str | Document) -> CapacityPolicy:
    """Reads a policy. Raises ConfigError with one Problem per mistake."""
    return validate(CapacityPolicy, source if isinstance(source, Document) else read_yaml(source))
