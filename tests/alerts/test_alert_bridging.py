"""Which device is plugged into which port, as forwarding tables tell: said only where it is certain."""

from __future__ import annotations

from collections.abc import Mapping

from alert_snapshots import device, part, snapshot
from hypothesis import given
from hypothesis import strategies as st

from netwatch.alerts import Bridging, Plug, PlugKey, Seen, renewed, subjects
from netwatch.alerts.causes.graph import Evidence
from netwatch.alerts.causes.topology import build_graph
from netwatch.model import Entity, EntityId, Inventory, InventoryDevice, PluggedIn, Snapshot, Target

SWITCHES = ("core", "dist", "sw1", "sw2")
MACS = {name: f"02000000000{number}" for number, name in enumerate((*SWITCHES, "ups", "cam"))}
PORTS = ("core/1", "core/2", "dist/1", "dist/2", "dist/3", "sw1/1", "sw1/2")
LINK = ("core/1", "dist/1")
INTERVAL = 1800.0


def world(*, links: tuple[tuple[str, str], ...] = (LINK,), learnt: tuple[PluggedIn, ...] = ()) -> Snapshot:
    entities: list[Entity] = []
    for name, mac in MACS.items():
        switch = name in SWITCHES
        kind = "switch" if switch else "power" if name == "ups" else "video"
        role = {"core": "core", "dist": "distribution", "sw1": "access"}.get(name, "")
        entities.append(device(name, kind=kind, role=role, mac=mac))
    entities += [part(*port.split("/")) for port in PORTS]
    found = snapshot(0, entities, {}, links=links)
    return Snapshot(found.at, found.entities, {}, links=found.links, learnt=learnt)


def plugs(seen: Mapping[str, str], links: tuple[tuple[str, str], ...] = (LINK,)) -> dict[str, str]:
    """`seen`: by `switch sees device`, the port. What comes of it: ports by device."""
    now = world(links=links)
    known = frozenset(now.links)
    about = subjects(now, known, map(EntityId, SWITCHES))
    told = []
    for text, port in seen.items():
        switch, _, name = text.split()
        told.append(Seen(MACS[name], EntityId(switch), EntityId(f"{switch}/{port}") if port else None))
    return {str(one.device): str(one.port) for one in Bridging(about, told, now, known).plugs().values()}


def test_ports_that_lead_to_a_switch_are_the_way_and_not_the_place() -> None:
    assert plugs({"dist sees ups": "2", "core sees ups": "1"}) == {"ups": "dist/2"}


def test_two_places_are_none() -> None:
    assert plugs({"dist sees ups": "2", "core sees ups": "2"}) == {}


def test_a_port_that_nobody_knows_is_no_place_but_makes_doubt() -> None:
    assert plugs({"dist sees ups": ""}) == {}
    assert plugs({"dist sees ups": "2", "core sees ups": ""}) == {}


def test_a_switch_without_neighbours_is_found_and_what_hangs_on_it_too() -> None:
    seen = {"dist sees sw1": "2", "dist sees ups": "2", "sw1 sees dist": "1", "sw1 sees ups": "2"}
    assert plugs(seen) == {"sw1": "dist/2", "dist": "sw1/1", "ups": "sw1/2"}


def test_what_may_be_behind_a_switch_that_tells_nothing_is_left_alone() -> None:
    assert plugs({"dist sees sw1": "2", "dist sees ups": "2", "dist sees cam": "3"}) == {
        "sw1": "dist/2",
        "cam": "dist/3",
    }


def test_a_switch_that_tells_nothing_is_in_between_unless_the_other_one_has_it_behind() -> None:
    seen = {"dist sees sw1": "2", "dist sees sw2": "2", "sw1 sees dist": "1"}
    assert "sw1" not in plugs(seen)
    assert plugs({**seen, "sw1 sees sw2": "2"})["sw1"] == "dist/2"


def test_neighbours_go_before_it() -> None:
    linked = (LINK, ("dist/3", "sw1/1"))
    seen = {"dist sees sw1": "2", "sw1 sees ups": "1", "dist sees ups": "3", "core sees ups": "1"}
    assert plugs(seen, linked) == {}


def test_an_aggregate_is_no_edge() -> None:
    now = world()
    known = frozenset(now.links)
    port = now.entities[EntityId("dist/2")]
    entities = {**now.entities, port.id: Entity(**{**_fields(port), "facts": {"type": "ieee8023adLag"}})}
    now = Snapshot(now.at, entities, {}, links=now.links)
    about = subjects(now, known, map(EntityId, SWITCHES))
    seen = [Seen(MACS["ups"], EntityId("dist"), EntityId("dist/2"))]
    assert Bridging(about, seen, now, known).plugs() == {}


def _fields(entity: Entity) -> dict[str, object]:
    return {name: getattr(entity, name) for name in Entity.__dataclass_fields__}


