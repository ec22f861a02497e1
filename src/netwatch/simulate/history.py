"""Two school years of hourly history that end now, consistent with the agents and with what is planted.

A value of the history is what the device would show idle, plus what a full load adds, times the mean load of
that hour on the school's clock, less the growth since then, times some noise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from netwatch.model import (
    DAY,
    HOUR,
    ROOT,
    WEEK,
    Catalogue,
    EntityKey,
    EntityKind,
    Family,
    FamilyType,
    load_catalogue,
)
from netwatch.simulate.build import build_rows, expression
from netwatch.simulate.district import District, SimDevice
from netwatch.simulate.links import link_rates, port_name
from netwatch.simulate.phase import week_load
from netwatch.simulate.rows import Row
from netwatch.simulate.signals import WeekLoad
from netwatch.simulate.values import chance, render

__all__ = ["SeedBlock", "Subject", "seed_history"]

YEARS = 2
_CHUNK = 48
"""Series per block: some 20 MB."""
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose history it is, in the words of a profile."""

    device: str
    """Name of the polled device that tells of it."""
    key: EntityKey
    """How that device names it."""


@dataclass(frozen=True, slots=True)
class SeedBlock:
    """Series of one family over all hours. Arrays have the shape (series, hours)."""

    family: str
    type: FamilyType
    subjects: tuple[Subject, ...]
    labels: tuple[tuple[str, ...], ...]
    start: int
    """UTC seconds of the first hour, a multiple of `width`."""
    width: int
    values: Array
    """Gauges: mean. Counters: increase within the hour."""
    peaks: Array
    """Gauges: max. Counters: the same as `values`."""
    coverage: Array
    """Seconds of each hour that readings stand for. A view of one row: copy before writing to it."""


@dataclass(frozen=True, slots=True)
class _Series:
    subject: Subject
    labels: tuple[str, ...]
    idle_then: float
    """Two years ago, without load."""
    idle_now: float
    swing: float
    limit: float


def seed_history(district: District, end: float, *, years: int = YEARS) -> Iterator[SeedBlock]:
    """Blocks of every family that planning reads, hourly, over `years` before `end` (wall seconds).

    The same district and the same `end` give the same numbers. Raises ConfigError.
    """
    catalogue = load_catalogue()
    hours = _Hours(district, end, years)
    waiting: dict[str, list[_Series]] = {}
    for family, series in _all_series(district, catalogue, years * 365 * DAY):
        held = waiting.setdefault(family, [])
        held.append(series)
        if len(held) >= _CHUNK:
            yield _block(catalogue[family], held, hours, district.seed)
            waiting[family] = []
    for family, held in waiting.items():
        if held:
            yield _block(catalogue[family], held, hours, district.seed)
    yield from _availability(district, catalogue, hours)
    yield from _points_up(district, hours)


