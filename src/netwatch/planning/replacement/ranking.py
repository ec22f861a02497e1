"""The replacement list: every asset with its score, ranked.

    rank(basis, lifecycle, policy) -> ReplacementPlan
    rank(basis, lifecycle, policy, overrides=..., hints=...) -> ReplacementPlan

Pure over plain data and fast (1,000 assets in well under a second), so that a what-if can call it again with a
changed basis, other facts or another policy. `overrides` (default: none) are decisions of people, `hints`
(default: none) what other plans know: capacity dates and co-channel airtime. Nothing is read, no clock asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import RankedAsset, ReplacementPlan
from netwatch.planning.basis import Basis, Subject, subjects
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.replacement.criteria import Knowledge, Verdict, judge
from netwatch.planning.replacement.hints import Hints
from netwatch.planning.replacement.overrides import NO_OVERRIDES, Overrides
from netwatch.planning.replacement.policy import ReplacementPolicy

__all__ = ["rank"]


_NO_HINTS = Hints()


def rank(
    basis: Basis,
    lifecycle: Lifecycle,
    policy: ReplacementPolicy,
    *,
    overrides: Overrides = NO_OVERRIDES,
    hints: Hints = _NO_HINTS,
) -> ReplacementPlan:
    """Ranks everything that can be replaced. Pure: the same arguments give the same plan.

    Ages and milestones are counted to the UTC day of the basis.
    """
    del overrides, hints
    known = Knowledge(basis, lifecycle, policy)
    ranked = [(one, judge(one, known)) for one in subjects(basis.snapshot, policy.not_ranked)]
    return ReplacementPlan(basis.at, policy.name, _ranked(ranked), basis.measured.simulated)


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