@given(
    st.dictionaries(
        st.sampled_from([f"{a} sees {b}" for a in SWITCHES for b in MACS if a != b]),
        st.sampled_from(["", "1", "2", "3"]),
    )
)
def test_nothing_is_plugged_in_twice_nor_where_a_neighbour_is(seen: dict[str, str]) -> None:
    found = plugs({text: port for text, port in seen.items() if not port or _exists(text, port)})
    assert not set(found.values()) & set(LINK)
    assert all(port.split("/")[0] != name for name, port in found.items())


def _exists(text: str, port: str) -> bool:
    return f"{text.split()[0]}/{port}" in PORTS


def after(
    before: dict[PlugKey, Plug], seen: list[Seen], *, up: str, answered: str, now: float
) -> dict[str, str]:
    snap = world()
    known = frozenset(snap.links)
    about = subjects(snap, known, map(EntityId, SWITCHES))
    told = Bridging(about, seen, snap, known)
    alive, asked = set(map(EntityId, up.split())), set(map(EntityId, answered.split()))
    found = renewed(before, told, about, asked, alive, now, INTERVAL)
    assert len({one.plug.device for one in found.values()}) == len(found)
    return {str(one.plug.device): str(one.plug.port) for one in found.values()}


BEFORE: dict[PlugKey, Plug] = {
    (MACS["ups"], EntityId("dist")): Plug(
        PluggedIn(EntityId("ups"), EntityId("dist"), EntityId("dist/2")), 0.0
    )
}
ALL = "core dist sw1"


def test_what_is_down_stays_where_it_was() -> None:
    assert after(BEFORE, [], up=ALL, answered=ALL, now=1e7) == {"ups": "dist/2"}


def test_what_answers_and_is_not_learnt_any_more_is_forgotten_after_some_rounds() -> None:
    assert after(BEFORE, [], up=f"{ALL} ups", answered=ALL, now=2 * INTERVAL) == {"ups": "dist/2"}
    assert after(BEFORE, [], up=f"{ALL} ups", answered=ALL, now=3 * INTERVAL) == {}


def test_what_has_moved_is_found_at_its_new_place() -> None:
    seen = [Seen(MACS["ups"], EntityId("sw1"), EntityId("sw1/2"))]
    assert after(BEFORE, seen, up=f"{ALL} ups", answered=ALL, now=INTERVAL) == {"ups": "sw1/2"}


def test_while_its_switch_is_away_others_that_still_remember_it_do_not_count() -> None:
    """The core forgets within minutes that the dead switch had it; until then it seems to hang there."""
    seen = [Seen(MACS["ups"], EntityId("core"), EntityId("core/2"))]
    assert after(BEFORE, seen, up="core sw1 ups", answered="core sw1", now=INTERVAL) == {"ups": "dist/2"}


def test_what_is_learnt_at_the_same_port_but_in_doubt_gets_some_rounds() -> None:
    """Of switches that died some still have it, some not: who is between can't be told just then."""
    seen = [Seen(MACS["ups"], EntityId("dist"), EntityId("dist/2"))]
    seen += [Seen(MACS["ups"], EntityId("core"), EntityId("core/2"))]
    assert after({}, seen, up=f"{ALL} ups", answered=ALL, now=INTERVAL) == {}
    assert after(BEFORE, seen, up=f"{ALL} ups", answered=ALL, now=INTERVAL) == {"ups": "dist/2"}
    assert after(BEFORE, seen[1:], up=f"{ALL} ups", answered=ALL, now=INTERVAL) == {"ups": "core/2"}
    assert after(BEFORE, seen, up=f"{ALL} ups", answered=ALL, now=3 * INTERVAL) == {}


def graph_of(snap: Snapshot, **depends: tuple[str, ...]) -> dict[str, dict[str, Evidence]]:
    entries = {
        name: InventoryDevice(name, Target(EntityId(name), name, ()), depends_on=uppers)
        for name, uppers in depends.items()
    }
    snap = Snapshot(
        snap.at, snap.entities, {}, Inventory(devices=entries), links=snap.links, learnt=snap.learnt
    )
    work = build_graph(snap, frozenset(snap.links), {EntityId("core")})
    while True:
        try:
            next(work)
        except StopIteration as end:
            return {
                str(low): {str(up): way.evidence for up, way in ways.items()}
                for low, ways in end.value.ways.items()
            }


def test_a_way_by_a_forwarding_table_stands_in_for_no_other() -> None:
    learnt = (
        PluggedIn(EntityId("ups"), EntityId("dist"), EntityId("dist/2")),
        PluggedIn(EntityId("cam"), EntityId("dist"), EntityId("dist/3")),
    )
    ways = graph_of(world(learnt=learnt), cam=("core",), core=())
    assert ways["ups"] == {"dist": Evidence.BRIDGE}
    assert ways["cam"] == {"core": Evidence.MANUAL}
    beside = PluggedIn(EntityId("dist"), EntityId("core"), EntityId("core/2"))
    assert graph_of(world(learnt=(beside,)))["dist"]["core"] is Evidence.LINK