class _Hours:
    """The hours of the history, with the load of each."""

    def __init__(self, district: District, end: float, years: int) -> None:
        spec = district.library.district
        self.count = years * 365 * 24
        self.start = int(end) // HOUR * HOUR - self.count * HOUR
        starts = self.start + HOUR * np.arange(self.count, dtype=np.int64)
        offsets = _offsets(starts, ZoneInfo(spec.timezone))
        local = starts + offsets
        # 1970-01-01 was a Thursday: three days after a Monday.
        of_week = ((local + 3 * DAY) % WEEK) // HOUR
        load = week_load(spec.week, 0.0)
        means = np.array([load.mean_of_week(hour * HOUR, (hour + 1) * HOUR) for hour in range(168)])
        quiet = np.tile(means[5 * 24 : 6 * 24], 7)
        free = _free_days(local // DAY, spec.holidays)
        self.load = np.where(free, quiet[of_week], means[of_week])
        self.growth = (1 + spec.growth) ** (-(end - starts) / (365 * DAY))
        self.age = np.linspace(1.0, 0.0, self.count)
        self.days = (starts - starts[0]) // DAY


def _offsets(starts: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Seconds that the school's clock is ahead of UTC, looked up once a day: wrong in two nights a year."""
    days, inverse = np.unique(starts // DAY, return_inverse=True)
    seconds = [datetime.fromtimestamp(int(day) * DAY + DAY // 2, zone).utcoffset() for day in days]
    table = np.array([0 if one is None else int(one.total_seconds()) for one in seconds], dtype=np.int64)
    return np.asarray(table[inverse], dtype=np.int64)


def _free_days(days: NDArray[np.int64], holidays: tuple[tuple[str, str], ...]) -> NDArray[np.bool_]:
    """True for days without school, weekends not counted."""
    unique, inverse = np.unique(days, return_inverse=True)
    free = [
        _is_free((date(1970, 1, 1) + timedelta(days=int(day))).strftime("%m-%d"), holidays) for day in unique
    ]
    return np.asarray(np.array(free)[inverse], dtype=np.bool_)


def _is_free(day: str, holidays: tuple[tuple[str, str], ...]) -> bool:
    for first, last in holidays:
        inside = first <= day <= last if first <= last else day >= first or day <= last
        if inside:
            return True
    return False


def _all_series(district: District, catalogue: Catalogue, span: float) -> Iterator[tuple[str, _Series]]:
    for link in district.links:
        device = link.lower
        key = EntityKey(EntityKind.INTERFACE, port_name(device, link.lower_port))
        into, out = link_rates(link)
        families = ("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total")
        for family, rate in zip(families, (into, out), strict=True):
            idle = rate * link.floor
            yield family, _Series(Subject(device.name, key), (), idle, idle, rate - idle, rate * 1.02)
    idle_world = WeekLoad([(0.0, 0.0)], ripple=False)
    full_world = WeekLoad([(0.0, 1.0)], ripple=False)
    for device in district.devices:
        if device.template.history:
            yield from _device_series(district, device, catalogue, span, idle_world, full_world)


def _device_series(
    district: District,
    device: SimDevice,
    catalogue: Catalogue,
    span: float,
    idle_world: WeekLoad,
    full_world: WeekLoad,
) -> Iterator[tuple[str, _Series]]:
    wanted = {spec.rows for spec in device.template.history}
    facts, idle_groups = build_rows(district, device, idle_world, wanted)
    full_facts, full_groups = build_rows(district, device, full_world, wanted)
    for spec in device.template.history:
        family = catalogue[spec.family]
        counter = family.type is FamilyType.COUNTER
        idle_rows = idle_groups.get(spec.rows, []) if spec.rows != "device" else [{}]
        full_rows = full_groups.get(spec.rows, []) if spec.rows != "device" else [{}]
        for idle_row, full_row in zip(idle_rows, full_rows, strict=True):
            if spec.where and not idle_row.get(spec.where):
                continue
            attributes = {**facts, **idle_row}
            idle: Any = expression(spec.value, attributes)
            full: Any = expression(spec.value, {**full_facts, **full_row})
            now = _level(idle, counter, 0.0)
            before = _level(idle, counter, -span)
            then = before if now < 0 else max(before, 0.05 * now)
            limit = 1.0 if family.unit == "ratio" else np.inf
            yield (
                spec.family,
                _Series(
                    Subject(device.name, _key(spec.key, family, attributes)),
                    spec.labels,
                    then,
                    now,
                    _level(full, counter, 0.0) - now,
                    limit,
                ),
            )


def _key(text: str, family: Family, attributes: Row) -> EntityKey:
    return EntityKey(family.entity, render(text, attributes)) if text else ROOT


def _level(value: float | Callable[[float], float], counter: bool, at: float) -> float:
    """A gauge's value, or a counter's rate per second."""
    if not callable(value):
        return float(value)
    if counter:
        return (value(at + HOUR) - value(at)) / HOUR
    return float(value(at))


def _block(family: Family, held: list[_Series], hours: _Hours, seed: int) -> SeedBlock:
    counter = family.type is FamilyType.COUNTER
    rng = np.random.default_rng(int(chance(seed, family.name, *(one.subject for one in held)) * 2**53))
    then, now, swing, limit = (
        np.array([getattr(one, name) for one in held])[:, None]
        for name in ("idle_then", "idle_now", "swing", "limit")
    )
    values = then * hours.age
    values += now * (1.0 - hours.age)
    if np.any(swing):
        days = int(hours.days[-1]) + 1
        noise = rng.normal(1.0, 0.07, (len(held), days))[:, hours.days]
        noise *= hours.load * hours.growth
        noise *= swing
        values += noise
    np.clip(values, np.minimum(now, 0.0), limit, out=values)
    peaks = values
    if counter:
        values *= HOUR
    elif np.any(swing):
        peaks = np.minimum(values * rng.uniform(1.05, 1.35, (len(held), 1)), limit)
    return SeedBlock(
        family=family.name,
        type=family.type,
        subjects=tuple(one.subject for one in held),
        labels=tuple(one.labels for one in held),
        start=hours.start,
        width=HOUR,
        values=values,
        peaks=peaks,
        coverage=np.broadcast_to(np.float64(HOUR), values.shape),
    )


def _availability(district: District, catalogue: Catalogue, hours: _Hours) -> Iterator[SeedBlock]:
    """Up or down, and restarts: gear past its support fails more often."""
    up, reboots = catalogue["netwatch_device_up"], catalogue["netwatch_device_reboots_total"]
    for begin in range(0, len(district.devices), _CHUNK):
        devices = district.devices[begin : begin + _CHUNK]
        states = np.ones((len(devices), hours.count))
        restarts = np.zeros((len(devices), hours.count))
        for row, device in enumerate(devices):
            weak = "support_ended" in device.template.facts
            for number in range(12 if weak else 2):
                place = (district.seed, device.name, "outage", number)
                at = int(chance(*place) * (hours.count - 24))
                states[row, at] = 0.5 if weak else 0.9
                restarts[row, at] = 1.0
            if device.loss:
                states[row, -60 * 24 :] *= 0.97
        subjects = tuple(Subject(device.name, ROOT) for device in devices)
        labels: tuple[tuple[str, ...], ...] = ((),) * len(devices)
        coverage = np.broadcast_to(np.float64(HOUR), states.shape)
        for family, values in ((up, states), (reboots, restarts)):
            peaks = np.ceil(values) if family is up else values
            yield SeedBlock(
                family.name, family.type, subjects, labels, hours.start, HOUR, values, peaks, coverage
            )


def _points_up(district: District, hours: _Hours) -> Iterator[SeedBlock]:
    """Access points as their controller tells of them: up, but for a short outage a year."""
    points = list(district.access_points())
    for begin in range(0, len(points), _CHUNK):
        some = points[begin : begin + _CHUNK]
        states = np.ones((len(some), hours.count))
        for row, point in enumerate(some):
            for number in range(2):
                at = int(chance(district.seed, point.name, "outage", number) * hours.count)
                states[row, at] = 0.9
        subjects = tuple(
            Subject(point.controller.name, EntityKey(EntityKind.DEVICE, point.mac)) for point in some
        )
        labels: tuple[tuple[str, ...], ...] = ((),) * len(some)
        coverage = np.broadcast_to(np.float64(HOUR), states.shape)
        yield SeedBlock(
            "netwatch_device_up",
            FamilyType.GAUGE,
            subjects,
            labels,
            hours.start,
            HOUR,
            states,
            np.ceil(states),
            coverage,
        )
