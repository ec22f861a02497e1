"""Looks at the last school day once it is over, in a worker process, for the rules."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from netwatch.alerts import school_day_columns, school_days
from netwatch.app.handing import Handover, taken
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import Column, Snapshot, load_catalogue

__all__ = ["SchoolDay"]


class SchoolDay:
    """Holds what was found of the last school day."""

    def __init__(self, workers: Workers, history: Path, handover: Handover) -> None:
        self._workers = workers
        self._handover = handover
        self._history = history
        self._looked: object = None
        self.columns: Mapping[str, Column] = {}
        """Families for rules."""

    async def refresh(self, snapshot: Snapshot, calendars: Calendars) -> bool:
        """Looks anew if another school day is over somewhere. Returns whether it did."""
        days = school_days(snapshot, calendars)
        spans = frozenset(span for _, span in days.values()), calendars.closures
        if spans == self._looked:
            return False
        async with self._handover.lent(snapshot) as file:
            self.columns = await self._workers.run(_look, file, self._history, calendars)
        self._looked = spans
        return True


def _look(file: Path, history: Path, calendars: Calendars) -> Mapping[str, Column]:
    store = SegmentStore(history, load_catalogue())
    try:
        return school_day_columns(taken(file), store, calendars)
    finally:
        store.close()
