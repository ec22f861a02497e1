"""What the first way can't deliver goes out by the second path: once, in order, with its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notify_fakes import FakeClock, Recorder, run_until

from netwatch.errors import DeliveryError
from netwatch.model import Severity
from netwatch.notify import Dispatcher, PathTest, SecondPath, SteadyOutbox, internet_at_fault
from netwatch.notify.pathtest import DAYS, last_due
from netwatch.store import Store

AWAY = [DeliveryError("away")] * 10_000


class Rig:
    def __init__(self, store: Store, first: Recorder, second: Recorder, *, after: float = 300.0) -> None:
        self.clock, self.first, self.second = FakeClock(), first, second
        self.internet_gone = False
        outbox = SteadyOutbox(store.outbox)
        self.path = SecondPath(
            {first.name: [second]}, outbox, self.clock, after=after, urgent=lambda: self.internet_gone
        )
        self.dispatcher = Dispatcher([first], outbox, self.clock, backups=[second], second=self.path)

    async def run(self, seconds: float) -> None:
        until = self.clock.now().mono + seconds
        await run_until(self.dispatcher, lambda: self.clock.now().mono >= until)


async def test_the_second_path_is_silent_while_the_first_delivers(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook"), Recorder("sms"))
        rig.dispatcher.notify([transition(make_alert("a"))])
        rig.dispatcher.notify([transition(make_alert("a", state="resolved"), "firing")])
        await rig.run(2000)
        assert rig.first.got == ["a:firing", "a:resolved"]
        assert rig.second.got == []


async def test_what_is_late_goes_out_once_and_its_end_too(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook", AWAY), Recorder("sms", at_least=Severity.WARNING))
        rig.dispatcher.notify(
            [transition(make_alert("a")), transition(make_alert("small", severity=Severity.INFO))]
        )
        await rig.run(200)
        assert rig.second.got == []
        await rig.run(200)
        assert rig.second.got == ["a:firing"]
        # The first way is back: it gets everything, and the end goes to whom the beginning went.
        rig.first.script.clear()
        rig.dispatcher.notify([transition(make_alert("a", state="resolved"), "firing")])
        await rig.run(400)
        assert rig.first.got == ["a:firing", "small:firing", "a:resolved"]
        assert rig.second.got == ["a:firing", "a:resolved"]
        assert rig.path.handed_over == {"hook": 2}


async def test_an_end_by_the_second_path_does_not_wait(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook", AWAY), Recorder("sms"))
        rig.dispatcher.notify([transition(make_alert("a"))])
        await rig.run(400)
        rig.dispatcher.notify([transition(make_alert("a", state="resolved"), "firing")])
        await rig.run(20)
        assert rig.second.got == ["a:firing", "a:resolved"]


async def test_with_the_internet_gone_nothing_waits(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook", AWAY), Recorder("sms"))
        rig.dispatcher.notify([transition(make_alert("a"))])
        await rig.run(30)
        assert rig.second.got == []
        rig.internet_gone = True
        rig.dispatcher.notify([transition(make_alert("b"))])
        await rig.run(30)
        assert rig.second.got == ["a:firing", "b:firing"]


async def test_what_is_refused_for_good_goes_out_at_once(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook"), Recorder("sms"))
        rig.first.bad = {"b"}
        rig.dispatcher.notify([transition(make_alert("a")), transition(make_alert("b"))])
        await rig.run(10)
        assert rig.first.got == ["a:firing"]
        assert rig.second.got == ["b:firing"]


async def test_after_a_restart_the_second_path_is_told_what_ended_meanwhile(
    tmp_path, make_alert, transition
) -> None:
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook", AWAY), Recorder("sms"))
        rig.dispatcher.notify([transition(make_alert("a"))])
        await rig.run(400)
    with Store(tmp_path / "db") as store:
        rig = Rig(store, Recorder("hook", AWAY), Recorder("sms"))
        rig.dispatcher.resume([])
        await rig.run(20)
        assert rig.second.got == ["a:resolved"]


def test_which_alerts_say_that_the_internet_is_gone(make_alert) -> None:
    labels = {"kind": "firewall", "role": "edge"}
    assert internet_at_fault([make_alert(labels=labels)], ("firewall", "wan"))
    assert internet_at_fault([make_alert(labels={"kind": "other", "role": "wan"})], ("firewall", "wan"))
    assert not internet_at_fault([make_alert(labels={"kind": "switch"})], ("firewall", "wan"))
    assert not internet_at_fault([make_alert(labels=labels, state="resolved")], ("firewall", "wan"))
    assert not internet_at_fault([make_alert(labels=labels, state="pending")], ("firewall", "wan"))


# -- the weekly test

CHICAGO = ZoneInfo("America/Chicago")


@settings(max_examples=100)
@given(
    now=st.floats(1_600_000_000, 2_000_000_000),
    day=st.sampled_from(DAYS),
    hour=st.integers(0, 23),
    minute=st.integers(0, 59),
)
def test_the_last_moment_of_the_week(now, day, hour, minute) -> None:
    due = last_due(now, day, f"{hour:02}:{minute:02}", CHICAGO)
    here = datetime.fromtimestamp(due, UTC).astimezone(CHICAGO)
    assert due <= now < due + 7 * 86400 + 7200
    assert here.weekday() == DAYS.index(day)
    shown = here.hour * 60 + here.minute
    wanted = hour * 60 + minute
    assert shown in (wanted, wanted + 60)  # an hour that the change to summer time leaves out


def weekly(store: Store, clock: FakeClock) -> PathTest:
    return PathTest(["sms"], SteadyOutbox(store.outbox), clock, zone=CHICAGO, district="maple")


async def deliver(store: Store, clock: FakeClock, channel: Recorder, seconds: float) -> None:
    """One channel's dispatcher, on the clock of the test."""
    dispatcher = Dispatcher([], store.outbox, clock, backups=[channel])
    until = clock.now().mono + seconds
    task = asyncio.create_task(dispatcher.run())
    while clock.now().mono < until:  # noqa: ASYNC110 - time moves by the sleeps of others
        await asyncio.sleep(0.001)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("script", [[], [DeliveryError("modem")] * 3])
