"""`netwatch inventory`: registers of assets from elsewhere into files of the inventory."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.cli.files import write_whole
from netwatch.errors import ConfigError, Problem
from netwatch.tables import DateOrder

if TYPE_CHECKING:
    from netwatch.config import NetboxSettings, Settings
    from netwatch.inventory import AssetImport, KnownModels

__all__ = ["columns_of", "register"]

_CONFIG = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file.")
_STRICT = typer.Option(False, "--strict", help="Refuse models that nobody knows, instead of warning of them.")
_DRY = typer.Option(False, "--dry-run", help="Say what would be imported, and write nothing.")


def register(app: typer.Typer) -> None:
    """Adds `inventory` with its commands."""
    group = typer.Typer(no_args_is_help=True, help="Take over registers of assets: CSV, NetBox.")
    group.command("import")(import_command)
    group.command("netbox")(netbox_command)
    app.add_typer(group, name="inventory")


def import_command(
    file: Path = typer.Argument(..., help="CSV file of assets, as a spreadsheet writes it."),
    config: Path = _CONFIG,
    out: Path | None = typer.Option(
        None,
        "--out",
        help="File to write; without it assets-FILE.csv beside the first file of the inventory.",
    ),
    dates: DateOrder = typer.Option(DateOrder.ISO, "--dates", help="How dates stand: iso, mdy or dmy."),
    column: list[str] = typer.Option([], "--column", help="HEADER=KEY; may be repeated."),
    strict: bool = _STRICT,
    dry_run: bool = _DRY,
) -> None:
    """Take over a CSV of assets: all of it, or nothing and a line per mistake."""
    from netwatch.config import load_settings
    from netwatch.inventory import import_assets

    settings = load_settings(config, os.environ)
    target = _target(settings, config, out, f"assets-{file.stem}.csv")
    given = columns_of(column)
    found = import_assets(
        file, settings, _known(settings), out=target, dates=dates, columns=given, strict=strict
    )
    _finish(found, target, config, dry_run=dry_run)


def netbox_command(
    config: Path = _CONFIG,
    out: Path | None = typer.Option(
        None,
        "--out",
        help="File to write; without it assets-netbox.csv beside the first file of the inventory.",
    ),
    strict: bool = _STRICT,
    dry_run: bool = _DRY,
) -> None:
    """Take over the assets of the NetBox that the settings name: all of them, or nothing."""
    from netwatch.config import load_settings

    settings = load_settings(config, os.environ)
    if settings.netbox is None:
        problem = Problem(str(config), "netbox", "is not set", "say url and token, see docs/inventory.md")
        raise ConfigError([problem])
    target = _target(settings, config, out, "assets-netbox.csv")
    found = asyncio.run(_fetch(settings, settings.netbox, target, strict=strict))
    _finish(found, target, config, dry_run=dry_run)


async def _fetch(settings: Settings, netbox: NetboxSettings, target: Path, *, strict: bool) -> AssetImport:
    from netwatch.inventory import import_netbox
    from netwatch.wire import AiohttpJson

    http = AiohttpJson()
    try:
        return await import_netbox(settings, netbox, http, _known(settings), strict=strict, out=target)
    finally:
        await http.close()


def columns_of(column: list[str]) -> dict[str, str]:
    """Keys by header, of what --column says."""
    out: dict[str, str] = {}
    for text in column:
        name, equals, key = text.rpartition("=")
        if not equals or not name:
            hint = "e.g. --column 'Purchase Date=installed'; nothing after = leaves the column out"
            raise ConfigError([Problem("", "--column", f"expected HEADER=KEY, found {text!r}", hint)])
        out[name] = key.strip()
    return out


def _target(settings: Settings, config: Path, out: Path | None, name: str) -> Path:
    """Where the result goes: a file that the settings name."""
    from netwatch.config import expand

    if out is None:
        files = expand(settings.inventory)
        folder = files[0].parent if files else config.absolute().parent
        out = folder / re.sub(r"[^a-zA-Z0-9_.-]+", "-", name)
    if out.suffix.lower() != ".csv" or "assets" not in re.split(r"[^a-z]+", out.stem.lower()):
        hint = "such as inventory/assets-office.csv: the word tells what it holds"
        raise ConfigError([Problem(str(out), "--out", "has to be a .csv with the word assets", hint)])
    return out


def _known(settings: Settings) -> KnownModels:
    """Models that lifecycles or makers' lists of names know."""
    from netwatch.inventory import KnownModels
    from netwatch.planning import load_lifecycle
    from netwatch.profiles import registered_models
    from netwatch.resources import collectors_dir, config_dir

    lifecycle = load_lifecycle(settings.planning.lifecycle or (config_dir() / "lifecycle",))
    return KnownModels(lifecycle.knows_model, registered_models([collectors_dir(), *settings.collectors]))


def _finish(found: AssetImport, target: Path, config: Path, *, dry_run: bool) -> None:
    from netwatch.config import expand, load_settings

    for warning in found.warnings:
        typer.echo(str(warning), err=True)
    if found.ignored:
        typer.echo(f"not taken over: {', '.join(found.ignored)}", err=True)
    count = f"{len(found.rows)} asset{'' if len(found.rows) == 1 else 's'}"
    if dry_run:
        typer.echo(f"{count} could be written to {target}")
        return
    write_whole(target, found.text())
    typer.echo(f"{target}: {count}")
    named = [path.absolute() for path in expand(load_settings(config, os.environ).inventory)]
    if target.absolute() in named:
        typer.echo("netwatch reads it at its next start or reload")
    else:
        typer.echo(f"no setting names this file yet: add it to `inventory` of {config}", err=True)
