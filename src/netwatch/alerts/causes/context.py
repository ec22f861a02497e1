"""What a person who is paged needs beside the alert: who is behind it, whom to call, what changed before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cached_property

from netwatch.alerts.causes.power import Batteries
from netwatch.alerts.causes.suppression import ActiveKey, grown
from netwatch.alerts.lifecycle import Active
from netwatch.alerts.message import format_value
from netwatch.model import (
    Alert,
    Asset,
    AssetState,
    Circuit,
    EntityId,
    EntityKind,
    Place,
    PlaceId,
    PlaceKind,
    Snapshot,
)

__all__ = ["CONTEXT", "Context", "add_context"]

CONTEXT = ("affected", "power", "circuit", "changed_before", "warranty", "spare")
"""Annotations that `Context.of` may give, in the order in which a page shows them."""
CHANGE_SECONDS = 3600.0
"""What began at most this long before an alert may have to do with it."""
_MOST_LISTED = 3
_AT_ONCE = 2000


def add_context(
    active: dict[ActiveKey, Active],
    before: Mapping[ActiveKey, Active],
    snapshot: Snapshot,
    resolved: Iterable[Alert],
) -> Iterator[None]:
    """Annotates what somebody is told of from now on, in `active` itself. `resolved`: what ended lately."""
    context: Context | None = None
    for number, (key, one) in enumerate(list(active.items()), 1):
        if _news(before.get(key), one):
            if context is None:
                context = Context(snapshot, (*(each.alert for each in active.values()), *resolved))
            annotations = {**one.alert.annotations, **context.of(one.alert)}
            active[key] = replace(one, alert=replace(one.alert, annotations=annotations))
            yield
        elif not number % _AT_ONCE:
            yield


def _news(old: Active | None, new: Active) -> bool:
    """Whether it begins to be a fault of its own, or is a greater one than before."""
    return new.alert.active and (old is None or not old.alert.active or grown(old.alert, new.alert))


@dataclass(frozen=True)
class Context:
    """Of one moment: its snapshot, and its alerts, those that ended lately included.

    Indexes are made when the first page needs them; most evaluations have none.
    """

    snapshot: Snapshot
    alerts: tuple[Alert, ...]

    def of(self, alert: Alert) -> dict[str, str]:
        """Annotations by name (`CONTEXT`). What nobody knows is absent."""
        found = {
            "affected": self._affected(alert),
            "power": self._batteries.about(alert.device),
            "circuit": "; ".join(map(_circuit, self._circuits(alert))),
            "changed_before": "; ".join(self._changes(alert)),
            "warranty": self._warranty(alert),
            "spare": self._spares(alert),
        }
        return {name: text for name, text in found.items() if text}

    def _affected(self, alert: Alert) -> str:
        """`14 devices; 23 rooms; all of Lincoln ES (412 people)`; empty for what explains nothing."""
        dark = self._explained.get(alert.id, set()) | {alert.device}
        if len(dark) == 1:
            return ""
        devices = self.snapshot.inventory.devices
        names = [self.snapshot.entities[one].name for one in dark if one in self.snapshot.entities]
        rooms = {room for name in names if name in devices for room in devices[name].serves}
        parts = [_count(len(dark) - 1, "device"), _count(len(rooms), "room") if rooms else ""]
        schools = [_people(place) for place in self._dark_schools(dark)]
        if len(schools) > _MOST_LISTED:
            parts.append(f"all of {len(schools)} schools")
        elif schools:
            parts.append(f"all of {', '.join(schools)}")
        return "; ".join(filter(None, parts))

    def _dark_schools(self, dark: set[EntityId]) -> Iterator[Place]:
        """Schools of whose devices none is left."""
        for site, devices in self._sites.items():
            place = self.snapshot.inventory.places.by_id.get(PlaceId(site))
            if place is not None and place.kind is PlaceKind.SCHOOL and devices <= dark:
                yield place

    def _circuits(self, alert: Alert) -> Iterator[Circuit]:
        """Those that end at the port, or at the device that does not answer."""
        entity = self.snapshot.entities.get(alert.entity)
        if entity is None:
            return
        device = alert.labels.get("device", "")
        for circuit in self.snapshot.inventory.circuits:
            ends_here = entity.kind is EntityKind.DEVICE or circuit.interface in ("", entity.name)
            if circuit.device == device and ends_here:
                yield circuit

    def _changes(self, alert: Alert) -> list[str]:
        """What else began at the device or next to it in the hour before, the latest first."""
        near = self._neighbours.get(alert.device, set()) | {alert.device}
        found = [
            other
            for other in self.alerts
            if other.device in near
            and other.id != alert.id
            and other.suppressed_by != alert.id
            and 0 < alert.since - other.since <= CHANGE_SECONDS
        ]
        found.sort(key=lambda other: -other.since)
        return [
            f"{_minutes(alert.since - other.since)} before: {other.summary or other.rule}"
            for other in found[:_MOST_LISTED]
        ]

    def _warranty(self, alert: Alert) -> str:
        """Of the things that fill the device's function: the last day of warranty and of the contract."""
        today = datetime.fromtimestamp(self.snapshot.at.wall, UTC).date()
        assets = self._assets.get(alert.labels.get("device", ""), [])
        parts = [
            _until(word, [day for day in days if day is not None], today)
            for word, days in (
                ("warranty", [asset.warranty_until for asset in assets]),
                ("support contract", [asset.support_until for asset in assets]),
            )
        ]
        return "; ".join(filter(None, parts))

    def _spares(self, alert: Alert) -> str:
        """Things of the same model that fill no function."""
        device = self.snapshot.entities.get(alert.device)
        models = {asset.model for asset in self._assets.get(alert.labels.get("device", ""), [])}
        models.add("" if device is None else str(device.facts.get("model", "")))
        wanted = {model.casefold() for model in models if model}
        spares = [asset for asset in self._assets.get("", []) if asset.model.casefold() in wanted]
        known = [asset.serial or asset.asset_tag for asset in spares]
        listed = ", ".join(filter(None, known[:_MOST_LISTED]))
        return f"{len(spares)} of this model{f' ({listed})' if listed else ''}" if spares else ""

    @cached_property
    def _batteries(self) -> Batteries:
        return Batteries(self.snapshot)

    @cached_property
    def _explained(self) -> Mapping[str, set[EntityId]]:
        """Devices behind an alert, by its id."""
        out: dict[str, set[EntityId]] = {}
        for alert in self.alerts:
            if alert.suppressed_by and alert.resolved is None:
                out.setdefault(alert.suppressed_by, set()).add(alert.device)
        return out

    @cached_property
    def _sites(self) -> Mapping[str, set[EntityId]]:
        """Devices by the place that is their site."""
        out: dict[str, set[EntityId]] = {}
        for device in self.snapshot.devices():
            out.setdefault(str(device.facts.get("site", "")), set()).add(device.id)
        return out

    @cached_property
    def _assets(self) -> Mapping[str, list[Asset]]:
        """By name of the device; spares under the empty name."""
        out: dict[str, list[Asset]] = {}
        for asset in self.snapshot.inventory.assets:
            if asset.device or asset.status is AssetState.SPARE:
                out.setdefault(asset.device, []).append(asset)
        return out

    @cached_property
    def _neighbours(self) -> Mapping[EntityId, set[EntityId]]:
        """Devices at the other ends of a device's links."""
        entities, out = self.snapshot.entities, dict[EntityId, set[EntityId]]()
        for link in self.snapshot.links:
            ends = [entities[end].device for end in link if end in entities]
            for near, far in zip(ends, reversed(ends), strict=True):
                out.setdefault(near, set()).add(far)
        return out


def _circuit(circuit: Circuit) -> str:
    """`BANX-0001234, Example Fiber, +1 800 555 0100, 10 Gbit/s`."""
    rate = "" if circuit.rate is None else format_value(circuit.rate / 8, "bytes_per_second")
    return ", ".join(filter(None, (circuit.id, circuit.carrier, circuit.phone, rate)))


def _people(school: Place) -> str:
    facts = school.school
    people = 0 if facts is None else (facts.enrolment or 0) + (facts.staff or 0)
    return f"{school.name} ({people} people)" if people else school.name


def _until(word: str, days: Iterable[date], today: date) -> str:
    last = max(days, default=None)
    if last is None:
        return ""
    return f"{word} until {last}" if last >= today else f"{word} ended {last}"


def _minutes(seconds: float) -> str:
    return f"{max(1, round(seconds / 60))} min"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
