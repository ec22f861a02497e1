"""netwatch's eyes on a district of `districts`: polls that are spread, lost or asked for; pages that come."""

from __future__ import annotations

import math
import random
from collections import deque
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from alert_snapshots import CATALOGUE
from districts import CARRIER, District, Fault, Truth

from netwatch.alerts import AlertEngine, Bridging, Plug, PlugKey, Rule, Seen, renewed, subjects
from netwatch.model import Alert, AlertState, Column, EntityId, Instant, Snapshot

INTERVAL = 60.0
EVALUATION = 15.0
LOSS = 0.01
"""Share of polls of which neither poll nor probe is answered although all is well."""
ROUND, AGING = 600.0, 240.0
"""Seconds between two rounds over forwarding tables; for which those remember what is silent."""
EXPIRY = 120.0
"""Seconds after which a neighbour of LLDP is forgotten."""


@dataclass
class Watched:
    """What came of it."""

    pages: dict[str, Alert] = field(default_factory=dict)
    """By id: alerts that were told as faults of their own."""
    ended: set[str] = field(default_factory=set)
    left: list[Alert] = field(default_factory=list)
    """Firing and not explained at the end."""
    unlucky: set[str] = field(default_factory=set)
    """Devices of which two polls in a row were lost though all was well: silent for minutes, as far as
    anybody can tell."""
    updates: int = 0
    asked: int = 0


class Watch:
    """One run."""

    def __init__(self, district: District, truth: Truth, rules: tuple[Rule, ...], rng: random.Random) -> None:
        self.district, self.truth, self.rng = district, truth, rng
        self.engine = AlertEngine(rules)
        self.entities = district.entities()
        self.inventory = district.inventory()
        self.up: dict[str, tuple[float, float]] = {}
        """(value, when) by device."""
        self.ports: dict[str, tuple[float, float]] = {}
        self.levels: dict[str, tuple[float, float]] = {}
        self.batteries: dict[str, tuple[float, float]] = {}
        self.charges: dict[str, tuple[float, float]] = {}
        self.lost: dict[str, int] = {}
        """Polls in a row, by device."""
        self.unlucky: set[str] = set()
        self.rows: dict[tuple[str, str], float] = {}
        """When (device, neighbour) was last told."""
        self.polled = [name for name, node in district.nodes.items() if not node.parent]
        self.due = {name: rng.uniform(0, INTERVAL) for name in self.polled}
        self.told_by: dict[str, list[str]] = {}
        self.cables: dict[str, list[str]] = {}
        for name, node in district.nodes.items():
            if node.parent:
                self.told_by.setdefault(node.parent, []).append(name)
        for near, far in district.ports():
            self.cables.setdefault(near, []).append(far)
        self.plugs: dict[PlugKey, Plug] = {}
        self.tables = Tables(district, truth)
        # Two before the first fault: netwatch has run for a while. A device whose poll is lost at the moment
        # of a round is found in the next one.
        self.rounds = deque((rng.uniform(60, 115), rng.uniform(120, 175)) if district.bridged else ())
        self._edges, self._state, self._next = truth.edges(), truth.reachable(0), 0

    def run(self, until: float) -> Watched:
        out = Watched()
        told: dict[str, int] = {}
        at = 0.0
        while at < until:
            at += EVALUATION
            for name in sorted(self.polled, key=self.due.__getitem__):
                while self.due[name] <= at:
                    self.poll(name, self.due[name])
                    self.due[name] += INTERVAL
            if self.rounds and at >= self.rounds[0]:
                due = self.rounds.popleft()
                if not self.rounds:
                    self.rounds.append(due + ROUND)
                self.ask_tables(at)
            for transition in self.engine.evaluate(self.snapshot(at)):
                alert = transition.alert
                if alert.state is AlertState.FIRING and not alert.suppressed_by:
                    out.pages[alert.id] = alert
                    told[alert.id] = told.get(alert.id, 0) + 1
                elif alert.state is AlertState.RESOLVED:
                    out.ended.add(alert.id)
            for name in sorted(self.engine.to_ask()):
                out.asked += 1
                self.due[str(name)] = at + self.rng.uniform(0.5, 5.0)
        out.unlucky = self.unlucky
        out.updates = sum(told.values()) - len(told)
        out.left = [
            a for a in self.engine.alerts() if a.state is AlertState.FIRING and a.severity.value != "info"
        ]
        return out

    def reached(self, at: float) -> tuple[set[str], set[str]]:
        while self._next < len(self._edges) and self._edges[self._next] <= at:
            self._state = self.truth.reachable(self._edges[self._next])
            self._next += 1
        return self._state

    def poll(self, name: str, at: float) -> None:
        powered, reached = self.reached(at)
        answers = name in reached and self.rng.random() >= LOSS
        self.lost[name] = 0 if answers or name not in reached else self.lost.get(name, 0) + 1
        self.up[name] = (1.0 if answers else 0.0, at)
        if self.lost[name] > 1:
            self.unlucky.add(name)
        if not answers:
            return
        cut = self.truth.cut(at)
        for far in self.cables.get(name, ()):
            works = far in powered and f"{min(name, far)}|{max(name, far)}" not in cut
            self.ports[f"{name}/to-{far}"] = (1.0 if works else 0.0, at)
            if (min(name, far), max(name, far)) in self.district.unknown:
                continue
            if works:
                self.rows[name, far] = at
            elif at - self.rows.get((name, far), at) > EXPIRY:
                self.rows.pop((name, far), None)
        for child in self.told_by.get(name, ()):
            works = child in (powered if self.district.nodes[child].role == "vm" else reached)
            self.up[child] = (1.0 if works else 0.0, at)
        if self.district.nodes[name].role == "ups":
            battery = self.truth.on_battery(name, at)
            self.levels[f"{name}/output"] = (2.0 if battery else 0.0, at)
            self.batteries[name] = (1.0 if battery else 0.0, at)
            self.charges[f"{name}/charge"] = (0.3 if battery else 1.0, at)

    def ask_tables(self, at: float) -> None:
        """One round over the switches that answer."""
        snapshot = self.snapshot(at)
        reached = self.reached(at)[1]
        links = self.engine.links()
        about = subjects(snapshot, links, map(EntityId, sorted(self.district.tables)))
        answered = self.district.tables & reached
        seen = [
            Seen(mac, switch, port)
            for switch, macs in about.asked.items()
            if switch in answered
            for mac in macs
            if (port := self.tables.port(switch, about.owners[mac], at)) is not None
        ]
        up = {EntityId(name) for name, (value, _) in self.up.items() if value}
        told = Bridging(about, seen, snapshot, links)
        self.plugs = renewed(self.plugs, told, about, set(map(EntityId, answered)), up, at, ROUND)

    def snapshot(self, at: float) -> Snapshot:
        columns = {}
        for family, series in (
            ("netwatch_device_up", self.up),
            ("netwatch_interface_oper_up", self.ports),
            ("netwatch_interface_admin_up", {name: (1.0, told) for name, (_, told) in self.ports.items()}),
            ("netwatch_sensor_state_level", self.levels),
            ("netwatch_sensor_charge_ratio", self.charges),
            ("netwatch_device_on_battery", self.batteries),
        ):
            times = np.array([told for _, told in series.values()])
            columns[family] = Column(
                family=CATALOGUE[family],
                entities=tuple(map(EntityId, series)),
                labels=((),) * len(series),
                values=np.array([value for value, _ in series.values()]),
                rates=np.full(len(series), math.nan),
                times=times,
                fresh=at - times < 3.5 * INTERVAL,
            )
        links = {
            (EntityId(f"{min(pair)}/to-{max(pair)}"), EntityId(f"{max(pair)}/to-{min(pair)}"))
            for pair in self.rows
        }
        return Snapshot(
            Instant(at, at),
            self.entities,
            columns,
            inventory=self.inventory,
            links=tuple(sorted(links)),
            learnt=tuple(sorted(known.plug for known in self.plugs.values())),
        )


