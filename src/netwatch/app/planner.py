"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from netwatch.app.loading import Configuration
from netwatch.app.utilisation import keep_frame
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import ReplacementPlan, Report, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, Plans, Policies, make_plans
from netwatch.planning.utilisation import frame_of

__all__ = ["Planner"]


class Planner:
    """Holds the last plans; makes new ones when asked."""

    def __init__(self, workers: Workers, history: Path) -> None:
        self._workers = workers
        self._history = history
        self.plans: Plans | None = None
        """None until the first ones were made."""

    def replacements(self) -> ReplacementPlan | None:
        """The last ranking; None until there is one."""
        return None if self.plans is None else self.plans.replacements

    def reports(self) -> Mapping[str, Report] | None:
        """The last plans by name; None until there are any."""
        return None if self.plans is None else self.plans.reports

    async def refresh(
        self, snapshot: Snapshot, configuration: Configuration, pages: Mapping[date, int] | None = None
    ) -> None:
        """Makes all plans anew, for the moment of the snapshot. `pages`: messages to people by month."""
        self.plans = await self._workers.run(
            _make,
            snapshot,
            self._history,
            configuration.lifecycle,
            configuration.policies,
            configuration.calendars,
            pages,
        )


def _make(
    snapshot: Snapshot,
    history: Path,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
    pages: Mapping[date, int] | None,
) -> Plans:
    store = SegmentStore(history, load_catalogue())
    keep_frame(history, frame_of(snapshot))
    try:
        return make_plans(snapshot, store, lifecycle, policies, calendars, at=snapshot.at.wall, pages=pages)
    finally:
        store.close()
