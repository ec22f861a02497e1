"""`netwatch rules`: check, list, test, explain and export alerting rules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.errors import ConfigError, Problem

if TYPE_CHECKING:
    from netwatch.alerts import CaseResult, Rule

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check, list, test, explain and export alerting rules.")
    app.add_typer(group, name="rules")

    @group.command("check")
    def check_command(
        files: list[Path] | None = typer.Argument(
            None, metavar="[FILES]", help="Rule files or folders; without one: the shipped rules."
        ),
    ) -> None:
        """Check rules; exit code 1 and one line per mistake."""
        rules = _load(files)
        typer.echo(f"{len(rules)} rules, no problems found")

    @group.command("list")
    def list_command(
        files: list[Path] | None = typer.Argument(
            None, metavar="[FILES]", help="Rule files or folders; without one: the shipped rules."
        ),
    ) -> None:
        """List rules with what they judge."""
        for rule in _load(files):
            typer.echo(_line(rule))

    @group.command("test")
    def test_command(
        files: list[Path] = typer.Argument(..., metavar="FILES", help="Files of rule tests."),
    ) -> None:
        """Run unit tests of rules; exit code 1 if one fails."""
        failed = total = 0
        for path in files:
            for result in _run_tests(path):
                total += 1
                failed += bool(result.failures)
                for text in result.failures:
                    typer.echo(f"{path}: {result.name}: {text}", err=True)
        if failed:
            typer.echo(f"{failed} of {total} tests failed", err=True)
            raise typer.Exit(1)
        typer.echo(f"{total} tests passed")

    @group.command("explain")
    def explain_command(
        alert: str = typer.Argument(..., metavar="ALERT", help="Id of an alert, or the name of a rule."),
        device: str = typer.Argument("", metavar="[DEVICE]", help="With a rule: name of the device."),
        config: Path = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file."),
    ) -> None:
        """Tell why an alert is there: readings, threshold, since when, scope, cause."""
        for line in _explain(alert, device, config):
            typer.echo(line)

    @group.command("export")
    def export_command(
        files: list[Path] | None = typer.Argument(
            None, metavar="[FILES]", help="Rule files or folders; without one: the shipped rules."
        ),
        prometheus: bool = typer.Option(False, "--prometheus", help="As Prometheus rules."),
        out: Path | None = typer.Option(None, "--out", help="File to write; without it standard output."),
        config: Path | None = typer.Option(
            None, "--config", "-c", help="Settings file: its rules, and the circuits of its inventory."
        ),
    ) -> None:
        """Write rules for Prometheus; what can't be exported is told with the reason."""
        if not prometheus:
            raise ConfigError([Problem("", "", "export as what?", "add --prometheus")])
        _export(files, config, out)


def _explain(wanted: str, device: str, config: Path) -> Iterator[str]:
    """From the store that the daemon writes. Raises ConfigError, StoreError."""
    from netwatch.alerts import explain_alert, explain_rule
    from netwatch.app.loading import rules_of
    from netwatch.config import load_settings
    from netwatch.documents import did_you_mean
    from netwatch.model import load_catalogue
    from netwatch.store import Store

    settings = load_settings(config, os.environ)
    rules = {rule.name: rule for rule in rules_of(settings, load_catalogue())}
    path = Path(settings.state_dir) / "netwatch.db"
    if not path.exists():
        raise ConfigError(
            [Problem(str(path), "", "there is no store", "has netwatch run with these settings?")]
        )
    with Store(path, read_only=True) as store:
        alerts = [*store.incidents.load_open(), *store.incidents.load_past()]
        by_id = {one.id: one for one in alerts}
        rule = rules.get(wanted)
        if wanted in by_id:
            found = [by_id[wanted]]
        elif rule is not None or any(one.rule == wanted for one in alerts):
            mine = [one for one in alerts if one.rule == wanted]
            found = [one for one in mine if device in ("", one.labels.get("device", ""), str(one.device))]
            found = [one for one in found if one.resolved is None] or found[:1]
        else:
            hint = did_you_mean(wanted, rules) or "`netwatch rules list` lists the rules"
            raise ConfigError([Problem("", "", f"neither an alert nor a rule is called {wanted!r}", hint)])
        for one in found:
            events = [
                (event.at, event.state.value + (f", {event.note}" if event.note else ""))
                for event in store.incidents.timeline(one.id)
            ]
            yield from explain_alert(
                one, rules.get(one.rule), by_id, events, now=time.time(), timezone=settings.district.timezone
            )
        if not found and rule is not None:
            yield f"{rule.name} has no alert" + (f" on {device}" if device else "") + ", and had none lately"
            yield from explain_rule(rule)


def _export(files: list[Path] | None, config: Path | None, out: Path | None) -> None:
    """Raises ConfigError."""
    import yaml

    from netwatch.alerts import export_prometheus
    from netwatch.model import load_catalogue

    catalogue = load_catalogue()
    rules = None if config is not None and not files else _load(files)
    circuits = None
    if config is not None:
        from netwatch.app.loading import rules_of
        from netwatch.config import load_settings
        from netwatch.inventory import read_inventory
        from netwatch.model import EntityId

        settings = load_settings(config, os.environ)
        rules = rules_of(settings, catalogue) if rules is None else rules
        read = read_inventory(settings, os.environ, lambda device: EntityId(device.name))
        circuits = read.inventory.circuits
    assert rules is not None
    made = export_prometheus(rules, catalogue, circuits)
    lines = [f"{name}: {reason}" for name, reason in made.refused]
    head = "# Written by `netwatch rules export --prometheus`.\n"
    head += "# Not in here, because Prometheus can't say the same:\n" if lines else ""
    text = head + "".join(f"#   {line}\n" for line in lines)
    text += yaml.safe_dump(dict(made.document), sort_keys=False, allow_unicode=True, width=10**6)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
    for line in lines:
        typer.echo(f"not exported: {line}", err=True)
    typer.echo(f"{len(made.exported)} of {len(rules)} rules exported", err=True)


def _run_tests(path: Path) -> Iterator[CaseResult]:
    from netwatch.alerts import load_rule_tests
    from netwatch.documents import read_yaml
    from netwatch.model import load_catalogue

    tests = load_rule_tests(read_yaml(path), load_catalogue())
    rules = _load([path.parent / name for name in tests.file.rule_files])
    yield from tests.run(rules)


def _load(paths: list[Path] | None) -> tuple[Rule, ...]:
    from netwatch.alerts import load_rules
    from netwatch.documents import read_yaml
    from netwatch.model import load_catalogue
    from netwatch.resources import config_dir

    files: list[Path] = []
    for path in paths or [config_dir() / "rules"]:
        if path.is_dir():
            files += sorted(path.glob("*.yaml"))
        else:
            files.append(path)
    if not files:
        raise ConfigError([Problem(str(paths[0]) if paths else "", "", "no *.yaml files in this folder")])
    return load_rules([read_yaml(path) for path in files], load_catalogue())


def _line(rule: Rule) -> str:
    from netwatch.alerts import format_value

    condition, unit = rule.condition, rule.expression.unit
    text = f"{rule.name} ({rule.severity.value}, {rule.expression.entity.value}): {rule.expression}"
    text += f" {condition.comparison.value} {format_value(condition.threshold, unit)}"
    if rule.hold:
        text += f" for {format_value(rule.hold, 'seconds')}"
    if condition.clear is not None:
        side = "below" if condition.clear < condition.threshold else "above"
        text += f", clears {side} {format_value(condition.clear, unit)}"
    if rule.keep:
        text += f", kept for {format_value(rule.keep, 'seconds')}"
    return text
