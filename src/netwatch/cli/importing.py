"""`netwatch profile import`: profiles of other programs as netwatch profiles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.errors import ConfigError, Problem
from netwatch.model import load_catalogue
from netwatch.profiles import load_profiles
from netwatch.resources import collectors_dir

if TYPE_CHECKING:
    from netwatch.drafting import Imported

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    @group.command("import")
    def import_command(
        files: list[Path] = typer.Argument(..., help="Profiles of the Datadog or Kentik dialect."),
        out: Path | None = typer.Option(
            None, help="Folder for one profile per file; without it, of one file, standard output."
        ),
        base: list[Path] = typer.Option(
            [], help="Folder with the profiles that they extend; may be repeated."
        ),
        mibs: list[Path] = typer.Option([], help="Folder of MIB modules, for units; may be repeated."),
    ) -> None:
        """Take over SNMP profiles of other programs; lists what can't be expressed."""
        from netwatch.drafting import import_profile, open_library

        if out is None and len(files) > 1:
            raise ConfigError([Problem("", "--out", "several files need a folder to write to")])
        for path in (*files, *base, *mibs):
            if not path.exists():
                raise ConfigError([Problem(str(path), "", "no such file or folder")])
        profiles = load_profiles([collectors_dir() / "standard"], load_catalogue())
        library = open_library(mibs) if mibs else None
        refused = False
        for file in files:
            try:
                found = import_profile(file, profiles, bases=base, library=library)
            except ConfigError as error:
                refused = True
                for problem in error.problems:
                    typer.echo(str(problem), err=True)
                continue
            for problem in found.problems:
                typer.echo(str(problem), err=True)
            _write(found, out)
        if refused:
            raise typer.Exit(1)


def _write(found: Imported, out: Path | None) -> None:
    if out is None:
        typer.echo(found.text, nl=False)
    else:
        try:
            out.mkdir(parents=True, exist_ok=True)
            (out / f"{found.name}.yaml").write_text(found.text, encoding="utf-8")
        except OSError as error:
            raise ConfigError([Problem(str(out), "--out", f"can't be written: {error.strerror}")]) from None
    typer.echo(
        f"{found.name}: {found.sensors} sensors, {found.states} states, {found.entities} processors, memory"
        f" regions and volumes; {len(found.problems)} things not taken over",
        err=True,
    )
