"""One fault, one page: which alert explains which."""

from __future__ import annotations

from alert_snapshots import device, part, rules, snapshot
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.alerts import AlertEngine
from netwatch.model import (
    Alert,
    AlertState,
    DeviceKind,
    EntityId,
    EntityKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Target,
)

RULES = rules(
    """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    for: 2m
    severity: critical
    root_cause: true
    message: "{device} does not answer"
  - rule: InterfaceDown
    value: netwatch_interface_oper_up
    equals: 0
    for: 2m
    severity: warning
    message: "{interface} on {device} is down"
"""
)

TREE = [
    device("fw", kind="firewall", role="firewall"),
    device("core", role="core"),
    device("dist", role="distribution"),
    device("idf-1", role="access"),
    device("idf-2", role="access"),
    device("host", kind="server", role="hypervisor"),
    device("vm", kind="server", role="vm", parent="host"),
    device("wlc", kind="wireless", role="controller"),
    device("ap", kind="wireless", role="ap", parent="wlc"),
]
PORTS = [part("core", "to-dist"), part("dist", "to-core"), part("dist", "to-idf-1"), part("idf-1", "to-dist")]
LINKS = [
    ("fw", "core"),
    ("core/to-dist", "dist/to-core"),
    ("dist/to-idf-1", "idf-1/to-dist"),
    ("dist", "idf-2"),
    ("core", "host"),
    ("core", "wlc"),
]


def run(engine: AlertEngine, at: float, down: set[str], *, ports_down=(), links=LINKS, inventory=None):
    names = [entity.name for entity in TREE]
    return engine.evaluate(
        snapshot(
            at,
            [*TREE, *PORTS],
            {
                "netwatch_device_up": {name: 0.0 if name in down else 1.0 for name in names},
                "netwatch_interface_oper_up": {
                    port.id: 0.0 if port.id in ports_down else 1.0 for port in PORTS
                },
            },
            links=links,
            inventory=inventory or Inventory(),
        )
    )


def paged(transitions) -> set[str]:
    return {
        str(item.alert.entity)
        for item in transitions
        if item.alert.state is AlertState.FIRING and not item.alert.suppressed_by
    }


def fired(down: set[str], **more) -> tuple[AlertEngine, set[str]]:
    engine = AlertEngine(RULES)
    run(engine, 0, down, **more)
    return engine, paged(run(engine, 120, down, **more))


def firing(engine: AlertEngine) -> dict[str, Alert]:
    return {str(alert.entity): alert for alert in engine.alerts() if alert.state is AlertState.FIRING}


def test_a_dead_core_is_one_page_with_everything_behind_it() -> None:
    behind = {"dist", "idf-1", "idf-2", "host", "vm", "wlc", "ap"}
    engine, pages = fired({"core"} | behind)
    assert pages == {"core"}
    alerts = firing(engine)
    assert all(alerts[name].suppressed_by == alerts["core"].id for name in behind)
    assert alerts["core"].annotations["devices_behind"] == "7"


def test_a_leaf_stands_for_itself() -> None:
    _, pages = fired({"idf-1"})
    assert pages == {"idf-1"}


def test_two_faults_are_two_pages() -> None:
    _, pages = fired({"idf-1", "host", "vm"})
    assert pages == {"idf-1", "host"}


def test_another_way_around_means_that_it_stands_for_itself() -> None:
    _, pages = fired({"dist", "idf-1", "idf-2"}, links=[*LINKS, ("idf-1", "core")])
    assert pages == {"dist", "idf-1"}


def test_children_of_a_dead_host_and_of_a_dead_controller() -> None:
    _, pages = fired({"host", "vm", "wlc", "ap"}, links=[])
    assert pages == {"host", "wlc"}


