"""All plans of one moment: measured once, judged as often as somebody asks what if."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from netwatch.calendars import Calendars
from netwatch.model import HistoryReader, ReplacementPlan, Report, Snapshot
from netwatch.planning.basis import Basis, gather
from netwatch.planning.capacity import (
    CapacityMeasured,
    CapacityResult,
    judge_capacity,
    measure_capacity,
)
from netwatch.planning.capacity.report import report as capacity_report
from netwatch.planning.lifecycle import Lifecycle
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

    What a plan measures beyond the basis is a field of its own, filled by `gather_all`. If a scenario can
    change it, it has the method `what_if` of `planning.whatif.Adjustable`.
    """

    basis: Basis
    wireless: WirelessMeasured
    capacity: CapacityMeasured


@dataclass(frozen=True, slots=True)
class Plans:
    replacements: ReplacementPlan
    capacity: CapacityResult
    reports: Mapping[str, Report]
    """By name, in the order in which people read them."""


def gather_all(
    snapshot: Snapshot, history: HistoryReader, policies: Policies, calendars: Calendars, *, at: float
) -> Gathered:
    """Reads all that plans need of history, once: seconds where there is much of it, so call it in a worker.
    `at` is the wall second for which plans are made."""
    default = policies.replacement.school_hours.calendar()
    basis = gather(
        snapshot, history, calendars.with_default(default), at=at, days=policies.replacement.history_days
    )
    return Gathered(
        basis,
        wireless=measure_wireless(basis, history, policies.wireless.recent_days),
        capacity=measure_capacity(basis, history, days=policies.capacity.history_days),
    )


def judge_all(gathered: Gathered, lifecycle: Lifecycle, policies: Policies) -> Plans:
    """Judges what was gathered under each policy. Pure, without history: the same arguments give the same
    plans, byte for byte."""
    replacements = rank(gathered.basis, lifecycle, policies.replacement)
    wireless = judge_wireless(gathered.basis, gathered.wireless, policies.wireless)
    capacity = judge_capacity(gathered.basis, gathered.capacity, policies.capacity)
    reports = (
        replacement_report(replacements),
        wireless_report(wireless, gathered.basis),
        capacity_report(capacity, policies.capacity),
    )
    return Plans(replacements, capacity, {one.name: one for one in reports})


def make_plans(
    snapshot: Snapshot,
    history: HistoryReader,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
    *,
    at: float,
) -> Plans:
    """Gathers, then judges. `at` is the wall second for which plans are made."""
    return judge_all(gather_all(snapshot, history, policies, calendars, at=at), lifecycle, policies)
