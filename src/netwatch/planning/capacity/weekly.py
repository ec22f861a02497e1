"""From buckets of history to one value a week: percentiles of class time, the last reading, the busy hour."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar, LessonTime
from netwatch.model import HOUR, WEEK, SeriesHistory
from netwatch.planning.capacity.robust import FloatArray

__all__ = ["Weeks", "sum_of"]

_ENOUGH = 0.2
"""Share of a usual week's class time that has to be measured in a week for its percentile to count."""


@dataclass(slots=True)
class Weeks:
    """Whole weeks that end at the time of the plan."""

    count: int
    end: float
    """Wall seconds."""
    lessons: LessonTime = field(default_factory=LessonTime)
    """Remembers what calendars said."""
    _school: dict[int, tuple[Calendar, FloatArray, float]] = field(default_factory=dict)

    @property
    def start(self) -> float:
        return self.end - self.count * WEEK

    def school(self, calendar: Calendar) -> FloatArray:
        """Share of a full school week of each week, 0 to 1."""
        return self._of(calendar)[1]

    def percentile(self, series: SeriesHistory, calendar: Calendar | None, q: float = 0.95) -> FloatArray:
        """By week: the value at or below which `q` of the measured class time lies (of all time without a
        calendar); NaN where less than a fifth of a usual week was measured."""
        seconds = series.coverage * series.widths
        chosen = np.isfinite(series.values) & (seconds > 0)
        if calendar is not None:
            chosen &= self.lessons.of(calendar, series.starts, series.widths)
        usual = WEEK if calendar is None else self._of(calendar)[2]
        week = self._weeks(series)
        chosen &= (week >= 0) & (week < self.count)
        values, seconds, week = series.values[chosen], seconds[chosen], week[chosen]
        out = np.full(self.count, np.nan)
        if not values.size:
            return out
        order = np.lexsort((values, week))
        values, seconds, week = values[order], seconds[order], week[order]
        first = np.flatnonzero(np.diff(week, prepend=-1))
        last = np.append(first[1:], week.size) - 1
        reached = np.cumsum(seconds)
        before = reached[first] - seconds[first]
        total = reached[last] - before
        place = np.searchsorted(reached, before + q * total, side="left")
        enough = total >= _ENOUGH * usual
        out[week[first][enough]] = values[np.clip(place, first, last)][enough]
        return out

    def last(self, series: SeriesHistory) -> FloatArray:
        """By week: the last reading."""
        week = self._weeks(series)
        chosen = np.isfinite(series.values) & (series.coverage > 0) & (week >= 0) & (week < self.count)
        out = np.full(self.count, np.nan)
        out[week[chosen]] = series.values[chosen]  # in order of time: the last one stays
        return out

    def busy_hour(self, series: SeriesHistory) -> tuple[FloatArray, FloatArray]:
        """By week: mean of the busiest clock hour, and the wall seconds at which it began.

        Hours of which less than half was measured don't count.
        """
        hour = series.starts // HOUR
        seconds = np.where(np.isfinite(series.values), series.coverage * series.widths, 0.0)
        hours, index = np.unique(hour, return_inverse=True)
        measured = np.bincount(index, weights=seconds, minlength=hours.size)
        sums = np.bincount(index, weights=np.nan_to_num(series.values) * seconds, minlength=hours.size)
        width = np.maximum(HOUR, int(series.widths.max(initial=HOUR)))
        known = measured >= 0.5 * width
        week = np.asarray((hours * HOUR - self.start) // WEEK, dtype=np.int64)
        known &= (week >= 0) & (week < self.count)
        means, week, begins = sums[known] / measured[known], week[known], hours[known] * float(HOUR)
        out, at = np.full(self.count, np.nan), np.full(self.count, np.nan)
        order = np.lexsort((begins, means, week))
        out[week[order]] = means[order]
        at[week[order]] = begins[order]
        return out, at

    def _weeks(self, series: SeriesHistory) -> NDArray[np.int64]:
        return np.asarray((series.starts - self.start) // WEEK, dtype=np.int64)

    def _of(self, calendar: Calendar) -> tuple[Calendar, FloatArray, float]:
        found = self._school.get(id(calendar))
        if found is None:
            starts = (self.start + WEEK * np.arange(self.count)).astype(np.int64)
            seconds = calendar.mask(starts, WEEK) * WEEK
            usual = max(1.0, float(np.percentile(seconds, 90)) if seconds.size else 1.0)
            found = calendar, np.minimum(seconds / usual, 1.0), usual
            self._school[id(calendar)] = found
        return found


def sum_of(parts: list[SeriesHistory]) -> SeriesHistory | None:
    """The sum of several series over the buckets that all of them have; None where there are none."""
    first = parts[0]
    if len(parts) == 1:
        return first
    starts = first.starts
    for one in parts[1:]:
        if not np.array_equal(one.starts, starts):
            starts = np.intersect1d(one.starts, starts)
    if not starts.size:
        return None
    rows = [np.searchsorted(one.starts, starts) for one in parts]
    values = np.zeros(starts.size)
    coverage = np.ones(starts.size)
    for one, row in zip(parts, rows, strict=True):
        values += one.values[row]
        coverage = np.minimum(coverage, one.coverage[row])
    widths = first.widths[rows[0]]
    simulated = any(one.simulated for one in parts)
    return SeriesHistory(
        first.family, first.entity, first.labels, starts, widths, values, values, coverage, simulated
    )
