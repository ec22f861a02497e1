"""Failures by model: few failures in few years say little, and then nothing is said."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import POLICY, UP, District, by_name, part, points

from netwatch.planning.replacement.reliability import _one, gamma_quantile

FAILURES = POLICY.criteria.likelihood.parts.model_failures
WEEK = 168


def ups(weeks_down: int, hours: int = 1) -> np.ndarray:
    """A year by the hour; in so many weeks it was down for some hours."""
    out = np.ones(52 * WEEK)
    for week in range(weeks_down):
        out[week * WEEK + 20 : week * WEEK + 20 + hours] = 0
    return out


def fleet(bad: int = 6, units: int = 5) -> District:
    district = District()
    for number in range(units):
        for model, failures in (("BAD", bad), ("GOOD", 0)):
            name = f"{model}-{number}"
            district.device(name, model=model, healthy=False)
            district.history.add(UP, name, ups(failures))
    district.device("lone", model="LONE", healthy=False)
    district.history.add(UP, "lone", ups(9))
    return district


def test_a_model_that_fails_often_is_told_from_one_that_does_not() -> None:
    plan = fleet().plan()
    models = {one.model: one for one in plan.models}
    bad, good, lone = models["BAD"], models["GOOD"], models["LONE"]
    assert plan.models[0] is bad
    assert (bad.units, bad.failures, good.failures) == (5, 30, 0)
    assert bad.device_years == pytest.approx(5 * 52 * 7 / 365.25)
    assert None not in (bad.rate, bad.low, bad.high, good.rate, good.low)
    assert good.low <= good.rate < bad.low <= bad.rate <= bad.high
    assert good.rate > 0, "no failure in five years is not a rate of 0"
    assert (lone.rate, lone.low, lone.abstains) == (None, None, "fewer than 3 units")
    found = by_name(plan)
    assert points(found["BAD-0"])["model_failures"] > points(found["GOOD-0"])["model_failures"]
    assert "failures of its model" in found["lone"].unknown
    assert "30 failures of 5 units" in part(found["BAD-0"], "model_failures").evidence[0].text


def test_little_time_says_nothing() -> None:
    district = District()
    for number in range(4):
        district.device(f"sw-{number}")
    (model,) = district.plan().models
    assert (model.rate, model.abstains) == (None, "fewer than 3 device-years")


def test_a_restart_is_no_failure_and_a_long_outage_is_one_per_week() -> None:
    district = District()
    short = np.ones(52 * WEEK)
    short[20::WEEK] = 0.9  # six minutes in each week
    for name, up in (("restarts", short), ("gone", ups(1, 30))):
        district.device(name, model=name, healthy=False)
        district.history.add(UP, name, up)
    models = {one.model: one.failures for one in district.plan().models}
    assert models == {"restarts": 0, "gone": 1}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 40), st.integers(0, 11))
def test_more_failures_never_lower_any_rate(weeks, more) -> None:
    before = {one.model: one for one in fleet(weeks, 4).plan().models}
    after = {one.model: one for one in fleet(weeks + more, 4).plan().models}
    for model, one in before.items():
        assert (after[model].rate or 0) >= (one.rate or 0)


@given(st.integers(0, 500), st.floats(3, 2000), st.floats(0.01, 20), st.integers(3, 500))
def test_the_rate_lies_between_its_own_and_that_of_the_fleet(failures, years, fleet_rate, units) -> None:
    found = _one(("v", "m"), units, years, failures, fleet_rate, FAILURES)
    assert found.rate is not None
    own = failures / years
    assert min(own, fleet_rate) - 1e-9 <= found.rate <= max(own, fleet_rate) + 1e-9
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.rate * (1 + 1e-9) + 1e-12
    assert found.high >= found.rate or math.isclose(found.high, found.rate) or found.rate < 0.02


@pytest.mark.parametrize(
    ("shape", "low", "high"),
    # Half the quantiles of chi-square with 2, 10, 20, 60 and 200 degrees of freedom, any statistical table.
    [(1, 0.0513, 2.9957), (5, 1.9702, 9.1535), (10, 5.4254, 15.7052), (30, 21.5940, 39.5410),
     (100, 84.1395, 116.9969)],
)  # fmt: skip
def test_quantiles_agree_with_the_tables(shape, low, high) -> None:
    assert gamma_quantile(shape, -1.6448536) == pytest.approx(low, rel=0.03, abs=0.02)
    assert gamma_quantile(shape, 1.6448536) == pytest.approx(high, rel=0.01)
    assert gamma_quantile(0, 1.0) == 0
