"""All plans of one moment: what the daemon keeps, shows and hands out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import AssetTenure, HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import gather
from netwatch.planning.lifecycle import Lifecycle, lifecycle_report, reconcile, register_report, survey
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
    tenures: Sequence[AssetTenure] = (),
) -> Plans:
    """Gathers once, then judges under each policy. Pure but for reading history; takes seconds where there is
    much of it. `at` is the wall second for which plans are made, `tenures` the ledger of assets."""
    default = policies.replacement.school_hours.calendar()
    basis = gather(
        snapshot,
        history,
        calendars.with_default(default),
        at=at,
        days=policies.replacement.history_days,
        tenures=tenures,
    )
    replacements = rank(basis, lifecycle, policies.replacement)
    reports = (
        replacement_report(replacements),
        lifecycle_report(survey(basis, lifecycle, policies.replacement.not_ranked)),
        register_report(reconcile(basis, lifecycle), basis),
    )
    return Plans(replacements, {one.name: one for one in reports})
