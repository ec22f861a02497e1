"""The scheduler under a clock that the test turns: nothing here waits or depends on the machine."""

from __future__ import annotations

import asyncio
import itertools
import random
import threading
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import pytest
import structlog
from polling_fakes import (
    OCTETS,
    UPTIME,
    Discoverer,
    FakeAgent,
    FakeClock,
    FakePlan,
    FakeProber,
    FakeSnmp,
    FakeTable,
    Sink,
    settle,
    target,
)

from netwatch.errors import WireTimeout
from netwatch.model import EntityId, Observation, Reachability, SnmpAccess
from netwatch.polling import Poller, PollingSettings
from netwatch.polling.observing import LARGE

PING = Reachability()


@dataclass
class Rig:
    clock: FakeClock
    snmp: FakeSnmp
    prober: FakeProber
    discoverer: Discoverer
    sink: Sink
    poller: Poller
    task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self.task = asyncio.create_task(self.poller.run())

    def times(self, device: str, table: str = "device") -> list[float]:
        return [one.at.mono for one in self.sink.of(device, table)]


def make(plan: FakePlan | None = None, **settings: float) -> Rig:
    clock = FakeClock()
    snmp, prober, discoverer, sink = FakeSnmp(clock), FakeProber(), Discoverer(clock, plan), Sink()
    poller = Poller(
        snmp=snmp,
        ssh=None,
        http=None,
        probers=[prober],
        discover=discoverer,
        sink=sink,
        clock=clock,
        rng=random.Random(1),
        settings=PollingSettings(**settings),  # type: ignore[arg-type]
    )
    return Rig(clock, snmp, prober, discoverer, sink, poller)


@pytest.fixture
async def rigs() -> AsyncIterator[list[Rig]]:
    """Rigs that a test adds here are stopped at its end."""
    made: list[Rig] = []
    yield made
    for rig in made:
        if rig.task is not None:
            rig.task.cancel()
            await asyncio.gather(rig.task, return_exceptions=True)


@pytest.fixture
def rig(rigs: list[Rig]) -> Rig:
    rigs.append(make())
    return rigs[0]


async def test_discovers_first_and_then_polls_in_the_same_slot_of_each_interval(rig: Rig) -> None:
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(300)
    assert [name for name, _ in rig.discoverer.calls] == ["a"]
    assert len(rig.sink.of("a", "identity")) == 1
    slots = rig.times("a", "ports")
    assert len(slots) in (4, 5)
    assert {round(later - earlier, 6) for earlier, later in itertools.pairwise(slots)} == {60.0}


async def test_polls_are_spread_over_the_interval(rig: Rig) -> None:
    rig.poller.update([target(f"d{number}") for number in range(120)])
    rig.start()
    await rig.clock.advance(120)
    begin = rig.clock.mono
    await rig.clock.advance(60)
    moments = [one.at.mono for one in rig.sink.observations if one.table == "ports" and one.at.mono > begin]
    assert len(moments) == 120
    for tenth in range(10):
        share = sum(begin + tenth * 6 < moment <= begin + (tenth + 1) * 6 for moment in moments)
        assert 2 <= share <= 30, f"{share} of 120 polls in tenth {tenth} of the interval"


async def test_a_device_keeps_its_slot_over_a_restart(rigs: list[Rig]) -> None:
    slots = []
    for _ in range(2):
        rig = make()
        rigs.append(rig)
        rig.poller.update([target("a")])
        rig.start()
        await rig.clock.advance(200)
        slots.append(rig.times("a", "ports")[-1] % 60)
    assert slots[0] == pytest.approx(slots[1])


async def test_one_device_that_never_answers_delays_nobody(rig: Rig) -> None:
    rig.snmp.agents["dead"] = FakeAgent(delay=None)
    rig.poller.update([target("dead"), *(target(f"d{number}") for number in range(10))])
    rig.start()
    await rig.clock.advance(600)
    for number in range(10):
        slots = rig.times(f"d{number}", "ports")
        assert {round(b - a, 6) for a, b in itertools.pairwise(slots)} == {60.0}
    assert set(rig.sink.up("dead")) == {0.0}
    assert rig.sink.of("dead", "ports") == []
    assert {failure.reason for failure in rig.sink.failures} == {"no answer within 3 s (3 tries)"}


