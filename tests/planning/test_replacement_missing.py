"""Unknown is a state with a price: what each missing fact could change, and what to look up first."""

from __future__ import annotations

import dataclasses
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import POLICY, TODAY, District, by_name

from netwatch.documents import parse_yaml
from netwatch.planning import load_policy
from netwatch.resources import config_dir


def with_shortlist(count: int):
    text = (config_dir() / "planning" / "replacement.yaml").read_text(encoding="utf-8")
    return load_policy(parse_yaml(text.replace("shortlist: 25", f"shortlist: {count}"), "mine.yaml"))


def fleet(known: int, unknown: int) -> District:
    """Old switches of which somebody knows the age, and others."""
    district = District()
    for number in range(known):
        district.device(f"known-{number:02}", installed=date(2013, 8, 1) + timedelta(days=40 * number))
    for number in range(unknown):
        district.device(f"unknown-{number:02}", installed=None)
    return district


def test_a_missing_age_is_priced_by_what_age_brings_to_others() -> None:
    plan = fleet(8, 3).plan(policy=with_shortlist(4))
    asset = by_name(plan)["unknown-00"]
    (price,) = [one for one in asset.prices if one.fact == "installed"]
    assert price.most >= POLICY.criteria.likelihood.parts.age.points
    assert price.plausible is not None
    low, high = price.plausible
    assert 0 < low <= high <= price.most
    assert price.rank_most <= (price.rank_plausible or 99) <= asset.rank
    first = plan.missing[0]
    assert (first.fact, first.assets) == ("installed", 3)


def test_what_nobody_knows_has_no_plausible_range() -> None:
    plan = fleet(0, 4).plan()
    asset = plan.assets[0]
    assert asset.prices
    assert all(one.plausible is None for one in asset.prices if one.fact == "installed")


def test_looking_a_fact_up_gives_no_more_than_its_price() -> None:
    district = fleet(8, 1)
    before = by_name(district.plan())["unknown-00"]
    (price,) = [one for one in before.prices if one.fact == "installed"]
    district.device("unknown-00", installed=date(2000, 1, 1), healthy=False)
    after = by_name(district.plan())["unknown-00"]
    assert after.score == before.score + price.most
    assert after.rank == price.rank_most


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 25), st.integers(1, 6))
def test_no_age_gives_more_than_the_price_says(years, others) -> None:
    district = fleet(others, 1)
    before = by_name(district.plan())["unknown-00"]
    (price,) = [one for one in before.prices if one.fact == "installed"]
    district.device("unknown-00", installed=TODAY - timedelta(days=365 * years), healthy=False)
    after = by_name(district.plan())["unknown-00"]
    assert before.score <= after.score <= before.score + price.most <= before.score_at_most


def test_what_could_enter_the_shortlist_is_counted_and_comes_first() -> None:
    district = fleet(8, 3)
    (row,) = [one for one in district.plan(policy=with_shortlist(4)).missing if one.fact == "installed"]
    assert row.could_enter == 3
    assert row.could_enter_at_worst == 3
    everything = district.plan(policy=with_shortlist(50)).missing
    assert all(one.could_enter == one.could_enter_at_worst == 0 for one in everything)
    keys = [(-one.could_enter, -one.could_enter_at_worst) for one in district.plan().missing]
    assert keys == sorted(keys)


def test_what_is_known_is_not_missing() -> None:
    district = fleet(6, 0)
    plan = district.plan()
    assert "installed" not in {one.fact for one in plan.missing}
    for asset in plan.assets:
        assert {one.fact for one in asset.prices} == set(asset.unknown)


@pytest.mark.parametrize("serves", [(), ("d/s/1", "d/s/2")])
def test_a_missing_fact_of_consequence_counts_only_with_need(serves) -> None:
    district = District()
    district.device("new", installed=date(2026, 8, 1), serves=serves)
    district.device("old", installed=date(2005, 8, 1), serves=serves)
    found = by_name(district.plan())
    priced = {name: {one.fact: one.most for one in found[name].prices} for name in found}
    if serves:
        assert "rooms served" not in priced["old"]
    else:
        assert priced["new"]["rooms served"] == 0
        assert priced["old"]["rooms served"] > 0


def test_the_plan_stays_the_same_in_any_order() -> None:
    district = fleet(7, 3)
    plan = district.plan()
    district.entities = dict(reversed(district.entities.items()))
    district.devices = dict(reversed(district.devices.items()))
    district.assets.reverse()
    assert district.plan() == plan
    assert dataclasses.replace(plan, missing=()) != plan
