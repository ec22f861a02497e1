"""Which device hangs on which, as far as that is known; what is not known is assumed by place."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from netwatch.model import Entity, EntityId, PlaceId, PlaceKind, Snapshot

__all__ = ["Links", "Neighbours", "attachments", "known_links", "neighbours"]

Links = frozenset[tuple[EntityId, EntityId]]
Neighbours = Mapping[EntityId, set[EntityId]]

_TOP_DOWN = ("core", "firewall", "distribution", "access")
"""Of several devices that are linked among themselves only, the first of these is taken to lead upwards."""


def known_links(snapshot: Snapshot, before: Links, down: set[EntityId]) -> Links:
    """The links of the snapshot, and older ones that end at a device which is down and can't tell."""
    now = frozenset(snapshot.links)
    entities = snapshot.entities

    def is_down(end: EntityId) -> bool:
        entity = entities.get(end)
        return entity is not None and entity.device in down

    return now | {link for link in before - now if is_down(link[0]) or is_down(link[1])}


def attachments(snapshot: Snapshot, names: Sequence[str] = ()) -> set[EntityId]:
    """Devices that netwatch hangs on: those named, else core switches and firewalls outside schools."""
    devices = list(snapshot.devices())
    if names:
        return {device.id for device in devices if device.name in names}
    candidates = [device for device in devices if _role(device) in ("core", "firewall")]
    central = {device.id for device in candidates if not _in_a_school(device, snapshot)}
    return central or {device.id for device in candidates}


def neighbours(snapshot: Snapshot, links: Links, roots: set[EntityId]) -> dict[EntityId, set[EntityId]]:
    """Adjacent devices by device.

    What no link connects with a root (it never answered, or speaks no LLDP) is taken to hang on the core
    switch of its school, and a core switch on the roots. Virtual machines hang on their hosts alone.
    """
    entities = snapshot.entities
    graph: dict[EntityId, set[EntityId]] = {}
    for one, other in links:
        if one in entities and other in entities:
            _connect(graph, entities[one].device, entities[other].device)
    if not roots:
        return graph
    connected = _reachable(graph, roots)
    lost = [device for device in snapshot.devices() if device.id not in connected and _role(device) != "vm"]
    cores: dict[str, set[EntityId]] = {}
    for device in snapshot.devices():
        if _role(device) == "core":
            cores.setdefault(_site(device), set()).add(device.id)
    for group in _groups(graph, lost):
        top = min(group, key=_rank)
        above = cores.get(_site(top), set()) - {device.id for device in group}
        for upper in roots if _role(top) == "core" or not above else above:
            _connect(graph, top.id, upper)
    return graph


def _groups(graph: Neighbours, devices: Iterable[Entity]) -> list[list[Entity]]:
    """Devices that are connected with each other, together."""
    by_id = {device.id: device for device in devices}
    out = []
    while by_id:
        start = next(iter(by_id))
        members = _reachable(graph, {start})
        out.append([by_id.pop(member) for member in sorted(members) if member in by_id])
    return out


def _reachable(graph: Neighbours, start: set[EntityId]) -> set[EntityId]:
    found = set(start)
    queue = deque(start)
    while queue:
        new = graph.get(queue.popleft(), set()) - found
        found |= new
        queue.extend(new)
    return found


def _connect(graph: dict[EntityId, set[EntityId]], one: EntityId, other: EntityId) -> None:
    if one != other:
        graph.setdefault(one, set()).add(other)
        graph.setdefault(other, set()).add(one)


def _rank(device: Entity) -> tuple[int, str]:
    role = _role(device)
    return (_TOP_DOWN.index(role) if role in _TOP_DOWN else len(_TOP_DOWN)), device.id


def _role(device: Entity) -> str:
    return str(device.facts.get("role", ""))


def _site(device: Entity) -> str:
    return str(device.facts.get("site", ""))


def _in_a_school(device: Entity, snapshot: Snapshot) -> bool:
    place = PlaceId(str(device.facts.get("place", "")))
    school = snapshot.inventory.places.ancestor(place, PlaceKind.SCHOOL)
    return school is not None and (school.school is None or school.school.instructional)
