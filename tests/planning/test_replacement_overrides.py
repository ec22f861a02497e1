"""Decisions of people: pinned or excluded, told with name, reason, date and cost; never silently."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import District, by_name

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import load_policies
from netwatch.planning.replacement import NO_OVERRIDES, Overrides, load_overrides
from netwatch.resources import config_dir

WHO = "name: M. Ortiz, reason: promised to the board, date: 2026-10-01"


def overrides(*rows: str) -> Overrides:
    return load_overrides(parse_yaml("overrides:\n" + "".join(f"  - {{{row}}}\n" for row in rows), "o.yaml"))


def fleet(count: int = 6) -> District:
    """sw-0 is the oldest."""
    district = District()
    for number in range(count):
        district.device(
            f"sw-{number}", installed=date(2016 + number, 8, 1), asset={"asset_tag": f"10{number}"}
        )
    return district


def names(plan) -> list[str]:
    return [one.name for one in plan.assets]


def test_pins_take_their_places_and_stay_visible() -> None:
    district = fleet()
    before = district.plan()
    plan = district.plan(
        overrides=overrides(f"device: SW-5, pin: top, cost: 900, {WHO}", f"asset_tag: 100, pin: 4, {WHO}")
    )
    assert names(before) == [f"sw-{number}" for number in range(6)]
    assert names(plan) == ["sw-5", "sw-1", "sw-2", "sw-0", "sw-3", "sw-4"]
    found = by_name(plan)
    assert [one.rank for one in plan.assets] == [1, 2, 3, 4, 5, 6]
    assert found["sw-5"].score == by_name(before)["sw-5"].score
    told = "pinned to the top by M. Ortiz on 2026-10-01: promised to the board; it costs 900.00"
    assert found["sw-5"].override == told
    assert (found["sw-5"].rank_low, found["sw-5"].rank_high) == (1, 1)
    assert found["sw-1"].override == ""


def test_what_is_excluded_has_a_place_of_its_own() -> None:
    district = fleet()
    plan = district.plan(overrides=overrides(f"serial: sn-sw-0, exclude: true, {WHO}"))
    assert names(plan) == [f"sw-{number}" for number in range(1, 6)]
    (gone,) = plan.excluded
    assert (gone.name, gone.rank) == ("sw-0", 1)
    assert gone.override.startswith("excluded by M. Ortiz on 2026-10-01")
    assert plan.assets[0].rank == 1
    assert not plan.warnings


def test_a_stranger_is_told_in_the_plan() -> None:
    plan = fleet().plan(overrides=overrides(f"device: sw-99, pin: top, {WHO}"))
    assert names(plan) == [f"sw-{number}" for number in range(6)]
    (warning,) = plan.warnings
    assert warning.startswith("no asset is device sw-99: it was to be pinned to the top by M. Ortiz")


def test_a_stranger_is_told_by_check_with_its_line() -> None:
    district = fleet()
    found = overrides(
        f"device: sw-1, pin: top, {WHO}", f"device: sw-33, exclude: true, {WHO}", f"serial: X, pin: 2, {WHO}"
    )
    problems = list(found.strangers(district.snapshot().inventory))
    assert [problem.line for problem in problems] == [3, 4]
    assert problems[0].path == "overrides[1].device"
    assert "did you mean" in problems[0].hint
    assert problems[1].message == "the inventory has no serial X"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (f"pin: top, {WHO}", "expected one of 'serial'"),
        (f"serial: a, device: b, pin: top, {WHO}", "expected one of 'serial'"),
        (f"serial: a, {WHO}", "either 'pin: top'"),
        (f"serial: a, pin: 1, exclude: true, {WHO}", "either 'pin: top'"),
        (f"serial: a, pin: 0, {WHO}", "greater than or equal to 1"),
        (f"serial: a, pin: first, {WHO}", "expected 'top'"),
        ("serial: a, pin: top, reason: why not, date: 2026-10-01", "'name' is required"),
        ("serial: a, pin: top, name: M, date: 2026-10-01", "'reason' is required"),
        ("serial: a, pin: top, name: M, reason: because", "'date' is required"),
        (f"serial: a, pin: top, cost: -1, {WHO}", "greater than or equal to 0"),
        (f"seriall: a, pin: top, {WHO}", "did you mean 'serial'"),
    ],
)
def test_a_wrong_entry_is_refused_with_line_and_remedy(row: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overrides(f"device: fine, pin: top, {WHO}", row)
    told = [str(problem) for problem in caught.value.problems]
    assert any(one.startswith("o.yaml:3") and words in one for one in told), told


def test_one_asset_has_one_decision() -> None:
    with pytest.raises(ConfigError, match=r"o\.yaml:3.*device SW-1 is there twice, first in line 2"):
        overrides(f"device: sw-1, pin: top, {WHO}", f"device: SW-1, exclude: true, {WHO}")


def test_the_file_stands_among_the_policies(tmp_path: Path) -> None:
    shipped = config_dir() / "planning"
    assert load_policies(None, shipped).overrides is NO_OVERRIDES
    assert load_policies(tmp_path, shipped).overrides == NO_OVERRIDES
    (tmp_path / "overrides.yaml").write_text(f"overrides:\n  - {{serial: a, pin: top, {WHO}}}\n")
    assert len(load_policies(tmp_path, shipped).overrides.entries) == 1
    (tmp_path / "overrides.yaml").write_text("override: []\n")
    with pytest.raises(ConfigError, match="did you mean 'overrides'"):
        load_policies(tmp_path, shipped)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["top", "exclude"]) | st.integers(1, 9)),
        unique_by=lambda row: row[0],
    )
)
def test_pins_never_lose_an_asset(rows) -> None:
    told = [
        f"device: sw-{number}, {'exclude: true' if what == 'exclude' else f'pin: {what}'}, {WHO}"
        for number, what in rows
    ]
    plan = fleet().plan(overrides=overrides(*told) if told else NO_OVERRIDES)
    assert sorted([*names(plan), *(one.name for one in plan.excluded)]) == [f"sw-{n}" for n in range(6)]
    ranks = [one.rank for one in plan.assets]
    assert ranks == sorted(ranks)
    assert all(one.rank_low <= one.rank <= one.rank_high <= len(ranks) for one in plan.assets)
    pinned = {number for number, what in rows if what != "exclude"}
    others = [one.score for one in plan.assets if int(one.name[3:]) not in pinned]
    assert others == sorted(others, reverse=True)
    tops = [f"sw-{number}" for number, what in rows if what == "top"]
    assert set(names(plan)[: len(tops)]) == set(tops)
