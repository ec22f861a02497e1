"""What the pages and the API show, as plain values taken from a snapshot. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from netwatch.incidents import Standing, standing_of
from netwatch.model import Alert, AlertState, Entity, EntityId, PlaceId, PlaceKind, Severity
from netwatch.web.lookup import Link, Lookup

__all__ = [
    "AlertView",
    "DeviceFilter",
    "DeviceView",
    "LinkView",
    "SchoolView",
    "Status",
    "active",
    "alert_views",
    "device_view",
    "device_views",
    "filter_devices",
    "link_views",
    "place_text",
    "school_views",
]


class Status(StrEnum):
    """Of a device, as its last poll or its own witness tells."""

    UP = "up"
    DOWN = "down"
    UNKNOWN = "unknown"
    OFF = "off"
    """A virtual machine that somebody stopped: no fault."""


@dataclass(frozen=True, slots=True)
class DeviceView:
    id: EntityId
    name: str
    kind: str
    role: str
    site: str
    site_name: str
    place: str
    address: str
    status: Status
    vendor: str
    model: str
    serial: str
    version: str
    parent: EntityId | None
    parent_name: str
    uptime: float | None
    """Seconds."""
    alerts: int
    """Firing and not explained by another one."""
    worst: Severity | None


@dataclass(frozen=True, slots=True)
class SchoolView:
    site: str
    name: str
    level: str
    enrolment: int | None
    devices: Mapping[Status, int]
    kinds: Mapping[str, int]
    alerts: Mapping[Severity, int]

    @property
    def total(self) -> int:
        return sum(self.devices.values())


@dataclass(frozen=True, slots=True)
class LinkView:
    """A busy link with the names that a person knows it by."""

    link: Link
    interface: str
    alias: str
    device: EntityId
    device_name: str
    site: str
    site_name: str


class AlertView(NamedTuple):
    """An alert, how many others it explains, and where it stands."""

    alert: Alert
    explains: int
    standing: Standing


@dataclass(frozen=True, slots=True)
class DeviceFilter:
    """What the list of devices is narrowed to. Empty fields narrow nothing."""

    kind: str = ""
    site: str = ""
    """Place id of a school, or its last step."""
    status: str = ""
    text: str = ""
    """Found in name, address, vendor, model, serial, role or place, upper and lower case alike."""


_LOOPBACK = "softwareLoopback"
"""IANAifType-MIB."""


def active(alerts: Iterable[Alert]) -> list[Alert]:
    """Firing alerts that no other alert explains: what somebody has to look at."""
    return [alert for alert in alerts if alert.active]


_STATE_ORDER = {AlertState.FIRING: 0, AlertState.PENDING: 1, AlertState.RESOLVED: 2}
_SEVERITY_ORDER = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


def alert_views(
    shown: Iterable[Alert], everything: Iterable[Alert], standings: Mapping[str, Standing] | None = None
) -> list[AlertView]:
    """Firing first, what others explain last, the severe before the mild, of these what explains most of
    `everything`, then the newest first."""
    known = standings or {}
    explained = Counter(
        alert.suppressed_by
        for alert in everything
        if alert.suppressed_by and alert.state is not AlertState.RESOLVED
    )
    views = [
        AlertView(alert, explained[alert.id], known.get(alert.id) or standing_of(alert, None))
        for alert in shown
    ]
    return sorted(views, key=_urgency)


def _urgency(view: AlertView) -> tuple[int, bool, int, int, float, str]:
    alert = view.alert
    return (
        _STATE_ORDER[alert.state],
        bool(alert.suppressed_by),
        _SEVERITY_ORDER[alert.severity],
        -view.explains,
        -alert.since,
        alert.id,
    )


def place_text(lookup: Lookup, entity: Entity) -> str:
    """Where a device is within its school: `Main building · Wing 2 · IDF 2A`; empty where unknown."""
    entry = lookup.snapshot.inventory.devices.get(entity.name)
    place = entry.place if entry is not None else None
    if place is None and entity.facts.get("place"):
        place = PlaceId(str(entity.facts["place"]))
    above = (PlaceKind.DISTRICT, PlaceKind.SCHOOL)
    path = lookup.snapshot.inventory.places.path(place)
    return " · ".join(node.name for node in path if node.kind not in above)


@dataclass(slots=True)
class _AlertCount:
    number: int = 0
    worst: Severity | None = None


@dataclass(slots=True)
class _Alerts:
    by_device: dict[EntityId, _AlertCount] = field(default_factory=dict)

    @classmethod
    def of(cls, alerts: Iterable[Alert]) -> _Alerts:
        counts = cls()
        for alert in active(alerts):
            count = counts.by_device.setdefault(alert.device, _AlertCount())
            count.number += 1
            if count.worst is None or _SEVERITY_ORDER[alert.severity] < _SEVERITY_ORDER[count.worst]:
                count.worst = alert.severity
        return counts


def device_views(lookup: Lookup, alerts: Sequence[Alert]) -> list[DeviceView]:
    """Every device, by site and name."""
    counts = _Alerts.of(alerts)
    views = [_view(lookup, entity, counts) for entity in lookup.snapshot.devices()]
    views.sort(key=lambda view: (view.site_name.casefold(), view.name.casefold(), view.id))
    return views


def device_view(lookup: Lookup, entity: Entity, alerts: Sequence[Alert]) -> DeviceView:
    """One device."""
    return _view(lookup, entity, _Alerts.of(alerts))


def _view(lookup: Lookup, entity: Entity, alerts: _Alerts) -> DeviceView:
    facts = entity.facts
    parent = lookup.snapshot.entities.get(entity.parent) if entity.parent else None
    count = alerts.by_device.get(entity.id, _AlertCount())
    site = str(facts.get("site", ""))
    return DeviceView(
        id=entity.id,
        name=entity.name,
        kind=str(facts.get("kind", "other")),
        role=str(facts.get("role", "")),
        site=site,
        site_name=lookup.site_name(site),
        place=place_text(lookup, entity),
        address=str(facts.get("address", "")),
        status=_status(lookup, entity.id),
        vendor=str(facts.get("vendor", "")),
        model=str(facts.get("model", "")),
        serial=str(facts.get("serial", "")),
        version=str(facts.get("version", "")),
        parent=parent.id if parent is not None and parent.id != entity.id else None,
        parent_name=parent.name if parent is not None and parent.id != entity.id else "",
        uptime=lookup.values("netwatch_device_uptime_seconds").get(entity.id),
        alerts=count.number,
        worst=count.worst,
    )


def _status(lookup: Lookup, device: EntityId) -> Status:
    """Its last poll or probe; of a virtual machine that nobody polls, what its host says."""
    up = lookup.values("netwatch_device_up").get(device)
    if up is not None:
        return Status.UP if up >= 0.5 else Status.DOWN
    running = lookup.values("netwatch_device_vm_running").get(device)
    return Status.UNKNOWN if running is None else Status.UP if running >= 0.5 else Status.OFF


def filter_devices(devices: Iterable[DeviceView], wanted: DeviceFilter) -> list[DeviceView]:
    """The devices that a filter leaves, in their order."""
    text = wanted.text.casefold()
    return [
        view
        for view in devices
        if (not wanted.kind or view.kind == wanted.kind)
        and (not wanted.site or wanted.site in (view.site, view.site.rpartition("/")[2]))
        and (not wanted.status or view.status == wanted.status)
        and (not text or text in _haystack(view))
    ]


def _haystack(view: DeviceView) -> str:
    words = (view.name, view.address, view.vendor, view.model, view.serial, view.role, view.place)
    return "\n".join(words).casefold()


def school_views(lookup: Lookup, devices: Iterable[DeviceView], alerts: Sequence[Alert]) -> list[SchoolView]:
    """One per site that has devices or is a school of the inventory; what needs attention first."""
    sites: dict[str, list[DeviceView]] = {}
    used = {str(entity.facts.get("site", "")) for entity in lookup.snapshot.devices()}
    for place in lookup.snapshot.inventory.places.by_id.values():
        if place.school is not None:
            sites[_site_key(used, place.id)] = []
    for view in devices:
        sites.setdefault(view.site, []).append(view)
    urgent: dict[str, Counter[Severity]] = {}
    for alert in active(alerts):
        entity = lookup.snapshot.entities.get(alert.device)
        site = str(entity.facts.get("site", "")) if entity is not None else alert.labels.get("site", "")
        urgent.setdefault(site, Counter())[alert.severity] += 1
    views = [_school(lookup, site, held, urgent.get(site, Counter())) for site, held in sites.items()]
    views.sort(key=_needs_attention)
    return views


def _site_key(used: Collection[str], place: str) -> str:
    """Devices name their site by the place's id or by its last step: the one that they use."""
    short = place.rpartition("/")[2]
    return place if place in used or short not in used else short


