"""The engine against a simple reference that looks at one series at a time."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from alert_snapshots import device, part, rules, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.alerts import AlertEngine, EngineState, Memo, evaluate
from netwatch.model import AlertState, EntityKind, Inventory, Place, PlaceId, PlaceKind, Places

ENTITIES = [device("s1"), device("s2")] + [
    part(owner, name, EntityKind.VOLUME) for owner in ("s1", "s2") for name in ("a", "b")
]
VOLUMES = [entity.id for entity in ENTITIES if entity.kind is EntityKind.VOLUME]
LEVELS = st.sampled_from([0.1, 0.5, 0.8, 0.85, 0.9, 0.95, 1.0, None])


@dataclass
class Reference:
    """One series under `above: 0.9, clear_below: 0.8`, written down as the documentation says it."""

    hold: float
    keep: float
    state: str = "none"
    since: float = 0.0
    quiet_since: float | None = None

    def step(self, value: float | None, now: float) -> None:
        if value is None:
            return
        if self.state == "firing":
            if value >= 0.8:
                self.quiet_since = None
            else:
                self.quiet_since = now if self.quiet_since is None else self.quiet_since
                if now - self.quiet_since >= self.keep:
                    self.state, self.quiet_since = "none", None
        elif value > 0.9:
            if self.state == "none":
                self.state, self.since = "pending", now
            if now - self.since >= self.hold:
                self.state = "firing"
        else:
            self.state = "none"


@settings(max_examples=60, deadline=None)
@given(
    hold=st.sampled_from([0, 60, 150]),
    keep=st.sampled_from([0, 90]),
    steps=st.lists(
        st.tuples(st.sampled_from([15, 60, 100]), st.tuples(*[LEVELS] * len(VOLUMES))), max_size=25
    ),
    restart=st.integers(0, 24),
)
def test_engine_equals_the_reference(hold, keep, steps, restart) -> None:
    loaded = rules(
        f"""
rules:
  - rule: Full
    value: netwatch_volume_used_ratio
    above: 0.9
    clear_below: 0.8
    for: {hold}
    keep_firing_for: {keep}
    severity: warning
    message: "{{volume}} {{value}}"
"""
    )
    reference = {volume: Reference(hold, keep) for volume in VOLUMES}
    engine = AlertEngine(loaded)
    now = 1000.0
    for number, (gap, values) in enumerate(steps):
        now += gap
        frame = snapshot(
            now, ENTITIES, {"netwatch_volume_used_ratio": dict(zip(VOLUMES, values, strict=True))}
        )
        if number == restart:
            again = AlertEngine(loaded)
            again.restore(engine.alerts())
            engine = again
            for one in reference.values():
                one.quiet_since = None  # a restart begins to count anew
        before = states(engine)
        transitions = engine.evaluate(frame)
        for volume, value in zip(VOLUMES, values, strict=True):
            reference[volume].step(value, now)
        expected = {volume: one.state for volume, one in reference.items() if one.state != "none"}
        assert states(engine) == expected
        for transition in transitions:
            assert transition.at == now
            assert before.get(transition.alert.entity) == (transition.previous and transition.previous.value)


def states(engine: AlertEngine) -> dict[str, str]:
    return {
        alert.entity: alert.state.value for alert in engine.alerts() if alert.state is not AlertState.RESOLVED
    }


UP = """
rules:
  - rule: Unreachable
    value: netwatch_device_up
    equals: 0
    for: 2m
    severity: critical
    message: "{device} at {site} does not answer ({value})"
    description: "{kind} {role}"
    runbook: https://wiki.example/unreachable
