"""A whole district for plans: switches, access points, servers, register, ledger and alerts, without a wire.

Of each switch, 5 ports of 52 are used; to ten switches come six access points of two radios each and, to
twenty, one server. Some of all that is old, full, moved or entered wrongly, so that no plan is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from tests.bench.synthetic import PORTS, Synthetic

from netwatch.calendars import Calendar, Calendars, Closure
from netwatch.model import (
    Alert,
    AlertState,
    Asset,
    AssetTenure,
    Circuit,
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Severity,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.state.entity_table import EntityTable

__all__ = ["USED", "PlanDistrict", "make_district"]

USED = 5
"""Ports of a switch that carry anything; the first one is its uplink."""
_ROOMS = 20
_WINGS = 4
_DAY = 86400.0
_MODELS = 40
_CHANNELS = (36, 44, 52, 60, 100, 108, 116, 124, 132, 140, 149, 157)
_LEVELS = {
    "elementary": (8 * 3600, 15 * 3600),
    "middle": (8 * 3600, 15 * 3600),
    "high": (7 * 3600, 14 * 3600),
}


@dataclass(frozen=True)
class PlanDistrict:
    snapshot: Snapshot
    calendars: Calendars
    tenures: tuple[AssetTenure, ...]
    alerts: tuple[Alert, ...]
    series: Mapping[str, tuple[EntityId, ...]]
    """What history is made of, by sort: devices, ports, radios and so on."""


@dataclass
class _Parts:
    """Entities by sort beside those of the switches."""

    entities: dict[EntityId, Entity]
    series: dict[str, list[EntityId]]
    links: list[tuple[EntityId, EntityId]]
    devices: dict[str, InventoryDevice]
    places: dict[PlaceId, Place]

    def device(self, key: str, name: str, kind: DeviceKind, role: str, place: PlaceId) -> EntityId:
        device = EntityId(key)
        facts = {"kind": kind.value, "role": role, "serial": _serial(name), "model": _model(name)}
        facts |= {"vendor": "acme", "version": "1.2.3"}
        self.entities[device] = Entity(device, EntityKind.DEVICE, device, None, name, "", name, facts)
        target = Target(device, name, ("192.0.2.1",))
        serves = (place,) if kind is DeviceKind.WIRELESS else ()
        self.devices[name] = InventoryDevice(name, target, kind, role, place, serves=serves)
        self.series["devices"].append(device)
        return device

    def part(
        self, sort: str, device: EntityId, kind: EntityKind, name: str, facts: Mapping[str, str]
    ) -> None:
        key = EntityId(f"{device}/{name}")
        self.entities[key] = Entity(key, kind, device, device, name, name, name, dict(facts))
        self.series[sort].append(key)


def make_district(switches: int, seed: int = 5) -> PlanDistrict:
    """About thirty schools to a thousand switches."""
    schools = max(2, switches * 3 // 100)
    fleet = Synthetic(switches, sites=schools)
    first = fleet.snapshot()
    names = ("devices", "ports", "radios", "volumes", "processors", "memories", "heat", "power", "pse")
    parts = _Parts(
        {}, {name: [] for name in names}, list(first.links), {}, dict(fleet.inventory.places.by_id)
    )
    rooms = _places(parts, schools)
    _switches(parts, fleet, rooms)
    for number in range(switches * 6 // 10):
        _access_point(parts, number, rooms, switches)
    for number in range(max(1, switches // 20)):
        _server(parts, number, rooms)
    table = EntityTable()
    table.update({**first.entities, **parts.entities})
    inventory = replace(
        fleet.inventory,
        places=Places(parts.places),
        devices=parts.devices,
        assets=tuple(_asset(number, one, schools) for number, one in enumerate(parts.devices.values())),
        circuits=tuple(_circuit(school) for school in range(schools)),
    )
    at = first.at.wall
    columns = {**first.columns, **_columns(parts, at, np.random.default_rng(seed))}
    snapshot = replace(
        first,
        entities=table.freeze(),
        columns=columns,
        inventory=inventory,
        links=tuple(parts.links),
        _children={},
    )
    series = {name: tuple(found) for name, found in parts.series.items()}
    return PlanDistrict(
        snapshot, _calendars(schools), _ledger(parts, at), _alerts(series["devices"], at), series
    )


def _places(parts: _Parts, schools: int) -> list[list[PlaceId]]:
    """Adds wings and rooms; the rooms of each school."""
    out = []
    levels = list(_LEVELS)
    for number in range(schools):
        school = PlaceId(f"district/school-{number}")
        facts = SchoolFacts(
            levels[number % 3], 300 + 13 * number % 900, staff=40, calendar=levels[number % 3]
        )
        parts.places[school] = replace(parts.places[school], school=facts)
        rooms = []
        for wing in range(_WINGS):
            key = PlaceId(f"{school}/wing-{wing}")
            parts.places[key] = Place(key, PlaceKind.WING, f"Wing {wing}", school)
            for room in range(_ROOMS // _WINGS):
                inside = PlaceId(f"{key}/room-{room}")
                parts.places[inside] = Place(inside, PlaceKind.ROOM, f"Room {wing}{room}", key)
                rooms.append(inside)
        out.append(rooms)
    return out


def _switches(parts: _Parts, fleet: Synthetic, rooms: list[list[PlaceId]]) -> None:
    for number, (name, one) in enumerate(fleet.inventory.devices.items()):
        assert one.target is not None
        device = one.target.device
        there = rooms[number % len(rooms)]
        role = "core" if number % 50 == 0 else "access"
        parts.devices[name] = replace(
            one,
            kind=DeviceKind.SWITCH,
            role=role,
            place=there[number // len(rooms) % len(there)],
            serves=(there[number % len(there)],),
        )
        facts = {"kind": "switch", "role": role, "serial": _serial(name), "model": _model(name)}
        facts |= {"vendor": "acme", "version": "15.2", "site": f"district/school-{number % len(rooms)}"}
        parts.entities[device] = replace(fleet.entities[device], facts=facts)
        parts.series["devices"].append(device)
        parts.series["ports"] += [EntityId(f"p{number * PORTS + port:019x}") for port in range(USED)]
        parts.part("processors", device, EntityKind.PROCESSOR, "cpu", {})
        parts.part("heat", device, EntityKind.SENSOR, "inlet", {})
        parts.part("power", device, EntityKind.SENSOR, "psu 1", {})
        parts.part("pse", device, EntityKind.PSE, "group 1", {})


def _access_point(parts: _Parts, number: int, rooms: list[list[PlaceId]], switches: int) -> None:
    there = rooms[number % len(rooms)]
    room = there[number // len(rooms) % len(there)]
    device = parts.device(f"a{number:019x}", f"ap-{number}", DeviceKind.WIRELESS, "ap", room)
    for band in ("2.4ghz", "5ghz"):
        parts.part("radios", device, EntityKind.RADIO, band, {"band": band})
    switch = number * 10 // 6 % switches
    parts.links.append((EntityId(f"p{switch * PORTS + 1 + number % 4:019x}"), device))


def _server(parts: _Parts, number: int, rooms: list[list[PlaceId]]) -> None:
    room = rooms[number % len(rooms)][0]
    role = "hypervisor" if number % 5 == 0 else "server"
    device = parts.device(f"s{number:019x}", f"srv-{number}", DeviceKind.SERVER, role, room)
    parts.part("volumes", device, EntityKind.VOLUME, "data", {"kind": "fixedDisk"})
    parts.part("processors", device, EntityKind.PROCESSOR, "cpu", {})
    parts.part("memories", device, EntityKind.MEMORY, "system", {"class": "system"})


def _asset(number: int, one: InventoryDevice, schools: int) -> Asset:
    """Every fortieth one stands in the register under another device's name."""
    return Asset(
        _serial(one.name),
        one.name if number % 40 else "",
        asset_tag=f"T{number:06}",
        vendor="acme",
        model=_model(one.name),
        installed=date(2012 + number % 14, 8, 1),
        cost=float(400 + number % 9 * 700),
        fund=("general", "bond", "grant")[number % 3],
        support_cost=40.0 + number % 7,
        place=PlaceId(f"district/school-{number % schools}"),
    )


