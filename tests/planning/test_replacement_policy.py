"""The shipped facts load; what is wrong in a file is told with its place."""

from __future__ import annotations

import itertools
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.model import DeviceKind
from netwatch.planning import Curve, MilestoneKind, load_lifecycle, load_policy
from netwatch.resources import config_dir

POLICY = config_dir() / "planning" / "replacement.yaml"
LIFECYCLE = config_dir() / "lifecycle"


def test_the_shipped_policy_is_whole() -> None:
    policy = load_policy(POLICY)
    groups = dict(policy.criteria.groups())
    assert list(groups) == ["likelihood", "consequence", "fitness", "security", "cost"]
    assert sum(group.points for group in groups.values()) == 100
    parts = [voted for group in groups.values() for _, voted in group.voted()]
    assert sum(voted.points for voted in parts) == 100
    assert all(len(voted.sentence.split()) >= 3 for voted in parts)
    security, likelihood = policy.criteria.security.parts, policy.criteria.likelihood.parts
    counted = {*security.no_fixes.milestones, *likelihood.milestones.milestones}
    assert counted == set(MilestoneKind), "each milestone counts somewhere"


def test_every_kind_but_other_has_a_useful_life() -> None:
    lifecycle = load_lifecycle(LIFECYCLE)
    lacking = [kind for kind in DeviceKind if lifecycle.useful_life(kind, "") is None]
    assert lacking == [DeviceKind.OTHER]
    found = lifecycle.useful_life("wireless", "controller")
    assert found is not None
    assert found.name == "wireless controller"


def test_every_date_has_a_source_and_was_checked() -> None:
    for one in load_lifecycle(LIFECYCLE).milestones:
        assert one.source
        assert one.checked_on <= date(2026, 12, 31)


@pytest.mark.parametrize(
    ("vendor", "models", "version", "expected"),
    [
        (
            "Cisco Systems",
            ["WS-C2960X-48FPD-L"],
            "15.2(7)E",
            {"end_of_sale": "2022-10-31", "last_day_of_support": "2027-10-31"},
        ),
        ("cisco", ["WS-C3850-48P-S"], "", {"end_of_sale": "2020-10-30", "last_day_of_support": "2025-10-31"}),
        ("cisco", ["WS-C3850-24XS-S"], "", {}),
        ("cisco", ["WS-C9200-48P"], "", {}),
        ("cisco", [""], "", {}),
        ("VMware", ["ESXi"], "6.7.0", {"last_day_of_support": "2022-10-15"}),
        ("VMware", ["ESXi 6.7"], "17700523", {"last_day_of_support": "2022-10-15"}),
        ("Microsoft", ["Windows Server 2012 R2"], "", {"last_day_of_support": "2023-10-10"}),
        ("Other", ["WS-C2960X-48FPD-L"], "6.7.0", {}),
    ],
)
def test_only_sourced_dates_are_known(vendor, models, version, expected) -> None:
    found = load_lifecycle(LIFECYCLE).milestones_of(vendor, models, version)
    assert {str(one.milestone): str(one.on) for one in found} == expected


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        (
            "points: 14\n        # Years since inst",
            "points: 15\n        # Years since inst",
            "criteria",
            "100 together, not 101",
        ),
        (
            "curve: [[0.6, 0], [1.0, 0.6]",
            "curve: [[0.6, 0], [1.0, 0.6], [1.2, 0.3]",
            "criteria.likelihood.parts.age.curve",
            "never falls",
        ),
        (
            "curve: [[0.6, 0], [1.0, 0.6]",
            "curve: [[0.6, 0], [0.5, 0.6]",
            "criteria.likelihood.parts.age.curve",
            "rise",
        ),
        (
            "curve: [[0.6, 0], [1.0, 0.6], [1.5, 1]]",
            "curve: 5",
            "criteria.likelihood.parts.age.curve",
            "pairs",
        ),
        ("{announced: 0.1", "{anounced: 0.1", "criteria.likelihood.parts.milestones.milestones", "announced"),
        ("timezone: America/Chicago", "timezone: America/Chigaco", "school_hours.timezone", "IANA time zone"),
        ('from: "08:00"', 'from: "16:00"', "school_hours", "before they end"),
        ('from: "08:00"', 'from: "8 am"', "school_hours.from", "expected a time"),
        ("history_days: 365", "history_day: 365", "", "did you mean 'history_days'"),
        (
            "access: 0.3, access-point: 0.2, ap: 0.2, other: 0.3",
            "access: 0.3",
            "criteria.consequence.parts.role.roles",
            "'other' is missing",
        ),
        ("points: 8", "points: 7.5", "criteria.fitness.parts.saturation.points", "integer"),
        ("# voted_on: 2027-01-12", "voted_on: 2027-01-12", "", "belong together"),
        ("part_prices: {}", "part_prices: {fann: 3}", "alternatives.part_prices", "fan"),
        (
            'sentence: "Restarts per 30 days."',
            'sentence: "Restarts"',
            "criteria.likelihood.parts.reboots.sentence",
            "sentence",
        ),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(old: str, new: str, path: str, words: str) -> None:
    text = POLICY.read_text(encoding="utf-8")
    assert text.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        load_policy(parse_yaml(text.replace(old, new), "mine.yaml"))
    told = [str(problem) for problem in caught.value.problems]
    assert any(words in one and path in one and one.startswith("mine.yaml:") for one in told), told


