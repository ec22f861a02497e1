"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import structlog

from netwatch.app.garbage import calm, settle
from netwatch.app.handing import Handover, taken
from netwatch.app.kept_plans import Judged, KeptPlans
from netwatch.app.loading import Configuration
from netwatch.app.utilisation import keep_frame
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.model import DAY, Alert, AssetTenure, ReplacementPlan, Report, Snapshot, load_catalogue
from netwatch.planning import Lifecycle, Plans, Policies, gather_all, judge_all
from netwatch.planning.basis import without_access, without_counters
from netwatch.planning.utilisation import frame_of
from netwatch.store import Store

__all__ = ["Planner", "Rules"]

_MOST_ALERTS = 200_000
"""Of the past, the latest first: more than that nobody dealt with by hand."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What plans are made by."""

    lifecycle: Lifecycle
    policies: Policies
    calendars: Calendars
    policy_texts: Mapping[str, str]

    @classmethod
    def of(cls, one: Configuration) -> Rules:
        return cls(one.lifecycle, one.policies, one.calendars, one.policy_texts)


class Planner:
    """Holds the last plans; makes new ones when asked."""

    def __init__(
        self, workers: Workers, history: Path, store: Path, handover: Handover, kept: KeptPlans
    ) -> None:
        """`history`: folder of the history; `store`: the database that keeps the alerts; `kept`: where what
        plans stand on goes."""
        self._workers = workers
        self._handover = handover
        self._history = history
        self._store = store
        self.kept = kept
        self.judged: Judged | None = None
        """None until the first ones were made."""
        self.cost = 0.0
        """CPU seconds of a worker that the last ones took."""

    @property
    def plans(self) -> Plans | None:
        """None until the first ones were made."""
        return None if self.judged is None else self.judged.plans

    def replacements(self) -> ReplacementPlan | None:
        """The last ranking; None until there is one."""
        return None if self.plans is None else self.plans.replacements

    def reports(self) -> Mapping[str, Report] | None:
        """The last plans by name; None until there are any."""
        return None if self.plans is None else self.plans.reports

    async def refresh(
        self,
        snapshot: Snapshot,
        configuration: Configuration,
        tenures: tuple[AssetTenure, ...] = (),
        pages: Mapping[date, int] | None = None,
    ) -> None:
        """Makes all plans anew, for the moment of the snapshot. `tenures`: the ledger of assets; `pages`:
        messages to people by month. Raises StoreError where there is no room for them."""
        at, lent = snapshot.at.wall, self._handover.lent(without_counters(snapshot))
        del snapshot  # large, and planning takes its time
        async with lent as file:
            made = await self._workers.run(
                _make,
                file,
                at,
                self._history,
                self._store,
                self.kept,
                Rules.of(configuration),
                tenures,
                pages,
            )
        if isinstance(made, StoreError):
            raise made
        self.judged, self.cost = made

    async def restore(self, configuration: Configuration) -> bool:
        """Takes the plans of the netwatch that ran before, until there are new ones: those under the same
        policies. False if there are none."""
        if self.judged is not None:
            return False
        found = await self._workers.run(_kept, self.kept)
        if isinstance(found, StoreError):
            structlog.get_logger("netwatch").warning("the last plans are lost", error=str(found))
            return False
        if self.judged is not None or found is None or found.policy_texts != configuration.policy_texts:
            return False
        self.judged = found
        return True


def _kept(kept: KeptPlans) -> Judged | StoreError | None:
    try:
        return kept.judged()
    except StoreError as error:
        return error


def _make(
    file: Path,
    at: float,
    history: Path,
    database: Path,
    kept: KeptPlans,
    rules: Rules,
    tenures: tuple[AssetTenure, ...],
    pages: Mapping[date, int] | None,
) -> tuple[Judged, float] | StoreError:
    with calm():
        return _made(file, at, history, database, kept, rules, tenures, pages)


def _made(
    file: Path,
    at: float,
    history: Path,
    database: Path,
    kept: KeptPlans,
    rules: Rules,
    tenures: tuple[AssetTenure, ...],
    pages: Mapping[date, int] | None,
) -> tuple[Judged, float] | StoreError:
    began = time.process_time()
    policies = rules.policies
    alerts = _alerts(database, at - policies.replacement.history_days * DAY)
    store = SegmentStore(history, load_catalogue())
    try:
        snapshot = without_access(taken(file))
        settle()
        keep_frame(history, frame_of(snapshot))
        gathered = gather_all(
            snapshot, store, policies, rules.calendars, at=at, alerts=alerts, tenures=tenures, pages=pages
        )
    finally:
        store.close()
    plans = judge_all(gathered, rules.lifecycle, policies)
    judged = Judged(plans, rules.lifecycle, policies, rules.policy_texts)
    try:
        kept.keep(judged, gathered)
    except StoreError as error:
        return error
    return judged, time.process_time() - began


def _alerts(database: Path, since: float) -> list[Alert]:
    """Open ones, and the past ones since that wall second."""
    with Store(database, read_only=True) as store:
        return [*store.incidents.load_past(since=since, limit=_MOST_ALERTS), *store.incidents.load_open()]
