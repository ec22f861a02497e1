"""`netwatch alerts`: what fires, who looks after it, and what is silenced; asks a running netwatch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import typer

from netwatch.cli.daemon import DEFAULT_URL
from netwatch.cli.server import CaFile, Url, User, ask, me

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    """Adds the sub-commands of `netwatch alerts`."""
    group = typer.Typer(
        no_args_is_help=True, help="Show, acknowledge and silence alerts of a running netwatch."
    )
    app.add_typer(group, name="alerts")
    _add_looking(group)
    _add_acting(group)
    _add_silences(group)


def _add_looking(group: typer.Typer) -> None:
    @group.command("list")
    def list_command(
        everything: bool = typer.Option(
            False, "--all", help="Also what is pending, explained or resolved lately."
        ),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """List what fires, the most urgent first."""
        shown = ("firing", "acknowledged")
        found = ask(url, user, ca_file, "/api/v1/alerts")["alerts"]
        rows = [one for one in found if everything or one["incident"]["state"] in shown]
        for one in rows:
            typer.echo(_line(one))
        if not rows:
            typer.echo("nothing is firing")

    @group.command("show")
    def show(
        alert: str = typer.Argument(..., metavar="ID", help="Id of the alert."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Show one alert with its history."""
        found = ask(url, user, ca_file, f"/api/v1/alerts/{quote(alert, safe='')}")
        typer.echo(_line(found))
        from netwatch.alerts import CONTEXT

        for name in ("description", "fault", *CONTEXT, "evidence", "runbook"):
            if found["annotations"].get(name):
                typer.echo(f"{name.replace('_', ' ')}: {found['annotations'][name]}")
        for event in found["history"]:
            typer.echo(f"{event['at']}  {event['text']}")

    @group.command("noise")
    def noise(
        weeks: int = typer.Option(4, "--weeks", min=1, max=520, help="How far back."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Tell who was told how much, which rules it came from, and what of it led to nothing."""
        found = ask(url, user, ca_file, f"/api/v1/noise?weeks={weeks}")
        if not found["people"]:
            typer.echo(f"nobody was told of anything in {weeks} weeks")
            return
        typer.echo(f"{'who':<24} {'messages':>8} {'per week':>8}")
        for one in found["people"]:
            typer.echo(f"{one['name']:<24} {one['messages']:>8} {one['per_week']:>8.1f}")
        typer.echo(f"\n{'rule':<24} {'messages':>8} {'faults':>8} {'no action':>9} {'over in 5 min':>13}")
        for one in found["rules"]:
            shares = f"{_share(one['without_action']):>9} {_share(one['over_at_once']):>13}"
            typer.echo(f"{one['rule']:<24} {one['messages']:>8} {one['incidents']:>8} {shares}")


def _share(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.0%}"


def _add_acting(group: typer.Typer) -> None:
    @group.command("acknowledge")
    def acknowledge(
        alert: str = typer.Argument(..., metavar="ID", help="Id of the alert."),
        note: str = typer.Option("", "--note", metavar="TEXT", help="What you are doing about it."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Say that you look after an alert: it is not escalated any more."""
        path = f"/api/v1/alerts/{quote(alert, safe='')}/acknowledge"
        found = ask(url, user, ca_file, path, {"note": note, "by": me()})
        typer.echo(f"{found['id']} acknowledged by {found['incident']['acknowledged']['by']}")

    @group.command("silence")
    def silence(
        duration: str = typer.Option("", "--for", metavar="DURATION", help="How long from now on, e.g. 2h."),
        device: list[str] = typer.Option([], "--device", metavar="NAME", help="Devices, with * and ?."),
        site: list[str] = typer.Option([], "--site", metavar="PLACE", help="Places, with all below them."),
        tag: list[str] = typer.Option([], "--tag", metavar="TAG", help="Tags of devices."),
        rule: list[str] = typer.Option([], "--rule", metavar="RULE", help="Rules."),
        starts: str = typer.Option(
            "", "--starts", metavar="TIME", help='When it begins, e.g. "2026-12-05 22:00"; default: now.'
        ),
        ends: str = typer.Option("", "--ends", metavar="TIME", help="When it ends; instead of --for."),
        comment: str = typer.Option("", "--comment", metavar="TEXT", help="What for."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """Silence what matches all that is given. What still fires at the end is told."""
        wanted: dict[str, Any] = {"comment": comment, "by": me()}
        lists = (("devices", device), ("sites", site), ("tags", tag), ("rules", rule))
        wanted |= {key: values for key, values in lists if values}
        wanted |= {key: text for key, text in (("for", duration), ("starts", starts), ("ends", ends)) if text}
        made = ask(url, user, ca_file, "/api/v1/silences", wanted)
        typer.echo(f"{made['id']} silences {_what(made)} until {made['ends']}")


def _add_silences(group: typer.Typer) -> None:
    @group.command("silences")
    def silences(
        end: str = typer.Option("", "--end", metavar="ID", help="End this one now."),
        url: Url = DEFAULT_URL,
        user: User = "",
        ca_file: CaFile = None,
    ) -> None:
        """List silences and maintenance windows, or end one."""
        if end:
            ask(url, user, ca_file, f"/api/v1/silences/{quote(end, safe='')}/end", {})
            typer.echo(f"{end} has ended")
            return
        found = ask(url, user, ca_file, "/api/v1/silences")["silences"]
        for one in found:
            now = (
                f"until {one['active_until'] or 'somebody ends it'}"
                if one["active"]
                else f"from {one['next']}"
            )
            why = f": {one['comment']}" if one["comment"] else ""
            typer.echo(f"{one['id']}  {now}  {_what(one)}{why}" + (f" ({one['by']})" if one["by"] else ""))
        if not found:
            typer.echo("nothing is silenced")


def _line(alert: Mapping[str, Any]) -> str:
    incident = alert["incident"]
    head = f"{alert['id']}  {incident['state']:<12}  {alert['severity']:<8}  {alert['since']}"
    text = f"{head}  {alert['summary']}"
    known = incident["acknowledged"]
    notes = [f"acknowledged by {known['by']}"] if known else []
    notes += [incident["suppressed_by"] or ""] if incident["suppressed_by"] else []
    notes += [f"held back: {incident['held']}"] if incident["held"] and not notes else []
    return f"{text} ({'; '.join(notes)})" if notes else text


def _what(silence: Mapping[str, Any]) -> str:
    return " ".join(
        f"{key}={','.join(silence[key])}" for key in ("rules", "sites", "devices", "tags") if silence[key]
    )
