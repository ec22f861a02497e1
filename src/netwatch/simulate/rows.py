"""Rows: a device's facts and the attributes of its ports, parts, volumes, from its template."""

from __future__ import annotations

from functools import partial
from typing import Any

from netwatch.errors import ConfigError
from netwatch.simulate.agent import engine_id_of
from netwatch.simulate.district import District, SimDevice
from netwatch.simulate.schema import MibSpec, RowSpec
from netwatch.simulate.signals import Signal, WeekLoad
from netwatch.simulate.values import Live, chance, expand_attribute, render

__all__ = [
    "Expander",
    "Row",
    "before_start",
    "counter_of",
    "engine_boots",
    "engine_id",
    "location_of",
    "mibs_of",
    "uptime",
]

Row = dict[str, Any]


class Expander:
    """Turns a template's specs into rows of one device."""

    def __init__(self, district: District, device: SimDevice, load: WeekLoad) -> None:
        self.district, self.device, self.load = district, device, load
        self.seed = district.seed
        self.mibs: list[MibSpec] = [district.library.mibs[name] for name in mibs_of(device)]
        self.mibs.append(device.template)
        self.defaults: dict[str, dict[str, Any]] = {}
        for mib in self.mibs:
            for group, attributes in mib.defaults.items():
                self.defaults.setdefault(group, {}).update(attributes)

    def counter(self, rate: Signal, share: float) -> Live:
        """A counter that has run since before the simulation, and from 0 again after a reboot."""
        first = int(share * 2**31)
        reboot, load = self.device.reboot, self.load
        return counter_of(rate, first, reboot, load)

    def facts(self) -> Row:
        device, template, spec = self.device, self.device.template, self.district.library.district
        facts: Row = {
            "name": device.name,
            "address": device.address,
            "serial": device.serial,
            "mac": device.mac,
            "vendor": template.vendor,
            "model": template.model,
            "version": template.version,
            "contact": spec.contact,
            "school": device.school.name,
            "location": location_of(device),
            "sys_object_id": template.sys_object_id,
            "uptime": partial(uptime, device, before_start(self.seed, device)),
            "engine_id": engine_id(device).hex(),
            "engine_boots": partial(engine_boots, device),
            "n": device.ordinal,
        }
        for name, value in template.facts.items():
            facts[name] = self.attribute(value, facts, "fact", name)
        facts["sys_descr"] = render(template.sys_descr, facts)
        return facts

    def attribute(self, spec: Any, attributes: Row, *path: object) -> Any:
        try:
            return expand_attribute(
                spec, attributes, self.load, self.counter, self.seed, self.device.name, *path
            )
        except (KeyError, ValueError) as error:
            where = ".".join(map(str, path))
            raise ConfigError(f"template {self.device.template_name}: {where}: {error}") from None

    def group(self, name: str, specs: tuple[RowSpec, ...], facts: Row) -> list[Row]:
        rows: list[Row] = []
        for spec in specs:
            for step in range(spec.count):
                rows.append(self.row(name, spec, step, len(rows) + 1, facts))
        return rows

    def row(self, group: str, spec: RowSpec, step: int, index: int, facts: Row) -> Row:
        row: Row = {"n": spec.first + step, "index": index, "use": spec.use}
        attributes = {**spec.attributes, **self.defaults.get(group, {}), **spec.attributes}
        for name, value in attributes.items():
            row[name] = self.attribute(value, {**facts, **row}, group, index, name)
        row["failed"] = spec.failed
        return row


def mibs_of(device: SimDevice) -> list[str]:
    return [name for name in device.template.mibs if name not in device.template.without]


def before_start(seed: int, device: SimDevice) -> float:
    """Seconds that the agent had been running when the simulation started."""
    return 86400 * (2 + 90 * chance(seed, device.name, "uptime"))


def engine_id(device: SimDevice) -> bytes:
    """snmpEngineID: the enterprise of sysObjectID and the MAC address."""
    enterprise = device.template.sys_object_id.split(".")[6:7]
    return engine_id_of(int(enterprise[0]) if enterprise else 0, bytes.fromhex(device.mac.replace(":", "")))


def engine_boots(device: SimDevice, seconds: float) -> int:
    return 3 if device.reboot is not None and seconds >= device.reboot else 2


def uptime(device: SimDevice, before: float, seconds: float) -> float:
    """Seconds since the agent started."""
    if device.reboot is not None and seconds >= device.reboot:
        return seconds - device.reboot
    return before + seconds


def counter_of(rate: Signal, first: int, reboot: float | None, load: WeekLoad) -> Live:
    def total(seconds: float) -> int:
        if reboot is not None and seconds >= reboot:
            return int(rate.total(seconds, load) - rate.total(reboot, load))
        return first + int(rate.total(seconds, load))

    return total


def location_of(device: SimDevice) -> str:
    return f"{device.school.name}, {'MDF' if not device.wing else f'IDF {device.wing}'}"
