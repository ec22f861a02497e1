"""How the last months went in class time: what answered, what was full, how often people were called."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import LessonTime
from netwatch.model import EntityId, HistoryReader, SeriesHistory
from netwatch.planning.basis import Basis
from netwatch.planning.leadership.policy import LeadershipPolicy

__all__ = ["Month", "Months", "measure_leadership", "month_starts"]

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
    work = _Work(basis, history, policy)
    up = work.sums(work.series(_UP), lambda series: np.clip(series.values, 0.0, 1.0))
    links = work.links()
    radios = work.sums((one for one in work.series(_AIRTIME) if one.labels == ("all",)), work.full)
    months = tuple(
        Month(
            first,
            up=float(up[0][at]),
            watched=float(up[1][at]),
            links_full=float(links[0][at]),
            links=float(links[1][at]),
            radios_full=float(radios[0][at]),
            radios=float(radios[1][at]),
            pages=None if pages is None or not up[1][at] else pages.get(first, 0),
        )
        for at, first in enumerate(work.firsts)
    )
    bounds = policy.full_at
    return Months(months[::-1], work.simulated, bounds.uplink.value, bounds.airtime.value)


_Sums = tuple[NDArray[np.float64], NDArray[np.float64]]
_Judge = Callable[[SeriesHistory], NDArray[np.float64]]
"""Share of each bucket that counts."""


class _Work:
    def __init__(self, basis: Basis, history: HistoryReader, policy: LeadershipPolicy) -> None:
        self._basis, self._history, self._full_at = basis, history, policy.full_at
        self.firsts = month_starts(basis.at, policy.months)
        self._edges = np.array(
            [datetime(day.year, day.month, 1, tzinfo=UTC).timestamp() for day in self.firsts]
        )
        self._lessons = LessonTime()
        self.simulated = False

    def series(self, family: str, entities: Sequence[EntityId] | None = None) -> Iterable[SeriesHistory]:
        """What history holds of these months, of devices that still exist."""
        if entities is not None and not entities:
            return
        for series in self._history.read(family, float(self._edges[0]), self._basis.at, entities):
            if series.entity in self._basis.snapshot.entities and series.starts.size:
                self.simulated |= series.simulated
                yield series

    def sums(self, found: Iterable[SeriesHistory], judge: _Judge) -> _Sums:
        """By month: seconds of class time weighted by what `judge` says of each bucket, and all of them."""
        good, whole = np.zeros(len(self.firsts)), np.zeros(len(self.firsts))
        for series in found:
            self._add(series, judge(series), good, whole)
        return good, whole

    def links(self) -> _Sums:
        """Of uplinks, the fuller direction of each bucket."""
        column = self._basis.snapshot.columns.get(_SPEED)
        speeds: dict[EntityId, float] = {}
        if column is not None:
            values = zip(column.entities, column.values.tolist(), strict=True)
            speeds = {port: value for port, value in values if value > 0}
        devices = sorted({one.device for one in self._basis.snapshot.entities.values()})
        ports = {port for device in devices for port in self._basis.topology.uplinks(device)}
        known = sorted(ports & speeds.keys())
        kept: dict[tuple[EntityId, int, int], SeriesHistory] = {}
        good, whole = np.zeros(len(self.firsts)), np.zeros(len(self.firsts))
        for family in _BYTES:
            for series in self.series(family, known):
                key = (series.entity, int(series.starts[0]), series.starts.size)
                other = kept.pop(key, None)
                if family == _BYTES[0]:
                    kept[key] = series
                    continue
                self._link(series, other, speeds[series.entity], good, whole)
        for series in kept.values():
            self._link(series, None, speeds[series.entity], good, whole)
        return good, whole

    def full(self, series: SeriesHistory) -> NDArray[np.float64]:
        """Buckets in which a radio was full."""
        return np.where(np.isfinite(series.values), series.values >= self._full_at.airtime.value, np.nan)

    def _link(
        self,
        series: SeriesHistory,
        other: SeriesHistory | None,
        speed: float,
        good: NDArray[np.float64],
        whole: NDArray[np.float64],
    ) -> None:
        rate = series.values
        if other is not None and np.array_equal(other.starts, series.starts):
            rate = np.fmax(rate, other.values)
        self._add(
            series,
            np.where(np.isfinite(rate), rate >= self._full_at.uplink.value * speed, np.nan),
            good,
            whole,
        )

    def _add(
        self,
        series: SeriesHistory,
        share: NDArray[np.float64],
        good: NDArray[np.float64],
        whole: NDArray[np.float64],
    ) -> None:
        chosen = self._class_time(series) & np.isfinite(share)
        seconds = (series.coverage * series.widths)[chosen]
        month = np.searchsorted(self._edges, series.starts[chosen], side="right") - 1
        good += np.bincount(month, seconds * share[chosen], len(self.firsts))
        whole += np.bincount(month, seconds, len(self.firsts))

    def _class_time(self, series: SeriesHistory) -> NDArray[np.bool_]:
        """Buckets of which at least half is class time; worked out once per calendar and stretch of time."""
        calendar = self._basis.calendar_of(self._basis.snapshot.entities[series.entity].device)
        return self._lessons.of(calendar, series.starts, series.widths)
