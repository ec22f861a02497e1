"""`netwatch plan whatif`, `compare`, `snapshot` and `snapshots`: questions to the running daemon's plans."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

from netwatch.cli.daemon import ask, base_url
from netwatch.errors import ConfigError, PlanningError, Problem

__all__ = ["register"]

_TIMEOUT = 300.0
"""Seconds: a large district is judged three times."""
_ROWS = 25


class _Shown(StrEnum):
    """Of a list of snapshots."""

    TABLE = "table"
    JSON = "json"


class _Form(StrEnum):
    """Of a comparison: those of every report."""

    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    HTML = "html"
    PARQUET = "parquet"


Config = Annotated[Path | None, typer.Option("--config", help="Settings file of the daemon to ask.")]
Url = Annotated[str, typer.Option("--url", help="Where the daemon answers, e.g. http://127.0.0.1:8600.")]
Plan = Annotated[str, typer.Option("--plan", help="Which plan, e.g. replacements.")]
Form = Annotated[_Shown, typer.Option("--format", help="table or json.")]
Forms = Annotated[_Form, typer.Option("--format", help="table, csv, xlsx, json, html or parquet.")]
OneSheet = Annotated[
    str, typer.Option("--sheet", help="One sheet; CSV and Parquet show the first without it.")
]
Narrowed = Annotated[str, typer.Option("--edition", help="internal, or public: without names, wiring.")]
Out = Annotated[Path | None, typer.Option("--out", help="File to write; without it standard output.")]
Limit = Annotated[int, typer.Option("--limit", min=0, help="Rows of the table; 0: all.")]


def register(group: typer.Typer) -> None:
    """Adds the commands to `netwatch plan`."""
    group.command("whatif")(whatif)
    group.command("compare")(compare)
    group.command("snapshot")(snapshot)
    group.command("snapshots")(snapshots)


def whatif(
    scenario: Path = typer.Argument(
        ..., metavar="SCENARIO", help="YAML file that says what would be different."
    ),
    plan: Plan = "replacements",
    form: Forms = _Form.TABLE,
    sheet: OneSheet = "",
    edition: Narrowed = "internal",
    out: Out = None,
    limit: Limit = _ROWS,
    config: Config = None,
    url: Url = "",
) -> None:
    """What would move, and why, if something was different. Nothing changes by asking."""
    sent = _sent(scenario)
    base = url or base_url(config, os.environ)
    path = f"/api/v1/plan/whatif?{urlencode({'plan': plan})}"
    try:
        answer = asyncio.run(ask(base, path, os.environ, sent=sent, timeout=_TIMEOUT))
    except ConfigError as error:  # the daemon does not know what the file is called here
        raise ConfigError([_named(one, scenario) for one in error.problems]) from None
    _show(answer.get("comparison") if isinstance(answer, dict) else None, form, sheet, edition, out, limit)


def compare(
    before: str = typer.Argument(..., metavar="A", help="Name or day of a snapshot, or now."),
    after: str = typer.Argument("now", metavar="B", help="The later one; without it the plans of now."),
    plan: Plan = "replacements",
    form: Forms = _Form.TABLE,
    sheet: OneSheet = "",
    edition: Narrowed = "internal",
    out: Out = None,
    limit: Limit = _ROWS,
    config: Config = None,
    url: Url = "",
) -> None:
    """What moved from one snapshot of the plans to another, and why."""
    base = url or base_url(config, os.environ)
    path = f"/api/v1/plan/compare?{urlencode({'a': before, 'b': after, 'plan': plan})}"
    _show(asyncio.run(ask(base, path, os.environ, timeout=_TIMEOUT)), form, sheet, edition, out, limit)


def snapshot(
    name: str = typer.Option(..., "--name", help="What to call it, e.g. board-2027-01."),
    config: Config = None,
    url: Url = "",
) -> None:
    """Keep the plans of now for ever, to be compared with later."""
    base = url or base_url(config, os.environ)
    answer = asyncio.run(
        ask(base, "/api/v1/plan/snapshots", os.environ, sent={"name": name}, timeout=_TIMEOUT)
    )
    kept = answer["snapshot"]
    typer.echo(f"{kept['id']}: the plans of {kept['at_iso']} are kept ({', '.join(kept['plans'])})")


def snapshots(
    form: Form = _Shown.TABLE,
    config: Config = None,
    url: Url = "",
) -> None:
    """List the snapshots of plans that are kept, the oldest first."""
    base = url or base_url(config, os.environ)
    answer = asyncio.run(ask(base, "/api/v1/plan/snapshots", os.environ))
    if form is _Shown.JSON:
        _write(_pretty(answer), None)
        return
    for one in answer["snapshots"]:
        policies = ", ".join(dict.fromkeys(one["plans"].values()))
        size = f"{one['octets'] / 1000:.0f} kB"
        typer.echo(f"{one['id']:<24} {one['at_iso']}  {size:>8}  {', '.join(one['plans'])}  ({policies})")
    if not answer["snapshots"]:
        typer.echo("nothing is kept yet: the first snapshot is made with the first plans of a day")
    for problem in answer["problems"]:
        typer.echo(f"skipped: {problem}", err=True)


def _sent(scenario: Path) -> dict[str, Any]:
    """The scenario's text, with that of the policies that it names. Raises ConfigError."""
    from netwatch.documents import read_yaml
    from netwatch.planning.whatif import load_scenario

    document = read_yaml(scenario)
    files = {}
    for plan, name in load_scenario(document).policy_files.items():
        try:
            files[name] = (scenario.parent / name).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
            hint = "paths are meant from the scenario's folder on"
            problem = document.problem(("policy_files", plan), f"{scenario.parent / name}: {reason}", hint)
            raise ConfigError([problem]) from None
    return {"scenario": document.text, "files": files}


def _named(problem: Problem, scenario: Path) -> Problem:
    file = scenario.parent / problem.file if problem.file else scenario
    return replace(problem, file=str(file))


def _show(document: Any, form: _Form, sheet: str, edition: str, out: Path | None, limit: int) -> None:
    from netwatch.cli.plan import one_of, write  # it registers these commands
    from netwatch.export import Edition, Format, moves_text, render, report_from_json

    chosen = Edition(one_of("edition", edition, tuple(Edition)))
    report = report_from_json(document)
    if form is _Form.TABLE and not sheet and chosen is Edition.INTERNAL:
        import shutil

        _write(moves_text(report, limit=limit or None, width=shutil.get_terminal_size().columns), out)
        return
    most = (limit or None) if form is _Form.TABLE else None
    write(render(report, Format(form.value), edition=chosen, sheet=sheet, limit=most).body, out, form)


def _pretty(document: Mapping[str, Any]) -> str:
    import json

    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _write(text: str, out: Path | None) -> None:
    if out is None:
        typer.echo(text, nl=False)
        return
    try:
        out.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise PlanningError(f"{out}: can't be written: {error.strerror}") from None
