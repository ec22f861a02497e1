"""Mean, 95th percentile and maximum by place, streamed from history in bounded memory.

Shares are counted in steps of a tenth of a percent point, clients one by one; so a percentile is as exact as
that, whatever the number of series. Clients of a place are summed moment by moment before they are judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from netwatch.calendars import Calendars, LessonTime, unbroken
from netwatch.model import DAY, EntityId, HistoryReader, Place, PlaceKind, SeriesHistory
from netwatch.planning.utilisation.frame import Frame, Group, Thing

__all__ = ["Level", "Use", "Used", "measure_utilisation"]

Floats = NDArray[np.float64]
_LESSONS, _ALWAYS = 0, 1
_STEPS = 1000
"""Of a share of 1; what is fuller than full counts as full in percentiles, and as it is in the maximum."""
_MOST_CLIENTS = 20_000
_BUCKET = 300
_CELLS = 6_000_000
"""Moments times places that are summed at a time: 24 MB twice."""


class Level(StrEnum):
    ROOM = "room"
    """The place that a device is entered at, be it a room, a closet or a floor."""
    SCHOOL = "school"
    DISTRICT = "district"


@dataclass(frozen=True, slots=True)
class Use:
    """Over some hours. None: nothing was measured."""

    mean: float | None
    p95: float | None
    seconds: float
    """Measured, summed over things; of clients: of the place."""


@dataclass(frozen=True, slots=True)
class Used:
    """Things of one sort at one place."""

    place: Place | None
    school: str
    group: Group
    things: int
    lessons: Use
    always: Use
    largest: float | None
    simulated: bool


@dataclass(slots=True)
class _Sum:
    """Histograms over class time and over all hours, in seconds."""

    size: int
    counts: NDArray[np.float32] = field(init=False)
    total: list[float] = field(default_factory=lambda: [0.0, 0.0])
    seconds: list[float] = field(default_factory=lambda: [0.0, 0.0])
    largest: float = -np.inf
    entities: set[EntityId] = field(default_factory=set)
    simulated: bool = False

    def __post_init__(self) -> None:
        self.counts = np.zeros((2, self.size), dtype=np.float32)

    def add(
        self, steps: NDArray[np.int64], values: Floats, seconds: Floats, lessons: NDArray[np.bool_]
    ) -> None:
        """`steps`: where in the histogram each value counts."""
        high = int(steps.max()) + 1
        if high > self.size:
            grown = np.zeros((2, high), dtype=np.float32)
            grown[:, : self.size] = self.counts
            self.counts, self.size = grown, high
        for row in range(2):
            weights = seconds * lessons if row == _LESSONS else seconds
            self.counts[row] += np.bincount(steps, weights, self.size).astype(np.float32)
            self.total[row] += float(np.dot(values, weights))
            self.seconds[row] += float(weights.sum())

    def use(self, row: int, step: float) -> Use:
        seconds = self.seconds[row]
        if seconds <= 0:
            return Use(None, None, 0.0)
        reached = np.cumsum(self.counts[row], dtype=np.float64)
        place = int(np.searchsorted(reached, reached[-1] * 0.95, side="left"))
        return Use(self.total[row] / seconds, min(place, self.size - 1) * step, seconds)


def measure_utilisation(
    frame: Frame, history: HistoryReader, calendars: Calendars, *, start: float, end: float, level: Level
) -> tuple[Used, ...]:
    """Of [start, end), wall seconds, by place and group. `calendars` has a default. Reads month by month;
    needs memory for the places, not for the window."""
    work = _Work(frame, calendars, level)
    for family, things in frame.things.items():
        clients = any(one.group is Group.CLIENTS for found in things.values() for one in found)
        if not clients:
            for begin, stop in _months(start, end):
                work.shares(family, history, begin, stop)
    width = max(DAY, min(31 * DAY, _CELLS // max(1, work.wireless_places) * _BUCKET // DAY * DAY))
    for begin in range(int(start), int(end), width):
        work.clients(history, begin, min(begin + width, int(end)))
    return work.result()


def _months(start: float, end: float) -> Iterator[tuple[float, float]]:
    """As the files of history are cut."""
    while start < end:
        day = datetime.fromtimestamp(start, UTC)
        following = datetime(day.year + day.month // 12, day.month % 12 + 1, 1, tzinfo=UTC).timestamp()
        yield start, min(end, following)
        start = following


class _Work:
    def __init__(self, frame: Frame, calendars: Calendars, level: Level) -> None:
        self._frame, self._calendars, self._level = frame, calendars, level
        self._sums: dict[tuple[str, Group], _Sum] = {}
        self._lessons = LessonTime()
        self._wireless = {
            family: things
            for family, things in frame.things.items()
            if any(one.group is Group.CLIENTS for found in things.values() for one in found)
        }
        keys = {self._key(found[0]) for things in self._wireless.values() for found in things.values()}
        self._order = {key: number for number, key in enumerate(sorted(keys))}

    @property
    def wireless_places(self) -> int:
        return len(self._order)

    def shares(self, family: str, history: HistoryReader, start: float, end: float) -> None:
        """Adds what is a share of something."""
        things = self._frame.things[family]
        for series in history.read(family, start, end, sorted(things)):
            if not series.starts.size or (series.labels and series.labels[0] not in ("all", "")):
                continue
            for thing in things[series.entity]:
                self._share(series, thing)

    def _share(self, series: SeriesHistory, thing: Thing) -> None:
        seconds = series.coverage * series.widths
        known = np.isfinite(series.values) & (seconds > 0)
        if not known.any():
            return
        # Mostly nothing is missing: then nothing has to be copied.
        chosen = slice(None) if known.all() else np.flatnonzero(known)
        values, seconds = series.values[chosen] / thing.capacity, seconds[chosen]
        lessons = self._class_time(thing, series.starts, series.widths)[chosen]
        # The step at or above a value: a percentile is never told too low.
        steps = np.ceil(np.clip(values, 0.0, 1.0) * _STEPS - 1e-6).astype(np.int64)
        sums = self._sum(thing, _STEPS + 1)
        sums.add(steps, values, seconds, lessons)
        peaks = series.peaks[chosen]
        sums.largest = max(sums.largest, float(np.nanmax(np.fmax(peaks / thing.capacity, values))))
        sums.entities.add(series.entity)
        sums.simulated |= series.simulated

    def clients(self, history: HistoryReader, start: int, end: int) -> None:
        """Adds the sums of clients by place."""
        if not self._order:
            return
        first = start // _BUCKET
        buckets = -(-end // _BUCKET) - first
        shape = (len(self._order), buckets)
        totals, known = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
        things: dict[str, Thing] = {}
        for family, by_entity in self._wireless.items():
            for series in history.read(family, start, end, sorted(by_entity)):
                if any(series.labels):  # an SSID of a radio that is told as a whole
                    continue
                for thing in by_entity[series.entity]:
                    key = self._key(thing)
                    things[key] = thing
                    _lay(series, first, totals[self._order[key]], known[self._order[key]])
                    sums = self._sum(thing, 64)
                    sums.entities.add(series.entity)
                    sums.simulated |= series.simulated
        starts = (np.arange(buckets, dtype=np.int64) + first) * _BUCKET
        widths = np.full(buckets, _BUCKET, dtype=np.int64)
        for key, thing in sorted(things.items()):
            chosen = known[self._order[key]]
            if not chosen.any():
                continue
            values = totals[self._order[key]][chosen].astype(np.float64)
            lessons = self._class_time(thing, starts, widths)[chosen]
            steps = np.clip(np.rint(values), 0, _MOST_CLIENTS).astype(np.int64)
            sums = self._sum(thing, 64)
            sums.add(steps, values, np.full(values.size, float(_BUCKET)), lessons)
            sums.largest = max(sums.largest, float(values.max()))

    def result(self) -> tuple[Used, ...]:
        """By place, then by group."""
        groups = list(Group)
        keys = sorted(self._sums, key=lambda one: (one[0], groups.index(one[1])))
        places = {str(place.id): place for place in self._frame.places.by_id.values()}
        out = []
        for key, group in keys:
            sums, place = self._sums[key, group], places.get(key)
            step = 1.0 if group is Group.CLIENTS else 1 / _STEPS
            school = self._frame.places.site_of(place.id) if place is not None else None
            if sums.seconds[_ALWAYS] > 0:
                out.append(
                    Used(
                        place,
                        school.name if school is not None else "",
                        group,
                        len(sums.entities),
                        sums.use(_LESSONS, step),
                        sums.use(_ALWAYS, step),
                        sums.largest if np.isfinite(sums.largest) else None,
                        sums.simulated,
                    )
                )
        return tuple(out)

    def _key(self, thing: Thing) -> str:
        """The place that a thing counts at; empty where nobody knows."""
        places = self._frame.places
        if self._level is Level.DISTRICT:
            found = next(iter(places.of_kind(PlaceKind.DISTRICT)), None)
        elif self._level is Level.SCHOOL:
            found = places.site_of(thing.place)
        else:
            return str(thing.place or "")
        return "" if found is None else str(found.id)

    def _sum(self, thing: Thing, size: int) -> _Sum:
        key = self._key(thing), thing.group
        if key not in self._sums:
            self._sums[key] = _Sum(size)
        return self._sums[key]

    def _class_time(
        self, thing: Thing, starts: NDArray[np.int64], widths: NDArray[np.int64]
    ) -> NDArray[np.bool_]:
        calendar = self._calendars.at(thing.place, self._frame.places)
        return self._lessons.of(calendar, starts, widths)


def _lay(series: SeriesHistory, first: int, total: NDArray[np.float32], known: NDArray[np.bool_]) -> None:
    """Adds a series to the moments of its place; a wide bucket holds for all that lie in it."""
    good = np.isfinite(series.values) & (series.coverage > 0)
    even = unbroken(series.starts, series.widths)
    if even is not None and even[2] == _BUCKET and good.all():
        begin = even[0] // _BUCKET - first
        low, high = max(0, -begin), min(even[1], total.size - begin)
        if low < high:
            total[begin + low : begin + high] += series.values[low:high].astype(np.float32)
            known[begin + low : begin + high] = True
        return
    starts, values = series.starts[good], series.values[good]
    repeats = np.maximum(series.widths[good] // _BUCKET, 1)
    offsets = np.arange(int(repeats.sum())) - np.repeat(np.cumsum(repeats) - repeats, repeats)
    at = np.repeat(starts // _BUCKET - first, repeats) + offsets
    inside = (at >= 0) & (at < total.size)
    np.add.at(total, at[inside], np.repeat(values, repeats)[inside].astype(np.float32))
    known[at[inside]] = True
