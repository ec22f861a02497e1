"""`netwatch run`: the daemon, on the user's gear or on a simulated district."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.errors import ConfigError, Problem

if TYPE_CHECKING:
    from netwatch.app import Daemon, Running

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    @app.command()
    def run(
        config: Path = typer.Option(Path("netwatch.yaml"), "--config", "-c", help="Settings file."),
        demo: bool = typer.Option(False, "--demo", help="Simulate a school district on loopback, poll it."),
        scale: int = typer.Option(150, "--scale", min=20, max=10_000, help="Demo: how many devices answer."),
        directory: Path = typer.Option(
            Path("var/demo"), "--dir", help="Demo: folder for its files; made anew at each start."
        ),
        phase: str = typer.Option(
            "tuesday 10:30", "--phase", help="Demo: where in the school week it starts, or `now`."
        ),
    ) -> None:
        """Poll, alert, record and rank until Ctrl-C. SIGHUP reads the configuration again."""
        from netwatch.app import Daemon, configure_logs

        if demo:
            configure_logs("error", "console")
            _demo(directory, scale, "" if phase == "now" else phase)
        else:
            configure_logs("info", "console")
            daemon = Daemon(config, os.environ, set_up_logs=lambda log: configure_logs(log.level, log.format))
            asyncio.run(_serve(daemon, _welcome))


def _demo(directory: Path, scale: int, phase: str) -> None:
    from netwatch.app import Daemon, Demo, give_past

    typer.echo(f"Building a simulated school district: {scale} devices on 127/8 ...")
    try:
        prepared = Demo(directory, scale=scale, phase=phase)
    except ValueError as error:
        raise ConfigError([Problem("", "--phase", str(error))]) from None
    with prepared as demo:
        daemon = Daemon(demo.start(), os.environ, simulated=True)

        async def past(running: Running) -> None:
            count = await give_past(running, demo)
            typer.echo(
                f"Two school years of simulated history are in place ({count} series); the list is ranked."
            )

        def started(running: Running) -> Coroutine[None, None, None]:
            _welcome(running)
            typer.echo(f"  what is planted   {demo.directory / 'ground_truth.json'}")
            return past(running)

        asyncio.run(_serve(daemon, started))


async def _serve(daemon: Daemon, started: Callable[[Running], Coroutine[None, None, None] | None]) -> None:
    """Runs the daemon until a signal ends it, and what `started` returns beside it."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    beside: set[asyncio.Task[object]] = set()

    def do(work: Coroutine[None, None, object]) -> None:
        task: asyncio.Task[object] = asyncio.ensure_future(work)
        beside.add(task)
        task.add_done_callback(beside.discard)

    def on_started(running: Running) -> None:
        work = started(running)
        if work is not None:
            do(work)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGHUP, lambda: do(daemon.reload()))
    try:
        await daemon.run(stop, on_started)
    finally:
        for task in beside:
            task.cancel()
        await asyncio.gather(*beside, return_exceptions=True)


def _welcome(running: Running) -> None:
    """Where to look: said once, when everything answers."""
    url = running.urls[0].rstrip("/")
    typer.echo(f"netwatch polls {running.devices} devices. Look at")
    for name, path in (
        ("page", "/"),
        ("metrics", "/metrics"),
        ("alerts", "/alerts"),
        ("replacement list", "/replacements"),
    ):
        typer.echo(f"  {name:<17} {url}{path}")
    typer.echo("Ctrl-C ends it.")
