"""What history and snapshot tell of each device: time without an answer, restarts, errors, how full it is."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar
from netwatch.model import WEEK, Entity, EntityId, SeriesHistory, Snapshot, percentile
from netwatch.planning.basis.reading import Reading, Take, Wanted
from netwatch.planning.basis.topology import Topology
from netwatch.planning.basis.wear import Wear, prepare_wear

__all__ = [
    "Downtime",
    "Errors",
    "Fullness",
    "Measurements",
    "PartState",
    "Reboots",
    "SaturationMeasure",
    "fills",
    "name_of",
    "prepare_measurements",
]

_LEVELS = (
    "netwatch_sensor_state_level",
    "netwatch_pool_state_level",
    "netwatch_disk_state_level",
    "netwatch_pse_state_level",
)
_SIZES = {
    "netwatch_volume_used_bytes": "netwatch_volume_size_bytes",
    "netwatch_pool_used_bytes": "netwatch_pool_size_bytes",
}
_ALWAYS_FULL = ("compactdisc", "ramdisk", "removabledisk", "floppydisk")
"""hrStorageTypes of HOST-RESOURCES-MIB (RFC 2790) of which nobody waits for free space."""
_ERRORS = ("netwatch_interface_receive_errors_total", "netwatch_interface_transmit_errors_total")
_BYTES = ("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total")

FAILURE = 900.0
"""Seconds without an answer in a week that make it a failure rather than a restart."""


class SaturationMeasure(StrEnum):
    """What can be full."""

    UPLINK = "uplink"
    AIRTIME = "airtime"
    PROCESSOR = "processor"
    VOLUME = "volume"
    POE = "poe"


@dataclass(frozen=True, slots=True)
class Downtime:
    """Time without an answer within the time that was measured, in seconds."""

    down: float
    """Without the time in which something that it hangs on was down too."""
    behind: float
    """That time."""
    measured: float
    until: float
    """Wall seconds at which the last bucket ends."""
    failures: int = 0
    """Weeks in which it lost `FAILURE` seconds or more without being excused. More lost time never makes
    fewer."""


@dataclass(frozen=True, slots=True)
class Reboots:
    count: float
    measured: float
    """Seconds."""
    until: float


@dataclass(frozen=True, slots=True)
class Errors:
    """The worst port of a device."""

    port: EntityId
    errors: float
    gigabytes: float
    """Carried in the same time; 0 where that was not measured."""
    until: float

    @property
    def per_gigabyte(self) -> float:
        """A port that carried next to nothing is judged as if it had carried one gigabyte."""
        return self.errors / max(self.gigabytes, 1.0)


@dataclass(frozen=True, slots=True)
class PartState:
    """A part that is not well."""

    part: EntityId
    family: str
    level: float
    """1 warning, 2 failed."""
    at: float


@dataclass(frozen=True, slots=True)
class Fullness:
    """How full one thing is."""

    measure: SaturationMeasure
    entity: EntityId
    family: str
    share: float
    """0 to 1, and above where a device says so."""
    seconds: float | None
    """Of lessons that the percentile stands on; None for a reading of this moment."""
    at: float


@dataclass(slots=True)
class Measurements:
    """By device. What a device has no entry in was not measured."""

    downtime: dict[EntityId, Downtime] = field(default_factory=dict)
    reboots: dict[EntityId, Reboots] = field(default_factory=dict)
    errors: dict[EntityId, Errors] = field(default_factory=dict)
    parts: dict[EntityId, list[PartState]] = field(default_factory=dict)
    """An empty list: the parts are watched, and all are well."""
    fullness: dict[EntityId, list[Fullness]] = field(default_factory=dict)
    wear: Wear = field(default_factory=Wear)
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class _Source:
    snapshot: Snapshot
    reading: Reading
    start: float
    end: float
    calendar_of: Callable[[EntityId], Calendar]
    into: Measurements

    def want(self, family: str, take: Take, entities: Wanted = None) -> None:
        """Of what history holds, entities that still exist."""

        def known(series: SeriesHistory) -> None:
            if series.entity in self.snapshot.entities:
                self.into.simulated |= series.simulated
                take(series)

        self.reading.want(family, self.start, self.end, known, entities)

    def device(self, entity: EntityId) -> EntityId:
        return self.snapshot.entities[entity].device

    def lessons(self, series: SeriesHistory) -> NDArray[np.bool_]:
        """Buckets of which at least half is lesson time at the device's school."""
        calendar = self.calendar_of(self.device(series.entity))
        return self.reading.lessons.of(calendar, series.starts, series.widths)

    def latest(
        self, family: str, among: Collection[EntityId] | None = None
    ) -> dict[EntityId, tuple[float, float]]:
        """Fresh value and time of each entity (of those `among`) of a family without row labels."""
        column = self.snapshot.columns.get(family)
        if column is None:
            return {}
        known = column.fresh & np.isfinite(column.values)
        rows = np.flatnonzero(known).tolist()
        values, times, entities = column.values, column.times, column.entities
        if among is not None:
            rows = [row for row in rows if entities[row] in among]
        return {entities[row]: (float(values[row]), float(times[row])) for row in rows}


