"""How busy links were over the lessons of the last school day: families for rules, out of history."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from netwatch.alerts.derived import derived_family
from netwatch.calendars import Calendar, Calendars, LessonTime
from netwatch.model import DAY, Column, EntityId, HistoryReader, PlaceId, Snapshot, percentile

__all__ = ["last_school_day", "school_day_columns", "school_days"]

_FAMILIES = {
    "netwatch_interface_receive_school_day_p95_ratio": "netwatch_interface_receive_bytes_total",
    "netwatch_interface_transmit_school_day_p95_ratio": "netwatch_interface_transmit_bytes_total",
}
_SPEED = "netwatch_interface_speed_bytes_per_second"
LONGEST_AGO = 7
"""Days. What was before says nothing of today."""
_LEAST = 0.5
"""Part of the lessons that has to be known; else a day is no day."""

Span = tuple[float, float]


def last_school_day(calendar: Calendar, at: float) -> Span | None:
    """First bell and last one of the last day whose lessons are over at `at`, in UTC seconds; None if that
    was more than a week ago."""
    today, _ = calendar.wall(at)
    for ago in range(LONGEST_AGO + 1):
        day = today - timedelta(days=ago)
        if not calendar.is_school_day(day):
            continue
        # Around the day by more than any offset of a zone; what belongs to the neighbours is cut by the date.
        middle = at - ago * DAY
        windows = [
            window for window in calendar.windows(middle - 172800, middle + 172800)
            if calendar.wall(window[0])[0] == day
        ]  # fmt: skip
        if windows and windows[-1][1] <= at:
            return windows[0][0], windows[-1][1]
    return None


def school_days(snapshot: Snapshot, calendars: Calendars) -> Mapping[EntityId, tuple[Calendar, Span]]:
    """By device: its calendar, and its last school day at the moment of the snapshot."""
    places, at = snapshot.inventory.places, snapshot.at.wall
    entered = {
        entry.target.device: entry.place
        for entry in snapshot.inventory.devices.values()
        if entry.target is not None
    }
    days: dict[int, Span | None] = {}
    out: dict[EntityId, tuple[Calendar, Span]] = {}
    for device in snapshot.devices():
        place = PlaceId(str(device.facts.get("place", ""))) or entered.get(device.id)
        calendar = calendars.at(place, places)
        if id(calendar) not in days:
            days[id(calendar)] = last_school_day(calendar, at)
        span = days[id(calendar)]
        if span is not None:
            out[device.id] = calendar, span
    return out


def school_day_columns(snapshot: Snapshot, history: HistoryReader, calendars: Calendars) -> dict[str, Column]:
    """The derived families, for interfaces whose speed and history are known. Takes seconds for a large
    history: call it in a worker."""
    days = school_days(snapshot, calendars)
    speeds = _speeds(snapshot)
    if not days or not speeds:
        return {}
    start = min(span[0] for _, span in days.values())
    end = max(span[1] for _, span in days.values())
    out: dict[str, Column] = {}
    lesson_time = LessonTime()
    for name, family in _FAMILIES.items():
        found: dict[EntityId, float] = {}
        for series in history.read(family, start, end):
            entity = snapshot.entities.get(series.entity)
            if entity is None or series.entity not in speeds or entity.device not in days:
                continue
            calendar, (first, last) = days[entity.device]
            lessons = lesson_time.of(calendar, series.starts, series.widths)
            lessons = lessons & (series.starts >= first) & (series.starts < last)
            known = float(np.sum((series.coverage * series.widths)[lessons]))
            value = percentile(series, 95, lessons)
            if value is not None and known >= _LEAST * calendar.seconds(first, last):
                found[series.entity] = value / speeds[series.entity]
        if found:
            out[name] = _column(name, found, snapshot.at.wall)
    return out


def _speeds(snapshot: Snapshot) -> dict[EntityId, float]:
    column = snapshot.columns.get(_SPEED)
    if column is None:
        return {}
    values = column.values
    rows = np.flatnonzero(values > 0).tolist()
    return {column.entities[row]: float(values[row]) for row in rows}


def _column(name: str, found: Mapping[EntityId, float], at: float) -> Column:
    size = len(found)
    return Column(
        family=derived_family(name),
        entities=tuple(found),
        labels=((),) * size,
        values=np.array(list(found.values())),
        rates=np.full(size, np.nan),
        times=np.full(size, at),
        fresh=np.ones(size, dtype=np.bool_),
        origins=("history",) * size,
    )
