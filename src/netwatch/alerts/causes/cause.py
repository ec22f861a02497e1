"""Which alert explains which: one fault, one page.

An alert of a `root_cause` rule tells that a device does not answer, or that a UPS runs on battery. Such a
fault explains what the verdict on silent devices says, and

- every other alert of a silent device, and of what it hosts or controls,
- alerts of ports whose link ends at a silent device; of two ends of one link, one explains the other,
- further UPSs of the building that went on battery within minutes: that is the utility's power,
- that a battery empties while its UPS runs on it.
"""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from netwatch.alerts.causes.graph import Graph
from netwatch.alerts.causes.topology import Links
from netwatch.alerts.causes.verdict import SKEW, TOGETHER, Known, Silence, Verdict, reach_verdict
from netwatch.alerts.rule import Rule
from netwatch.model import Alert, AlertState, Entity, EntityId, EntityKind, PlaceId, PlaceKind, Snapshot

__all__ = ["Explanation", "Roles", "explain", "silent_alerts"]

_AT_ONCE = 256
LONGEST_ON_BATTERY = 12 * 3600.0
"""A UPS that has reported trouble for longer than this many seconds is silent for another reason."""
_ON_BATTERY = "netwatch_device_on_battery"
_PORT_UP = "netwatch_interface_oper_up"
_BATTERY = frozenset({"netwatch_sensor_charge_ratio", "netwatch_sensor_runtime_seconds"})


@dataclass(frozen=True, slots=True)
class Roles:
    """What alerts of a rule mean here, by name of the rule."""

    silence: frozenset[str] = frozenset()
    power: frozenset[str] = frozenset()
    """A UPS has lost the mains."""
    ports: frozenset[str] = frozenset()
    """A port is down."""
    battery: frozenset[str] = frozenset()
    """A battery empties."""

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Roles:
        silence: set[str] = set()
        power: set[str] = set()
        ports, battery = set(), set()
        for rule in rules:
            families = set(rule.expression.families)
            if rule.root_cause:
                of_power = rule.expression.entity is not EntityKind.DEVICE or _ON_BATTERY in families
                (power if of_power else silence).add(rule.name)
            elif _PORT_UP in families:
                ports.add(rule.name)
            elif families & _BATTERY:
                battery.add(rule.name)
        return cls(frozenset(silence), frozenset(power), frozenset(ports), frozenset(battery))


@dataclass(slots=True)
class Explanation:
    """Of all alerts that last."""

    by: dict[str, str] = field(default_factory=dict)
    """Id of the explaining alert by id of the explained one. An alert that stands for itself is absent."""
    unasked: dict[str, frozenset[EntityId]] = field(default_factory=dict)
    """By alert that stands for itself: devices that may explain it and have not been asked since it began."""
    titles: dict[str, str] = field(default_factory=dict)
    """By alert that stands for more than its own device: the fault in one line."""
    power: set[str] = field(default_factory=set)
    """Alerts of lost mains that explain something."""


def silent_alerts(
    alerts: Iterable[Alert], roles: Roles, entities: Mapping[EntityId, Entity]
) -> Generator[None, None, dict[EntityId, Alert]]:
    """By device that does not answer: its alert; of several the one that began first."""
    found: dict[EntityId, Alert] = {}
    for number, alert in enumerate(alerts):
        if not number % (4 * _AT_ONCE):
            yield
        if alert.rule not in roles.silence or alert.state is AlertState.RESOLVED:
            continue
        entity = entities.get(alert.entity)
        if entity is None or entity.kind is not EntityKind.DEVICE:
            continue
        known = found.get(entity.id)
        if known is None or (alert.since, alert.id) < (known.since, known.id):
            found[entity.id] = alert
    return found


