"""Links of an earlier run: a core switch that died while netwatch was away is one page."""

from __future__ import annotations

from alert_snapshots import device, part, rules, snapshot

from netwatch.alerts import AlertEngine, KeptLink
from netwatch.model import AlertState, EntityId, Snapshot

DOWN = """
rules:
  - rule: DeviceUnreachable
    value: netwatch_device_up
    equals: 0
    for: 2m
    severity: critical
    root_cause: true
    message: "{device} does not answer"
"""
NAMES = {"core": "core", "dist": "distribution", "sw1": "access", "sw2": "access"}
CABLES = (("core/1", "dist/1"), ("dist/2", "sw1/1"), ("dist/3", "sw2/1"))
PORTS = sorted({end for cable in CABLES for end in cable})


def kept(told: float = 0.0) -> list[KeptLink]:
    return [
        KeptLink((EntityId(one), EntityId(other)), (EntityId(one[:-2]), EntityId(other[:-2])), told)
        for one, other in CABLES
    ]


def seen(
    at: float, up: dict[str, int], *, links: tuple[tuple[str, str], ...] = (), ports: bool = True
) -> Snapshot:
    """Right after a start: devices are known, nobody has told of a link."""
    entities = [device(name, role=role, site="a" if name == "core" else "b") for name, role in NAMES.items()]
    entities += [part(*port.split("/")) for port in PORTS] if ports else []
    return snapshot(at, entities, {"netwatch_device_up": up}, links=links)


def pages(engine: AlertEngine, up: dict[str, int], **more: object) -> list[str]:
    found = set()
    for at in range(0, 600, 15):
        for one in engine.evaluate(seen(float(at), up, **more)):  # type: ignore[arg-type]
            if one.alert.state is AlertState.FIRING and not one.alert.suppressed_by:
                found.add(str(one.alert.device))
    return sorted(found)


def test_the_switch_that_died_meanwhile_explains_what_hangs_on_it() -> None:
    up = {"core": 1, "dist": 0, "sw1": 0, "sw2": 0}
    for ports in (True, False):  # its ports are not known before it was asked
        engine = AlertEngine(rules(DOWN), attachment=["core"])
        engine.restore([], links=kept())
        assert pages(engine, up, ports=ports) == ["dist"]


def test_a_chain_that_nobody_remembers_is_guessed_by_roles_alone() -> None:
    """Two access switches in a row: without the link each of them would hang on the distribution switch."""
    chain = [
        *kept()[:2],
        KeptLink((EntityId("sw1/2"), EntityId("sw2/1")), (EntityId("sw1"), EntityId("sw2")), 0),
    ]
    up = {"core": 1, "dist": 1, "sw1": 0, "sw2": 0}
    for links, wanted in ((chain, ["sw1"]), ([], ["sw1", "sw2"])):
        engine = AlertEngine(rules(DOWN), attachment=["core"])
        engine.restore([], links=links)
        assert pages(engine, up) == wanted


def test_it_is_believed_until_a_neighbour_tells_something_else() -> None:
    engine = AlertEngine(rules(DOWN), attachment=["core"])
    engine.restore([], links=kept())
    up = {"core": 1, "dist": 1, "sw1": 1, "sw2": 1}
    engine.evaluate(seen(0, up))
    assert set(engine.links()) == set(CABLES)
    moved = ("core/1", "sw2/1")
    engine.evaluate(seen(15, up, links=(moved,)))
    assert set(engine.links()) == {moved, ("dist/2", "sw1/1")}


def test_it_is_forgotten_after_an_hour_and_not_taken_up_after_a_week() -> None:
    engine = AlertEngine(rules(DOWN), attachment=["core"])
    engine.restore([], links=kept())
    up = {"core": 1, "dist": 1, "sw1": 1, "sw2": 0}
    for at in (0.0, 1800.0, 3500.0, 3601.0, 3700.0):
        engine.evaluate(seen(at, up))
    assert set(engine.links()) == {("dist/3", "sw2/1")}, "what is down can't tell"
    engine = AlertEngine(rules(DOWN), attachment=["core"])
    engine.restore([], links=kept())
    engine.evaluate(seen(8 * 86_400.0, up))
    assert not engine.links()


def test_it_is_confirmed_by_the_neighbours() -> None:
    engine = AlertEngine(rules(DOWN), attachment=["core"])
    engine.restore([], links=kept())
    up = {"core": 1, "dist": 1, "sw1": 1, "sw2": 1}
    engine.evaluate(seen(0, up, links=CABLES))
    engine.evaluate(seen(15, up, links=CABLES[:2]))
    assert set(engine.links()) == set(CABLES[:2])
