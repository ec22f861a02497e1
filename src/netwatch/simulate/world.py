"""A district at a time: what each of its agents shows, and the truth behind it."""

from __future__ import annotations

import json
from collections import OrderedDict
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from netwatch.errors import ConfigError
from netwatch.simulate import ber
from netwatch.simulate.build import DeviceModel, build_model
from netwatch.simulate.district import District, SimDevice
from netwatch.simulate.links import port_name
from netwatch.simulate.loading import load_district
from netwatch.simulate.phase import school_moment, week_load
from netwatch.simulate.rows import location_of, uptime

__all__ = ["World", "ground_truth"]

_KEPT = 2000
"""Device models that are held; the least recently used go."""


class World:
    """A district that started at a time, with its schedule at a phase: all else follows from these."""

    def __init__(self, district: District, started: float, phase: float | None = None) -> None:
        """`started`: wall seconds. `phase`: seconds since Monday 00:00 school time; None: as it was."""
        self.district = district
        self.started = started
        self.phase = phase
        zone = ZoneInfo(district.library.district.timezone)
        begin = school_moment(started, zone) if phase is None else phase
        self.load = week_load(district.library.district.week, begin)
        self._models: OrderedDict[str, DeviceModel] = OrderedDict()

    @classmethod
    def load_truth(cls, path: Path) -> World:
        """The world of a running `netwatch simulate --truth FILE`. Raises ConfigError."""
        try:
            document = json.loads(path.read_text(encoding="utf-8"))
            source = document["simulation"]
            folder = Path(source["folder"]) if source["folder"] else None
            district = load_district(folder, source["scale"], source["seed"])
            return cls(district, source["started"], source["phase"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(f"{path} holds no ground truth of a simulation: {error}") from None

    def model(self, name: str) -> DeviceModel:
        """A device as it is served. Raises KeyError."""
        found = self._models.get(name)
        if found is None:
            found = build_model(self.district, self.district.device(name), self.load)
            if len(self._models) >= _KEPT:
                self._models.popitem(last=False)
            self._models[name] = found
        else:
            self._models.move_to_end(name)
        return found

    def value(self, device: str, oid: str, at: float) -> Any:
        """What an object shows at a wall clock time. Raises KeyError."""
        return self.model(device).view.value(ber.parse_oid(oid), at - self.started)

    def counter(self, device: str, oid: str, at: float) -> int:
        """A counter before it is cut to 32 or 64 bits. Raises KeyError."""
        value = self.model(device).view.value(ber.parse_oid(oid), at - self.started, wrap=False)
        assert isinstance(value, int), f"{oid} is no counter"
        return value

    def up(self, device: str) -> bool:
        return not self.district.device(device).down

    def uptime(self, device: str, at: float) -> float:
        """Seconds that sysUpTime stands for."""
        return float(self.model(device).facts["uptime"](at - self.started))


def ground_truth(world: World, at: float | None = None) -> dict[str, Any]:
    """Everything that a monitor should find out, as JSON. `at`: wall seconds; None: the start."""
    at = world.started if at is None else at
    district = world.district
    conditions: list[dict[str, Any]] = []
    for planted in district.planted:
        since = planted["since_seconds"]
        moment = None if not isinstance(since, int | float) else world.started + since
        holds = moment is None or at >= moment
        conditions.append({**planted, "since": moment, "holds": holds})
    return {
        "schema": "netwatch-simulation/1",
        "simulation": {
            "started": world.started,
            "phase": world.phase,
            "scale": district.scale,
            "seed": district.seed,
            "folder": district.folder,
        },
        "at": at,
        "district": district.name,
        "conditions": conditions,
        "devices": [_device(device, at - world.started) for device in district.devices],
        "links": [
            {
                "device": link.upper.name,
                "port": port_name(link.upper, link.upper_port),
                "neighbor": link.lower.name,
                "neighbor_port": port_name(link.lower, link.lower_port),
            }
            for link in district.links
        ],
        "access_points": [
            {
                "name": point.name,
                "mac": point.mac,
                "controller": point.controller.name,
                "up": not (point.switch is not None and point.switch.down),
                "overloaded": point.overloaded,
            }
            for point in district.access_points()
        ],
    }


def _device(device: SimDevice, seconds: float) -> dict[str, Any]:
    template = device.template
    rebooted = device.reboot is not None and seconds >= device.reboot
    return {
        "name": device.name,
        "address": device.address,
        "school": device.school.slug,
        "location": location_of(device),
        "kind": template.kind.value,
        "role": template.role,
        "vendor": template.vendor,
        "model": template.model,
        "version": template.version,
        "serial": device.serial,
        "up": not device.down,
        "snmp": "3" if device.user else "2c",
        "behind": device.parent.name if device.parent else None,
        "rebooted_seconds_ago": uptime(device, 0.0, seconds) if rebooted else None,
    }
