"""`netwatch plan`: ranked lists of the running daemon, as table, CSV or JSON."""

from __future__ import annotations

import asyncio
import json
import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.cli import plan_whatif
from netwatch.cli.daemon import ask, base_url
from netwatch.errors import PlanningError

if TYPE_CHECKING:
    from netwatch.model import ReplacementPlan

__all__ = ["register"]

_PATH = "/api/v1/plan/replacements"


class _Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


def register(app: typer.Typer) -> None:
    """Adds `plan` with its commands."""
    group = typer.Typer(help="Ranked lists: what to replace first, and why.", no_args_is_help=True)
    group.command("replacements")(replacements)
    plan_whatif.register(group)
    app.add_typer(group, name="plan")


def replacements(
    config: Path | None = typer.Option(None, "--config", help="Settings file of the daemon to ask."),
    form: _Format = typer.Option(_Format.TABLE, "--format", help="table, csv or json."),
    out: Path | None = typer.Option(None, "--out", help="File to write; without it standard output."),
    url: str = typer.Option("", "--url", help="Where the daemon answers, e.g. http://127.0.0.1:8600."),
) -> None:
    """Which gear to replace first: every score is a sum of points, every point has its evidence."""
    base = url or base_url(config, os.environ)
    document = asyncio.run(ask(base, _PATH, os.environ))
    from netwatch.export import plan_from_json

    _write(plan_from_json(document), form, out)


def _write(plan: ReplacementPlan, form: _Format, out: Path | None) -> None:
    from netwatch.export import replacements_csv, replacements_json

    if form is _Format.TABLE:
        _write_table(plan, out)
        return
    if form is _Format.CSV:
        text = replacements_csv(plan)
    else:
        text = json.dumps(replacements_json(plan), indent=2, ensure_ascii=False) + "\n"
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise PlanningError(f"{out}: can't be written: {error.strerror}") from None


def _write_table(plan: ReplacementPlan, out: Path | None) -> None:
    from rich.console import Console

    from netwatch.export import replacements_table

    if out is None:
        console = Console()
        console.print(replacements_table(plan, None if not console.is_terminal else 25))
        return
    try:
        with out.open("w", encoding="utf-8") as file:
            Console(file=file, width=160).print(replacements_table(plan))
    except OSError as error:
        raise PlanningError(f"{out}: can't be written: {error.strerror}") from None
