"""The simulated district: schools, devices, the links between them, access points. Deterministic by seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from netwatch.simulate.schema import (
    Library,
    PartSpec,
    RowSpec,
    SchoolSpec,
    TemplateSpec,
    names_of,
)
from netwatch.simulate.values import chance, pattern

__all__ = ["AccessPoint", "District", "DistrictBuilder", "Link", "Override", "School", "SimDevice"]

_SCHOOLS, _MOST_SCHOOLS = 12, 200
_SMALL = 100
"""A smaller district has three schools and one device of each sort."""


@dataclass(frozen=True, slots=True)
class School:
    """A site; number -1 is the district's office."""

    number: int
    name: str
    slug: str
    level: str
    enrolment: int
    staff: int
    classrooms: int
    wings: int


@dataclass(frozen=True, slots=True)
class Override:
    """Attributes of some rows of a device that a planted condition changes."""

    group: str
    values: dict[str, object]
    row: int | None = None
    """Position in the group, from 0; None for all."""


@dataclass(slots=True, eq=False)
class Link:
    """A cable. `upper` is nearer to the district's core."""

    upper: SimDevice
    upper_port: int
    """Position in the device's group `ports`, from 0."""
    lower: SimDevice
    lower_port: int
    load: float = 0.25
    """Share of its speed that it carries in class time, towards the schools."""
    floor: float = 0.03
    """Share of that which flows at night."""


@dataclass(slots=True, eq=False)
class AccessPoint:
    name: str
    school: School
    wing: int
    room: int
    mac: str
    controller: SimDevice
    number: int
    """Position among the controller's access points, from 0."""
    switch: SimDevice | None = None
    port: int = 0
    """The switch's port, position in `ports`."""
    overloaded: bool = False
    shared: bool = False
    """Its channel is that of all others of its wing."""


@dataclass(slots=True, eq=False)
class SimDevice:
    """One polled device at its own address."""

    name: str
    template_name: str
    template: TemplateSpec
    number: int
    """Position in the district, from 0."""
    address: str
    school: School
    wing: int = 0
    """0 for the main room; wings count from 1."""
    serial: str = ""
    entered_serial: str = ""
    """What the register says, where it is another one."""
    mac: str = ""
    user: str = ""
    """USM user; empty for SNMPv2c."""
    installed: str = ""
    """ISO date."""
    links: list[Link] = field(default_factory=list)
    access_points: list[AccessPoint] = field(default_factory=list)
    """Controllers: whom they tell of."""
    served: list[AccessPoint] = field(default_factory=list)
    """Switches: access points on their ports."""
    parent: SimDevice | None = None
    """Towards the district's core."""
    down: bool = False
    """Silent: it, or what it hangs on, is down."""
    loss: float = 0.0
    delay: float = 0.0
    """Seconds before each answer."""
    reboot: float | None = None
    """Seconds after the start at which it starts anew."""
    overrides: list[Override] = field(default_factory=list)
    used: int = 0
    """Ports of use `down` and `edge` that are taken."""
    ordinal: int = 1
    """Number among its like at its site."""

    def ports(self) -> list[RowSpec]:
        """One spec per port, in order."""
        out: list[RowSpec] = []
        for spec in self.template.rows.get("ports", ()):
            out += [spec] * spec.count
        return out


@dataclass
class District:
    """What is simulated. Devices are built when they are asked, not here."""

    library: Library
    seed: int
    scale: int
    folder: str
    """Of the YAML that describes it; empty for the shipped one."""
    schools: list[School]
    devices: list[SimDevice]
    links: list[Link] = field(default_factory=list)
    planted: list[dict[str, object]] = field(default_factory=list)
    """Ground truth of the planted conditions, `conditions.py`."""
    by_name: dict[str, SimDevice] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.library.district.name

    def device(self, name: str) -> SimDevice:
        """Raises KeyError."""
        return self.by_name[name]

    def access_points(self) -> Iterator[AccessPoint]:
        for device in self.devices:
            yield from device.access_points


