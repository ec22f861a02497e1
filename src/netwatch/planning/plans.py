"""All plans of one moment: measured once, judged as often as somebody asks what if."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from netwatch.calendars import Calendars
from netwatch.model import (
    Alert,
    AssetTenure,
    EntityId,
    EvidenceItem,
    HistoryReader,
    ReplacementPlan,
    Report,
    Snapshot,
)
from netwatch.planning.basis import Basis, gather, hours_of, incidents_of
from netwatch.planning.capacity import (
    CapacityMeasured,
    capacity_dates,
    judge_capacity,
    measure_capacity,
)
from netwatch.planning.capacity.report import report as capacity_report
from netwatch.planning.costs import CostMeasures, judge_costs, measure_costs
from netwatch.planning.costs import report as costs_report
from netwatch.planning.equity import EquityMeasures, judge_equity, measure_equity
from netwatch.planning.equity import report as equity_report
from netwatch.planning.leadership import Months, leadership_report, measure_leadership
from netwatch.planning.lifecycle import Lifecycle, lifecycle_report, reconcile, register_report, survey
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import Hints, rank
from netwatch.planning.replacement.report import report as replacement_report
from netwatch.planning.wireless import WirelessMeasured, measure_wireless
from netwatch.planning.wireless import judge as judge_wireless
from netwatch.planning.wireless import report as wireless_report
from netwatch.planning.wireless.results import Verdict, WirelessPlan

__all__ = ["Gathered", "Plans", "gather_all", "judge_all"]

DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Gathered:
    """What all plans stand on: plain data that can be pickled, kept, changed by a what-if and judged again.

    What a plan measures beyond the basis is a field of its own, filled by `gather_all`. If a scenario can
    change it, it has the method `what_if` of `planning.whatif.Adjustable`.
    """

    basis: Basis
    months: Months
    """What the monthly page tells."""
    wireless: WirelessMeasured
    equity: EquityMeasures
    costs: CostMeasures
    capacity: CapacityMeasured


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
    alerts: Iterable[Alert] | None = None,
    tenures: Sequence[AssetTenure] = (),
    pages: Mapping[date, int] | None = None,
) -> Gathered:
    """Reads all that plans need of history, once: seconds where there is much of it, so call it in a worker.
    `at` is the wall second for which plans are made, `alerts` the past and open ones, if they were kept,
    `tenures` the ledger of assets, `pages` how many messages people got, by first day of the month, UTC."""
    default, days = policies.replacement.school_hours.calendar(), policies.replacement.history_days
    incidents = None if alerts is None else incidents_of(alerts, at - days * DAY, at)
    calendars = calendars.with_default(default)
    basis = gather(snapshot, history, calendars, at=at, days=days, incidents=incidents, tenures=tenures)
    return Gathered(
        basis,
        measure_leadership(basis, history, policies.leadership, pages),
        wireless=measure_wireless(basis, history, policies.wireless.recent_days),
        equity=measure_equity(basis, history),
        costs=measure_costs(basis, history),
        capacity=measure_capacity(basis, history, days=policies.capacity.history_days),
    )


def judge_all(gathered: Gathered, lifecycle: Lifecycle, policies: Policies) -> Plans:
    """Judges what was gathered under each policy. Pure, without history: the same arguments give the same
    plans, byte for byte."""
    wireless = judge_wireless(gathered.basis, gathered.wireless, policies.wireless)
    equity = judge_equity(gathered.basis, gathered.equity, lifecycle, policies.equity)
    costs = judge_costs(
        gathered.basis,
        gathered.costs,
        lifecycle,
        policies.costs,
        incident_hours=_incident_hours(gathered.basis, policies),
    )
    capacity = judge_capacity(gathered.basis, gathered.capacity, policies.capacity)
    replacements = rank(
        gathered.basis,
        lifecycle,
        policies.replacement,
        overrides=policies.overrides,
        hints=Hints(full_on=capacity_dates(capacity), rechannel=rechannelled(wireless)),
    )
    made = (
        replacement_report(replacements),
        wireless_report(wireless, gathered.basis),
        capacity_report(capacity, policies.capacity),
        equity_report(equity),
        costs_report(costs),
        lifecycle_report(survey(gathered.basis, lifecycle, policies.replacement.not_ranked)),
        register_report(reconcile(gathered.basis, lifecycle), gathered.basis),
    )
    reports = {one.name: one for one in made}
    glance = leadership_report(gathered.months, reports, policies.leadership, at=gathered.basis.at)
    return Plans(replacements, {**reports, glance.name: glance})


def _incident_hours(basis: Basis, policies: Policies) -> Mapping[EntityId, float] | None:
    longest = policies.replacement.criteria.cost.parts.incidents.longest_hours
    if basis.incidents is None:
        return None
    return {
        device: hours_of(found, basis.start, basis.at, longest) for device, found in basis.incidents.items()
    }


def rechannelled(plan: WirelessPlan) -> Mapping[EntityId, tuple[EvidenceItem, ...]]:
    """Access points that another channel helps, with the evidence of the wireless plan."""
    return {
        point.point.id: point.evidence
        for area in plan.areas
        for point in area.points
        if point.verdict is Verdict.RECHANNEL and point.point.id is not None
    }
