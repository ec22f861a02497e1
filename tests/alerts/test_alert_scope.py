"""What a rule is about."""

from __future__ import annotations

import dataclasses

import pytest
from alert_snapshots import device, part, rules, snapshot

from netwatch.alerts import AlertEngine
from netwatch.model import (
    DeviceKind,
    EntityId,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    Target,
)

BUSY = """
rules:
  - rule: Busy
    value: {rate: netwatch_interface_receive_bytes_total, per: netwatch_interface_speed_bytes_per_second}
    above: 0.9
    clear_below: 0.8
    severity: warning
    scope: SCOPE
    message: "{interface} on {device} is {value} busy"
"""

ENTITIES = [
    device("core-1", role="core"),
    device("idf-1", role="access"),
    device("srv-1", kind="server", role="hypervisor"),
]
PORTS = [part(owner, port) for owner in ("core-1", "idf-1", "srv-1") for port in ("p1", "p2")]

DISTRICT, SCHOOL = PlaceId("maple"), PlaceId("maple/lincoln")
INVENTORY = Inventory(
    district="maple",
    places=Places(
        {
            DISTRICT: Place(DISTRICT, PlaceKind.DISTRICT, "Maple", None),
            SCHOOL: Place(SCHOOL, PlaceKind.SCHOOL, "Lincoln", DISTRICT),
        }
    ),
    devices={
        "idf-1": InventoryDevice(
            "idf-1",
            Target(EntityId("idf-1"), "idf-1", ("192.0.2.1",)),
            DeviceKind.SWITCH,
            "access",
            SCHOOL,
            ("exam", "old"),
        )
    },
)


def fired(scope: str, *, admin: dict[str, float | None] | None = None, links=()) -> set[str]:
    families = {
        "netwatch_interface_receive_bytes_total": {port.id: 119e6 for port in PORTS},
        "netwatch_interface_speed_bytes_per_second": {port.id: 125e6 for port in PORTS},
    }
    if admin is not None:
        families["netwatch_interface_admin_up"] = admin
    frame = snapshot(0, [*ENTITIES, *PORTS], families, links=links, inventory=INVENTORY)
    engine = AlertEngine(rules(BUSY.replace("SCOPE", scope)))
    return {transition.alert.entity for transition in engine.evaluate(frame)}


ALL = {port.id for port in PORTS}
OF = {name: {f"{name}/p1", f"{name}/p2"} for name in ("core-1", "idf-1", "srv-1")}


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("{}", ALL),
        ("{kinds: switch}", OF["core-1"] | OF["idf-1"]),
        ("{not_kinds: [switch]}", OF["srv-1"]),
        ("{roles: [core, hypervisor]}", OF["core-1"] | OF["srv-1"]),
        ("{not_roles: core}", OF["idf-1"] | OF["srv-1"]),
        ("{kinds: switch, roles: hypervisor}", set()),
        ("{devices: 'idf-*'}", OF["idf-1"]),
        ("{tags: [exam, lab]}", OF["idf-1"]),
        ("{not_tags: old}", OF["core-1"] | OF["srv-1"]),
        ("{sites: Lincoln ES}", ALL),
        ("{sites: maple/lincoln}", OF["idf-1"]),
        ("{sites: maple}", OF["idf-1"]),
        ("{ports: infrastructure}", OF["core-1"] | OF["srv-1"] | {"idf-1/p1"}),
        ("{ports: uplinks}", {"core-1/p1", "idf-1/p1"}),
    ],
)
def test_scope(scope: str, expected: set[str]) -> None:
    assert fired(scope, links=[("core-1/p1", "idf-1/p1")]) == expected


def test_admin_up_leaves_out_what_is_down_or_unknown() -> None:
    admin = {"core-1/p1": 1.0, "core-1/p2": 0.0, "idf-1/p1": None, "srv-1/p2": 1.0}
    assert fired("{admin_up: true}", admin=admin) == {"core-1/p1", "srv-1/p2"}


