"""A rule that can't work is refused with its place and the remedy."""

from __future__ import annotations

import pytest
import yaml
from alert_snapshots import CATALOGUE, rules

from netwatch.alerts import load_rules
from netwatch.documents import parse_yaml, read_yaml
from netwatch.errors import ConfigError
from netwatch.model import EntityKind
from netwatch.resources import config_dir

GOOD = {
    "rule": "Busy",
    "value": {
        "rate": "netwatch_interface_receive_bytes_total",
        "per": "netwatch_interface_speed_bytes_per_second",
    },
    "above": 0.9,
    "severity": "warning",
    "message": "{interface}",
}
NO = object()


def text(**changes) -> str:
    entry = {key: value for key, value in (GOOD | changes).items() if value is not NO}
    return yaml.safe_dump({"rules": [entry]}, sort_keys=False)


def test_a_share_of_the_speed_is_a_ratio() -> None:
    (rule,) = rules(text(**{"for": "1h30m"}))
    assert (rule.expression.unit, rule.expression.entity, rule.hold) == (
        "ratio",
        EntityKind.INTERFACE,
        5400.0,
    )


UP, RX = "netwatch_device_up", "netwatch_interface_receive_bytes_total"


@pytest.mark.parametrize(
    ("changes", "path", "message", "hint"),
    [
        ({"value": "netwatch_device_upp"}, "value", "unknown family", f"did you mean '{UP}'"),
        ({"value": RX}, "value", "is a counter", f"judge {{rate: {RX}}}"),
        ({"value": {"rate": UP}}, "value", "is no counter", "`of`"),
        ({"value": {"of": UP, "rate": RX}}, "value", "either `of`", ""),
        ({"value": {"rat": RX}}, "value.rat", "unknown key 'rat'", "did you mean 'rate'"),
        ({"value": 3}, "value", "expected a family", ""),
        ({"value": {"of": ["x"]}}, "value", "expected the name of a family", ""),
        ({"value": "netwatch_device_info"}, "value", "holds text", ""),
        ({"value": {"rate": RX, "per": UP}}, "value.per", "belongs to a device", "same kind"),
        ({"value": {"max_of": ["netwatch_device_up"]}}, "value.max_of", "at least two", ""),
        (
            {"value": {"max_of": ["netwatch_device_up", "netwatch_device_uptime_seconds"]}},
            "value.max_of[1]",
            "not of the same kind",
            "unit",
        ),
        ({"above": NO}, "", "exactly one of", ""),
        ({"below": 0.1}, "", "exactly one of", ""),
        ({"above": 90}, "above", "share from 0 to 1", "write 0.9 for 90 %"),
        ({"above": -0.1}, "above", "never below 0", ""),
        ({"above": NO, "below": 0}, "below", "never below 0", ""),
        ({"above": "0.9"}, "above", "expected a number", ""),
        ({"above": True}, "above", "expected a number", ""),
        ({"above": float("nan")}, "above", "finite", ""),
        ({"clear_below": 0.95}, "clear_below", "above the threshold", "would end while"),
        ({"clear_above": 0.8}, "clear_above", "no meaning beside `above`", ""),
        (
            {"above": NO, "below": 0.5, "clear_above": 0.4},
            "clear_above",
            "below the threshold",
            "would end while",
        ),
        ({"severity": "urgent"}, "severity", "'info', 'warning' or 'critical'", ""),
        ({"severity": NO}, "", "'severity' is required", ""),
        ({"for": "5 minutes"}, "for", "expected a duration", ""),
        ({"for": -5}, "for", "expected a duration", ""),
        ({"rule": "no spaces"}, "rule", "", ""),
        ({"severty": "info"}, "severty", "unknown key 'severty'", "did you mean 'severity'"),
        ({"message": "{devise}"}, "message", "unknown field {devise}", "did you mean 'device'"),
        ({"message": "{device.id}"}, "message", "text and fields", ""),
        ({"message": "{value:.2f}"}, "message", "text and fields", ""),
        ({"message": "{"}, "message", "", ""),
        ({"description": "{volume}"}, "description", "unknown field {volume}", ""),
        ({"scope": {"kind": "switch"}}, "scope.kind", "unknown key 'kind'", "did you mean 'kinds'"),
        ({"scope": {"kinds": ["swich"]}}, "scope.kinds[0]", "found 'swich'", ""),
        ({"scope": {"roles": "a", "not_roles": "a"}}, "scope.not_roles", "never match", ""),
        ({"scope": {"labels": {"use": "all"}}}, "scope.labels.use", "unknown row label", "no row labels"),
        (
            {"value": UP, "message": "x", "scope": {"admin_up": True}},
            "scope.admin_up",
            "about interfaces",
            "",
        ),
        ({"root_cause": True}, "root_cause", "only a rule on a device", ""),
        ({"once_healthy": True, "on_unknown": "resolve"}, "on_unknown", "contradict", "leave out"),
    ],
)
def test_a_mistake_is_named_with_its_place(changes, path, message, hint) -> None:
    with pytest.raises(ConfigError) as caught:
        rules(text(**changes))
    problems = [problem for problem in caught.value.problems if message in problem.message]
    assert problems, caught.value.problems
    assert problems[0].path == (f"rules[0].{path}" if path else "rules[0]")
    assert hint in problems[0].hint
    assert problems[0].file == "rules.yaml"
    assert problems[0].line is not None


def test_all_mistakes_of_all_files_are_told_at_once() -> None:
    documents = [
        parse_yaml(text(above=90), "a.yaml"),
        parse_yaml("rules: 3", "b.yaml"),
        parse_yaml(text(rule="Twice"), "c.yaml"),
        parse_yaml(text(rule="Twice"), "d.yaml"),
    ]
    with pytest.raises(ConfigError) as caught:
        load_rules(documents, CATALOGUE)
    assert [problem.file for problem in caught.value.problems] == ["a.yaml", "b.yaml", "d.yaml"]
    assert "c.yaml" in caught.value.problems[2].hint


def test_the_line_is_the_right_one() -> None:
    with pytest.raises(ConfigError) as caught:
        rules(text() + "\n" + text(rule="Other", above=90).removeprefix("rules:\n"))
    (problem,) = caught.value.problems
    assert problem.line == 14
    assert str(problem).startswith("rules.yaml:14: rules[1].above: ")


def test_shipped_rules_load_and_the_first_slice_is_there() -> None:
    documents = [read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))]
    loaded = load_rules(documents, CATALOGUE)
    assert {rule.name for rule in loaded} >= {
        "DeviceUnreachable",
        "AccessPointDown",
        "DeviceRebooted",
        "InterfaceDown",
        "BandwidthHigh",
        "TrunkDown",
        "VolumeFull",
        "PowerSupplyFailed",
        "TemperatureHigh",
        "UpsOnBattery",
    }
