"""`netwatch calendar`: close a place for a day (snow, a burst pipe), open it again, show what holds."""

from __future__ import annotations

import asyncio
import os
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from netwatch.errors import ConfigError, Problem

if TYPE_CHECKING:
    from netwatch.calendars import Calendar, Calendars
    from netwatch.config import Settings
    from netwatch.model import PlaceId, Places

__all__ = ["register"]

_CONFIG = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file.")
_URL = typer.Option("", "--url", help="Where the daemon answers, e.g. http://127.0.0.1:8600.")
_PLACE = typer.Argument(..., metavar="PLACE", help="Path of a place, the district may be left out.")
_DATE = typer.Argument(..., metavar="DATE", help="YYYY-MM-DD, today or tomorrow.")


def register(app: typer.Typer) -> None:
    """Adds `calendar` with its commands."""
    group = typer.Typer(no_args_is_help=True, help="Close places, open them again, show their lessons.")
    group.command("close")(close)
    group.command("reopen")(reopen)
    group.command("show")(show)
    app.add_typer(group, name="calendar")


def close(
    place: str = _PLACE,
    day: str = _DATE,
    until: str = typer.Option("", "--until", help="Last day; without it only that day."),
    reason: str = typer.Option("", "--reason", help="Why, for people."),
    day_type: str = typer.Option(
        "none", "--day-type", help="Bell schedule that holds instead of no lessons."
    ),
    out_of_service: bool = typer.Option(
        False, "--out-of-service", help="No rule looks at devices there, such as during building work."
    ),
    config: Path = _CONFIG,
    url: str = _URL,
) -> None:
    """Close a place: one line in a calendar file, then a reload. It holds for rules, history and planning."""
    world = _World(config)
    found = world.place(place)
    first = world.day(day, found)
    last = world.day(until, found) if until else first
    from netwatch.calendars.editing import add_closure

    path = world.file()
    before = path.read_text(encoding="utf-8") if path.exists() else None
    text, line = add_closure(
        before or "",
        str(path),
        world.short(found),
        first,
        last,
        day_type,
        reason,
        out_of_service=out_of_service,
    )
    world.write(path, text, before)
    typer.echo(f"{path}: {line}")
    _tell(config, url)


def reopen(
    place: str = _PLACE,
    day: str = _DATE,
    config: Path = _CONFIG,
    url: str = _URL,
) -> None:
    """Take back what `netwatch calendar close` wrote for a place and day."""
    world = _World(config)
    found = world.place(place)
    chosen = world.day(day, found)
    from netwatch.calendars.editing import remove_closure

    removed: list[str] = []
    for path in world.files():
        before = path.read_text(encoding="utf-8")
        text, lines = remove_closure(before, str(path), (world.short(found), str(found)), chosen)
        if lines:
            world.write(path, text, before)
            removed += lines
    if not removed:
        raise ConfigError([Problem("", "", f"{found} is not closed on {chosen} by a line of its own")])
    for line in removed:
        typer.echo(f"taken out: {line}")
    _tell(config, url)


def show(
    place: str = _PLACE,
    day: str = typer.Option("today", "--from", help="First day: YYYY-MM-DD, today or tomorrow."),
    days: int = typer.Option(7, "--days", min=1, max=400, help="How many days."),
    config: Path = _CONFIG,
) -> None:
    """Show when lessons are on at a place."""
    world = _World(config)
    found = world.place(place)
    first = world.day(day, found)
    calendar = world.calendars.at(found, world.places)
    typer.echo(f"{found}: calendar {calendar.name}, {calendar.timezone}")
    for number in range(days):
        typer.echo(_line(world, found, calendar, first + timedelta(days=number)))


