"""Districts out of a random number generator, and what would really happen in them.

A `District` is drawn with switches, rings, dual homing, WAN circuits, controllers, hosts and UPSs. `Truth`
says which devices are powered and reachable while faults last. Only part of it is told to netwatch: some
links are unknown, virtual machines and access points are told by others, UPSs and hosts speak no LLDP.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from alert_snapshots import device, part

from netwatch.model import (
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Target,
)

NETWATCH = "netwatch"
CARRIER = "carrier"
KINDS = {
    "core": "switch",
    "distribution": "switch",
    "access": "switch",
    "firewall": "firewall",
    "edge": "other",
    "ap": "wireless",
    "controller": "wireless",
    "hypervisor": "server",
    "vm": "server",
    "ups": "power",
}


@dataclass(frozen=True)
class Node:
    name: str
    role: str
    place: str
    parent: str = ""
    """What reports it."""
    fed_by: tuple[str, ...] = ()
    """Truth."""
    told: bool = True
    """Whether the inventory says what feeds it; else netwatch has the closet alone."""


@dataclass(frozen=True)
class Fault:
    """Something fails for a while. Seconds."""

    kind: str
    what: str
    begin: float
    end: float
    accept: frozenset[str]
    """Devices whose page tells of it rightly."""

    def lasts(self, at: float) -> bool:
        return self.begin <= at < self.end


@dataclass
class District:
    nodes: dict[str, Node] = field(default_factory=dict)
    links: set[tuple[str, str]] = field(default_factory=set)
    """Cables, names in order. The carrier's circuit is one as well."""
    unknown: set[tuple[str, str]] = field(default_factory=set)
    """Cables that no device tells of."""
    places: dict[PlaceId, Place] = field(default_factory=dict)
    bridged: bool = False
    """Whether forwarding tables are read."""
    tables: set[str] = field(default_factory=set)
    """Switches that have one to be read."""

    def add(self, name: str, role: str, place: str, **more) -> str:
        self.nodes[name] = Node(name, role, place, **more)
        return name

    def cable(self, one: str, other: str, *, known: bool = True) -> None:
        pair = (min(one, other), max(one, other))
        self.links.add(pair)
        if not known:
            self.unknown.add(pair)

    def place(self, path: str, kind: PlaceKind, *, school: bool = False) -> str:
        above = path.rpartition("/")[0]
        facts = SchoolFacts() if school else None
        self.places[PlaceId(path)] = Place(
            PlaceId(path), kind, path.rpartition("/")[2], PlaceId(above) if above else None, facts
        )
        return path

    def of_role(self, *roles: str) -> list[str]:
        return [name for name, node in self.nodes.items() if node.role in roles]

    def building(self, name: str) -> str:
        return self.nodes[name].place.rpartition("/")[0]

    # -- as netwatch knows it

    def entities(self) -> dict[EntityId, Entity]:
        out: dict[EntityId, Entity] = {}
        for node in self.nodes.values():
            site = self.site(node.place)
            one = device(
                node.name, kind=KINDS[node.role], role=node.role, parent=node.parent or None,
                place=node.place, site=site, district="d", **self.facts(node),
            )  # fmt: skip
            out[one.id] = one
            if node.role == "ups":
                for name in ("output", "charge"):
                    sensor = part(node.name, name, EntityKind.SENSOR)
                    out[sensor.id] = sensor
        for near, far in self.ports():
            port = part(near, f"to-{far}")
            out[port.id] = port
        return out

    def ports(self) -> list[tuple[str, str]]:
        """(device, what its port leads to). Where nobody tells of neighbours, ports of switches are there
        all the same."""
        found = []
        for one, other in sorted(self.links):
            for near, far in ((one, other), (other, one)):
                told = (one, other) not in self.unknown or (self.bridged and near in self.tables)
                if told and NETWATCH not in (near, far) and CARRIER not in (near, far):
                    found.append((near, far))
        return found

    def facts(self, node: Node) -> dict[str, str]:
        return {"mac": self.mac(node.name)} if self.bridged else {}

    def mac(self, name: str) -> str:
        return f"{0x020000000000 + list(self.nodes).index(name):012x}"

    def site(self, place: str) -> str:
        found = Places(self.places).site_of(PlaceId(place))
        return "" if found is None else str(found.id)

    def inventory(self) -> Inventory:
        entries = {CARRIER: InventoryDevice(CARRIER, None, depends_on=("core0",))}
        for node in self.nodes.values():
            target = (
                None if node.parent else Target(EntityId(node.name), node.name, ("192.0.2.1",), deadline=30)
            )
            entries[node.name] = InventoryDevice(
                node.name,
                target,
                DeviceKind(KINDS[node.role]),
                node.role,
                place=PlaceId(node.place),
                depends_on=(CARRIER,) if node.role == "edge" else (),
                fed_by=node.fed_by if node.told else (),
            )
        return Inventory(district="d", places=Places(self.places), devices=entries)


