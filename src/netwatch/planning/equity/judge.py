"""Report cards: what each school's service is worth under a policy, by month, and what would raise it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from netwatch.model import Place
from netwatch.planning.basis import Basis
from netwatch.planning.equity.cards import Card, IndicatorCard, Raise, Scored
from netwatch.planning.equity.measure import EquityMeasures
from netwatch.planning.equity.months import earlier_months
from netwatch.planning.equity.policy import EquityPolicy, Indicator
from netwatch.planning.equity.things import School, Thing, ThingsOf, find_schools
from netwatch.planning.lifecycle import Lifecycle

__all__ = ["Equity", "judge_equity", "make_card"]


@dataclass(frozen=True, slots=True)
class Equity:
    """All cards. The same arguments give the same ones."""

    at: float
    policy: EquityPolicy
    schools: tuple[School, ...]
    left_out: tuple[Place, ...]
    """Schools that hold no lessons."""
    elsewhere: int
    """Devices that are at no school."""
    months: tuple[date, ...]
    """Months with lessons, the latest first."""
    cards: Mapping[date, tuple[Card, ...]]
    """Of each month, the school with the lowest index first, those without a grade last."""
    simulated: bool

    @property
    def latest(self) -> tuple[Card, ...]:
        """The cards that count today."""
        return self.cards[self.months[0]] if self.months else ()


def judge_equity(
    basis: Basis, measured: EquityMeasures, lifecycle: Lifecycle, policy: EquityPolicy
) -> Equity:
    """Grades every school in every month that had lessons. Pure; takes milliseconds per school."""
    schools, left_out, elsewhere = find_schools(basis, policy)
    of = ThingsOf(basis, measured, lifecycle, policy)
    numbers = [
        number
        for number in range(len(measured.months) - 1, -1, -1)
        if _had_lessons(measured, schools, number, of.enough)
    ]
    made: dict[int, list[Card]] = {number: [] for number in numbers}
    for one in schools if numbers else ():
        things = of.of(one, numbers[0])
        earlier = earlier_months(of, one, things)
        for number in numbers:
            month, until = measured.months[number], _until(measured, one, number)
            if number == numbers[0]:
                made[number].append(make_card(one.place, month, until, things, policy))
            else:
                made[number].append(_card(one.place, month, until, earlier[number], policy))
    cards = {
        measured.months[number]: tuple(
            sorted(
                found,
                key=lambda card: (card.index is None, card.index or 0.0, card.school.name, card.school.id),
            )
        )
        for number, found in made.items()
    }
    return Equity(
        basis.at,
        policy,
        tuple(schools),
        tuple(left_out),
        elsewhere,
        tuple(cards),
        cards,
        measured.simulated,
    )


def make_card(
    school: Place,
    month: date,
    until: float,
    things: Mapping[Indicator, Sequence[Thing]],
    policy: EquityPolicy,
) -> Card:
    """The card of one school. A thing that measures better never lowers the index."""
    indicators = tuple(_indicator(name, things.get(name, ()), policy) for name in Indicator)
    return _card(school, month, until, indicators, policy)


def _card(
    school: Place, month: date, until: float, indicators: tuple[IndicatorCard, ...], policy: EquityPolicy
) -> Card:
    weight = math.fsum(one.weight * one.known for one in indicators)
    known = weight / 100
    exact = None
    if weight > 0 and known >= policy.least_known:
        # fsum rounds once, whatever the order: same things, same index; and more never gives less.
        exact = (
            math.fsum(one.weight * one.known * one.points for one in indicators if one.points is not None)
            / weight
        )
    if exact is None:
        return Card(school, month, until, indicators, None, "", known, ())
    index = math.floor(min(exact, 100.0) * 8 + 0.5) / 8
    raises = _raises(indicators, weight, policy)
    following = _next(index, exact, raises, policy)
    return Card(school, month, until, indicators, index, policy.grade(index), known, raises, following)


def _had_lessons(measured: EquityMeasures, schools: Sequence[School], number: int, enough: float) -> bool:
    """Two weeks of August are no month of the school year where most schools have not begun."""
    had = [measured.lessons.get(one.place.id, (0.0,) * (number + 1))[number] for one in schools]
    return bool(schools) and sum(seconds >= enough for seconds in had) * 2 >= len(schools)


def _indicator(name: Indicator, things: Sequence[Thing], policy: EquityPolicy) -> IndicatorCard:
    rule = policy.indicators[name]
    scored = [Scored(one, rule.share(one.value)) for one in things if one.value is not None]
    scored.sort(key=lambda one: (one.share, -_badness(one.thing, rule.gives is None), one.thing.key))
    unknown = tuple(sorted((one for one in things if one.value is None), key=lambda one: one.key))
    value = points = None
    if scored:
        value = math.fsum(one.thing.value or 0.0 for one in scored) / len(scored)
        points = 100 * math.fsum(one.share for one in scored) / len(scored)
    return IndicatorCard(
        name,
        rule.weight,
        len(things),
        len(scored),
        value,
        points,
        rule.target,
        tuple(scored),
        unknown,
    )


def _badness(thing: Thing, more_is_worse: bool) -> float:
    value = thing.value or 0.0
    return value if more_is_worse else -value


def _raises(indicators: Sequence[IndicatorCard], weight: float, policy: EquityPolicy) -> tuple[Raise, ...]:
    """The index is linear in the shares, so what a change gains does not depend on the others."""
    out: list[Raise] = []
    for one in indicators:
        best = policy.indicators[one.indicator].share(one.target)
        groups: dict[str, list[Scored]] = {}
        for scored in one.scored:
            if scored.share < best:
                groups.setdefault(scored.thing.change, []).append(scored)
        for change, group in groups.items():
            missing = math.fsum(best - scored.share for scored in group)
            gain = 100 * one.weight * one.known * missing / len(one.scored) / weight
            if gain > 0:
                found = tuple(scored.thing for scored in group)
                out.append(Raise(one.indicator, change, found, one.target, gain))
    out.sort(key=lambda one: (-one.gain, one.indicator, one.change))
    return tuple(out)


def _next(
    index: float, exact: float, raises: Sequence[Raise], policy: EquityPolicy
) -> tuple[str, float, tuple[Raise, ...]] | None:
    """The most valuable changes first are also the fewest."""
    bound = policy.next_bound(index)
    if bound is None:
        return None
    letter, lowest = bound
    reached, taken = exact, []
    for one in raises:
        if math.floor(reached * 8 + 0.5) / 8 >= lowest:
            break
        reached += one.gain
        taken.append(one)
    enough = math.floor(reached * 8 + 0.5) / 8 >= lowest
    return letter, lowest - index, tuple(taken) if enough else ()


def _until(measured: EquityMeasures, school: School, number: int) -> float:
    return measured.ends.get(school.place.id, (0.0,) * (number + 1))[number]
