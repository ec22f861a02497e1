"""Which access points there are, where each is, and which of them share a wing and a channel."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from netwatch.model import (
    Asset,
    Entity,
    EntityId,
    EntityKind,
    InventoryDevice,
    PlaceId,
    PlaceKind,
    Places,
    Snapshot,
)
from netwatch.planning.basis import SPARE, Basis
from netwatch.planning.wireless.policy import BANDS

__all__ = ["AccessPoint", "Area", "Radio", "areas_of", "find_access_points", "latest"]

_ROLES = frozenset({"ap", "access-point"})
_MAC = re.compile(r"(?i)^(?:[0-9a-f]{2}[:-]?){5}[0-9a-f]{2}$|^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$")
_NEIGHBOURS = (PlaceKind.WING, PlaceKind.FLOOR)
"""Access points of one such place may hear each other."""


@dataclass(frozen=True, slots=True)
class Radio:
    id: EntityId
    band: str
    """2.4ghz, 5ghz or 6ghz; empty where unknown."""
    channel: int | None
    """Primary channel at the moment of the plan."""
    at: float | None
    """Wall seconds at which the channel was read."""


@dataclass(frozen=True, slots=True)
class AccessPoint:
    key: str
    """Permanent id of the device; for one that was entered and never seen `inventory:NAME`."""
    id: EntityId | None
    """None: in the inventory, and told of by nobody."""
    name: str
    place: PlaceId | None
    rooms: tuple[PlaceId, ...]
    """That it serves, as the inventory says; else the room in which it hangs."""
    model: str
    installed: date | None
    up: bool | None
    """What its controller, or itself, says now; None: unknown."""
    radios: tuple[Radio, ...]


@dataclass(frozen=True, slots=True)
class Area:
    """A wing or floor with its access points; where nobody entered one, the nearest place that is known."""

    key: str
    """The id of the place; empty where the place of the access points is unknown."""
    name: str
    level: str
    """Kind of the place: wing, floor, building, school ...; empty where unknown."""
    school: str
    """Name of the school, else of the site; empty where unknown."""
    site: PlaceId | None
    access_points: tuple[AccessPoint, ...]

    @property
    def heard(self) -> bool:
        """Whether it is small enough that its access points hear each other."""
        return self.level in _NEIGHBOURS


def find_access_points(basis: Basis) -> tuple[AccessPoint, ...]:
    """All access points that were seen or entered, in order of name and key."""
    snapshot = basis.snapshot
    places = snapshot.inventory.places
    channels = latest(snapshot, "netwatch_radio_channel")
    up = latest(snapshot, "netwatch_device_up")
    assets = _assets(snapshot)
    found: list[AccessPoint] = []
    for entity in snapshot.devices():
        entered = basis.inventory_of.get(entity.id)
        radios = tuple(
            _radio(one, channels)
            for one in sorted(snapshot.of_device(entity.id, EntityKind.RADIO), key=lambda one: one.id)
        )
        if not _is_access_point(entity, entered):
            continue
        asset = assets.get(str(entity.facts.get("serial", "")).lower())
        if asset is None and entered is not None:
            asset = assets.get(f"device {entered.name}")
        place = basis.places.get(entity.id) or (None if entered is None else entered.place)
        name = entered.name if entered is not None else entity.name
        found.append(
            AccessPoint(
                key=str(entity.id),
                id=entity.id,
                name=_shown(name, entity.id),
                place=place if place in places.by_id else _served_place(entered, places),
                rooms=_rooms(entered, place, places),
                model=str(entity.facts.get("model") or (entered.model if entered is not None else "")),
                installed=None if asset is None else asset.installed,
                up=None if entity.id not in up else up[entity.id][0] >= 0.5,
                radios=radios,
            )
        )
    found += _unseen(basis, assets)
    return tuple(sorted(found, key=lambda one: (one.name, one.key)))


def areas_of(points: Iterable[AccessPoint], places: Places) -> tuple[Area, ...]:
    """The access points by wing or floor, in order of the place's id."""
    by_area: dict[str, list[AccessPoint]] = {}
    for point in points:
        node = next((one for one in reversed(places.path(point.place)) if one.kind in _NEIGHBOURS), None)
        if node is None:
            node = places.ancestor(point.place, PlaceKind.BUILDING) or places.site_of(point.place)
        by_area.setdefault("" if node is None else str(node.id), []).append(point)
    out = []
    for key in sorted(by_area):
        node, site = places.by_id.get(PlaceId(key)), places.site_of(PlaceId(key))
        out.append(
            Area(
                key=key,
                name="" if node is None else node.name,
                level="" if node is None else str(node.kind),
                school="" if site is None else site.name,
                site=None if site is None else site.id,
                access_points=tuple(by_area[key]),
            )
        )
    return tuple(out)


