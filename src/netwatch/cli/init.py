"""`netwatch init`: a commented configuration to start from."""

from __future__ import annotations

from pathlib import Path

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def init(
        directory: Path = typer.Argument(Path(), metavar="[DIR]", help="Folder to write into."),
    ) -> None:
        """Write a commented starter configuration. Files that are there already are never touched."""
        from netwatch.config import SETTINGS_FILE, write_starter

        for path in write_starter(directory):
            typer.echo(f"wrote {path}")
        typer.echo(
            f"Next: edit {directory / 'inventory'}, then: netwatch check --config {directory / SETTINGS_FILE}"
        )