def test_what_never_answered_is_taken_to_hang_on_the_core_of_its_school() -> None:
    school = {"site": "maple/lhs", "place": "maple/lhs/mdf"}
    entities = [
        device("center", role="core", site="", place="maple/office"),
        device("lhs-core", role="core", **school),
        *(device(f"lhs-sw{number}", role="access", **school) for number in range(3)),
        device("lhs-ap", kind="wireless", role="ap", **school),
        device("oes-sw", role="access", site="maple/oes", place="maple/oes/mdf"),
    ]
    places = {
        PlaceId("maple"): Place(PlaceId("maple"), PlaceKind.DISTRICT, "Maple", None),
        PlaceId("maple/office"): Place(
            PlaceId("maple/office"), PlaceKind.BUILDING, "Office", PlaceId("maple")
        ),
        PlaceId("maple/lhs"): Place(PlaceId("maple/lhs"), PlaceKind.SCHOOL, "Lincoln", PlaceId("maple")),
        PlaceId("maple/lhs/mdf"): Place(
            PlaceId("maple/lhs/mdf"), PlaceKind.CLOSET, "MDF", PlaceId("maple/lhs")
        ),
    }
    up = {entity.name: 0.0 if entity.name != "center" else 1.0 for entity in entities}
    engine = AlertEngine(RULES)
    pages: set[str] = set()
    for at in (0, 60, 120):
        frame = snapshot(
            at,
            entities,
            {"netwatch_device_up": up},
            links=[("lhs-sw1", "lhs-sw2")],
            inventory=Inventory(places=Places(places)),
        )
        pages |= paged(engine.evaluate(frame))
    assert pages == {"lhs-core", "oes-sw"}
    assert firing(engine)["lhs-core"].annotations["devices_behind"] == "4"


def test_a_port_that_leads_to_the_dead_device_is_explained_by_it() -> None:
    _, pages = fired({"dist", "idf-1", "idf-2"}, ports_down={"core/to-dist"})
    assert pages == {"dist"}


def test_a_port_beside_the_fault_is_not_explained() -> None:
    _, pages = fired({"idf-2"}, ports_down={"core/to-dist"})
    assert pages == {"idf-2", "core/to-dist"}


def test_a_child_that_is_found_first_waits_for_its_cause() -> None:
    engine = AlertEngine(RULES)
    run(engine, 0, {"idf-1"})
    run(engine, 50, {"idf-1", "dist"})
    assert paged(run(engine, 120, {"idf-1", "dist"})) == set()
    assert paged(run(engine, 170, {"idf-1", "dist"})) == {"dist"}


def test_links_that_vanish_with_their_device_are_remembered() -> None:
    engine = AlertEngine(RULES)
    run(engine, 0, set())
    run(engine, 60, {"core", "dist", "idf-1"}, links=[])
    assert paged(run(engine, 180, {"core", "dist", "idf-1"}, links=[])) == {"core"}


SLOW_PORT = rules(
    """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    for: 2m
    severity: critical
    root_cause: true
    message: "{device} does not answer"
  - rule: InterfaceDown
    value: netwatch_interface_oper_up
    equals: 0
    for: 10m
    severity: warning
    message: "{interface} on {device} is down"
"""
)


def when_told(silent: range) -> float:
    """Seconds after which a port that is down from the beginning is told, where its device does not answer in
    these minutes."""
    engine, down = AlertEngine(SLOW_PORT), EntityId("dist/to-idf-1")
    for at in range(0, 2400, 15):
        gone = {"dist", "idf-1", "idf-2"} if at // 60 in silent else set()
        if down in paged(run(engine, at, gone, ports_down={down})):
            return at
    raise AssertionError("it was never told")


def test_a_lost_poll_at_the_wrong_moment_puts_off_a_page_by_two_polls_and_no_more() -> None:
    """What was over before it could fire has done nothing that takes the time of a whole `for` to heal."""
    assert when_told(range(0)) == 600
    assert when_told(range(9, 11)) == 660 + 120
    assert when_told(range(7, 11)) == 660 + 600


