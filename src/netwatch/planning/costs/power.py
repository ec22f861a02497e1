"""What a device draws: measured by a meter of its own, counted with what a switch delivers, or assumed."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netwatch.model import EntityId, EvidenceItem
from netwatch.planning.basis import Basis, Subject
from netwatch.planning.costs.measure import CostMeasures, Watts
from netwatch.planning.costs.policy import Assumed, CostsPolicy

__all__ = ["Draw", "draws"]


@dataclass(frozen=True, slots=True)
class Draw:
    """What one device draws from the wall, on average."""

    watts: float
    how: str
    """`measured`, `measured in part`, `assumed`."""
    evidence: tuple[EvidenceItem, ...]


@dataclass(slots=True)
class _Switch:
    """A switch of which is known what it delivers over Ethernet."""

    delivered: float
    groups: tuple[Watts, ...]
    fed: list[tuple[EntityId, Assumed]]

    @property
    def scale(self) -> float:
        """What is fed can't draw more than is delivered."""
        assumed = math.fsum(one.watts for _, one in self.fed)
        return min(1.0, self.delivered / assumed) if assumed else 1.0


def draws(
    basis: Basis, measured: CostMeasures, devices: Mapping[EntityId, Subject], policy: CostsPolicy
) -> dict[EntityId, Draw]:
    """Of each device of which anything is known. No watt is counted twice: what a switch delivers to devices
    that are known is theirs, the rest its own."""
    enough = max(policy.enough_hours * 3600, 1)
    meters = {
        device: found
        for device, one in devices.items()
        if one.kind not in policy.power.not_own_use
        for found in (_meter(measured.meters.get(device, ()), enough, policy.power.not_a_meter),)
        if found
    }
    switches: dict[EntityId, _Switch] = {}
    for device in sorted(devices):
        groups = tuple(one for one in measured.poe.get(device, ()) if one.seconds >= enough)
        if groups:
            switches[device] = _Switch(max(0.0, math.fsum(one.mean for one in groups)), groups, [])
    feeders = _feed(basis, devices, meters, switches, policy)
    out: dict[EntityId, Draw] = {}
    for device in sorted(devices):
        one = devices[device]
        assumed = policy.power.assumption(one.kind, one.role)
        if device in switches and device in meters:
            found = _switch(switches[device], meters[device], assumed)
        elif device in meters:
            found = _measured(meters[device])
        elif assumed is None:
            continue
        elif device in switches:
            found = _switch(switches[device], (), assumed)
        elif device in feeders:
            found = _fed(switches[feeders[device]], basis.label(feeders[device]), assumed)
        else:
            found = Draw(assumed.watts, "assumed", (_assumption(assumed),))
        out[device] = found
    return out


def _meter(sensors: Sequence[Watts], enough: float, strangers: Sequence[str]) -> tuple[Watts, ...]:
    """Sensors whose sum is what a device draws. Names that differ in numbers alone are parts of one sum (two
    power supplies); several such sums (inputs, outputs, a total) tell of the same watts, and the largest is
    the nearest to the wall."""
    sums: dict[str, list[Watts]] = {}
    for one in sensors:
        words = re.findall(r"[a-z]+", one.name.lower())
        if one.seconds >= enough and one.mean > 0 and not set(words) & set(strangers):
            sums.setdefault(" ".join(words), []).append(one)
    if not sums:
        return ()
    best = min(sums, key=lambda name: (-math.fsum(one.mean for one in sums[name]), name))
    return tuple(sums[best])


def _feed(
    basis: Basis,
    devices: Mapping[EntityId, Subject],
    meters: Mapping[EntityId, Sequence[Watts]],
    switches: Mapping[EntityId, _Switch],
    policy: CostsPolicy,
) -> dict[EntityId, EntityId]:
    """By fed device the switch that feeds it: a neighbour that delivers, the first by id."""
    entities = basis.snapshot.entities
    candidates: dict[EntityId, set[EntityId]] = {}
    for ends in basis.snapshot.links:
        for here, there in (ends, ends[::-1]):
            near, far = entities.get(here), entities.get(there)
            if near is not None and far is not None and far.device in switches:
                candidates.setdefault(near.device, set()).add(far.device)
    out: dict[EntityId, EntityId] = {}
    for device in sorted(candidates):
        one = devices.get(device)
        assumed = None if one is None else policy.power.assumption(one.kind, one.role)
        if assumed is not None and assumed.poe and device not in meters and device not in switches:
            out[device] = min(candidates[device])
            switches[out[device]].fed.append((device, assumed))
    return out


def _switch(switch: _Switch, meter: Sequence[Watts], assumed: Assumed | None) -> Draw:
    """By its meter, which holds what it delivers; else as assumed, beside what it delivers."""
    fed = math.fsum(one.watts for _, one in switch.fed) * switch.scale
    told = [_reading(one, "delivered over Ethernet") for one in switch.groups]
    if switch.fed:
        text = f"{fed:.1f} W of it counted at {len(switch.fed)} devices that it feeds"
        told.append(EvidenceItem(text, "links", fed, "watts"))
    if meter or assumed is None:
        own = max(0.0, math.fsum(one.mean for one in meter) - fed)
        return Draw(own, "measured", (*(_reading(one, "drawn") for one in meter), *told))
    rest = max(0.0, switch.delivered - fed)
    return Draw(assumed.watts + rest, "measured in part", (_assumption(assumed), *told))


def _measured(meter: Sequence[Watts]) -> Draw:
    watts = math.fsum(one.mean for one in meter)
    return Draw(watts, "measured", tuple(_reading(one, "drawn") for one in meter))


def _fed(switch: _Switch, name: str, assumed: Assumed) -> Draw:
    watts = assumed.watts * switch.scale
    text = f"part of the {switch.delivered:.1f} W that {name} delivers over Ethernet"
    item = EvidenceItem(text, switch.groups[0].family, watts, "watts", switch.groups[0].until)
    return Draw(watts, "assumed", (_assumption(assumed), item))


def _assumption(assumed: Assumed) -> EvidenceItem:
    text = f"assumed for the class {assumed.name}: {assumed.watts:g} W, low confidence"
    return EvidenceItem(text, f"policy: {assumed.source}", assumed.watts, "watts")


def _reading(one: Watts, what: str) -> EvidenceItem:
    text = f"{one.name}: {one.mean:.1f} W {what}, mean of {one.seconds / 3600:.0f} measured hours"
    return EvidenceItem(text, one.family, one.mean, "watts", one.until)
