"""From the files that the settings name to one Inventory: all of it, or all that is wrong with it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from netwatch.calendars import Calendar, load_calendars
from netwatch.config import Settings, expand
from netwatch.documents import read_yaml
from netwatch.errors import ConfigError, InventoryError, Problem
from netwatch.inventory.assets import Assets
from netwatch.inventory.circuits import build_circuits
from netwatch.inventory.devices import build_devices, unknown_credentials
from netwatch.inventory.models import SysLocationEntry
from netwatch.inventory.sources import Located, Raw, read_source
from netwatch.inventory.tree import Tree, build_tree
from netwatch.model import EntityId, Inventory, InventoryDevice, LocationPattern

__all__ = ["LoadedInventory", "assemble", "load_inventory", "read_inventory", "read_raw"]

DeviceId = Callable[[InventoryDevice], EntityId]


@dataclass(frozen=True, slots=True)
class LoadedInventory:
    """An inventory, and what is unwise in its files but works."""

    inventory: Inventory
    warnings: tuple[Problem, ...] = ()


def load_inventory(settings: Settings, env: Mapping[str, str], device_id: DeviceId) -> Inventory:
    """The inventory of all files that `settings.inventory` names, see `read_inventory`."""
    return read_inventory(settings, env, device_id).inventory


def read_inventory(settings: Settings, env: Mapping[str, str], device_id: DeviceId) -> LoadedInventory:  # noqa: ARG001 - a source of secrets, should a file need one
    """The inventory with its warnings.

    `device_id` gives the permanent id of each polled device; it is called only once all is right. Raises
    InventoryError with one Problem per mistake in any of the files.
    """
    return assemble(read_raw(settings), settings, device_id)


def read_raw(settings: Settings, but: Path | None = None) -> Raw:
    """The entries of all files that the settings name, without the file `but`. Raises InventoryError."""
    raw = Raw()
    for path in expand(settings.inventory):
        if but is None or path.absolute() != but.absolute():
            read_source(path, raw)
    if raw.problems:
        # References into a file that could not be read would all look dangling: these come first.
        raise InventoryError(raw.problems)
    return raw


def assemble(raw: Raw, settings: Settings, device_id: DeviceId) -> LoadedInventory:
    """Entries as an inventory, see `read_inventory`."""
    tree = build_tree(raw.places, settings.district, _calendars(settings))
    problems = tree.problems
    for spoken in (*raw.file_defaults, *tree.defaults.values()):
        problems.extend(unknown_credentials(spoken.entry.credentials, spoken.where, settings))
    devices = build_devices(raw.devices, settings, tree)
    problems.extend(devices.problems)
    assets = Assets(devices, tree)
    for device in raw.devices:
        assets.add_device(device)
    for asset in raw.assets:
        assets.add(asset)
    problems.extend(assets.problems)
    circuits = build_circuits(raw.circuits, devices.by_name, problems)
    locations = [_location(item, tree, problems) for item in raw.sys_location]
    if problems:
        order = {str(path): index for index, path in enumerate(expand(settings.inventory))}
        raise InventoryError(sorted(problems, key=lambda each: (order.get(each.file, 0), each.line or 0)))
    inventory = Inventory(
        district=settings.district.slug,
        places=tree.places(),
        devices={name: _with_id(device, device_id) for name, device in devices.by_name.items()},
        assets=tuple(assets.found),
        circuits=circuits,
        locations=tuple(pattern for pattern in locations if pattern is not None),
    )
    return LoadedInventory(inventory, (*devices.warnings, *assets.warnings))


def _with_id(device: InventoryDevice, device_id: DeviceId) -> InventoryDevice:
    if device.target is None:
        return device
    return replace(device, target=replace(device.target, device=device_id(device)))


def _calendars(settings: Settings) -> Mapping[str, Calendar] | None:
    """Known calendars; None where their files are wrong, which whoever loads them for use will tell."""
    try:
        return load_calendars(map(read_yaml, expand(settings.calendars)))
    except ConfigError:
        return None


def _location(item: Located[SysLocationEntry], tree: Tree, problems: list[Problem]) -> LocationPattern | None:
    entry, where = item.entry, item.where
    try:
        pattern = re.compile(entry.pattern, re.IGNORECASE)
    except re.error as error:
        problems.append(where.problem("pattern", f"is no regular expression: {error}"))
        return None
    names = set(_names(entry.place))
    unknown = sorted(names - set(pattern.groupindex))
    if unknown:
        hint = f"write (?P<{unknown[0]}>...) into the pattern"
        problems.append(where.problem("place", f"no group {unknown[0]!r} in the pattern", hint))
    elif not names and tree.find(entry.place) is None:
        problems.append(where.problem("place", f"unknown place {entry.place!r}", tree.hint(entry.place)))
    return LocationPattern(pattern, tree.id_of(entry.place))


def _names(template: str) -> Iterator[str]:
    try:
        for _, name, _, _ in string.Formatter().parse(template):
            if name is not None:
                yield name
    except ValueError:
        yield template
