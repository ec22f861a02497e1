"""The graph that explains: what all ways to a device lead through, and where the evidence comes from."""

from __future__ import annotations

from alert_snapshots import device, part, snapshot
from hypothesis import given
from hypothesis import strategies as st

from netwatch.alerts.causes.graph import Evidence, Graph, Way, complete
from netwatch.alerts.causes.topology import attachments, build_graph, known_links
from netwatch.model import Entity, EntityId, EntityKind, Inventory, InventoryDevice, Snapshot, Target


def built(frame: Snapshot) -> Graph:
    steps = build_graph(frame, frozenset(frame.links), attachments(frame))
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=25))
def test_a_device_dominates_what_is_cut_off_without_it(pairs) -> None:
    graph = Graph(roots=frozenset({EntityId("0")}))
    for one, other in sorted(pairs):
        graph.connect(EntityId(str(one)), EntityId(str(other)), Way(Evidence.LINK))
    list(complete(graph))

    def reached(without: str) -> set[str]:
        found, queue = {"0"} - {without}, ["0"] if without != "0" else []
        while queue:
            here = queue.pop()
            for lower, ways in graph.ways.items():
                if here in ways and lower not in found and lower != without:
                    found.add(lower)
                    queue.append(lower)
        return found

    everything = reached("")
    for upper in everything:
        behind = everything - reached(upper) - {upper}
        assert {lower for lower in everything if graph.dominates(EntityId(upper), EntityId(lower))} == behind


def address(owner: str, text: str, length: int) -> Entity:
    entity = part(owner, text, EntityKind.ADDRESS)
    facts = {"address": text, "prefix_length": length}
    return Entity(entity.id, entity.kind, entity.device, entity.parent, text, "1", text, facts)


def test_without_a_link_the_router_of_its_subnet_is_the_way() -> None:
    frame = snapshot(
        0,
        [
            device("core", role="core", site=""),
            device("router", role="router", site="s1"),
            device("server", role="", site="s1", address="198.51.100.9"),
            address("router", "198.51.100.1", 24),
            address("router", "127.0.0.1", 8),
            address("core", "203.0.113.1", 30),
            address("router", "203.0.113.2", 30),
        ],
        {},
    )
    graph = built(frame)
    assert graph.ways["server"] == {"router": Way(Evidence.SUBNET)}
    assert graph.ways["router"] == {"core": Way(Evidence.SUBNET)}


def test_what_people_say_goes_before_links() -> None:
    entries = {
        "core": InventoryDevice("core", Target(EntityId("core"), "core", ("192.0.2.1",))),
        "a": InventoryDevice("a", Target(EntityId("a"), "a", ("192.0.2.2",)), depends_on=("circuit",)),
        "circuit": InventoryDevice("circuit", None),
    }
    devices = [device("core", role="core", site=""), device("a", role="access", site="s1")]
    frame = snapshot(0, devices, {}, links=[("core", "a")], inventory=Inventory(devices=entries))
    graph = built(frame)
    assert graph.ways["a"] == {"@circuit": Way(Evidence.MANUAL)}
    assert graph.ways["@circuit"] == {"core": Way(Evidence.PLACE)}
    assert graph.unpolled == {"@circuit": "circuit"}


def test_neighbours_that_forget_a_cut_link_do_not_take_it_from_the_graph() -> None:
    ports = [part("a", "1"), part("b", "1")]
    link = (EntityId("a/1"), EntityId("b/1"))
    frame = snapshot(0, [device("a"), device("b"), *ports], {})
    assert known_links(frame, frozenset({link}), {EntityId("a/1")}) == {link}
    assert known_links(frame, frozenset({link}), {EntityId("b")}) == {link}
    assert known_links(frame, frozenset({link}), set()) == set()
