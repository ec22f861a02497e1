"""All plans of one moment: what the daemon keeps, shows and hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import gather
from netwatch.planning.capacity import CapacityResult, judge_capacity, measure_capacity
from netwatch.planning.capacity.report import report as capacity_report
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import rank
from netwatch.planning.replacement.report import report as replacement_report

__all__ = ["Plans", "make_plans"]


@dataclass(frozen=True, slots=True)
class Plans:
    replacements: ReplacementPlan
    capacity: CapacityResult
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
) -> Plans:
    """Gathers once, then judges under each policy. Pure but for reading history; takes seconds where there is
    much of it. `at` is the wall second for which plans are made."""
    default = policies.replacement.school_hours.calendar()
    basis = gather(
        snapshot, history, calendars.with_default(default), at=at, days=policies.replacement.history_days
    )
    replacements = rank(basis, lifecycle, policies.replacement)
    measured = measure_capacity(basis, history, days=policies.capacity.history_days)
    capacity = judge_capacity(basis, measured, policies.capacity)
    reports = (replacement_report(replacements), capacity_report(capacity, policies.capacity))
    return Plans(replacements, capacity, {one.name: one for one in reports})
