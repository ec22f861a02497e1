"""Tables of blocks: asked together with the evidence, fed, withheld, failed. The clock is the test's."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest
from polling_fakes import (
    OCTETS,
    UPTIME,
    Discoverer,
    FakeAgent,
    FakeClock,
    FakePlan,
    FakeSnmp,
    FakeTable,
    Sink,
    target,
)

from netwatch.errors import WireTimeout
from netwatch.model import ROOT, Block, BlockLayout, BlockSeries, BlockSubject, EntityId, SnmpAccess, Target
from netwatch.polling import KeptPlan, Poller, PollingSettings
from netwatch.polling.request import Request, Requests
from netwatch.wire import Fetched, Template

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
IF_TABLE = "1.3.6.1.2.1.31.1.5.0"


@dataclass
class FakeBlocks:
    """Each OID is a counter of its own."""

    name: str
    size: int
    memories: list[Any] = field(default_factory=list)
    broken: bool = False

    def read(self, raw: Fetched, memory: Any, **told: Any) -> tuple[Block, Any]:
        self.memories.append(memory)
        if self.broken:
            raise KeyError("a mistake in the profile")
        layout = BlockLayout(
            (BlockSubject(ROOT, ""),),
            (BlockSeries("octets"),),
            np.zeros(self.size, np.int32),
            np.zeros(self.size, np.int32),
            self.size,
        )
        block = Block(
            told["source"],
            self.name,
            layout,
            told["at"],
            raw.values.copy(),
            raw.kinds != 0,
            np.empty(0),
            raw.times.copy(),
            told["interval"],
            told["evidence"],
            told["problems"],
        )
        return block, (memory or 0) + 1


def blocks(name: str, *oids: str, **more: Any) -> FakeTable:
    return FakeTable(name, oids=oids, blocks=FakeBlocks(name, len(oids)), **more)


class PartialSnmp(FakeSnmp):
    """Its agents may stop after so many values."""

    stop: int | None = None

    async def fetch(self, target: Target, template: Template, *, context: str = "") -> Fetched:
        fetched = await super().fetch(target, template, context=context)
        if self.stop is None:
            return fetched
        for array, nothing in ((fetched.values, 0), (fetched.kinds, 0), (fetched.times, np.nan)):
            array[self.stop :] = nothing
        error = WireTimeout("no answer within 3 s (3 tries)")
        error.partial = fetched
        raise error


@dataclass
class Rig:
    clock: FakeClock
    snmp: PartialSnmp
    discoverer: Discoverer
    sink: Sink
    poller: Poller
    task: asyncio.Task[None] | None = None

    def start(self, *names: str, **more: Any) -> None:
        self.poller.update([target(name, **more) for name in names or ("a",)])
        self.task = asyncio.create_task(self.poller.run())

    def blocks(self, table: str) -> list[Block]:
        return [one for one in self.sink.blocks if one.table == table]


@pytest.fixture
async def make() -> AsyncIterator[Any]:
    made: list[Rig] = []

    def rig(*tables: FakeTable, **settings: float) -> Rig:
        clock = FakeClock()
        snmp, discoverer, sink = PartialSnmp(clock), Discoverer(clock, FakePlan(tables)), Sink()
        poller = Poller(
            snmp=snmp,
            ssh=None,
            http=None,
            probers=[],
            discover=discoverer,
            sink=sink,
            clock=clock,
            rng=random.Random(1),
            settings=PollingSettings(**settings),  # type: ignore[arg-type]
        )
        made.append(Rig(clock, snmp, discoverer, sink, poller))
        return made[-1]

    yield rig
    for one in made:
        if one.task is not None:
            one.task.cancel()
            await asyncio.gather(one.task, return_exceptions=True)


async def test_evidence_and_all_tables_are_one_request(make: Any) -> None:
    rig = make(blocks("ports", OCTETS), blocks("more", f"{OCTETS}.1", f"{OCTETS}.2"))
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 100, OCTETS: 7, f"{OCTETS}.2": 9})
    rig.start()
    await rig.clock.advance(70)
    agent.requests.clear()
    await rig.clock.advance(60)
    assert [oids for _, oids in agent.requests] == [(UPTIME, OCTETS, f"{OCTETS}.1", f"{OCTETS}.2")]
    assert rig.blocks("ports")[-1].counters.tolist() == [7]
    more = rig.blocks("more")[-1]
    assert more.counted.tolist() == [False, True]
    assert more.evidence.uptime == 1.0
    assert rig.sink.failures == []


async def test_an_oid_of_two_tables_is_asked_once(make: Any) -> None:
    rig = make(blocks("ports", OCTETS, f"{OCTETS}.1"), blocks("more", UPTIME, f"{OCTETS}.2", OCTETS))
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 100, OCTETS: 7, f"{OCTETS}.2": 9})
    rig.start()
    await rig.clock.advance(130)
    assert agent.requests[-1][1] == (UPTIME, OCTETS, f"{OCTETS}.1", f"{OCTETS}.2")
    assert rig.blocks("more")[-1].counters.tolist() == [100, 9, 7]


async def test_what_a_pass_remembers_is_handed_to_the_next_and_dies_with_the_plan(make: Any) -> None:
    table = blocks("ports", OCTETS)
    rig = make(table)
    rig.start()
    await rig.clock.advance(190)
    passed = len(table.blocks.memories)
    assert table.blocks.memories == [None, *range(1, passed)]
    rig.poller.rediscover()
    await rig.clock.advance(120)
    assert table.blocks.memories[passed:] == [None]


async def test_tables_of_shorter_intervals_are_asked_alone(make: Any) -> None:
    rig = make(blocks("fast", OCTETS, interval=15.0), blocks("usual", f"{OCTETS}.1"))
    rig.snmp.agents["a"] = agent = FakeAgent()
    rig.start()
    await rig.clock.advance(20)
    agent.requests.clear()
    await rig.clock.advance(240)
    asked = [len(oids) - 1 for _, oids in agent.requests]
    assert sorted(set(asked)) in ([1, 2], [1, 1, 2])
    assert len(rig.blocks("fast")) >= 3 * len(rig.blocks("usual"))


@pytest.mark.parametrize(
    ("oid", "before", "after"),
    [(SYS_OBJECT_ID, "1.3.6.1.4.1.1", "1.3.6.1.4.1.2"), (IF_TABLE, 5, 6), (UPTIME, 100_000, 50)],
)
async def test_what_was_read_of_a_changed_device_is_not_fed(
    make: Any, oid: str, before: Any, after: Any
) -> None:
    rig = make(blocks("ports", OCTETS))
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 100, OCTETS: 1} | {oid: before})
    rig.start()
    await rig.clock.advance(400)
    fed = len(rig.sink.blocks)
    agent.values |= {oid: after, OCTETS: 999}
    await rig.clock.advance(60)
    assert len(rig.discoverer.calls) == 2
    assert len(rig.sink.blocks) == fed, "it was of the old plan"
    await rig.clock.advance(60)
    assert rig.sink.blocks[-1].counters.tolist() == [999]


async def test_counters_of_a_reboot_are_fed_while_no_discovery_may_come(make: Any) -> None:
    rig = make(blocks("ports", OCTETS), rediscovery_gap=3000.0)
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 100_000, OCTETS: 1})
    rig.start()
    await rig.clock.advance(130)
    agent.values |= {UPTIME: 50, OCTETS: 999}
    await rig.clock.advance(60)
    assert len(rig.discoverer.calls) == 1
    assert rig.sink.blocks[-1].counters.tolist() == [999]
    assert rig.sink.blocks[-1].evidence.uptime == 0.5


async def test_another_device_at_the_address_fills_nobodys_slots(make: Any) -> None:
    rig = make(blocks("ports", OCTETS), FakeTable("observed"))
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 100, OCTETS: 1, SYS_OBJECT_ID: "1.3.6.1.4.1.1"})
    rig.start()
    await rig.clock.advance(400)
    fed, observed = len(rig.sink.blocks), len(rig.sink.of("a", "observed"))
    agent.values[SYS_OBJECT_ID] = "1.3.6.1.4.1.2"
    rig.discoverer.error = WireTimeout("no answer")
    await rig.clock.advance(400)
    assert (len(rig.sink.blocks), len(rig.sink.of("a", "observed"))) == (fed, observed)
    assert {one.reason for one in rig.sink.failures if one.table == "ports"} == {
        "sysObjectID changed: it has to be discovered first"
    }
    rig.discoverer.error = None
    await rig.clock.advance(700)
    assert len(rig.sink.blocks) > fed


async def test_a_failed_daily_discovery_leaves_the_old_plan_in_use(make: Any) -> None:
    rig = make(blocks("ports", OCTETS), rediscovery_interval=600.0)
    rig.start()
    await rig.clock.advance(30)
    rig.discoverer.error = WireTimeout("no answer")
    await rig.clock.advance(1200)
    moments = [one.at.mono for one in rig.sink.blocks]
    assert max(later - earlier for earlier, later in itertools.pairwise(moments)) < 61


async def test_an_agent_that_stops_in_mid_way_gives_what_it_gave(make: Any) -> None:
    rig = make(blocks("first", OCTETS), blocks("second", f"{OCTETS}.1"))
    rig.snmp.agents["a"] = FakeAgent({UPTIME: 100, OCTETS: 1, f"{OCTETS}.1": 2})
    rig.start()
    await rig.clock.advance(70)
    rig.snmp.stop = 2  # evidence and the first table
    fed = len(rig.blocks("second"))
    await rig.clock.advance(60)
    last = rig.blocks("first")[-1]
    assert last.problems == ("no answer within 3 s (3 tries)",)
    assert len(rig.blocks("second")) == fed
    assert [one.table for one in rig.sink.failures] == ["second"]
    assert rig.sink.up("a") == [] or rig.sink.up("a")[-1] == 1.0
    assert rig.poller.status()[EntityId("a")].problem == "no answer within 3 s (3 tries)"


async def test_a_dead_agent_fails_every_table(make: Any) -> None:
    rig = make(blocks("first", OCTETS), blocks("second", f"{OCTETS}.1"))
    rig.start()
    await rig.clock.advance(70)
    rig.snmp.agents["a"].delay = None
    await rig.clock.advance(80)
    assert [one.table for one in rig.sink.failures] == ["first", "second"]
    assert rig.poller.status()[EntityId("a")].failures == 1


async def test_tables_of_a_pass_that_was_given_up_say_so(make: Any) -> None:
    rig = make(blocks("first", OCTETS), blocks("second", f"{OCTETS}.1"))
    rig.start(deadline=20.0)
    await rig.clock.advance(70)
    rig.snmp.agents["a"].delay = 25.0
    await rig.clock.advance(90)
    assert [one.table for one in rig.sink.failures][:2] == ["first", "second"]
    assert "given up after 20 s" in rig.sink.failures[0].reason


async def test_a_mistake_in_one_table_does_not_stop_the_others(make: Any) -> None:
    bad = blocks("bad", OCTETS)
    bad.blocks.broken = True
    rig = make(bad, blocks("good", f"{OCTETS}.1"))
    rig.start()
    await rig.clock.advance(70)
    assert rig.blocks("good")
    assert {(one.table, one.reason) for one in rig.sink.failures} == {("bad", "internal error: KeyError")}


async def test_a_late_answer_of_an_old_plan_is_nobodys(make: Any) -> None:
    rig = make(blocks("ports", OCTETS))
    rig.start()
    await rig.clock.advance(70)
    rig.snmp.agents["a"].delay = 5.0
    fed = len(rig.sink.blocks)
    while rig.poller.stats.running == 0:
        await rig.clock.advance(1)
    rig.poller.update([target("a", snmp=SnmpAccess(timeout=1.0))])
    await rig.clock.advance(6)
    assert len(rig.sink.blocks) == fed


async def test_costs_are_told_by_table_and_by_device(make: Any) -> None:
    rig = make(blocks("ports", OCTETS, f"{OCTETS}.1"), FakeTable("observed"))
    for name, delay in (("a", 0.5), ("slow", 4.0)):
        rig.snmp.agents[name] = FakeAgent({UPTIME: 100, OCTETS: 7, f"{OCTETS}.1": 8}, delay=delay)
    rig.start("a", "slow")
    await rig.clock.advance(600)
    costs = rig.poller.status()[EntityId("a")].costs
    ports = costs["ports"]
    assert ports.values == 2 * ports.passes
    # Its share of what was asked; right after a discovery that is all evidence there may be, too.
    assert ports.passes * 0.5 * 2 / 8 < ports.seconds <= ports.passes * 0.5 * 2 / 3
    assert rig.poller.stats.tables["ports"].passes == len(rig.blocks("ports"))
    worst = rig.poller.costliest(1)
    assert [one.name for one in worst] == ["slow"]
    assert worst[0].seconds == pytest.approx(8.0)
    assert worst[0].table == "observed"


async def test_a_restart_with_plans_of_before_discovers_nothing(make: Any) -> None:
    before, rig = make(blocks("ports", OCTETS)), make(blocks("ports", OCTETS))
    before.snmp.agents["a"] = FakeAgent({UPTIME: 100, OCTETS: 1, IF_TABLE: 5})
    before.start()
    await before.clock.advance(70)
    kept = before.poller.kept_plan(EntityId("a"))
    assert kept is not None
    assert kept.sentinels[IF_TABLE] == 5
    wall = rig.clock.now().wall
    old = replace(kept, discovered=wall - 90_000)
    rig.snmp.agents["a"] = agent = FakeAgent({UPTIME: 200, OCTETS: 2, IF_TABLE: 5})
    rig.poller.update([target("a"), target("old"), target("new")])
    recent = replace(kept, discovered=wall - 3600)
    rig.poller.restore({EntityId("a"): recent, EntityId("old"): old, EntityId("stranger"): kept})
    rig.task = asyncio.create_task(rig.poller.run())
    await rig.clock.advance(15)
    assert {name for name, _ in rig.discoverer.calls} == {"old", "new"}
    assert [one.source for one in rig.sink.blocks] == ["a"], "it is read at once, not in its next slot"
    agent.values[IF_TABLE] = 6
    await rig.clock.advance(60)
    assert [name for name, _ in rig.discoverer.calls].count("a") == 1


async def test_what_changed_between_two_runs_is_seen_at_once(make: Any) -> None:
    rig = make(blocks("ports", OCTETS))
    rig.snmp.agents["a"] = FakeAgent({UPTIME: 200, OCTETS: 2, SYS_OBJECT_ID: "1.3.6.1.4.1.2"})
    rig.poller.update([target("a")])
    said = {UPTIME: 100, SYS_OBJECT_ID: "1.3.6.1.4.1.1"}
    kept = KeptPlan(rig.discoverer.plan, rig.clock.now().wall - 3600, said)
    rig.poller.restore({EntityId("a"): kept})
    rig.task = asyncio.create_task(rig.poller.run())
    await rig.clock.advance(15)
    assert len(rig.discoverer.calls) == 1
    assert rig.sink.blocks == []


def test_devices_with_the_same_tables_share_a_request() -> None:
    tables = blocks("ports", OCTETS), blocks("more", UPTIME)
    requests = Requests()
    one = requests.get((UPTIME,), tables)
    assert requests.get((UPTIME,), tables) is one
    assert requests.get((UPTIME,), tables[:1]) is not one
    assert len(one.template) == 2
    assert Request((), ()).template.oids() == []