"""


def up(at: float, value: float | None):
    return snapshot(at, [device("core", role="core")], {"netwatch_device_up": {"core": value}})


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("maple/lhs/main/mdf", "sw at Lincoln High School (Main building, MDF) is down"),
        ("maple/lhs", "sw at Lincoln High School is down"),
        ("", "sw at lhs is down"),
    ],
)
def test_a_message_says_where_to_walk_to(place: str, expected: str) -> None:
    tree = [
        Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
        Place(PlaceId("maple/lhs"), PlaceKind.SCHOOL, "Lincoln High School", PlaceId("maple")),
        Place(PlaceId("maple/lhs/main"), PlaceKind.BUILDING, "Main building", PlaceId("maple/lhs")),
        Place(PlaceId("maple/lhs/main/mdf"), PlaceKind.CLOSET, "MDF", PlaceId("maple/lhs/main")),
    ]
    inventory = Inventory(places=Places({node.id: node for node in tree}))
    switch = device("sw", site="maple/lhs" if place else "lhs", place=place)
    message = "{device} at {where} is down"
    engine = AlertEngine(rules(UP.replace("{device} at {site} does not answer ({value})", message)))
    (begun,) = engine.evaluate(snapshot(0, [switch], {"netwatch_device_up": {"sw": 0}}, inventory=inventory))
    assert begun.alert.summary == expected


def test_an_alert_keeps_its_id_until_it_ends_and_then_gets_another() -> None:
    engine = AlertEngine(rules(UP))
    (begun,) = engine.evaluate(up(0, 0))
    assert (begun.previous, begun.alert.state) == (None, AlertState.PENDING)
    assert engine.evaluate(up(60, 0)) == []
    (fired,) = engine.evaluate(up(120, 0))
    assert (fired.previous, fired.alert.state, fired.alert.fired) == (
        AlertState.PENDING,
        AlertState.FIRING,
        120.0,
    )
    (ended,) = engine.evaluate(up(180, 1))
    assert (ended.previous, ended.alert.state, ended.alert.resolved) == (
        AlertState.FIRING,
        AlertState.RESOLVED,
        180.0,
    )
    assert begun.alert.id == fired.alert.id == ended.alert.id
    (other,) = engine.evaluate(up(240, 0))
    assert other.alert.id != begun.alert.id
    assert [alert.state for alert in engine.alerts()] == [AlertState.PENDING, AlertState.RESOLVED]
    engine.evaluate(up(180 + 3700, 1))
    assert engine.alerts() == ()


def test_what_a_person_and_a_receiver_get_to_see() -> None:
    engine = AlertEngine(rules(UP))
    engine.evaluate(up(0, 0))
    alert = engine.evaluate(up(120, 0))[0].alert
    assert alert.summary == "core at Lincoln ES does not answer (0)"
    assert alert.annotations["description"] == "switch core"
    assert alert.annotations["runbook"] == "https://wiki.example/unreachable"
    assert alert.annotations["evidence"] == "netwatch_device_up = 0"
    assert dict(alert.labels) == {
        "alertname": "Unreachable",
        "severity": "critical",
        "district": "maple",
        "site": "Lincoln ES",
        "device": "core",
        "kind": "switch",
        "role": "core",
        "entity": "core",
    }


def test_unknown_neither_fires_nor_clears_and_is_noted() -> None:
    engine = AlertEngine(rules(UP))
    engine.evaluate(up(0, 0))
    assert engine.evaluate(up(300, None)) == []
    assert engine.alerts()[0].state is AlertState.PENDING
    assert engine.alerts()[0].annotations["unknown_since"] == "300"
    engine.evaluate(up(301, 0))
    assert engine.alerts()[0].state is AlertState.FIRING
    assert "unknown_since" not in engine.alerts()[0].annotations
    assert engine.evaluate(up(400, None)) == []
    assert engine.evaluate(snapshot(500, [device("core")], {})) == []
    assert engine.alerts()[0].state is AlertState.FIRING


def test_on_unknown_resolve_ends_it() -> None:
    engine = AlertEngine(rules(UP + "    on_unknown: resolve\n"))
    engine.evaluate(up(0, 0))
    engine.evaluate(up(120, 0))
    (ended,) = engine.evaluate(up(130, None))
    assert ended.alert.state is AlertState.RESOLVED


def test_what_left_the_inventory_is_resolved() -> None:
    engine = AlertEngine(rules(UP))
    engine.evaluate(up(0, 0))
    engine.evaluate(up(120, 0))
    (ended,) = engine.evaluate(snapshot(130, [], {}))
    assert ended.alert.state is AlertState.RESOLVED


def test_a_rule_taken_away_resolves_its_alerts() -> None:
    engine = AlertEngine(rules(UP))
    engine.evaluate(up(0, 0))
    engine.evaluate(up(120, 0))
    engine.replace_rules(())
    (ended,) = engine.evaluate(up(130, 0))
    assert ended.alert.state is AlertState.RESOLVED
    assert engine.evaluate(up(140, 0)) == []


def test_a_wall_clock_set_back_never_fires_early_and_fires_in_the_end() -> None:
    engine = AlertEngine(rules(UP))
    engine.evaluate(up(10_000, 0))
    engine.evaluate(up(100, 0))
    assert engine.alerts()[0].state is AlertState.PENDING
    engine.evaluate(up(220, 0))
    assert engine.alerts()[0].state is AlertState.FIRING


def test_for_zero_fires_at_once_with_one_transition() -> None:
    engine = AlertEngine(rules(UP.replace("    for: 2m\n", "")))
    (fired,) = engine.evaluate(up(0, 0))
    assert (fired.previous, fired.alert.state) == (None, AlertState.FIRING)


REBOOT = """
rules:
  - rule: Rebooted
    value: {rate: netwatch_device_reboots_total}
    above: 0
    keep_firing_for: 15m
    severity: info
    message: "{device} has restarted"
