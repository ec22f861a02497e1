"""Judging in steps is judging; layouts follow entities that change, come and go."""

from __future__ import annotations

import dataclasses

import numpy as np
from alert_snapshots import device, part, rules, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.alerts import AlertEngine
from netwatch.alerts import layout as layouts
from netwatch.alerts.frame import Memo
from netwatch.alerts.layout import Layout, finish
from netwatch.alerts.rule import Scope
from netwatch.alerts.scope import Surroundings
from netwatch.model import EntityId
from netwatch.state.entity_table import EntityTable

RULES = """
rules:
  - rule: PortDown
    value: netwatch_interface_oper_up
    equals: 0
    severity: warning
    once_healthy: true
    scope: {ports: infrastructure, not_facts: {type: phone}}
    message: "{interface} on {device} is down"
"""
DEVICES = [device("core", role="core"), device("idf", role="access")]
PORTS = [part(owner, f"p{number}") for owner in ("core", "idf") for number in range(4)]


def result_of(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.lists(st.sampled_from([0.0, 1.0, None]), min_size=8, max_size=8),
            st.integers(0, 7),
            st.sampled_from(["", "phone"]),
            st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_an_engine_that_remembers_says_what_one_without_memory_says(steps) -> None:
    """The same tuples, and the same entities but for one, are handed in again and again."""
    whole, stepped = AlertEngine(rules(RULES)), AlertEngine(rules(RULES))
    ports = list(PORTS)
    for number, (values, changed, kind, links) in enumerate(steps):
        ports[changed] = dataclasses.replace(ports[changed], facts={"type": kind})
        told = {port.id: value for port, value in zip(ports, values, strict=True)}
        seen = snapshot(
            60.0 * number,
            [*DEVICES, *ports],
            {"netwatch_interface_oper_up": told},
            links=[("idf/p0", "core/p0")] if links else (),
        )
        whole._memo = type(whole._memo)()
        expected = whole.evaluate(seen)
        assert result_of(stepped.evaluate_steps(seen)) == expected
        assert stepped.alerts() == whole.alerts()
        assert stepped.new_healthy() == whole.new_healthy()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30), st.data())
def test_rows_are_found_wherever_they_lie(keys, data) -> None:
    keys = list(dict.fromkeys(keys))
    names = [(EntityId(f"e{entity}"), (str(label),)) for entity, label in keys]
    found = Layout(tuple(name[0] for name in names), tuple(name[1] for name in names))
    for _ in range(3):
        owners = {f"e{n}": data.draw(st.sampled_from(["x", "y"])) for n in range(6)}
        known = {
            EntityId(name): dataclasses.replace(part(owner, name), id=EntityId(name))
            for name, owner in owners.items()
            if data.draw(st.booleans())
        }
        for row, name in enumerate(names):
            assert found.row_of(name, known) == row
        assert found.row_of((EntityId("e0"), ("none",)), known) is None
        assert found.row_of((EntityId("stranger"), ()), known) is None
        wanted = frozenset(EntityId(f"e{n}") for n in range(0, 6, 2))
        assert found.mask_of(wanted, known).tolist() == [name[0] in wanted for name in names]
        mask = found.mask_of_devices(frozenset({EntityId("x")}), known)
        assert mask.tolist() == [name[0] in known and owners[name[0]] == "x" for name in names]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 7), st.sampled_from(["core", "idf", ""]), st.sampled_from(["access", "core"])
        ),
        max_size=15,
    )
)
def test_a_layout_that_follows_changes_is_one_made_anew(steps) -> None:
    table = EntityTable()
    table.update({one.id: one for one in (*DEVICES, *PORTS)})
    ids = tuple(port.id for port in PORTS)
    kept, memo = Layout(ids, ((),) * len(ids)), Memo()
    for number, owner, role in steps:
        port = PORTS[number]
        if owner:
            table[port.id] = dataclasses.replace(port, device=EntityId(owner), index=role)
            table[EntityId(owner)] = device(owner, role=role)
        elif port.id in table:
            del table[port.id]
        known = table.freeze()
        fresh = Layout(ids, ((),) * len(ids))
        version = kept.version
        finish(kept.sync(known))
        for owner_id in ("core", "idf", *ids):
            assert kept.rows_of_device(EntityId(owner_id), known) == fresh.rows_of_device(
                EntityId(owner_id), known
            )
        assert [kept.entity(row) for row in range(len(ids))] == [known.get(key) for key in ids]
        changed = kept.changed_since(version)
        assert changed is not None
        assert set(changed.tolist()) >= (
            {number} if version and not owner and version != kept.version else set()
        )
        shot = snapshot(0.0, [], {})
        shot = dataclasses.replace(shot, entities=known)
        scope = Scope(not_roles=frozenset({"access"}))
        remembered = Surroundings(shot, frozenset(), memo).devices(scope)
        assert remembered == Surroundings(shot, frozenset()).devices(scope)


def test_who_is_far_behind_begins_anew(monkeypatch) -> None:
    port = PORTS[0]
    one = Layout((port.id,), ((),))
    for number in range(layouts._LOG + 2):
        finish(one.sync({port.id: dataclasses.replace(port, index=str(number))}))
    assert one.changed_since(one.version - layouts._LOG) is not None
    assert one.changed_since(one.version - layouts._LOG - 1) is None
    assert np.array_equal(one.changed_since(one.version), [])
