"""Cards keep their promises, whatever is measured: exact, monotone, never graded by ignorance."""

from __future__ import annotations

import dataclasses
import math
import random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from netwatch.model import Place, PlaceId, PlaceKind
from netwatch.planning import load_equity_policy
from netwatch.planning.equity import Card, Indicator
from netwatch.planning.equity.gap import weighted_percentile
from netwatch.planning.equity.judge import make_card
from netwatch.planning.equity.things import Thing
from netwatch.resources import config_dir

POLICY = load_equity_policy(config_dir() / "planning" / "equity.yaml")
SCHOOL = Place(PlaceId("d/s"), PlaceKind.SCHOOL, "Lincoln", PlaceId("d"))
HIGHEST = {
    Indicator.AVAILABILITY: 1.0,
    Indicator.SATURATION: 1.2,
    Indicator.AGE: 3.0,
    Indicator.AIRTIME: 1.0,
    Indicator.CLIENTS: 90.0,
    Indicator.BANDWIDTH: 20.0,
}
Things = dict[Indicator, tuple[Thing, ...]]


def thing(indicator: Indicator, number: int, value: float | None, change: str = "") -> Thing:
    return Thing(f"{indicator}-{number}", f"gear {number}", change or f"gear {number % 3}", "f", value)


@st.composite
def things(draw) -> Things:
    out: Things = {}
    for indicator in Indicator:
        drawn = draw(st.lists(st.none() | st.integers(0, 100), max_size=5))
        step = HIGHEST[indicator] / 100
        values = [None if one is None else one * step for one in drawn]
        out[indicator] = tuple(thing(indicator, number, value) for number, value in enumerate(values))
    return out


def card(found: Things) -> Card:
    return make_card(SCHOOL, "2026-11-01", 0.0, found, POLICY)  # type: ignore[arg-type]


def every(indicator_value: dict[Indicator, float | None], number: int = 4) -> Things:
    return {
        indicator: tuple(thing(indicator, one, value) for one in range(number))
        for indicator, value in indicator_value.items()
    }


PERFECT = {indicator: POLICY.indicators[indicator].target for indicator in Indicator}


@settings(max_examples=60, deadline=None)
@given(things(), st.data())
def test_a_better_measurement_never_lowers_the_index(found: Things, data) -> None:
    known = [(name, at) for name, row in found.items() for at, one in enumerate(row) if one.value is not None]
    assume(known)
    name, at = data.draw(st.sampled_from(known))
    value = found[name][at].value
    assert value is not None
    if POLICY.indicators[name].gives is not None:
        better = data.draw(st.floats(value, HIGHEST[name] + 1))
    else:
        better = data.draw(st.floats(0, value))
    row = list(found[name])
    row[at] = dataclasses.replace(row[at], value=better)
    before, after = card(found), card({**found, name: tuple(row)})
    assert (before.index is None) == (after.index is None)
    if before.index is not None and after.index is not None:
        assert after.index >= before.index
        assert after.grade <= before.grade


@settings(max_examples=40, deadline=None)
@given(things(), st.integers(0, 1000))
def test_the_order_of_things_does_not_matter(found: Things, seed: int) -> None:
    mixed = {}
    for name in random.Random(seed).sample(list(found), len(found)):
        mixed[name] = tuple(random.Random(seed).sample(found[name], len(found[name])))
    assert card(mixed) == card(found)


@settings(max_examples=40, deadline=None)
@given(things())
def test_an_index_is_the_weighted_mean_of_what_is_known(found: Things) -> None:
    made = card(found)
    total = weight = 0.0
    for name, row in found.items():
        if row:
            rule = POLICY.indicators[name]
            shares = [rule.share(one.value) for one in row if one.value is not None]
            weight += rule.weight * len(shares) / len(row)
            total += 100 * rule.weight * sum(shares) / len(row)
    assert made.known == pytest.approx(weight / 100)
    if made.index is None:
        assert weight / 100 < POLICY.least_known + 1e-9
        assert (made.grade, made.raises, made.next_grade) == ("", (), None)
    else:
        assert made.index == pytest.approx(total / weight, abs=1 / 16 + 1e-9)
        assert made.grade == POLICY.grade(made.index)


@settings(max_examples=25, deadline=None)
@given(things())
def test_what_would_raise_it_does(found: Things) -> None:
    made = card(found)
    if made.index is None:
        return
    assert list(made.raises) == sorted(made.raises, key=lambda one: (-one.gain, one.indicator, one.change))
    for one in made.raises[:4]:
        assert _after(found, one).index == pytest.approx(made.index + one.gain, abs=1 / 8 + 1e-9)
    if made.next_grade is not None:
        letter, points, changes = made.next_grade
        assert points > 0
        after = found
        for one in changes:
            after = _things_after(after, one)
        if changes:
            assert card(after).grade <= letter
            fewer = math.fsum(one.gain for one in changes[:-1])
            assert fewer < points + 1 / 8, "not one change more than needed"
        else:
            assert math.fsum(one.gain for one in made.raises) < points + 1 / 8


def _things_after(found: Things, raised) -> Things:
    keys = {one.key for one in raised.things}
    row = tuple(
        dataclasses.replace(one, value=raised.target) if one.key in keys else one
        for one in found[raised.indicator]
    )
    return {**found, raised.indicator: row}


def _after(found: Things, raised) -> Card:
    return card(_things_after(found, raised))


def test_ignorance_gives_no_grade() -> None:
    bad = {Indicator.AVAILABILITY: 0.5, Indicator.AGE: 3.0}
    assert card(every(bad)).grade == "", "45 of 100 known, and all of it bad"
    good = {name: PERFECT[name] for name in bad}
    assert card(every(good)).grade == "", "45 of 100 known, and all of it good"
    unknown = card(every(dict.fromkeys(Indicator)))
    assert (unknown.index, unknown.known, unknown.grade) == (None, 0, "")
    assert "availability: 4 of 4" in unknown.unknown
    assert card({}).unknown == tuple(f"{name}: nothing to measure is known" for name in Indicator)


def test_what_is_unknown_neither_earns_nor_costs() -> None:
    some = {**PERFECT, Indicator.CLIENTS: None, Indicator.AIRTIME: None}
    made = card(every(some))
    assert (made.index, made.grade, made.known) == (100, "A", 0.8)
    assert made.unknown == ("airtime: 4 of 4", "clients: 4 of 4")
    assert made.raises == ()
    assert made.next_grade is None


def test_each_thing_counts_alike_and_is_named() -> None:
    found = every(PERFECT)
    row = list(found[Indicator.SATURATION])
    row[2] = thing(Indicator.SATURATION, 2, 0.7, "sw-2")
    made = card({**found, Indicator.SATURATION: tuple(row)})
    assert made.index == 100 - 20 * 0.5 / 4
    (only,) = made.raises
    assert (only.indicator, only.change, only.target) == ("saturation", "sw-2", 0.5)
    assert only.gain == pytest.approx(2.5)
    worst = next(one for one in made.indicators if one.indicator is Indicator.SATURATION).scored[0]
    assert worst.thing.value == 0.7


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 5)), max_size=12),
    st.sampled_from([10, 50, 90, 100]),
)
def test_weighted_percentiles_are_those_of_repeated_values(pairs, q) -> None:
    repeated = sorted(value for value, weight in pairs for _ in range(weight))
    expected = repeated[max(math.ceil(len(repeated) * q / 100) - 1, 0)] if repeated else None
    values, weights = [float(one) for one, _ in pairs], [float(one) for _, one in pairs]
    assert weighted_percentile(values, weights, q) == expected
