"""Where in the school week the simulation is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from netwatch.model import DAY, WEEK
from netwatch.simulate.signals import WeekLoad

__all__ = ["parse_phase", "school_moment", "week_load"]

_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PHASE = re.compile(r"(?P<day>[a-z]+)[ T](?P<hour>\d\d?):(?P<minute>\d\d)")


def week_load(week: Mapping[str, Sequence[tuple[str, float]]], start: float) -> WeekLoad:
    """The load of a week that is described by `weekday` and `weekend` points."""
    points: list[tuple[float, float]] = []
    for day in range(7):
        for text, load in week["weekday" if day < 5 else "weekend"]:
            hour, minute = text.split(":")
            points.append((day * DAY + int(hour) * 3600.0 + int(minute) * 60.0, load))
    return WeekLoad(points, start)


def school_moment(wall: float, zone: ZoneInfo) -> float:
    """Seconds since Monday 00:00 on the school's clock."""
    local = datetime.fromtimestamp(wall, zone)
    return (local.weekday() * DAY + local.hour * 3600 + local.minute * 60 + local.second) + wall % 1


def parse_phase(text: str) -> float:
    """`tuesday 10:30` as seconds since Monday 00:00. Raises ValueError."""
    found = _PHASE.fullmatch(text.strip().lower())
    days = [day for day in _DAYS if found and day.startswith(found["day"]) and len(found["day"]) >= 2]
    if found is None or len(days) != 1 or int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise ValueError(f"{text!r} is no moment of a week; write it as 'tuesday 10:30'")
    return (_DAYS.index(days[0]) * DAY + int(found["hour"]) * 3600 + int(found["minute"]) * 60.0) % WEEK
