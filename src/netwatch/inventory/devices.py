"""Devices out of their entries: defaults of files and places, credentials, addresses, serials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from netwatch.config import CredentialSet, DeviceDefaults, HttpCredentials, ReachabilityOverrides, Settings
from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.inventory.dependencies import misnamed
from netwatch.inventory.models import DeviceEntry
from netwatch.inventory.sources import Located, Where
from netwatch.inventory.tree import Tree
from netwatch.model import (
    EntityId,
    HttpAccess,
    InventoryDevice,
    PlaceId,
    Reachability,
    ReachabilityMethod,
    Target,
)

__all__ = ["Devices", "build_devices", "unknown_credentials", "weak_serial"]

_WEAK = frozenset(
    [
        "none",
        "na",
        "null",
        "nil",
        "unknown",
        "unspecified",
        "default",
        "defaultstring",
        "string",
        "empty",
        "serial",
        "serialnumber",
        "notspecified",
        "notavailable",
        "notapplicable",
        "notpresent",
        "tobefilledbyoem",
        "systemserialnumber",
        "chassisserialnumber",
        "123456789",
        "0123456789",
        "1234567890",
        "xxxxxxxxxx",
    ]
)


def weak_serial(serial: str) -> bool:
    """Whether it is a placeholder that many devices share: `0`, `N/A`, `To be filled by O.E.M.` ..."""
    bare = re.sub(r"[^a-z0-9]", "", serial.lower())
    return bool(serial) and (bare in _WEAK or len(set(bare)) <= 1)


@dataclass(slots=True)
class Devices:
    """Devices under construction."""

    by_name: dict[str, InventoryDevice] = field(default_factory=dict)
    """Targets have no entity id yet."""
    merged: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What holds for each device after all defaults, by key of DeviceDefaults."""
    where: dict[str, Where] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def unknown_credentials(names: tuple[str, ...], where: Where, settings: Settings) -> Iterator[Problem]:
    for name in names:
        if name not in settings.credentials:
            hint = did_you_mean(name, settings.credentials)
            yield where.problem("credentials", f"unknown credentials {name!r}", hint)


def build_devices(entries: list[Located[DeviceEntry]], settings: Settings, tree: Tree) -> Devices:
    """Devices by name, with what is wrong in `.problems` and what is unwise in `.warnings`."""
    out = Devices()
    for item in entries:
        entry, where = item.entry, item.where
        if entry.name in out.by_name:
            message = f"device {entry.name!r} is defined twice"
            out.problems.append(where.problem("name", message, f"first at {out.where[entry.name]}"))
            continue
        place = _find(tree, entry.place, "place", where, out)
        merged = _merge(_layers(item, settings, tree, place))
        out.problems.extend(unknown_credentials(entry.credentials, where, settings))
        serial = entry.serial
        if weak_serial(serial):
            message = f"serial {serial!r} is a placeholder and is dropped"
            out.warnings.append(
                where.problem("serial", message, "leave it out, or write the one on the label")
            )
            serial = ""
        serves = [_find(tree, path, "serves", where, out) for path in entry.serves]
        out.where[entry.name] = where
        out.merged[entry.name] = merged
        out.by_name[entry.name] = InventoryDevice(
            name=entry.name,
            target=_target(entry, merged, settings, where, out),
            kind=merged.get("kind"),
            role=merged.get("role") or "",
            place=place,
            tags=merged.get("tags", ()),
            serves=tuple(room for room in serves if room is not None),
            serial=serial,
            mac=entry.mac,
            life_safety=entry.life_safety,
            vendor=entry.vendor,
            model=entry.model,
            interface_speeds=dict(entry.interface_speeds),
            depends_on=entry.depends_on,
            fed_by=entry.fed_by,
        )
    out.problems.extend(misnamed(out.by_name, out.where))
    _duplicates(out)
    _shared_macs(out)
    return out


def _find(tree: Tree, path: str | None, key: str, where: Where, out: Devices) -> PlaceId | None:
    if not path:
        return None
    found = tree.find(path)
    if found is None:
        out.problems.append(where.problem(key, f"unknown place {path!r}", tree.hint(path)))
    return found


def _layers(
    item: Located[DeviceEntry], settings: Settings, tree: Tree, place: PlaceId | None
) -> Iterator[DeviceDefaults]:
    """What speaks for a device, the least specific first."""
    yield settings.defaults
    if item.defaults is not None:
        yield item.defaults
    steps = () if place is None else place.split("/")
    for depth in range(1, len(steps) + 1):
        at = PlaceId("/".join(steps[:depth]))
        if at in tree.defaults:
            yield tree.defaults[at].entry
    if place is None and tree.district in tree.defaults:
        yield tree.defaults[tree.district].entry
    yield item.entry


