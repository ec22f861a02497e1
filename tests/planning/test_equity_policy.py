"""The equity policy says clearly what does not fit."""

from __future__ import annotations

import re

import pytest

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import load_equity_policy, load_policies
from netwatch.planning.equity import Indicator
from netwatch.resources import config_dir

PATH = config_dir() / "planning" / "equity.yaml"
TEXT = PATH.read_text(encoding="utf-8")


def test_the_shipped_policy_is_complete() -> None:
    policy = load_equity_policy(PATH)
    assert set(policy.indicators) == set(Indicator)
    assert policy.indicators[Indicator.AVAILABILITY].target == 0.999
    assert policy.indicators[Indicator.SATURATION].target == 0.5
    assert policy.indicators[Indicator.AGE].share(0.75) == 1
    assert policy.indicators[Indicator.AGE].share(1.5) == 0
    assert [policy.grade(index) for index in (100, 90, 89.875, 60, 59.875, 0)] == list("AABDFF")
    assert policy.next_bound(59.875) == ("D", 60)
    assert policy.next_bound(90) is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("    weight: 25", "    weight: 26", "the weights are 100 together, not 101"),
        ("grades: {A: 90, B: 80,", "grades: {A: 90, B: 90,", "fall from A to D"),
        ("grades: {A: 90, B: 80,", "grades: {B: 80, A: 90,", "in this order"),
        ("grades: {A: 90, B: 80, C: 70, D: 60}", "grades: {A: 90}", "A, B, C and D"),
        ("suppress_clients_under: 5", "suppress_clients_under: 2", "greater than or equal to 5"),
        ("    gives: [[0.95, 0], [0.999, 1]]", "", "expected either 'gives'"),
        ("    gives: [[0.95, 0], [0.999, 1]]", "    gives: [[0.95, 1], [0.999, 0]]", "a curve never falls"),
        ("least_known: 0.6", "least_known: 0", "greater than 0"),
        ("  clients:", "  client:", "client"),
    ],
)
def test_mistakes_are_told(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_equity_policy(parse_yaml(TEXT.replace(old, new, 1), "equity.yaml"))


def test_a_folder_without_the_file_gets_the_shipped_one(tmp_path) -> None:
    shipped = config_dir() / "planning"
    assert load_policies(tmp_path, shipped).equity == load_equity_policy(PATH)
    (tmp_path / "equity.yaml").write_text(TEXT.replace("netwatch default", "voted 2027-01-12", 1))
    assert load_policies(tmp_path, shipped).equity.name.startswith("voted 2027-01-12")
