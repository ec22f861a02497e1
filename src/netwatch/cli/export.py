"""`netwatch export`: what was measured, for spreadsheets and programs that analyse."""

from __future__ import annotations

import asyncio
import os
import time
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import typer

from netwatch.cli.daemon import base_url, fetch
from netwatch.cli.plan import one_of, write
from netwatch.errors import PlanningError

if TYPE_CHECKING:
    from netwatch.calendars import Calendars

__all__ = ["register"]

_TIMEOUT = 3600.0
"""Seconds; a year of a large district takes minutes."""
_LEVELS = ("room", "school", "district")
_FORMATS = ("csv", "xlsx", "parquet", "json", "table", "html")
_EDITIONS = ("internal", "public")


def register(app: typer.Typer) -> None:
    """Adds `export` with its commands."""
    group = typer.Typer(help="What was measured, as CSV, workbook or Parquet.", no_args_is_help=True)
    group.command("utilisation")(utilisation)
    # A group with one command would lose the command's name.
    group.callback()(lambda: None)
    app.add_typer(group, name="export")


def utilisation(
    first: str = typer.Option(..., "--from", help="First day, YYYY-MM-DD."),
    last: str = typer.Option(..., "--to", help="Last day, YYYY-MM-DD."),
    level: str = typer.Option("school", "--level", help="room, school or district."),
    form: str = typer.Option("csv", "--format", help="csv, xlsx, parquet, json, table or html."),
    out: Path | None = typer.Option(None, "--out", help="File to write; without it standard output."),
    edition: str = typer.Option("internal", "--edition", help="internal, or public: without names of rooms."),
    config: Path | None = typer.Option(None, "--config", help="Settings file of the daemon."),
    url: str = typer.Option("", "--url", help="Where the daemon answers, e.g. http://127.0.0.1:8600."),
    history: Path | None = typer.Option(
        None, "--history", help="Folder of history of a netwatch that need not run; no daemon is asked."
    ),
) -> None:
    """How much of links, airtime, storage and PoE was used, and how many clients there were, by place."""
    begin, end = _day("--from", first), _day("--to", last)
    level, form = one_of("level", level, _LEVELS), one_of("format", form, _FORMATS)
    edition = one_of("edition", edition, _EDITIONS)
    if history is not None:
        body = _from_folder(history, config, begin, end, level, form, edition)
    else:
        query = {"from": str(begin), "to": str(end), "level": level, "format": form, "edition": edition}
        base = url or base_url(config, os.environ)
        path = f"/api/v1/export/utilisation?{urlencode(query)}"
        body = asyncio.run(fetch(base, path, os.environ, timeout=_TIMEOUT))
    write(body, out, form)


def _day(option: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise PlanningError(f"{option} {text!r}: expected a day such as 2026-08-01") from None


def _from_folder(
    history: Path, config: Path | None, first: date, last: date, level: str, form: str, edition: str
) -> bytes:
    from netwatch.app.utilisation import utilisation as measure
    from netwatch.export import Edition, Format, render
    from netwatch.planning.utilisation import Level

    if not history.is_dir():
        raise PlanningError(f"{history}: there is no such folder: name the folder `history` of a state_dir")
    report = measure(history, _calendars(config), first, last, Level(level), time.time())
    return render(report, Format(form), edition=Edition(edition)).body


def _calendars(config: Path | None) -> Calendars:
    """Those of the settings, else the school hours of the shipped policy."""
    from netwatch.calendars import Calendars
    from netwatch.config import load_settings
    from netwatch.inventory.check import read_calendars
    from netwatch.planning import load_policies
    from netwatch.resources import config_dir

    shipped = config_dir() / "planning"
    if config is None:
        return Calendars().with_default(load_policies(None, shipped).replacement.school_hours.calendar())
    settings = load_settings(config, os.environ)
    policies = load_policies(settings.planning.policies, shipped)
    return read_calendars(settings).with_default(policies.replacement.school_hours.calendar())
