"""`netwatch inspect`: what netwatch understands of one device, live or from a recording."""

from __future__ import annotations

import json
import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Literal

import typer
from rich.console import Console

from netwatch.cli.asking import (
    COMMUNITY_ENV,
    CONFIG,
    PORT,
    PROFILES,
    TIMEOUT,
    VERSION,
    answered,
    check_version,
    live_discovery,
    load,
    recorded_discovery,
    shipped_and,
)
from netwatch.discovery import inspect_document, render_inspect
from netwatch.errors import ConfigError, NetwatchError, Problem
from netwatch.model import (
    load_catalogue,
)
from netwatch.resources import collectors_dir
from netwatch.wire import Recording

__all__ = ["register"]

WORKERS = 2
"""Processes that read a folder of recordings."""


def register(app: typer.Typer) -> None:
    @app.command("inspect")
    def inspect_command(
        device: str = typer.Argument("", help="Address of a device; with --config, or its name there."),
        config: Path | None = CONFIG,
        community_env: list[str] = COMMUNITY_ENV,
        version: str = VERSION,
        port: int = PORT,
        timeout: float = TIMEOUT,
        profile: str = typer.Option("", help="Use this profile whatever the device says of itself."),
        snmprec: Path | None = typer.Option(
            None, help="Read a recording, or each of a folder, instead of a device."
        ),
        out: Path | None = typer.Option(None, help="With --snmprec: folder for one file per recording."),
        output: str = typer.Option("text", "--format", help="text or json."),
        profiles: list[Path] = PROFILES,
    ) -> None:
        """Show what netwatch understands of a device."""
        if output not in ("text", "json"):
            raise ConfigError([Problem("", "--format", f"expected text or json, found {output!r}")])
        check_version(version)
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
            loaded, catalogue = shipped_and(profiles)
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
        self.profiles, self.catalogue = load(dirs)

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
