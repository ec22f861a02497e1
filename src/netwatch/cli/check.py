"""`netwatch check`: whether a configuration would run, and what is in it."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from netwatch.inventory import Checked, Checker, FittingChecker

__all__ = ["register"]


def _all_rooms() -> Sequence[Checker]:
    from netwatch.app.loading import checkers
    from netwatch.model import load_catalogue

    return checkers(load_catalogue(), os.environ)


def _all_fitting() -> Sequence[FittingChecker]:
    from netwatch.app.loading import fitting_checkers
    from netwatch.model import load_catalogue

    return fitting_checkers(load_catalogue())


def register(
    app: typer.Typer,
    checkers: Callable[[], Sequence[Checker]] = _all_rooms,
    fitting: Callable[[], Sequence[FittingChecker]] = _all_fitting,
) -> None:
    """Adds the command. `checkers` gives what tries the files of further rooms: profiles, rules, policy;
    `fitting` what looks whether they fit the inventory."""

    @app.command()
    def check(
        config: Path = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file."),
    ) -> None:
        """Read settings, inventory, calendars and all they name, and say what is wrong. Starts nothing."""
        from netwatch.inventory import check_configuration

        checked = check_configuration(config, os.environ, checkers(), fitting())
        for problem in checked.problems:
            typer.echo(str(problem), err=True)
        if checked.problems:
            count = len(checked.problems)
            typer.echo(f"{count} problem{'s' * (count > 1)} in {config}", err=True)
            raise typer.Exit(1)
        for warning in checked.warnings:
            typer.echo(f"warning: {warning}", err=True)
        _summary(checked)


def _summary(checked: Checked) -> None:
    width = max(map(len, checked.counts))
    for name, count in checked.counts.items():
        typer.echo(f"{name:<{width}}  {count:>6}")
    typer.echo("The configuration is good.")
