"""What history tells of the service of each school, month by month. Judged later, under any policy."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from netwatch.calendars import Calendar
from netwatch.model import EntityId, EntityKind, HistoryReader, PlaceId, PlaceKind, SeriesHistory
from netwatch.planning.basis import Basis, Reading
from netwatch.planning.equity.lessons import (
    Lessons,
    Monthly,
    month_starts,
    monthly_means,
    monthly_percentiles,
)
from netwatch.planning.equity.policy import Indicator

if TYPE_CHECKING:
    from netwatch.planning.whatif.effects import Effects  # which stands on all plans

__all__ = ["EquityMeasures", "Trace", "measure_equity", "prepare_equity"]

_SPEED = "netwatch_interface_speed_bytes_per_second"
_BYTES = ("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total")
_OF_RADIOS = {
    Indicator.AIRTIME: ("netwatch_radio_airtime_ratio", "all"),
    Indicator.CLIENTS: ("netwatch_radio_clients", ""),
}
"""Family, and the row label that stands for the whole radio."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What one thing at a school measured in the lessons of each month."""

    device: EntityId
    """That it is, or is part of."""
    family: str
    values: tuple[float | None, ...]
    """Per month. Uplinks: share of their speed."""
    seconds: tuple[float, ...]
    """Lesson time that was measured."""

    def times(self, factor: float) -> Trace:
        """The same with all values multiplied; its source says that they are no readings."""
        if factor == 1.0:
            return self
        values = tuple(None if value is None else value * factor for value in self.values)
        return replace(self, family=f"{self.family}, times {factor:.3g} by the scenario", values=values)


@dataclass(frozen=True, slots=True)
class EquityMeasures:
    """Plain data. Things and schools without an entry were not measured."""

    months: tuple[date, ...]
    """First days, in order; the last month may not be over, the first may be cut."""
    lessons: Mapping[PlaceId, tuple[float, ...]]
    """Lesson time of each month at each school, in seconds, by its calendar."""
    ends: Mapping[PlaceId, tuple[float, ...]]
    """Wall seconds at which each month ends there, or the measured window."""
    traces: Mapping[Indicator, Mapping[EntityId, Trace]]
    simulated: bool = False

    def what_if(self, effects: Effects) -> EquityMeasures:
        """As it would be: airtime grows in proportion to clients, uplinks in proportion to traffic. Of what
        is gone nothing was measured, and of what is new only what flows over it."""
        traces = {
            indicator: {
                entity: one.times(_factor(effects, indicator, entity, one.device))
                for entity, one in found.items()
                if not {entity, one.device} & effects.gone
                and (indicator is Indicator.SATURATION or one.device not in effects.replaced)
            }
            for indicator, found in self.traces.items()
        }
        return replace(self, traces=traces)


def _factor(effects: Effects, indicator: Indicator, entity: EntityId, device: EntityId) -> float:
    if indicator is Indicator.SATURATION:
        return effects.traffic.get(device, 1.0) / effects.capacity.get(entity, 1.0)
    if indicator in _OF_RADIOS:
        return effects.clients.get(device, 1.0)
    return 1.0


@dataclass(slots=True)
class _Reader:
    basis: Basis
    reading: Reading
    months: tuple[date, ...]
    simulated: bool = False
    _lessons: dict[int, Lessons] = field(default_factory=dict)
    _of_device: dict[EntityId, Lessons] = field(default_factory=dict)

    def lessons(self, calendar: Calendar) -> Lessons:
        """Made once for all devices of a calendar: `Calendars.at` gives the same object for places alike."""
        if id(calendar) not in self._lessons:
            basis = self.basis
            made = Lessons(calendar, self.months, basis.start, basis.at, self.reading.lessons)
            self._lessons[id(calendar)] = made
        return self._lessons[id(calendar)]

    def traces(
        self,
        family: str,
        entities: Iterable[EntityId],
        how: Callable[[SeriesHistory, Lessons], Monthly],
        label: str | None = None,
    ) -> dict[EntityId, Monthly]:
        """Filled by the reading."""
        out: dict[EntityId, Monthly] = {}

        def take(series: SeriesHistory) -> None:
            if label is None or series.labels == (label,):
                self.simulated |= series.simulated
                device = self.basis.snapshot.entities[series.entity].device
                if device not in self._of_device:
                    self._of_device[device] = self.lessons(self.basis.calendar_of(device))
                out[series.entity] = how(series, self._of_device[device])

        self.reading.want(family, self.basis.start, self.basis.at, take, frozenset(entities))
        return out


