"""History of radios folded into class hours: hours of which at least half is lesson time at their school.

So five-minute and hourly history count alike, and families are judged as whole arrays.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendar
from netwatch.model import EntityId, HistoryReader, SeriesHistory
from netwatch.planning.basis import Basis

__all__ = ["HOUR", "Array", "Grid", "Rows", "Table", "Window", "quantile", "sorted_rows"]

HOUR = 3600
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
    _last: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]] | None = None

    @classmethod
    def of(cls, calendar: Calendar, start: float, end: float) -> Grid:
        first = int(start // HOUR)
        every = np.arange(first, max(first, int(-(-end // HOUR))), dtype=np.int64)
        inside = calendar.mask(every * HOUR, HOUR) >= 0.5
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
        last = self._last
        if last is not None and last[0].size == series.starts.size:
            same = np.array_equal(last[0], series.starts) and np.array_equal(last[1], series.widths)
            if same:
                return last[2], last[3]
        place = series.starts // HOUR - first
        known = (place >= 0) & (place < self.slot.size) & (series.widths <= HOUR)
        slots = np.where(known, self.slot[np.where(known, place, 0)], -1)
        rows = np.flatnonzero(slots >= 0)
        self._last = (series.starts, series.widths, rows, slots[rows])
        return rows, slots[rows]


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

    def means(self) -> dict[EntityId, float]:
        """Of the hours that are known; radios without any are left out."""
        out: dict[EntityId, float] = {}
        for rows in self.rows.values():
            values = rows.matrix()
            counts = np.isfinite(values).sum(axis=1)
            sums = np.nansum(values, axis=1)
            told = zip(rows.radios, sums.tolist(), counts.tolist(), strict=True)
            out |= {radio: total / count for radio, total, count in told if count}
        return out


class Window:
    """One stretch of history, wall seconds, and the class hours of every calendar in it."""

    def __init__(self, basis: Basis, history: HistoryReader, start: float, end: float) -> None:
        self._basis, self._history = basis, history
        self.start, self.end = start, end
        self._grids: dict[int, Grid] = {}
        self._of_device: dict[EntityId, Grid] = {}
        self.simulated = False

    def read(self, family: str, wanted: tuple[tuple[str, ...], ...]) -> dict[tuple[str, ...], Table]:
        """Reads a family once: a table for each of the row labels that are wanted."""
        out = {labels: Table() for labels in wanted}
        entities = self._basis.snapshot.entities
        first = int(self.start // HOUR)
        for series in self._series(family):
            radio = entities.get(series.entity)
            if radio is not None and series.labels in out:
                grid = self._grid(radio.device)
                out[series.labels].add(grid, series.entity, grid.fold(series, first))
                self.simulated |= series.simulated
        return out

    def _series(self, family: str) -> Iterator[SeriesHistory]:
        found = self._history.read(family, self.start, self.end)
        return (series for series in found if series.starts.size)

    def _grid(self, device: EntityId) -> Grid:
        grid = self._of_device.get(device)
        if grid is None:
            calendar = self._basis.calendar_of(device)  # one object for all that are alike
            grid = self._grids.get(id(calendar))
            if grid is None:
                grid = self._grids[id(calendar)] = Grid.of(calendar, self.start, self.end)
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
