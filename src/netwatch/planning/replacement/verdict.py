"""What the criteria make of one subject: parts with points and evidence, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Self

from netwatch.model import Contribution, EvidenceItem
from netwatch.planning.curve import Curve

__all__ = ["Judged", "Verdict", "count", "eighths", "item"]


@dataclass(slots=True)
class Judged:
    """One part of a criterion."""

    name: str
    limit: int
    """Points that it can bring."""
    raw: float = 0.0
    """Points before they are counted in eighths."""
    evidence: list[EvidenceItem] = field(default_factory=list)
    missing: tuple[str, ...] = ()
    """Facts without which nothing is said."""

    def add(self, share: float, *told: EvidenceItem) -> Self:
        self.raw += self.limit * share
        self.evidence += told
        return self

    def lacks(self, *facts: str) -> Self:
        self.missing += facts
        return self

    def points(self, weight: float = 1.0) -> float:
        return eighths(self.raw * weight, self.limit)

    @property
    def headroom(self) -> float:
        """Points that what is missing could add at most."""
        return self.limit - eighths(self.raw, self.limit) if self.missing else 0.0


@dataclass(slots=True)
class Verdict:
    """The judgement of one subject."""

    need: Curve
    """Over the share of the other criteria's points; scales the parts of consequence."""
    others: int
    """Points of all criteria but consequence."""
    criteria: dict[str, list[Judged]] = field(default_factory=dict)
    """By name, in the order of the policy."""
    contributions: tuple[Contribution, ...] = ()

    @property
    def score(self) -> float:
        return sum(one.points for one in self.contributions)

    @property
    def unknown(self) -> tuple[str, ...]:
        """Each missing fact once, in the order of the policy."""
        parts = (part for parts in self.criteria.values() for part in parts)
        return tuple(dict.fromkeys(fact for part in parts for fact in part.missing))

    def base(self) -> float:
        """Points of all criteria but consequence: how much speaks for replacing it."""
        return sum(
            part.points() for name, parts in self.criteria.items() if name != "consequence" for part in parts
        )

    def weight(self, base: float) -> float:
        """The share of consequence that counts."""
        return self.need.share(base / self.others if self.others else 0.0)

    def close(self) -> None:
        """Counts the points."""
        base = self.base()
        weight = self.weight(base)
        made = []
        for name, parts in self.criteria.items():
            scale = weight if name == "consequence" else 1.0
            extra = (_need_told(weight, base, self.others),) if name == "consequence" else ()
            made.append(_contribution(name, parts, scale, extra))
        self.contributions = tuple(made)

    def score_with(self, more: dict[tuple[str, str], float]) -> float:
        """The score if parts, by criterion and name, had so many points more; of consequence before need."""
        base = self.base() + sum(
            sorted(points for (name, _), points in more.items() if name != "consequence")
        )
        weight = self.weight(min(base, float(self.others)))
        behind = sum(
            eighths((part.raw + more.get(("consequence", part.name), 0.0)) * weight, part.limit)
            for part in self.criteria.get("consequence", ())
        )
        return base + behind

    def headrooms(self, facts: Iterable[str] | None = None) -> dict[tuple[str, str], float]:
        """What parts that lack one of these facts (None: any) could bring more at the worst."""
        wanted = None if facts is None else frozenset(facts)
        return {
            (name, part.name): part.headroom
            for name, parts in self.criteria.items()
            for part in parts
            if part.missing and (wanted is None or wanted.intersection(part.missing))
        }


def eighths(points: float, limit: float) -> float:
    """Points are counted in eighths: sums of eighths are exact in binary, in any order."""
    return min(math.floor(points * 8 + 0.5) / 8, float(limit))


def item(
    text: str, source: str, value: float | None = None, unit: str = "", at: float | None = None
) -> EvidenceItem:
    return EvidenceItem(text, source, None if value is None else float(value), unit, at)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _contribution(
    name: str, parts: Sequence[Judged], scale: float, extra: tuple[EvidenceItem, ...]
) -> Contribution:
    """The evidence of the part that gave most comes first."""
    made = tuple(Contribution(part.name, part.points(scale), tuple(part.evidence)) for part in parts)
    weighty = sorted(made, key=lambda one: -one.points)
    evidence = tuple(told for part in weighty for told in part.evidence)
    return Contribution(name, sum(one.points for one in made), evidence + (extra if evidence else ()), made)


def _need_told(weight: float, base: float, others: int) -> EvidenceItem:
    text = (
        f"counted at {weight:.0%}, in proportion to need: "
        f"the other criteria give {base:.1f} of {others} points"
    )
    return item(text, "policy", weight, "ratio")