def _line(world: _World, place: PlaceId, calendar: Calendar, day: date) -> str:
    from netwatch.calendars import clock_text

    ids = [str(node.id) for node in world.places.path(place)]
    closures = [one for one in world.calendars.closures if one.first <= day <= one.last and one.covers(ids)]
    bells = ", ".join(f"{clock_text(begin)}-{clock_text(end)}" for begin, end in calendar.bells(day))
    text = f"{day:%a %Y-%m-%d}  {calendar.day_type(day) or 'no school':<14} {bells}".rstrip()
    for one in closures:
        text += f"  closed: {one.reason or 'no reason given'}" + " (out of service)" * one.out_of_service
    return text


class _World:
    """The district of a settings file. Raises ConfigError."""

    def __init__(self, config: Path) -> None:
        from netwatch.config import load_settings
        from netwatch.inventory import read_calendars, read_inventory
        from netwatch.model import EntityId

        self._config = config
        self.settings: Settings = load_settings(config, os.environ)
        self.calendars: Calendars = read_calendars(self.settings)
        inventory = read_inventory(self.settings, os.environ, lambda device: EntityId(device.name)).inventory
        self.places: Places = inventory.places
        self._district = inventory.district

    def place(self, text: str) -> PlaceId:
        from netwatch.documents import did_you_mean
        from netwatch.model import PlaceId

        text = text.strip("/")
        for candidate in (text, f"{self._district}/{text}"):
            if candidate in self.places.by_id:
                return PlaceId(candidate)
        known = [str(one).removeprefix(f"{self._district}/") for one in self.places.by_id]
        hint = did_you_mean(text, known) or "the inventory lists the places"
        raise ConfigError([Problem("", "", f"unknown place {text!r}", hint)])

    def short(self, place: PlaceId) -> str:
        return str(place).removeprefix(f"{self._district}/")

    def day(self, text: str, place: PlaceId) -> date:
        """By the wall clock of the place."""
        ahead = {"today": 0, "tomorrow": 1}.get(text)
        if ahead is not None:
            zone = ZoneInfo(self.calendars.at(place, self.places).timezone)
            return datetime.now(zone).date() + timedelta(days=ahead)
        try:
            return date.fromisoformat(text)
        except ValueError:
            message = f"expected a date, found {text!r}"
            raise ConfigError([Problem("", "", message, "YYYY-MM-DD, today or tomorrow")]) from None

    def files(self) -> list[Path]:
        from netwatch.config import expand

        return list(map(Path, expand(self.settings.calendars)))

    def file(self) -> Path:
        """Where closures are written: the file that has some, else closures.yaml beside the first one."""
        from netwatch.documents import read_yaml

        files = self.files()
        for path in files:
            data = read_yaml(path).data
            if isinstance(data, dict) and "closures" in data:
                return path
        folder = files[0].parent if files else self._config.absolute().parent
        return folder / "closures.yaml"

    def write(self, path: Path, text: str, before: str | None) -> None:
        """The file with a new text. If the configuration would be wrong then, everything is as it was."""
        from netwatch.inventory import closure_problems, read_calendars

        _replace(path, text)
        try:
            if path.resolve() not in [one.resolve() for one in self.files()]:
                hint = "add it to `calendars` of the settings"
                raise ConfigError([Problem(str(path), "", "no setting names this file", hint)])
            problems = closure_problems(read_calendars(self.settings), self.places)
            if problems:
                raise ConfigError(problems)
        except ConfigError:
            if before is None:
                path.unlink()
            else:
                _replace(path, before)
            raise


def _replace(path: Path, text: str) -> None:
    """Whole or not at all: a daemon may be reading."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(text, encoding="utf-8")
    if path.exists():
        partial.chmod(path.stat().st_mode & 0o777)
    partial.replace(path)


def _tell(config: Path, url: str) -> None:
    from netwatch.cli.daemon import base_url, reload

    base = url or base_url(config, os.environ)
    if asyncio.run(reload(base, os.environ)):
        typer.echo("netwatch has read it: it holds from now on")
    else:
        typer.echo(f"no netwatch answers at {base}: it holds from its next start or reload on")