"""


def test_a_restart_is_told_once_and_kept_for_a_while() -> None:
    engine = AlertEngine(rules(REBOOT))

    def at(now: float, rate: float | None):
        return engine.evaluate(snapshot(now, [device("s1")], {"netwatch_device_reboots_total": {"s1": rate}}))

    assert at(0, 0.0) == []
    assert [item.alert.state for item in at(60, 1 / 60)] == [AlertState.FIRING]
    assert at(120, 0.0) == []
    assert at(600, 0.0) == []
    assert [item.alert.state for item in at(1020, 0.0)] == [AlertState.RESOLVED]


def test_evaluate_is_pure_and_the_memo_only_saves_time() -> None:
    loaded, memo = rules(UP), Memo()
    state = with_memo = EngineState()
    for now, value in ((0, 0), (60, None), (130, 0), (200, 1)):
        frame = up(now, value)
        again = evaluate(loaded, frame, state)
        assert evaluate(loaded, frame, state) == again
        with_memo, told = evaluate(loaded, frame, with_memo, memo=memo)
        state, expected = again
        assert (with_memo, told) == (state, expected)


@pytest.mark.parametrize("choice", ["first_of", "max_of"])
def test_several_values_are_joined_by_entity(choice) -> None:
    (rule,) = rules(
        f"""
rules:
  - rule: Full
    value:
      {choice}:
        - netwatch_volume_used_ratio
        - {{of: netwatch_volume_used_bytes, per: netwatch_volume_size_bytes}}
    above: 0.9
    severity: warning
    message: "{{volume}} {{value}}"
"""
    )
    frame = snapshot(
        0,
        ENTITIES,
        {
            "netwatch_volume_used_ratio": {"s1/a": 0.5, "s1/b": None},
            "netwatch_volume_used_bytes": {"s2/a": 95.0, "s1/b": 99.0, "s1/a": 92.0, "s2/b": 1.0},
            "netwatch_volume_size_bytes": {"s1/a": 100.0, "s2/a": 100.0, "s2/b": 0.0, "s1/b": 100.0},
        },
    )
    told = {item.alert.entity: item.alert.summary for item in AlertEngine([rule]).evaluate(frame)}
    expected = {"s1/b": "b 99 %", "s2/a": "a 95 %"}
    if choice == "max_of":
        expected["s1/a"] = "a 92 %"
    assert told == expected
