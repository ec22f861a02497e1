"""The replacement list: every asset with its score, ranked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from netwatch.calendars import Calendar, Calendars
from netwatch.model import EntityId, HistoryReader, RankedAsset, ReplacementPlan, Snapshot
from netwatch.planning.criteria import Knowledge, Verdict, day_of, judge
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.measures import measure
from netwatch.planning.policy import ReplacementPolicy
from netwatch.planning.subjects import Subject, match_devices, subjects
from netwatch.planning.topology import Topology

__all__ = ["rank_replacements"]


def rank_replacements(
    snapshot: Snapshot,
    history: HistoryReader,
    lifecycle: Lifecycle,
    policy: ReplacementPolicy,
    *,
    at: float,
    calendars: Mapping[str, Calendar] = MappingProxyType({}),
) -> ReplacementPlan:
    """Ranks everything that can be replaced. Pure: the same arguments give the same plan.

    `at` is the wall second for which the plan is made: ages and milestones are counted to its UTC day, and
    the policy's days of history end there. `calendars` are those that schools name; a school without one has
    the policy's school hours; days on which a place is closed are no lesson time there. Takes seconds for a
    large history: call it in a worker.
    """
    topology = Topology(snapshot)
    inventory_of = match_devices(snapshot)
    ranked = subjects(snapshot, policy)
    default = policy.school_hours.calendar()
    known_calendars = calendars if isinstance(calendars, Calendars) else Calendars(calendars)
    known_calendars, places = known_calendars.with_default(default), snapshot.inventory.places
    chosen = {
        subject.id: known_calendars.at(subject.place, places) for subject in ranked if subject.id is not None
    }

    def calendar_of(device: EntityId) -> Calendar:
        return chosen.get(device, default)

    start = at - policy.history_days * 86400
    measured = measure(snapshot, history, topology, calendar_of, start=start, end=at)
    known = Knowledge(snapshot, lifecycle, policy, topology, measured, inventory_of, day=day_of(at), at=at)
    return ReplacementPlan(
        at, policy.name, _ranked([(one, judge(one, known)) for one in ranked]), measured.simulated
    )


def _ranked(judged: Sequence[tuple[Subject, Verdict]]) -> tuple[RankedAsset, ...]:
    """Highest score first, then by name and serial; equal scores share a rank."""
    order = sorted(judged, key=lambda one: (-one[1].points, one[0].name, one[0].serial, one[0].id or ""))
    out: list[RankedAsset] = []
    for number, (subject, verdict) in enumerate(order, 1):
        same = bool(out) and out[-1].score == verdict.points
        out.append(
            RankedAsset(
                rank=out[-1].rank if same else number,
                device=subject.id,
                name=subject.name,
                kind=subject.kind,
                vendor=subject.vendor,
                model=subject.model,
                serial=subject.serial,
                place=subject.place,
                school=subject.school,
                score=verdict.points,
                contributions=tuple(verdict.contributions),
                unknown=tuple(verdict.unknown),
            )
        )
    return tuple(out)
