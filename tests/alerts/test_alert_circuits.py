"""Circuits of the inventory: what is committed is 100 %, whatever the port could do."""

from __future__ import annotations

from pathlib import Path

import pytest
from alert_snapshots import CATALOGUE, device, part, snapshot

from netwatch.alerts import AlertEngine, Rule, circuit_misfits, known_ports, load_rules
from netwatch.documents import read_yaml
from netwatch.model import AlertState, Circuit, Entity, Inventory, Snapshot

FILE = Path(__file__).parents[2] / "config" / "rules" / "bandwidth.yaml"
TUESDAY = 1_795_512_400.0  # 2026-11-24 09:26 UTC
GIGABIT = 125e6


def rules() -> tuple[Rule, ...]:
    return load_rules([read_yaml(FILE)], CATALOGUE)


def port(name: str, alias: str = "") -> Entity:
    made = part("edge", name)
    return Entity(
        **{**{key: getattr(made, key) for key in Entity.__dataclass_fields__}, "facts": {"alias": alias}}
    )


def picture(at: float, load: float, alias: str, circuits: tuple[Circuit, ...]) -> Snapshot:
    entities = [device("edge", role="router"), port("Gi0/0", alias), port("Gi0/1")]
    speeds = {one.id: GIGABIT for one in entities[1:]}
    values = {
        "netwatch_interface_receive_bytes_total": {"edge/Gi0/0": load, "edge/Gi0/1": 0.0},
        "netwatch_interface_transmit_bytes_total": {"edge/Gi0/0": 0.0, "edge/Gi0/1": 0.0},
        "netwatch_interface_speed_bytes_per_second": speeds,
    }
    return snapshot(at, entities, values, inventory=Inventory(circuits=circuits))


def firing(load: float, *, alias: str = "", circuits: tuple[Circuit, ...] = ()) -> dict[str, str]:
    """Rules that fire after a quarter of an hour, with the value that they show."""
    engine = AlertEngine(rules())
    for minute in range(16):
        engine.evaluate(picture(TUESDAY + 60 * minute, load, alias, circuits))
    return {one.rule: one.summary for one in engine.alerts() if one.state is AlertState.FIRING}


COMMITTED = Circuit("BANX-1", "edge", "Gi0/0", rate=200e6)


@pytest.mark.parametrize(
    ("megabits", "alias", "circuits", "rule", "value"),
    [
        (196, "", (COMMITTED,), "WanSaturated", "98 % full"),
        (196, "WAN to the carrier", (COMMITTED,), "WanSaturated", "98 % full"),
        (180, "", (COMMITTED,), "", ""),
        (196, "", (), "", ""),
        (196, "WAN to the carrier", (), "", ""),
        (980, "WAN to the carrier", (), "WanSaturated", "98 % full"),
        (980, "", (), "BandwidthHigh", "98 % busy"),
        (980, "", (Circuit("BANX-1", "edge", "Gi0/0"),), "WanSaturated", "98 % full"),
        (980, "", (Circuit("BANX-1", "edge", rate=200e6),), "BandwidthHigh", "98 % busy"),  # no port named
        (380, "", (COMMITTED, Circuit("BANX-2", "edge", "Gi0/0", rate=200e6)), "WanSaturated", "95 % full"),
        (980, "", (Circuit("BANX-1", "edge", "Gi9/9", rate=200e6),), "BandwidthHigh", "98 % busy"),
    ],
)
def test_the_committed_rate_is_what_is_full(
    megabits: float, alias: str, circuits: tuple[Circuit, ...], rule: str, value: str
) -> None:
    found = firing(megabits * 1e6 / 8 + 1, alias=alias, circuits=circuits)
    assert list(found) == ([rule] if rule else [])
    assert all(value in text for text in found.values())


def test_a_circuit_at_a_port_that_is_not_there_is_told() -> None:
    circuits = (
        COMMITTED,
        Circuit("BANX-2", "edge", "Gi0/00"),
        Circuit("BANX-3", "edge"),
        Circuit("BANX-4", "new", "x"),
    )
    now = picture(TUESDAY, 0.0, "", circuits)
    (found,) = circuit_misfits(now.inventory, known_ports(now))
    assert "BANX-2" in found.path
    assert found.message == "edge has no port 'Gi0/00'"
    assert "Gi0/0" in found.hint
