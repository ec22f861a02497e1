"""What each indicator looks at, at each school, in each month: things with a value, or with none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from netwatch.model import DAYS_PER_YEAR, EntityId, EntityKind, Place, PlaceId, PlaceKind, SchoolFacts
from netwatch.planning.basis import Basis, Subject, subjects
from netwatch.planning.equity.measure import EquityMeasures, Trace, speeds_of
from netwatch.planning.equity.policy import EquityPolicy, Indicator
from netwatch.planning.lifecycle import Lifecycle, UsefulLife

__all__ = ["School", "Thing", "ThingsOf", "find_schools"]

_BITS = 8e-6
"""Megabits in a byte."""


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing that an indicator looks at."""

    key: str
    """Unique among those of an indicator at a school."""
    name: str
    """For people."""
    change: str
    """What would have to change: the name of gear, or of an area with its radios."""
    source: str
    """Family, or where else it is from."""
    value: float | None
    """None: unknown. Shares 0 to 1, years by useful life, clients, megabits per second and person."""
    text: str = ""
    """What else evidence says."""
    entity: EntityId | None = None
    """Whose history it is."""


@dataclass(slots=True)
class School:
    """A school with its gear, as it is today."""

    place: Place
    facts: SchoolFacts
    gear: list[Subject] = field(default_factory=list)
    """In order of name; a stack with three serials is there three times."""

    @property
    def people(self) -> int | None:
        """Students and staff; None where one of them is unknown, or nobody is there."""
        students, staff = self.facts.enrolment, self.facts.staff
        return None if students is None or staff is None else (students + staff) or None

    def devices(self) -> dict[str, Subject]:
        """Each device once, by what it is known by."""
        return {one.id or one.name: one for one in self.gear}

    def access_points(self) -> list[Subject]:
        return [
            one
            for one in self.devices().values()
            if one.kind == "wireless" and one.role not in ("controller", "bridge", "gateway")
        ]


def find_schools(basis: Basis, policy: EquityPolicy) -> tuple[list[School], list[Place], int]:
    """Schools in order of id; places with students' facts that hold no lessons; devices at neither."""
    known = basis.snapshot.inventory.places
    schools: dict[PlaceId, School] = {}
    out: list[Place] = []
    for place in sorted(known.of_kind(PlaceKind.SCHOOL), key=lambda one: one.id):
        facts = place.school or SchoolFacts()
        if facts.instructional:
            schools[place.id] = School(place, facts)
        else:
            out.append(place)
    elsewhere: set[str] = set()
    for one in subjects(basis.snapshot, policy.not_counted):
        if one.spare:
            continue
        place_of = known.school_of(one.place)
        if place_of is not None and place_of.id in schools:
            schools[place_of.id].gear.append(one)
        else:
            elsewhere.add(one.id or one.name)
    return list(schools.values()), out, len(elsewhere)