async def test_no_more_passes_at_once_than_allowed(rigs: list[Rig]) -> None:
    rig = make(concurrency=2, startup_spread=0)
    rigs.append(rig)
    for number in range(6):
        rig.snmp.agents[f"d{number}"] = FakeAgent(delay=1.0)
    rig.poller.update([target(f"d{number}") for number in range(6)])
    rig.start()
    await rig.clock.advance(0.5)
    assert rig.poller.stats.running == 2
    assert rig.poller.stats.waiting == 4
    await rig.clock.advance(10)
    assert len(rig.discoverer.calls) == 6


async def test_a_slow_device_is_given_up_at_its_deadline_and_says_so(rig: Rig) -> None:
    rig.poller.update([target("slow", deadline=20.0)])
    rig.start()
    await rig.clock.advance(70)
    rig.snmp.agents["slow"].delay = 15.0
    begin = len(rig.sink.failures)
    await rig.clock.advance(120)
    assert next(failure.table for failure in rig.sink.failures[begin:]) == "ports"
    assert "given up after 20 s" in rig.sink.failures[begin].reason
    assert rig.poller.stats.deadlines >= 1
    assert "took too long" in rig.poller.status()[EntityId("slow")].problem
    assert rig.sink.up("slow")[-1] == 1.0, "it did answer, only slowly"


async def test_discovery_may_take_longer_than_a_poll(rig: Rig) -> None:
    rig.discoverer.seconds = 100.0
    rig.poller.update([target("big", deadline=20.0)])
    rig.start()
    await rig.clock.advance(200)
    assert EntityId("big") in rig.poller.plans()
    assert rig.poller.stats.deadlines == 0


async def test_a_device_is_known_to_be_there_while_its_first_discovery_lasts(rig: Rig) -> None:
    rig.discoverer.seconds = 200.0
    rig.poller.update([target("a", interval=60, reachability=PING)])
    rig.start()
    await rig.clock.advance(61)
    assert rig.sink.up("a") == [1.0]


async def test_a_discovery_that_hangs_is_given_up(rig: Rig) -> None:
    rig.discoverer.seconds = 100_000.0
    rig.poller.update([target("big")])
    rig.start()
    await rig.clock.advance(1000)
    assert [failure.table for failure in rig.sink.failures] == ["discovery"]


async def test_a_silent_device_is_probed_each_interval_but_polled_ever_less(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=None, timeout=1.0)
    rig.prober.alive["a"] = False
    rig.poller.update([target("a", reachability=PING)])
    rig.start()
    await rig.clock.advance(3600)
    assert 59 <= len(rig.prober.asked) <= 62
    polls = [moment for moment, _ in rig.snmp.agents["a"].requests]
    assert len(polls) <= 14
    assert max(b - a for a, b in itertools.pairwise(polls)) <= 660


async def test_a_probe_that_is_answered_again_brings_a_poll_at_once(rig: Rig) -> None:
    rig.poller.update([target("a", reachability=PING)])
    rig.start()
    await rig.clock.advance(120)
    agent = rig.snmp.agents["a"]
    agent.delay, agent.timeout, rig.prober.alive["a"] = None, 1.0, False
    await rig.clock.advance(1800)
    assert rig.sink.up("a")[-1] == 0.0
    agent.delay, rig.prober.alive["a"] = 0.0, True
    before = len(rig.sink.of("a", "ports"))
    await rig.clock.advance(61)
    assert len(rig.sink.of("a", "ports")) >= before + 1
    assert rig.sink.up("a")[-1] == 1.0
    assert rig.poller.status()[EntityId("a")].failures == 0


async def test_a_device_that_answers_pings_but_no_snmp_backs_off_too(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=None, timeout=1.0)
    rig.poller.update([target("a", reachability=PING)])
    rig.start()
    await rig.clock.advance(3600)
    assert len(rig.snmp.agents["a"].requests) <= 14
    assert set(rig.sink.up("a")) == {1.0}
    snmp = [r.value for one in rig.sink.of("a", "device") for r in one.readings if r.labels == ("snmp",)]
    assert set(snmp) == {0.0}


async def test_without_a_probe_the_poll_itself_keeps_asking(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=None, timeout=1.0)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(900)
    assert len(rig.snmp.agents["a"].requests) >= 14


