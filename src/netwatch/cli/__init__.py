"""The command line: one small file per command, each with a `register(app)`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib import import_module

import typer

from netwatch import __version__
from netwatch.errors import ConfigError, NetwatchError

__all__ = ["build", "main"]

COMMANDS = (
    "run",
    "init",
    "check",
    "inspect",
    "profile",
    "plan",
    "export",
    "inventory",
    "lifecycle",
    "history",
    "rules",
    "calendar",
    "alerts",
    "oncall",
    "users",
    "simulate",
    "bench",
)
"""Modules of this package, in the order of `netwatch --help`."""


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"netwatch {__version__}")
        raise typer.Exit


def build(words: Sequence[str] = ()) -> typer.Typer:
    """The whole command line or, where `words` begin with a command, only that one: what others need of
    libraries takes seconds to import."""
    app = typer.Typer(
        name="netwatch",
        help="Network monitoring for school districts: polls campus gear, alerts once per fault, "
        "ranks what to replace.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )

    @app.callback()
    def options(
        version: bool = typer.Option(
            False, "--version", callback=_version, is_eager=True, help="Print the version and exit."
        ),
    ) -> None:
        del version  # its callback did the work

    for command in words[:1] if words[:1] and words[0] in COMMANDS else COMMANDS:
        import_module(f"netwatch.cli.{command}").register(app)
    return app


def main() -> None:
    """Entry point. What the user did wrong is told in plain lines, without a traceback; exit code 1."""
    try:
        build(sys.argv[1:])()
    except ConfigError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        sys.exit(1)
    except NetwatchError as error:
        typer.echo(f"netwatch: {error}", err=True)
        sys.exit(1)
    except OSError as error:
        if error.filename is None:  # nothing that a user could mend
            raise
        typer.echo(f"netwatch: {error.filename}: {error.strerror}", err=True)
        sys.exit(1)
