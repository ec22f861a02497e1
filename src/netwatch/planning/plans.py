"""All plans of one moment: what the daemon keeps, shows and hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import gather
from netwatch.planning.costs import judge_costs, measure_costs
from netwatch.planning.costs import report as costs_report
from netwatch.planning.equity import judge_equity, measure_equity
from netwatch.planning.equity import report as equity_report
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import rank
from netwatch.planning.replacement.report import report as replacement_report

__all__ = ["Plans", "make_plans"]


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
) -> Plans:
    """Gathers once, then judges under each policy. Pure but for reading history; takes seconds where there is
    much of it. `at` is the wall second for which plans are made."""
    default = policies.replacement.school_hours.calendar()
    basis = gather(
        snapshot, history, calendars.with_default(default), at=at, days=policies.replacement.history_days
    )
    replacements = rank(basis, lifecycle, policies.replacement)
    equity = judge_equity(basis, measure_equity(basis, history), lifecycle, policies.equity)
    costs = judge_costs(basis, measure_costs(basis, history), lifecycle, policies.costs)
    reports = (replacement_report(replacements), equity_report(equity), costs_report(costs))
    return Plans(replacements, {one.name: one for one in reports})
