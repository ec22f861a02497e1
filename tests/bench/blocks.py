"""What a poll of fixed tables costs between the wire and the state, and what a plan weighs."""

from __future__ import annotations

import asyncio
import gc
import random
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass, replace

from netwatch.discovery import discover
from netwatch.model import (
    Block,
    EntityId,
    Instant,
    Observation,
    PollFailure,
    SnmpAccess,
    SnmpValue,
    SystemClock,
    Target,
    load_catalogue,
)
from netwatch.polling.device import Device
from netwatch.polling.fetch import Fetcher
from netwatch.polling.settings import PollingSettings
from netwatch.polling.status import PollerStats
from netwatch.polling.surroundings import Surroundings
from netwatch.polling.visit import Visit
from netwatch.profiles import Plan, ProfileSet, dump_plan, load_plan, load_profiles
from netwatch.profiles.rows.settled import pack, unpack
from netwatch.resources import collectors_dir
from netwatch.wire import Fetched, RecordedSnmpWire, Recording, Template
from netwatch.wire.fetched import fetched_from

PORTS = 52
AT = Instant(1.7e9, 50.0)


def switch() -> dict[str, SnmpValue]:
    """W1: 52 ports, eleven columns."""
    out: dict[str, SnmpValue] = {
        "1.3.6.1.2.1.1.1.0": b"switch",
        "1.3.6.1.2.1.1.2.0": "1.3.6.1.4.1.99999.1",
        "1.3.6.1.2.1.1.3.0": 12345,
    }
    entry, more = "1.3.6.1.2.1.2.2.1", "1.3.6.1.2.1.31.1.1.1"
    for port in range(1, PORTS + 1):
        row = 10_100 + port
        out |= {f"{entry}.{column}.{row}": 1 for column in (7, 8, 13, 14, 19, 20)}
        out |= {f"{entry}.2.{row}": b"GigabitEthernet1/0/%d" % port, f"{entry}.3.{row}": 6}
        out |= {f"{more}.{column}.{row}": 10**12 + column for column in (6, 7, 10, 11)}
        out |= {f"{more}.1.{row}": b"Gi1/0/%d" % port, f"{more}.15.{row}": 1000}
    return dict(sorted(out.items(), key=lambda item: tuple(map(int, item[0].split(".")))))


def plan_of(answers: dict[str, SnmpValue], profiles: ProfileSet) -> Plan:
    wire = RecordedSnmpWire({"w1": Recording("w1", answers)})
    target = Target(EntityId("w1"), "w1", (), snmp=SnmpAccess())
    return asyncio.run(discover(target, snmp=wire, profiles=profiles, clock=SystemClock())).plan


def cost(count: int, action: Callable[[], object]) -> float:
    """CPU microseconds of one call, the best of five rounds."""
    rounds = []
    for _ in range(5):
        began = time.process_time()
        for _ in range(count):
            action()
        rounds.append(time.process_time() - began)
    return min(rounds) / count * 1e6


class Nothing:
    """A sink, and a wire that has the answer already."""

    def __init__(self, answers: dict[str, SnmpValue]) -> None:
        self.answers, self.ready = answers, dict[Template, Fetched]()

    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        if template not in self.ready:
            self.ready[template] = fetched_from(template.oids(), self.answers, 50.0)
        return self.ready[template]

    def accept(self, observation: Observation) -> None: ...
    def accept_block(self, block: Block) -> None: ...
    def failed(self, failure: PollFailure) -> None:
        raise AssertionError(failure)


@dataclass
class Still:
    def now(self) -> Instant:
        return AT


def passes(plan: Plan, answers: dict[str, SnmpValue], count: int) -> float:
    """CPU microseconds of a whole pass over one device, fetch and state left out."""
    nothing = Nothing(answers)
    around = Surroundings(
        Fetcher(nothing, None, None),  # type: ignore[arg-type]
        (),
        None,  # type: ignore[arg-type]
        nothing,
        Still(),  # type: ignore[arg-type]
        random.Random(1),
        PollingSettings(),
        PollerStats(),
    )
    device = Device(Target(EntityId("w1"), "w1", ("192.0.2.1",), snmp=SnmpAccess()))
    device.adopt(plan, AT.mono)
    device.discovered, device.discover_at = AT, float("inf")

    async def run() -> float:
        rounds = []
        for _ in range(5):
            began = time.process_time()
            for _ in range(count):
                await asyncio.create_task(Visit(around, device, forced=True).run())
            rounds.append(time.process_time() - began)
        return min(rounds) / count * 1e6

    return asyncio.run(run())


def weights(plan: Plan, profiles: ProfileSet, count: int) -> tuple[float, float, float]:
    """Bytes per device of equal builds, of own builds with known port names; seconds to load 10,000 plans."""
    data = dump_plan(plan)
    began = time.process_time()
    plans = [load_plan(data, profiles) for _ in range(10_000)]
    seconds = time.process_time() - began
    del plans
    gc.collect()
    tracemalloc.start()
    equal = [load_plan(data, profiles) for _ in range(count)]
    shared = tracemalloc.get_traced_memory()[0] / count
    variants = [dump_plan(variant(plan, number)) for number in range(count)]
    before = tracemalloc.get_traced_memory()[0]
    own = [load_plan(one, profiles) for one in variants]
    for one in (*own, *equal):
        for table in one.tables if one is not None else ():
            assert table.blocks is not None or table.mode != "fixed"
    each = (tracemalloc.get_traced_memory()[0] - before) / count
    tracemalloc.stop()
    return shared, each, seconds


def variant(plan: Plan, number: int) -> Plan:
    settled = ((table, unpack(table.packed)) for table in plan.tables)
    tables = [
        replace(table, packed=pack(replace(one, scalars={"sys_name": str(number)}))) for table, one in settled
    ]
    return replace(plan, tables=tuple(tables))


def main() -> None:
    profiles = load_profiles([collectors_dir()], load_catalogue())
    answers = switch()
    plan = plan_of(answers, profiles)
    ports = next(table for table in plan.tables if table.name == "interfaces")
    reader, oids = ports.blocks, ports.oids
    assert reader is not None
    fetched = fetched_from(oids, answers, 50.0)
    source = EntityId("w1")
    told = {oid: answers[oid] for oid in oids}
    print(f"values: {len(oids)}; computed at once: {sum(reader.direct)}")
    print(f"observe: {cost(20, lambda: ports.observe(told, source, AT, 60.0)):.0f} us")
    read = cost(1000, lambda: reader.read(fetched, None, source=source, at=AT, interval=60.0))
    print(f"Fetched to Block: {read:.1f} us, {read / 1000:.3f} CPU-s per 1000 W1 polls")
    print(f"pass without fetch and state: {passes(plan, answers, 1000):.0f} us")
    shared, own, seconds = weights(plan, profiles, 200)
    print(f"10,000 plans loaded in {seconds:.2f} CPU-s; plan on disk {len(dump_plan(plan))} B")
    print(f"bytes per device: equal build {shared:.0f}, build of its own {own:.0f}")


if __name__ == "__main__":
    main()