def latest(
    snapshot: Snapshot, family: str, wanted: Collection[EntityId] | None = None
) -> dict[EntityId, tuple[float, float]]:
    """Fresh value and time of each entity (of those `wanted`) of a family without row labels."""
    column = snapshot.columns.get(family)
    if column is None:
        return {}
    values, times, fresh = column.values, column.times, column.fresh
    return {
        entity: (float(values[row]), float(times[row]))
        for row, entity in enumerate(column.entities)
        if (wanted is None or entity in wanted) and fresh[row] and values[row] == values[row]
    }


def _is_access_point(entity: Entity, entered: InventoryDevice | None) -> bool:
    role = (entered.role if entered is not None else "") or str(entity.facts.get("role") or "")
    return role in _ROLES


def _radio(entity: Entity, channels: Mapping[EntityId, tuple[float, float]]) -> Radio:
    channel, at = channels.get(entity.id, (None, None))
    number = int(channel) if channel else None
    band = str(entity.facts.get("band") or "")
    if band not in BANDS:
        # Channel numbers of 6 GHz begin anew at 1: what is not told is only concluded where it is certain.
        band = "2.4ghz" if number in _ONLY_2GHZ else "5ghz" if number in _ONLY_5GHZ else ""
    return Radio(entity.id, band, number, at)


_ONLY_2GHZ = frozenset((2, 3, 4, 6, 7, 8, 10, 11, 12, 14))
_ONLY_5GHZ = frozenset((*range(36, 65, 4), *range(100, 145, 4)))
"""Primary channels that 6 GHz does not have (IEEE 802.11: 1, 5, 9 ... there)."""


def _rooms(entered: InventoryDevice | None, place: PlaceId | None, places: Places) -> tuple[PlaceId, ...]:
    served = () if entered is None else entered.serves
    rooms = [one for one in served if one in places.by_id]
    if not rooms and (node := places.ancestor(place, PlaceKind.ROOM)) is not None:
        rooms = [node.id]
    return tuple(sorted(set(rooms)))


def _served_place(entered: InventoryDevice | None, places: Places) -> PlaceId | None:
    """Where it is, if it is only known what it serves."""
    return next(iter(_rooms(entered, None, places)), None)


def _assets(snapshot: Snapshot) -> dict[str, Asset]:
    """By serial number in lower case, and by `device NAME`."""
    out: dict[str, Asset] = {}
    for asset in snapshot.inventory.assets:
        out.setdefault(asset.serial.lower(), asset)
        if asset.device:
            out.setdefault(f"device {asset.device}", asset)
    out.pop("", None)
    return out


def _unseen(basis: Basis, assets: Mapping[str, Asset]) -> Iterable[AccessPoint]:
    seen = {entered.name for entered in basis.inventory_of.values()}
    places = basis.snapshot.inventory.places
    for entered in basis.snapshot.inventory.devices.values():
        if entered.name in seen or entered.role not in _ROLES or SPARE in entered.tags:
            continue
        asset = assets.get(f"device {entered.name}")
        place = entered.place if entered.place in places.by_id else _served_place(entered, places)
        yield AccessPoint(
            key=f"inventory:{entered.name}",
            id=None,
            name=entered.name,
            place=place,
            rooms=_rooms(entered, entered.place, places),
            model=entered.model,
            installed=None if asset is None else asset.installed,
            up=None,
            radios=(),
        )


def _shown(name: str, entity: EntityId) -> str:
    """A name for people; controllers call an access point that nobody named by its MAC address."""
    return f"access point {entity}" if not name or _MAC.match(name) else name
