"""Lessons of each month: which buckets of history count, and percentiles of them, on whole arrays."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar, LessonTime, unbroken
from netwatch.model import SeriesHistory

__all__ = ["Lessons", "Monthly", "month_starts", "monthly_means", "monthly_percentiles"]

Floats = NDArray[np.float64]
_KEPT = 16
"""Stretches of buckets whose lessons are kept, of each calendar."""


@dataclass(frozen=True, slots=True)
class Monthly:
    """One number per month; NaN where nothing was measured."""

    values: Floats
    seconds: Floats
    """Lesson time that was measured."""


def month_starts(start: float, end: float, timezone: str) -> tuple[date, ...]:
    """First days of the months that [start, end), wall seconds, touches on the clock of a time zone."""
    zone = ZoneInfo(timezone)
    first, last = (datetime.fromtimestamp(at, UTC).astimezone(zone).date() for at in (start, end - 1))
    out = [first.replace(day=1)]
    while (following := _following(out[-1])) <= last:
        out.append(following)
    return tuple(out)


@dataclass(slots=True)
class Lessons:
    """Lesson buckets of one calendar within a window."""

    calendar: Calendar
    months: tuple[date, ...]
    start: float
    end: float
    time: LessonTime = field(default_factory=LessonTime)
    """Remembers what calendars said."""
    _kept: dict[tuple[int, int, int], tuple[NDArray[np.int64], NDArray[np.int64]]] = field(
        default_factory=dict
    )
    _edges: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        zone = ZoneInfo(self.calendar.timezone)
        days = (*self.months, _following(self.months[-1]))
        self._edges = np.array([datetime(day.year, day.month, 1, tzinfo=zone).timestamp() for day in days])

    def seconds(self) -> tuple[float, ...]:
        """Lesson time of each month within the window, by the calendar."""
        spans = zip(self._edges[:-1].tolist(), self._edges[1:].tolist(), strict=True)
        return tuple(
            self.calendar.seconds(max(first, self.start), min(last, self.end))
            if max(first, self.start) < min(last, self.end)
            else 0.0
            for first, last in spans
        )

    def ends(self) -> tuple[float, ...]:
        """Wall seconds at which each month ends, within the window."""
        return tuple(min(end, self.end) for end in self._edges[1:].tolist())

    def rows(self, series: SeriesHistory) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Buckets of which at least half is lesson time: their rows in the series, and the positions of their
        months, in order of time."""
        key = unbroken(series.starts, series.widths)
        if key is None:
            return self._rows(series.starts, series.widths)
        # Most series have every bucket from first to last: then three numbers say which rows count.
        if key not in self._kept:
            if len(self._kept) >= _KEPT:
                self._kept.clear()
            self._kept[key] = self._rows(series.starts, series.widths)
        return self._kept[key]

    def _rows(
        self, starts: NDArray[np.int64], widths: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        rows = np.flatnonzero(self.time.of(self.calendar, starts, widths))
        month = np.searchsorted(self._edges, starts[rows], side="right") - 1
        inside = (month >= 0) & (month < len(self.months))
        return rows[inside], month[inside].astype(np.int64)


def monthly_means(series: SeriesHistory, lessons: Lessons) -> Monthly:
    """Mean over the lesson time of each month, each bucket weighing as many seconds as were measured."""
    values, seconds, month = _measured(series, lessons)
    count = len(lessons.months)
    total = np.bincount(month, weights=seconds, minlength=count).astype(np.float64)
    summed = np.bincount(month, weights=values * seconds, minlength=count)
    with np.errstate(invalid="ignore", divide="ignore"):
        return Monthly(np.where(total > 0, summed / total, np.nan), total)


def monthly_percentiles(series: SeriesHistory, lessons: Lessons, q: float) -> Monthly:
    """The exact `q`-th percentile (0 to 100) of each month's lessons, as `model.percentile` has it."""
    values, seconds, month = _measured(series, lessons)
    count = len(lessons.months)
    total = np.bincount(month, weights=seconds, minlength=count).astype(np.float64)
    out = np.full(count, np.nan)
    bounds = np.searchsorted(month, np.arange(count + 1)).tolist()
    for number in np.flatnonzero(total > 0).tolist():
        of_month = slice(bounds[number], bounds[number + 1])
        here = values[of_month]
        order = np.argsort(here, kind="stable")
        reached = seconds[of_month][order].cumsum()
        place = int(reached.searchsorted(reached[-1] * (q / 100), side="left"))
        out[number] = here[order[min(place, here.size - 1)]]
    return Monthly(out, total)


def _measured(series: SeriesHistory, lessons: Lessons) -> tuple[Floats, Floats, NDArray[np.int64]]:
    rows, month = lessons.rows(series)
    values = series.values[rows]
    seconds = series.coverage[rows] * series.widths[rows]
    chosen = np.isfinite(values) & (seconds > 0)
    return values[chosen], seconds[chosen], month[chosen]


def _following(day: date) -> date:
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)
