"""What the series of history belong to: which place, which sort of thing, how much there is of it.

It is kept beside the history, so that a folder of history can be read without the netwatch that filled it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Any

import numpy as np

from netwatch.errors import PlanningError
from netwatch.model import EntityId, EntityKind, Place, PlaceId, PlaceKind, Places, SchoolFacts, Snapshot
from netwatch.planning.basis import Topology, match_devices, subjects

__all__ = [
    "FRAME_FILE",
    "FRAME_SCHEMA",
    "Frame",
    "Group",
    "Thing",
    "frame_from_json",
    "frame_of",
    "frame_to_json",
]

FRAME_FILE = "utilisation.json"
"""Its name within the folder of history."""
FRAME_SCHEMA = "netwatch-utilisation-frame/1"


class Group(StrEnum):
    """Sorts of things. Links count by direction: one of them is full first."""

    UPLINK_IN = "uplink in"
    UPLINK_OUT = "uplink out"
    WAN_IN = "wan in"
    WAN_OUT = "wan out"
    AIRTIME = "airtime"
    CLIENTS = "clients"
    VOLUME = "volume"
    POE = "poe"


@dataclass(frozen=True, slots=True)
class Thing:
    """What one series is divided by, and where it counts."""

    group: Group
    place: PlaceId | None
    capacity: float
    """In the unit of the family; 1 for what is a share or a count already."""


@dataclass(frozen=True, slots=True)
class Frame:
    district: str
    places: Places
    things: Mapping[str, Mapping[EntityId, tuple[Thing, ...]]]
    """By family and entity."""


_RECEIVE, _TRANSMIT = "netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total"
_SPEED = "netwatch_interface_speed_bytes_per_second"
_AIRTIME, _RADIO, _DEVICE = (
    "netwatch_radio_airtime_ratio",
    "netwatch_radio_clients",
    "netwatch_device_clients",
)
_SIZES = {
    "netwatch_volume_used_bytes": "netwatch_volume_size_bytes",
    "netwatch_pool_used_bytes": "netwatch_pool_size_bytes",
}
_VOLUME, _WATTS, _BUDGET = (
    "netwatch_volume_used_ratio",
    "netwatch_pse_used_watts",
    "netwatch_pse_budget_watts",
)
_ALWAYS_FULL = ("compactdisc", "ramdisk", "removabledisk", "floppydisk")
"""hrStorageTypes of HOST-RESOURCES-MIB (RFC 2790) of which nobody waits for free space."""


_Found = tuple[str, EntityId, Group, float]
"""Family, entity, what it is, and how much there is of it."""


def frame_of(snapshot: Snapshot) -> Frame:
    """Of what a netwatch sees at this moment."""
    where = {one.id: one.place for one in subjects(snapshot) if one.id is not None}
    things: dict[str, dict[EntityId, list[Thing]]] = {}
    for family, entity, group, capacity in chain(
        _links(snapshot, where), _wireless(snapshot), _storage(snapshot), _power(snapshot)
    ):
        place = where.get(snapshot.entities[entity].device)
        things.setdefault(family, {}).setdefault(entity, []).append(Thing(group, place, capacity))
    return Frame(snapshot.inventory.district, snapshot.inventory.places, _frozen(things))


def _frozen(
    things: Mapping[str, Mapping[EntityId, list[Thing]]],
) -> dict[str, dict[EntityId, tuple[Thing, ...]]]:
    return {
        family: {entity: tuple(found) for entity, found in by_entity.items()}
        for family, by_entity in things.items()
    }


def _links(snapshot: Snapshot, where: Mapping[EntityId, PlaceId | None]) -> Iterator[_Found]:
    topology, speeds = Topology(snapshot), _latest(snapshot, _SPEED)
    leased = _leased(snapshot, speeds)
    uplinks = {port for device in sorted(where) for port in topology.uplinks(device)} - leased.keys()
    for port in sorted(uplinks & speeds.keys()):
        yield _RECEIVE, port, Group.UPLINK_IN, speeds[port]
        yield _TRANSMIT, port, Group.UPLINK_OUT, speeds[port]
    for port in sorted(leased):
        yield _RECEIVE, port, Group.WAN_IN, leased[port]
        yield _TRANSMIT, port, Group.WAN_OUT, leased[port]


def _wireless(snapshot: Snapshot) -> Iterator[_Found]:
    """Clients of an access point count once: by radio, or as a whole where radios don't tell. A controller's
    are the sum of others."""
    radios = _entities(snapshot, _RADIO)
    told = {snapshot.entities[one].device for one in radios}
    for entity in _entities(snapshot, _AIRTIME):
        yield _AIRTIME, entity, Group.AIRTIME, 1.0
    for entity in radios:
        yield _RADIO, entity, Group.CLIENTS, 1.0
    for entity in _entities(snapshot, _DEVICE):
        if entity not in told and snapshot.entities[entity].facts.get("role") != "controller":
            yield _DEVICE, entity, Group.CLIENTS, 1.0


def _storage(snapshot: Snapshot) -> Iterator[_Found]:
    sized: set[EntityId] = set()
    for used, size in _SIZES.items():
        for entity, octets in sorted(_latest(snapshot, size).items()):
            if _fills(snapshot, entity):
                sized.add(entity)
                yield used, entity, Group.VOLUME, octets
    for entity in _entities(snapshot, _VOLUME):
        if entity not in sized and _fills(snapshot, entity):
            yield _VOLUME, entity, Group.VOLUME, 1.0


def _power(snapshot: Snapshot) -> Iterator[_Found]:
    for entity, watts in sorted(_latest(snapshot, _BUDGET).items()):
        yield _WATTS, entity, Group.POE, watts


def _latest(snapshot: Snapshot, family: str) -> dict[EntityId, float]:
    column = snapshot.columns.get(family)
    if column is None:
        return {}
    values = column.values
    rows = np.flatnonzero(np.isfinite(values) & (values > 0)).tolist()
    return {
        column.entities[row]: float(values[row]) for row in rows if column.entities[row] in snapshot.entities
    }


def _entities(snapshot: Snapshot, family: str) -> list[EntityId]:
    column = snapshot.columns.get(family)
    return [] if column is None else sorted({one for one in column.entities if one in snapshot.entities})


def _fills(snapshot: Snapshot, entity: EntityId) -> bool:
    return not str(snapshot.entities[entity].facts.get("kind", "")).lower().endswith(_ALWAYS_FULL)


def _leased(snapshot: Snapshot, speeds: Mapping[EntityId, float]) -> dict[EntityId, float]:
    """Ports at which circuits of carriers end, and bytes per second that were ordered."""
    wanted = [one for one in snapshot.inventory.circuits if one.interface]
    if not wanted:
        return {}
    devices = {entry.name: entity for entity, entry in match_devices(snapshot).items()}
    named = {(devices.get(one.device), one.interface): one for one in wanted if one.device in devices}
    out: dict[EntityId, float] = {}
    for entity in snapshot.entities.values():
        circuit = named.get((entity.device, entity.name)) if entity.kind is EntityKind.INTERFACE else None
        if circuit is not None:
            rate = circuit.rate / 8 if circuit.rate else speeds.get(entity.id, 0.0)
            if rate > 0:
                out[entity.id] = rate
    return out


def frame_to_json(frame: Frame) -> dict[str, Any]:
    """A document that `frame_from_json` reads. The same frame gives the same document."""
    places = sorted(frame.places.by_id.values(), key=lambda one: one.id)
    order = {place.id: number for number, place in enumerate(places)}
    return {
        "schema": FRAME_SCHEMA,
        "district": frame.district,
        "places": [
            [one.id, one.kind.value, one.name, one.parent, one.school.calendar if one.school else None]
            for one in places
        ],
        "things": {
            family: [
                [entity, thing.group.value, order.get(thing.place, -1) if thing.place else -1, thing.capacity]
                for entity in sorted(by_entity)
                for thing in by_entity[entity]
            ]
            for family, by_entity in sorted(frame.things.items())
        },
    }


def frame_from_json(document: Any) -> Frame:
    """Raises PlanningError for another version or a damaged one."""
    if not isinstance(document, dict) or document.get("schema") != FRAME_SCHEMA:
        raise PlanningError(f"{FRAME_FILE}: expected the form {FRAME_SCHEMA}: use the netwatch that wrote it")
    try:
        places = [_place(*entry) for entry in document["places"]]
        things: dict[str, dict[EntityId, list[Thing]]] = {}
        for family, entries in document["things"].items():
            for entity, group, place, capacity in entries:
                where = places[place].id if place >= 0 else None
                found = things.setdefault(family, {}).setdefault(EntityId(entity), [])
                found.append(Thing(Group(group), where, float(capacity)))
        known = Places({one.id: one for one in places})
        return Frame(str(document["district"]), known, _frozen(things))
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise PlanningError(f"{FRAME_FILE} is damaged ({error}): a running netwatch writes it anew") from None


def _place(key: str, kind: str, name: str, parent: str | None, calendar: str | None) -> Place:
    school = None if calendar is None else SchoolFacts(calendar=calendar)
    return Place(PlaceId(key), PlaceKind(kind), name, None if parent is None else PlaceId(parent), school)
