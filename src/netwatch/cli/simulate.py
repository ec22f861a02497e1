"""`netwatch simulate`: a district without hardware."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

from netwatch.errors import ConfigError
from netwatch.simulate import DEFAULT_ECHO_PORT, DEFAULT_PORT, Simulator, load_district, parse_phase

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    scale: Annotated[int, typer.Option(min=1, max=10_000, help="How many devices answer.")] = 150,
    port: Annotated[
        int, typer.Option(help="UDP port of the SNMP agents; 0 takes a free one.")
    ] = DEFAULT_PORT,
    echo_port: Annotated[
        int, typer.Option(help="UDP port of the echo service that stands for reachability.")
    ] = DEFAULT_ECHO_PORT,
    phase: Annotated[
        str, typer.Option(help="Where in the school week to start, e.g. 'tuesday 10:30'; default: now.")
    ] = "",
    seed: Annotated[int, typer.Option(help="Another seed is another district.")] = 1,
    district: Annotated[
        Path | None, typer.Option(help="Folder of YAML that describes another district.")
    ] = None,
) -> None:
    """Serve a simulated school district over SNMP on 127.0.0.0/8 until Ctrl-C."""
    try:
        start = parse_phase(phase) if phase else None
        model = load_district(district, scale, seed)
    except (ConfigError, ValueError) as error:
        typer.echo(f"netwatch simulate: {error}", err=True)
        raise typer.Exit(2) from None
    simulator = Simulator(model, port=port, echo_port=echo_port, phase=start)
    try:
        asyncio.run(_serve(simulator))
    except OSError as error:
        typer.echo(f"netwatch simulate: port {port} or {echo_port}: {error.strerror}", err=True)
        raise typer.Exit(1) from None


async def _serve(simulator: Simulator) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)
    await simulator.start()
    try:
        _tell(simulator)
        await stop.wait()
    finally:
        await simulator.close()


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
    typer.echo("Ctrl-C ends it.")
