"""Labels that were patched from one snapshot to the next are those that would be made from scratch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from remote_write_wire import CATALOGUE, column, device, part, snapshot

from netwatch.exposition import Renderer, SelfMetrics, Shard, shards
from netwatch.exposition.shards import ALL
from netwatch.model import Entity, EntityId, EntityKind, Instant, Snapshot
from netwatch.state.entity_table import EntityTable

OPER = CATALOGUE["netwatch_interface_oper_up"]
RX = CATALOGUE["netwatch_interface_receive_bytes_total"]
UP = CATALOGUE["netwatch_device_up"]


def shot_of(entities: dict[EntityId, Entity], order: list[EntityId], mono: float) -> Snapshot:
    ports = [key for key in order if entities.get(key, device()).kind is EntityKind.INTERFACE]
    first = column(OPER, [(key, (), 1.0) for key in ports])
    second = column(RX, [(key, (), float(n)) for n, key in enumerate(ports)], like=first)
    devices = [key for key, entity in entities.items() if entity.kind is EntityKind.DEVICE]
    up = column(UP, [(key, (), 1.0) for key in devices])
    columns = {c.family.name: c for c in (first, second, up)}
    return Snapshot(Instant(1.8e9, mono), dict(entities), columns)


CHANGES = st.lists(
    st.tuples(
        st.sampled_from(
            ["rename", "move", "add", "remove", "alias", "device", "reorder", "owner", "leave", "nothing"]
        ),
        st.integers(0, 50),
        st.sampled_from(["Gi1", "Gi2", 'a"b', ""]),
    ),
    max_size=12,
)


def change(
    entities: dict[EntityId, Entity], order: list[EntityId], what: str, number: int, name: str
) -> None:
    ports = [key for key, entity in entities.items() if entity.kind is EntityKind.INTERFACE]
    switches = [key for key, entity in entities.items() if entity.kind is EntityKind.DEVICE]
    port = ports[number % len(ports)] if ports else None
    switch = switches[number % len(switches)]
    if what == "rename" and port:
        entities[port] = replace(entities[port], name=name)
    elif what == "alias" and port:
        entities[port] = replace(entities[port], facts={"alias": name})
    elif what == "move":
        facts = {**entities[switch].facts, "site": f"maple/s{number % 3}"}
        entities[switch] = replace(entities[switch], facts=facts)
    elif what == "owner" and port:
        entities[port] = replace(entities[port], device=switch, parent=switch)
    elif what == "leave" and len(switches) > 1:
        for key in [key for key, entity in entities.items() if entity.device == switch]:
            del entities[key]
    elif what == "device":
        key = EntityId(f"new{number}")
        entities[key] = device(key, name or "x")
    elif what == "add":
        key = EntityId(f"p{number}-{len(order)}")
        entities[key] = part(EntityKind.INTERFACE, key, name, owner=switch)
        order.append(key)
    elif what == "remove" and port:
        del entities[port]  # its series may be there a little longer
    elif what == "reorder":
        order.reverse()


@settings(deadline=None, max_examples=120)
@given(CHANGES)
def test_patched_is_as_good_as_new(changes):
    entities = {e.id: e for e in (device("a", "a"), device("b", "b"))}
    for owner in "ab":
        for n in range(3):
            key = EntityId(f"{owner}{n}")
            entities[key] = part(EntityKind.INTERFACE, key, f"Gi{n}", owner=owner)
    order = [key for key in entities if len(key) == 2]
    kept = Renderer(CATALOGUE)
    for step, (what, number, name) in enumerate(changes):
        change(entities, order, what, number, name)
        shot = shot_of(entities, list(order), float(step))
        fresh = Renderer(CATALOGUE)
        for shard in (None, Shard("maple/s1"), Shard(None, 1, 2)):
            found = b"".join(kept.render(shot, openmetrics=False, shard=shard))
            assert found == b"".join(fresh.render(shot, openmetrics=False, shard=shard))


@settings(deadline=None, max_examples=150)
@given(CHANGES, st.sets(st.integers(0, 12)))
def test_following_the_changes_is_as_good_as_looking_at_everything(changes, unseen):
    """Entities as the state freezes them; a reader does not see every moment. Lines may stand in another
    order."""
    entities = EntityTable()
    entities.update({e.id: e for e in (device("a", "a"), device("b", "b"))})
    for owner in "ab":
        for n in range(3):
            key = EntityId(f"{owner}{n}")
            entities[key] = part(EntityKind.INTERFACE, key, f"Gi{n}", owner=owner)
    order = [key for key in entities if len(key) == 2]
    kept, own = Renderer(CATALOGUE), SelfMetrics()
    for step, (what, number, name) in enumerate(changes):
        change(entities, order, what, number, name)
        shot = replace(shot_of(entities, list(order), float(step)), entities=entities.freeze())
        if step in unseen:
            continue
        fresh, plain = Renderer(CATALOGUE), replace(shot, entities=dict(entities), _children={})
        for shard in (None, Shard("maple/s1"), Shard(None, 1, 2)):
            found = b"".join(kept.render(shot, openmetrics=False, shard=shard))
            for truth in (
                fresh.render(shot, openmetrics=False, shard=shard),
                Renderer(CATALOGUE).render(plain, openmetrics=False, shard=shard),
            ):
                assert sorted(found.splitlines()) == sorted(b"".join(truth).splitlines())
        for limit in (3, 10, 1000):
            assert kept.shards(shot, limit) == fresh.shards(shot, limit)
        own.state(shot)
        anew = SelfMetrics()
        anew.state(plain)
        lines = [
            {x for x in one.render(openmetrics=False).splitlines() if b"entities" in x} for one in (own, anew)
        ]
        assert lines[0] == lines[1]


def test_two_renderings_that_take_turns_do_not_disturb_each_other():
    entities = {e.id: e for e in (device("a", "a"), device("b", "b"))}
    order = []
    for n in range(12_000):  # several pauses
        key = EntityId(f"p{n}")
        entities[key] = part(EntityKind.INTERFACE, key, f"Gi{n}", owner="ab"[n % 2])
        order.append(key)
    first = shot_of(entities, order, 1.0)
    entities[EntityId("p7")] = replace(entities[EntityId("p7")], name="renamed")
    second = shot_of(entities, order, 2.0)
    renderer = Renderer(CATALOGUE)
    runs = [renderer.render(shot, openmetrics=False) for shot in (first, second)]
    out = [b"", b""]
    while runs != [None, None]:
        for number, run in enumerate(runs):
            if run is not None:
                chunk = next(run, None)
                if chunk is None:
                    runs[number] = None
                else:
                    out[number] += chunk
    truth = b"".join(Renderer(CATALOGUE).render(second, openmetrics=False))
    assert out[1] == truth
    # The older one shows the newer labels, or those of its own.
    assert out[0].replace(b'"Gi7"', b'"renamed"') == truth.replace(b'"Gi7"', b'"renamed"')


def test_a_series_whose_entity_is_gone_is_absent():
    shot = snapshot([device("a", "a")], column(UP, [("a", (), 1.0), ("gone", (), 1.0)]))
    text = b"".join(Renderer(CATALOGUE).render(shot, openmetrics=False)).decode()
    assert [line for line in text.splitlines() if "device_up" in line and line[0] != "#"] == [
        'netwatch_device_up{district="maple",site="lincoln-es",device="a"} 1 1800000000250'
    ]


def test_shards_of_a_renderer_are_the_shards_and_an_outage_moves_nobody():
    entities = {}
    for n in range(6):
        one = device(f"d{n}", f"d{n}", site=f"maple/s{n % 2}")
        entities[one.id] = one
        for p in range(40):
            key = EntityId(f"d{n}p{p}")
            entities[key] = replace(
                part(EntityKind.INTERFACE, key, f"Gi{p}", owner=one.id), facts={"alias": "x"}
            )
    shot = shot_of(entities, [key for key in entities if "p" in key], 1.0)
    renderer = Renderer(CATALOGUE)
    assert renderer.shards(shot, 10_000) == [ALL]
    for limit in (150, 250, 400):
        found = renderer.shards(shot, limit)
        assert len(found) > 1
        assert {shard.site for shard in found} == {shard.site for shard in shards(shot, limit)}
        whole = sum(b"".join(renderer.render(shot, openmetrics=False, shard=s)).count(b"} ") for s in found)
        assert whole == b"".join(renderer.render(shot, openmetrics=False)).count(b"} ")
    stale = {name: replace(c, fresh=np.zeros(len(c.fresh), dtype=bool)) for name, c in shot.columns.items()}
    assert renderer.shards(replace(shot, columns=stale), 250) == renderer.shards(shot, 250)
