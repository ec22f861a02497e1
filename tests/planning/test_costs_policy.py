"""The costs policy says clearly what does not fit."""

from __future__ import annotations

import re

import pytest

from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.planning import load_costs_policy, load_policies
from netwatch.resources import config_dir

PATH = config_dir() / "planning" / "costs.yaml"
TEXT = PATH.read_text(encoding="utf-8")


def test_the_shipped_policy_invents_no_price() -> None:
    policy = load_costs_policy(PATH)
    assert policy.labour.per_hour is None
    assert policy.support == policy.disposal == ()
    assert policy.power.price_per_kwh == 0.146
    assert "energypricestoday.com" in policy.power.source
    assert policy.power.assumption("wireless", "ap").watts == 15
    assert policy.power.assumption("wireless", "controller") is None
    assert policy.power.assumption("storage", "san") is None
    assert load_policies(None, PATH.parent).costs == policy


def test_what_the_comments_show_can_be_written() -> None:
    text = TEXT.replace("support: []\n#  -", "support:\n  -").replace("disposal: []\n#  -", "disposal:\n  -")
    policy = load_costs_policy(parse_yaml(text, "costs.yaml"))
    assert policy.support[0].fits("ACME Networks", ("s-48-poe",))
    assert not policy.support[0].fits("acme", ("S-24",))
    assert policy.disposal[0].fits("power", "ups")
    assert not policy.disposal[0].fits("power", "pdu")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("currency: USD", "currency: dollars", "String should match"),
        ("  price_per_kwh: 0.146", "  price_per_kwh: 0", "greater than 0"),
        ("  price_per_kwh: 0.146\n", "", "price_per_kwh"),
        ("  cooling_factor: 1.4", "  cooling_factor: 0.4", "greater than or equal to 1"),
        ("  per_hour: null", "  per_hour: 48", "'source' is missing"),
        ("kinds: [switch], watts: 150", "watts: 150", "expected 'kinds' or 'roles'"),
        ("not_own_use: [power, radio]", "not_own_use: [ups]", "not_own_use"),
    ],
)
def test_mistakes_are_told(old: str, new: str, message: str) -> None:
    assert old in TEXT
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_costs_policy(parse_yaml(TEXT.replace(old, new, 1), "costs.yaml"))