def measure_equity(basis: Basis, history: HistoryReader) -> EquityMeasures:
    """Reads the window of the basis once per family, of gear at schools alone.

    Uplinks and speeds are those of today, for all months: the past of cabling is not kept.
    """
    reading = Reading()
    finish = prepare_equity(basis, reading)
    reading.read(history)
    return finish()


def prepare_equity(basis: Basis, reading: Reading) -> Callable[[], EquityMeasures]:
    """Wants what `measure_equity` reads. To be asked after the reading."""
    snapshot, known = basis.snapshot, basis.snapshot.inventory.places
    default = basis.calendars.default
    reader = _Reader(basis, reading, month_starts(basis.start, basis.at, default.timezone))
    devices = [
        entity.id for entity in snapshot.devices() if known.school_of(basis.places.get(entity.id)) is not None
    ]
    up = reader.traces("netwatch_device_up", devices, monthly_means)
    uplinks = _uplinks(reader, devices)
    radios = [one.id for device in devices for one in snapshot.of_device(device, EntityKind.RADIO)]
    of_radios = {
        indicator: reader.traces(family, radios, _p95, label)
        for indicator, (family, label) in _OF_RADIOS.items()
    }

    def finish() -> EquityMeasures:
        traces: dict[Indicator, Mapping[EntityId, Trace]] = {}
        traces[Indicator.AVAILABILITY] = {
            entity: _trace(entity, "netwatch_device_up", [found], 1.0) for entity, found in up.items()
        }
        traces[Indicator.SATURATION] = uplinks()
        for indicator, found in of_radios.items():
            traces[indicator] = {
                entity: _trace(snapshot.entities[entity].device, _OF_RADIOS[indicator][0], [one], 1.0)
                for entity, one in found.items()
            }
        schools = sorted(place.id for place in known.of_kind(PlaceKind.SCHOOL))
        calendars = {school: reader.lessons(basis.calendars.at(school, known)) for school in schools}
        return EquityMeasures(
            reader.months,
            {school: one.seconds() for school, one in calendars.items()},
            {school: one.ends() for school, one in calendars.items()},
            traces,
            reader.simulated,
        )

    return finish


def _uplinks(reader: _Reader, devices: Iterable[EntityId]) -> Callable[[], dict[EntityId, Trace]]:
    basis = reader.basis
    speeds = speeds_of(basis)
    ports = [port for device in devices for port in basis.topology.uplinks(device) if port in speeds]
    both = [(family, reader.traces(family, ports, _p95)) for family in _BYTES]

    def finish() -> dict[EntityId, Trace]:
        out: dict[EntityId, Trace] = {}
        for port in ports:
            found = [(family, one[port]) for family, one in both if port in one]
            if found:
                fuller = max(found, key=lambda pair: _highest(pair[1]))[0]
                device = basis.snapshot.entities[port].device
                out[port] = _trace(device, fuller, [one for _, one in found], speeds[port])
        return out

    return finish


def speeds_of(basis: Basis) -> dict[EntityId, float]:
    """Nominal speeds of linked ports that are known, in bytes per second."""
    column = basis.snapshot.columns.get(_SPEED)
    if column is None:
        return {}
    values, entities = column.values, column.entities
    rows = np.flatnonzero(column.fresh & np.isfinite(values) & (values > 0)).tolist()
    known, linked = basis.snapshot.entities, basis.topology.ports
    return {
        entities[row]: float(values[row])
        for row in rows
        if entities[row] in linked and entities[row] in known
    }


def _p95(series: SeriesHistory, lessons: Lessons) -> Monthly:
    return monthly_percentiles(series, lessons, 95)


def _highest(found: Monthly) -> float:
    return float(np.nanmax(found.values)) if np.isfinite(found.values).any() else -1.0


def _trace(device: EntityId, family: str, found: list[Monthly], divisor: float) -> Trace:
    """The highest of several directions, and the time that the better measured one stands on."""
    values = np.fmax.reduce([one.values for one in found]) / divisor
    seconds = np.max([one.seconds for one in found], axis=0)
    return Trace(
        device,
        family,
        tuple(None if np.isnan(value) else value for value in values.tolist()),
        tuple(seconds.tolist()),
    )