class DistrictBuilder:
    """Places devices at their sites, links them, and spreads access points over switches and controllers."""

    def __init__(self, library: Library, scale: int, seed: int, folder: str) -> None:
        self._library, self._spec = library, library.district
        self._scale, self._seed, self._folder = scale, seed, folder
        self._devices: list[SimDevice] = []
        self._links: list[Link] = []
        self._turn: dict[str, int] = {}
        self._cores: dict[int, dict[str, list[SimDevice]]] = {}
        self._network, self._host = 0, 0

    def build(self) -> District:
        spec = self._spec
        count = min(_MOST_SCHOOLS, max(_SCHOOLS, self._scale // 13)) if self._scale >= _SMALL else 3
        schools = [self._school(number) for number in range(count)]
        office = School(-1, f"{spec.name} Office", "do", "other", 0, 40, 0, 1)
        self._site(office, spec.office, fill=0)
        fixed = {one.number: self._fixed(one) for one in schools}
        missing = self._scale - len(self._devices) - sum(fixed.values())
        total = sum(one.enrolment for one in schools)
        for index, one in enumerate(schools):
            before = sum(s.enrolment for s in schools[:index])
            share = missing * (before + one.enrolment) // total - missing * before // total
            self._site(one, spec.school, fill=max(share, 1 if missing > 0 else 0))
        del self._devices[max(self._scale, 1) :]
        kept = set(self._devices)
        self._links = [link for link in self._links if link.lower in kept and link.upper in kept]
        for link in self._links:
            link.upper.links.append(link)
            link.lower.links.append(link)
        self._spread_access_points(schools)
        names = {device.name: device for device in self._devices}
        return District(
            self._library,
            self._seed,
            self._scale,
            self._folder,
            [office, *schools],
            self._devices,
            self._links,
            [],
            names,
        )

    def _school(self, number: int) -> School:
        known = self._spec.schools
        base: SchoolSpec = known[number % len(known)]
        again = number // len(known)
        name, slug = (
            (base.name, base.slug) if not again else (f"{base.name} {again + 1}", f"{base.slug}{again + 1}")
        )
        level = self._spec.levels[base.level]
        vary = 0.85 + 0.3 * chance(self._seed, "enrolment", slug)
        enrolment = round(level.enrolment * vary)
        return School(number, name, slug, base.level, enrolment, level.staff, level.classrooms, level.wings)

    def _count(self, part: PartSpec, site: School) -> int:
        if site.number >= 0 and site.number % part.every:
            return 0
        count = part.count if isinstance(part.count, int) else part.count.get(site.level, 0)
        if self._scale < _SMALL:
            return min(count, 1)
        return count + (self._scale // part.per if part.per else 0)

    def _fixed(self, site: School) -> int:
        return sum(self._count(part, site) for part in self._spec.school if not part.fill)

    def _site(self, site: School, parts: tuple[PartSpec, ...], fill: int) -> None:
        self._next_network()
        placed: dict[str, list[SimDevice]] = {}
        self._cores[site.number] = placed
        for part in parts:
            for ordinal in range(1, (fill if part.fill else self._count(part, site)) + 1):
                self._place(part, site, ordinal, placed)

    def _place(self, part: PartSpec, site: School, ordinal: int, placed: dict[str, list[SimDevice]]) -> None:
        choices = names_of(part)
        turn = self._turn[part.name] = self._turn.get(part.name, 0) + 1
        template_name = choices[(turn - 1) % len(choices)]
        template = self._library.templates[template_name]
        name = f"{site.slug}-{part.name}-{ordinal:02d}"
        wing = (ordinal - 1) % site.wings + 1 if part.place == "wing" else 0
        device = SimDevice(name, template_name, template, len(self._devices), self._address(), site, wing)
        device.ordinal = ordinal
        device.serial = pattern(template.serial, self._seed, name, "serial")
        device.mac = f"{template.oui}:{pattern('%%:%%:%%', self._seed, name, 'mac')}"
        if self._spec.users and template.version_3 and device.number % self._spec.version_3_every == 4:
            users = self._spec.users
            device.user = users[device.number // self._spec.version_3_every % len(users)].name
        if template.installed is not None:
            day = template.installed.toordinal() + int(300 * chance(self._seed, name, "installed")) - 150
            device.installed = template.installed.fromordinal(day).isoformat()
        self._devices.append(device)
        self._attach(part, device, site, ordinal, placed)
        placed.setdefault(template.role, []).append(device)

    def _attach(
        self,
        part: PartSpec,
        device: SimDevice,
        site: School,
        ordinal: int,
        placed: dict[str, list[SimDevice]],
    ) -> None:
        if part.attach == "none":
            return
        candidates = placed.get(part.attach) or placed.get("core", [])
        if part.attach == "wan":
            candidates = self._cores[-1].get("core", [])
        if not candidates:
            return
        upper = candidates[(ordinal - 1 + max(site.number, 0)) % len(candidates)]
        device.parent = upper
        up = next((at for at, port in enumerate(device.ports()) if port.use == "up"), None)
        down = self._free_port(upper, "down")
        if up is None or down is None:
            return
        load = 0.10 + 0.25 * chance(self._seed, device.name, "uplink")
        self._links.append(Link(upper, down, device, up, load))

    def _free_port(self, device: SimDevice, use: str) -> int | None:
        """The next port of a use; edge ports are taken from the first, down ports from where they begin."""
        ports = device.ports()
        fit = [at for at, port in enumerate(ports) if port.use == use] or [
            at for at, port in enumerate(ports) if port.use == "edge"
        ]
        if not fit:
            return None
        device.used += 1
        # More children than ports: a real one would be a bigger chassis. Its port table goes on.
        return fit[device.used - 1] if device.used <= len(fit) else None

    def _spread_access_points(self, schools: list[School]) -> None:
        controllers = [one for one in self._devices if one.template.role == "controller"]
        if not controllers:
            return
        kept = set(self._devices)
        for site in schools:
            switches = [one for one in self._cores[site.number].get("access", []) if one in kept]
            controller = controllers[site.number % len(controllers)]
            for ordinal in range(self._spec.levels[site.level].access_points):
                wing = ordinal % site.wings + 1
                near = [one for one in switches if one.wing == wing] or switches
                switch = near[ordinal // site.wings % len(near)] if near else None
                room = wing * 100 + ordinal // site.wings + 1
                name = f"{site.slug}-ap-{room}"
                mac = f"{controller.template.facts.get('ap_oui', '02:00:01')}:{self._ap_tail(name)}"
                point = AccessPoint(
                    name, site, wing, room, mac, controller, len(controller.access_points), switch
                )
                controller.access_points.append(point)
                if switch is not None:
                    point.port = len(switch.served)
                    switch.served.append(point)

    def _ap_tail(self, name: str) -> str:
        # The last half octet is 0: an access point keeps sixteen addresses for its radios' networks.
        return pattern("%%:%%:%0", self._seed, name, "mac")

    def _next_network(self) -> None:
        if self._host or not self._network:
            self._network += 1
        self._host = 0

    def _address(self) -> str:
        self._host += 1
        if self._host > 250:
            self._next_network()
            self._host = 1
        return f"127.{10 + self._network // 250}.{self._network % 250}.{self._host}"