def _school(
    lookup: Lookup, site: str, devices: Sequence[DeviceView], alerts: Mapping[Severity, int]
) -> SchoolView:
    place = lookup.school(site)
    facts = place.school if place is not None else None
    return SchoolView(
        site=site,
        name=lookup.site_name(site),
        level=facts.level if facts is not None else "",
        enrolment=facts.enrolment if facts is not None else None,
        devices=Counter(view.status for view in devices),
        kinds=Counter(view.kind for view in devices),
        alerts=alerts,
    )


def _needs_attention(school: SchoolView) -> tuple[int, int, str]:
    """A school that is dark has one alert and much down; a few failed parts matter less."""
    return (
        -school.alerts.get(Severity.CRITICAL, 0) - school.devices.get(Status.DOWN, 0),
        -school.alerts.get(Severity.WARNING, 0),
        school.name.casefold(),
    )


def link_views(lookup: Lookup, limit: int, site: str | None = None) -> list[LinkView]:
    """The busiest links, at most `limit`, of one site or of all. A loopback interface is no link."""
    entities = lookup.snapshot.entities

    def here(interface: EntityId) -> bool:
        owner = entities.get(entities[interface].device) if interface in entities else None
        return owner is not None and str(owner.facts.get("site", "")) == site

    views: list[LinkView] = []
    for link in lookup.busiest(4 * limit, None if site is None else here):
        interface = entities.get(link.interface)
        device = entities.get(interface.device) if interface is not None else None
        if interface is None or device is None or interface.facts.get("type") == _LOOPBACK:
            continue
        of = str(device.facts.get("site", ""))
        views.append(
            LinkView(
                link,
                interface.name,
                str(interface.facts.get("alias", "")),
                device.id,
                device.name,
                of,
                lookup.site_name(of),
            )
        )
    return views[:limit]
