"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

from pathlib import Path

from netwatch.app.loading import Configuration
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import Alert, ReplacementPlan, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, Plans, Policies, make_plans
from netwatch.store import Store

__all__ = ["Planner"]

_DAY = 86400.0
_MOST_ALERTS = 200_000
"""Of the past, the latest first: more than that nobody dealt with by hand."""


class Planner:
    """Holds the last plans; makes new ones when asked."""

    def __init__(self, workers: Workers, history: Path, store: Path) -> None:
        """`history`: folder of the history; `store`: the database that keeps the alerts."""
        self._workers = workers
        self._history = history
        self._store = store
        self.plans: Plans | None = None
        """None until the first ones were made."""

    def replacements(self) -> ReplacementPlan | None:
        """The last ranking; None until there is one."""
        return None if self.plans is None else self.plans.replacements

    async def refresh(self, snapshot: Snapshot, configuration: Configuration) -> None:
        """Makes all plans anew, for the moment of the snapshot."""
        self.plans = await self._workers.run(
            _make,
            snapshot,
            self._history,
            self._store,
            configuration.lifecycle,
            configuration.policies,
            configuration.calendars,
        )


def _make(
    snapshot: Snapshot,
    history: Path,
    database: Path,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
) -> Plans:
    at = snapshot.at.wall
    alerts = _alerts(database, at - policies.replacement.history_days * _DAY)
    store = SegmentStore(history, load_catalogue())
    try:
        return make_plans(snapshot, store, lifecycle, policies, calendars, at=at, alerts=alerts)
    finally:
        store.close()


def _alerts(database: Path, since: float) -> list[Alert]:
    """Open ones, and the past ones since that wall second."""
    with Store(database, read_only=True) as store:
        return [*store.incidents.load_past(since=since, limit=_MOST_ALERTS), *store.incidents.load_open()]
