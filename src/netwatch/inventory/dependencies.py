"""Devices that name other devices: what they are reached through, and what powers them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from netwatch.documents import did_you_mean
from netwatch.errors import Problem
from netwatch.inventory.sources import Where
from netwatch.model import DeviceKind, InventoryDevice

__all__ = ["misnamed"]


def misnamed(devices: Mapping[str, InventoryDevice], where: Mapping[str, Where]) -> Iterator[Problem]:
    """What is wrong with `depends_on` and `fed_by`: unknown names, the device itself, circles, and feeds that
    are known to be no power gear."""
    for name, device in devices.items():
        for key, others in (("depends_on", device.depends_on), ("fed_by", device.fed_by)):
            for other in others:
                if other == name:
                    yield where[name].problem(key, f"{name!r} can't name itself", "leave it out")
                elif other not in devices:
                    hint = did_you_mean(other, devices)
                    yield where[name].problem(key, f"unknown device {other!r}", hint)
                elif key == "fed_by" and devices[other].kind not in (None, DeviceKind.POWER):
                    message = f"{other!r} is of kind {devices[other].kind} and powers nothing"
                    yield where[name].problem(key, message, "name a device of kind power")
    named = {
        name: [other for other in device.depends_on if other != name] for name, device in devices.items()
    }
    try:
        TopologicalSorter(named).prepare()
    except CycleError as error:
        circle = error.args[1][::-1]  # the first one is also the last one
        text = " -> ".join(circle)
        hint = "leave one of them out: one of these devices has to be nearer to netwatch"
        yield where[circle[0]].problem("depends_on", f"goes in a circle: {text}", hint)
