"""A ranked list whose every point can be opened down to its evidence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from netwatch.model.entity import EntityId
from netwatch.model.place import PlaceId

__all__ = [
    "Alternative",
    "AlternativeKind",
    "Contribution",
    "CriterionVoted",
    "EvidenceItem",
    "FactPrice",
    "MissingFact",
    "ModelReliability",
    "RankedAsset",
    "ReplacementPlan",
]


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
    """A criterion, e.g. `likelihood`, `security`; or, among the `parts` of one, e.g. `age`."""
    points: float
    """Never negative; the score is the exact sum."""
    evidence: tuple[EvidenceItem, ...]
    parts: tuple[Contribution, ...] = ()
    """What it is made of, in the order of the policy; their points add up to its own exactly."""


class AlternativeKind(StrEnum):
    """What can be done instead of buying."""

    CASCADE = "cascade"
    """A younger one, from where less hangs on it."""
    SPARE = "spare"
    RECHANNEL = "re-channel"
    REPAIR = "repair"
    UPGRADE = "software upgrade"
    EXTENDED_SUPPORT = "extended support"


@dataclass(frozen=True, slots=True)
class Alternative:
    kind: AlternativeKind
    text: str
    """For a person: what to do with which thing."""
    evidence: tuple[EvidenceItem, ...]


@dataclass(frozen=True, slots=True)
class FactPrice:
    """What a missing fact of one asset could change."""

    fact: str
    """e.g. `installed`."""
    most: float
    """Points that it could add at the worst."""
    rank_most: int
    """The rank then, all others as they are."""
    plausible: tuple[float, float] | None
    """Points that it brings to the middle 80 % of comparable assets of which it is known; None: too few."""
    rank_plausible: int | None
    """The rank with the upper one of those."""


@dataclass(frozen=True, slots=True)
class MissingFact:
    """What one missing fact could change in the whole list."""

    fact: str
    assets: int
    """That lack it."""
    could_enter: int
    """Of them, how many are not on the shortlist and would be, if it brought what it brings to comparable
    ones."""
    could_enter_at_worst: int
    """The same, if it brought all that it can."""
    most: float
    """Points at most, of any of them."""


@dataclass(frozen=True, slots=True)
class CriterionVoted:
    """One line of the policy: a criterion, or a part of one."""

    criterion: str
    part: str
    """Empty for the criterion as a whole."""
    sentence: str
    points: int


@dataclass(frozen=True, slots=True)
class ModelReliability:
    """How often one model fails in this fleet. Units that did not fail count with the time that they were
    watched (right-censored)."""

    vendor: str
    model: str
    units: int
    device_years: float
    failures: int
    """Weeks in which a unit lost 15 minutes or more by its own fault, and failed parts now."""
    rate: float | None
    """Failures per device-year, drawn towards that of the fleet; None: it abstains."""
    low: float | None
    """Of the 90 % interval of `rate`."""
    high: float | None
    abstains: str = ""
    """Why there is no rate."""


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
    rank_low: int = 0
    """The best rank (1 is the first to go) under any weights of the criteria within the policy's range; 0:
    not asked."""
    rank_high: int = 0
    """The last rank under any of them."""
    score_at_most: float = 0.0
    """The score if everything unknown were as bad as it can be."""
    prices: tuple[FactPrice, ...] = ()
    """Of each missing fact, the dearest first."""
    alternatives: tuple[Alternative, ...] = ()
    override: str = ""
    """Who pinned or excluded it, when and why; empty for nearly all."""


@dataclass(frozen=True, slots=True)
class ReplacementPlan:
    at: float
    """Wall seconds of the snapshot."""
    policy: str
    """Name of the policy it was made under."""
    assets: tuple[RankedAsset, ...]
    simulated: bool = False
    """True if simulated history went into it."""
    excluded: tuple[RankedAsset, ...] = ()
    """What somebody took out of the list, with the rank that it would have."""
    missing: tuple[MissingFact, ...] = ()
    """What to look up first."""
    shortlist: int = 0
    """How many of the first assets are looked at; 0: not said."""
    criteria: tuple[CriterionVoted, ...] = ()
    """The policy as it was voted on."""
    voted_on: date | None = None
    voted_by: str = ""
    models: tuple[ModelReliability, ...] = ()
    warnings: tuple[str, ...] = ()
    """Such as an override for something that is not there."""