async def test_one_goes_out_each_week_and_passes(tmp_path, script: Sequence[Exception]) -> None:
    clock, channel = FakeClock(), Recorder("sms", script)
    with Store(tmp_path / "db") as store:
        test = weekly(store, clock)
        assert test.outcomes() == {}
        assert test.send_due() == {"sms"}
        assert test.outcomes()["sms"].passed is None
        await deliver(store, clock, channel, 100)
        assert test.outcomes()["sms"].passed is True
        assert test.send_due() == frozenset()
        assert weekly(store, clock).send_due() == frozenset()  # nor after a restart
        clock.time = clock.time.plus(7 * 86400)
        assert weekly(store, clock).send_due() == {"sms"}
        await deliver(store, clock, channel, 100)
        assert len(channel.got) == 2
        assert len({key.partition(":")[0] for key in channel.got}) == 2


async def test_a_test_that_nobody_took_has_failed_and_a_later_one_mends_it(tmp_path) -> None:
    clock = FakeClock()
    with Store(tmp_path / "db") as store:
        test = weekly(store, clock)
        test.send_due()
        clock.time = clock.time.plus(901)
        outcome = test.outcomes()["sms"]
        assert (outcome.passed, outcome.last_passed, outcome.error) == (False, None, "not within 15 min")
        await deliver(store, clock, Recorder("sms"), 10)
        assert test.outcomes()["sms"].passed is False  # too late is failed
        clock.time = clock.time.plus(7 * 86400)
        test.send_due()
        await deliver(store, clock, Recorder("sms"), 10)
        assert test.outcomes()["sms"].passed is True


async def test_tests_of_long_ago_are_forgotten(tmp_path) -> None:
    clock = FakeClock()
    with Store(tmp_path / "db") as store:
        for _ in range(20):
            weekly(store, clock).send_due()
            await deliver(store, clock, Recorder("sms"), 1)
            clock.time = clock.time.plus(7 * 86400)
        assert 10 <= len(store.outbox.find("sms", "test-")) <= 15