async def test_update_adds_changes_and_removes_without_losing_a_poll(rig: Rig) -> None:
    targets = [target("keep"), target("go"), target("move")]
    rig.poller.update(targets)
    rig.start()
    await rig.clock.advance(125)
    rig.poller.update([targets[0], replace(targets[2], addresses=("198.51.100.7",)), target("new")])
    gone = len(rig.sink.of("go", "ports"))
    await rig.clock.advance(185)
    slots = rig.times("keep", "ports")
    assert {round(b - a, 6) for a, b in itertools.pairwise(slots)} == {60.0}
    assert len(rig.sink.of("go", "ports")) == gone
    assert rig.sink.of("new", "ports")
    assert [name for name, _ in rig.discoverer.calls].count("move") == 2, "another address is another talk"
    assert [name for name, _ in rig.discoverer.calls].count("keep") == 1
    assert rig.poller.recheck_address("198.51.100.7") == "move"


async def test_a_longer_interval_keeps_the_plan(rig: Rig) -> None:
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(125)
    rig.poller.update([target("a", interval=120.0)])
    before = len(rig.sink.of("a", "ports"))
    await rig.clock.advance(480)
    assert len(rig.discoverer.calls) == 1
    assert len(rig.sink.of("a", "ports")) - before == 4


async def test_removal_cancels_the_pass_under_way(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=25.0)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(11)
    rig.poller.update([])
    await settle()
    assert rig.poller.stats.running == 0
    await rig.clock.advance(100)
    assert rig.sink.observations == []
    assert rig.poller.status() == {}


async def test_rechecks_are_gathered_into_one_poll(rig: Rig) -> None:
    rig.poller.update([target("a", interval=3600.0)])
    rig.start()
    await rig.clock.advance(20)
    assert rig.sink.of("a", "ports") == []
    for _ in range(1000):
        rig.poller.recheck(EntityId("a"))
    await rig.clock.advance(10)
    assert len(rig.sink.of("a", "ports")) == 1


async def test_a_recheck_during_a_poll_brings_another_one_after_it(rig: Rig) -> None:
    rig.poller.update([target("a", interval=3600.0)])
    rig.start()
    await rig.clock.advance(20)
    rig.snmp.agents["a"].delay = 2.0
    rig.poller.recheck(EntityId("a"))
    await rig.clock.advance(1)
    for _ in range(100):
        rig.poller.recheck(EntityId("a"))
    await rig.clock.advance(60)
    assert len(rig.sink.of("a", "ports")) == 2


async def test_a_storm_of_rechecks_polls_no_more_often_than_the_gap(rig: Rig) -> None:
    rig.poller.update([target("a", interval=3600.0)])
    rig.start()
    await rig.clock.advance(20)
    for _ in range(100):
        rig.poller.recheck(EntityId("a"))
        await rig.clock.advance(1)
    assert len(rig.sink.of("a", "ports")) <= 21


async def test_a_recheck_right_after_a_regular_poll_does_not_wait(rig: Rig) -> None:
    rig.poller.update([target("a", interval=60.0)])
    rig.start()
    await rig.clock.advance(20)
    before = len(rig.sink.of("a", "ports"))
    for _ in range(100):
        await rig.clock.advance(1)
        if len(rig.sink.of("a", "ports")) > before:
            break
    rig.poller.recheck(EntityId("a"))
    await rig.clock.advance(0.5)
    assert len(rig.sink.of("a", "ports")) == before + 2


async def test_recheck_of_a_stranger_does_nothing(rig: Rig) -> None:
    rig.poller.recheck(EntityId("nobody"))
    assert rig.poller.recheck_address("192.0.2.250") is None


async def test_cancelling_ends_everything(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=None)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(11)
    assert rig.poller.stats.running == 1
    assert rig.task is not None
    rig.task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await rig.task
    assert rig.poller.stats.running == 0
    assert rig.sink.failures == [], "stopping is no failure of the device"


async def test_the_time_of_a_reading_is_the_middle_of_its_request(rig: Rig) -> None:
    agent = rig.snmp.agents.setdefault("a", FakeAgent())
    agent.delay = 2.0
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(130)
    asked = [at for at, oids in agent.requests if UPTIME not in oids]
    assert asked
    assert rig.times("a", "ports") == pytest.approx([at + 1.0 for at in asked])


async def test_every_observation_carries_the_uptime(rig: Rig) -> None:
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(130)
    assert rig.sink.observations
    assert {one.evidence.uptime for one in rig.sink.observations} == {1.0}


