"""Frozen entities stay as they were, and know what changed."""

from __future__ import annotations

import pickle

from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import Entities, Entity, EntityId, EntityKind, differences
from netwatch.state import entity_table
from netwatch.state.entity_table import EntityTable

DEVICES = [EntityId(f"d{n}") for n in range(3)]
IDS = [*DEVICES, *(EntityId(f"p{n}") for n in range(5))]


def entity(key: EntityId, device: EntityId, name: str) -> Entity:
    if key in DEVICES:
        return Entity(key, EntityKind.DEVICE, key, None, key, "", name)
    return Entity(key, EntityKind.INTERFACE, device, device, key, "1", name)


def all_of(work):
    while True:
        try:
            next(work)
        except StopIteration as end:
            return set(end.value)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["put", "put", "drop", "freeze"]),
        st.sampled_from(IDS),
        st.sampled_from(DEVICES),
        st.sampled_from(["a", "b"]),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=200)
@given(STEPS, st.booleans())
def test_a_frozen_moment_stays_and_tells_what_changed(steps, forgetful):
    table, truth = EntityTable(), {}
    moments: list[tuple[Entities, dict[EntityId, Entity]]] = []
    spare = entity_table._SPARE
    entity_table._SPARE = -1 if forgetful else spare
    try:
        for what, key, device, name in steps:
            if what == "put":
                table[key] = truth[key] = entity(key, device, name)
            elif what == "drop" and key in truth:
                del table[key], truth[key]
            elif what == "freeze":
                moments.append((table.freeze(), dict(truth)))
                assert table.freeze() is moments[-1][0]
            assert dict(table) == truth
            assert len(table) == len(truth)
            assert {one.id for one in table.devices()} == {k for k in truth if k in DEVICES}
    finally:
        entity_table._SPARE = spare
    for frozen, known in moments:
        assert dict(frozen) == known
        assert {one.id: one for one in frozen.values()} == known == dict(frozen.items())
        assert len(frozen) == len(known)
        assert all(frozen.get(key) is known.get(key) and (key in frozen) == (key in known) for key in IDS)
        assert {one.id for one in frozen.devices} == {k for k in known if k in DEVICES}
        for device in DEVICES:
            assert dict(frozen.page(device)) == {k: e for k, e in known.items() if e.device == device}
        assert dict(pickle.loads(pickle.dumps(frozen))) == known
        for other, others in moments:
            told = all_of(differences(frozen, other))
            real = {k for k in IDS if known.get(k) is not others.get(k)}
            assert real <= told
            # And the same without knowing anything.
            assert all_of(differences(known, others)) == real


def test_who_is_too_far_behind_compares_all():
    table = EntityTable()
    first = entity(IDS[3], DEVICES[0], "a")
    table[first.id] = first
    before = table.freeze()
    for number in range(entity_table._MOMENTS):
        table[IDS[4]] = entity(IDS[4], DEVICES[0], str(number))
        last = table.freeze()
    assert last.since(before) == {IDS[4]}
    table[IDS[4]] = entity(IDS[4], DEVICES[1], "more")
    last = table.freeze()
    assert last.since(before) is None
    assert all_of(differences(before, last)) == {IDS[4]}


def test_devices_are_the_same_tuple_until_one_changes():
    table = EntityTable()
    table[DEVICES[0]] = entity(DEVICES[0], DEVICES[0], "a")
    first = table.freeze()
    table[IDS[3]] = entity(IDS[3], DEVICES[0], "a")
    assert table.freeze().devices is first.devices
    table[DEVICES[0]] = entity(DEVICES[0], DEVICES[0], "b")
    assert [one.name for one in table.freeze().devices] == ["b"]
