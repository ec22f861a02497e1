"""The shipped policy is whole; what is wrong in one is told with its place."""

from __future__ import annotations

import pytest

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import load_policies, load_wireless_policy
from netwatch.resources import config_dir

POLICY = config_dir() / "planning" / "wireless.yaml"


def test_the_shipped_policy_is_whole_and_every_number_has_a_source() -> None:
    policy = load_wireless_policy(POLICY)
    text = POLICY.read_text(encoding="utf-8")
    assert text.count("value:") == text.count("sentence:") == text.count("source:")
    assert policy.airtime.full.origin.endswith("(common)")
    assert policy.channels_of("2.4ghz") == 3
    assert policy.channels_of("60ghz") == 0


def test_a_folder_without_it_uses_the_shipped_one(tmp_path) -> None:
    assert load_policies(tmp_path, config_dir() / "planning").wireless == load_wireless_policy(POLICY)
    (tmp_path / "wireless.yaml").write_text("name: mine\n")
    with pytest.raises(ConfigError, match="'airtime' is required"):
        load_policies(tmp_path, config_dir() / "planning")


@pytest.mark.parametrize(
    ("old", "new", "path", "words"),
    [
        ("  watch:\n    value: 0.5", "  watch:\n    value: 0.9", "airtime", "not above 'full'"),
        ("  target:\n    value: 0.5", "  target:\n    value: 0.8", "airtime", "not above 'full'"),
        (
            "  full:\n    value: 0.7",
            "  full:\n    value: 70",
            "airtime.full.value",
            "less than or equal to 1",
        ),
        ("  6ghz:\n", "  60ghz:\n", "channels", "6ghz"),
        ("recent_days: 120", "recent_day: 120", "", "did you mean 'recent_days'"),
        ("recent_days: 120", "recent_days: 400", "recent_days", "364"),
        ('sentence: "Channels 1, 6 and 11 do not overlap."', 'sentence: "Three"', "channels", "sentence"),
        ("unknown_low: {value: 0.0", "unknown_low: {value: 0.2", "growth", "not above 'unknown_high'"),
    ],
)
def test_a_wrong_policy_is_refused_with_its_place(old: str, new: str, path: str, words: str) -> None:
    text = POLICY.read_text(encoding="utf-8")
    assert text.count(old) == 1
    with pytest.raises(ConfigError) as caught:
        load_wireless_policy(parse_yaml(text.replace(old, new), "mine.yaml"))
    told = [str(problem) for problem in caught.value.problems]
    assert any(words in one and path in one and one.startswith("mine.yaml:") for one in told), told
