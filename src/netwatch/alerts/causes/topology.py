"""Which device hangs on which: evidence out of a snapshot and its inventory, as a graph.

Links come from LLDP and CDP; where a device has none, from the forwarding tables of switches. What none of
them connects with the place where netwatch attaches hangs on the router of its subnet, else on the core or
distribution switches of its site, and those on the attachment. What people say with `depends_on` and `fed_by`
goes before all evidence.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Generator, Iterable, Iterator, Mapping, Sequence

from netwatch.alerts.causes.graph import Evidence, Graph, Need, Way, complete
from netwatch.alerts.causes.subnets import Subnets
from netwatch.model import Entity, EntityId, PlaceId, PlaceKind, Snapshot

__all__ = ["Links", "attachments", "build_graph", "by_closet", "islands", "known_links", "unpolled_id"]

Links = frozenset[tuple[EntityId, EntityId]]

_TOP_DOWN = ("core", "firewall", "distribution", "access")
"""Of several devices that are linked among themselves only, the first of these is taken to lead upwards."""
_LEADING = ("core", "distribution", "firewall")
"""Of the devices of a site, all of the first of these that it has."""
_NETWORK = frozenset(_TOP_DOWN)
_ROUTERS = ("core", "firewall", "distribution", "router", "gateway", "wan")
_KNOWN = (Evidence.LINK, Evidence.BRIDGE, Evidence.MANUAL)
_AT_ONCE = 256
USUAL_PATIENCE = 30.0
"""Seconds that the poll of a device takes at most, where its inventory does not say."""


def known_links(
    snapshot: Snapshot,
    before: Links,
    down: Collection[EntityId],
    kept_anyway: Iterable[tuple[EntityId, EntityId]] = (),
) -> Links:
    """The links of the snapshot, and older ones of devices and ports that are `down`: their neighbours forget
    them within minutes."""
    now = frozenset(snapshot.links).union(kept_anyway)
    entities = snapshot.entities

    def is_down(end: EntityId) -> bool:
        entity = entities.get(end)
        return entity is not None and (end in down or entity.device in down)

    kept = {link for link in before - now if is_down(link[0]) or is_down(link[1])}
    if not kept and now == before:
        return before
    return now | kept


def attachments(snapshot: Snapshot, names: Sequence[str] = ()) -> set[EntityId]:
    """Devices that netwatch hangs on: those named, else core switches and firewalls outside schools."""
    devices = list(snapshot.devices())
    if names:
        return {device.id for device in devices if device.name in names}
    candidates = [device for device in devices if _role(device) in ("core", "firewall")]
    central = {device.id for device in candidates if not _in_a_school(device, snapshot)}
    return central or {device.id for device in candidates}


def unpolled_id(name: str) -> EntityId:
    """Stands for a device of the inventory that nobody asks; no entity has such an id."""
    return EntityId(f"@{name}")


def build_graph(snapshot: Snapshot, links: Links, roots: set[EntityId]) -> Generator[None, None, Graph]:
    """The graph, in steps of a few milliseconds."""
    graph = Graph(roots=frozenset(roots))
    entities = snapshot.entities
    for number, (one, other) in enumerate(links):
        if one in entities and other in entities:
            way = Way(Evidence.LINK, ((one, other),))
            graph.connect(entities[one].device, entities[other].device, way)
        if not number % _AT_ONCE:
            yield
    yield from _take_inventory(graph, snapshot)
    yield from _plug_in(graph, snapshot, links)
    if roots:
        yield from _place_the_lost(graph, snapshot)
    yield from _add_needs(graph, snapshot)
    yield from complete(graph)
    return graph


def _take_inventory(graph: Graph, snapshot: Snapshot) -> Iterator[None]:
    """What people say of ways, and how long a poll may take."""
    names = yield from _ids_by_name(snapshot)
    yield
    for number, (name, entry) in enumerate(snapshot.inventory.devices.items()):
        if not number % _AT_ONCE:
            yield
        if entry.target is not None:
            graph.patience[entry.target.device] = entry.target.deadline
        if not entry.depends_on:
            continue
        device = names.get(name, unpolled_id(name))
        uppers = {names.get(other, unpolled_id(other)): other for other in entry.depends_on}
        links = graph.ways.get(device, {})
        graph.ways[device] = {
            upper: Way(Evidence.MANUAL, links[upper].links if upper in links else ()) for upper in uppers
        }
    yield
    for entry in snapshot.inventory.devices.values():
        for name in entry.depends_on:
            node = unpolled_id(name)
            if name not in names and node not in graph.unpolled:
                graph.unpolled[node] = name
                # It hangs on the attachment, unless people say otherwise.
                graph.ways.setdefault(node, {root: Way(Evidence.PLACE) for root in graph.roots})


def islands(
    links: Iterable[tuple[EntityId, EntityId]], entities: Mapping[EntityId, Entity]
) -> Generator[None, None, dict[EntityId, EntityId]]:
    """By device that has a link: one device that stands for all that are connected with it."""
    above: dict[EntityId, EntityId] = {}

    def top(device: EntityId) -> EntityId:
        while (upper := above.setdefault(device, device)) != device:
            above[device] = above[upper]
            device = upper
        return device

    for number, (one, other) in enumerate(links):
        if not number % _AT_ONCE:
            yield
        if one in entities and other in entities:
            above[top(entities[one].device)] = top(entities[other].device)
    return {device: top(device) for device in list(above)}


def _plug_in(graph: Graph, snapshot: Snapshot, links: Links) -> Iterator[None]:
    """Ways by forwarding tables, where neither neighbours nor people connect two devices."""
    if not snapshot.learnt:
        return
    entities = snapshot.entities
    ends = {end for link in links for end in link}
    yield
    island = yield from islands(links, entities)
    for number, one in enumerate(snapshot.learnt):
        if not number % _AT_ONCE:
            yield
        device, switch, port = one
        apart = island.get(device, device) != island.get(switch, switch)
        if device not in entities or switch not in entities or port in ends or not apart:
            continue
        pair = (port if port in entities else switch, device)
        graph.plugged.add(pair)
        way = Way(Evidence.BRIDGE, (pair,))
        if _is_said(graph, device):
            continue
        if _is_said(graph, switch):
            graph.ways.setdefault(device, {})[switch] = way
        else:
            graph.connect(switch, device, way)


def _is_said(graph: Graph, device: EntityId) -> bool:
    """Whether people say what it depends on."""
    return any(way.evidence is Evidence.MANUAL for way in graph.ways.get(device, {}).values())


def _ids_by_name(snapshot: Snapshot) -> Generator[None, None, dict[str, EntityId]]:
    """Of entries of the inventory; those that nobody asks and nobody reports are absent."""
    known = {device.name: device.id for device in snapshot.devices()}
    yield
    entered = snapshot.inventory.devices
    out = {name: known[name] for name in entered if name in known}
    yield
    out |= {name: entry.target.device for name, entry in entered.items() if entry.target is not None}
    return out


def _place_the_lost(graph: Graph, snapshot: Snapshot) -> Iterator[None]:
    """Ways to what no known way reaches. Virtual machines hang on their hosts alone."""
    below = yield from _downwards(graph)
    reached = yield from _reachable(below, graph.roots)
    yield
    lost = [device for device in snapshot.devices() if device.id not in reached and _role(device) != "vm"]
    if not lost:
        return
    yield
    tops = _tops(snapshot)
    yield
    subnets = Subnets()
    for number, router in enumerate(device.id for device in snapshot.devices() if _role(device) in _ROUTERS):
        subnets.add_router(router, snapshot)
        if not number % 16:
            yield
    groups = yield from _groups(graph, lost, below)
    for number, group in enumerate(groups):
        top = min(group, key=_rank)
        members = {device.id for device in group}
        above = frozenset(tops.get(_site(top), ()))
        evidence, uppers = Evidence.SUBNET, subnets.routers_of(top, snapshot) - members
        if not uppers:
            evidence = Evidence.PLACE
            uppers = graph.roots if above <= members else above - members
        ways = graph.ways.setdefault(top.id, {})
        for upper in uppers:
            if upper != top.id:
                ways.setdefault(upper, Way(evidence))
        if not number % 64:
            yield


def _tops(snapshot: Snapshot) -> dict[str, list[EntityId]]:
    """By site: what leads to it, as far as roles tell; what has no other way hangs on these."""
    found: dict[str, dict[str, list[EntityId]]] = {}
    for device in snapshot.devices():
        if _role(device) in _LEADING:
            found.setdefault(_site(device), {}).setdefault(_role(device), []).append(device.id)
    return {
        site: next(by_role[role] for role in _LEADING if role in by_role) for site, by_role in found.items()
    }


def _add_needs(graph: Graph, snapshot: Snapshot) -> Iterator[None]:
    """What hosts, controls and feeds each device, and the switches beside it that it may hang on."""
    names = yield from _ids_by_name(snapshot)
    entered = {names[name]: entry for name, entry in snapshot.inventory.devices.items() if name in names}
    yield
    switches, feeds = by_closet(snapshot)
    yield
    for number, device in enumerate(snapshot.devices()):
        if not number % _AT_ONCE:
            yield
        graph.sites[device.id] = _site(device)
        needs = []
        entry = entered.get(device.id)
        place = str(device.facts.get("place", ""))
        is_power = device.facts.get("kind") == "power"
        if entry is not None and entry.fed_by:
            ids = tuple(dict.fromkeys(names.get(name, unpolled_id(name)) for name in entry.fed_by))
            needs.append(Need(Evidence.POWER, ids))
            graph.unpolled.update({unpolled_id(name): name for name in entry.fed_by if name not in names})
        elif not is_power and place in feeds:
            needs.append(Need(Evidence.POWER, feeds[place], guessed=True))
        parent = None if device.parent is None else snapshot.entities.get(device.parent)
        if parent is not None and parent.device != device.id:
            evidence = Evidence.HOST if _role(device) == "vm" else Evidence.CONTROLLER
            needs.append(Need(evidence, (parent.device,)))
        ways = graph.ways.get(device.id, {})
        known = any(way.evidence in _KNOWN for way in ways.values())
        if not known and _role(device) not in (*_NETWORK, "vm") and place in switches:
            needs.append(Need(Evidence.PLACE, switches[place], guessed=True))
        if needs:
            graph.needs[device.id] = tuple(needs)


def by_closet(
    snapshot: Snapshot,
) -> tuple[dict[str, tuple[EntityId, ...]], dict[str, tuple[EntityId, ...]]]:
    """Switches, and UPSs, by the room or closet that they stand in."""
    switches: dict[str, tuple[EntityId, ...]] = {}
    feeds: dict[str, tuple[EntityId, ...]] = {}
    places = snapshot.inventory.places.by_id
    for device in snapshot.devices():
        place = str(device.facts.get("place", ""))
        node = places.get(PlaceId(place))
        if node is None or node.kind not in (PlaceKind.CLOSET, PlaceKind.ROOM):
            continue
        if _role(device) in ("access", "distribution"):
            switches[place] = (*switches.get(place, ()), device.id)
        if device.facts.get("kind") == "power" and _role(device) in ("", "ups"):
            feeds[place] = (*feeds.get(place, ()), device.id)
    return switches, feeds


def _downwards(graph: Graph) -> Generator[None, None, dict[EntityId, set[EntityId]]]:
    below: dict[EntityId, set[EntityId]] = {}
    for number, (device, ways) in enumerate(graph.ways.items()):
        if not number % _AT_ONCE:
            yield
        for upper in ways:
            below.setdefault(upper, set()).add(device)
    return below


def _groups(
    graph: Graph, devices: Iterable[Entity], below: Mapping[EntityId, set[EntityId]]
) -> Generator[None, None, list[list[Entity]]]:
    """Devices that are connected with each other, together."""
    by_id = {device.id: device for device in devices}
    around = {one: {*graph.ways.get(one, ()), *below.get(one, ())} for one in by_id}
    out: list[list[Entity]] = []
    while by_id:
        if not len(out) % 32:
            yield
        start = next(iter(by_id))
        members = yield from _reachable(around, {start})
        out.append([by_id.pop(member) for member in sorted(members) if member in by_id])
    return out


def _reachable(
    below: Mapping[EntityId, set[EntityId]], start: Iterable[EntityId]
) -> Generator[None, None, set[EntityId]]:
    found = set(start)
    queue = deque(found)
    turns = 0
    while queue:
        turns += 1
        if not turns % _AT_ONCE:
            yield
        new = below.get(queue.popleft(), set()) - found
        found |= new
        queue.extend(new)
    return found


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
