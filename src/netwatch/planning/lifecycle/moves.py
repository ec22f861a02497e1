"""Where a device says that it is, or its neighbours are, against where the register puts it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from netwatch.model import EntityId, EvidenceItem, PlaceId, PlaceKind, Places
from netwatch.planning.basis import Basis

__all__ = ["Told", "misplaced"]

_SHORTEST = 5
"""Letters of a school's name that may stand for it in a free text."""


@dataclass(frozen=True, slots=True)
class Told:
    """Another place than that of the register."""

    place: PlaceId
    text: str
    evidence: tuple[EvidenceItem, ...]


def misplaced(basis: Basis, device: EntityId, entered: PlaceId) -> Told | None:
    """None where nothing speaks against the register: places that lie in each other agree."""
    return _by_location(basis, device, entered) or _by_links(basis, device, entered)


def _by_location(basis: Basis, device: EntityId, entered: PlaceId) -> Told | None:
    """sysLocation of SNMPv2-MIB, or what a controller says, through the patterns of the inventory; else
    where it names one other school."""
    location = str(basis.snapshot.entities[device].facts.get("location") or "")
    if not location:
        return None
    inventory = basis.snapshot.inventory
    place = inventory.place_by_location(location) or _named(inventory.places, location)
    if place is None or _agree(place, entered):
        return None
    item = EvidenceItem(f"its location reads: {location}", "sysLocation or controller")
    return Told(place, f"its location says: {place}", (item,))


def _named(places: Places, location: str) -> PlaceId | None:
    text = location.casefold()
    found = [
        one.id
        for one in places.of_kind(PlaceKind.SCHOOL)
        if len(one.name) >= _SHORTEST and one.name.casefold() in text
    ]
    return found[0] if len(found) == 1 else None


def _by_links(basis: Basis, device: EntityId, entered: PlaceId) -> Told | None:
    """All its neighbours are at one other site, and gear of its own site is linked with each other: an annex
    that hangs on another school by its only switch is left alone."""
    places = basis.snapshot.inventory.places
    here = places.site_of(entered)
    if here is None:
        return None
    sites: Counter[PlaceId] = Counter()
    names: list[str] = []
    for other in sorted(basis.topology.neighbours(device)):
        site = places.site_of(basis.places.get(other))
        if site is not None:
            sites[site.id] += 1
            names.append(f"{basis.label(other)} at {site.name}")
    if len(sites) != 1 or here.id in sites:
        return None
    linked = (
        other
        for other, place in basis.places.items()
        if other != device
        and _site(places, place) == here.id
        and any(_site(places, basis.places.get(one)) == here.id for one in basis.topology.neighbours(other))
    )
    if next(linked, None) is None:
        return None
    (there,) = sites
    item = EvidenceItem("linked with " + ", ".join(names[:5]), "LLDP or CDP", float(len(names)), "devices")
    return Told(there, f"all its links lead to {there}", (item,))


def _site(places: Places, place: PlaceId | None) -> PlaceId | None:
    site = places.site_of(place)
    return None if site is None else site.id


def _agree(one: PlaceId, other: PlaceId) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
