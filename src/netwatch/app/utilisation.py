"""Utilisation out of a folder of history, whether its netwatch runs or not."""

from __future__ import annotations

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from netwatch.calendars import Calendars
from netwatch.errors import PlanningError, StoreError
from netwatch.history import SegmentStore
from netwatch.model import Report, load_catalogue
from netwatch.planning.utilisation import (
    FRAME_FILE,
    Frame,
    Level,
    frame_from_json,
    frame_to_json,
    measure_utilisation,
    utilisation_report,
)

__all__ = ["keep_frame", "read_frame", "utilisation"]

_LONGEST = timedelta(days=20 * 366)


def keep_frame(history: Path, frame: Frame) -> None:
    """Writes what the series belong to beside them, where that changed. Raises StoreError."""
    path = history / FRAME_FILE
    body = json.dumps(frame_to_json(frame), separators=(",", ":")).encode()
    try:
        if path.is_file() and path.read_bytes() == body:
            return
        history.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(body)
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"{path}: can't be written: {error.strerror}") from None


def read_frame(history: Path) -> Frame:
    """Raises PlanningError that says what to do."""
    path = history / FRAME_FILE
    try:
        return frame_from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise PlanningError(
            f"{path} is missing: netwatch writes it when it first makes plans; let it run for some minutes"
        ) from None
    except OSError as error:
        raise PlanningError(f"{path}: can't be read: {error.strerror}") from None
    except ValueError:
        raise PlanningError(f"{path} is damaged: a running netwatch writes it anew") from None


def utilisation(
    history: Path, calendars: Calendars, first: date, last: date, level: Level, now: float
) -> Report:
    """Of the days `first` to `last`, both in it, at the clocks of the district. `now`: wall seconds. Takes
    seconds to minutes: call it in a worker. Raises PlanningError."""
    if first > last:
        raise PlanningError(f"the window ends on {last}, before it begins on {first}: swap the days")
    if last - first > _LONGEST:
        raise PlanningError(f"the window from {first} to {last} is longer than 20 years: name a shorter one")
    zone = ZoneInfo(calendars.default.timezone)
    start = datetime(first.year, first.month, first.day, tzinfo=zone).timestamp()
    after = last + timedelta(days=1)
    end = datetime(after.year, after.month, after.day, tzinfo=zone).timestamp()
    frame = read_frame(history)
    store = SegmentStore(history, load_catalogue())
    try:
        used = measure_utilisation(frame, store, calendars, start=start, end=min(end, now), level=level)
    finally:
        store.close()
    if not used:
        raise PlanningError(f"nothing was measured from {first} to {last}: name another window")
    return utilisation_report(used, at=now, first=first, last=last, level=level)
