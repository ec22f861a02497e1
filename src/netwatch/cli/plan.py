"""`netwatch plan`: the plans of the running daemon, as table, CSV, workbook, JSON or document."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import typer
from typer.core import TyperGroup

from netwatch.cli import plan_whatif
from netwatch.cli.daemon import ask, base_url, fetch
from netwatch.documents import did_you_mean
from netwatch.errors import PlanningError

if TYPE_CHECKING:
    from netwatch.model import Report

__all__ = ["one_of", "register", "write"]

_ANY = "NAME"
"""The command that stands for every plan; its real name is what was typed."""
_ON_SCREEN = 25
_TIMEOUT = 300.0
"""Seconds; a workbook of a large district waits for plans that are being made."""
_FORMATS = ("table", "csv", "xlsx", "json", "html", "parquet")
_EDITIONS = ("internal", "public")
_OFTEN = ("replacements", "wireless", "capacity", "equity", "costs", "register", "lifecycle", "leadership")

_CONFIG = typer.Option(None, "--config", help="Settings file of the daemon to ask.")
_EDITION = typer.Option(
    "internal", "--edition", help="internal, or public: without addresses, names, wiring."
)
_URL = typer.Option("", "--url", help="Where the daemon answers, e.g. http://127.0.0.1:8600.")


class _Plans(TyperGroup):
    """Whatever plan the daemon has is a command."""

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        return super().get_command(ctx, cmd_name) or super().get_command(ctx, _ANY)


def register(app: typer.Typer) -> None:
    """Adds `plan` with its commands."""
    group = typer.Typer(
        cls=_Plans,
        help=f"What to buy, where and when: {', '.join(_OFTEN)}; `list` tells which there are.",
        no_args_is_help=True,
    )
    group.command("list")(list_plans)
    group.command("packet")(packet)
    plan_whatif.register(group)
    group.command(_ANY)(show)
    app.add_typer(group, name="plan")


def show(
    ctx: typer.Context,
    config: Path | None = _CONFIG,
    form: str = typer.Option("table", "--format", help="table, csv, xlsx, json, html or parquet."),
    sheet: str = typer.Option("", "--sheet", help="One sheet of the plan; tables and CSV show the first."),
    out: Path | None = typer.Option(None, "--out", help="File to write; without it standard output."),
    edition: str = _EDITION,
    limit: int | None = typer.Option(None, "--limit", min=1, help="The first rows only."),
    url: str = _URL,
) -> None:
    """One plan, e.g. `netwatch plan replacements`: what matters most first, with its evidence."""
    name = str(ctx.info_name)
    form, edition = one_of("format", form, _FORMATS), one_of("edition", edition, _EDITIONS)
    base = url or base_url(config, os.environ)
    query = {"edition": edition, "sheet": sheet, "limit": "" if limit is None else str(limit)}
    path = f"/api/v1/plan/{quote(name, safe='')}"
    if form == "table":
        report = _report(asyncio.run(ask(base, _with(path, query), os.environ, timeout=_TIMEOUT)))
        _write_table(report, out, limit)
        return
    write(
        asyncio.run(fetch(base, _with(path, {**query, "format": form}), os.environ, timeout=_TIMEOUT)),
        out,
        form,
    )


def packet(
    config: Path | None = _CONFIG,
    out: Path | None = typer.Option(None, "--out", help="File to write; without it standard output."),
    edition: str = _EDITION,
    url: str = _URL,
) -> None:
    """All plans as one document for a board: HTML that prints, needs no network and runs no script."""
    base = url or base_url(config, os.environ)
    query = {"edition": one_of("edition", edition, _EDITIONS)}
    body = asyncio.run(fetch(base, _with("/api/v1/plans/packet", query), os.environ, timeout=_TIMEOUT))
    write(body, out, "html")


def list_plans(config: Path | None = _CONFIG, url: str = _URL) -> None:
    """The plans that the daemon has, with their sheets."""
    base = url or base_url(config, os.environ)
    for plan in asyncio.run(ask(base, "/api/v1/plans", os.environ))["plans"]:
        sheets = ", ".join(sheet["name"] for sheet in plan["sheets"])
        typer.echo(f"{plan['name']:<14} {plan['title']} ({sheets})")


def one_of(what: str, value: str, known: tuple[str, ...]) -> str:
    """The value. Raises PlanningError for one that is not known."""
    if value not in known:
        raise PlanningError(f"no {what} {value!r}: {did_you_mean(value, known)}")
    return value


def _with(path: str, query: dict[str, str]) -> str:
    return f"{path}?{urlencode({key: value for key, value in query.items() if value})}"


def _report(document: Any) -> Report:
    from netwatch.export import report_from_json

    return report_from_json(document)


def write(body: bytes, out: Path | None, form: str) -> None:
    """To a file, else to standard output. Raises PlanningError."""
    if out is not None:
        _to_file(out, body)
    elif form in ("xlsx", "parquet") and sys.stdout.isatty():
        raise PlanningError(f"{form} is no text for a terminal: name a file with --out")
    else:
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


def _write_table(report: Report, out: Path | None, limit: int | None) -> None:
    from rich.console import Console

    from netwatch.export import Format, ReportTable, render

    if out is not None:
        _to_file(out, render(report, Format.TABLE, limit=limit).body)
        return
    console = Console()
    most = _ON_SCREEN if console.is_terminal and limit is None else limit
    console.print(ReportTable(report, limit=most))


def _to_file(out: Path, body: bytes) -> None:
    try:
        out.write_bytes(body)
    except OSError as error:
        raise PlanningError(f"{out}: can't be written: {error.strerror}") from None
