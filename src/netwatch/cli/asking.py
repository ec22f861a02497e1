"""What commands share that ask one device: options, profiles, and how silence is told."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import typer

from netwatch.discovery import Discovery, discover
from netwatch.errors import ConfigError, Problem, WireError, WireTimeout
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

__all__ = [
    "COMMUNITY_ENV",
    "CONFIG",
    "PORT",
    "PROFILES",
    "TIMEOUT",
    "VERSION",
    "answered",
    "check_version",
    "live_discovery",
    "load",
    "recorded_discovery",
    "shipped_and",
    "with_communities",
]

Answer = TypeVar("Answer")

CONFIG = typer.Option(
    None, "--config", "-c", help="Settings file: ask with the credentials of its inventory."
)
COMMUNITY_ENV = typer.Option(
    [], help="Environment variables that hold communities to try; without one: 'public'."
)
VERSION = typer.Option("2c", "--snmp-version", help="SNMP version: 1 or 2c.")
PORT = typer.Option(161, min=1, max=65535, help="UDP port of the agent.")
TIMEOUT = typer.Option(3.0, min=0.1, help="Seconds to wait for one answer.")
PROFILES = typer.Option([], help="Further folders of profiles.")


def check_version(version: str) -> None:
    """Raises ConfigError for what --snmp-version does not take."""
    if version not in ("1", "2c"):
        raise ConfigError([Problem("", "--snmp-version", f"expected 1 or 2c, found {version!r}")])


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


def load(dirs: list[Path]) -> tuple[ProfileSet, Catalogue]:
    """Profiles of these folders alone, and the families that they tell of."""
    catalogue = load_catalogue()
    return load_profiles(dirs, catalogue, cache=profile_cache(os.environ)), catalogue


def shipped_and(folders: list[Path]) -> tuple[ProfileSet, Catalogue]:
    """The shipped profiles and those of further folders; files that are refused are told."""
    loaded, catalogue = load([collectors_dir(), *folders])
    for problem in loaded.problems:
        typer.echo(str(problem), err=True)
    return loaded, catalogue


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
