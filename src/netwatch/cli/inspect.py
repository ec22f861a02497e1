"""`netwatch inspect`: what netwatch understands of one device, live or from a recording."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal, TypeVar

import typer
from rich.console import Console

from netwatch.discovery import Discovery, discover, inspect_document, render_inspect
from netwatch.errors import ConfigError, NetwatchError, Problem, WireError, WireTimeout
from netwatch.model import (
    Catalogue,
    EntityId,
    Secret,
    SnmpAccess,
    SnmpVersion,
    SystemClock,
    Target,
    load_catalogue,
)
from netwatch.profiles import ProfileSet, load_profiles, profile_cache
from netwatch.resources import collectors_dir
from netwatch.wire import RecordedSnmpWire, Recording, SnmpWire

__all__ = ["answered", "live_discovery", "recorded_discovery", "register", "with_communities"]

Answer = TypeVar("Answer")

WORKERS = 2
"""Processes that read a folder of recordings."""


def register(app: typer.Typer) -> None:
    @app.command("inspect")
    def inspect_command(
        device: str = typer.Argument("", help="Address of a device; with --config, or its name there."),
        config: Path | None = typer.Option(
            None, "--config", "-c", help="Settings file: ask with the credentials of its inventory."
        ),
        community_env: list[str] = typer.Option(
            [], help="Environment variables that hold communities to try; without one: 'public'."
        ),
        version: str = typer.Option("2c", "--snmp-version", help="SNMP version: 1 or 2c."),
        port: int = typer.Option(161, min=1, max=65535, help="UDP port of the agent."),
        timeout: float = typer.Option(3.0, min=0.1, help="Seconds to wait for one answer."),
        profile: str = typer.Option("", help="Use this profile whatever the device says of itself."),
        snmprec: Path | None = typer.Option(
            None, help="Read a recording, or each of a folder, instead of a device."
        ),
        out: Path | None = typer.Option(None, help="With --snmprec: folder for one file per recording."),
        output: str = typer.Option("text", "--format", help="text or json."),
        profiles: list[Path] = typer.Option([], help="Further folders of profiles."),
    ) -> None:
        """Show what netwatch understands of a device."""
        if output not in ("text", "json"):
            raise ConfigError([Problem("", "--format", f"expected text or json, found {output!r}")])
        if version not in ("1", "2c"):
            raise ConfigError([Problem("", "--snmp-version", f"expected 1 or 2c, found {version!r}")])
        if [bool(device), snmprec is not None].count(True) != 1:
            raise ConfigError([Problem("", "", "give either a device or --snmprec")])
        form: Literal["text", "json"] = "json" if output == "json" else "text"
        dirs = [collectors_dir(), *profiles]
        if snmprec is not None:
            _recordings(snmprec, out, form, dirs)
            return
        if config is not None:
            from netwatch.app import ask

            catalogue = load_catalogue()
            found = answered(device, ask(device, config, os.environ, catalogue))
        else:
            loaded, catalogue = _load(dirs)
            for problem in loaded.problems:
                typer.echo(str(problem), err=True)
            asking = live_discovery(
                device,
                community_env,
                loaded,
                version=version,
                port=port,
                timeout=timeout,
                profile=profile,
            )
            found = answered(device, asking)
        document = inspect_document(device, found, catalogue)
        typer.echo(_written(document)) if form == "json" else Console().print(render_inspect(document))


def answered(device: str, asking: Coroutine[Any, Any, Answer]) -> Answer:
    """What was found out. Raises WireError, a timeout with what to look at: agents are silent on purpose."""
    try:
        return asyncio.run(asking)
    except WireTimeout as error:
        raise WireTimeout(
            f"{device}: {error}. Is SNMP on there, is the community right, and does its access list let this"
            " machine ask?"
        ) from None


def recorded_discovery(recording: Recording, profiles: ProfileSet) -> Discovery:
    """Reads a recording through the same profiles as live polling, its VLAN contexts too."""
    wire: SnmpWire = RecordedSnmpWire({recording.name: recording})
    access = SnmpAccess(vlan_contexts=bool(recording.contexts))
    target = Target(EntityId(recording.name), recording.name, (), snmp=access)
    return asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))


def _communities(names: list[str]) -> list[Secret]:
    missing = [name for name in names if name not in os.environ]
    if missing:
        problem = Problem(
            "", "--community-env", f"variable {missing[0]} is not set", f"export {missing[0]}=..."
        )
        raise ConfigError([problem])
    return [Secret(os.environ[name]) for name in names] or [Secret("public")]


def _load(dirs: list[Path]) -> tuple[ProfileSet, Catalogue]:
    catalogue = load_catalogue()
    return load_profiles(dirs, catalogue, cache=profile_cache(os.environ)), catalogue


async def live_discovery(
    address: str,
    community_env: list[str],
    profiles: ProfileSet,
    *,
    version: str = "2c",
    port: int = 161,
    timeout: float = 3.0,  # noqa: ASYNC109 - how long the agent may take, not this function
    profile: str = "",
) -> Discovery:
    """Asks a device; of the communities the first that is answered counts. Raises WireError, ConfigError."""

    async def asking(wire: SnmpWire, target: Target) -> Discovery:
        return await discover(target, snmp=wire, profiles=profiles, clock=SystemClock())

    return await with_communities(
        address, community_env, asking, version=version, port=port, timeout=timeout, profile=profile
    )


async def with_communities(
    address: str,
    community_env: list[str],
    asking: Callable[[SnmpWire, Target], Awaitable[Answer]],
    *,
    version: str = "2c",
    port: int = 161,
    timeout: float = 3.0,  # noqa: ASYNC109 - how long the agent may take, not this function
    profile: str = "",
) -> Answer:
    """Asks over SNMP with each community until one is answered. Raises WireError, ConfigError."""
    from netwatch.wire import NetworkSnmpWire

    wire = NetworkSnmpWire()
    failure: WireError | None = None
    try:
        for community in _communities(community_env):
            access = SnmpAccess(SnmpVersion(version), community, port=port, timeout=timeout)
            target = Target(EntityId("inspect"), address, (address,), snmp=access, profile=profile)
            try:
                return await asking(wire, target)
            except WireError as error:
                failure = error
    finally:
        await wire.close()
    assert failure is not None, "at least one community was tried"
    raise failure


# recordings


def _recordings(path: Path, out: Path | None, form: Literal["text", "json"], dirs: list[Path]) -> None:
    files = _files(path)
    if path.is_dir() and out is None:
        raise ConfigError([Problem("", "--out", "a folder of recordings needs a folder to write to")])
    if out is not None:
        try:
            out.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError([Problem("", "--out", f"{out} can't be made: {error.strerror}")]) from None
    if len(files) == 1:
        _Worker(dirs).write(files[0], out, form)
        return
    # Workers of their own: a profile set is quicker to load than to send.
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        jobs = [pool.submit(_share, files[at::WORKERS], out, form, dirs) for at in range(WORKERS)]
        problems = [line for job in jobs for line in job.result()]
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)


def _files(path: Path) -> list[Path]:
    """Recordings at a path. NAME@CONTEXT is a context of NAME, not a device."""
    if not path.exists():
        raise ConfigError([Problem(str(path), "", "no such file or folder")])
    if not path.is_dir():
        return [path]
    files = sorted(file for file in path.glob("*.snmprec") if "@" not in file.name and not file.is_dir())
    if not files:
        raise ConfigError([Problem(str(path), "", "holds no *.snmprec files")])
    return files


def _share(files: list[Path], out: Path | None, form: Literal["text", "json"], dirs: list[Path]) -> list[str]:
    """One worker's part. Returns what went wrong."""
    worker, problems = _Worker(dirs), []
    for file in files:
        try:
            worker.write(file, out, form)
        except NetwatchError as error:
            problems.append(str(error))
        except OSError as error:
            problems.append(f"{error.filename or file}: {error.strerror}")
        except Exception as error:  # a mistake over one recording must not take the others along
            problems.append(f"{file}: internal error: {type(error).__name__}: {error}")
    return problems