def _circuit(school: int) -> Circuit:
    return Circuit(
        f"C-{school:04}", f"sw-{school}", "Gi1/0/0", "carrier", rate=1e9, contract_until=date(2028, 6, 30)
    )


def _serial(name: str) -> str:
    return f"SN-{name.upper()}"


def _model(name: str) -> str:
    kind, _, number = name.partition("-")
    return f"{kind.upper()}-{int(number) % _MODELS}"


def _columns(parts: _Parts, at: float, rng: np.random.Generator) -> dict[str, Column]:
    catalogue = load_catalogue()
    series = parts.series
    radios = series["radios"]
    sorts: dict[str, tuple[list[EntityId], np.ndarray]] = {
        "netwatch_device_up": (series["devices"], np.ones(len(series["devices"]))),
        "netwatch_radio_channel": (radios, rng.choice(np.array(_CHANNELS), len(radios)).astype(float)),
        "netwatch_radio_frequency_hertz": (radios, np.full(len(radios), 5.2e9)),
        "netwatch_processor_utilization_ratio": (
            series["processors"],
            rng.uniform(0, 1, len(series["processors"])),
        ),
        "netwatch_sensor_temperature_celsius": (series["heat"], np.full(len(series["heat"]), 40.0)),
        "netwatch_sensor_temperature_limit_celsius": (series["heat"], np.full(len(series["heat"]), 60.0)),
        "netwatch_sensor_power_watts": (series["power"], np.full(len(series["power"]), 120.0)),
        "netwatch_sensor_state_level": (series["power"], (rng.random(len(series["power"])) < 0.01) * 2.0),
        "netwatch_pse_budget_watts": (series["pse"], np.full(len(series["pse"]), 740.0)),
        "netwatch_pse_used_watts": (series["pse"], np.full(len(series["pse"]), 300.0)),
        "netwatch_memory_size_bytes": (series["memories"], np.full(len(series["memories"]), 256e9)),
        "netwatch_memory_used_bytes": (series["memories"], np.full(len(series["memories"]), 100e9)),
        "netwatch_volume_size_bytes": (series["volumes"], np.full(len(series["volumes"]), 4e12)),
        "netwatch_volume_used_bytes": (
            series["volumes"],
            rng.uniform(1e12, 3.9e12, len(series["volumes"])),
        ),
    }
    return {
        name: Column(
            catalogue[name],
            tuple(entities),
            ((),) * len(entities),
            values,
            np.full(len(entities), np.nan),
            np.full(len(entities), at - 30),
            np.ones(len(entities), dtype=np.bool_),
        )
        for name, (entities, values) in sorts.items()
    }


