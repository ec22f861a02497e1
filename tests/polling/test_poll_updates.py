"""Whatever a reload changes, and whenever it comes: nobody is lost, and nothing that was due is."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polling_fakes import Discoverer, FakeAgent, FakeClock, FakePlan, FakeSnmp, FakeTable, Sink, target

from netwatch.model import EntityId, Target
from netwatch.polling import Poller, PollingSettings

NAMES = ("a", "b", "c")
LONGEST = 120.0

_changes = st.one_of(
    st.tuples(st.just("pass time"), st.just(""), st.floats(0.1, 90.0)),
    st.tuples(st.just("interval"), st.sampled_from(NAMES), st.sampled_from([60.0, LONGEST])),
    st.tuples(st.just("move"), st.sampled_from(NAMES), st.integers(1, 250)),
    st.tuples(st.just("drop"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("add"), st.sampled_from(NAMES), st.just(0)),
    st.tuples(st.just("answers in"), st.sampled_from(NAMES), st.sampled_from([0.0, 2.0, 25.0, None])),
    st.tuples(st.just("discovery takes"), st.just(""), st.sampled_from([0.0, 40.0])),
    st.tuples(st.just("ask"), st.sampled_from(NAMES), st.just(0)),
)


class District:
    def __init__(self, plan: FakePlan | None = None, **more: float) -> None:
        self.clock, self.sink = FakeClock(), Sink()
        self.snmp, self.discoverer = FakeSnmp(self.clock), Discoverer(self.clock, plan)
        self.poller = Poller(
            snmp=self.snmp,
            ssh=None,
            http=None,
            probers=[],
            discover=self.discoverer,
            sink=self.sink,
            clock=self.clock,
            rng=random.Random(1),
            settings=PollingSettings(**more),  # type: ignore[arg-type]
        )
        self.targets: dict[str, Target] = {}

    def put(self, name: str, **more: object) -> None:
        self.targets[name] = replace(self.targets.get(name) or target(name), **more)  # type: ignore[arg-type]
        self.poller.update(list(self.targets.values()))

    def drop(self, name: str) -> None:
        self.targets.pop(name, None)
        self.poller.update(list(self.targets.values()))

    async def apply(self, what: str, name: str, value: float | int | None) -> None:
        if what == "pass time":
            await self.clock.advance(float(value or 0))
        elif what == "interval":
            self.put(name, interval=float(value or 0))
        elif what == "move":
            self.put(name, addresses=(f"198.51.100.{value}",))
        elif what == "drop":
            self.drop(name)
        elif what == "add":
            self.put(name)
        elif what == "answers in":
            self.snmp.agents.setdefault(name, FakeAgent()).delay = value
        elif what == "discovery takes":
            self.discoverer.seconds = float(value or 0)
        else:
            self.poller.recheck(EntityId(name))


@settings(max_examples=25, deadline=None)
@given(st.lists(_changes, max_size=14), st.sampled_from([1, 256]))
def test_whoever_is_listed_is_polled_on(
    changes: list[tuple[str, str, float | int | None]], concurrency: int
) -> None:
    async def go() -> None:
        # A short back-off: how long a silent device is left in peace is not what this is about.
        district = District(concurrency=concurrency, backoff_max=0.0, discovery_deadline=LONGEST)
        for name in NAMES:
            district.put(name)
        task = asyncio.create_task(district.poller.run())
        for change in changes:
            await district.apply(*change)
        district.discoverer.seconds = 0.0
        for agent in district.snmp.agents.values():
            agent.delay = 0.0
        # What was under way ends, one after the other, a discovery that failed is tried again.
        await district.clock.advance(len(NAMES) * LONGEST * 2)
        before = {name: len(district.sink.of(name, "ports")) for name in NAMES}
        await district.clock.advance(LONGEST + 1)
        after = {name: len(district.sink.of(name, "ports")) for name in NAMES}
        assert {name for name in NAMES if after[name] > before[name]} == set(district.targets)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(go())


@pytest.mark.parametrize("when", [0.5, 1.5, 2.5, 30.0])
async def test_a_change_of_interval_puts_off_no_hourly_table(when: float) -> None:
    """Neither one that the pass under way has not come to, nor one that failed and is to be tried again."""
    tables = FakeTable("usual"), FakeTable("hourly", mode="slow", interval=3600.0, oids=("1.3.9.1",))
    district = District(FakePlan(tables))
    district.put("a")
    task = asyncio.create_task(district.poller.run())
    await district.clock.advance(30.0)
    assert not district.sink.of("a", "hourly"), "the discovery has told it"
    agent = district.snmp.agents["a"]

    def due() -> float:
        device = district.poller._devices[EntityId("a")]
        return device.table_due["hourly"] - district.clock.mono

    await district.clock.advance(due() - 120.0)
    failures = len(district.sink.failures)
    agent.delay = None  # its hourly turn comes, and is in vain
    await district.clock.advance(180.0)
    assert "hourly" in {one.table for one in district.sink.failures[failures:]}
    agent.delay = 1.0
    await district.clock.advance(500.0)
    hourly = len(district.sink.of("a", "hourly"))
    # The next try within minutes; the interval changes before it or in the middle of it.
    while not district.poller.stats.running:
        await district.clock.advance(0.25)
    await district.clock.advance(when)
    district.put("a", interval=120.0)
    await district.clock.advance(1200.0)
    assert len(district.sink.of("a", "hourly")) > hourly
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
