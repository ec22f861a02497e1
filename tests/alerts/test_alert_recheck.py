"""Before a page goes out, those that might explain it are asked; what they answer, and when, decides."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from alert_snapshots import device, part, rules, snapshot

from netwatch.alerts import AlertEngine
from netwatch.model import AlertState, EntityId, Inventory, InventoryDevice, Snapshot, Target

RULES = rules(
    """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    severity: critical
    root_cause: true
    message: "{device} does not answer"
  - rule: InterfaceDown
    value: netwatch_interface_oper_up
    equals: 0
    severity: warning
    message: "{interface} on {device} is down"
  - rule: BandwidthHigh
    value: {rate: netwatch_interface_receive_bytes_total}
    above: 100
    severity: warning
    message: "{interface} on {device} is full"
"""
)
CHAIN = ("core", "dist", "sw")
INVENTORY = Inventory(
    devices={
        name: InventoryDevice(name, Target(EntityId(name), name, ("192.0.2.1",), deadline=20.0))
        for name in CHAIN
    }
)
PORTS = [part("core", "1"), part("dist", "1")]
LINKS = [("core/1", "dist/1"), ("dist", "sw")]


def frame(at: float, told: dict[str, tuple[float, float]], **families) -> Snapshot:
    """`told`: value and time of the last poll by device."""
    made = snapshot(
        at,
        [device("core", role="core", site=""), device("dist"), device("sw"), *PORTS],
        {"netwatch_device_up": {name: value for name, (value, _) in told.items()}, **families},
        links=LINKS,
        inventory=INVENTORY,
    )
    column = made.columns["netwatch_device_up"]
    times = np.array([time for _, time in told.values()])
    columns = {**made.columns, "netwatch_device_up": replace(column, times=times)}
    return replace(made, columns=columns)


def pages(engine: AlertEngine) -> list[str]:
    firing = [a for a in engine.alerts() if a.state is AlertState.FIRING and not a.suppressed_by]
    return sorted(str(alert.entity) for alert in firing)


def well(at: float) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(CHAIN, (1.0, at))


def test_ancestors_that_were_not_asked_since_are_asked_and_the_page_waits() -> None:
    engine = AlertEngine(RULES)
    asked: list[str] = []
    engine.recheck = asked.append
    engine.evaluate(frame(0, well(0)))
    engine.evaluate(frame(15, {**well(0), "sw": (0.0, 14)}))
    assert engine.to_ask() == {"core", "dist"}
    assert asked == ["core", "dist"]
    assert pages(engine) == []
    engine.evaluate(frame(20, {"core": (1.0, 18), "dist": (0.0, 18), "sw": (0.0, 14)}))
    assert pages(engine) == ["dist"]
    assert engine.to_ask() == set()


def test_the_page_goes_out_as_soon_as_the_nearest_has_answered() -> None:
    engine = AlertEngine(RULES)
    engine.evaluate(frame(0, well(0)))
    engine.evaluate(frame(15, {**well(0), "sw": (0.0, 14)}))
    engine.evaluate(frame(20, {"core": (1.0, 0), "dist": (1.0, 18), "sw": (0.0, 14)}))
    assert pages(engine) == ["sw"]


def test_who_never_answers_the_question_does_not_keep_the_page_back_for_long() -> None:
    engine = AlertEngine(RULES)
    engine.evaluate(frame(0, well(0)))
    asked = []
    for at in range(15, 45, 5):
        engine.evaluate(frame(at, {**well(0), "sw": (0.0, 14)}))
        asked.append(engine.to_ask())
        assert pages(engine) == ([] if at < 35 else ["sw"])
    assert asked[1:] == [set()] * (len(asked) - 1)


def test_the_far_end_of_a_port_is_asked_before_the_port_is_the_page() -> None:
    engine = AlertEngine(RULES)
    up = {"core/1": 1.0, "dist/1": 1.0}
    engine.evaluate(frame(0, well(0), netwatch_interface_oper_up=up))
    engine.evaluate(
        frame(15, {**well(0), "core": (1.0, 15)}, netwatch_interface_oper_up={**up, "core/1": 0.0})
    )
    assert "dist" in engine.to_ask()
    assert pages(engine) == []
    told = {"core": (1.0, 19), "dist": (0.0, 18), "sw": (0.0, 19)}
    engine.evaluate(frame(20, told, netwatch_interface_oper_up={**up, "core/1": 0.0}))
    assert pages(engine) == ["dist"]


def test_a_cut_link_between_two_that_answer_is_one_page() -> None:
    engine = AlertEngine(RULES)
    for at in (0, 15, 30):
        down = {"core/1": 1.0, "dist/1": 1.0} if not at else {"core/1": 0.0, "dist/1": 0.0}
        engine.evaluate(frame(at, well(at), netwatch_interface_oper_up=down))
    assert len(pages(engine)) == 1


def test_a_full_link_is_told_from_one_end() -> None:
    engine = AlertEngine(RULES)
    full = {"core/1": 200.0, "dist/1": 200.0}
    engine.evaluate(frame(0, well(0), netwatch_interface_receive_bytes_total=full))
    assert len(pages(engine)) == 1


def test_what_survived_the_silence_of_its_ancestor_is_a_fault_of_its_own() -> None:
    """The agent of `dist` is silent, yet it forwards: `sw` answered all the time, and then died."""
    engine = AlertEngine(RULES)
    engine.evaluate(frame(0, well(0)))
    for at in range(15, 315, 15):
        engine.evaluate(frame(at, {"core": (1.0, at), "dist": (0.0, at), "sw": (1.0, at)}))
    assert pages(engine) == ["dist"]
    for at in range(315, 375, 15):
        engine.evaluate(frame(at, {"core": (1.0, at), "dist": (0.0, at), "sw": (0.0, at)}))
    assert pages(engine) == ["dist", "sw"]


def test_netwatch_alone_is_one_page_and_says_so() -> None:
    engine = AlertEngine(RULES)
    engine.evaluate(frame(0, well(0)))
    for at in (15, 30, 45):
        engine.evaluate(frame(at, dict.fromkeys(CHAIN, (0.0, at))))
    assert pages(engine) == ["core"]
    (page,) = [alert for alert in engine.alerts() if alert.device == "core"]
    assert page.summary == "netwatch reaches nothing: no device answers, core, where it attaches, included"
    assert page.annotations["devices_behind"] == "2"


def test_a_circuit_that_nobody_asks_has_failed_if_nothing_behind_it_answers() -> None:
    names = ("edge1", "edge2", "edge3")
    entries = {
        name: InventoryDevice(name, Target(EntityId(name), name, ("192.0.2.1",)), depends_on=("circuit",))
        for name in names
    }
    inventory = Inventory(devices={**entries, "circuit": InventoryDevice("circuit", None)})
    devices = [device("core", role="core", site=""), *(device(name, site=name) for name in names)]

    def run(engine: AlertEngine, at: float, down: tuple[str, ...]) -> None:
        up = {one.name: 0.0 if one.name in down else 1.0 for one in devices}
        engine.evaluate(snapshot(at, devices, {"netwatch_device_up": up}, inventory=inventory))

    engine = AlertEngine(RULES)
    for at in (0, 15, 30):
        run(engine, at, names if at else ())
    assert pages(engine) == ["edge1"]
    (page,) = [alert for alert in engine.alerts() if alert.device == "edge1"]
    assert page.summary == "circuit has failed: nothing that depends on it answers"
    two = AlertEngine(RULES)
    for at in (0, 15, 30):
        run(two, at, names[:2] if at else ())
    assert pages(two) == ["edge1", "edge2"]


def test_netwatch_is_not_alone_before_it_has_asked_everywhere() -> None:
    entries = {
        name: InventoryDevice(name, Target(EntityId(name), name, ("192.0.2.1",)))
        for name in ("fw", "core", "sw")
    }
    roles = {"fw": "firewall", "core": "core", "sw": "access"}
    devices = [device(name, role=role, site="") for name, role in roles.items()]
    engine = AlertEngine(RULES)
    links = [("fw", "core"), ("core", "sw")]
    for at in (0, 60):
        up = {"core": 0.0, "sw": 0.0}  # the firewall's first poll has no end yet
        engine.evaluate(
            snapshot(
                at, devices, {"netwatch_device_up": up}, links=links, inventory=Inventory(devices=entries)
            )
        )
    assert pages(engine) == ["core"]
    assert next(a for a in engine.alerts() if a.device == "core").summary == "core does not answer"