def draw(rng: random.Random, *, bridged: bool = False) -> District:
    """A district of 2 to 5 schools. `bridged`: two fifths of the cables to closets and access points are told
    by no neighbour, and most switches have a forwarding table that can be read."""
    d = District(bridged=bridged)
    d.place("d", PlaceKind.DISTRICT)
    office = d.place(d.place("d/office", PlaceKind.BUILDING) + "/mdf", PlaceKind.CLOSET)
    feeds = tuple(d.add(f"office-ups{n}", "ups", office) for n in range(2))
    cores = [d.add(f"core{n}", "core", office, fed_by=feeds) for n in range(rng.choice((1, 2, 2)))]
    for core in cores:
        d.cable(core, NETWATCH)
    if len(cores) == 2:
        d.cable(*cores)
    for name, role in (("fw", "firewall"), ("wlc", "controller")):
        d.add(name, role, office, fed_by=feeds)
        for core in cores[: 1 + (role == "firewall")]:
            d.cable(name, core)
    for feed in feeds:
        d.cable(feed, cores[0], known=False)
    ring: list[str] = []
    for number in range(rng.randint(2, 5)):
        _school(d, rng, f"s{number}", cores, ring)
    if ring:  # the schools of the ring, one after another, from core to core
        for one, other in zip([cores[0], *ring], [*ring, cores[-1]], strict=True):
            d.cable(one, other)
    if bridged:
        d.tables = {name for name in d.of_role("core", "distribution", "access") if rng.random() < 0.9}
    return d


def _school(d: District, rng: random.Random, name: str, cores: list[str], ring: list[str]) -> None:
    d.place(f"d/{name}", PlaceKind.SCHOOL, school=True)
    main = d.place(f"d/{name}/main", PlaceKind.BUILDING)
    mdf = d.place(f"{main}/mdf", PlaceKind.CLOSET)
    feed = d.add(f"{name}-ups", "ups", mdf)
    told = rng.random() < 0.5
    dists = [d.add(f"{name}-dist", "distribution", mdf, fed_by=(feed,), told=told)]
    way = rng.choice(("dual", "single", "ring", "wan"))
    if way == "wan":
        edge = d.add(f"{name}-edge", "edge", mdf, fed_by=(feed,), told=told)
        d.cable(CARRIER, edge)
        d.cable(CARRIER, cores[0])
        d.cable(edge, dists[0])
    elif way == "ring":
        ring.append(dists[0])
    else:
        if rng.random() < 0.4:
            dists.append(d.add(f"{name}-dist2", "distribution", mdf, fed_by=(feed,), told=told))
            d.cable(*dists)
        for dist in dists:
            for core in cores if way == "dual" else cores[:1]:
                d.cable(dist, core)
    d.cable(feed, dists[0], known=False)
    untold = 0.4 if d.bridged else 0.15
    upper = dists
    for number in range(rng.randint(1, 4)):
        closet = d.place(f"{main}/idf{number}", PlaceKind.CLOSET)
        ups = d.add(f"{name}-ups{number}", "ups", closet)
        switch = d.add(f"{name}-sw{number}", "access", closet, fed_by=(ups,), told=rng.random() < 0.5)
        for above in upper:
            d.cable(switch, above, known=len(upper) > 1 or rng.random() > untold)
        if rng.random() < 0.3:
            upper = [switch]  # the next one hangs on this one
        d.cable(ups, switch, known=False)
        for ap in range(rng.randint(0, 3)):
            one = d.add(f"{name}-ap{number}{ap}", "ap", closet, parent="wlc")
            d.cable(one, switch, known=rng.random() > untold)
    if rng.random() < 0.6:
        host = d.add(f"{name}-host", "hypervisor", mdf, fed_by=(feed,), told=told)
        d.cable(host, rng.choice(dists), known=False)
        for vm in range(rng.randint(1, 3)):
            d.add(f"{name}-vm{vm}", "vm", mdf, parent=host)


