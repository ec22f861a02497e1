"""`netwatch profile draft`: a profile proposed from a walk and MIB modules."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from netwatch.cli.asking import (
    COMMUNITY_ENV,
    CONFIG,
    PORT,
    PROFILES,
    TIMEOUT,
    VERSION,
    answered,
    check_version,
    shipped_and,
    with_communities,
)
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue, Target
from netwatch.profiles import lint
from netwatch.resources import collectors_dir
from netwatch.wire import Recording, SnmpWire

if TYPE_CHECKING:
    from netwatch.drafting import Draft

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    @group.command("draft")
    def draft_command(
        snmprec: Path | None = typer.Option(None, help="Recorded walk of the device."),
        host: str = typer.Option("", help="Walk this device instead; with --config, also its name there."),
        mibs: list[Path] = typer.Option(..., help="Folder of MIB modules; may be repeated."),
        out: Path | None = typer.Option(None, help="File to write; without it standard output."),
        name: str = typer.Option("", help="Name of the profile; without it draft- and the product's name."),
        config: Path | None = CONFIG,
        community_env: list[str] = COMMUNITY_ENV,
        version: str = VERSION,
        port: int = PORT,
        timeout: float = TIMEOUT,
        profiles: list[Path] = PROFILES,
    ) -> None:
        """Propose a profile for a device from a walk and its maker's MIB modules."""
        check_version(version)
        if name and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise ConfigError(
                [Problem("", "--name", f"expected lower case, digits, '-', '_' and '.', found {name!r}")]
            )
        if [bool(host), snmprec is not None].count(True) != 1:
            raise ConfigError([Problem("", "", "give either --host or --snmprec")])
        from netwatch.drafting import draft_profile

        loaded, catalogue = shipped_and(profiles)
        if snmprec is not None:
            recording = Recording.load(snmprec)
        elif config is not None:
            from netwatch.app import ask_over_snmp

            recording = answered(host, ask_over_snmp(host, config, os.environ, catalogue, _walk))
        else:
            asking = with_communities(host, community_env, _walk, version=version, port=port, timeout=timeout)
            recording = answered(host, asking)
        for problem in recording.problems[:3]:
            typer.echo(f"{recording.name}: {problem}", err=True)
        _tell(draft_profile(recording, mibs, loaded, name=name), out, catalogue)


async def _walk(wire: SnmpWire, target: Target) -> Recording:
    from netwatch.drafting import walk_agent

    return await walk_agent(wire.session(target), target.name)


def _tell(draft: Draft, out: Path | None, catalogue: Catalogue) -> None:
    if out is None:
        typer.echo(draft.text, nl=False)
    else:
        try:
            out.write_text(draft.text, encoding="utf-8")
        except OSError as error:
            raise ConfigError([Problem(str(out), "--out", f"can't be written: {error.strerror}")]) from None
        for problem in lint([out], catalogue, base=[collectors_dir()]):
            typer.echo(str(problem), err=True)
    typer.echo(
        f"{draft.sensors} sensors, {draft.states} states, {draft.entities} processors, memory regions and"
        f" volumes from {len(draft.modules)} modules; {draft.checks} lines to check",
        err=True,
    )
