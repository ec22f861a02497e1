"""What wears gear and what it is worth: heat, power drawn, wireless clients, links of access points."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

import numpy as np

from netwatch.calendars import Calendar, LessonTime
from netwatch.model import DAY, EntityId, EntityKind, SeriesHistory, Snapshot, percentile
from netwatch.planning.basis.reading import Reading, Take, Wanted

__all__ = ["Clients", "Heat", "Power", "Wear", "prepare_wear"]

_RECENT = 60 * DAY
"""Power and clients are those of this time before the plan: what was two years ago is no measure of today."""
_STANDARD = re.compile(r"802\.11\s?[a-z/]*?(be|ax|ac|n)\b", re.IGNORECASE)
_GENERATIONS = {"n": 4, "ac": 5, "ax": 6, "be": 7}
_SIX_GHZ = 5.925e9
_AP_ROLES = ("ap", "access-point")
_WHOLE = re.compile(r"\b(total|system|chassis|input)\b", re.IGNORECASE)
_SUPPLY = re.compile(r"\b(psu|ps|power suppl(y|ies))\b|\bps[u ]?\d", re.IGNORECASE)
_OUT = re.compile(r"\b(output|out|optical|rf|transmit|forward|reflected|outlet|poe|pd)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Heat:
    """The sensor of a device that comes nearest to its limit."""

    sensor: EntityId
    reached: float
    """95th percentile, degrees Celsius."""
    limit: float
    """From which on the device itself calls it too hot."""
    measured: float
    """Seconds."""
    until: float

    @property
    def above(self) -> float:
        """Degrees above the limit; negative below it."""
        return self.reached - self.limit


@dataclass(frozen=True, slots=True)
class Power:
    """What a device draws."""

    watts: float
    source: str
    """Family."""
    text: str
    """What was measured, for people."""
    at: float


@dataclass(frozen=True, slots=True)
class Clients:
    """Wireless clients of one device, 95th percentile over lesson time. Counted, never identified."""

    count: float
    measured: float
    """Seconds of lessons."""
    until: float


@dataclass(slots=True)
class Wear:
    """By device. What a device has no entry in was not measured."""

    heat: dict[EntityId, Heat] = field(default_factory=dict)
    power: dict[EntityId, Power] = field(default_factory=dict)
    clients: dict[EntityId, Clients] = field(default_factory=dict)
    speeds: dict[EntityId, float] = field(default_factory=dict)
    """Bytes per second of the ports that links are known of, by interface."""
    ap_ports: dict[EntityId, dict[EntityId, float | None]] = field(default_factory=dict)
    """By device: its ports that an access point hangs on, with their speed (None: unknown)."""
    wifi: dict[EntityId, tuple[int, str]] = field(default_factory=dict)
    """Of access points whose radios tell it: generation (4: 802.11n, 5: ac, 6: ax, 7: be) and what told
    it."""

    def what_if(self, effects: _Effects) -> Wear:
        """Without what is gone or replaced; clients and speeds with the factors. What stands on the links of
        an access point stays with its switch."""
        over = effects.gone | effects.replaced
        return Wear(
            heat={key: one for key, one in self.heat.items() if key not in over},
            power={key: one for key, one in self.power.items() if key not in over},
            clients={
                key: replace(one, count=one.count * effects.clients.get(key, 1.0))
                for key, one in self.clients.items()
                if key not in effects.gone
            },
            speeds={
                port: speed * effects.capacity.get(port, 1.0)
                for port, speed in self.speeds.items()
                if port not in effects.gone
            },
            ap_ports={
                device: {
                    port: None if speed is None else speed * effects.capacity.get(port, 1.0)
                    for port, speed in ports.items()
                    if port not in effects.gone
                }
                for device, ports in self.ap_ports.items()
                if device not in over
            },
            wifi={key: one for key, one in self.wifi.items() if key not in over},
        )


class _Effects(Protocol):
    """What a scenario changes, as far as it matters here."""

    @property
    def gone(self) -> frozenset[EntityId]: ...
    @property
    def replaced(self) -> frozenset[EntityId]: ...
    @property
    def clients(self) -> Mapping[EntityId, float]: ...
    @property
    def capacity(self) -> Mapping[EntityId, float]: ...


@dataclass(frozen=True, slots=True)
class _Source:
    snapshot: Snapshot
    reading: Reading
    calendar_of: Callable[[EntityId], Calendar]
    end: float
    into: Wear

    def want(self, family: str, start: float, take: Take, entities: Wanted = None) -> None:
        """Of what history holds, entities that still exist."""

        def known(series: SeriesHistory) -> None:
            if series.entity in self.snapshot.entities:
                take(series)

        self.reading.want(family, start, self.end, known, entities)

    def clients(self, series: SeriesHistory, device: EntityId) -> Clients | None:
        return _in_lessons(series, self.reading.lessons, self.calendar_of(device))


def prepare_wear(
    snapshot: Snapshot,
    reading: Reading,
    calendar_of: Callable[[EntityId], Calendar],
    *,
    start: float,
    end: float,
) -> Callable[[], Wear]:
    """Wants the window [start, end), wall seconds; of power and clients its last 60 days. To be asked after
    the reading."""
    source = _Source(snapshot, reading, calendar_of, end, Wear())
    recent = max(start, end - _RECENT)
    _heat(source, start)
    power, clients = _sensors_power(source, recent), _clients(source, recent)

    def finish() -> Wear:
        power()
        clients()
        _links(source.into, snapshot)
        _generations(source.into, snapshot)
        return source.into

    return finish


def _heat(source: _Source, start: float) -> None:
    limits = _latest(source.snapshot, "netwatch_sensor_temperature_limit_celsius")

    def take(series: SeriesHistory) -> None:
        reached = percentile(series, 95)
        if reached is None:
            return
        measured = float(np.sum(series.coverage * series.widths))
        found = Heat(series.entity, reached, limits[series.entity][0], measured, series.until)
        device = source.snapshot.entities[series.entity].device
        worst = source.into.heat.get(device)
        if worst is None or (found.above, found.sensor) > (worst.above, worst.sensor):
            source.into.heat[device] = found

    source.want("netwatch_sensor_temperature_celsius", start, take, limits)


def _sensors_power(source: _Source, start: float) -> Callable[[], None]:
    """A sensor of the whole, else the sum of the supplies, else the largest: nothing is counted twice."""
    family = "netwatch_sensor_power_watts"
    by_device: dict[EntityId, list[tuple[str, EntityId]]] = {}
    for sensor in _latest(source.snapshot, family):
        entity = source.snapshot.entities[sensor]
        name = entity.name or entity.natural
        if not _OUT.search(name):
            by_device.setdefault(entity.device, []).append((name, sensor))
    means: dict[EntityId, tuple[float, float]] = {}

    def take(series: SeriesHistory) -> None:
        seconds = series.coverage * series.widths
        known = np.isfinite(series.values) & (seconds > 0)
        if known.any():
            mean = float(np.average(series.values[known], weights=seconds[known]))
            means[series.entity] = mean, series.until

    wanted = [sensor for sensors in by_device.values() for _, sensor in sensors]
    source.want(family, start, take, wanted)
    return lambda: _draws(source.into, family, by_device, means)


def _draws(
    out: Wear,
    family: str,
    by_device: Mapping[EntityId, list[tuple[str, EntityId]]],
    means: Mapping[EntityId, tuple[float, float]],
) -> None:
    for device, sensors in by_device.items():
        read = sorted((name, *means[sensor]) for name, sensor in sensors if sensor in means)
        whole = [one for one in read if _WHOLE.search(one[0]) and not _SUPPLY.search(one[0])]
        supplies = [one for one in read if _SUPPLY.search(one[0])]
        chosen = [max(whole, key=lambda one: one[1])] if whole else supplies
        chosen = chosen or ([max(read, key=lambda one: one[1])] if read else [])
        if chosen:
            watts = sum(one[1] for one in chosen)
            text = f"draws {watts:.0f} W on average ({', '.join(one[0] for one in chosen)})"
            out.power[device] = Power(watts, family, text, max(one[2] for one in chosen))


def _clients(source: _Source, start: float) -> Callable[[], None]:
    """Of access points: radios summed up, else the device's own count. What a controller counts is not its
    own."""
    snapshot = source.snapshot
    radios: dict[EntityId, list[Clients]] = {}
    devices: dict[EntityId, Clients] = {}
    runs = {entity.parent for entity in snapshot.devices() if entity.parent not in (None, entity.id)}

    def take_radio(series: SeriesHistory) -> None:
        if series.labels == ("",):
            device = snapshot.entities[series.entity].device
            found = source.clients(series, device)
            if found is not None:
                radios.setdefault(device, []).append(found)

    def take_device(series: SeriesHistory) -> None:
        if series.entity not in radios and series.entity not in runs:
            found = source.clients(series, series.entity)
            if found is not None:
                devices[series.entity] = found

    def finish() -> None:
        for device, parts in radios.items():
            if device not in runs:
                source.into.clients[device] = Clients(
                    sum(sorted(one.count for one in parts)),
                    min(one.measured for one in parts),
                    max(one.until for one in parts),
                )
        for device, found in devices.items():
            source.into.clients.setdefault(device, found)

    source.want("netwatch_radio_clients", start, take_radio)
    source.want("netwatch_device_clients", start, take_device)
    return finish


def _in_lessons(series: SeriesHistory, lesson_time: LessonTime, calendar: Calendar) -> Clients | None:
    lessons = lesson_time.of(calendar, series.starts, series.widths)
    count = percentile(series, 95, lessons)
    if count is None:
        return None
    return Clients(count, float(np.sum((series.coverage * series.widths)[lessons])), series.until)


def _links(out: Wear, snapshot: Snapshot) -> None:
    """Speeds of linked ports, and which of them an access point hangs on."""
    linked = {port for pair in snapshot.links for port in pair}
    speeds = _latest(snapshot, "netwatch_interface_speed_bytes_per_second", linked)
    for pair in snapshot.links:
        for port, far in (pair, pair[::-1]):
            here, there = snapshot.entities.get(port), snapshot.entities.get(far)
            if here is None or there is None or here.kind is not EntityKind.INTERFACE:
                continue
            speed = speeds.get(port, (0.0, 0.0))[0]
            if speed > 0:
                out.speeds[port] = speed
            device = snapshot.entities.get(there.device)
            if device is not None and device.facts.get("role") in _AP_ROLES:
                out.ap_ports.setdefault(here.device, {})[port] = speed if speed > 0 else None


def _generations(out: Wear, snapshot: Snapshot) -> None:
    """The best radio of each access point. A radio at 6 GHz is of the sixth generation at least."""
    frequencies = _latest(snapshot, "netwatch_radio_frequency_hertz")
    for radio in sorted({*frequencies, *_latest(snapshot, "netwatch_radio_channel")}):
        entity = snapshot.entities[radio]
        told = _STANDARD.search(str(entity.facts.get("type") or ""))
        found = (0, "")
        if told is not None:
            found = _GENERATIONS[told[1].lower()], f"its radio says {told[0]}"
        elif entity.facts.get("band") == "6ghz" or frequencies.get(radio, (0.0, 0.0))[0] > _SIX_GHZ:
            found = 6, "it has a radio at 6 GHz"
        if found[0]:
            out.wifi[entity.device] = max(out.wifi.get(entity.device, (0, "")), found)


def _latest(
    snapshot: Snapshot, family: str, among: Collection[EntityId] | None = None
) -> dict[EntityId, tuple[float, float]]:
    """Fresh value and time of each entity (of those `among`) of a family without row labels."""
    column = snapshot.columns.get(family)
    if column is None:
        return {}
    values, times = column.values, column.times
    rows = np.flatnonzero(column.fresh & np.isfinite(values)).tolist()
    chosen = ((column.entities[row], row) for row in rows)
    return {
        entity: (float(values[row]), float(times[row]))
        for entity, row in chosen
        if (among is None or entity in among) and entity in snapshot.entities
    }
