"""Why an alert is there, from the store of a netwatch that runs."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import typer
from alert_snapshots import device, part, rules, snapshot
from typer.testing import CliRunner

from netwatch.alerts import AlertEngine, explain_alert, explain_rule, load_rules, scope_text
from netwatch.cli.rules import register
from netwatch.documents import read_yaml
from netwatch.model import EntityKind, load_catalogue
from netwatch.resources import config_dir
from netwatch.store import Store

CATALOGUE = load_catalogue()
RULES = load_rules([read_yaml(path) for path in sorted((config_dir() / "rules").glob("*.yaml"))], CATALOGUE)
START = datetime(2026, 9, 1, 9, 0, tzinfo=ZoneInfo("America/Chicago")).timestamp()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    """A host that went down with a full volume, and its store, which is in use."""
    host, volume = device("srv"), part("srv", "data", EntityKind.VOLUME)
    engine = AlertEngine(RULES)
    (tmp_path / "var").mkdir()
    with Store(tmp_path / "var/netwatch.db") as store:
        for minute in range(12):
            told = snapshot(
                START + 60 * minute,
                [host, volume],
                {
                    "netwatch_volume_used_ratio": {volume.id: 0.93},
                    "netwatch_device_up": {"srv": float(minute < 8)},
                },
            )
            store.incidents.record(engine.evaluate(told))
        (tmp_path / "netwatch.yaml").write_text(
            "state_dir: var\ndistrict: {slug: maple, name: Maple, timezone: America/Chicago}\n"
        )
        yield tmp_path / "netwatch.yaml"


def run(settings: Path, *words: str):
    app = typer.Typer()
    register(app)
    return CliRunner().invoke(app, ["rules", "explain", *words, "--config", str(settings)])


def test_a_rule_and_a_device_tell_all_of_the_alert(settings) -> None:
    done = run(settings, "VolumeFull", "srv")
    assert done.exit_code == 0, done.exception
    rows = {line[2:14].strip(): line[14:] for line in done.output.splitlines() if line.startswith("  ")}
    assert done.output.startswith("VolumeFull on srv: firing, warning (id ")
    assert "\n  volume data on srv at " in done.output
    assert rows["readings"] == "netwatch_volume_used_ratio = 0.93"
    assert rows["value"] == "93 %"
    assert rows["threshold"] == "above 90 % for 5 min"
    assert rows["ends"] == "below 85 %"
    assert rows["since"].startswith("2026-09-01 09:00:00 CDT (")
    assert rows["fires since"] == "2026-09-01 09:05:00 CDT"
    assert rows["sent"].startswith("no: DeviceUnreachable on srv explains it (srv at ")
    assert "2026-09-01 09:05:00 CDT  firing\n" in done.output
    assert "CDT  firing, explained by" in done.output


def test_an_id_tells_the_same_and_a_pending_alert_when_it_will_fire(settings) -> None:
    by_name = run(settings, "VolumeFull", "srv").output
    key = by_name.partition("(id ")[2].partition(")")[0]
    assert run(settings, key).output.splitlines()[:4] == by_name.splitlines()[:4]


def test_a_rule_without_an_alert_is_told_with_what_it_looks_at(settings) -> None:
    done = run(settings, "UplinkSaturated", "srv")
    assert done.output.splitlines()[0] == "UplinkSaturated has no alert on srv, and had none lately"
    assert "  looks       during lessons (by the calendar of the device's school)" in done.output
    assert "ports uplinks" in done.output


def test_a_name_that_nobody_knows_is_a_mistake(settings) -> None:
    done = run(settings, "VolumeFul")
    assert done.exit_code == 1
    assert "did you mean 'VolumeFull'?" in str(done.exception)
    missing = run(settings.parent / "none.yaml", "VolumeFull")
    assert missing.exit_code == 1


def test_a_pending_alert_says_when_it_fires_and_an_unknown_value_since_when() -> None:
    (rule,) = rules(
        "rules: [{rule: Full, value: netwatch_volume_used_ratio, above: 0.9, for: 5m, severity: info, "
        "message: x}]"
    )
    engine = AlertEngine([rule])
    volume = part("srv", "data", EntityKind.VOLUME)
    for minute, value in ((0, 0.95), (1, None)):
        engine.evaluate(
            snapshot(
                START + 60 * minute,
                [device("srv"), volume],
                {"netwatch_volume_used_ratio": {volume.id: value}},
            )
        )
    (alert,) = engine.alerts()
    text = "\n".join(explain_alert(alert, rule, {}, [], now=START + 60, timezone="America/Chicago"))
    assert "fires at    2026-09-01 09:05:00 CDT, if the condition holds until then" in text
    assert "unknown     since 2026-09-01 09:01:00 CDT the value is not known; it is held" in text
    assert "sent        not yet: it does not fire" in text
    gone = "\n".join(explain_alert(alert, None, {}, [], now=START, timezone="UTC"))
    assert "no rule of that name is loaded any more" in gone


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_every_shipped_rule_can_be_told(rule) -> None:
    lines = list(explain_rule(rule))
    assert any(line.startswith("  threshold   ") for line in lines)
    assert bool(scope_text(rule.scope)) == (rule.scope != type(rule.scope)())
