"""Asks one device of an inventory, once, with its own credentials and the user's own profiles."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netwatch.app.loading import load_configuration
from netwatch.app.wires import Wires
from netwatch.discovery import Discovery, discover
from netwatch.documents import did_you_mean
from netwatch.drafting import walk_agent
from netwatch.errors import InventoryError, Problem, WireError, WireTimeout
from netwatch.model import Catalogue, Inventory, SystemClock, Target
from netwatch.wire import Recording

__all__ = ["ask", "walk"]


async def ask(device: str, settings_file: Path, env: Mapping[str, str], catalogue: Catalogue) -> Discovery:
    """`device` is a name or a management address. Raises ConfigError, WireError."""
    configuration = load_configuration(settings_file, env, catalogue)
    target = _target(device, configuration.inventory, settings_file)
    clock = SystemClock()
    wires = Wires(clock, ssh_workers=1)
    try:
        return await discover(
            target,
            snmp=wires.snmp,
            ssh=wires.ssh,
            http=wires.http,
            profiles=configuration.profiles,
            clock=clock,
        )
    except WireTimeout as error:
        if target.snmp is not None:
            raise
        raise WireError(str(error)) from None  # what is said of silent agents does not hold for an API
    finally:
        await wires.close()


async def walk(device: str, settings_file: Path, env: Mapping[str, str], catalogue: Catalogue) -> Recording:
    """All that a device of the inventory tells over SNMP. Raises ConfigError, WireError."""
    configuration = load_configuration(settings_file, env, catalogue)
    target = _target(device, configuration.inventory, settings_file)
    if target.snmp is None:
        raise InventoryError([Problem(str(settings_file), "", f"device {device!r} is not asked over SNMP")])
    wires = Wires(SystemClock(), ssh_workers=1)
    try:
        return await walk_agent(wires.snmp.session(target), target.name)
    finally:
        await wires.close()


def _target(device: str, inventory: Inventory, settings_file: Path) -> Target:
    polled = [entry.target for entry in inventory.devices.values() if entry.target is not None]
    for target in polled:
        if device == target.name or device in target.addresses:
            return target
    hint = did_you_mean(device, [target.name for target in polled])
    raise InventoryError([Problem(str(settings_file), "", f"no polled device {device!r}", hint)])
