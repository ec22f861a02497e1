"""What is plugged in where: asked of switches over SNMP, and kept for the next start."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from netwatch.app.linked import Bridges, LinkKeeper, kept_links
from netwatch.errors import WireTimeout
from netwatch.model import (
    Column,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    PluggedIn,
    Snapshot,
    SnmpAccess,
    SnmpValue,
    Target,
    load_catalogue,
)
from netwatch.store import Store

MACS = {"core": "020000000001", "dist": "020000000002", "ups": "020000000003"}
FDB = "1.3.6.1.2.1.17.4.3.1.2"
CATALOGUE = load_catalogue()


def arcs(name: str) -> str:
    return ".".join(map(str, bytes.fromhex(MACS[name])))


class Agent:
    """A switch with BRIDGE-MIB; None: it does not answer."""

    def __init__(self, ports: dict[str, int] | None) -> None:
        self.ports = ports
        self.asked: list[str] = []

    def session(self, target: Target, *, context: str = "") -> Agent:
        del target, context
        return self

    async def get(self, oids: Sequence[str]) -> dict[str, SnmpValue]:
        self.asked += oids
        if self.ports is None:
            raise WireTimeout("no answer")
        known = {f"{FDB}.{arcs(name)}": port for name, port in self.ports.items()}
        return {oid: known[oid] for oid in oids if oid in known}

    async def walk(self, root: str, *, limit: int | None = None) -> dict[str, SnmpValue]:
        del root, limit
        return {}

    async def close(self) -> None: ...


class Wire:
    def __init__(self, agents: dict[str, Agent]) -> None:
        self.agents = agents

    def session(self, target: Target, *, context: str = "") -> Agent:
        return self.agents[target.name].session(target, context=context)


def picture(at: float, *, down: Sequence[str] = (), links: tuple[tuple[str, str], ...]) -> Snapshot:
    entities: dict[EntityId, Entity] = {}
    for name, mac in MACS.items():
        key = EntityId(name)
        facts = {"kind": "power" if name == "ups" else "switch", "site": "s", "mac": mac}
        entities[key] = Entity(key, EntityKind.DEVICE, key, None, name, "", name, facts)
        for index in ("1", "2") if name != "ups" else ():
            port = EntityId(f"{name}/{index}")
            entities[port] = Entity(port, EntityKind.INTERFACE, key, key, index, index, index)
    names = tuple(map(EntityId, MACS))
    values = np.array([0.0 if name in down else 1.0 for name in MACS])
    up = Column(
        CATALOGUE["netwatch_device_up"], names, ((),) * 3, values, np.full(3, np.nan), np.full(3, at),
        np.ones(3, dtype=np.bool_),
    )  # fmt: skip
    pairs = tuple((EntityId(one), EntityId(other)) for one, other in links)
    return Snapshot(Instant(at, at), entities, {"netwatch_device_up": up}, links=pairs)


CABLE = (("core/1", "dist/1"),)


class House:
    """The parts that are needed, and nothing else."""

    def __init__(self, store: Store, agents: dict[str, Agent]) -> None:
        self.agents = agents
        self.parts: Any = SimpleNamespace(
            store=store,
            snapshot=picture(0.0, links=CABLE),
            wires=SimpleNamespace(snmp=Wire(agents)),
            ready=lambda: True,
            targets=lambda: [
                Target(EntityId(name), name, ("192.0.2.1",), snmp=SnmpAccess()) for name in MACS
            ],
            configuration=SimpleNamespace(
                settings=SimpleNamespace(alerts=SimpleNamespace(bridge_tables=60.0))
            ),
            alerting=SimpleNamespace(links=lambda: frozenset(self.parts.snapshot.links)),
        )

    def see(self, at: float, **more: Any) -> None:
        self.parts.snapshot = picture(at, **{"links": CABLE, **more})


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    agents = {"core": Agent({"ups": 1, "dist": 1}), "dist": Agent({"ups": 2, "core": 1}), "ups": Agent({})}
    with Store(tmp_path / "netwatch.db") as store:
        yield House(store, agents)


UPS = PluggedIn(EntityId("ups"), EntityId("dist"), EntityId("dist/2"))


async def test_a_ups_is_found_at_its_port_and_known_after_a_restart(house: House) -> None:
    bridges = Bridges(house.parts)
    assert bridges.learnt == ()
    await bridges.ask()
    assert bridges.learnt == (UPS,)
    assert house.agents["ups"].asked == [], "no switch, no forwarding table"
    assert all(oid.startswith("1.3.6.1.2.1.17.") for oid in house.agents["core"].asked)
    again = Bridges(house.parts)
    assert again.learnt == (UPS,)
    house.agents["dist"].ports = None
    house.see(600.0, down=["dist", "ups"])
    await again.ask()
    assert again.learnt == (UPS,), "what is down is where it was"
    assert Bridges(house.parts).learnt == (UPS,)


async def test_one_that_moved_and_one_that_is_gone(house: House) -> None:
    bridges = Bridges(house.parts)
    await bridges.ask()
    house.agents["dist"].ports, house.agents["core"].ports = {"core": 1}, {"ups": 2, "dist": 1}
    house.see(60.0)
    await bridges.ask()
    (found,) = bridges.learnt
    assert found.port == "core/2"
    house.agents["core"].ports = {"dist": 1}
    for at in (120.0, 180.0):
        house.see(at)
        await bridges.ask()
        assert bridges.learnt == (found,)
    house.see(300.0)
    await bridges.ask()
    assert bridges.learnt == ()
    assert Bridges(house.parts).learnt == ()


async def test_nobody_is_asked_where_neighbours_tell_it_all(house: House) -> None:
    house.see(0.0, links=(*CABLE, ("dist/2", "ups")))
    bridges = Bridges(house.parts)
    await bridges.ask()
    assert bridges.learnt == ()
    assert not any(arcs("ups") in oid for agent in house.agents.values() for oid in agent.asked)


async def test_links_are_kept_with_their_time_and_go_when_they_are_gone(house: House) -> None:
    keeper = LinkKeeper(house.parts)
    await keeper.save()
    (kept,) = kept_links(house.parts.store)
    assert (kept.ends, kept.devices, kept.told) == (("core/1", "dist/1"), ("core", "dist"), 0.0)
    house.see(60.0)
    await keeper.save()
    assert next(kept_links(house.parts.store)).told == 0.0, "not written at each look"
    house.see(7 * 3600.0)
    await keeper.save()
    assert next(kept_links(house.parts.store)).told == 7 * 3600.0
    house.see(8 * 3600.0, links=())
    house.parts.alerting.links = lambda: frozenset(picture(0.0, links=CABLE).links)
    await LinkKeeper(house.parts).save()
    assert next(kept_links(house.parts.store)).told == 7 * 3600.0, "remembered, and not told any more"
    house.parts.alerting.links = frozenset
    keeper = LinkKeeper(house.parts)
    keeper.save_now()
    assert list(kept_links(house.parts.store)) == []


async def test_a_snapshot_of_no_device_asks_nobody(house: House) -> None:
    house.parts.snapshot = replace(house.parts.snapshot, entities={}, columns={}, links=())
    bridges = Bridges(house.parts)
    await bridges.ask()
    assert bridges.learnt == ()
