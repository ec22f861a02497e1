"""`netwatch profile draft`: a profile proposed from a walk and MIB modules."""

from __future__ import annotations

import os
import re
from pathlib import Path

import typer

from netwatch.cli.inspect import answered, with_communities
from netwatch.drafting import Draft, draft_profile, walk_agent
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue, Target, load_catalogue
from netwatch.profiles import lint, load_profiles
from netwatch.resources import collectors_dir
from netwatch.wire import Recording, SnmpWire

__all__ = ["register"]


def register(group: typer.Typer) -> None:
    @group.command("draft")
    def draft_command(
        snmprec: Path | None = typer.Option(None, help="Recorded walk of the device."),
        host: str = typer.Option("", help="Walk this device instead; with --config, also its name there."),
        mibs: list[Path] = typer.Option(..., help="Folder of MIB modules; may be repeated."),
        out: Path | None = typer.Option(None, help="File to write; without it standard output."),
        name: str = typer.Option("", help="Name of the profile; without it draft- and the product's name."),
        config: Path | None = typer.Option(
            None, "--config", "-c", help="Settings file: ask with the credentials of its inventory."
        ),
        community_env: list[str] = typer.Option(
            [], help="Environment variables that hold communities to try; without one: 'public'."
        ),
        version: str = typer.Option("2c", "--snmp-version", help="SNMP version: 1 or 2c."),
        port: int = typer.Option(161, min=1, max=65535, help="UDP port of the agent."),
        timeout: float = typer.Option(3.0, min=0.1, help="Seconds to wait for one answer."),
        profiles: list[Path] = typer.Option([], help="Further folders of profiles."),
    ) -> None:
        """Propose a profile for a device from a walk and its maker's MIB modules."""
        if version not in ("1", "2c"):
            raise ConfigError([Problem("", "--snmp-version", f"expected 1 or 2c, found {version!r}")])
        if name and not re.fullmatch(r"[a-z0-9][a-z0-9._-]*", name):
            raise ConfigError(
                [Problem("", "--name", f"expected lower case, digits, '-', '_' and '.', found {name!r}")]
            )
        if [bool(host), snmprec is not None].count(True) != 1:
            raise ConfigError([Problem("", "", "give either --host or --snmprec")])
        catalogue = load_catalogue()
        if snmprec is not None:
            recording = Recording.load(snmprec)
        elif config is not None:
            from netwatch.app import walk

            recording = answered(host, walk(host, config, os.environ, catalogue))
        else:
            asking = with_communities(host, community_env, _walk, version=version, port=port, timeout=timeout)
            recording = answered(host, asking)
        for problem in recording.problems[:3]:
            typer.echo(f"{recording.name}: {problem}", err=True)
        draft = draft_profile(
            recording, mibs, load_profiles([collectors_dir(), *profiles], catalogue), name=name
        )
        _tell(draft, out, catalogue)


async def _walk(wire: SnmpWire, target: Target) -> Recording:
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
