"""In order, once, to everybody, over restarts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notify_fakes import FakeClock, Recorder, drain, run_until

from netwatch.errors import DeliveryError
from netwatch.model import Alert, AlertState, EntityId, Notice, Reason, Severity, Transition
from netwatch.notify import Dispatcher, Manners
from netwatch.store import Store


async def test_each_transition_arrives_once_and_in_order(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        mail, page = Recorder("mail", [DeliveryError("away")] * 3), Recorder("page")
        dispatcher = Dispatcher([mail, page], store.outbox, FakeClock())
        steps = [transition(make_alert("a")), transition(make_alert("b")), transition(make_alert("a"))]
        assert dispatcher.notify(steps) == 4
        assert dispatcher.notify([transition(make_alert("a", state="resolved"), "firing")]) == 2
        await drain(dispatcher, store)
        assert mail.got == page.got == ["a:firing", "b:firing", "a:resolved"]
        status = dispatcher.status()
        assert (status["mail"].failures, status["mail"].delivered, status["mail"].last_error) == (
            3,
            3,
            "away",
        )
        assert status["page"].failures == 0
        assert status["mail"].failing_since is None, "it delivers again"


async def test_a_channel_says_since_when_it_fails(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        clock, mail = FakeClock(), Recorder("mail", [DeliveryError("away")] * 10_000)
        dispatcher = Dispatcher([mail], store.outbox, clock)
        began = clock.now().wall
        dispatcher.notify([transition(make_alert("a"))])
        task = asyncio.create_task(dispatcher.run())
        while dispatcher.status()["mail"].failures < 4:  # noqa: ASYNC110 - another task has no event for us
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert dispatcher.status()["mail"].failing_since == pytest.approx(began, abs=1.0)
        assert clock.now().wall - began > 5.0


async def test_what_is_announced_is_said_once_and_to_those_named(tmp_path, make_alert) -> None:
    with Store(tmp_path / "db") as store:
        mail, page = Recorder("mail"), Recorder("page")
        dispatcher = Dispatcher([mail, page], store.outbox, FakeClock())
        told = make_alert("handover", state="resolved", severity=Severity.INFO)
        for _ in range(2):
            dispatcher.announce(["page"], "handover-network-ben-1", told)
        await drain(dispatcher, store)
        assert (mail.got, page.got) == ([], ["handover:resolved"])
        dispatcher.resume([])
        assert store.outbox.waiting("page") == [], "a restart neither ends nor repeats it"


async def test_what_nobody_needs_to_know_is_not_told(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        channel = Recorder("page", at_least=Severity.WARNING)
        dispatcher = Dispatcher([channel], store.outbox, FakeClock())
        dispatcher.notify(
            [
                transition(make_alert("pending", state="pending"), None),
                transition(make_alert("explained", suppressed_by="root")),
                transition(make_alert("minor", severity=Severity.INFO)),
                transition(make_alert("minor", state="resolved", severity=Severity.INFO), "firing"),
                transition(make_alert("explained", state="resolved"), "firing"),
                transition(make_alert("never-fired", state="resolved", fired=None)),
            ]
        )
        assert store.outbox.depths() == {}


async def test_the_end_of_what_was_told_is_told_even_if_it_is_explained_by_now(
    tmp_path, make_alert, transition
) -> None:
    with Store(tmp_path / "db") as store:
        channel = Recorder("page")
        dispatcher = Dispatcher([channel], store.outbox, FakeClock())
        dispatcher.notify([transition(make_alert("a"))])
        dispatcher.notify([transition(make_alert("a", suppressed_by="root"), "firing")])
        dispatcher.notify([transition(make_alert("a", state="resolved", suppressed_by="root"), "firing")])
        await drain(dispatcher, store)
        assert channel.got == ["a:firing", "a:resolved"]


async def test_one_refused_message_does_not_hold_up_the_others(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        channel = Recorder("page")
        channel.bad = {"b"}
        dispatcher = Dispatcher([channel], store.outbox, FakeClock())
        dispatcher.notify([transition(make_alert(number)) for number in "abc"])
        await drain(dispatcher, store)
        assert channel.got == ["a:firing", "c:firing"]
        assert dispatcher.status()["page"].refused == 1


async def test_a_mistake_in_a_channel_is_retried_and_hurts_no_other(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        broken, page = Recorder("broken", [KeyError("oops")]), Recorder("page")
        dispatcher = Dispatcher([broken, page], store.outbox, FakeClock())
        dispatcher.notify([transition(make_alert("a"))])
        await drain(dispatcher, store)
        assert broken.got == page.got == ["a:firing"]


async def test_messages_that_nobody_takes_are_dropped_in_the_end(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        channel = Recorder("page", [DeliveryError("away")] * 400)
        clock = FakeClock()
        dispatcher = Dispatcher([channel], store.outbox, clock, manners=Manners(give_up_after=3600))
        dispatcher.notify([transition(make_alert("a"))])
        await drain(dispatcher, store)
        assert channel.got == []
        assert dispatcher.status()["page"].refused == 1
        assert 3600 <= clock.now().mono < 4500


async def test_a_fault_with_many_alerts_arrives_together(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        channel = Recorder("mail")
        clock = FakeClock()
        dispatcher = Dispatcher([channel], store.outbox, clock, manners=Manners(group_wait=10))
        for number in "abc":
            dispatcher.notify([transition(make_alert(number))])
        await drain(dispatcher, store)
        assert channel.batches == [3]
        assert clock.now().mono >= 10


async def test_a_restart_goes_on_and_closes_what_is_open_no_more(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        first = Recorder("page")
        dispatcher = Dispatcher([first], store.outbox, FakeClock())
        dispatcher.notify([transition(make_alert(number)) for number in ("still", "gone", "ended")])
        dispatcher.notify([transition(make_alert("ended", state="resolved"), "firing")])
        await drain(dispatcher, store)
        dispatcher.notify([transition(make_alert("waiting"))])
    with Store(tmp_path / "db") as store:
        second = Recorder("page")
        dispatcher = Dispatcher([second], store.outbox, FakeClock())
        dispatcher.resume([make_alert("still"), make_alert("waiting")])
        await drain(dispatcher, store)
        assert second.resumed == ["still"]
        assert second.got == ["waiting:firing", "gone:resolved"]


async def test_what_is_being_delivered_may_end_before_the_shutdown(tmp_path, make_alert, transition) -> None:
    class Slow(Recorder):
        async def deliver(self, alerts: Sequence[Alert]) -> None:
            started.set()
            await asyncio.sleep(0.05)
            await super().deliver(alerts)

    started = asyncio.Event()
    with Store(tmp_path / "db") as store:
        channel = Slow("page")
        dispatcher = Dispatcher([channel], store.outbox, FakeClock())
        dispatcher.notify([transition(make_alert("a"))])
        task = asyncio.create_task(dispatcher.run())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert channel.got == ["a:firing"]
        assert store.outbox.depths() == {}


async def test_a_receiver_that_hangs_does_not_hold_up_the_shutdown(tmp_path, make_alert, transition) -> None:
    class Hanging(Recorder):
        async def deliver(self, alerts: Sequence[Alert]) -> None:
            started.set()
            await asyncio.Event().wait()

    started = asyncio.Event()
    with Store(tmp_path / "db") as store:
        dispatcher = Dispatcher([Hanging("page")], store.outbox, FakeClock(), manners=Manners(shutdown=0.05))
        dispatcher.notify([transition(make_alert("a"))])
        task = asyncio.create_task(dispatcher.run())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert store.outbox.depths() == {"page": 1}


async def test_keys_of_what_ended_long_ago_are_forgotten(tmp_path, make_alert, transition) -> None:
    with Store(tmp_path / "db") as store:
        clock = FakeClock()
        dispatcher = Dispatcher([Recorder("page")], store.outbox, clock)
        dispatcher.notify([transition(make_alert("old")), transition(make_alert("lasting"))])
        dispatcher.notify([transition(make_alert("old", state="resolved"), "firing")])
        await drain(dispatcher, store)
        clock.time = clock.time.plus(30 * 86400)
        await run_until(dispatcher, lambda: not store.outbox.has("page", "old:firing"))
        assert store.outbox.has("page", "lasting:firing")


def test_two_channels_of_one_name_are_refused(tmp_path) -> None:
    with Store(tmp_path / "db") as store, pytest.raises(ValueError, match="same name"):
        Dispatcher([Recorder("x"), Recorder("x")], store.outbox, FakeClock())


@settings(max_examples=20, deadline=None)
@given(
    steps=st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["firing", "resolved"])), max_size=10),
    failures=st.lists(st.sampled_from([None, DeliveryError("away")]), max_size=8),
    cut=st.integers(0, 10),
)
def test_whatever_fails_and_restarts_each_key_arrives_once_and_in_order(
    tmp_path_factory, steps, failures, cut
) -> None:
    async def scenario() -> None:
        path = tmp_path_factory.mktemp("outbox") / "db"
        channel = Recorder("page", failures)
        expected: list[str] = []
        for part in (steps[:cut], steps[cut:]):
            with Store(path) as store:
                dispatcher = Dispatcher([channel], store.outbox, FakeClock())
                for number, state in part:
                    alert = Alert(
                        id=number,
                        rule="R",
                        entity=EntityId("e"),
                        device=EntityId("e"),
                        state=AlertState(state),
                        severity=Severity.INFO,
                        since=1.0,
                        fired=2.0,
                        resolved=3.0 if state == "resolved" else None,
                        value=None,
                        summary="s",
                    )
                    key = f"{number}:{state}"
                    told = state == "firing" or f"{number}:firing" in expected
                    if told and key not in expected:
                        expected.append(key)
                    dispatcher.notify([Transition(alert, None, 1.0)])
                await drain(dispatcher, store)
        assert channel.got == expected

    asyncio.run(scenario())


async def test_a_notice_is_for_its_channels_and_told_anew_only_under_a_name_of_its_own(
    tmp_path, make_alert
) -> None:
    with Store(tmp_path / "db") as store:
        page, board = Recorder("page"), Recorder("board", at_least=Severity.CRITICAL)
        dispatcher = Dispatcher([page, board], store.outbox, FakeClock())
        mild = make_alert("a", severity=Severity.WARNING)
        assert dispatcher.notify([Notice(mild, frozenset({"page"}))]) == 1
        assert dispatcher.notify([Notice(mild, frozenset({"page", "board"}), Reason.AGAIN, "again-1")]) == 1
        assert dispatcher.notify([Notice(mild, None, Reason.AGAIN, "again-1")]) == 0
        # Life safety: whatever the least severity of the channel is, which was told nothing before.
        assert dispatcher.notify([Notice(mild, frozenset({"board"}), again="again-2", always=True)]) == 1
        assert dispatcher.notify([Notice(make_alert("b", suppressed_by="root"), always=True)]) == 0
        ended = make_alert("a", state="resolved")
        assert dispatcher.notify([Notice(ended, reason=Reason.ENDED)]) == 2
        keys = {name: [entry.key for entry in store.outbox.waiting(name)] for name in ("page", "board")}
        assert keys == {
            "page": ["a:firing", "a:firing:again-1", "a:resolved"],
            "board": ["a:firing", "a:resolved"],
        }
        await drain(dispatcher, store)
        dispatcher = Dispatcher([page], store.outbox, FakeClock())
        dispatcher.resume([])
        assert store.outbox.depths() == {}
