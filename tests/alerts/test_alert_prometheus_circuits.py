"""Rules about circuits fire in Prometheus when they fire in netwatch: what the inventory says is recorded."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import typer
import yaml
from alert_snapshots import CATALOGUE, device, part, rules, snapshot
from typer.testing import CliRunner

from netwatch.alerts import AlertEngine, export_prometheus, load_rules
from netwatch.cli.rules import register
from netwatch.documents import read_yaml
from netwatch.model import AlertState, Circuit, Inventory
from netwatch.resources import config_dir

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def promtool(folder: Path, *words: str) -> str:
    done = subprocess.run(["promtool", *words], cwd=folder, capture_output=True, text=True, timeout=60)
    return "" if done.returncode == 0 else done.stdout + done.stderr or "failed"


def write(folder: Path, name: str, document) -> None:
    (folder / name).write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


CIRCUITS = (
    Circuit("A-1", "core", "Gi1", rate=200e6),
    Circuit("A-2", "core", "Gi2", rate=80e6),
    Circuit("A-3", "core", "Gi2", rate=80e6),
    Circuit("A-4", "core", "Gi3"),
    Circuit("A-5", "edge"),
    Circuit("A-6", "edge", "Gi9", rate=8e6),
)
MEGABITS = {"Gi1": 196.0, "Gi2": 150.0, "Gi3": 900.0, "Gi4": 950.0, "wan5": 980.0, "Gi6": 100.0}
"""By port of `core`; each could do 1 Gbit/s."""
ALIASES = {"Gi2": "WAN", "Gi4": "to the ISP"}
SHARE = "{rate: netwatch_interface_receive_bytes_total, per: netwatch_interface_%s_bytes_per_second}"


@needs_promtool
@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("circuits: none", {"Gi4", "wan5"}),
        ("circuits: only", {"Gi1", "Gi2", "Gi3"}),
        ("circuits: any", {"Gi1", "Gi2", "Gi3", "Gi4", "wan5"}),
        ("circuits: too, facts: {alias: ['*isp*']}", {"Gi1", "Gi2", "Gi3", "Gi4"}),
        ("circuits: too, names: ['wan*']", {"Gi1", "Gi2", "Gi3", "wan5"}),
        ("circuits: too, not_names: ['wan*'], not_facts: {alias: ['*isp*']}", {"Gi1", "Gi2", "Gi3"}),
        ("circuits: none, facts: {alias: ['*isp*', wan]}", {"Gi4"}),
        ("circuits: only, names: ['*1', '*2']", {"Gi1", "Gi2"}),
        ("circuits: none, not_names: ['wan*']", {"Gi4"}),
    ],
)
def test_rules_about_circuits_fire_in_both(tmp_path, scope: str, expected: set[str]) -> None:
    (rule,) = rules(
        f"rules: [{{rule: Full, value: {{max_of: [{SHARE % 'circuit'}, {SHARE % 'speed'}]}}, above: 0.89, "
        f"for: 2m, severity: info, message: '{{interface}} {{value}}', scope: {{{scope}}}}}]"
    )
    made = export_prometheus([rule], CATALOGUE, CIRCUITS)
    assert made.exported == ("Full",)
    entities, given = [device("core"), device("edge")], []
    for name, megabits in MEGABITS.items():
        entities.append(replace(part("core", name), facts={"alias": ALIASES.get(name, "")}))
        port = f'{{device="core", interface="{name}"'
        given += [
            {
                "series": f'netwatch_interface_info{port}, alias="{ALIASES.get(name, "")}"}}',
                "values": "1x9",
            },
            {"series": f"netwatch_interface_speed_bytes_per_second{port}}}", "values": "125000000x9"},
            {
                "series": f"netwatch_interface_receive_bytes_total{port}}}",
                "values": f"0+{megabits * 7.5e6:.0f}x9",
            },
        ]
    engine = AlertEngine([rule])
    for minute in range(9):
        values = {
            "netwatch_interface_receive_bytes_total": {f"core/{n}": v * 125e3 for n, v in MEGABITS.items()},
            "netwatch_interface_speed_bytes_per_second": {f"core/{name}": 125e6 for name in MEGABITS},
        }
        inventory = Inventory(circuits=CIRCUITS)
        engine.evaluate(snapshot(1e9 + 60 * minute, entities, values, inventory=inventory))
    firing = [one for one in engine.alerts() if one.state is AlertState.FIRING]
    assert {one.labels["interface"] for one in firing} == expected
    samples = [
        {
            "labels": f'ALERTS{{alertname="Full", alertstate="firing", device="core", interface="{name}", '
            'severity="info"}',
            "value": 1,
        }
        for name in expected
    ]
    check = {"expr": 'ALERTS{alertname="Full"}', "eval_time": "8m", "exp_samples": samples}
    test = {"interval": "1m", "input_series": given, "promql_expr_test": [check]}
    write(tmp_path, "rules.yaml", dict(made.document))
    write(tmp_path, "test.yaml", {"rule_files": ["rules.yaml"], "evaluation_interval": "1m", "tests": [test]})
    assert promtool(tmp_path, "check", "rules", "rules.yaml") == ""
    assert promtool(tmp_path, "test", "rules", "test.yaml") == ""


def test_without_the_inventory_rules_about_circuits_are_refused() -> None:
    shipped = load_rules([read_yaml(config_dir() / "rules" / "bandwidth.yaml")], CATALOGUE)
    refused = dict(export_prometheus(shipped, CATALOGUE).refused)
    for name in ("BandwidthHigh", "UplinkSaturated", "WanSaturated"):
        assert "--config" in refused[name]
    known = dict(export_prometheus(shipped, CATALOGUE, CIRCUITS).refused)
    assert "circuits" not in known["WanSaturated"]


def test_the_command_takes_circuits_from_the_settings(tmp_path) -> None:
    write(tmp_path, "netwatch.yaml", {
        "district": {"name": "Maple", "slug": "maple", "timezone": "UTC"}, "state_dir": "var",
        "inventory": ["inventory.yaml"], "alerts": {"rules": ["rules.yaml"]},
    })  # fmt: skip
    write(tmp_path, "inventory.yaml", {
        "devices": [{"name": "core", "addresses": ["127.99.0.1"], "kind": "switch"}],
        "circuits": [{"id": "A-1", "device": "core", "interface": "Gi1", "rate": "200 Mbit/s"}],
    })  # fmt: skip
    write(tmp_path, "rules.yaml", {"rules": [{
        "rule": "Full", "value": "netwatch_interface_speed_bytes_per_second", "above": 1, "severity": "info",
        "message": "x", "scope": {"circuits": "only"},
    }]})  # fmt: skip
    app = typer.Typer()
    register(app)
    words = ["rules", "export", "--prometheus", "--config", str(tmp_path / "netwatch.yaml")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert 'netwatch_interface_info{device="core", interface="Gi1"}' in done.output
    assert "1 of 1 rules exported" in done.output