class _Worker:
    """Reads recordings through the same profiles as live polling."""

    def __init__(self, dirs: list[Path]) -> None:
        self.profiles, self.catalogue = _load(dirs)

    def read(self, file: Path) -> dict[str, Any]:
        recording = Recording.load(file)
        unusable = _unusable(recording)
        if unusable:
            typer.echo(f"{file}: {unusable}", err=True)
        found = recorded_discovery(recording, self.profiles)
        document = inspect_document(recording.name, found, self.catalogue)
        if unusable and not recording.values:
            document["errors"] = [unusable, *document.get("errors", ())]
        return document

    def write(self, file: Path, out: Path | None, form: Literal["text", "json"]) -> None:
        document = self.read(file)
        if out is None:
            print(_written(document)) if form == "json" else Console().print(render_inspect(document))
            return
        target = out / f"{document['name']}.{'json' if form == 'json' else 'txt'}"
        if form == "json":
            target.write_text(_written(document) + "\n", encoding="utf-8")
            return
        with target.open("w", encoding="utf-8") as stream:
            Console(file=stream, width=120).print(render_inspect(document))


def _unusable(recording: Recording) -> str:
    """What of a recording could not be read; mostly empty."""
    first = f", the first: {recording.problems[0]}" if recording.problems else ""
    if not recording.values:
        return f"no line of it is OID|type|value{first}"
    return f"lines that can't be read: {len(recording.problems)}{first}" if first else ""


def _written(document: dict[str, Any]) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
