"""W3: a controller with 2,000 access points, 5 % of whose rows change per poll: the CPU it takes."""

from __future__ import annotations

import asyncio
import os
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.bench.fleet import agent, free_port

from netwatch.discovery import discover
from netwatch.model import (
    EntityId,
    Instant,
    Secret,
    SnmpAccess,
    SnmpValue,
    SystemClock,
    Target,
    load_catalogue,
)
from netwatch.native import load
from netwatch.profiles import TablePlan, load_profiles
from netwatch.wire import NetworkSnmpWire, RecordedSnmpWire, Recording

ACCESS_POINTS = 2_000
OID = "1.3.6.1.4.1.99999"
AT = Instant(1.7e9, 50.0)
PROFILE = """
profile: standard
include: []
match: [{sys_object_id: 1.3.6.1.4.1.99999}]
kind: wireless
scalars:
  sys_object_id: {oid: 1.3.6.1.2.1.1.2.0, static: true}
tables:
  aps:
    mode: churning
    oid: 1.3.6.1.4.1.99999.3.1
    columns: {name: 1, state: 2, serial: 3, model: 4, version: 5, place: 6, clients: 7, uptime: 8}
    let: {address: mac(index)}
    entity:
      kind: device
      key: "{address}"
      name: ["{name}", "{address}"]
      is: {kind: wireless, role: ap}
      facts: {serial: serial(serial), model: text(model), version: text(version), location: text(place)}
      witnesses: {mac: address, serial: serial(serial), name: text(name)}
      values:
        netwatch_device_up: state == 1
        netwatch_device_clients: {value: clients, when: state == 1}
"""


def controller() -> dict[str, SnmpValue]:
    out: dict[str, SnmpValue] = {"1.3.6.1.2.1.1.2.0": f"{OID}.7"}
    for number in range(ACCESS_POINTS):
        index = f"2.0.0.0.{number // 256}.{number % 256}"
        row = (b"ap-%d" % number, 1, b"FDO%d" % number, b"AP-9", b"17.3.1", b"Room %d" % number, 7, 1)
        out |= {f"{OID}.3.1.{column}.{index}": value for column, value in enumerate(row, 1)}
    return dict(sorted(out.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def plan_of(answers: dict[str, SnmpValue]) -> TablePlan:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "controller.yaml").write_text(PROFILE)
        profiles = load_profiles([Path(folder)], load_catalogue())
    wire = RecordedSnmpWire({"w3": Recording("w3", answers)})
    target = Target(EntityId("w3"), "w3", (), snmp=SnmpAccess())
    found = asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock()))
    return found.plan.tables[0]


async def walk(plan: TablePlan, port: int, side_by_side: bool) -> float:
    """Least CPU seconds of this process for one walk of the table over the wire."""
    access = SnmpAccess(community=Secret("public"), port=port)
    target = Target(EntityId("w3"), "w3", ("127.0.0.1",), snmp=access)
    wire, costs = NetworkSnmpWire(kernel=load(os.environ)), []
    for _ in range(4):
        session, began = wire.session(target), time.process_time()
        if side_by_side:
            walked = await session.walk_many(plan.roots)
        else:
            walked = {root: await session.walk(root) for root in plan.roots}
        costs.append(time.process_time() - began)
        assert sum(map(len, walked.values())) == ACCESS_POINTS * len(plan.roots)
    await wire.close()
    return min(costs)


def main() -> None:
    rng, answers = random.Random(1), controller()
    plan = plan_of(answers)
    raw = {oid: value for oid, value in answers.items() if oid.startswith(f"{OID}.3.")}
    clients = [oid for oid in raw if oid.startswith(f"{OID}.3.1.7.")]
    memory: dict[str, Any] = {}
    plan.observe(raw, EntityId("w3"), AT, 60.0, memory=memory)
    costs: dict[str, list[float]] = {"from scratch": [], "again": []}
    for step in range(10):
        raw = dict(raw) | dict.fromkeys(rng.sample(clients, ACCESS_POINTS // 20), step + 100)
        for name, remembered in (("from scratch", None), ("again", memory)):
            began = time.process_time()
            plan.observe(raw, EntityId("w3"), AT, 60.0, memory=remembered)
            costs[name].append(time.process_time() - began)
    with agent(port := free_port(), "-a", str(ACCESS_POINTS)):
        for name, side_by_side in (("column by column", False), ("columns side by side", True)):
            print(f"walk {name}: {asyncio.run(walk(plan, port, side_by_side)) * 1000:.0f} ms")
    print(f"{ACCESS_POINTS} access points, {len(raw)} values, 5 % of the rows changed")
    for name, seconds in costs.items():
        print(f"observe {name}: {min(seconds) * 1000:.1f} ms")


if __name__ == "__main__":
    main()
