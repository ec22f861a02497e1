"""What works at which school, in the words of those who work there: no device, no jargon. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from netwatch.model import Alert, DeviceKind, EntityId, Severity
from netwatch.web.views import DeviceView, SchoolView, Status, active

__all__ = ["SERVICES", "SchoolServices", "ServiceState", "Standing", "school_services"]

SERVICES: Mapping[str, frozenset[str]] = {
    "Network": frozenset({DeviceKind.SWITCH, DeviceKind.FIREWALL}),
    "Wi-Fi": frozenset({DeviceKind.WIRELESS}),
    "Phones": frozenset({DeviceKind.VOIP}),
    "Servers and files": frozenset({DeviceKind.SERVER, DeviceKind.STORAGE}),
    "Video": frozenset({DeviceKind.VIDEO}),
    "Radio": frozenset({DeviceKind.RADIO}),
    "Backup power": frozenset({DeviceKind.POWER}),
}
"""Kinds of devices that a service is made of."""


class ServiceState(IntEnum):
    """The worse, the higher."""

    NONE = 0
    """The school has no such gear that netwatch knows."""
    WORKS = 1
    UNKNOWN = 2
    TROUBLE = 3
    """Something needs attention; most of it works."""
    DOWN = 4
    """At least half of it does not answer."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one service of a school stands."""

    state: ServiceState
    since: float | None = None
    """Wall seconds at which the oldest trouble began; None if there is none, or it is not known."""


@dataclass(frozen=True, slots=True)
class SchoolServices:
    site: str
    name: str
    services: Mapping[str, Standing]
    """By name of `SERVICES`."""

    @property
    def worst(self) -> ServiceState:
        return max((standing.state for standing in self.services.values()), default=ServiceState.NONE)


def school_services(
    schools: Iterable[SchoolView], devices: Sequence[DeviceView], alerts: Sequence[Alert]
) -> list[SchoolServices]:
    """One per school or other site, the troubled first.

    What a fault elsewhere explains is as dark as any other: people at the school don't care where it began.
    """
    since = _since(alerts)
    loud = {alert.device for alert in active(alerts) if alert.severity is not Severity.INFO}
    by_site: dict[str, list[DeviceView]] = {}
    for view in devices:
        by_site.setdefault(view.site, []).append(view)
    found = [
        SchoolServices(
            school.site,
            school.name,
            {
                name: _standing(
                    [one for one in by_site.get(school.site, ()) if one.kind in kinds], loud, since
                )
                for name, kinds in SERVICES.items()
            },
        )
        for school in schools
    ]
    return sorted(found, key=lambda one: (-max(one.worst, ServiceState.UNKNOWN), one.name.casefold()))


def _since(alerts: Iterable[Alert]) -> Mapping[EntityId, float]:
    """When the first of a device's troubles began, explained ones included."""
    out: dict[EntityId, float] = {}
    for alert in alerts:
        if alert.fired is not None and alert.resolved is None and alert.severity is not Severity.INFO:
            out[alert.device] = min(alert.since, out.get(alert.device, alert.since))
    return out


def _standing(
    devices: Sequence[DeviceView], loud: Collection[EntityId], since: Mapping[EntityId, float]
) -> Standing:
    counted = [view for view in devices if view.status is not Status.OFF]
    if not counted:
        return Standing(ServiceState.NONE)
    down = [view for view in counted if view.status is Status.DOWN]
    troubled = [view for view in counted if view.id in loud]
    began = min((since[view.id] for view in (*down, *troubled) if view.id in since), default=None)
    if 2 * len(down) >= len(counted):
        return Standing(ServiceState.DOWN, began)
    if down or troubled:
        return Standing(ServiceState.TROUBLE, began)
    if all(view.status is Status.UNKNOWN for view in counted):
        return Standing(ServiceState.UNKNOWN)
    return Standing(ServiceState.WORKS)