def explain(
    alerts: Sequence[Alert],
    roles: Roles,
    snapshot: Snapshot,
    graph: Graph,
    links: Links,
    silent: Mapping[EntityId, Alert],
    silences: Mapping[EntityId, Silence],
    answered: Mapping[EntityId, float],
) -> Generator[None, None, Explanation]:
    """In steps of a few milliseconds. `silent` are the alerts of silent devices, `silences` since when they
    are, `answered` the last answers of devices (wall seconds)."""
    out = Explanation()
    power = {
        device: alert
        for device, alert in _lost_mains(alerts, roles, snapshot, out).items()
        if device not in silences or silences[device].began - alert.since < LONGEST_ON_BATTERY
    }
    yield
    known = Known(
        silences,
        answered,
        on_battery=power,
        ports_down={alert.entity: alert.since for alert in alerts if alert.rule in roles.ports},
        paged={device for device, alert in silent.items() if alert.active},
    )
    yield
    verdict = yield from reach_verdict(graph, known)
    yield
    peers = yield from _peers(alerts, links, snapshot.entities)
    found = _Explained(roles, snapshot.entities, verdict, silent, silences, power)
    found.follow_ports(alerts, peers)
    for number, alert in enumerate(alerts):
        if not number % _AT_ONCE:
            yield
        by = found.cause_of(alert, peers.get(alert.entity, ()))
        if by is not None and by != alert.id:
            out.by[alert.id] = by
        elif silent.get(alert.device) is alert:
            out.unasked[alert.id] = verdict.unasked.get(alert.device, frozenset())
        elif alert.rule in roles.ports:
            far = {entity.device for entity in peers.get(alert.entity, ())}
            out.unasked[alert.id] = frozenset(d for d in far if answered.get(d, alert.since) < alert.since)
    yield
    _pair_ends(alerts, peers, out)
    for alert_id in list(out.by):
        out.by[alert_id] = _top(alert_id, out.by)
    yield
    _entitle(verdict, graph, snapshot, silent, out)
    out.power &= set(out.by.values())
    return out


def _order(alert: Alert) -> tuple[bool, float, str]:
    """Of several alerts of one fault: what was told already leads, then what began first."""
    return not alert.active, alert.since, alert.id


def _top(alert_id: str, by: Mapping[str, str]) -> str:
    seen = {alert_id}
    top = by[alert_id]
    while top in by and top not in seen:
        seen.add(top)
        top = by[top]
    return top


def _lost_mains(
    alerts: Iterable[Alert], roles: Roles, snapshot: Snapshot, out: Explanation
) -> dict[EntityId, Alert]:
    """By UPS without mains: the alert that stands for it. Those of one building that lost it within minutes
    of each other have one fault."""
    column = snapshot.columns.get(_ON_BATTERY)
    told = {} if column is None else dict(zip(column.entities, column.values.tolist(), strict=True))
    buildings: dict[object, list[Alert]] = {}
    for alert in alerts:
        device = snapshot.entities.get(alert.device) if alert.rule in roles.power else None
        # Another state of a UPS may be critical as well; it may tell, or have told, that it has mains.
        if device is not None and device.facts.get("kind") == "power" and told.get(device.id, 1.0) != 0:
            buildings.setdefault(_building(device, snapshot) or device.id, []).append(alert)
    leaders: dict[EntityId, Alert] = {}
    for members in buildings.values():
        for cluster in _clusters(sorted(members, key=lambda alert: (alert.since, alert.id))):
            leader = min(cluster, key=_order)
            out.by.update((alert.id, leader.id) for alert in cluster if alert is not leader)
            out.power.add(leader.id)
            devices = {alert.device for alert in cluster}
            leaders.update(dict.fromkeys(devices, leader))
            if len(devices) > 1:
                name = _building_name(snapshot.entities[leader.device], snapshot)
                out.titles[leader.id] = (
                    f"utility power of {name} has failed: {len(devices)} UPSs run on battery"
                )
    return leaders


def _clusters(alerts: Sequence[Alert]) -> Iterator[list[Alert]]:
    """Alerts in order of time, each of which began within minutes of the one before."""
    cluster = [*alerts[:1]]
    for before, alert in pairwise(alerts):
        if alert.since - before.since > TOGETHER:
            yield cluster
            cluster = []
        cluster.append(alert)
    yield cluster


def _building(device: Entity, snapshot: Snapshot) -> PlaceId | None:
    """The building of a device, else its site; None where nobody knows."""
    places = snapshot.inventory.places
    place = PlaceId(str(device.facts.get("place", "")))
    found = places.ancestor(place, PlaceKind.BUILDING) or places.site_of(place)
    return None if found is None else found.id


def _building_name(device: Entity, snapshot: Snapshot) -> str:
    path = snapshot.inventory.places.path(_building(device, snapshot))
    return ", ".join(node.name for node in path if node.kind is not PlaceKind.DISTRICT) or device.name


