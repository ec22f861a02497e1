"""Unit tests of the shipped rules, and the command that runs such tests."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import typer
from alert_snapshots import CATALOGUE
from typer.testing import CliRunner

from netwatch.alerts import load_rule_tests, load_rules
from netwatch.alerts.tools.testing_series import parse_selector, parse_values
from netwatch.cli.rules import register
from netwatch.documents import parse_yaml, read_yaml
from netwatch.errors import ConfigError
from netwatch.resources import config_dir

FILES = sorted((Path(__file__).parent / "rule_tests").glob("*.yaml"))
RULES = load_rules([read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))], CATALOGUE)


@pytest.fixture(scope="module")
def results():
    return {path.name: list(load_rule_tests(read_yaml(path), CATALOGUE).run(RULES)) for path in FILES}


@pytest.mark.parametrize("name", [path.name for path in FILES])
def test_the_shipped_rules_do_what_their_tests_expect(name, results) -> None:
    assert [(one.name, text) for one in results[name] for text in one.failures] == []


@pytest.mark.parametrize("rule", [rule.name for rule in RULES])
def test_every_shipped_rule_has_a_case_that_fires_and_one_that_stays_quiet(rule, results) -> None:
    found = [one for of_file in results.values() for one in of_file]
    assert any(rule in one.fired for one in found)
    assert any(rule in one.quiet for one in found)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_tests_miss_a_rule_that_does_not_fire(path, results) -> None:
    expected = set().union(*(one.fired for one in results[path.name]))
    changed = [dataclasses.replace(one, hold=3.2e7) for one in RULES]
    failures = [
        text for one in load_rule_tests(read_yaml(path), CATALOGUE).run(changed) for text in one.failures
    ]
    assert {text.split(": ")[1] for text in failures} == expected


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1 2 3", [1, 2, 3]),
        ("1x2", [1, 1, 1]),
        ("5+2x3 -1", [5, 7, 9, 11, -1]),
        ("5-2x3", [5, 3, 1, -1]),
        ("-1.5e1x1", [-15, -15]),
        ("1 _ 2 _x2 stale", [1, None, 2, None, None, None]),
    ],
)
def test_values_are_written_as_promtool_writes_them(text, values) -> None:
    assert [None if value != value else value for value in parse_values(text)] == values


@pytest.mark.parametrize("text", ["1y2", "x3", "1+x3", "1x1000000"])
def test_wrong_values_are_refused(text) -> None:
    with pytest.raises(ValueError, match=r"expected values|more than"):
        parse_values(text)


def test_series_are_written_as_prometheus_writes_them() -> None:
    found = parse_selector(' netwatch_device_up{device = "a \\"b\\"", site="x",} ')
    assert (found.family, found.labels) == ("netwatch_device_up", {"device": 'a "b"', "site": "x"})
    for text in ("{}", "a{b}", 'a{b="1" c="2"}', 'a{b="1",b="2"}'):
        with pytest.raises(ValueError):
            parse_selector(text)


GOOD = """
devices: {core: {kind: switch}}
tests:
  - input_series:
      - {series: 'netwatch_device_up{device="core"}', values: '0x9'}
    alert_rule_test:
      - eval_time: 2m
        alertname: DeviceUnreachable
        exp_alerts: [{exp_labels: {device: core}}]
"""


def run(text: str):
    return [
        failure
        for one in load_rule_tests(parse_yaml(text, "t.yaml"), CATALOGUE).run(RULES)
        for failure in one.failures
    ]


@pytest.mark.parametrize(
    ("old", "new", "failure"),
    [
        ("2m", "1m", "1m: DeviceUnreachable: expected an alert with {device=\"core\"}, and there is none"),
        ("{device: core}", "{device: idf}", 'expected an alert with {device="idf"}, and there is none'),
        ("exp_alerts: [{exp_labels: {device: core}}]", "exp_alerts: []", "did not expect an alert with"),
        (
            "{exp_labels: {device: core}}",
            "{exp_annotations: {summary: hello}}",
            "text summary: expected 'hello', found 'core at district does not answer'",
        ),
    ],
)  # fmt: skip
def test_what_is_otherwise_than_expected_is_told(old, new, failure) -> None:
    assert run(GOOD) == []
    assert any(failure in text for text in run(GOOD.replace(old, new)))


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("netwatch_device_up{", "netwatch_device_ups{", "unknown family 'netwatch_device_ups' (did you mean"),
        ('device="core"', 'device="cor"', "unknown device 'cor' (did you mean 'core'?)"),
        ('device="core"', 'device="core", port="1"', "expected the labels device"),
        ("0x9", "0y9", "expected values such as"),
        ("'0x9'", "0x9", "put it in quotes: YAML takes 0x10 for the number 16"),
        ("eval_time: 2m", "eval_time: 2 minutes", "expected a duration"),
        ("eval_time: 2m", "eval_time: 2020-01-01 00:00", "lies before the start"),
        ("DeviceUnreachable", "DeviceUnreachabl", "unknown rule 'DeviceUnreachabl' (did you mean"),
        ("{kind: switch}", "{kind: switch, place: lhs}", "unknown place 'lhs'"),
        ("exp_alerts", "exp_alert", "unknown key 'exp_alert' (did you mean 'exp_alerts'?)"),
    ],
)
def test_a_test_that_makes_no_sense_is_refused_with_its_place(old, new, problem) -> None:
    with pytest.raises(ConfigError) as error:
        run(GOOD.replace(old, new))
    (found, *_) = error.value.problems
    assert problem in str(found)
    assert found.line is not None


def test_the_command_says_which_test_failed(tmp_path) -> None:
    app = typer.Typer()
    register(app)
    (tmp_path / "good.yaml").write_text(GOOD)
    (tmp_path / "bad.yaml").write_text(GOOD.replace("2m", "1m"))
    good = CliRunner().invoke(app, ["rules", "test", str(tmp_path / "good.yaml")])
    assert (good.exit_code, good.output) == (0, "1 tests passed\n")
    bad = CliRunner().invoke(app, ["rules", "test", str(tmp_path / "good.yaml"), str(tmp_path / "bad.yaml")])
    assert bad.exit_code == 1
    assert "bad.yaml: test 1: 1m: DeviceUnreachable: expected an alert" in bad.output
    assert "1 of 2 tests failed" in bad.output


def test_a_moment_may_be_what_the_wall_clock_shows() -> None:
    """Two o'clock is 150 minutes after half past midnight, in the night in which an hour comes twice."""
    text = GOOD.replace(
        "tests:\n  - ", "timezone: America/Chicago\ntests:\n  - start: 2026-11-01 00:30\n    "
    )
    text = text.replace("0x9", "1x149 0x9")
    assert run(text.replace("eval_time: 2m", "eval_time: 2026-11-01 02:02")) == []
    assert run(text.replace("eval_time: 2m", "eval_time: 2026-11-01 02:01")) != []
