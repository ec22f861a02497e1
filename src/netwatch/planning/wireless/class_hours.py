"""History of radios folded into class hours: hours of which at least half is lesson time at their school.

So five-minute and hourly history count alike, and families are judged as whole arrays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar, LessonTime, unbroken
from netwatch.model import HOUR, EntityId, SeriesHistory
from netwatch.planning.basis import Basis, Reading

__all__ = ["Array", "Grid", "Means", "Rows", "Table", "Window", "quantile", "sorted_rows"]

_COVERED = 0.25
"""Share of a class hour that must have been measured for the hour to count."""
Array = NDArray[np.float64]


@dataclass(eq=False, slots=True)
class Grid:
    """The class hours of a calendar within a window."""

    calendar: Calendar
    hours: NDArray[np.int64]
    """Hours since the epoch, in order."""
    slot: NDArray[np.int64]
    """By hour since the first one of the window: its place in `hours`, -1 outside of lessons."""
    _last: tuple[tuple[int, int, int], NDArray[np.int64], NDArray[np.int64]] | None = None

    @classmethod
    def of(cls, calendar: Calendar, start: float, end: float, lessons: LessonTime) -> Grid:
        first = int(start // HOUR)
        every = np.arange(first, max(first, int(-(-end // HOUR))), dtype=np.int64)
        inside = lessons.of(calendar, every * HOUR, np.full(every.size, HOUR, dtype=np.int64))
        slot = np.full(every.size, -1, dtype=np.int64)
        slot[inside] = np.arange(int(inside.sum()))
        return cls(calendar, every[inside], slot)

    def fold(self, series: SeriesHistory, first: int) -> Array:
        """Mean of each class hour, weighed by the seconds that were measured; NaN where too few were.

        `first`: hour since the epoch at which `slot` begins.
        """
        count = self.hours.size
        rows, slots = self._buckets(series, first)
        seconds, values = series.coverage[rows] * series.widths[rows], series.values[rows]
        unknown = ~np.isfinite(values)
        if unknown.any():
            seconds, values = np.where(unknown, 0.0, seconds), np.where(unknown, 0.0, values)
        measured = np.bincount(slots, seconds, minlength=count)
        sums = np.bincount(slots, seconds * values, minlength=count)
        enough = measured >= _COVERED * HOUR
        if enough.all():
            return np.asarray(sums / measured, dtype=np.float64)
        return np.where(enough, sums / np.where(enough, measured, 1.0), np.nan)

    def _buckets(self, series: SeriesHistory, first: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions of the buckets that lie in class hours, and the slot of each. Series of one poll have the
        same buckets, so the last answer mostly holds."""
        key = unbroken(series.starts, series.widths)
        if key is not None and self._last is not None and self._last[0] == key:
            return self._last[1:]
        place = series.starts // HOUR - first
        known = (place >= 0) & (place < self.slot.size) & (series.widths <= HOUR)
        slots = np.where(known, self.slot[np.where(known, place, 0)], -1)
        rows = np.flatnonzero(slots >= 0)
        slots = slots[rows]
        if key is not None:
            self._last = key, rows, slots
        return rows, slots


@dataclass(slots=True)
class Rows:
    """Radios of one grid: a row of class hours each."""

    radios: list[EntityId] = field(default_factory=list)
    values: list[Array] = field(default_factory=list)

    def matrix(self) -> Array:
        return np.vstack(self.values)

    def aligned(self, radios: list[EntityId], hours: int) -> Array:
        """Rows of these radios; NaN for those that are not here."""
        out = np.full((len(radios), hours), np.nan)
        place = {radio: row for row, radio in enumerate(radios)}
        for radio, values in zip(self.radios, self.values, strict=True):
            if radio in place:
                out[place[radio]] = values
        return out


@dataclass(slots=True)
class Table:
    """One family and label over class hours."""

    rows: dict[Grid, Rows] = field(default_factory=dict)

    def add(self, grid: Grid, radio: EntityId, values: Array) -> None:
        rows = self.rows.setdefault(grid, Rows())
        rows.radios.append(radio)
        rows.values.append(values)


@dataclass(slots=True)
class Means:
    """Of the hours that are known; radios without any are left out."""

    found: dict[EntityId, float] = field(default_factory=dict)

    def add(self, grid: Grid, radio: EntityId, values: Array) -> None:
        del grid
        count = int(np.isfinite(values).sum())
        if count:
            self.found[radio] = float(np.nansum(values)) / count


Take = Callable[[Grid, EntityId, Array], None]
"""Gets the class hours of one radio."""


class Window:
    """One stretch of history, wall seconds, and the class hours of every calendar in it."""

    def __init__(self, basis: Basis, reading: Reading, start: float, end: float) -> None:
        self._basis, self._reading = basis, reading
        self.start, self.end = start, end
        self._grids: dict[int, Grid] = {}
        self._of_device: dict[EntityId, Grid] = {}
        self.simulated = False

    def want(self, family: str, takes: Mapping[tuple[str, ...], Take]) -> None:
        """Class hours of a family, for each of the row labels that are wanted."""
        entities = self._basis.snapshot.entities
        first = int(self.start // HOUR)

        def take(series: SeriesHistory) -> None:
            radio, of_labels = entities.get(series.entity), takes.get(series.labels)
            if radio is not None and of_labels is not None:
                grid = self._grid(radio.device)
                of_labels(grid, series.entity, grid.fold(series, first))
                self.simulated |= series.simulated

        self._reading.want(family, self.start, self.end, take)

    def _grid(self, device: EntityId) -> Grid:
        grid = self._of_device.get(device)
        if grid is None:
            calendar = self._basis.calendar_of(device)  # one object for all that are alike
            grid = self._grids.get(id(calendar))
            if grid is None:
                grid = Grid.of(calendar, self.start, self.end, self._reading.lessons)
                self._grids[id(calendar)] = grid
            self._of_device[device] = grid
        return grid


def sorted_rows(values: Array) -> tuple[Array, NDArray[np.int64]]:
    """Each row in order, NaN last; how many of each row are known."""
    return np.sort(values, axis=1), np.isfinite(values).sum(axis=1)


def quantile(ordered: Array, counts: NDArray[np.int64], percent: int) -> Array:
    """The value at or below which at least `percent` of each row lies; NaN for rows without any."""
    if not ordered.shape[1]:
        return np.full(ordered.shape[0], np.nan)
    place = np.maximum(-(-counts * percent // 100) - 1, 0)
    return np.asarray(ordered[np.arange(ordered.shape[0]), place], dtype=np.float64)