@pytest.mark.parametrize(
    ("oid", "before", "after"),
    [
        (UPTIME, 100_000, 50),
        ("1.3.6.1.2.1.1.2.0", "1.3.6.1.4.1.99999.1", "1.3.6.1.4.1.99999.2"),
        ("1.3.6.1.2.1.31.1.5.0", 5, 6),
        ("1.3.6.1.2.1.47.1.4.1.0", 5, 6),
    ],
)
async def test_discovers_anew_when_the_device_says_that_it_changed(
    rig: Rig, oid: str, before: object, after: object
) -> None:
    rig.snmp.agents["a"] = FakeAgent(values={UPTIME: 100, OCTETS: 1, oid: before})  # type: ignore[dict-item]
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(400)
    assert len(rig.discoverer.calls) == 1
    rig.snmp.agents["a"].values[oid] = after  # type: ignore[assignment]
    await rig.clock.advance(61)
    assert len(rig.discoverer.calls) == 2
    await rig.clock.advance(600)
    assert len(rig.discoverer.calls) == 2


async def test_a_flapping_sentinel_does_not_discover_all_the_time(rig: Rig) -> None:
    agent = FakeAgent(values={UPTIME: 100, "1.3.6.1.2.1.31.1.5.0": 0})
    rig.snmp.agents["a"] = agent
    rig.poller.update([target("a")])
    rig.start()
    for change in range(60):
        agent.values["1.3.6.1.2.1.31.1.5.0"] = change
        await rig.clock.advance(60)
    assert len(rig.discoverer.calls) <= 13


async def test_a_change_within_the_gap_is_not_forgotten(rig: Rig) -> None:
    agent = FakeAgent(values={UPTIME: 100, "1.3.6.1.2.1.31.1.5.0": 0})
    rig.snmp.agents["a"] = agent
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(70)
    agent.values["1.3.6.1.2.1.31.1.5.0"] = 1
    await rig.clock.advance(400)
    assert len(rig.discoverer.calls) == 2


async def test_discovers_daily_though_nothing_changed(rigs: list[Rig]) -> None:
    rig = make(rediscovery_interval=3600.0)
    rigs.append(rig)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(3 * 3600 + 120)
    assert 3 <= len(rig.discoverer.calls) <= 4


async def test_rediscovery_that_is_asked_for_comes_with_the_next_poll(rig: Rig) -> None:
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(130)
    assert len(rig.discoverer.calls) == 1
    rig.poller.rediscover()
    assert rig.poller.status()[EntityId("a")].plan is not None
    await rig.clock.advance(60)
    assert len(rig.discoverer.calls) == 2
    await rig.clock.advance(300)
    assert len(rig.discoverer.calls) == 2


async def test_the_log_tells_once_what_is_wrong_with_a_table(rigs: list[Rig]) -> None:
    table = FakeTable()
    rig = make(FakePlan((table,)))
    rigs.append(rig)
    rig.poller.update([target("a")])
    rig.start()
    with structlog.testing.capture_logs() as logs:
        for problems in ((), ("its budget is 7", "more"), ("its budget is 8",), (), ("its budget is 9",)):
            table.problems = problems
            await rig.clock.advance(130)
    told = [one for one in logs if one["event"] == "table is not read as it should be"]
    assert [(one["device"], one["table"], one["problem"], one["more"]) for one in told] == [
        ("a", "ports", "its budget is 7", 1),
        ("a", "ports", "its budget is 9", 0),
    ]


async def test_the_log_tells_once_that_a_device_fell_silent_and_once_that_it_is_back(rig: Rig) -> None:
    rig.snmp.agents["never"] = FakeAgent(delay=None)
    rig.snmp.agents["a"] = agent = FakeAgent()
    rig.poller.update([target("a"), target("never")])
    rig.start()
    with structlog.testing.capture_logs() as logs:
        await rig.clock.advance(130)
        agent.delay = None
        await rig.clock.advance(1500)
        agent.delay = 0.0
        await rig.clock.advance(1500)
    told = [(one["event"], one["device"]) for one in logs if one["log_level"] != "debug"]
    assert told == [
        ("device does not answer", "never"),
        ("device does not answer", "a"),
        ("device answers again", "a"),
    ]
    assert {one["reason"] for one in logs if "reason" in one and one["device"] == "never"} == {
        "no answer within 3 s (3 tries)"
    }


async def test_a_failed_discovery_is_told_and_tried_again(rig: Rig) -> None:
    rig.discoverer.error = WireTimeout("no answer within 3 s (3 tries)")
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(70)
    assert rig.sink.failures[0].table == "discovery"
    rig.discoverer.error = None
    await rig.clock.advance(200)
    assert EntityId("a") in rig.poller.plans()