def test_facts_of_the_entity_itself() -> None:
    entities = [
        *ENTITIES,
        *(
            dataclasses.replace(port, facts={"type": "tunnel"}) if port.name == "p1" else port
            for port in PORTS
        ),
    ]
    families = {
        "netwatch_interface_receive_bytes_total": {port.id: 119e6 for port in PORTS},
        "netwatch_interface_speed_bytes_per_second": {port.id: 125e6 for port in PORTS},
    }
    tunnels = {"core-1/p1", "idf-1/p1", "srv-1/p1"}
    for scope, expected in (
        ("{facts: {type: tunnel}}", tunnels),
        ("{not_facts: {type: [tunnel]}}", ALL - tunnels),
    ):
        engine = AlertEngine(rules(BUSY.replace("SCOPE", scope)))
        told = engine.evaluate(snapshot(0, entities, families))
        assert {item.alert.entity for item in told} == expected


def test_row_labels() -> None:
    loaded = rules(
        """
rules:
  - rule: Airtime
    value: netwatch_radio_airtime_ratio
    above: 0.8
    severity: info
    scope: {labels: {use: all}}
    message: "{radio} {use}"
"""
    )
    radio = part("core-1", "r1")
    frame = snapshot(
        0,
        [*ENTITIES, radio],
        {"netwatch_radio_airtime_ratio": {(radio.id, "all"): 0.9, (radio.id, "rx"): 0.95}},
    )
    (transition,) = AlertEngine(loaded).evaluate(frame)
    assert transition.alert.labels["use"] == "all"
    assert transition.alert.summary == "r1 all"


DOWN = """
rules:
  - rule: InterfaceDown
    value: netwatch_interface_oper_up
    equals: 0
    severity: warning
    once_healthy: true
    scope: {admin_up: true}
    message: "{interface} on {device} is down"
"""


def port_states(at: float, oper: dict[str, float | None], admin: float = 1.0, links=()):
    families = {
        "netwatch_interface_oper_up": oper,
        "netwatch_interface_admin_up": dict.fromkeys(oper, admin),
    }
    return snapshot(at, [*ENTITIES, *PORTS], families, links=links)


def test_an_empty_port_pages_nobody_but_one_that_was_up_does() -> None:
    engine = AlertEngine(rules(DOWN))
    assert engine.evaluate(port_states(0, {"idf-1/p1": 1.0, "idf-1/p2": 0.0})) == []
    told = engine.evaluate(port_states(60, {"idf-1/p1": 0.0, "idf-1/p2": 0.0}))
    assert [item.alert.entity for item in told] == ["idf-1/p1"]


def test_an_uplink_counts_even_if_it_was_never_seen_up() -> None:
    engine = AlertEngine(rules(DOWN))
    told = engine.evaluate(port_states(0, {"idf-1/p1": 0.0}, links=[("idf-1/p1", "core-1/p1")]))
    assert [item.alert.entity for item in told] == ["idf-1/p1"]


def test_a_port_that_is_shut_down_ends_its_alert() -> None:
    engine = AlertEngine(rules(DOWN))
    engine.evaluate(port_states(0, {"idf-1/p1": 1.0}))
    assert len(engine.evaluate(port_states(60, {"idf-1/p1": 0.0}))) == 1
    (ended,) = engine.evaluate(port_states(120, {"idf-1/p1": 0.0}, admin=0.0))
    assert ended.alert.state.value == "resolved"


def test_what_was_seen_well_outlives_a_restart_and_a_change_of_layout() -> None:
    engine = AlertEngine(rules(DOWN))
    engine.evaluate(port_states(0, {"idf-1/p1": 1.0, "core-1/p1": 1.0}, links=[("core-1/p2", "srv-1/p1")]))
    told = engine.new_healthy()
    assert ("InterfaceDown", "idf-1/p1", ()) in told
    assert ("@uplink", "srv-1/p1", ()) in told
    assert engine.new_healthy() == []
    again = AlertEngine(rules(DOWN))
    again.restore(engine.alerts(), told)
    down = again.evaluate(port_states(60, {"srv-1/p2": 0.0, "srv-1/p1": 0.0, "idf-1/p1": 0.0}))
    assert {item.alert.entity for item in down} == {"idf-1/p1", "srv-1/p1"}
    assert again.new_healthy() == []
