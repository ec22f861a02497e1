"""Who hangs on whom: what is cut off when one device fails, redundant paths taken into account."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from netwatch.model import DeviceKind, Entity, EntityId, Snapshot

__all__ = ["Topology"]

_CENTRES = 40
"""Candidates for the root that are tried, those with most links first."""


@dataclass(slots=True)
class _Found:
    """A depth-first walk: numbers in order of discovery, and the lowest one reachable around a device."""

    number: dict[EntityId, int] = field(default_factory=dict)
    low: dict[EntityId, int] = field(default_factory=dict)
    size: dict[EntityId, int] = field(default_factory=dict)
    order: list[EntityId] = field(default_factory=list)
    cut: dict[EntityId, list[tuple[int, int]]] = field(default_factory=dict)
    """Stretches of `order` that are cut off without the device."""


class Topology:
    """The graph of devices of a snapshot's links."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._neighbours: dict[EntityId, set[EntityId]] = {}
        self._ports: dict[EntityId, list[tuple[EntityId, EntityId]]] = {}
        for left, right in snapshot.links:
            ends = snapshot.entities.get(left), snapshot.entities.get(right)
            if ends[0] is not None and ends[1] is not None and ends[0].device != ends[1].device:
                for here, there in (ends, ends[::-1]):
                    assert here is not None
                    assert there is not None
                    self._neighbours.setdefault(here.device, set()).add(there.device)
                    if here.id != here.device:
                        self._ports.setdefault(here.device, []).append((here.id, there.device))
        self._reported: dict[EntityId, set[EntityId]] = {}
        for entity in snapshot.devices():
            if entity.parent is not None and entity.parent != entity.id:
                self._reported.setdefault(entity.parent, set()).add(entity.id)
        self._depth: dict[EntityId, int] = {}
        self._found = _Found()
        for component in self._components():
            root = self._root(component, snapshot.entities)
            self._depth |= self._distances(root)
            self._walk(root)

    def knows(self, device: EntityId) -> bool:
        """Whether any link of the device is known."""
        return device in self._neighbours

    @property
    def ports(self) -> frozenset[EntityId]:
        """Interfaces of which any link is known: few of those that there are."""
        return frozenset(port for found in self._ports.values() for port, _ in found)

    def neighbours(self, device: EntityId) -> frozenset[EntityId]:
        """Devices at the other ends of its links."""
        return frozenset(self._neighbours.get(device, ()))

    def behind(self, device: EntityId) -> frozenset[EntityId]:
        """Devices that lose every path to the root of their network when this one fails."""
        found = self._found
        return frozenset(
            found.order[place] for first, last in found.cut.get(device, ()) for place in range(first, last)
        )

    def reported(self, device: EntityId) -> frozenset[EntityId]:
        """Devices that it runs: the access points of a controller, the virtual machines of a host."""
        return frozenset(self._reported.get(device, ()))

    def uplinks(self, device: EntityId) -> tuple[EntityId, ...]:
        """Interfaces towards the root, in order of id."""
        depth = self._depth.get(device, 0)
        ports = self._ports.get(device, ())
        return tuple(sorted({port for port, other in ports if self._depth.get(other, depth) < depth}))

    def _components(self) -> list[list[EntityId]]:
        left = dict.fromkeys(sorted(self._neighbours))
        out = []
        while left:
            component = sorted(self._distances(next(iter(left))))
            out.append(component)
            for device in component:
                left.pop(device, None)
        return out

    def _root(self, component: list[EntityId], entities: Mapping[EntityId, Entity]) -> EntityId:
        """Where the network meets the world: the most central firewall, else core, else device at all."""

        def fits(device: EntityId, rank: int) -> bool:
            facts = entities[device].facts if device in entities else {}
            firewall = DeviceKind.FIREWALL in (facts.get("kind"), facts.get("role"))
            return (firewall, facts.get("role") == "core", True)[rank]

        for rank in range(3):
            candidates = [device for device in component if fits(device, rank)]
            if candidates:
                candidates.sort(key=lambda device: (-len(self._neighbours[device]), device))
                return min(
                    candidates[:_CENTRES], key=lambda device: (sum(self._distances(device).values()), device)
                )
        return component[0]

    def _distances(self, root: EntityId) -> dict[EntityId, int]:
        out, queue = {root: 0}, deque([root])
        while queue:
            device = queue.popleft()
            for other in self._neighbours[device]:
                if other not in out:
                    out[other] = out[device] + 1
                    queue.append(other)
        return out

    def _walk(self, root: EntityId) -> None:
        """Tarjan's articulation points, without recursion: what is below a child that has no way around."""
        found = self._found
        stack = [(root, root, iter(sorted(self._neighbours[root])))]
        self._enter(root)
        while stack:
            device, parent, others = stack[-1]
            for other in others:
                if other not in found.number:
                    self._enter(other)
                    stack.append((other, device, iter(sorted(self._neighbours[other]))))
                    break
                if other != parent:
                    found.low[device] = min(found.low[device], found.number[other])
            else:
                stack.pop()
                found.size[device] = len(found.order) - found.number[device]
                if stack:
                    above = stack[-1][0]
                    found.low[above] = min(found.low[above], found.low[device])
                    if found.low[device] >= found.number[above]:
                        first = found.number[device]
                        found.cut.setdefault(above, []).append((first, first + found.size[device]))

    def _enter(self, device: EntityId) -> None:
        found = self._found
        found.number[device] = found.low[device] = len(found.order)
        found.order.append(device)