LIFE = """
useful_lives:
  - {class: access switch, kinds: [switch], years: 7, outer_years: 10,
     source: y, checked_on: 2026-11-21, confidence: medium}
milestones:
  - {vendor: "acme*", models: ["A-1*"], milestone: end_of_sale, date: 2020-01-31,
     source: x, checked_on: 2026-11-21, confidence: high}
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("outer_years: 10", "outer_years: 5", "not less than 'years'"),
        ("kinds: [switch], ", "", "hides what is unknown"),
        ("kinds: [switch]", "kinds: [swich]", "switch"),
        ('models: ["A-1*"], ', "", "a guess"),
        ("milestone: end_of_sale", "milestone: end_of_sales", "end_of_sale"),
        ("date: 2020-01-31", "date: 2020-02-31", "day is out of range"),
        ("source: x, ", "", "'source' is required"),
        ("milestones:", "mile_stones:", "did you mean 'milestones'"),
    ],
)
def test_wrong_facts_are_refused_with_their_place(tmp_path: Path, old: str, new: str, words: str) -> None:
    (tmp_path / "good.yaml").write_text(LIFE)
    assert load_lifecycle([tmp_path]).milestones
    (tmp_path / "good.yaml").write_text(LIFE.replace(old, new))
    with pytest.raises(ConfigError, match=r"good\.yaml") as caught:
        load_lifecycle(tmp_path)
    assert words in str(caught.value)


def test_two_dates_for_one_milestone_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(LIFE)
    (tmp_path / "b.yaml").write_text(LIFE.replace("2020-01-31", "2021-01-31"))
    with pytest.raises(ConfigError, match=r"b\.yaml:6: milestones\[0\]\.date: 2021-01-31 .* 2020-01-31"):
        load_lifecycle(tmp_path)


def test_a_missing_folder_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no folder"):
        load_lifecycle(tmp_path / "nowhere")


@given(st.lists(st.integers(-100, 100), min_size=2, max_size=8, unique=True), st.data())
def test_curves_rise_and_stay_between_their_ends(xs, data) -> None:
    shares = sorted(data.draw(st.lists(st.floats(0, 1), min_size=len(xs), max_size=len(xs))))
    curve = Curve(tuple(zip(sorted(map(float, xs)), shares, strict=True)))
    probes = sorted(data.draw(st.lists(st.floats(-200, 200), min_size=2, max_size=20)))
    found = [curve.share(probe) for probe in probes]
    assert all(shares[0] <= share <= shares[-1] for share in found)
    assert all(left <= right + 1e-12 for left, right in itertools.pairwise(found))
    assert [curve.share(x) for x, _ in curve.points] == pytest.approx([share for _, share in curve.points])
