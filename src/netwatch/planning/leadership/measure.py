"""How the last months went in class time: what answered, what was full, how often people were called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar, unbroken
from netwatch.model import EntityId, HistoryReader, SeriesHistory
from netwatch.planning.basis import Basis, Reading, Take
from netwatch.planning.leadership.policy import LeadershipPolicy

__all__ = [
    "Month",
    "Months",
    "measure_leadership",
    "month_starts",
    "prepare_leadership",
]

_SPEED = "netwatch_interface_speed_bytes_per_second"
_BYTES = ("netwatch_interface_receive_bytes_total", "netwatch_interface_transmit_bytes_total")
_UP, _AIRTIME = "netwatch_device_up", "netwatch_radio_airtime_ratio"


@dataclass(frozen=True, slots=True)
class Month:
    """All in class time. Seconds are summed over devices, links or radios."""

    first: date
    up: float
    """Seconds in which devices answered."""
    watched: float
    """Seconds in which they were asked; 0 where nothing was measured."""
    links_full: float
    """Seconds in which uplinks carried what the policy calls full, or more, one direction being enough."""
    links: float
    radios_full: float
    radios: float
    pages: int | None
    """Messages to people; None where nobody counted."""


@dataclass(frozen=True, slots=True)
class Months:
    months: tuple[Month, ...]
    """The latest first."""
    simulated: bool
    uplink_full: float
    """Shares from which on they counted as full."""
    airtime_full: float


def month_starts(at: float, count: int) -> list[date]:
    """First days of the UTC month of wall second `at` and of those before it, the earliest first."""
    day = datetime.fromtimestamp(at, UTC)
    number = day.year * 12 + day.month - 1
    return [date(one // 12, one % 12 + 1, 1) for one in range(number - count + 1, number + 1)]


def measure_leadership(
    basis: Basis, history: HistoryReader, policy: LeadershipPolicy, pages: Mapping[date, int] | None = None
) -> Months:
    """Reads each family once; what counts as full is decided bucket by bucket. `pages`: messages to people by
    first day of the month, UTC; a month that is missing there had none, if anything was watched in it."""
    reading = Reading()
    finish = prepare_leadership(basis, reading, policy, pages)
    reading.read(history)
    return finish()


def prepare_leadership(
    basis: Basis, reading: Reading, policy: LeadershipPolicy, pages: Mapping[date, int] | None = None
) -> Callable[[], Months]:
    """Wants each family of the last months. To be asked after the reading."""
    work = _Work(basis, reading, policy.months, policy.full_at.uplink.value)
    bound = policy.full_at.airtime.value
    up, radios = _Sums.of(work.firsts), _Sums.of(work.firsts)

    def answered(series: SeriesHistory) -> None:
        work.add(series, np.clip(series.values, 0.0, 1.0), up)

    def airtime(series: SeriesHistory) -> None:
        if series.labels == ("all",):
            work.add(series, _full(series, bound), radios)

    work.want(_UP, answered)
    links = work.links()
    work.want(_AIRTIME, airtime)

    def finish() -> Months:
        full = links()
        months = tuple(
            Month(
                first,
                up=float(up.good[at]),
                watched=float(up.whole[at]),
                links_full=float(full.good[at]),
                links=float(full.whole[at]),
                radios_full=float(radios.good[at]),
                radios=float(radios.whole[at]),
                pages=None if pages is None or not up.whole[at] else pages.get(first, 0),
            )
            for at, first in enumerate(work.firsts)
        )
        return Months(months[::-1], work.simulated, policy.full_at.uplink.value, bound)

    return finish


@dataclass(slots=True)
class _Sums:
    """By month: seconds of class time weighted by how much of each bucket counts, and all of them."""

    good: NDArray[np.float64]
    whole: NDArray[np.float64]

    @classmethod
    def of(cls, months: list[date]) -> _Sums:
        return cls(np.zeros(len(months)), np.zeros(len(months)))

    def add(self, other: _Sums) -> None:
        self.good += other.good
        self.whole += other.whole


@dataclass(frozen=True, slots=True)
class _Direction:
    """One direction of a link that waits for the other one."""

    buckets: tuple[int, int, int] | None
    """None where some are missing: `starts` tells them."""
    starts: NDArray[np.int64]
    full: NDArray[np.uint8]
    """A bit per bucket."""
    known: NDArray[np.uint8]
    alone: _Sums
    """What it comes to if the other one never comes."""

    def is_like(self, series: SeriesHistory) -> bool:
        if self.buckets is not None:
            return self.buckets == unbroken(series.starts, series.widths)
        return np.array_equal(self.starts, series.starts)


@dataclass(slots=True)
class _Work:
    _basis: Basis
    _reading: Reading
    _months: int
    _uplink_full: float
    firsts: list[date] = field(init=False)
    _edges: NDArray[np.float64] = field(init=False)
    _calendars: dict[EntityId, Calendar] = field(default_factory=dict)
    simulated: bool = False

    def __post_init__(self) -> None:
        self.firsts = month_starts(self._basis.at, self._months)
        self._edges = np.array(
            [datetime(day.year, day.month, 1, tzinfo=UTC).timestamp() for day in self.firsts]
        )

    def want(self, family: str, take: Take, entities: list[EntityId] | None = None) -> None:
        """What history holds of these months, of devices that still exist."""

        def known(series: SeriesHistory) -> None:
            if series.entity in self._basis.snapshot.entities:
                self.simulated |= series.simulated
                take(series)

        self._reading.want(family, float(self._edges[0]), self._basis.at, known, entities)

    def links(self) -> Callable[[], _Sums]:
        """Of uplinks, the fuller direction of each bucket."""
        column = self._basis.snapshot.columns.get(_SPEED)
        speeds: dict[EntityId, float] = {}
        if column is not None:
            values = zip(column.entities, column.values.tolist(), strict=True)
            linked = self._basis.topology.ports
            speeds = {port: value for port, value in values if value > 0 and port in linked}
        devices = (one.id for one in self._basis.snapshot.devices())
        ports = {port for device in devices for port in self._basis.topology.uplinks(device)}
        waiting: dict[EntityId, _Direction] = {}
        out = _Sums.of(self.firsts)

        def received(series: SeriesHistory) -> None:
            full, known = _reached(series, speeds[series.entity] * self._uplink_full)
            alone = _Sums.of(self.firsts)
            self.add(series, np.where(known, full, np.nan), alone)
            bits = np.packbits(full), np.packbits(known)
            buckets = unbroken(series.starts, series.widths)
            starts = series.starts[:0] if buckets is not None else series.starts
            waiting[series.entity] = _Direction(buckets, starts.copy(), *bits, alone)

        def sent(series: SeriesHistory) -> None:
            full, known = _reached(series, speeds[series.entity] * self._uplink_full)
            other = waiting.get(series.entity)
            if other is not None and other.is_like(series):
                del waiting[series.entity]
                count = series.starts.size
                full |= np.unpackbits(other.full, count=count).astype(np.bool_)
                known |= np.unpackbits(other.known, count=count).astype(np.bool_)
            self.add(series, np.where(known, full, np.nan), out)

        def finish() -> _Sums:
            for one in waiting.values():
                out.add(one.alone)
            return out

        chosen = sorted(ports & speeds.keys())
        for family, take in zip(_BYTES, (received, sent), strict=True):
            self.want(family, take, chosen)
        return finish

    def add(self, series: SeriesHistory, share: NDArray[np.float64], into: _Sums) -> None:
        """`share` of each bucket counts as good; where it is unknown, the bucket does not count."""
        chosen = self._class_time(series) & np.isfinite(share)
        seconds = (series.coverage * series.widths)[chosen]
        month = np.searchsorted(self._edges, series.starts[chosen], side="right") - 1
        into.good += np.bincount(month, seconds * share[chosen], len(self.firsts))
        into.whole += np.bincount(month, seconds, len(self.firsts))

    def _class_time(self, series: SeriesHistory) -> NDArray[np.bool_]:
        """Buckets of which at least half is class time."""
        device = self._basis.snapshot.entities[series.entity].device
        calendar = self._calendars.get(device)
        if calendar is None:
            calendar = self._calendars[device] = self._basis.calendar_of(device)
        return self._reading.lessons.of(calendar, series.starts, series.widths)


def _reached(series: SeriesHistory, bound: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Buckets in which a direction of a link was full, and those of which that is known."""
    known = np.isfinite(series.values)
    return known & (series.values >= bound), known


def _full(series: SeriesHistory, bound: float) -> NDArray[np.float64]:
    return np.where(np.isfinite(series.values), series.values >= bound, np.nan)
