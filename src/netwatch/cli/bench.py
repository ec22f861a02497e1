"""`netwatch bench`: what netwatch costs on this machine."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

__all__ = ["register"]


def register(app: typer.Typer) -> None:
    @app.command()
    def bench(
        scale: Annotated[
            int, typer.Option(min=20, max=2000, help="How many simulated devices answer.")
        ] = 100,
        passes: Annotated[int, typer.Option(min=1, max=1000, help="How often each is polled.")] = 10,
    ) -> None:
        """Measure this machine: a simulated district is polled over SNMP, as fast as it answers.

        Figures are CPU seconds of netwatch alone; the simulator runs beside it and makes no difference to
        them. They grow by half and more on a busy machine: compare runs of the same hour.
        """
        from netwatch.app import configure_logs, measure_machine

        configure_logs("error", "console")
        typer.echo(f"Simulating {scale} devices, polling each {passes} times ...")
        for line in asyncio.run(measure_machine(scale, passes)):
            typer.echo(line)
