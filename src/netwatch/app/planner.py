"""Keeps the replacement plan current, in a worker process over frozen data."""

from __future__ import annotations

from pathlib import Path

from netwatch.app.loading import Configuration
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import ReplacementPlan, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, ReplacementPolicy, rank_replacements

__all__ = ["Planner"]


class Planner:
    """Holds the last plan; makes a new one when asked."""

    def __init__(self, workers: Workers, history: Path) -> None:
        self._workers = workers
        self._history = history
        self.plan: ReplacementPlan | None = None
        """None until the first one was made."""

    async def refresh(self, snapshot: Snapshot, configuration: Configuration) -> None:
        """Ranks anew, for the moment of the snapshot."""
        self.plan = await self._workers.run(
            _rank,
            snapshot,
            self._history,
            configuration.lifecycle,
            configuration.policy,
            configuration.calendars,
        )


def _rank(
    snapshot: Snapshot,
    history: Path,
    lifecycle: Lifecycle,
    policy: ReplacementPolicy,
    calendars: Calendars,
) -> ReplacementPlan:
    store = SegmentStore(history, load_catalogue())
    try:
        return rank_replacements(snapshot, store, lifecycle, policy, at=snapshot.at.wall, calendars=calendars)
    finally:
        store.close()
