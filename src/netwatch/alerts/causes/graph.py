"""Who needs whom: the ways from netwatch to each device, and what hosts, controls and feeds it. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from netwatch.model import EntityId

__all__ = ["Ends", "Evidence", "Graph", "Need", "Way", "complete"]

Ends = tuple[EntityId, EntityId]
"""Of one link: the port (or the whole device) at the near side, and the one at the far side."""

_AT_ONCE = 256
"""Devices that are looked at in one step."""


class Evidence(StrEnum):
    """Where it is known from that one device needs another."""

    LINK = "link"
    """LLDP or CDP."""
    BRIDGE = "bridge"
    """A switch has learnt its address at a port that leads to nobody else."""
    SUBNET = "subnet"
    """Both have an address in one IP subnet, and the upper one is its router."""
    PLACE = "place"
    """Nothing is known: assumed, because of where it stands."""
    MANUAL = "manual"
    """`depends_on` in the inventory."""
    HOST = "host"
    CONTROLLER = "controller"
    POWER = "power"
    """`fed_by` in the inventory, or a UPS in the same closet."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way over which a device can be reached from the next one, and its links if they are known."""

    evidence: Evidence
    links: tuple[Ends, ...] = ()


@dataclass(frozen=True, slots=True)
class Need:
    """What a device does not work without. One of `any_of` is enough; `guessed`: it is one of them, but
    nobody knows which."""

    evidence: Evidence
    any_of: tuple[EntityId, ...]
    guessed: bool = False


@dataclass(slots=True)
class Graph:
    """Frozen once `complete` has gone over it."""

    roots: frozenset[EntityId] = frozenset()
    """Where netwatch attaches. Several are redundant."""
    ways: dict[EntityId, dict[EntityId, Way]] = field(default_factory=dict)
    """By device: the devices from which it is reached."""
    plugged: set[Ends] = field(default_factory=set)
    """(port, device) by forwarding tables."""
    needs: dict[EntityId, tuple[Need, ...]] = field(default_factory=dict)
    unpolled: dict[EntityId, str] = field(default_factory=dict)
    """Names of what the inventory refers to, but nobody asks: a carrier's circuit, an unmanaged switch."""
    sites: dict[EntityId, str] = field(default_factory=dict)
    patience: dict[EntityId, float] = field(default_factory=dict)
    """Seconds that one poll of a device may take."""
    above: dict[EntityId, EntityId] = field(default_factory=dict)
    """The nearest device that all ways to this one lead through (immediate dominator); none: absent."""
    spans: dict[EntityId, tuple[int, int]] = field(default_factory=dict)
    """Places in the tree of `above`: a device is above another if its span holds the other's."""

    def connect(self, one: EntityId, other: EntityId, way: Way) -> None:
        """Both ways. The second link between two devices makes them redundant."""
        if one != other:
            for near, far, links in (
                (one, other, way.links),
                (other, one, tuple((far, near) for near, far in way.links)),
            ):
                known = self.ways.setdefault(far, {}).get(near)
                both = links if known is None else (*known.links, *links)
                self.ways[far][near] = Way(way.evidence, both)

    def dominates(self, upper: EntityId, lower: EntityId) -> bool:
        """Whether all known ways to `lower` lead through `upper`."""
        over, under = self.spans.get(upper), self.spans.get(lower)
        return over is not None and under is not None and over[0] < under[0] and under[1] <= over[1]

    def chain(self, device: EntityId) -> Iterator[EntityId]:
        """What all ways to a device lead through, the nearest first."""
        upper = self.above.get(device)
        while upper is not None:
            yield upper
            upper = self.above.get(upper)

    def nodes(self) -> set[EntityId]:
        """Everything that has a way, or is one's beginning."""
        return set(self.ways).union(self.roots, *self.ways.values())


def complete(graph: Graph) -> Iterator[None]:
    """Fills `above` and `spans`, in steps: Cooper, Harvey and Kennedy, A Simple, Fast Dominance Algorithm."""
    below: dict[EntityId, list[EntityId]] = {}
    for number, (device, ways) in enumerate(graph.ways.items()):
        for upper in ways:
            below.setdefault(upper, []).append(device)
        if not number % _AT_ONCE:
            yield
    order = yield from _reverse_postorder(graph.roots, below)
    yield
    place = {device: number for number, device in enumerate(order, 1)}
    above = [0] * (len(order) + 1)  # 0 is netwatch itself, in front of all roots
    known = [True] + [False] * len(order)
    yield
    changed = True
    while changed:
        changed = False
        for number, device in enumerate(order, 1):
            uppers = [place[upper] for upper in graph.ways.get(device, ()) if upper in place]
            best = 0 if device in graph.roots else _meet([one for one in uppers if known[one]], above)
            if not known[number] or above[number] != best:
                above[number], known[number], changed = best, True, True
            if not number % _AT_ONCE:
                yield
    yield
    graph.above = {device: order[above[number] - 1] for device, number in place.items() if above[number]}
    yield
    yield from _note_spans(graph, order)


def _meet(uppers: Iterable[int], above: list[int]) -> int:
    """The nearest one above all of them."""
    best = -1
    for other in uppers:
        one = other if best < 0 else best
        while one != other:
            if one > other:
                one = above[one]
            else:
                other = above[other]
        best = one
    return max(best, 0)


def _reverse_postorder(
    roots: Iterable[EntityId], below: Mapping[EntityId, list[EntityId]]
) -> Generator[None, None, list[EntityId]]:
    seen: set[EntityId] = set()
    out: list[EntityId] = []
    for root in sorted(roots, reverse=True):
        if root in seen:
            continue
        seen.add(root)
        stack = [(root, iter(below.get(root, ())))]
        while stack:
            device, rest = stack[-1]
            for lower in rest:
                if lower not in seen:
                    seen.add(lower)
                    stack.append((lower, iter(below.get(lower, ()))))
                    break
            else:
                stack.pop()
                out.append(device)
                if not len(out) % _AT_ONCE:
                    yield
    return out[::-1]


def _note_spans(graph: Graph, order: Iterable[EntityId]) -> Iterator[None]:
    children: dict[EntityId | None, list[EntityId]] = {}
    for device in order:
        children.setdefault(graph.above.get(device), []).append(device)
    yield
    begin: dict[EntityId, int] = {}
    clock = 0
    stack = deque((device, False) for device in children.get(None, ()))
    while stack:
        device, left = stack.pop()
        if left:
            graph.spans[device] = (begin[device], clock)
            continue
        clock += 1
        if not clock % _AT_ONCE:
            yield
        begin[device] = clock
        stack.append((device, True))
        stack.extend((lower, False) for lower in children.get(device, ()))
