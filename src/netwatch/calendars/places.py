"""Which calendar holds at which place: the school's own, with what closes the place on single days."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from netwatch.calendars.calendar import Calendar
from netwatch.model import PlaceId, Places

__all__ = ["ALWAYS_WEEKDAYS", "Calendars", "Closure"]

ALWAYS_WEEKDAYS = Calendar(
    "weekdays",
    "UTC",
    {"lessons": ((8 * 3600, 15 * 3600),)},
    ("lessons",) * 5 + ("", ""),
    ((date.min, date.max),),
)
"""Where nobody says better: Monday to Friday, 8:00 to 15:00 UTC."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Days on which a place, and all that lies in it, is not like its calendar: snow, a burst pipe, building
    work. Wins over everything that the calendar says."""

    place: str
    """Path of the place; the district may be left out."""
    first: date
    last: date
    """Included."""
    day_type: str = ""
    """Bell schedule that holds instead; empty for no lessons."""
    reason: str = ""
    out_of_service: bool = False
    """Nobody wants to hear of devices there."""
    file: str = field(default="", compare=False)
    path: str = field(default="", compare=False)
    line: int | None = field(default=None, compare=False)

    def covers(self, ids: Sequence[str]) -> bool:
        """`ids`: places from the district down to the one that is asked about."""
        return self.place in ids or (bool(ids) and f"{ids[0]}/{self.place}" in ids)

    def days(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Calendars(Mapping[str, Calendar]):
    """Calendars by name, and the closures of places. Never changes."""

    def __init__(
        self,
        named: Mapping[str, Calendar] = MappingProxyType({}),
        closures: Sequence[Closure] = (),
        default: Calendar = ALWAYS_WEEKDAYS,
    ) -> None:
        """`default` holds at places without a calendar."""
        self._named = dict(named)
        self.closures = tuple(closures)
        self.default = default
        self._made: dict[tuple[str, tuple[Closure, ...]], Calendar] = {}

    def __getitem__(self, name: str) -> Calendar:
        return self._named[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __len__(self) -> int:
        return len(self._named)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendars):
            return NotImplemented
        mine, theirs = ((one._named, one.closures, one.default) for one in (self, other))
        return mine == theirs

    __hash__ = None  # type: ignore[assignment]

    def with_default(self, default: Calendar) -> Calendars:
        """The same with another calendar for places that name none."""
        return Calendars(self._named, self.closures, default)

    def at(self, place: PlaceId | None, places: Places) -> Calendar:
        """The calendar of a place: that of its school, else the default, with the closures of the place and
        of all places above it. The same object for all places that are alike."""
        ids = [str(node.id) for node in places.path(place)]
        school = places.school_of(place)
        name = school.school.calendar if school is not None and school.school is not None else ""
        mine = tuple(one for one in self.closures if one.covers(ids))
        name = name if name in self._named else ""
        found = self._made.get((name, mine))
        if found is None:
            found = self._closed(self._named.get(name, self.default), mine)
            self._made[name, mine] = found
        return found

    def is_out_of_service(self, place: PlaceId | None, places: Places, at: float) -> bool:
        """Whether the place is closed with all that stands there, at `at` (UTC seconds)."""
        candidates = [one for one in self.closures if one.out_of_service]
        if not candidates:
            return False
        ids = [str(node.id) for node in places.path(place)]
        zone = ZoneInfo(self.at(place, places).timezone)
        today = datetime.fromtimestamp(at, UTC).astimezone(zone).date()
        return any(one.first <= today <= one.last and one.covers(ids) for one in candidates)

    @staticmethod
    def _closed(calendar: Calendar, closures: Sequence[Closure]) -> Calendar:
        if not closures:
            return calendar
        special = dict(calendar.special)
        for one in closures:  # the one that was written last wins
            special.update(dict.fromkeys(one.days(), one.day_type))
        return replace(calendar, special=special)

    def __reduce__(self) -> tuple[type[Calendars], tuple[object, ...]]:
        return Calendars, (self._named, self.closures, self.default)
