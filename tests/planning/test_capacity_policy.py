"""The capacity policy: the shipped one holds, and mistakes are told with place and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import load_capacity_policy, load_policies
from netwatch.planning.capacity import CapacityKind
from netwatch.resources import config_dir

SHIPPED = config_dir() / "planning" / "capacity.yaml"
TEXT = SHIPPED.read_text(encoding="utf-8")


def test_the_shipped_policy() -> None:
    policy = load_capacity_policy(SHIPPED)
    assert policy.history_days >= 730
    assert policy.circuits.norm_mbit_per_1000_users == 1000
    assert policy.trunks.strict_blocking == 0.001
    for kind in CapacityKind:
        assert 0 < policy.full_at.of(kind) <= 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("  volume: 1.0", "  volume: 1.2", "full_at.volume"),
        ("  volume: 1.0", "  volumes: 1.0", "full_at"),
        ("strict_blocking: 0.001", "strict_blocking: 0.1", "strict_blocking is at most blocking"),
        ("horizon_years: 5", "horizon_years: 0", "horizon_years"),
        ('sentence: "Every student and teacher should be able to work online at the same time."',
         'sentence: "online"', "expected a sentence"),
        ("settle_weeks: 6", "settle_weeks: -1", "settle_weeks"),
    ],
)  # fmt: skip
def test_mistakes_are_told(before: str, after: str, message: str) -> None:
    assert before in TEXT
    with pytest.raises(ConfigError, match=message):
        load_capacity_policy(parse_yaml(TEXT.replace(before, after), "capacity.yaml"))


def test_a_folder_of_ones_own(tmp_path: Path) -> None:
    (tmp_path / "capacity.yaml").write_text(TEXT.replace("horizon_years: 5", "horizon_years: 8"))
    policies = load_policies(tmp_path, config_dir() / "planning")
    assert policies.capacity.horizon_years == 8
    assert policies.replacement.history_days > 0
    (tmp_path / "capacity.yaml").write_text("name: x\n")
    with pytest.raises(ConfigError, match="full_at"):
        load_policies(tmp_path, config_dir() / "planning")
