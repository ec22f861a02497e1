"""All plans of one moment: measured once, judged as often as somebody asks what if."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from netwatch.calendars import Calendars
from netwatch.model import (
    DAY,
    Alert,
    AssetTenure,
    EntityId,
    EvidenceItem,
    HistoryReader,
    ReplacementPlan,
    Report,
    Snapshot,
)
from netwatch.planning.basis import Basis, Reading, hours_of, incidents_of, prepare_basis
from netwatch.planning.capacity import (
    CapacityMeasured,
    CapacityResult,
    capacity_dates,
    judge_capacity,
    prepare_capacity,
)
from netwatch.planning.capacity.report import report as capacity_report
from netwatch.planning.costs import CostMeasures, judge_costs, prepare_costs
from netwatch.planning.costs import report as costs_report
from netwatch.planning.equity import EquityMeasures, judge_equity, prepare_equity
from netwatch.planning.equity import report as equity_report
from netwatch.planning.leadership import Months, leadership_report, prepare_leadership
from netwatch.planning.lifecycle import Lifecycle, lifecycle_report, reconcile, register_report, survey
from netwatch.planning.policies import Policies
from netwatch.planning.replacement import Hints, rank
from netwatch.planning.replacement.report import report as replacement_report
from netwatch.planning.wireless import WirelessMeasured, prepare_wireless
from netwatch.planning.wireless import judge as judge_wireless
from netwatch.planning.wireless import report as wireless_report
from netwatch.planning.wireless.results import Verdict, WirelessPlan

__all__ = ["PLANS", "Gathered", "Plans", "gather_all", "judge_all", "judge_one"]


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
    reading = Reading()
    basis, finish = prepare_basis(
        snapshot, reading, calendars, at=at, days=days, incidents=incidents, tenures=tenures
    )
    months = prepare_leadership(basis, reading, policies.leadership, pages)
    wireless = prepare_wireless(basis, reading, policies.wireless.recent_days)
    equity = prepare_equity(basis, reading)
    costs = prepare_costs(basis, reading)
    capacity = prepare_capacity(basis, reading, days=policies.capacity.history_days)
    reading.read(history)
    finish()
    return Gathered(basis, months(), wireless=wireless(), equity=equity(), costs=costs(), capacity=capacity())


def judge_all(gathered: Gathered, lifecycle: Lifecycle, policies: Policies) -> Plans:
    """Judges what was gathered under each policy. Pure, without history: the same arguments give the same
    plans, byte for byte."""
    judging = _Judging(gathered, lifecycle, policies)
    return Plans(judging.replacements, {name: judging.report(name) for name in PLANS})


def judge_one(gathered: Gathered, lifecycle: Lifecycle, policies: Policies, name: str) -> Report:
    """The report of that name as `judge_all` makes it, and no other that it does not stand on. Raises
    KeyError for a name that is not in `PLANS`."""
    return _Judging(gathered, lifecycle, policies).report(name)


class _Judging:
    """Judges what is asked for, once."""

    def __init__(self, gathered: Gathered, lifecycle: Lifecycle, policies: Policies) -> None:
        self._gathered, self._basis = gathered, gathered.basis
        self._lifecycle, self._policies = lifecycle, policies
        self._reports: dict[str, Report] = {}

    def report(self, name: str) -> Report:
        if name not in self._reports:
            self._reports[name] = _REPORTS[name](self)
        return self._reports[name]

    @cached_property
    def replacements(self) -> ReplacementPlan:
        return rank(
            self._basis,
            self._lifecycle,
            self._policies.replacement,
            overrides=self._policies.overrides,
            hints=Hints(full_on=capacity_dates(self._capacity), rechannel=rechannelled(self._wireless)),
        )

    @cached_property
    def _wireless(self) -> WirelessPlan:
        return judge_wireless(self._basis, self._gathered.wireless, self._policies.wireless)

    @cached_property
    def _capacity(self) -> CapacityResult:
        return judge_capacity(self._basis, self._gathered.capacity, self._policies.capacity)

    def replacement_report(self) -> Report:
        return replacement_report(self.replacements)

    def wireless_report(self) -> Report:
        return wireless_report(self._wireless, self._basis)

    def capacity_report(self) -> Report:
        return capacity_report(self._capacity, self._policies.capacity)

    def equity_report(self) -> Report:
        measured, policy = self._gathered.equity, self._policies.equity
        return equity_report(judge_equity(self._basis, measured, self._lifecycle, policy))

    def costs_report(self) -> Report:
        found = judge_costs(
            self._basis,
            self._gathered.costs,
            self._lifecycle,
            self._policies.costs,
            incident_hours=_incident_hours(self._basis, self._policies),
        )
        return costs_report(found)

    def lifecycle_report(self) -> Report:
        not_ranked = self._policies.replacement.not_ranked
        return lifecycle_report(survey(self._basis, self._lifecycle, not_ranked))

    def register_report(self) -> Report:
        return register_report(reconcile(self._basis, self._lifecycle), self._basis)

    def leadership_report(self) -> Report:
        others = {name: self.report(name) for name in PLANS if name != _GLANCE}
        return leadership_report(self._gathered.months, others, self._policies.leadership, at=self._basis.at)


_GLANCE = "leadership"
_REPORTS: Mapping[str, Callable[[_Judging], Report]] = {
    "replacements": _Judging.replacement_report,
    "wireless": _Judging.wireless_report,
    "capacity": _Judging.capacity_report,
    "equity": _Judging.equity_report,
    "costs": _Judging.costs_report,
    "lifecycle": _Judging.lifecycle_report,
    "register": _Judging.register_report,
    _GLANCE: _Judging.leadership_report,
}
PLANS = tuple(_REPORTS)
"""Names of the reports, in the order in which people read them."""


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
