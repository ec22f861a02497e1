"""A ranked list whose every point can be opened down to its evidence."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model.entity import EntityId
from netwatch.model.place import PlaceId

__all__ = ["Contribution", "EvidenceItem", "RankedAsset", "ReplacementPlan"]


@dataclass(frozen=True, slots=True)
class EvidenceItem:
    """One fact or measurement behind a contribution."""

    text: str
    """For a person, e.g. `installed 2017-08-01, useful life 7 years`."""
    source: str
    """Where it comes from: a family, the inventory, a bulletin, the policy."""
    value: float | None = None
    unit: str = ""
    at: float | None = None
    """Wall seconds of the reading; None for what is not measured."""


@dataclass(frozen=True, slots=True)
class Contribution:
    name: str
    """e.g. `age`, `support`, `faults`, `saturation`, `consequence`."""
    points: float
    """Never negative; the score is the exact sum."""
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class RankedAsset:
    rank: int
    """From 1; equal scores share a rank."""
    device: EntityId | None
    """None for a spare, or for gear never seen."""
    name: str
    kind: str
    vendor: str
    model: str
    serial: str
    place: PlaceId | None
    school: str
    """Name of the school; outside the schools that of the site; empty where unknown."""
    score: float
    contributions: tuple[Contribution, ...]
    unknown: tuple[str, ...] = ()
    """Facts that are missing and would change the score, e.g. `installed`."""


@dataclass(frozen=True, slots=True)
class ReplacementPlan:
    at: float
    """Wall seconds of the snapshot."""
    policy: str
    """Name of the policy it was made under."""
    assets: tuple[RankedAsset, ...]
    simulated: bool = False
    """True if simulated history went into it."""
