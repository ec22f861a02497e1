"""Where a device says that it is, or its neighbours are, against where the register puts it."""

from __future__ import annotations

from dataclasses import dataclass

from netwatch.model import EntityId, EvidenceItem, PlaceId, PlaceKind
from netwatch.planning.basis import Basis

__all__ = ["Moves", "Told"]

_SHORTEST = 5
"""Letters of a school's name that may stand for it in a free text."""


@dataclass(frozen=True, slots=True)
class Told:
    """Another place than that of the register."""

    place: PlaceId
    text: str
    evidence: tuple[EvidenceItem, ...]


class Moves:
    """Looks things up once for all devices of a basis."""

    def __init__(self, basis: Basis) -> None:
        self._basis = basis
        self._places = basis.snapshot.inventory.places
        self._sites: dict[PlaceId, PlaceId | None] = {}
        self._of_location: dict[str, PlaceId | None] = {}
        self._schools = [
            (one.name.casefold(), one.id)
            for one in self._places.of_kind(PlaceKind.SCHOOL)
            if len(one.name) >= _SHORTEST
        ]
        self._site_of = {device: self._site(place) for device, place in basis.places.items()}
        self._linked = {
            site
            for device, site in self._site_of.items()
            if site is not None
            and any(self._site_of.get(other) == site for other in basis.topology.neighbours(device))
        }
        """Sites at which gear is linked with gear."""

    def misplaced(self, device: EntityId, entered: PlaceId) -> Told | None:
        """None where nothing speaks against the register: places that lie in each other agree."""
        return self._by_location(device, entered) or self._by_links(device, entered)

    def _by_location(self, device: EntityId, entered: PlaceId) -> Told | None:
        """sysLocation of SNMPv2-MIB, or what a controller says, through the patterns of the inventory; else
        where it names one other school."""
        location = str(self._basis.snapshot.entities[device].facts.get("location") or "")
        if not location:
            return None
        if location not in self._of_location:
            by_pattern = self._basis.snapshot.inventory.place_by_location(location)
            self._of_location[location] = by_pattern or self._named(location)
        place = self._of_location[location]
        if place is None or _agree(place, entered):
            return None
        item = EvidenceItem(f"its location reads: {location}", "sysLocation or controller")
        return Told(place, f"its location says: {place}", (item,))

    def _named(self, location: str) -> PlaceId | None:
        text = location.casefold()
        found = [place for name, place in self._schools if name in text]
        return found[0] if len(found) == 1 else None

    def _by_links(self, device: EntityId, entered: PlaceId) -> Told | None:
        """All its neighbours are at one other site, and gear of its own site is linked with each other: an
        annex that hangs on another school by its only switch is left alone."""
        here = self._site(entered)
        if here is None or here not in self._linked:
            return None
        others = [
            (other, site)
            for other in sorted(self._basis.topology.neighbours(device))
            if (site := self._site_of.get(other)) is not None
        ]
        sites = {site for _, site in others}
        if len(sites) != 1 or here in sites:
            return None
        (there,) = sites
        names = ", ".join(self._basis.label(other) for other, _ in others[:5])
        name = self._places.by_id[there].name
        item = EvidenceItem(f"linked with {names}, at {name}", "LLDP or CDP", float(len(others)), "devices")
        return Told(there, f"all its links lead to {there}", (item,))

    def _site(self, place: PlaceId | None) -> PlaceId | None:
        if place is None:
            return None
        if place not in self._sites:
            site = self._places.site_of(place)
            self._sites[place] = None if site is None else site.id
        return self._sites[place]


def _agree(one: PlaceId, other: PlaceId) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")
