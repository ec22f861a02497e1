"""Exported rules fire in Prometheus when they fire in netwatch."""

from __future__ import annotations

import math
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import typer
import yaml
from alert_snapshots import CATALOGUE, rules
from typer.testing import CliRunner

from netwatch.alerts import export_prometheus, load_rule_tests, load_rules
from netwatch.cli.rules import register
from netwatch.documents import read_yaml
from netwatch.resources import config_dir

FILES = sorted((Path(__file__).parent / "rule_tests").glob("*.yaml"))
RULES = load_rules([read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))], CATALOGUE)
MADE = export_prometheus(RULES, CATALOGUE)

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def promtool(folder: Path, *words: str) -> str:
    done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def write(folder: Path, name: str, document) -> None:
    (folder / name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


@needs_promtool
def test_promtool_accepts_what_the_command_writes(tmp_path) -> None:
    app = typer.Typer()
    register(app)
    out = tmp_path / "rules.yaml"
    done = CliRunner().invoke(app, ["rules", "export", "--prometheus", "--out", str(out)])
    assert done.exit_code == 0
    assert promtool(tmp_path, "check", "rules", "rules.yaml") == ""
    assert f"{len(MADE.exported)} of {len(RULES)} rules exported" in done.output
    assert "not exported: UplinkSaturated: `during lessons`: Prometheus knows neither" in done.output
    assert "#   InterfaceDown: `once_healthy`" in out.read_text()


def test_every_rule_is_exported_or_it_is_told_why() -> None:
    refused = dict(MADE.refused)
    assert set(MADE.exported) | set(refused) == {rule.name for rule in RULES}
    assert len(MADE.exported) >= 29
    assert all(refused.values())


def info_series(file, steps: int):
    for name, device in file.devices.items():
        labels = f'device="{name}", kind="{device.kind.value}", role="{device.role}"'
        yield {"series": f"netwatch_device_info{{{labels}}}", "values": f"1x{steps}"}
        for part, facts in device.parts.items():
            told = "".join(f', {key}="{value}"' for key, value in facts.items())
            yield {
                "series": f'netwatch_interface_info{{device="{name}", interface="{part}"{told}}}',
                "values": f"1x{steps}",
            }


def comparable(test) -> int:
    """Steps over which every series has a value; 0 where Prometheus knows less than netwatch."""
    if any(closure.get("out_of_service") for closure in test.closures):
        return 0
    lengths = [
        next((n for n, value in enumerate(one.values) if math.isnan(value)), len(one.values))
        for one in test.input_series
    ]
    return min(lengths)


def expected_samples(firing, severity):
    for rule, device, part in sorted(firing):
        labels = {"alertname": rule, "alertstate": "firing", "device": device, "severity": severity[rule]}
        labels |= dict(pair.split("=", 1) for pair in part.split(",") if pair)
        text = ", ".join(f'{name}="{value}"' for name, value in labels.items())
        yield {"labels": f"ALERTS{{{text}}}", "value": 1}


@needs_promtool
def test_the_same_series_fire_the_same_rules_in_prometheus_and_netwatch(tmp_path) -> None:
    """All series of the tests of the shipped rules, at every evaluation."""
    exported = [rule for rule in RULES if rule.name in MADE.exported]
    severity = {rule.name: rule.severity.value for rule in exported}
    by_interval = defaultdict(list)
    fired = set()
    for path in FILES:
        tests = load_rule_tests(read_yaml(path), CATALOGUE)
        with_all = list(tests.run(RULES, everything=True))
        for row, (test, result) in enumerate(zip(tests.file.tests, with_all, strict=True)):
            steps, interval = comparable(test), tests.interval(row)
            moments = [at for at in result.log if at / interval < steps]
            if not moments:
                continue
            checks = []
            for at in moments:
                firing = {one for one in result.log[at] if one[0] in severity}
                fired |= {one[0] for one in firing}
                checks.append(
                    {
                        "expr": 'ALERTS{alertstate="firing", alertname!~"Netwatch.*"}',
                        "eval_time": f"{at:.0f}s",
                        "exp_samples": list(expected_samples(firing, severity)),
                    }
                )
            given = [
                {"series": one.series, "values": " ".join(f"{value:.12g}" for value in one.values[:steps])}
                for one in test.input_series
                if one.series.split("{")[0] in CATALOGUE
            ]
            by_interval[interval].append(
                {
                    "interval": f"{interval:.0f}s",
                    "input_series": given + list(info_series(tests.file, steps)),
                    "promql_expr_test": checks,
                }
            )
    write(tmp_path, "rules.yaml", dict(MADE.document))
    for interval, made in by_interval.items():
        name = f"test-{interval:.0f}.yaml"
        text = {"rule_files": ["rules.yaml"], "evaluation_interval": f"{interval:.0f}s", "tests": made}
        write(tmp_path, name, text)
        assert promtool(tmp_path, "test", "rules", name) == ""
    assert fired == set(MADE.exported)  # none of them was compared in silence only


@needs_promtool
@pytest.mark.parametrize(
    "scope", ["", "devices: [core-?]", "labels: {ssid: ['', guest]}", "sites: maple/lhs"]
)
def test_scopes_become_matchers(tmp_path, scope) -> None:
    (rule,) = rules(
        f"rules: [{{rule: Crowd, value: netwatch_radio_clients, above: 60, clear_below: 40, severity: info, "
        f"for: 90s, message: 'at {{device}} {{kind}} {{value}}', scope: {{{scope}}}}}]"
    )
    made = export_prometheus([rule], CATALOGUE)
    assert made.exported == ("Crowd",)
    write(tmp_path, "rules.yaml", dict(made.document))
    assert promtool(tmp_path, "check", "rules", "rules.yaml") == ""
    if scope.startswith("devices"):
        assert 'device=~"core-."' in str(made.document)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ("during: mon-fri 08:00-09:00", "during mon-fri 08:00-09:00"),
        ("scope: {tags: lab}", "tags are not exported"),
        ("scope: {sites: maple/lhs/annex}", "places below a school are not exported"),
        ("scope: {facts: {guest_os: linux}}", "the fact guest_os of a device is not exported"),
        ("once_healthy: true", "does not remember"),
    ],
)
def test_what_prometheus_can_not_say_is_told(changes, reason) -> None:
    (rule,) = rules(
        "rules: [{rule: X, value: netwatch_device_up, equals: 0, severity: info, message: x, "
        + changes
        + "}]"
    )
    made = export_prometheus([rule], CATALOGUE)
    assert not made.exported
    ((name, told),) = made.refused
    assert name == "X"
    assert reason in told
