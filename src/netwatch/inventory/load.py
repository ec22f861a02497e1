"""From the files that the settings name to one Inventory: all of it, or all that is wrong with it."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netwatch.calendars import Calendar, load_calendars
from netwatch.config import Settings, expand
from netwatch.documents import did_you_mean, read_yaml
from netwatch.errors import ConfigError, InventoryError, Problem
from netwatch.inventory.circuits import build_circuits
from netwatch.inventory.devices import Devices, build_devices, unknown_credentials, weak_serial
from netwatch.inventory.models import AssetEntry, AssetFacts, DeviceEntry, SysLocationEntry
from netwatch.inventory.sources import Located, Raw, Where, read_source
from netwatch.inventory.tree import Tree, build_tree
from netwatch.model import Asset, EntityId, Inventory, InventoryDevice, LocationPattern

__all__ = ["LoadedInventory", "load_inventory", "read_inventory"]

DeviceId = Callable[[InventoryDevice], EntityId]


@dataclass(frozen=True, slots=True)
class LoadedInventory:
    """An inventory, and what is unwise in its files but works."""

    inventory: Inventory
    warnings: tuple[Problem, ...] = ()


def load_inventory(settings: Settings, env: Mapping[str, str], device_id: DeviceId) -> Inventory:
    """The inventory of all files that `settings.inventory` names, see `read_inventory`."""
    return read_inventory(settings, env, device_id).inventory


def read_inventory(settings: Settings, env: Mapping[str, str], device_id: DeviceId) -> LoadedInventory:  # noqa: ARG001 - NetBox will need a token from it
    """The inventory with its warnings.

    `device_id` gives the permanent id of each polled device; it is called only once all is right. Raises
    InventoryError with one Problem per mistake in any of the files.
    """
    raw = Raw()
    paths = expand(settings.inventory)
    for path in paths:
        read_source(path, raw)
    if raw.problems:
        # References into a file that could not be read would all look dangling: these come first.
        raise InventoryError(raw.problems)
    tree = build_tree(raw.places, settings.district, _calendars(settings))
    problems = tree.problems
    for spoken in (*raw.file_defaults, *tree.defaults.values()):
        problems.extend(unknown_credentials(spoken.entry.credentials, spoken.where, settings))
    devices = build_devices(raw.devices, settings, tree)
    problems.extend(devices.problems)
    assets = _Assets(devices)
    for device in raw.devices:
        assets.add_device(device)
    for asset in raw.assets:
        assets.add(asset)
    problems.extend(assets.problems)
    circuits = build_circuits(raw.circuits, devices.by_name, problems)
    locations = [_location(item, tree, problems) for item in raw.sys_location]
    if problems:
        order = {str(path): index for index, path in enumerate(paths)}
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


class _Assets:
    """Things with serials: those that devices name themselves, stack members, spares."""

    def __init__(self, devices: Devices) -> None:
        self.devices = devices
        self.found: list[Asset] = []
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._serials: dict[str, Where] = {}

    def add_device(self, item: Located[DeviceEntry]) -> None:
        entry, merged = item.entry, self.devices.merged.get(item.entry.name, {})
        serial = "" if weak_serial(entry.serial) else entry.serial  # warned of with the device
        said = [getattr(entry, name) for name in AssetFacts.model_fields if name != "serial"]
        if not serial and all(value in ("", None) for value in said):
            return
        self._take(entry, serial, entry.name, merged, item.where)

    def add(self, item: Located[AssetEntry]) -> None:
        entry, where = item.entry, item.where
        merged: dict[str, Any] = dict(self.devices.merged.get(entry.device, {}))
        for name in ("currency", "fund"):
            if getattr(entry, name) is not None:
                merged[name] = getattr(entry, name)
        if entry.device and entry.device not in self.devices.by_name:
            hint = did_you_mean(entry.device, self.devices.by_name)
            self.problems.append(where.problem("device", f"unknown device {entry.device!r}", hint))
        serial = entry.serial
        if weak_serial(serial):
            message = f"serial {serial!r} is a placeholder and is dropped"
            self.warnings.append(
                where.problem("serial", message, "leave it out, or write the one on the label")
            )
            serial = ""
        self._take(entry, serial, entry.device, merged, where)

    def _take(
        self, entry: AssetFacts, serial: str, device: str, merged: Mapping[str, Any], where: Where
    ) -> None:
        key = serial.casefold()
        if serial and key in self._serials:
            message = f"serial {serial!r} is there twice"
            self.problems.append(where.problem("serial", message, f"first at {self._serials[key]}"))
        self._serials.setdefault(key, where)
        self.found.append(
            Asset(
                serial=serial,
                device=device,
                asset_tag=entry.asset_tag,
                vendor=entry.vendor,
                model=entry.model,
                sku=entry.sku,
                installed=entry.installed,
                cost=entry.cost,
                currency=merged.get("currency", "USD"),
                fund=merged.get("fund", ""),
                warranty_until=entry.warranty_until,
                support_until=entry.support_until,
                support_cost=entry.support_cost,
            )
        )


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
