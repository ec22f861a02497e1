"""`netwatch lifecycle`: makers' lists of milestones and catalogues of exploited flaws into files of facts."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.cli.files import write_whole
from netwatch.cli.inventory import columns_of
from netwatch.errors import ConfigError, Problem
from netwatch.tables import DateOrder

if TYPE_CHECKING:
    from netwatch.planning.lifecycle import FactImport

__all__ = ["register"]

_CONFIG = typer.Option(None, "--config", "-c", help="Settings file whose other facts it must not contradict.")


class _Confidence(StrEnum):
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


def register(app: typer.Typer) -> None:
    """Adds `lifecycle` with its commands."""
    group = typer.Typer(no_args_is_help=True, help="Take over announced ends and exploited flaws as facts.")
    group.command("import")(import_command)
    group.command("import-flaws")(import_flaws)
    app.add_typer(group, name="lifecycle")


def import_command(
    file: Path = typer.Argument(..., help="CSV of a maker's milestones."),
    out: Path = typer.Option(..., "--out", help="YAML file in a folder of planning.lifecycle."),
    vendor: str = typer.Option("", "--vendor", help="Maker of rows that name none."),
    source: str = typer.Option("", "--source", help="Where the list comes from; without it the file's name."),
    checked_on: str = typer.Option("", "--checked-on", help="Day of the list, YYYY-MM-DD; without it today."),
    confidence: _Confidence = typer.Option(_Confidence.HIGH, "--confidence", help="high, medium or low."),
    dates: DateOrder = typer.Option(DateOrder.ISO, "--dates", help="How dates stand: iso, mdy or dmy."),
    column: list[str] = typer.Option([], "--column", help="HEADER=KEY; may be repeated."),
    config: Path | None = _CONFIG,
) -> None:
    """Take over a list of milestones: all of it, or nothing and a line per mistake."""
    from netwatch.planning import load_lifecycle
    from netwatch.planning.lifecycle import VendorList, import_milestones

    _yaml(out)
    given = VendorList(vendor, source, _day(checked_on), confidence.value, dates, columns_of(column))
    known = load_lifecycle(_folders(config, out), but=out).milestones
    _finish(import_milestones(file, given, known), out, "milestone")


def import_flaws(
    file: Path = typer.Argument(..., help="known_exploited_vulnerabilities.json of CISA."),
    out: Path = typer.Option(..., "--out", help="YAML file in a folder of planning.lifecycle."),
    vendor: list[str] = typer.Option(
        [], "--vendor", help="Maker to take, with * and ?; may be repeated; without it all."
    ),
) -> None:
    """Take over a catalogue of exploited flaws: all of it, or nothing and a line per mistake."""
    from netwatch.planning.lifecycle import import_kev

    _yaml(out)
    _finish(import_kev(file, vendor), out, "flaw")


def _yaml(out: Path) -> None:
    if out.suffix != ".yaml":
        raise ConfigError(
            [Problem(str(out), "--out", "has to end in .yaml", "such as config/lifecycle/x.yaml")]
        )


def _day(text: str) -> date:
    if not text:
        return datetime.now(UTC).date()
    try:
        return date.fromisoformat(text)
    except ValueError:
        problem = Problem("", "--checked-on", f"expected a date, found {text!r}", "write it as YYYY-MM-DD")
        raise ConfigError([problem]) from None


def _folders(config: Path | None, out: Path) -> list[Path]:
    """Folders of facts that the result will be read with."""
    from netwatch.config import load_settings

    if config is not None:
        return list(load_settings(config, os.environ).planning.lifecycle)
    return [out.parent] if out.parent.is_dir() else []


def _finish(found: FactImport, out: Path, noun: str) -> None:
    write_whole(out, found.text)
    if found.ignored:
        typer.echo(f"not taken over: {', '.join(found.ignored)}", err=True)
    typer.echo(f"{out}: {found.count} {noun}{'' if found.count == 1 else 's'}")
