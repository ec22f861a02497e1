"""What the capacity plan says: a line per thing, typed, with the evidence it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from netwatch.model import EntityId, EvidenceItem
from netwatch.planning.capacity.things import CapacityKind, CircuitFacts, HostFacts, TrunkFacts

__all__ = ["CapacityLine", "CapacityResult", "Need", "Outlook", "capacity_dates"]


class Outlook(StrEnum):
    """What is said of a thing, the most urgent first."""

    OVER = "over its limit"
    FULL = "full within the horizon"
    """The median gets there."""
    MAYBE = "may be full within the horizon"
    """Only the fast end of the interval gets there."""
    NOT_FORECASTABLE = "not forecastable"
    NOT_WITHIN = "not within the horizon"
    UNKNOWN = "unknown"
    """Its size or its use is."""


@dataclass(frozen=True, slots=True)
class Need:
    """What a thing will hold some years from now, in its unit: 80 % lie between low and high."""

    years: int
    low: float
    median: float
    high: float


@dataclass(frozen=True, slots=True)
class CapacityLine:
    """One thing, judged."""

    key: str
    kind: CapacityKind
    name: str
    school: str
    device: EntityId | None
    used: float | None
    size: float | None
    """All there is; of hosts what is left without the largest one."""
    limit: float | None
    """From which it counts as full, in the unit of the kind."""
    outlook: Outlook
    verdict: str
    """For people."""
    low: date | None
    """Early end of the 80 % interval; None: not within the horizon. Today where it is full now."""
    median: date | None
    high: date | None
    growth: float | None
    """Per year, in the unit of the kind; None where nothing is forecast."""
    needs: tuple[Need, ...]
    evidence: tuple[EvidenceItem, ...]
    """How it was measured and forecast, the weightiest first."""
    size_evidence: tuple[EvidenceItem, ...]
    unknown: tuple[str, ...]
    facts: CircuitFacts | TrunkFacts | HostFacts | None

    @property
    def share(self) -> float | None:
        """Used by limit; None where one is unknown or nothing is there."""
        if self.used is None or not self.limit:
            return None
        return self.used / self.limit


@dataclass(frozen=True, slots=True)
class CapacityResult:
    """The plan, most urgent line first."""

    at: float
    policy: str
    horizon_years: int
    lines: tuple[CapacityLine, ...]
    simulated: bool = False

    def of(self, *kinds: CapacityKind) -> tuple[CapacityLine, ...]:
        """Lines of some kinds, in the same order."""
        return tuple(line for line in self.lines if line.kind in kinds)


def capacity_dates(result: CapacityResult) -> Mapping[EntityId, date]:
    """By device: the earliest median date at which anything of it is full; the day of the plan where it is.

    Devices of which nothing gets full within the horizon are not in it.
    """
    out: dict[EntityId, date] = {}
    for line in result.lines:
        if line.device is not None and line.median is not None:
            known = out.get(line.device)
            out[line.device] = line.median if known is None else min(known, line.median)
    return dict(sorted(out.items()))