def test_the_child_pages_if_it_stays_down_after_its_cause_is_back() -> None:
    engine, pages = fired({"dist", "idf-1", "idf-2"})
    assert pages == {"dist"}
    assert paged(run(engine, 180, {"idf-1", "idf-2"})) == set()
    assert paged(run(engine, 240, {"idf-1"})) == set()
    assert paged(run(engine, 305, {"idf-1"})) == {"idf-1"}
    assert paged(run(engine, 365, {"idf-1"})) == set()


def test_what_was_paged_before_keeps_its_page_and_ends_with_a_recovery() -> None:
    engine, pages = fired({"idf-1"})
    assert pages == {"idf-1"}
    run(engine, 180, {"idf-1", "dist"})
    transitions = run(engine, 300, {"idf-1", "dist"})
    assert paged(transitions) == {"dist"}
    assert firing(engine)["idf-1"].suppressed_by == firing(engine)["dist"].id
    ended = run(engine, 360, set())
    assert {str(item.alert.entity) for item in ended} == {"idf-1", "dist"}


def test_life_safety_is_never_hidden() -> None:
    entered = InventoryDevice(
        "idf-1", Target(EntityId("idf-1"), "idf-1", ("192.0.2.1",)), DeviceKind.SWITCH, life_safety=True
    )
    _, pages = fired({"dist", "idf-1", "idf-2"}, inventory=Inventory(devices={"idf-1": entered}))
    assert pages == {"dist", "idf-1"}


def test_the_place_where_netwatch_attaches_can_be_named() -> None:
    engine = AlertEngine(RULES, attachment=["idf-1"])
    run(engine, 0, {"dist", "core", "fw"})
    assert paged(run(engine, 120, {"dist", "core", "fw"})) == {"dist"}


@settings(max_examples=60, deadline=None)
@given(
    parents=st.lists(st.integers(0, 11), min_size=1, max_size=12),
    faults=st.sets(st.integers(0, 12), min_size=1, max_size=2),
)
def test_on_any_tree_exactly_the_faults_that_lie_behind_no_other_fault_page(parents, faults) -> None:
    """Node 0 is where netwatch attaches; node n+1 hangs on an earlier node; a fault takes down all below."""
    up_of = {child + 1: min(parent, child) for child, parent in enumerate(parents)}
    nodes = range(len(parents) + 1)
    faults &= set(nodes)

    def above(node: int) -> list[int]:
        chain = [node]
        while chain[-1] in up_of:
            chain.append(up_of[chain[-1]])
        return chain

    down = {node for node in nodes if faults & set(above(node))}
    expected = {f"n{node}" for node in faults if not faults & set(above(node)[1:])}
    entities = [device(f"n{node}", role="core" if node == 0 else "access") for node in nodes]
    links = [(f"n{child}", f"n{parent}") for child, parent in up_of.items()]
    engine = AlertEngine(RULES)
    pages: set[str] = set()
    for at in (0, 60, 120, 180):
        state = {f"n{node}": 0.0 if node in down else 1.0 for node in nodes}
        pages |= paged(engine.evaluate(snapshot(at, entities, {"netwatch_device_up": state}, links=links)))
    assert pages == expected


def test_of_a_part_only_the_device_counts() -> None:
    disk = part("host", "disk-1", EntityKind.DISK)
    loaded = (
        *RULES,
        *rules(
            "rules: [{rule: DiskFailed, value: netwatch_disk_state_level, above: 1, severity: critical,"
            " message: '{disk}'}]"
        ),
    )
    engine = AlertEngine(loaded)
    frame = snapshot(
        0,
        [*TREE, disk],
        {"netwatch_disk_state_level": {disk.id: 2.0}, "netwatch_device_up": {"core": 0.0, "host": 0.0}},
        links=LINKS,
    )
    engine.evaluate(frame)
    cause = next(alert for alert in engine.alerts() if alert.entity == "core")
    assert firing(engine)["host/disk-1"].suppressed_by == cause.id
