"""`netwatch profile`: check, explain and describe device profiles."""

from __future__ import annotations

import json
import os
from pathlib import Path

import typer

from netwatch.cli import draft, importing
from netwatch.cli.asking import (
    COMMUNITY_ENV,
    CONFIG,
    PORT,
    PROFILES,
    answered,
    live_discovery,
    recorded_discovery,
    shipped_and,
)
from netwatch.discovery import NO_ROWS, Discovery
from netwatch.errors import ConfigError, Problem
from netwatch.model import load_catalogue
from netwatch.profiles import coverage, coverage_tables, lint, models_schema, profile_schema
from netwatch.resources import collectors_dir
from netwatch.wire import Recording

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Check and explain device profiles.")
    app.add_typer(group, name="profile")
    draft.register(group)
    importing.register(group)

    @group.command("lint")
    def lint_command(
        paths: list[Path] | None = typer.Argument(
            None, help="Files or folders; without one: the shipped profiles."
        ),
    ) -> None:
        """Check profiles; exit code 1 and one line per mistake."""
        shipped = collectors_dir()
        checked = paths or [shipped]
        for path in checked:
            if not path.exists():
                raise ConfigError([Problem(str(path), "", "no such file or folder")])
        problems = lint(checked, load_catalogue(), base=[shipped] if paths else [])
        for problem in problems:
            typer.echo(str(problem))
        if problems:
            raise typer.Exit(1)
        typer.echo("no problems found")

    @group.command("schema")
    def schema_command(
        models: bool = typer.Option(False, "--models", help="Of a file with names of models instead."),
    ) -> None:
        """Print the JSON Schema of a profile file."""
        typer.echo(json.dumps(models_schema() if models else profile_schema(), indent=2))

    group.command("coverage")(coverage_command)

    @group.command("explain")
    def explain_command(
        device: str = typer.Argument("", help="Address of a device; with --config, or its name there."),
        config: Path | None = CONFIG,
        snmprec: Path | None = typer.Option(None, help="Explain a recording instead of a device."),
        community_env: list[str] = COMMUNITY_ENV,
        port: int = PORT,
        profiles: list[Path] = PROFILES,
    ) -> None:
        """Tell which profile matched and why, and which table gave which family."""
        if [bool(device), snmprec is not None].count(True) != 1:
            raise ConfigError([Problem("", "", "give either a device or --snmprec")])
        if config is not None and snmprec is None:
            from netwatch.app import ask

            found = answered(device, ask(device, config, os.environ, load_catalogue()))
        else:
            loaded, _ = shipped_and(profiles)
            if snmprec is not None:
                found = recorded_discovery(Recording.load(snmprec), loaded)
            else:
                found = answered(device, live_discovery(device, community_env, loaded, port=port))
        for line in explanation_lines(found):
            typer.echo(line)


def coverage_command(profiles: list[Path] = PROFILES) -> None:
    """Print what the profiles read, by kind and vendor, as Markdown."""
    loaded, _ = shipped_and(profiles)
    typer.echo("\n".join(coverage_tables(coverage(loaded.profiles))))


def explanation_lines(found: Discovery) -> list[str]:
    """The explanation as plain lines."""
    matched = found.matched
    lines = [f"profile  {matched.profile}", *(f"         because {reason}" for reason in matched.reasons)]
    for name, reasons in matched.attached:
        lines += [f"attached {name}", *(f"         because {reason}" for reason in reasons)]
    for name, reasons in matched.others:
        lines.append(f"matched less specifically: {name} ({'; '.join(reasons)})")
    plans = {plan.name: plan for plan in found.plan.tables}
    lines.append("tables")
    for table, families in (matched.families or {}).items():
        plan = plans.get(table)
        asked = "read at discovery only"
        if plan is not None:
            often = "each poll" if plan.interval is None else f"every {plan.interval:g} s"
            asked = f"{plan.mode}, {often}, {len(plan.oids)} OIDs, {len(plan.roots)} walks"
        lines.append(f"  {table}: {asked}")
        lines += [f"    {family}" for family in families]
    skipped = matched.skipped or {}
    absent = [table for table, reason in skipped.items() if reason == NO_ROWS]
    lines += [f"  {table}: nothing ({reason})" for table, reason in skipped.items() if reason != NO_ROWS]
    if absent:
        lines.append(f"without rows: {', '.join(absent)}")
    lines += [f"! {problem}" for problem in found.problems]
    return lines
