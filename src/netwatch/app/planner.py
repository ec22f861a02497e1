"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

from pathlib import Path

from netwatch.app.handing import Handover, taken
from netwatch.app.loading import Configuration
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import ReplacementPlan, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, Plans, Policies, make_plans

__all__ = ["Planner"]


class Planner:
    """Holds the last plans; makes new ones when asked."""

    def __init__(self, workers: Workers, history: Path, handover: Handover) -> None:
        self._workers = workers
        self._handover = handover
        self._history = history
        self.plans: Plans | None = None
        """None until the first ones were made."""

    def replacements(self) -> ReplacementPlan | None:
        """The last ranking; None until there is one."""
        return None if self.plans is None else self.plans.replacements

    async def refresh(self, snapshot: Snapshot, configuration: Configuration) -> None:
        """Makes all plans anew, for the moment of the snapshot."""
        file, at = await self._handover.put(snapshot), snapshot.at.wall
        del snapshot  # large, and planning takes its time
        try:
            self.plans = await self._workers.run(
                _make,
                file,
                at,
                self._history,
                configuration.lifecycle,
                configuration.policies,
                configuration.calendars,
            )
        finally:
            file.unlink(missing_ok=True)


def _make(
    file: Path,
    at: float,
    history: Path,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
) -> Plans:
    store = SegmentStore(history, load_catalogue())
    try:
        return make_plans(taken(file), store, lifecycle, policies, calendars, at=at)
    finally:
        store.close()
