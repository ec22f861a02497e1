"""A complete configuration for the daemon that polls the simulated district."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from netwatch.simulate.build import point_facts
from netwatch.simulate.district import AccessPoint, District, School, SimDevice
from netwatch.simulate.links import link_speed, port_name
from netwatch.simulate.server import DEFAULT_ECHO_PORT, DEFAULT_PORT

__all__ = ["write_config"]

_NOTE = "# Written by `netwatch simulate`: an invented district with invented prices.\n"
_LIFE_SAFETY = frozenset({"pbx", "gateway", "repeater"})
"""Roles that carry calls for help."""


def write_config(
    district: District,
    directory: Path,
    *,
    port: int = DEFAULT_PORT,
    echo_port: int = DEFAULT_ECHO_PORT,
    at: float,
    interval: float = 60.0,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Writes netwatch.yaml, inventory/, calendars/ and secrets/ below `directory`; returns the former's path.

    `at`: wall seconds, for the terms of the calendars. `interval`: seconds between polls. `settings`: top
    level keys of netwatch.yaml, beside or instead of those that are written here. Raises OSError.
    """
    for name in ("inventory", "calendars", "secrets"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    (directory / "secrets").chmod(0o700)
    document = _settings(district, port, echo_port, interval, directory)
    document.update(settings or {})
    path = directory / "netwatch.yaml"
    _write(path, document)
    _write(
        directory / "inventory" / "places.yaml",
        {"places": [_place(district, one) for one in district.schools]},
    )
    devices = [_device(one) for one in district.devices]
    devices += [_access_point(district, one) for one in district.access_points()]
    _write(directory / "inventory" / "devices.yaml", {"devices": devices})
    _write(directory / "inventory" / "circuits.yaml", {"circuits": list(_circuits(district, at))})
    _write(directory / "calendars" / "school-year.yaml", {"calendars": _calendars(district, at)})
    return path


def _write(path: Path, document: dict[str, Any]) -> None:
    text = yaml.dump(document, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(_NOTE + text, encoding="utf-8")


def _secret(directory: Path, name: str, text: str) -> dict[str, str]:
    path = directory / "secrets" / name
    path.touch(mode=0o600)
    path.write_text(text + "\n", encoding="utf-8")
    return {"file": f"secrets/{name}"}


def _settings(
    district: District, port: int, echo_port: int, interval: float, directory: Path
) -> dict[str, Any]:
    spec = district.library.district
    common = {"port": port, "timeout": 2.0}
    community: Any = spec.community
    if community != "public":
        community = _secret(directory, "community", community)
    credentials: dict[str, Any] = {"simulated": {"snmp": {"version": "2c", "community": community, **common}}}
    for user in spec.users:
        credentials[f"simulated-{user.name}"] = {
            "snmp": {
                "version": "3",
                "user": user.name,
                "auth": user.auth.value,
                "auth_password": _secret(directory, f"{user.name}-auth", user.auth_password),
                "privacy": user.privacy.value,
                "privacy_password": _secret(directory, f"{user.name}-privacy", user.privacy_password),
                **common,
            }
        }
    return {
        "district": {"name": spec.name, "slug": spec.slug, "timezone": spec.timezone},
        "state_dir": "var",
        "inventory": ["inventory/*.yaml"],
        "calendars": ["calendars/*.yaml"],
        "credentials": credentials,
        "defaults": {"credentials": "simulated"},
        "polling": {"interval": interval},
        "reachability": {"method": "udp-echo", "port": echo_port},
        "web": {"listen": "127.0.0.1:8600"},
    }


def _wing_slug(wing: int) -> str:
    return f"wing-{'abcdefgh'[wing - 1]}"


def _place(district: District, school: School) -> dict[str, Any]:
    wings: list[dict[str, Any]] = []
    points = [point for point in district.access_points() if point.school is school]
    for wing in range(1, school.wings + 1):
        rooms = sorted({point.room for point in points if point.wing == wing})
        wings.append(
            {
                "id": _wing_slug(wing),
                "kind": "wing",
                "name": f"Wing {'ABCDEFGH'[wing - 1]}",
                "places": [
                    {"id": f"idf-{wing}", "kind": "closet", "name": f"IDF {wing}"},
                    *({"id": f"room-{room}", "kind": "room", "name": f"Room {room}"} for room in rooms),
                ],
            }
        )
    building = {
        "id": "main",
        "kind": "building",
        "name": "Main building",
        "places": [{"id": "mdf", "kind": "closet", "name": "MDF"}, *wings],
    }
    if school.number < 0:
        return {**building, "id": school.slug, "name": school.name}
    return {
        "id": school.slug,
        "kind": "school",
        "name": school.name,
        "level": school.level,
        "enrolment": school.enrolment,
        "staff": school.staff,
        "classrooms": school.classrooms,
        "calendar": school.level,
        "places": [building],
    }


def _closet(device: SimDevice) -> str:
    base = f"{device.school.slug}/main" if device.school.number >= 0 else device.school.slug
    return f"{base}/{_wing_slug(device.wing)}/idf-{device.wing}" if device.wing else f"{base}/mdf"


def _room(point: AccessPoint) -> str:
    return f"{point.school.slug}/main/{_wing_slug(point.wing)}/room-{point.room}"


def _device(device: SimDevice) -> dict[str, Any]:
    template = device.template
    entry: dict[str, Any] = {
        "name": device.name,
        "addresses": [device.address],
        "kind": template.kind.value,
        "role": template.role,
        "place": _closet(device),
        "serial": device.entered_serial or device.serial,
        "mac": device.mac,
        "vendor": template.vendor,
        "model": template.model,
    }
    if device.user:
        entry["credentials"] = f"simulated-{device.user}"
    if device.installed:
        entry["installed"] = date.fromisoformat(device.installed)
    if template.cost is not None:
        entry |= {"cost": template.cost, "fund": "invented"}
    rooms = sorted({_room(point) for point in device.served})
    if rooms:
        entry["serves"] = rooms
    if template.role in _LIFE_SAFETY:
        entry["life_safety"] = True
    return entry


def _access_point(district: District, point: AccessPoint) -> dict[str, Any]:
    facts = point_facts(district, point)
    entry: dict[str, Any] = {
        "name": point.name,
        "kind": "wireless",
        "role": "ap",
        "place": _room(point),
        "mac": point.mac,
        "vendor": point.controller.template.vendor,
        "model": facts["model"],
        "serial": facts["serial"],
        "serves": [_room(point)],
        "cost": 780.0,
        "fund": "invented",
    }
    if point.controller.installed:
        entry["installed"] = date.fromisoformat(point.controller.installed)
    return entry


def _circuits(district: District, at: float) -> Iterator[dict[str, Any]]:
    """Lines to the world, which ports tell of, and those between the schools' cores and the office."""
    spec = district.library.district
    year = datetime.fromtimestamp(at, ZoneInfo(spec.timezone)).year
    for device in district.devices:
        for place, port in enumerate(device.ports()):
            told = port.attributes
            if told.get("circuit"):
                yield {
                    "id": f"{told['circuit']}-{device.ordinal}",
                    "device": device.name,
                    "interface": port_name(device, place),
                    "carrier": told["carrier"],
                    "rate": told["committed"],
                    "contract_until": date(year + 2, 6, 30),
                }
    wan = [link for link in district.links if link.upper.school.number < 0 <= link.lower.school.number]
    for link in wan if spec.wan is not None else ():
        assert spec.wan is not None
        yield {
            "id": f"WAN-{link.lower.school.slug.upper()}",
            "device": link.lower.name,
            "interface": port_name(link.lower, link.lower_port),
            "carrier": spec.wan.carrier,
            "phone": spec.wan.phone,
            "rate": link_speed(link),
            "contract_until": date(year + 1 + link.lower.school.number % 3, 6, 30),
            "monthly_cost": spec.wan.monthly_cost,
        }


def _calendars(district: District, at: float) -> dict[str, Any]:
    """The bell schedule as calendars: lessons while the load is high, terms between the summers."""
    spec = district.library.district
    today = datetime.fromtimestamp(at, ZoneInfo(spec.timezone)).date()
    (first_out, last_out), *others = spec.holidays
    terms: list[dict[str, Any]] = []
    holidays: list[dict[str, Any]] = []
    for year in range(today.year - 4, today.year + 2):
        begin = date.fromisoformat(f"{year}-{last_out}") + timedelta(days=1)
        end = date.fromisoformat(f"{year + 1}-{first_out}") - timedelta(days=1)
        terms.append({"name": f"{year}/{year + 1}", "first": begin, "last": end})
        for first, last in others:
            start = date.fromisoformat(f"{year}-{first}")
            stop = date.fromisoformat(f"{year + (last < first)}-{last}")
            holidays.append({"first": start, "last": stop})
    lessons = ["08:15-11:30", "12:30-15:00"]
    week = dict.fromkeys(("monday", "tuesday", "wednesday", "thursday", "friday"), "regular")
    return {
        level: {
            "day_types": {"regular": list(lessons)},
            "week": dict(week),
            "terms": terms,
            "holidays": holidays,
        }
        for level in spec.levels
    }