class Tables:
    """Forwarding tables as they would be: what is reached was learnt at the port towards it, and what has
    fallen silent lately is remembered."""

    def __init__(self, district: District, truth: Truth) -> None:
        self.district, self.truth = district, truth
        self.found: dict[tuple[str, float], dict[str, str]] = {}

    def port(self, switch: str, device: str, at: float) -> EntityId | None:
        for then in (at, at - AGING):
            hop = self.hops(switch, then).get(device)
            if hop is not None:
                return EntityId(f"{switch}/to-{hop}")
        return None

    def hops(self, switch: str, at: float) -> dict[str, str]:
        """By device that is reached from the switch: the neighbour towards it."""
        at = max((edge for edge in self.truth.edges() if edge <= at), default=0.0)
        if (switch, at) not in self.found:
            powered, cut = self.truth.powered(at), self.truth.cut(at)
            around: dict[str, list[str]] = {}
            for one, other in sorted(self.district.links):
                if f"{one}|{other}" not in cut:
                    around.setdefault(one, []).append(other)
                    around.setdefault(other, []).append(one)
            hops = {other: other for other in around.get(switch, ()) if other in powered | {CARRIER}}
            queue = deque(hops)
            while queue:
                near = queue.popleft()
                for other in around.get(near, ()):
                    if other in powered | {CARRIER} and other not in hops and other != switch:
                        hops[other] = hops[near]
                        queue.append(other)
            self.found[switch, at] = hops if switch in powered else {}
        return self.found[switch, at]


def windows(truth: Truth, fault: Fault, until: float) -> tuple[float, float]:
    """(longest time, all of the time) in seconds for which a fault is there to be seen: what it takes down
    would work if it were not for this fault alone."""
    longest = total = now = 0.0
    end = min(fault.end, until)
    edges = [fault.begin, *(at for at in truth.edges() if fault.begin < at < end), end]
    for at, after in pairwise(edges):
        with_it, without = truth.reachable(at)[1], truth.heard(at, but=fault)
        seen = bool(fault.accept & (without - with_it)) or (
            fault.kind in ("link", "mains") and bool(fault.accept & without)
        )
        now = now + after - at if seen else 0.0
        longest, total = max(longest, now), total + (after - at) * seen
    return longest, total