def _calendars(schools: int) -> Calendars:
    """One for each level; every tenth school was closed on a day of its own."""
    named = {
        name: Calendar(
            name,
            "America/Chicago",
            {"regular": (hours,)},
            ("regular",) * 5 + ("", ""),
            tuple((date(year, 8, 15), date(year + 1, 5, 25)) for year in range(2022, 2028)),
        )
        for name, hours in _LEVELS.items()
    }
    closures = [
        Closure(f"school-{number}", date(2026, 10, 1 + number % 28), date(2026, 10, 1 + number % 28))
        for number in range(0, schools, 10)
    ]
    return Calendars(named, closures)


def _ledger(parts: _Parts, at: float) -> tuple[AssetTenure, ...]:
    """Every fiftieth thing was exchanged half a year ago."""
    out = []
    for number, one in enumerate(parts.devices.values()):
        assert one.target is not None
        serial, device, model = _serial(one.name), one.target.device, _model(one.name)
        begin, middle = at - 700 * _DAY, at - 180 * _DAY
        if number % 50:
            out.append(AssetTenure(serial, device, "", model, begin, at))
        else:
            out.append(AssetTenure(serial, device, "", model, begin, middle, middle))
            out.append(AssetTenure(f"{serial}-B", device, "", model, middle, at))
    return tuple(out)


def _alerts(devices: tuple[EntityId, ...], at: float) -> tuple[Alert, ...]:
    """Two a year of each device, of two hours."""
    return tuple(
        Alert(
            f"{device}-{number}",
            "device-down",
            device,
            device,
            AlertState.RESOLVED,
            Severity.WARNING,
            began,
            began,
            began + 7200,
            0.0,
            "down",
        )
        for place, device in enumerate(devices)
        for number in range(2)
        for began in (at - (20 + (place * 7 + number * 150) % 300) * _DAY,)
    )