def _merge(layers: Iterator[DeviceDefaults]) -> dict[str, Any]:
    """Values by key: the most specific layer that sets one wins. Tags add up, reachability merges by key."""
    out: dict[str, Any] = {}
    for layer in layers:
        for name in DeviceDefaults.model_fields:
            if name not in layer.model_fields_set:
                continue
            value = getattr(layer, name)
            if name == "tags":
                value = tuple(dict.fromkeys((*out.get(name, ()), *value)))
            elif isinstance(value, ReachabilityOverrides):
                known = {key: getattr(value, key) for key in value.model_fields_set}
                value = {**out.get(name, {}), **known}
            if value is not None:
                out[name] = value
    return out


def _target(
    entry: DeviceEntry, merged: Mapping[str, Any], settings: Settings, where: Where, out: Devices
) -> Target | None:
    for index, address in enumerate(entry.addresses):
        if address in entry.addresses[:index]:
            out.problems.append(where.problem("addresses", f"{address} is written twice"))
    # Without an address, who names credentials itself is an account in a cloud; what inherits them is no more
    # than known.
    if not entry.addresses and not entry.credentials:
        return None
    way = _combine(merged.get("credentials", ()), settings, where, out)
    if not entry.addresses:
        if way.http is None or not way.http.fixed:
            return None
        way = CredentialSet.model_construct(snmp=None, ssh=None, http=way.http, sip=None)
    if way == CredentialSet():
        out.warnings.append(
            where.problem(
                (), f"device {entry.name!r} has no credentials", "it is only checked for reachability"
            )
        )
    polling, base = settings.polling, settings.reachability
    interval = merged.get("interval", polling.interval)
    own: Mapping[str, Any] = merged.get("reachability", {})
    snmp = way.snmp
    return Target(
        device=EntityId(""),
        name=entry.name,
        addresses=entry.addresses,
        reply_from=entry.reply_from,
        snmp=None
        if snmp is None
        else snmp.access(port=merged.get("port"), timeout=polling.timeout, retries=polling.retries),
        ssh=None if way.ssh is None else way.ssh.access(),
        http=None if way.http is None else _http(way.http, entry, merged.get("credentials", ()), settings),
        sip=None if way.sip is None else way.sip.access(),
        reachability=Reachability(
            method=(own.get("method") or base.method) if entry.addresses else ReachabilityMethod.NONE,
            port=own.get("port") or base.port,
            timeout=own.get("timeout") or base.timeout,
        ),
        interval=interval,
        deadline=min(merged.get("deadline", polling.deadline), interval),
        profile=merged.get("profile", ""),
        limits=dict(entry.limits),
    )


def _http(way: HttpCredentials, entry: DeviceEntry, names: tuple[str, ...], settings: Settings) -> HttpAccess:
    sets = {name: settings.credentials[name].http for name in names if name in settings.credentials}
    name = next((name for name, http in sets.items() if http is way), "")
    return way.access(entry.addresses[0] if entry.addresses else "", name)


def _combine(names: tuple[str, ...], settings: Settings, where: Where, out: Devices) -> CredentialSet:
    """One way in per protocol out of several sets. Unknown names were told of where they stand."""
    found: dict[str, Any] = {}
    origin: dict[str, str] = {}
    for name in dict.fromkeys(names):
        one = settings.credentials.get(name, CredentialSet())
        for protocol in CredentialSet.model_fields:
            access = getattr(one, protocol)
            if access is None:
                continue
            if protocol in found:
                message = f"credentials {origin[protocol]!r} and {name!r} both bring {protocol}"
                out.problems.append(where.problem("credentials", message, "name one of them"))
            found.setdefault(protocol, access)
            origin.setdefault(protocol, name)
    return CredentialSet.model_construct(**{name: found.get(name) for name in CredentialSet.model_fields})


def _duplicates(out: Devices) -> None:
    """Two devices can't share an address and port, or names that differ in case only."""
    seen: dict[tuple[str, Any], str] = {}
    for device in out.by_name.values():
        claims: list[tuple[str, Any, str]] = [("name", device.name.casefold(), device.name)]
        if device.target is not None:
            port = 0 if device.target.snmp is None else device.target.snmp.port
            claims += [("addresses", (each, port), each) for each in dict.fromkeys(device.target.addresses)]
        for key, claim, shown in claims:
            other = seen.setdefault((key, claim), device.name)
            if other != device.name:
                out.problems.append(
                    out.where[device.name].problem(
                        key, f"{shown} is also that of device {other!r}", f"see {out.where[other]}"
                    )
                )


def _shared_macs(out: Devices) -> None:
    """A MAC address of two devices, as clones and slips of the pen bring it, is evidence for neither."""
    first: dict[str, str] = {}
    shared: set[str] = set()
    for device in out.by_name.values():
        other = first.setdefault(device.mac, device.name) if device.mac else device.name
        if other != device.name:
            shared.add(device.mac)
            message = f"{device.mac} is also that of device {other!r} and is dropped from both"
            out.warnings.append(out.where[device.name].problem("mac", message, f"see {out.where[other]}"))
    for name, device in out.by_name.items():
        if device.mac in shared:
            out.by_name[name] = replace(device, mac="")
