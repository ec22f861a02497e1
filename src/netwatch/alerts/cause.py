"""Which alert explains which: one fault, one page.

An alert of a `root_cause` rule on a device (it does not answer) explains

- every other alert of the same device,
- alerts of devices that can't be reached from netwatch but through it, by the links of the snapshot,
- alerts of its children: the access points of a controller, the virtual machines of a host,
- alerts of interfaces whose link ends at it.

Where netwatch attaches is handed in, or taken to be the core switches and firewalls outside the schools
(`topology`). A pending cause counts as well: polls are spread over the interval, so a switch behind a dead
one may be found first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from netwatch.alerts.topology import Links, Neighbours, neighbours
from netwatch.model import Alert, AlertState, Entity, EntityId, EntityKind, Snapshot

__all__ = ["explain"]


def explain(
    alerts: Iterable[Alert],
    causing_rules: frozenset[str],
    snapshot: Snapshot,
    links: Links,
    roots: set[EntityId],
) -> dict[str, str]:
    """Id of the explaining alert by id of the explained one. An alert that stands for itself is absent."""
    alerts = list(alerts)
    causes = _causes(alerts, causing_rules, snapshot.entities)
    if not causes:
        return {}
    frontier = _owners(neighbours(snapshot, links, roots), roots, set(causes))
    peers = _peers(links, snapshot.entities)
    out: dict[str, str] = {}
    for alert in alerts:
        cause = _cause_of(alert, causes, frontier, peers, snapshot.entities)
        if cause is not None and cause != alert.id:
            out[alert.id] = cause
    return out


def _causes(
    alerts: Iterable[Alert], causing_rules: frozenset[str], entities: Mapping[EntityId, Entity]
) -> dict[EntityId, str]:
    """Alert id by device; of several the one that began first."""
    found: dict[EntityId, Alert] = {}
    for alert in alerts:
        if alert.rule not in causing_rules or alert.state is AlertState.RESOLVED:
            continue
        entity = entities.get(alert.entity)
        if entity is None or entity.kind is not EntityKind.DEVICE:
            continue
        known = found.get(entity.id)
        if known is None or (alert.since, alert.id) < (known.since, known.id):
            found[entity.id] = alert
    return {device: alert.id for device, alert in found.items()}


def _cause_of(
    alert: Alert,
    causes: Mapping[EntityId, str],
    owners: Mapping[EntityId, EntityId],
    peers: Mapping[EntityId, list[EntityId]],
    entities: Mapping[EntityId, Entity],
) -> str | None:
    """The cause nearest to netwatch: of the device, else of the far end of the interface's link."""
    top = _top(alert.device, causes, owners, entities)
    if top is not None:
        return causes[top]
    for peer in peers.get(alert.entity, ()):
        top = _top(peer, causes, owners, entities)
        if top is not None:
            return causes[top]
    return None


def _top(
    device: EntityId,
    causes: Mapping[EntityId, str],
    owners: Mapping[EntityId, EntityId],
    entities: Mapping[EntityId, Entity],
) -> EntityId | None:
    """Up the chain from a device: what it lies behind, then its parent, until nothing is above."""
    best: EntityId | None = None
    seen: set[EntityId] = set()
    current: EntityId | None = device
    while current is not None and current not in seen:
        seen.add(current)
        if current in causes:
            best = current
        owner = owners.get(current)
        if owner is not None and owner != current:
            current = owner
            continue
        entity = entities.get(current)
        parent = None if entity is None or entity.parent is None else entities.get(entity.parent)
        current = None if parent is None else parent.device
    return best


def _owners(graph: Neighbours, roots: set[EntityId], down: set[EntityId]) -> dict[EntityId, EntityId]:
    """For each device that can't be reached: the down device that it lies behind, at the edge of what can."""
    reached: set[EntityId] = set()
    edge: dict[EntityId, EntityId] = {}
    queue = deque(sorted(roots))
    while queue:
        device = queue.popleft()
        if device in reached or device in edge:
            continue
        if device in down:
            edge[device] = device
            continue
        reached.add(device)
        queue.extend(sorted(graph.get(device, ())))
    owners = dict(edge)
    queue = deque(edge)
    while queue:
        device = queue.popleft()
        for other in sorted(graph.get(device, ())):
            if other not in reached and other not in owners:
                owners[other] = owners[device]
                queue.append(other)
    return owners


def _peers(links: Links, entities: Mapping[EntityId, Entity]) -> dict[EntityId, list[EntityId]]:
    """Devices at the far ends of an interface's links."""
    out: dict[EntityId, list[EntityId]] = {}
    for one, other in sorted(links):
        for near, far in ((one, other), (other, one)):
            if near in entities and far in entities and entities[near].kind is EntityKind.INTERFACE:
                out.setdefault(near, []).append(entities[far].device)
    return out
