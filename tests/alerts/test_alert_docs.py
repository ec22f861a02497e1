"""docs/alerts.md names every rule, key and option; what `netwatch rules` prints."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import typer
from alert_snapshots import CATALOGUE
from typer.testing import CliRunner

from netwatch.alerts import load_rule_tests, load_rules
from netwatch.alerts.derived import with_derived
from netwatch.alerts.loading import RULE_KEYS, SCOPE_KEYS
from netwatch.alerts.message import FIELDS
from netwatch.cli.rules import register
from netwatch.documents import parse_yaml, read_yaml
from netwatch.notify import AlertmanagerSettings, EmailSettings, MqttSettings, WebhookSettings
from netwatch.resources import config_dir

TEXT = (Path(__file__).parents[2] / "docs/alerts.md").read_text(encoding="utf-8")
RULES = load_rules([read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))], CATALOGUE)


def section(title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#|\Z)", TEXT, re.MULTILINE | re.DOTALL)
    assert found, f"docs/alerts.md has no section {title!r}"
    return found[1]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_rule_is_in_the_table_with_its_severity(rule) -> None:
    (row,) = re.findall(rf"^\| `{rule.name}` \|.*$", section("The shipped rules"), re.MULTILINE)
    assert row.rstrip("| ").endswith(rule.severity.value)


def test_the_table_has_no_other_rules() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", section("The shipped rules"), re.MULTILINE)) == {
        rule.name for rule in RULES
    }


@pytest.mark.parametrize("key", RULE_KEYS)
def test_every_key_of_a_rule_is_documented(key: str) -> None:
    assert f"`{key}`" in section("How a rule works")


@pytest.mark.parametrize("key", SCOPE_KEYS)
def test_every_key_of_a_scope_is_documented(key: str) -> None:
    assert f"`{key}`" in section("Scope")


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_a_text_is_documented(field: str) -> None:
    assert f"`{{{field}}}`" in section("Texts")


@pytest.mark.parametrize(
    ("title", "settings"),
    [
        ("Alertmanager", AlertmanagerSettings),
        ("Webhook", WebhookSettings),
        ("E-mail", EmailSettings),
        ("MQTT", MqttSettings),
    ],
)
def test_every_option_of_a_channel_is_documented(title: str, settings) -> None:
    text = section("Channels") + section(title)
    for field in dataclasses.fields(settings):
        assert f"`{field.name}`" in text, f"{title}: {field.name}"


def test_the_example_in_the_documentation_is_a_rule(tmp_path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", section("How a rule works"), re.DOTALL)
    (tmp_path / "rule.yaml").write_text(example)
    assert load_rules([read_yaml(tmp_path / "rule.yaml")], CATALOGUE)[0].name == "BandwidthHigh"


def run(*arguments: str):
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["rules", *arguments])


def test_list_and_check_the_shipped_rules() -> None:
    listed = run("list")
    assert listed.exit_code == 0
    assert "VolumeFull (warning, volume): first_of(" in listed.output
    assert "above 90 % for 5 min, clears below 85 %" in listed.output
    checked = run("check")
    assert checked.output == f"{len(RULES)} rules, no problems found\n"


def test_check_names_the_mistake(tmp_path) -> None:
    (tmp_path / "my.yaml").write_text(
        "rules:\n  - {rule: X, value: netwatch_volume_used_ratio, above: 90, severity: info, message: x}\n"
    )
    result = run("check", str(tmp_path))
    assert result.exit_code != 0
    assert "my.yaml:2: rules[0].above" in str(result.exception)


def test_check_of_an_empty_folder_is_a_mistake(tmp_path) -> None:
    result = run("check", str(tmp_path))
    assert result.exit_code != 0
    assert "no *.yaml files" in str(result.exception)


def test_the_example_of_a_test_passes() -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", section("Testing rules"), re.DOTALL)
    tests = load_rule_tests(parse_yaml(example, "docs/alerts.md"), CATALOGUE)
    assert [one.failures for one in tests.run(RULES)] == [()]


@pytest.mark.parametrize("family", sorted(set(with_derived(CATALOGUE)) - set(CATALOGUE)))
def test_every_derived_family_is_documented(family: str) -> None:
    assert f"`{family}`" in section("Families for rules alone")
