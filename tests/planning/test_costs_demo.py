"""Costs of the simulated district, against its own list of gear."""

from __future__ import annotations

import pickle
from fractions import Fraction
from types import SimpleNamespace

import pytest
from planning_demo import Demo

from netwatch.planning import judge_costs, load_costs_policy, load_lifecycle, measure_costs
from netwatch.planning.costs import Part, by_model, by_part, by_site, report
from netwatch.resources import config_dir

POLICY = load_costs_policy(config_dir() / "planning" / "costs.yaml")
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")
AP_PRICE = 780


@pytest.fixture(scope="module")
def made(demo: Demo) -> SimpleNamespace:
    basis = demo.basis()
    measured = measure_costs(basis, demo.history)
    return SimpleNamespace(
        basis=basis, measured=measured, costs=judge_costs(basis, measured, LIFECYCLE, POLICY)
    )


def test_purchases_of_a_year_are_those_of_the_list(demo: Demo, made: SimpleNamespace) -> None:
    expected = 0
    for device in demo.district.devices:
        life = LIFECYCLE.useful_life(device.template.kind, device.template.role)
        if device.template.cost is not None and device.template.role != "vm":
            expected += round(Fraction(device.template.cost) * 100 / Fraction(life.years))
    life = LIFECYCLE.useful_life("wireless", "ap")
    expected += len(demo.points) * round(Fraction(AP_PRICE * 100) / Fraction(life.years))
    parts = {one.name: one for one in by_part(made.costs)}
    assert parts["purchase"].known == pytest.approx(expected, abs=len(made.costs.assets))
    assert sum(one.capital.known for one in by_model(made.costs)) == parts["purchase"].known


def test_power_over_ethernet_is_what_the_history_holds(demo: Demo, made: SimpleNamespace) -> None:
    switch = next(one for one in made.costs.assets if one.subject.name == "jhs-sw-03")
    (series,) = demo.history.read("netwatch_pse_used_watts", 0, demo.at, [next(
        one.id for one in demo.entities.values() if one.device == "jhs-sw-03" and one.kind == "pse"
    )])  # fmt: skip
    fed = [point for point in demo.points.values() if point.switch and point.switch.name == "jhs-sw-03"]
    mean = float(series.values[series.starts >= made.basis.start].mean())
    assert switch.watts == pytest.approx(150 + mean - 15 * len(fed))
    assert switch.parts[Part.POWER].how == "measured in part"


def test_every_school_is_there_and_says_what_is_missing(demo: Demo, made: SimpleNamespace) -> None:
    sites = {one.site.name: one for one in by_site(made.costs)}
    assert set(sites) == {one.name for one in demo.district.schools}
    for school in demo.district.schools:
        found = sites[school.name]
        assert found.students == (school.enrolment or None)
        assert (found.per_student is None) == (not school.enrolment)
        assert found.year.at_least
        assert f"support: {len(found.units)} of {len(found.units)}" in found.year.unknown


def test_the_report_is_the_same_again_and_made_of_plain_data(made: SimpleNamespace) -> None:
    first = report(made.costs)
    again = judge_costs(made.basis, pickle.loads(pickle.dumps(made.measured)), LIFECYCLE, POLICY)
    assert report(again) == first
    assert pickle.loads(pickle.dumps(first)) == first, "a worker makes it"
    assert [sheet.name for sheet in first.sheets] == ["models", "assets", "schools", "parts", "currencies"]
    assert first.simulated
    assert first.currency == "USD"
    keys = [row.key for row in first.sheet("assets").rows]
    assert len(set(keys)) == len(keys)


def test_public_columns_name_no_gear(demo: Demo, made: SimpleNamespace) -> None:
    names = {one.name for one in demo.district.devices} | {one.name for one in demo.points.values()}
    for sheet in report(made.costs).sheets:
        for row in sheet.rows:
            public = [
                str(cell) for cell, column in zip(row.cells, sheet.columns, strict=True) if column.public
            ]
            assert not names & {*public, *row.unknown}
