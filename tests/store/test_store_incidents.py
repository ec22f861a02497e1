"""Incidents, their timelines and what rules remember."""

from __future__ import annotations

import contextlib
import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.errors import StoreError
from netwatch.model import Alert, AlertState, EntityId, Severity, Transition
from netwatch.store import Remembered, Store, decode_alert, encode_alert

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=10)
wall = st.floats(0, 4e9)
alerts = st.builds(
    Alert,
    id=st.sampled_from(["1", "2", "3"]),
    rule=text,
    entity=text.map(EntityId),
    device=text.map(EntityId),
    state=st.sampled_from(AlertState),
    severity=st.sampled_from(Severity),
    since=wall,
    fired=st.none() | wall,
    resolved=st.none(),
    value=st.none() | st.floats(allow_nan=False),
    summary=text,
    labels=st.dictionaries(text, text, max_size=3),
    annotations=st.dictionaries(text, text, max_size=2),
    suppressed_by=text,
).map(
    lambda alert: dataclasses.replace(
        alert, resolved=alert.since + 1 if alert.state is AlertState.RESOLVED else None
    )
)


@given(alerts)
def test_an_alert_survives_json(alert: Alert) -> None:
    assert decode_alert(encode_alert(alert)) == alert


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"id": 1}'])
def test_no_alert_is_a_store_error(text: str) -> None:
    with pytest.raises(StoreError, match="can't be read"):
        decode_alert(text)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(alerts, max_size=3), max_size=6))
def test_incidents_equal_a_dictionary(tmp_path_factory, batches) -> None:
    path = tmp_path_factory.mktemp("incidents") / "netwatch.db"
    model: dict[str, Alert] = {}
    length: dict[str, int] = {}
    with Store(path) as store:
        for batch in batches:
            store.incidents.record([Transition(alert, None, alert.since) for alert in batch])
            for alert in batch:
                if alert.state is AlertState.RESOLVED and alert.fired is None:
                    model.pop(alert.id, None)
                    length.pop(alert.id, None)
                else:
                    model[alert.id] = alert
                    length[alert.id] = length.get(alert.id, 0) + 1
            found_open = store.incidents.load_open()
            found_past = store.incidents.load_past()
            assert {alert.id: alert for alert in found_open + found_past} == model
            assert all(alert.state is not AlertState.RESOLVED for alert in found_open)
            assert {key: len(store.incidents.timeline(key)) for key in model} == length


def firing(number: str, **changes) -> Alert:
    alert = Alert(
        id=number,
        rule="R",
        entity=EntityId("e"),
        device=EntityId("d"),
        state=AlertState.FIRING,
        severity=Severity.CRITICAL,
        since=10.0,
        fired=20.0,
        resolved=None,
        value=1.0,
        summary="s",
    )
    return dataclasses.replace(alert, **changes)


def test_past_incidents_are_filtered_and_forgotten(tmp_path) -> None:
    with Store(tmp_path / "db") as store:
        for number, end in (("a", 100.0), ("b", 200.0), ("c", 300.0)):
            ended = firing(number, state=AlertState.RESOLVED, resolved=end, entity=EntityId(number))
            store.incidents.record([Transition(ended, AlertState.FIRING, end)])
        assert [alert.id for alert in store.incidents.load_past(since=150)] == ["c", "b"]
        assert [alert.id for alert in store.incidents.load_past(limit=1)] == ["c"]
        assert [alert.id for alert in store.incidents.load_past(entity=EntityId("a"))] == ["a"]
        assert store.incidents.forget(250) == 2
        assert [alert.id for alert in store.incidents.load_past()] == ["c"]
        assert store.incidents.timeline("a") == []


def test_timeline_tells_state_and_explanation(tmp_path) -> None:
    with Store(tmp_path / "db") as store:
        store.incidents.record([Transition(firing("a", suppressed_by="root"), AlertState.PENDING, 20.0)])
        (entry,) = store.incidents.timeline("a")
        assert (entry.at, entry.state, entry.previous) == (20.0, AlertState.FIRING, AlertState.PENDING)
        assert "root" in entry.note


def test_memory_of_rules(tmp_path) -> None:
    first = Remembered("InterfaceDown", EntityId("p1"), ())
    second = Remembered("TrunkDown", EntityId("t"), ("in", "ö"))
    with Store(tmp_path / "db") as store:
        store.incidents.remember([first])
        store.incidents.remember([first, second])
    with Store(tmp_path / "db") as store:
        assert store.incidents.remembered() == [first, second]


def test_a_transaction_over_parts_is_all_or_nothing(tmp_path) -> None:
    with Store(tmp_path / "db") as store:
        with contextlib.suppress(RuntimeError), store.transaction():
            store.incidents.save([firing("a")])
            store.outbox.put([("mail", "a:firing", "{}")], 20.0)
            raise RuntimeError
        assert store.incidents.load_open() == []
        assert store.outbox.depths() == {}
        with store.transaction():
            store.incidents.save([firing("a")])
            store.outbox.put([("mail", "a:firing", "{}")], 20.0)
        assert store.outbox.depths() == {"mail": 1}
