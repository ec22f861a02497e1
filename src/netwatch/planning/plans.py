"""All plans of one moment: measured once, judged as often as somebody asks what if."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import AssetTenure, HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import Basis, gather
from netwatch.planning.lifecycle import Lifecycle, lifecycle_report, reconcile, register_report, survey
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import rank
from netwatch.planning.replacement.report import report as replacement_report
from netwatch.planning.wireless import WirelessMeasured, measure_wireless
from netwatch.planning.wireless import judge as judge_wireless
from netwatch.planning.wireless import report as wireless_report

__all__ = ["Gathered", "Plans", "gather_all", "judge_all", "make_plans"]


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all plans stand on: plain data that can be pickled, kept, changed by a what-if and judged again.

    What a plan measures beyond the basis is a field of its own, filled by `gather_all`.
    """

    basis: Basis
    wireless: WirelessMeasured


@dataclass(frozen=True, slots=True)
class Plans:
    replacements: ReplacementPlan
    reports: Mapping[str, Report]
    """By name, in the order in which people read them."""


def gather_all(
    snapshot: Snapshot,
    history: HistoryReader,
    policies: Policies,
    calendars: Calendars,
    *,
    at: float,
    tenures: Sequence[AssetTenure] = (),
) -> Gathered:
    """Reads all that plans need of history, once: seconds where there is much of it, so call it in a worker.
    `at` is the wall second for which plans are made, `tenures` the ledger of assets."""
    default = policies.replacement.school_hours.calendar()
    basis = gather(
        snapshot,
        history,
        calendars.with_default(default),
        at=at,
        days=policies.replacement.history_days,
        tenures=tenures,
    )
    return Gathered(
        basis,
        wireless=measure_wireless(basis, history, policies.wireless.recent_days),
    )


def judge_all(gathered: Gathered, lifecycle: Lifecycle, policies: Policies) -> Plans:
    """Judges what was gathered under each policy. Pure, without history: the same arguments give the same
    plans, byte for byte."""
    replacements = rank(gathered.basis, lifecycle, policies.replacement)
    wireless = judge_wireless(gathered.basis, gathered.wireless, policies.wireless)
    reports = (
        replacement_report(replacements),
        wireless_report(wireless, gathered.basis),
        lifecycle_report(survey(gathered.basis, lifecycle, policies.replacement.not_ranked)),
        register_report(reconcile(gathered.basis, lifecycle), gathered.basis),
    )
    return Plans(replacements, {one.name: one for one in reports})


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
    """Gathers, then judges. `at` is the wall second for which plans are made, `tenures` the ledger."""
    gathered = gather_all(snapshot, history, policies, calendars, at=at, tenures=tenures)
    return judge_all(gathered, lifecycle, policies)