def _peers(
    alerts: Iterable[Alert], links: Links, entities: Mapping[EntityId, Entity]
) -> Generator[None, None, dict[EntityId, list[Entity]]]:
    """The far ends of the links of ports that have alerts."""
    wanted = {alert.entity for alert in alerts if alert.entity != alert.device}
    out: dict[EntityId, list[Entity]] = {}
    for number, (one, other) in enumerate(links if wanted else ()):
        if not number % (4 * _AT_ONCE):
            yield
        for near, far in ((one, other), (other, one)):
            if near in wanted and far in entities:
                out.setdefault(near, []).append(entities[far])
    return out


def _pair_ends(alerts: Iterable[Alert], peers: Mapping[EntityId, list[Entity]], out: Explanation) -> None:
    """A link that is cut, full or damaged is told by one of its ends."""
    at = {(alert.rule, alert.entity): alert for alert in alerts if alert.entity in peers}
    for (rule, port), alert in at.items():
        for peer in peers[port]:
            other = at.get((rule, peer.id))
            if other is not None and _order(other) < _order(alert) and alert.id not in out.by:
                out.by[alert.id] = other.id


@dataclass(frozen=True, slots=True)
class _Explained:
    """Looks up causes."""

    roles: Roles
    entities: Mapping[EntityId, Entity]
    verdict: Verdict
    silent: Mapping[EntityId, Alert]
    silences: Mapping[EntityId, Silence]
    power: Mapping[EntityId, Alert]
    ports: dict[EntityId, str] = field(default_factory=dict)
    """By silent device: the alert of the port at the other end of its cable, where that was told before."""

    def follow_ports(self, alerts: Iterable[Alert], peers: Mapping[EntityId, list[Entity]]) -> None:
        """People know already that a port is down: that what hangs on it is silent is no other fault."""
        for alert in alerts:
            if alert.rule in self.roles.ports and alert.active:
                for peer in peers.get(alert.entity, ()):
                    silence = self.silences.get(peer.device)
                    told = silence is not None and self.silent[peer.device].active
                    if silence is not None and not told and silence.answered <= alert.since + SKEW:
                        self.ports[peer.device] = alert.id

    def cause_of(self, alert: Alert, peers: Iterable[Entity]) -> str | None:
        """Id of the alert that explains this one; None: it stands for itself."""
        if alert.rule in self.roles.battery and alert.device in self.power:
            return self.power[alert.device].id
        if alert.rule in self.roles.power and alert.device in self.power:
            return None  # what stands for it is known already
        seen: set[EntityId] = set()
        device: EntityId | None = alert.device
        while device is not None and device not in seen:
            seen.add(device)
            if device in self.silent:
                return self.of_device(device)
            entity = self.entities.get(device)
            parent = None if entity is None or entity.parent is None else self.entities.get(entity.parent)
            device = None if parent is None else parent.device
        for peer in peers:
            silence = self.silences.get(peer.device)
            # What still answered while the port was known to be down has another fault.
            if silence is not None and silence.answered <= alert.since + SKEW:
                return self.of_device(peer.device)
        return None

    def of_device(self, device: EntityId) -> str:
        """The alert of the fault that a silent device lies behind, or is."""
        fault = self.verdict.cause.get(device, device)
        if fault in self.power:
            return self.power[fault].id
        if fault in self.ports:
            return self.ports[fault]
        return self.silent[self.verdict.leader.get(fault, fault)].id


def _entitle(
    verdict: Verdict, graph: Graph, snapshot: Snapshot, silent: Mapping[EntityId, Alert], out: Explanation
) -> None:
    """Names faults that are greater than the device whose alert stands for them."""
    for node, device in verdict.leader.items():
        name = graph.unpolled.get(node, str(node))
        out.titles[silent[device].id] = f"{name} has failed: nothing that depends on it answers"
    if verdict.isolated is not None:
        alert = silent[verdict.isolated]
        name = snapshot.entities[verdict.isolated].name
        at = f"{name}, where it attaches, included" if verdict.isolated in graph.roots else f"{name} included"
        out.titles[alert.id] = f"netwatch reaches nothing: no device answers, {at}"


def is_never_hidden(snapshot: Snapshot) -> Collection[EntityId]:
    """Devices that carry 911 calls, fire alarm or radio."""
    return {
        entry.target.device
        for entry in snapshot.inventory.devices.values()
        if entry.life_safety and entry.target is not None
    }
