"""Root causes with 10,000 devices, half of them dark: CPU time of an evaluation, and its longest step.

python -m tests.bench.causes [devices]
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from netwatch.alerts import AlertEngine, load_rules
from netwatch.app.garbage import calm
from netwatch.documents import read_yaml
from netwatch.model import (
    Column,
    DeviceKind,
    Entities,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    Snapshot,
    Target,
    load_catalogue,
)

SCHOOL = 50
"""Devices of one school: a distribution switch, access switches, and access points on them."""


def _device(name: str, role: str, site: str) -> Entity:
    facts = {"kind": "wireless" if role == "ap" else "switch", "role": role, "site": site, "place": site}
    key = EntityId(name)
    return Entity(key, EntityKind.DEVICE, key, None, "", "", name, facts)


def district(size: int) -> tuple[list[Entity], list[tuple[EntityId, EntityId]]]:
    devices = [_device("core1", "core", ""), _device("core2", "core", "")]
    links: list[tuple[str, str]] = [("core1", "core2")]
    while len(devices) < size:
        school = f"s{len(devices) // SCHOOL}"
        devices.append(_device(f"{school}-dist", "distribution", school))
        links += [("core1", f"{school}-dist"), ("core2", f"{school}-dist")]
        for number in range(min(SCHOOL - 1, size - len(devices))):
            role = "access" if number < 10 else "ap"
            devices.append(_device(f"{school}-{role}{number}", role, school))
            upper = f"{school}-dist" if role == "access" else f"{school}-access{number % 10}"
            if number % 9:  # of the others nobody tells
                links.append((upper, f"{school}-{role}{number}"))
    return devices, [(EntityId(one), EntityId(other)) for one, other in links]


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    catalogue = load_catalogue()
    devices, links = district(size)
    entities = Entities.of(devices)
    targets = {d.name: Target(d.id, d.name, ("192.0.2.1",)) for d in devices}
    inventory = Inventory(devices={n: InventoryDevice(n, t, DeviceKind.SWITCH) for n, t in targets.items()})
    ids = tuple(device.id for device in devices)
    half = {f"s{number}" for number in range(0, size // SCHOOL + 1, 2)}
    dark = np.array([device.facts["site"] in half for device in devices])
    labels = ((),) * len(ids)

    def snapshot(at: float, values: np.ndarray) -> Snapshot:
        column = Column(
            catalogue["netwatch_device_up"], ids, labels, values, np.full(len(ids), np.nan),
            np.full(len(ids), at), np.ones(len(ids), np.bool_),
        )  # fmt: skip
        columns = {"netwatch_device_up": column}
        return Snapshot(Instant(at, at), entities, columns, inventory=inventory, links=tuple(links))

    rules = load_rules([read_yaml(Path("config/rules/uptime.yaml"))], catalogue)
    engine = AlertEngine(rules)
    up = np.ones(len(ids))
    print(f"{len(ids)} devices, {int(dark.sum())} go dark")
    for at, values, what in (
        (0, up, "first"), (15, up, "all is well"), (30, np.where(dark, 0.0, 1.0), "the first dark one"),
        (45, np.where(dark, 0.0, 1.0), "pending"), (390, np.where(dark, 0.0, 1.0), "they fire"),
        (405, np.where(dark, 0.0, 1.0), "they last"), (420, up, "all is back"),
    ):  # fmt: skip
        work = engine.evaluate_steps(snapshot(at, values))
        longest = total = 0.0
        steps = 0
        while True:
            began = time.thread_time()
            try:
                next(work)
            except StopIteration:
                break
            finally:
                spent = time.thread_time() - began
                longest, total, steps = max(longest, spent), total + spent, steps + 1
        own = sum(1 for a in engine.alerts() if not a.suppressed_by and a.resolved is None)
        print(
            f"{what:20} {total * 1000:7.1f} ms of CPU, longest of {steps} steps {longest * 1000:5.1f} ms,"
            f" {own} of {len(engine.alerts())} alerts stand for themselves"
        )


if __name__ == "__main__":
    with calm():  # as in a daemon
        main()
