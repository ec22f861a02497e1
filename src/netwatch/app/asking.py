"""Asks one device of an inventory, once, with its own credentials and the user's own profiles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from netwatch.app.loading import Configuration, load_configuration
from netwatch.app.wires import Wires
from netwatch.discovery import Discovery, discover
from netwatch.documents import did_you_mean
from netwatch.errors import InventoryError, Problem, WireError, WireTimeout
from netwatch.model import Catalogue, Inventory, SystemClock, Target
from netwatch.wire import SnmpWire

__all__ = ["ask", "ask_over_snmp"]

Answer = TypeVar("Answer")


async def ask(device: str, settings_file: Path, env: Mapping[str, str], catalogue: Catalogue) -> Discovery:
    """`device` is a name or a management address. Raises ConfigError, WireError."""
    async with _reached(device, settings_file, env, catalogue) as (configuration, target, wires):
        try:
            return await discover(
                target,
                snmp=wires.snmp,
                ssh=wires.ssh,
                http=wires.http,
                profiles=configuration.profiles,
                clock=SystemClock(),
            )
        except WireTimeout as error:
            if target.snmp is not None:
                raise
            raise WireError(str(error)) from None  # what is said of silent agents does not hold for an API


async def ask_over_snmp(
    device: str,
    settings_file: Path,
    env: Mapping[str, str],
    catalogue: Catalogue,
    asking: Callable[[SnmpWire, Target], Awaitable[Answer]],
) -> Answer:
    """What `asking` finds out of a device of the inventory. Raises ConfigError, WireError."""
    async with _reached(device, settings_file, env, catalogue) as (_, target, wires):
        if target.snmp is None:
            message = f"device {device!r} is not asked over SNMP"
            raise InventoryError([Problem(str(settings_file), "", message)])
        return await asking(wires.snmp, target)


@asynccontextmanager
async def _reached(
    device: str, settings_file: Path, env: Mapping[str, str], catalogue: Catalogue
) -> AsyncIterator[tuple[Configuration, Target, Wires]]:
    configuration = load_configuration(settings_file, env, catalogue)
    target = _target(device, configuration.inventory, settings_file)
    wires = Wires(SystemClock(), ssh_workers=1)
    try:
        yield configuration, target, wires
    finally:
        await wires.close()


def _target(device: str, inventory: Inventory, settings_file: Path) -> Target:
    polled = [entry.target for entry in inventory.devices.values() if entry.target is not None]
    for target in polled:
        if device == target.name or device in target.addresses:
            return target
    hint = did_you_mean(device, [target.name for target in polled])
    raise InventoryError([Problem(str(settings_file), "", f"no polled device {device!r}", hint)])
