"""All plans of one moment: what the daemon keeps, shows and hands out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import Alert, HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import gather, incidents_of
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import rank
from netwatch.planning.replacement.report import report as replacement_report

__all__ = ["Plans", "make_plans"]

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Plans:
    replacements: ReplacementPlan
    reports: Mapping[str, Report]
    """By name, in the order in which people read them."""


def make_plans(
    snapshot: Snapshot,
    history: HistoryReader,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
    *,
    at: float,
    alerts: Iterable[Alert] | None = None,
) -> Plans:
    """Gathers once, then judges under each policy. Pure but for reading history; takes seconds where there is
    much of it. `at` is the wall second for which plans are made, `alerts` the past and open ones, if anybody
    kept them."""
    default = policies.replacement.school_hours.calendar()
    days = policies.replacement.history_days
    incidents = None if alerts is None else incidents_of(alerts, at - days * DAY, at)
    calendars = calendars.with_default(default)
    basis = gather(snapshot, history, calendars, at=at, days=days, incidents=incidents)
    replacements = rank(basis, lifecycle, policies.replacement, overrides=policies.overrides)
    reports = (replacement_report(replacements),)
    return Plans(replacements, {one.name: one for one in reports})