def prepare_measurements(
    snapshot: Snapshot,
    reading: Reading,
    topology: Topology,
    calendar_of: Callable[[EntityId], Calendar],
    *,
    start: float,
    end: float,
) -> tuple[Measurements, Callable[[], None]]:
    """Wants the window [start, end), wall seconds. What is measured is complete once what is returned beside
    it was called after the reading."""
    out = Measurements()
    source = _Source(snapshot, reading, start, end, calendar_of, out)
    downtime, errors = _downtime(source, topology), _errors(source)
    _restarts(source)
    _parts(source)
    _uplinks(source, topology)
    _radios_and_processors(source)
    _power(source)
    wear = prepare_wear(snapshot, reading, calendar_of, start=start, end=end)

    def finish() -> None:
        downtime()
        errors()
        _volumes(source)
        out.wear = wear()
        for found in out.fullness.values():
            found.sort(key=lambda one: (-one.share, one.measure, one.entity))

    return out, finish


def _downtime(source: _Source, topology: Topology) -> Callable[[], None]:
    """Time without an answer. What fell while its only way to the network was down is not its own fault."""
    down: dict[EntityId, dict[tuple[int, int], float]] = {}
    measured: dict[EntityId, tuple[float, float]] = {}

    def take(series: SeriesHistory) -> None:
        seconds = series.coverage * series.widths
        lost = (1.0 - np.clip(series.values, 0, 1)) * seconds
        rows = np.flatnonzero(lost > 0)
        buckets = zip(series.starts[rows].tolist(), series.widths[rows].tolist(), strict=True)
        down[series.entity] = dict(zip(buckets, lost[rows].tolist(), strict=True))
        measured[series.entity] = float(seconds.sum()), series.until

    source.want("netwatch_device_up", take)
    return lambda: _excuse(source.into.downtime, topology, down, measured)


def _excuse(
    out: dict[EntityId, Downtime],
    topology: Topology,
    down: Mapping[EntityId, dict[tuple[int, int], float]],
    measured: Mapping[EntityId, tuple[float, float]],
) -> None:
    excused: dict[EntityId, dict[tuple[int, int], float]] = {}
    for above, lost_above in down.items():
        for device in topology.behind(above) if lost_above else ():
            mine, told = down.get(device, {}), excused.setdefault(device, {})
            for bucket in mine.keys() & lost_above.keys():
                told[bucket] = max(told.get(bucket, 0.0), min(mine[bucket], lost_above[bucket]))
    for device, lost_here in down.items():
        told = excused.get(device, {})
        behind = sum(sorted(told.values()))
        own = max(0.0, sum(lost_here.values()) - behind)
        weeks: dict[int, float] = {}
        for bucket, lost_then in lost_here.items():
            week = bucket[0] // WEEK
            weeks[week] = weeks.get(week, 0.0) + lost_then - told.get(bucket, 0.0)
        failures = sum(lost_then >= FAILURE for lost_then in weeks.values())
        out[device] = Downtime(own, behind, *measured[device], failures)


def _restarts(source: _Source) -> None:
    def take(series: SeriesHistory) -> None:
        seconds = series.coverage * series.widths
        count = float(np.sum(series.values * seconds))
        source.into.reboots[series.entity] = Reboots(count, float(seconds.sum()), series.until)

    source.want("netwatch_device_reboots_total", take)


def _errors(source: _Source) -> Callable[[], None]:
    errors: dict[EntityId, float] = {}
    until: dict[EntityId, float] = {}
    carried: dict[EntityId, float] = {}

    def take_errors(series: SeriesHistory) -> None:
        errors[series.entity] = errors.get(series.entity, 0.0) + _total(series)
        until[series.entity] = max(until.get(series.entity, 0.0), series.until)

    def take_bytes(series: SeriesHistory) -> None:
        carried[series.entity] = carried.get(series.entity, 0.0) + _total(series) / 1e9

    for family in _ERRORS:
        source.want(family, take_errors)
    for family in _BYTES:
        source.want(family, take_bytes, lambda: [port for port, count in errors.items() if count > 0])
    return lambda: _worst_ports(source, errors, until, carried)


