"""`netwatch history`: back up, restore, check and fill what netwatch keeps for years."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.errors import StoreError

if TYPE_CHECKING:
    from netwatch.app.keeping import Places
    from netwatch.history.backup import FileReport

__all__ = ["register"]


_CONFIG = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file of the netwatch.")


def register(app: typer.Typer) -> None:
    """Adds `history` with its commands."""
    group = typer.Typer(
        help="What netwatch keeps for years: back up, restore, check, fill.", no_args_is_help=True
    )
    for command in (backup, restore, check):
        group.command(command.__name__)(command)
    group.command("import")(fill)
    app.add_typer(group, name="history")


def backup(
    directory: Path = typer.Argument(..., metavar="DIR", help="New folder for the backup."),
    config: Path = _CONFIG,
) -> None:
    """Save history, database and audit log into a new folder; netwatch may run meanwhile."""
    from netwatch.app.keeping import back_up

    began = time.monotonic()
    octets = back_up(_places(config), directory, now=time.time())
    typer.echo(f"{directory}: {octets / 1e6:,.1f} MB in {time.monotonic() - began:.0f} s")


def restore(
    directory: Path = typer.Argument(..., metavar="DIR", help="Folder that `netwatch history backup` made."),
    config: Path = _CONFIG,
) -> None:
    """Put a backup in place of what is there, which is kept beside it. netwatch has to be stopped."""
    from netwatch.app.keeping import put_back

    for line in put_back(_places(config), directory):
        typer.echo(line)
    typer.echo("What was there before is beside it as NAME.before-restore: remove it when all is well.")


def check(
    directory: Path | None = typer.Argument(
        None, metavar="[DIR]", help="A backup, or a folder of history; without it that of the settings."
    ),
    config: Path = _CONFIG,
) -> None:
    """Read every record of the history, or of a backup, and tell what is damaged: exit code 1."""
    from netwatch.history.backup import MANIFEST, check_history, verify_manifest
    from netwatch.model import load_catalogue

    place = _places(config).history if directory is None else directory
    problems: list[str] = []
    if (place / MANIFEST).exists():
        problems += verify_manifest(place)
        place /= "history"
    if not place.is_dir():
        raise StoreError(f"{place}: there is no history")
    families: dict[str, list[FileReport]] = {}
    for report in check_history(place, load_catalogue()):
        families.setdefault(report.name.partition("/")[0], []).append(report)
        problems += report.problems
    for family, reports in families.items():
        typer.echo(_line(family, reports))
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"{place}: {sum(map(len, families.values()))} files, no damage")


def fill(
    url: str = typer.Argument(..., metavar="URL", help="A server that speaks the HTTP API of Prometheus."),
    config: Path = _CONFIG,
    start: datetime | None = typer.Option(
        None, "--start", formats=["%Y-%m-%d"], help="First UTC day; without it a year ago."
    ),
    end: datetime | None = typer.Option(
        None, "--end", formats=["%Y-%m-%d"], help="UTC day before which it ends; without it today."
    ),
    rules: Path | None = typer.Option(None, "--map", help="File that says which series become what."),
    token_file: Path | None = typer.Option(None, "--token-file", help="File with a bearer token."),
    dry_run: bool = typer.Option(False, "--dry-run", help="Say what would become what, and write nothing."),
) -> None:
    """Fill the history with what a Prometheus has kept of known devices. Goes on where it was stopped."""
    from netwatch.app.importing import bring_in
    from netwatch.config import load_settings
    from netwatch.model import DAY

    today = int(time.time()) // DAY * DAY
    until = today if end is None else int(end.replace(tzinfo=UTC).timestamp())
    begin = today - 365 * DAY if start is None else int(start.replace(tzinfo=UTC).timestamp())
    if begin >= until:
        raise StoreError("--start has to be before --end")
    token = "" if token_file is None else token_file.read_text(encoding="utf-8").strip()
    settings = load_settings(config, os.environ)
    for line in bring_in(
        settings, os.environ, url, (begin, until), rules=rules, token=token, dry_run=dry_run
    ):
        typer.echo(line)


def _line(family: str, reports: list[FileReport]) -> str:
    octets, samples = sum(one.octets for one in reports), sum(one.samples for one in reports)
    known = [one for one in reports if one.end]
    span = (
        f"{_day(min(one.start for one in known))} to {_day(max(one.end for one in known))}" if known else ""
    )
    return (
        f"{family:<46} {max(one.series for one in reports):>9,} series {samples:>14,} samples "
        f"{octets / max(1, samples):7.2f} B each  {span}"
    )


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _places(config: Path) -> Places:
    from netwatch.app.keeping import Places
    from netwatch.config import load_settings

    return Places.of(load_settings(config, os.environ))
