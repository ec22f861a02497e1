"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

from pathlib import Path

from netwatch.app.loading import Configuration
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import AssetTenure, ReplacementPlan, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, Plans, Policies, make_plans

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

    async def refresh(
        self, snapshot: Snapshot, configuration: Configuration, tenures: tuple[AssetTenure, ...] = ()
    ) -> None:
        """Makes all plans anew, for the moment of the snapshot. `tenures`: the ledger of assets."""
        self.plans = await self._workers.run(
            _make,
            snapshot,
            self._history,
            configuration.lifecycle,
            configuration.policies,
            configuration.calendars,
            tenures,
        )


def _make(
    snapshot: Snapshot,
    history: Path,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
    tenures: tuple[AssetTenure, ...],
) -> Plans:
    store = SegmentStore(history, load_catalogue())
    try:
        at = snapshot.at.wall
        return make_plans(snapshot, store, lifecycle, policies, calendars, at=at, tenures=tenures)
    finally:
        store.close()
