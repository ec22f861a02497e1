"""The location tree: district > school > building > wing or floor > room or closet."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NewType

__all__ = ["LocationPattern", "Place", "PlaceId", "PlaceKind", "Places", "SchoolFacts"]

PlaceId = NewType("PlaceId", str)
"""Slugs joined by `/` from the district down, e.g. `maple/lincoln-es/main/w2/idf-2a`."""


class PlaceKind(StrEnum):
    DISTRICT = "district"
    SCHOOL = "school"
    BUILDING = "building"
    WING = "wing"
    FLOOR = "floor"
    ROOM = "room"
    CLOSET = "closet"


@dataclass(frozen=True, slots=True)
class SchoolFacts:
    """What planning knows of a school."""

    level: str = ""
    """elementary, middle, high, other; empty where unknown."""
    enrolment: int | None = None
    staff: int | None = None
    classrooms: int | None = None
    calendar: str = ""
    """Name of a calendar in config/calendars/."""
    instructional: bool = True
    """False for a bus garage, a warehouse, a central office."""


@dataclass(frozen=True, slots=True)
class Place:
    """One node of the tree."""

    id: PlaceId
    kind: PlaceKind
    name: str
    parent: PlaceId | None
    school: SchoolFacts | None = None
    """Only for kind SCHOOL."""


@dataclass(frozen=True, slots=True)
class Places:
    """The whole tree. Unknown is allowed at each level: a device may sit on any node, or on none."""

    by_id: Mapping[PlaceId, Place] = field(default_factory=dict)

    def path(self, place: PlaceId | None) -> tuple[Place, ...]:
        """From the district down to `place`; empty for None or an unknown id."""
        out: list[Place] = []
        while place is not None and (node := self.by_id.get(place)) is not None:
            out.append(node)
            place = node.parent
        return tuple(reversed(out))

    def ancestor(self, place: PlaceId | None, kind: PlaceKind) -> Place | None:
        """The nearest node of that kind at or above `place`."""
        return next((node for node in reversed(self.path(place)) if node.kind is kind), None)

    def school_of(self, place: PlaceId | None) -> Place | None:
        return self.ancestor(place, PlaceKind.SCHOOL)

    def site_of(self, place: PlaceId | None) -> Place | None:
        """The school; outside the schools the topmost place below the district, such as the district office.

        Its id is the fact `site` of a device, and the last step of it the label `site` of metrics and alerts.
        """
        path = self.path(place)
        topmost = next((node for node in path if node.kind is not PlaceKind.DISTRICT), None)
        return self.school_of(place) or topmost

    def of_kind(self, kind: PlaceKind) -> Iterator[Place]:
        return (node for node in self.by_id.values() if node.kind is kind)


@dataclass(frozen=True, slots=True)
class LocationPattern:
    """Places a device that the inventory puts nowhere by its sysLocation (SNMPv2-MIB)."""

    pattern: re.Pattern[str]
    place: str
    """Path of a place from the district down; `{name}` stands for what the named group matched, as a slug."""

    def place_of(self, sys_location: str, places: Places) -> PlaceId | None:
        """The place, or the nearest one above it that is known, short of the district; None for no match."""
        match = self.pattern.search(sys_location)
        if match is None:
            return None
        slugs = {name: _slug(text or "") for name, text in match.groupdict().items()}
        steps = self.place.format_map(slugs).split("/")
        while len(steps) > 1:
            found = PlaceId("/".join(steps))
            if found in places.by_id:
                return found
            steps.pop()
        return None


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")
