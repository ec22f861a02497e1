"""`netwatch simulate`: a district without hardware."""

from __future__ import annotations

import asyncio
import contextlib
import json
import signal
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from netwatch.errors import ConfigError
from netwatch.simulate import (
    DEFAULT_ECHO_PORT,
    DEFAULT_PORT,
    RecordingServer,
    Simulator,
    ground_truth,
    load_district,
    parse_phase,
    write_config,
)

__all__ = ["register"]

_REMEDY = "is another simulation running? choose others with --port and --echo-port"


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    scale: Annotated[int, typer.Option(min=1, max=10_000, help="How many devices answer.")] = 150,
    port: Annotated[
        int, typer.Option(help="UDP port of the SNMP agents; 0 takes a free one.")
    ] = DEFAULT_PORT,
    echo_port: Annotated[
        int,
        typer.Option(help="UDP port of the echo service that stands for reachability; 0 takes a free one."),
    ] = DEFAULT_ECHO_PORT,
    write: Annotated[
        Path | None,
        typer.Option(
            "--write-config", help="Write a configuration into this folder that polls the district."
        ),
    ] = None,
    truth: Annotated[
        Path | None, typer.Option(help="Write what is planted, and everything else that is true, as JSON.")
    ] = None,
    recordings: Annotated[
        Path | None, typer.Option(help="Serve the *.snmprec files of this folder instead of a district.")
    ] = None,
    phase: Annotated[
        str, typer.Option(help="Where in the school week to start, e.g. 'tuesday 10:30'; without it, now.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Another seed is another district.")] = 1,
    district: Annotated[
        Path | None, typer.Option(help="Folder of YAML that describes another district.")
    ] = None,
) -> None:
    """Serve a simulated school district over SNMP on 127.0.0.0/8 until Ctrl-C."""
    try:
        if recordings is not None:
            asyncio.run(_serve_recordings(RecordingServer(recordings, port=port, echo_port=echo_port)))
            return
        start = parse_phase(phase) if phase else None
        simulator = Simulator(
            load_district(district, scale, seed), port=port, echo_port=echo_port, phase=start
        )
        asyncio.run(_serve(simulator, write, truth))
    except (ConfigError, ValueError) as error:
        typer.echo(f"netwatch simulate: {error}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        place = error.filename or f"ports {port} and {echo_port}"
        remedy = "" if error.filename else f" ({_REMEDY})"
        typer.echo(f"netwatch simulate: {place}: {error.strerror}{remedy}", err=True)
        raise typer.Exit(1) from None


async def _until_stopped() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await stop.wait()


async def _serve(simulator: Simulator, write: Path | None, truth: Path | None) -> None:
    await simulator.start()
    try:
        if truth is not None:
            document = ground_truth(simulator.world)
            truth.write_text(json.dumps(document, indent=1), encoding="utf-8")  # noqa: ASYNC240 - nobody waits yet
        _tell(simulator)
        if write is not None:
            path = write_config(
                simulator.district,
                write,
                port=simulator.port,
                echo_port=simulator.echo_port,
                at=simulator.world.started,
            )
            typer.echo(f"Poll it with: netwatch run --config {path}")
        typer.echo("Ctrl-C ends it.")
        await _until_stopped()
    finally:
        await simulator.close()


async def _serve_recordings(server: RecordingServer) -> None:
    await server.start()
    try:
        typer.echo(f"{len(server.addresses)} recordings answer on SNMP port {server.port}, community public:")
        for name, address in server.addresses.items():
            typer.echo(f"  {address:<14} {name}")
        typer.echo("Ctrl-C ends it.")
        await _until_stopped()
    finally:
        await server.close()


def _tell(simulator: Simulator) -> None:
    district = simulator.district
    typer.echo(
        f"{district.name}: {len(district.devices)} devices in {len(district.schools) - 1} schools "
        f"answer on 127/8, SNMP port {simulator.port}, echo port {simulator.echo_port}"
    )
    for role, count in sorted(Counter(device.template.role for device in district.devices).items()):
        first = next(device for device in district.devices if device.template.role == role)
        typer.echo(f"  {count:5d} {role:<14} e.g. {first.name} at {first.address}")
    community = district.library.district.community
    typer.echo(f"Try: snmpwalk -v2c -c {community} {district.devices[0].address}:{simulator.port} system")
