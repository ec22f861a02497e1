"""How far schools are apart: best and worst, percentiles, by level, by student."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from netwatch.planning.equity.cards import Card
from netwatch.planning.equity.judge import Equity

__all__ = ["Gap", "gaps", "weighted_percentile"]

LEVELS = ("elementary", "middle", "high", "other", "")


@dataclass(frozen=True, slots=True)
class Gap:
    """The schools of one level, or all, in one month. None: no school is graded, or students are unknown."""

    month: date
    level: str
    """Empty for all schools."""
    graded: tuple[Card, ...]
    """The lowest index first."""
    not_graded: int
    mean: float | None
    low: float | None
    """10th percentile of the schools' indices."""
    high: float | None
    """90th percentile."""
    students: int | None
    """At graded schools; None where the number of one of them is unknown."""
    student_mean: float | None
    """Weighted by enrolment, as are the next two."""
    student_low: float | None
    student_high: float | None
    uncounted: int
    """Graded schools whose enrolment is unknown."""

    @property
    def difference(self) -> float | None:
        """Points between the best and the worst school."""
        if not self.graded:
            return None
        return (self.graded[-1].index or 0.0) - (self.graded[0].index or 0.0)

    @property
    def ratio(self) -> float | None:
        """P90 over P10; None where P10 is 0."""
        return None if self.high is None or not self.low else self.high / self.low

    @property
    def student_ratio(self) -> float | None:
        return (
            None
            if self.student_high is None or not self.student_low
            else self.student_high / self.student_low
        )


def gaps(equity: Equity) -> tuple[Gap, ...]:
    """The latest month first; in each month all schools, then every level that there is."""
    facts = {one.place.id: one.facts for one in equity.schools}
    levels = [name for name in LEVELS if name in {one.level for one in facts.values()} and name]
    out: list[Gap] = []
    for month in equity.months:
        cards = equity.cards[month]
        enrolment = {card.school.id: facts[card.school.id].enrolment for card in cards}
        for level in ("", *levels):
            chosen = [card for card in cards if not level or facts[card.school.id].level == level]
            out.append(_gap(month, level, chosen, [enrolment[card.school.id] for card in chosen]))
    return tuple(out)


def _gap(month: date, level: str, cards: Sequence[Card], enrolment: Sequence[int | None]) -> Gap:
    both = [(card, count) for card, count in zip(cards, enrolment, strict=True) if card.index is not None]
    values = [card.index or 0.0 for card, _ in both]
    counted = [(card.index or 0.0, count) for card, count in both if count]
    uncounted = sum(count is None for _, count in both)
    students = sum(count for _, count in counted)
    by_student = ([value for value, _ in counted], [float(count) for _, count in counted])
    ones = [1.0] * len(values)
    return Gap(
        month,
        level,
        tuple(card for card, _ in both),
        len(cards) - len(both),
        sum(values) / len(values) if values else None,
        weighted_percentile(values, ones, 10),
        weighted_percentile(values, ones, 90),
        None if uncounted else students,
        sum(value * count for value, count in counted) / students if students else None,
        weighted_percentile(*by_student, 10),
        weighted_percentile(*by_student, 90),
        uncounted,
    )


def weighted_percentile(values: Sequence[float], weights: Sequence[float], q: float) -> float | None:
    """The smallest value at or below which at least `q` percent of the weight lies; None without any."""
    pairs = sorted(zip(values, weights, strict=True))
    total = sum(weights)
    reached = 0.0
    for value, weight in pairs:
        reached += weight
        if reached >= total * q / 100 and weight > 0:
            return value
    return None