class Truth:
    """What works while faults last."""

    def __init__(self, district: District, faults: list[Fault], dark_at: dict[str, float]) -> None:
        """`dark_at`: when the battery of a UPS without mains is empty."""
        self.district = district
        self.faults = faults
        self.dark_at = dark_at
        self.boots = {name: 30.0 + 5.0 * (len(name) % 7) for name in district.nodes}

    def edges(self) -> list[float]:
        """When something changes."""
        times = {0.0}
        for fault in self.faults:
            times |= {fault.begin, fault.end, *(fault.end + boot + 0.01 for boot in self.boots.values())}
        return sorted(times | set(self.dark_at.values()))

    def on_battery(self, ups: str, at: float) -> bool:
        building = self.district.building(ups)
        return any(
            fault.kind == "mains" and fault.what == building and fault.lasts(at) for fault in self.faults
        )

    def powered(self, at: float, but: Fault | None = None) -> set[str]:
        faults = [fault for fault in self.faults if fault is not but]
        nodes = self.district.nodes
        dead = {fault.what for fault in faults if fault.kind == "device" and fault.lasts(at)}

        def dark(ups: str, when: float) -> bool:
            building = self.district.building(ups)
            out = any(f.kind == "mains" and f.what == building and f.lasts(when) for f in faults)
            return out and when >= self.dark_at[ups]

        def fed(node: Node, when: float) -> bool:
            return not node.fed_by or any(ups not in dead and not dark(ups, when) for ups in node.fed_by)

        up = set()
        for name, node in nodes.items():
            if name in dead or (node.role == "ups" and dark(name, at)):
                continue
            # What starts after a power cut takes a while.
            if fed(node, at) and fed(node, at - self.boots[name]):
                up.add(name)
        return {name for name in up if nodes[name].role != "vm" or nodes[name].parent in up}

    def cut(self, at: float, but: Fault | None = None) -> set[str]:
        return {f.what for f in self.faults if f is not but and f.kind == "link" and f.lasts(at)}

    def reachable(self, at: float, but: Fault | None = None) -> tuple[set[str], set[str]]:
        """(what is powered, and reached from netwatch)."""
        powered, cut = self.powered(at, but), self.cut(at, but)
        gone = {f.kind for f in self.faults if f is not but and f.lasts(at)}
        around: dict[str, list[str]] = {}
        for one, other in self.district.links:
            if f"{one}|{other}" in cut or ("uplink" in gone and NETWATCH in (one, other)):
                continue
            around.setdefault(one, []).append(other)
            around.setdefault(other, []).append(one)
        works = powered | {NETWATCH} | (set() if "carrier" in gone else {CARRIER})
        reached, queue = {NETWATCH}, deque([NETWATCH])
        while queue:
            for other in around.get(queue.popleft(), ()):
                if other in works and other not in reached:
                    reached.add(other)
                    queue.append(other)
        nodes = self.district.nodes
        reached |= {vm for vm in powered if nodes[vm].role == "vm" and nodes[vm].parent in reached}
        return powered, reached

    def heard(self, at: float, but: Fault | None = None) -> set[str]:
        """What is reached, and so is what tells of it."""
        reached = self.reachable(at, but)[1]
        nodes = self.district.nodes
        return {
            name
            for name in reached
            if name not in nodes or (not nodes[name].parent or nodes[name].parent in reached)
        }

    def hides_the_mains(self, fault: Fault) -> bool:
        """Whether another fault keeps UPSs from telling that they run on battery before that is empty."""
        upses = [ups for ups in fault.accept if self.district.nodes[ups].role == "ups"]
        middle = [(fault.begin + min(self.dark_at[ups], fault.end)) / 2 for ups in upses]
        return not all(ups in self.heard(at, but=fault) for ups, at in zip(upses, middle, strict=True))
