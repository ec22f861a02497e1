"""`netwatch oncall`: who is on call, and who stands in."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import typer

from netwatch.cli.daemon import DEFAULT_URL
from netwatch.cli.server import CaFile, Url, User, ask, me

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the sub-commands of `netwatch oncall`."""
    group = typer.Typer(no_args_is_help=True, help="Who is on call, and swaps, of a running netwatch.")
    app.add_typer(group, name="oncall")

    @group.command("show")
    def show(url: Url = DEFAULT_URL, user: User = "", ca_file: CaFile = None) -> None:
        """Show who is on call for each rota, until when, who is after that, and the swaps made."""
        found = ask(url, user, ca_file, "/api/v1/oncall")
        for one in found["rotas"]:
            after = f" until {one['until']}, then {one['then']}" if one["until"] else ""
            typer.echo(f"{one['rota']}: {one['person']}{after}")
        if not found["rotas"]:
            typer.echo("there is no rota: see alerts.on_call in the settings")
        for one in found["swaps"]:
            by = f" (by {one['by']})" if one["by"] else ""
            typer.echo(f"{one['id']}  {one['rota']}: {one['person']} {one['starts']} to {one['ends']}{by}")

    @group.command("swap")
    def swap(
        person: str = typer.Argument(..., metavar="PERSON", help="Who is on call instead."),
        rota: str = typer.Option(
            "", "--rota", metavar="NAME", help="Which rota; needed where there are several."
        ),
        duration: str = typer.Option("", "--for", metavar="DURATION", help="How long from now on, e.g. 8h."),
        starts: str = typer.Option(
            "", "--starts", metavar="TIME", help='When it begins, e.g. "2026-12-05 18:00"; default: now.'
        ),
        ends: str = typer.Option("", "--ends", metavar="TIME", help="When it ends; instead of --for."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Have somebody else be on call for a while. Whoever takes over is told what is open."""
        given = (("rota", rota), ("for", duration), ("starts", starts), ("ends", ends))
        wanted: dict[str, Any] = {"person": person, "by": me()} | {key: text for key, text in given if text}
        made = ask(url, user, ca_file, "/api/v1/oncall/swaps", wanted)
        when = f"from {made['starts']} to {made['ends']}"
        typer.echo(f"{made['id']}: {made['person']} is on call for {made['rota']} {when}")

    @group.command("unswap")
    def unswap(
        swap_id: str = typer.Argument(..., metavar="ID", help="Id of the swap."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Take a swap back that was made while netwatch ran."""
        ask(url, user, ca_file, f"/api/v1/oncall/swaps/{quote(swap_id, safe='')}/end", {})
        typer.echo(f"{swap_id} is taken back")