@dataclass(slots=True)
class ThingsOf:
    """Looks things up. Pure over basis, measures and facts; what months share is found once."""

    basis: Basis
    measured: EquityMeasures
    lifecycle: Lifecycle
    policy: EquityPolicy
    _speeds: dict[EntityId, float] = field(default_factory=dict)
    _far: dict[EntityId, set[EntityId]] = field(default_factory=dict)
    _ports: dict[PlaceId, list[tuple[EntityId | str, str, str]]] = field(default_factory=dict)
    _radios: dict[PlaceId, list[tuple[EntityId | str, str, str]]] = field(default_factory=dict)
    _line: dict[PlaceId, Thing] = field(default_factory=dict)
    _lives: dict[tuple[str, str], UsefulLife | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._speeds = speeds_of(self.basis)
        for ends in self.basis.snapshot.links:
            for here, there in (ends, ends[::-1]):
                far = self.basis.snapshot.entities.get(there)
                if far is not None:
                    self._far.setdefault(here, set()).add(far.device)

    def of(self, school: School, month: int) -> Mapping[Indicator, tuple[Thing, ...]]:
        """`month`: position in the measured months."""
        made: dict[Indicator, Callable[[School, int], Iterator[Thing]]] = {
            Indicator.AVAILABILITY: self._availability,
            Indicator.SATURATION: self._saturation,
            Indicator.AGE: self._age,
            Indicator.AIRTIME: lambda one, at: self._of_radios(Indicator.AIRTIME, one, at),
            Indicator.CLIENTS: lambda one, at: self._of_radios(Indicator.CLIENTS, one, at),
            Indicator.BANDWIDTH: self._bandwidth,
        }
        return {indicator: tuple(make(school, month)) for indicator, make in made.items()}

    @property
    def enough(self) -> float:
        """Seconds of lessons in a month below which nothing is concluded."""
        return max(self.policy.enough_hours * 3600, 1)

    def _value(self, trace: Trace | None, month: int) -> float | None:
        if trace is None or trace.seconds[month] < self.enough:
            return None
        return trace.values[month]

    def _availability(self, school: School, month: int) -> Iterator[Thing]:
        traces = self.measured.traces.get(Indicator.AVAILABILITY, {})
        for key, one in school.devices().items():
            trace = traces.get(one.id) if one.id is not None else None
            yield Thing(key, one.name, one.name, "netwatch_device_up", self._value(trace, month), "", one.id)

    def _saturation(self, school: School, month: int) -> Iterator[Thing]:
        traces = self.measured.traces.get(Indicator.SATURATION, {})
        for port, name, change in self._found(self._ports, school, self._find_ports):
            trace = traces.get(EntityId(port))
            source = "links" if trace is None else trace.family
            yield Thing(port, name, change, source, self._value(trace, month), "", EntityId(port))

    def _find_ports(self, school: School) -> Iterator[tuple[EntityId | str, str, str]]:
        """Uplinks. A switch without any has one that nobody knows, whatever else is known of its links: where
        the way to the district is not known, what is behind looks like a network of its own."""
        for key, one in school.devices().items():
            uplinks = self.basis.topology.uplinks(one.id) if one.id is not None else ()
            for port in uplinks:
                yield port, f"{one.name} {self.basis.label(port)}", one.name
            if not uplinks and one.kind == "switch":
                yield f"{key}/uplink", f"{one.name}: no uplink known", one.name

    def _of_radios(self, indicator: Indicator, school: School, month: int) -> Iterator[Thing]:
        traces = self.measured.traces.get(indicator, {})
        for radio, name, change in self._found(self._radios, school, self._find_radios):
            trace = traces.get(EntityId(radio))
            source = "inventory" if trace is None else trace.family
            yield Thing(radio, name, change, source, self._value(trace, month), "", EntityId(radio))

    def _find_radios(self, school: School) -> Iterator[tuple[EntityId | str, str, str]]:
        """Of access points; one that shows no radio has one that nobody knows. What changes is an area."""
        for one in school.access_points():
            radios = []
            if one.id is not None:
                radios = self.basis.snapshot.of_device(one.id, EntityKind.RADIO)
            area = f"radios at {self._area(one)}"
            for radio in sorted(radios, key=lambda entity: entity.id):
                yield radio.id, f"{one.name} {radio.name}", area
            if not radios:
                yield f"{one.id or one.name}/radio", f"{one.name}: no radio known", area

    def _area(self, one: Subject) -> str:
        """Wing, else floor, else building, else the school."""
        known = self.basis.snapshot.inventory.places
        for kind in (PlaceKind.WING, PlaceKind.FLOOR, PlaceKind.BUILDING):
            found = known.ancestor(one.place, kind)
            if found is not None:
                return found.name
        return "the school"

    def _age(self, school: School, month: int) -> Iterator[Thing]:
        """Assets that were there by the end of the month. Those that were taken out since are not known."""
        end = self.month_end(month)
        for number, one in enumerate(school.gear):
            key = f"{one.serial or one.id or one.name}#{number}"
            installed = None if one.asset is None else one.asset.installed
            if installed is not None and installed > end:
                continue
            life = self.life(one)
            value, text = None, ""
            if installed is None:
                text = "installation unknown"
            elif life is None:
                text = "useful life unknown"
            else:
                years = (end - installed).days / DAYS_PER_YEAR
                value = years / life.years
                text = f"installed {installed}, {years:.1f} of {life.years:g} years"
                text += f" ({life.confidence} confidence)"
            yield Thing(key, one.name, one.name, "inventory", value, text)

    def life(self, one: Subject) -> UsefulLife | None:
        """How long it is planned with."""
        key = one.kind, one.role
        if key not in self._lives:
            self._lives[key] = self.lifecycle.useful_life(*key)
        return self._lives[key]

    def month_end(self, month: int) -> date:
        """The last day of a month, or the day of the plan."""
        months = self.measured.months
        return self.basis.day if month + 1 == len(months) else months[month + 1]

    def _bandwidth(self, school: School, _: int) -> Iterator[Thing]:
        """The same in all months: speeds and enrolment of the past are not kept."""
        if school.place.id not in self._line:
            self._line[school.place.id] = self._find_line(school)
        yield self._line[school.place.id]

    def _find_line(self, school: School) -> Thing:
        """All links of the school towards the district, at what a carrier commits to where that is less."""
        snapshot, known = self.basis.snapshot, self.basis.snapshot.inventory.places
        capacity: float | None = 0.0
        told: list[str] = []
        for one in school.devices().values():
            rates = {
                (circuit.device, circuit.interface): circuit.rate / 8
                for circuit in snapshot.inventory.circuits
                if circuit.rate is not None and circuit.device == one.name
            }
            for port in self.basis.topology.uplinks(one.id) if one.id is not None else ():
                far = self._far.get(port, set())
                if all(known.school_of(self.basis.places.get(end)) == school.place for end in far):
                    continue
                label = self.basis.label(port)
                speed = self._speeds.get(port)
                rate = rates.get((one.name, label), rates.get((one.name, "")))
                both = [each for each in (speed, rate) if each is not None]
                told.append(f"{one.name} {label}")
                if not both or capacity is None:
                    capacity = None
                else:
                    capacity += min(both)
        key, name = f"{school.place.id}/line", "line to the district"
        what = f"{name} ({', '.join(told)})" if told else name
        if not told or capacity is None:
            text = "speed of a link unknown" if told else "no link to the district known"
            return Thing(key, what, name, "links", None, text)
        people = school.people
        if people is None:
            return Thing(key, what, name, "inventory", None, "number of students or staff unknown")
        megabits = capacity * _BITS
        text = f"{megabits:,.0f} Mb/s for {people:,} students and staff"
        return Thing(key, what, name, "netwatch_interface_speed_bytes_per_second", megabits / people, text)

    def _found(
        self,
        kept: dict[PlaceId, list[tuple[EntityId | str, str, str]]],
        school: School,
        find: Callable[[School], Iterator[tuple[EntityId | str, str, str]]],
    ) -> list[tuple[EntityId | str, str, str]]:
        if school.place.id not in kept:
            kept[school.place.id] = list(find(school))
        return kept[school.place.id]
