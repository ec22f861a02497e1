"""`netwatch rules`: check alerting rules, list and test them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from netwatch.alerts import CaseResult, Rule

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check, list and test alerting rules.")
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
    from netwatch.errors import ConfigError, Problem
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