async def test_a_mistake_in_one_table_does_not_stop_the_others(rigs: list[Rig]) -> None:
    rig = make(FakePlan((FakeTable("bad", broken=True), FakeTable("good"))))
    rigs.append(rig)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(125)
    assert rig.sink.of("a", "good")
    assert {(f.table, f.reason) for f in rig.sink.failures} == {("bad", "internal error: KeyError")}


async def test_a_large_table_is_mapped_beside_the_loop(rigs: list[Rig]) -> None:
    class Watched(FakeTable):
        threads: ClassVar[set[bool]] = set()

        def observe(self, *arguments: Any, **more: Any) -> Observation:
            self.threads.add(threading.current_thread() is threading.main_thread())
            return super().observe(*arguments, **more)

    many = tuple(f"{OCTETS}.{row}" for row in range(LARGE + 1))
    rig = make(FakePlan((Watched("large", oids=many), Watched("small"))))
    rigs.append(rig)
    rig.snmp.agents["a"] = FakeAgent({UPTIME: 100, OCTETS: 7, **dict.fromkeys(many, 1)})
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(90)
    for _ in range(500):
        if rig.sink.of("a", "small") and rig.sink.of("a", "large"):
            break
        await asyncio.sleep(0.02)
    assert len(rig.sink.of("a", "large")[0].readings) == LARGE + 1
    assert Watched.threads == {True, False}


async def test_tables_have_their_own_intervals(rigs: list[Rig]) -> None:
    tables = (
        FakeTable("fast", interval=15.0),
        FakeTable("usual"),
        FakeTable("daily", mode="slow", interval=86_400.0),
    )
    rig = make(FakePlan(tables))
    rigs.append(rig)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(20)
    begin = rig.clock.mono
    await rig.clock.advance(86_400)
    for table, expected in (("fast", 5760), ("usual", 1440), ("daily", 1)):
        found = sum(moment > begin for moment in rig.times("a", table))
        # The daily rediscovery reads every table itself, in place of one poll.
        assert expected - 5 <= found <= expected + 1, table


async def test_a_walk_that_went_wrong_is_not_taken_for_the_whole_table(rigs: list[Rig]) -> None:
    table = FakeTable("aps", mode="churning", oids=(), roots=("1.3.6.1.2.1.31.1.1.1.6",))
    rig = make(FakePlan((table,)))
    rigs.append(rig)
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(75)
    observation = rig.sink.of("a", "aps")[0]
    assert not observation.complete
    assert "do not increase" in observation.problems[0]


async def test_a_device_that_is_only_probed_needs_no_plan(rig: Rig) -> None:
    rig.prober.alive["a"] = True
    rig.poller.update([target("a", reachability=PING, snmp=None)])
    rig.start()
    await rig.clock.advance(130)
    assert set(rig.sink.up("a")) == {1.0}
    assert rig.discoverer.calls == []
    durations = [r for one in rig.sink.of("a", "device") for r in one.readings if "duration" in r.family]
    assert {(r.labels, r.value) for r in durations} == {(("icmp",), 0.001)}


async def test_status_tells_success_problem_and_next_slot(rig: Rig) -> None:
    rig.poller.update([target("a")])
    rig.start()
    await rig.clock.advance(130)
    status = rig.poller.status()[EntityId("a")]
    now = rig.clock.now().wall
    assert status.problem == ""
    assert status.last_success is not None
    assert now - 61 <= status.last_success <= now
    assert status.next_due is not None
    assert now < status.next_due <= now + 60
    rig.snmp.agents["a"].delay = None
    await rig.clock.advance(80)
    status = rig.poller.status()[EntityId("a")]
    assert status.problem == "no answer within 3 s (3 tries)"
    assert status.failures == 1


async def test_new_credentials_in_mid_pass_are_used_right_after_it(rig: Rig) -> None:
    rig.snmp.agents["a"] = FakeAgent(delay=5.0)
    rig.poller.update([target("a", interval=3600.0)])
    rig.start()
    await rig.clock.advance(12)
    rig.poller.update([target("a", interval=3600.0, snmp=SnmpAccess(timeout=1.0))])
    await rig.clock.advance(30)
    assert EntityId("a") in rig.poller.plans()


@pytest.mark.parametrize("bad", [{"concurrency": 0}, {"backoff_max": -1.0}])
def test_settings_refuse_nonsense(bad: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        PollingSettings(**bad)  # type: ignore[arg-type]