def _worst_ports(
    source: _Source,
    errors: Mapping[EntityId, float],
    until: Mapping[EntityId, float],
    carried: Mapping[EntityId, float],
) -> None:
    for port in sorted(errors):
        found = Errors(port, errors[port], carried.get(port, 0.0), until[port])
        device = source.device(port)
        worst = source.into.errors.get(device)
        if worst is None or found.per_gigabyte > worst.per_gigabyte:
            source.into.errors[device] = found


def _parts(source: _Source) -> None:
    for family in _LEVELS:
        for part, (level, at) in source.latest(family).items():
            if part not in source.snapshot.entities:
                continue
            states = source.into.parts.setdefault(source.device(part), [])
            # A power source that is switched off is nobody's fault: only a faulty one counts.
            if level >= 2 or (level >= 1 and family != "netwatch_pse_state_level"):
                states.append(PartState(part, family, level, at))


def _uplinks(source: _Source, topology: Topology) -> None:
    speeds = source.latest("netwatch_interface_speed_bytes_per_second", topology.ports)
    known = {port for port, (speed, _) in speeds.items() if speed > 0 and port in source.snapshot.entities}
    ports: set[EntityId] = set()
    for device in sorted({source.device(port) for port in known}):
        ports |= set(topology.uplinks(device)) & known

    def take(series: SeriesHistory) -> None:
        _add_percentile(source, SaturationMeasure.UPLINK, series, speeds[series.entity][0])

    for family in _BYTES:
        source.want(family, take, ports)


def _radios_and_processors(source: _Source) -> None:
    def airtime(series: SeriesHistory) -> None:
        if series.labels == ("all",):
            _add_percentile(source, SaturationMeasure.AIRTIME, series, 1.0)

    def processor(series: SeriesHistory) -> None:
        _add_percentile(source, SaturationMeasure.PROCESSOR, series, 1.0)

    source.want("netwatch_radio_airtime_ratio", airtime)
    source.want("netwatch_processor_utilization_ratio", processor)


def _power(source: _Source) -> None:
    budgets = source.latest("netwatch_pse_budget_watts")

    def take(series: SeriesHistory) -> None:
        _add_percentile(source, SaturationMeasure.POE, series, budgets[series.entity][0])

    known = {group for group, (budget, _) in budgets.items() if budget > 0}
    source.want("netwatch_pse_used_watts", take, known)


def _volumes(source: _Source) -> None:
    """Storage fills and does not breathe with lessons: the reading of this moment tells."""
    for used_family, size_family in _SIZES.items():
        sizes = source.latest(size_family)
        for entity, (used, at) in source.latest(used_family).items():
            size = sizes.get(entity, (0.0, at))[0]
            if size > 0 and _fills(source, entity):
                _add(source, Fullness(SaturationMeasure.VOLUME, entity, used_family, used / size, None, at))
    told = source.latest("netwatch_volume_used_ratio")
    done = {one.entity for found in source.into.fullness.values() for one in found}
    for entity, (share, at) in told.items():
        if entity not in done and _fills(source, entity):
            family = "netwatch_volume_used_ratio"
            _add(source, Fullness(SaturationMeasure.VOLUME, entity, family, share, None, at))


def _fills(source: _Source, entity: EntityId) -> bool:
    found = source.snapshot.entities.get(entity)
    return found is not None and fills(found)


def fills(volume: Entity) -> bool:
    """Whether a volume is one that people fill: no disc, no stick, no RAM disk."""
    return not str(volume.facts.get("kind", "")).lower().endswith(_ALWAYS_FULL)


def _add_percentile(source: _Source, kind: SaturationMeasure, series: SeriesHistory, capacity: float) -> None:
    lessons = source.lessons(series)
    value = percentile(series, 95, lessons)
    if value is not None:
        seconds = float(np.sum((series.coverage * series.widths)[lessons]))
        _add(source, Fullness(kind, series.entity, series.family, value / capacity, seconds, series.until))


def _add(source: _Source, found: Fullness) -> None:
    source.into.fullness.setdefault(source.device(found.entity), []).append(found)


def _total(series: SeriesHistory) -> float:
    return float(np.nansum(series.values * series.coverage * series.widths))


def name_of(entities: Mapping[EntityId, object], entity: EntityId) -> str:
    """Display label of an entity."""
    return str(getattr(entities.get(entity), "name", "") or entity)
