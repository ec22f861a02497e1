"""`netwatch user add`: who may open the page and the API."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import typer

from netwatch.errors import ConfigError
from netwatch.model import Secret

__all__ = ["register"]

RoleName = Literal["view", "operate", "admin"]
"""As in netwatch.web.Role, without importing a web server to start a command line."""


def register(app: typer.Typer) -> None:
    """Adds the sub-commands of `netwatch user`."""
    users = typer.Typer(help="Users of the page and the API.", no_args_is_help=True)
    app.add_typer(users, name="user")

    @users.callback()
    def _group() -> None:
        """Users of the page and the API."""

    @users.command()
    def add(
        name: str = typer.Argument(..., metavar="NAME", help="Name to log in with."),
        role: RoleName = typer.Option(
            "view", help="view: read; operate: also act on alerts; admin: also reload."
        ),
        web_file: Path = typer.Option(..., "--web-file", metavar="FILE", help="Web file; made if missing."),
    ) -> None:
        """Add a user, or change one's password and role. Asks for the password, or reads it from a pipe."""
        from netwatch.web import Role
        from netwatch.web.userfile import add_user, hash_password

        try:
            there = add_user(web_file, name, hash_password(_password()), Role(role))
        except ConfigError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from None
        typer.echo(f"{'changed' if there else 'added'} {name} with the role {role} in {web_file}")


def _password() -> Secret:
    if sys.stdin.isatty():
        return Secret(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return Secret(sys.stdin.readline().rstrip("\r\n"))
