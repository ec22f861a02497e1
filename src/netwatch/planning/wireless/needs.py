"""What new access points ask of the switches and closets that they will hang on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from netwatch.model import EntityId, EntityKind, EvidenceItem, InventoryDevice, PlaceId, Snapshot
from netwatch.planning.basis import Basis, SaturationMeasure
from netwatch.planning.wireless.access_points import latest
from netwatch.planning.wireless.policy import WirelessPolicy
from netwatch.planning.wireless.results import JudgedArea, JudgedPoint, SwitchNeed

__all__ = ["needs_of"]

_SPEED = "netwatch_interface_speed_bytes_per_second"
_BUDGET, _USED = "netwatch_pse_budget_watts", "netwatch_pse_used_watts"
_LOAD, _RUNTIME = "netwatch_sensor_load_ratio", "netwatch_sensor_runtime_seconds"
_ETHERNET = ("6", "ethernetcsmacd")
_GIGABIT = 125e6
"""Bytes per second."""


@dataclass(slots=True)
class _Ask:
    """What areas ask of one switch."""

    areas: list[str] = field(default_factory=list)
    points: list[JudgedPoint] = field(default_factory=list)
    low: int = 0
    high: int = 0
    replaced: int = 0


def needs_of(areas: Sequence[JudgedArea], basis: Basis, policy: WirelessPolicy) -> tuple[SwitchNeed, ...]:
    """One line per switch, those that lack most first; one per school for those whose switch is unknown."""
    links = _links(basis.snapshot)
    serving = _serving(basis.snapshot)
    asks: dict[tuple[str, str], _Ask] = {}
    ports: dict[EntityId, list[EntityId]] = {}
    for area in areas:
        if area.estimate is None:
            continue
        wanting = [one for one in area.points if one.verdict.buys]
        places = []
        for one in wanting:
            found = links.get(one.point.id) if one.point.id is not None else None
            switch = found[0] if found is not None else _switch_of_rooms(one, serving, basis)
            if found is not None:
                ports.setdefault(found[0], []).append(found[1])
            places.append((str(switch or ""), "" if switch else area.area.school))
        _spread(asks, area, wanting, places)
    facts = _Facts(basis, sorted({EntityId(switch) for switch, _ in asks if switch}))
    out = [_need(key, ask, ports, facts, policy) for key, ask in asks.items()]
    return tuple(
        sorted(
            out, key=lambda one: (-len(one.short_of), -one.drops_high - one.replaced, one.school, one.name)
        )
    )


def _spread(
    asks: dict[tuple[str, str], _Ask],
    area: JudgedArea,
    wanting: Sequence[JudgedPoint],
    places: Sequence[tuple[str, str]],
) -> None:
    """New ones hang where the full ones hang, in proportion."""
    assert area.estimate is not None
    counts = {key: places.count(key) for key in sorted(set(places))}
    new_low, new_high = (
        number - area.estimate.replaced for number in (area.estimate.low, area.estimate.high)
    )
    lows, highs = _shares(new_low, counts), _shares(new_high, counts)
    for key in counts:
        ask = asks.setdefault(key, _Ask())
        ask.areas.append(area.area.key)
        mine = [one for one, place in zip(wanting, places, strict=True) if place == key]
        ask.points += mine
        ask.low += lows[key]
        ask.high += max(lows[key], highs[key])
        ask.replaced += sum(1 for one in mine if one.verdict.value == "replace")


def _shares(total: int, counts: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """Largest remainders: the parts add up to `total`."""
    whole = sum(counts.values())
    exact = {key: total * count / whole for key, count in counts.items()}
    out = {key: math.floor(share) for key, share in exact.items()}
    order = sorted(counts, key=lambda key: (out[key] - exact[key], key))
    for key in order[: total - sum(out.values())]:
        out[key] += 1
    return out


class _Facts:
    """Present readings of switches and closets, looked up once."""

    def __init__(self, basis: Basis, switches: Sequence[EntityId]) -> None:
        self.basis, snapshot = basis, basis.snapshot
        ports = {one.id for switch in switches for one in snapshot.of_device(switch, EntityKind.INTERFACE)}
        self.speeds = latest(snapshot, _SPEED, ports)
        self.up = latest(snapshot, "netwatch_interface_oper_up", ports)
        self.budgets, self.used = latest(snapshot, _BUDGET), latest(snapshot, _USED)
        self.load, self.runtime = latest(snapshot, _LOAD), latest(snapshot, _RUNTIME)
        self.by_name = {
            entered.name: entity for entity, entered in sorted(basis.inventory_of.items(), reverse=True)
        }

    def power(self, switch: EntityId) -> tuple[float | None, list[EvidenceItem]]:
        """Watts that are left of the budgets, and what that stands on; None where nobody tells."""
        peaks = {
            one.entity: one
            for one in self.basis.measured.fullness.get(switch, ())
            if one.measure is SaturationMeasure.POE
        }
        left, evidence = 0.0, []
        groups = [one.id for one in self.basis.snapshot.of_device(switch, EntityKind.PSE)]
        known = sorted(one for one in groups if one in self.budgets)
        for group in known:
            budget, at = self.budgets[group]
            if group in peaks:
                drawn, how, at = peaks[group].share * budget, "95th percentile in class time", peaks[group].at
            elif group in self.used:
                (drawn, at), how = self.used[group], "now"
            else:
                return None, []
            left += max(0.0, budget - drawn)
            text = f"{drawn:.0f} of {budget:.0f} W drawn ({how})"
            evidence.append(EvidenceItem(text, _USED, drawn, "watts", at))
        return (left if known else None), evidence

    def uplink(self, switch: EntityId) -> tuple[float | None, float | None, list[EvidenceItem]]:
        found = [
            one
            for one in self.basis.measured.fullness.get(switch, ())
            if one.measure is SaturationMeasure.UPLINK
        ]
        if not found:
            ports = [
                self.speeds[port][0] for port in self.basis.topology.uplinks(switch) if port in self.speeds
            ]
            return None, (min(ports) if ports else None), []
        worst = found[0]  # the fullest comes first
        speed = self.speeds.get(worst.entity)
        text = (
            f"uplink {self.basis.label(worst.entity)} {worst.share:.0%} full in class time (95th percentile)"
        )
        item = EvidenceItem(text, worst.family, worst.share, "ratio", worst.at)
        return worst.share, (speed[0] if speed else None), [item]

    def free_ports(self, switch: EntityId) -> int | None:
        """Ethernet ports of a device that are down now, uplinks not counted; None where no state is told."""
        uplinks = set(self.basis.topology.uplinks(switch))
        states = [
            self.up[one.id][0]
            for one in self.basis.snapshot.of_device(switch, EntityKind.INTERFACE)
            if one.id in self.up and one.id not in uplinks and _is_ethernet(one.facts.get("type"))
        ]
        return sum(1 for state in states if state < 0.5) if states else None

    def ups(self, switch: EntityId) -> tuple[float | None, float | None, list[EvidenceItem]]:
        """Highest load and shortest runtime of what feeds it: as entered, else what stands in its closet."""
        entered = self.basis.inventory_of.get(switch)
        feeders = [self.by_name[name] for name in _fed_by(entered) if name in self.by_name]
        if not feeders and (place := self.basis.places.get(switch)) is not None:
            feeders = [
                one
                for one, device in sorted(self.basis.inventory_of.items())
                if device.role == "ups" and device.place == place
            ]
        loads, runtimes, evidence = [], [], []
        for ups in feeders:
            for sensor in self.basis.snapshot.of_device(ups, EntityKind.SENSOR):
                if sensor.id in self.load:
                    value, at = self.load[sensor.id]
                    loads.append(value)
                    text = f"{self.basis.label(ups)} carries {value:.0%} of its load now"
                    evidence.append(EvidenceItem(text, _LOAD, value, "ratio", at))
                if sensor.id in self.runtime:
                    runtimes.append(self.runtime[sensor.id][0])
        return max(loads, default=None), min(runtimes, default=None), evidence


def _need(
    key: tuple[str, str],
    ask: _Ask,
    ports: Mapping[EntityId, Sequence[EntityId]],
    facts: _Facts,
    policy: WirelessPolicy,
) -> SwitchNeed:
    switch, needs = (EntityId(key[0]) if key[0] else None), policy.needs
    more = max(0.0, needs.poe_watts.value - needs.present_watts.value) * ask.replaced
    low, high = (more + count * needs.poe_watts.value for count in (ask.low, ask.high))
    if switch is None:
        missing: tuple[str, ...] = ("serving switch",)
        name, school, closet = "unknown", key[1], ""
        left, uplink, speed, load, runtime, free, slowest = None, None, None, None, None, None, None
        evidence: list[EvidenceItem] = []
        short: list[str] = []
    else:
        name, (school, closet) = facts.basis.label(switch), _where(facts.basis, switch)
        left, evidence = facts.power(switch)
        uplink, speed, told = facts.uplink(switch)
        load, runtime, more_told = facts.ups(switch)
        evidence += [*told, *more_told]
        free = facts.free_ports(switch)
        hung = [facts.speeds[port][0] for port in ports.get(switch, ()) if port in facts.speeds]
        slowest = min(hung, default=None)
        short = _short(ask, high, left, free, slowest, uplink, load, policy)
        missing = tuple(
            word
            for word, value in (
                ("PoE budget", left),
                ("free ports", free),
                ("port speed", slowest),
                ("uplink", uplink),
                ("UPS", load),
            )
            if value is None
        )
    return SwitchNeed(
        switch,
        name,
        school,
        closet,
        tuple(sorted(ask.areas)),
        ask.low,
        ask.high,
        ask.replaced,
        low,
        high,
        left,
        None if left is None else left >= high,
        free,
        slowest,
        uplink,
        speed,
        load,
        runtime,
        tuple(short),
        tuple(evidence),
        missing,
    )


def _short(
    ask: _Ask,
    watts: float,
    left: float | None,
    free: int | None,
    slowest: float | None,
    uplink: float | None,
    load: float | None,
    policy: WirelessPolicy,
) -> list[str]:
    needs = policy.needs
    out = []
    if left is not None and left < watts:
        out.append(f"PoE: {watts:.0f} W wanted, {left:.0f} W left")
    if free is not None and free < ask.high:
        out.append(f"ports: {ask.high} wanted, {free} free")
    if slowest is not None and slowest < needs.port_gigabits.value * _GIGABIT:
        gigabits = slowest / _GIGABIT
        out.append(f"multigig: ports run at {gigabits:g} Gb/s, {needs.port_gigabits.value:g} wanted")
    if uplink is not None and uplink > needs.uplink_share.value:
        out.append(f"uplink: {uplink:.0%} full")
    if load is not None and load > needs.ups_load.value:
        out.append(f"UPS: {load:.0%} loaded")
    return out


def _links(snapshot: Snapshot) -> dict[EntityId, tuple[EntityId, EntityId]]:
    """By access point: the switch and its port that see it, the first by id where several do."""
    out: dict[EntityId, tuple[EntityId, EntityId]] = {}
    for ends in snapshot.links:
        for near, far in (ends, ends[::-1]):
            point, port = snapshot.entities.get(near), snapshot.entities.get(far)
            if point is None or port is None or port.kind is not EntityKind.INTERFACE:
                continue
            if point.device != port.device:
                found = (port.device, port.id)
                out[point.device] = min(out.get(point.device, found), found)
    return out


def _serving(snapshot: Snapshot) -> dict[PlaceId, list[str]]:
    """Names of the switches that serve each room, as entered."""
    out: dict[PlaceId, list[str]] = {}
    for device in snapshot.inventory.devices.values():
        if device.kind == "switch":
            for room in device.serves:
                out.setdefault(room, []).append(device.name)
    return out


def _switch_of_rooms(
    point: JudgedPoint, serving: Mapping[PlaceId, Sequence[str]], basis: Basis
) -> EntityId | None:
    """The one switch that serves all its rooms; None where nobody entered it, or more than one does."""
    names = {name for room in point.point.rooms for name in serving.get(room, ())}
    if len(names) != 1:
        return None
    found = [entity for entity, device in basis.inventory_of.items() if device.name in names]
    return min(found, default=None)


def _where(basis: Basis, switch: EntityId) -> tuple[str, str]:
    places = basis.snapshot.inventory.places
    path = places.path(basis.places.get(switch))
    site = places.site_of(basis.places.get(switch))
    below = [
        node.name for node in path if site is not None and node.id != site.id and node.parent is not None
    ]
    names = below[-2:] if len(path) > 1 else []
    return ("" if site is None else site.name), ", ".join(names)


def _fed_by(entered: InventoryDevice | None) -> tuple[str, ...]:
    return () if entered is None else entered.fed_by


def _is_ethernet(kind: object) -> bool:
    return kind is None or str(kind).lower() in _ETHERNET
