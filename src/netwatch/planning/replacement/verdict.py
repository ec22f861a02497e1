"""What the criteria make of one subject: parts with points and evidence, and what is missing."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from netwatch.model import Contribution, EvidenceItem
from netwatch.planning.curve import Curve

__all__ = ["Judged", "Place", "Verdict", "count", "eighths", "item"]

Place = tuple[str, str]
"""A criterion and its part."""


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
    points: float = 0.0
    """`raw` in eighths, once the verdict is closed."""

    def add(self, share: float, *told: EvidenceItem) -> Self:
        self.raw += self.limit * share
        self.evidence += told
        return self

    def lacks(self, *facts: str) -> Self:
        self.missing += facts
        return self

    def scaled(self, weight: float) -> float:
        """Points if only a share of them counts."""
        return eighths(self.raw * weight, self.limit) if self.raw else 0.0


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
    base: float = 0.0
    """Points of all criteria but consequence: how much speaks for replacing it."""
    score: float = 0.0
    unknown: tuple[str, ...] = ()
    """Each missing fact once, in the order of the policy."""

    def close(self) -> None:
        """Counts the points, once all parts are there."""
        for name, parts in self.criteria.items():
            for part in parts:
                part.points = part.scaled(1.0)
            if name != "consequence":
                self.base += sum([part.points for part in parts])
        weight = self.weight(self.base)
        made = []
        for name, parts in self.criteria.items():
            if name == "consequence":
                points = [part.scaled(weight) for part in parts]
                told = _need_told(weight, self.base, self.others)
                made.append(_contribution(name, parts, points, told))
            else:
                made.append(_contribution(name, parts, [part.points for part in parts], None))
        self.contributions = tuple(made)
        self.score = sum([one.points for one in made])
        facts = [fact for parts in self.criteria.values() for part in parts for fact in part.missing]
        self.unknown = tuple(dict.fromkeys(facts))

    def weight(self, base: float) -> float:
        """The share of consequence that counts."""
        return self.need.share(base / self.others if self.others else 0.0)

    def score_with(self, more: Mapping[Place, float]) -> float:
        """The score if parts had so many points more; of consequence before need."""
        base, behind = self.base, {}
        for (name, part), points in more.items():
            if name == "consequence":
                behind[part] = points
            else:
                base += points
        weight = self.need.share(min(1.0, base / self.others)) if self.others else 0.0
        for judged in self.criteria.get("consequence", ()):
            raw = judged.raw + behind[judged.name] if judged.name in behind else judged.raw
            if raw:
                base += eighths(raw * weight, judged.limit)
        return base

    def headrooms(self) -> dict[str, dict[Place, float]]:
        """By missing fact: what the parts that lack it could bring more at the worst."""
        out: dict[str, dict[Place, float]] = {fact: {} for fact in self.unknown}
        for name, parts in self.criteria.items():
            for part in parts:
                for fact in part.missing:
                    out[fact][name, part.name] = part.limit - part.points
        return out


def eighths(points: float, limit: float) -> float:
    """Points are counted in eighths: sums of eighths are exact in binary, in any order."""
    counted = math.floor(points * 8 + 0.5) / 8
    return counted if counted < limit else float(limit)


def item(
    text: str, source: str, value: float | None = None, unit: str = "", at: float | None = None
) -> EvidenceItem:
    return EvidenceItem(text, source, None if value is None else float(value), unit, at)


def count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _contribution(
    name: str, parts: Sequence[Judged], points: Sequence[float], extra: EvidenceItem | None
) -> Contribution:
    """The evidence of the part that gave most comes first."""
    made = tuple(
        [
            Contribution(part.name, given, tuple(part.evidence))
            for part, given in zip(parts, points, strict=True)
        ]
    )
    weighty = sorted(made, key=lambda one: -one.points)
    evidence = tuple([told for part in weighty for told in part.evidence])
    if extra is not None and evidence:
        evidence = (*evidence, extra)
    return Contribution(name, sum(points), evidence, made)


def _need_told(weight: float, base: float, others: int) -> EvidenceItem:
    text = (
        f"counted at {weight:.0%}, in proportion to need: "
        f"the other criteria give {base:.1f} of {others} points"
    )
    return item(text, "policy", weight, "ratio")
