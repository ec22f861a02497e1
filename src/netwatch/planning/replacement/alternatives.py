"""What can be done instead of buying: named, with the evidence that it stands on. Pure.

A unit that is proposed for one asset is not proposed for another: the first in the list has the first choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import Alternative, AlternativeKind
from netwatch.planning.basis import SaturationMeasure, Subject
from netwatch.planning.replacement.criteria import Knowledge
from netwatch.planning.replacement.moves import Moves
from netwatch.planning.replacement.repairs import repair
from netwatch.planning.replacement.support import extended_support, upgrade
from netwatch.planning.replacement.verdict import Verdict, item

__all__ = ["alternatives"]


def alternatives(
    judged: Sequence[tuple[Subject, Verdict]], known: Knowledge
) -> dict[int, tuple[Alternative, ...]]:
    """By place in `judged`, which is in the order of the list. Only of assets with the points from which on
    the policy asks."""
    policy = known.policy.alternatives
    moves = Moves(judged, known)
    out: dict[int, tuple[Alternative, ...]] = {}
    for at, (subject, verdict) in enumerate(judged):
        if verdict.score < policy.from_points or subject.spare:
            continue
        found = (
            upgrade(subject, known),
            repair(subject, verdict, known),
            _rechannel(subject, known),
            moves.spare(at),
            moves.cascade(at),
            extended_support(subject, known),
        )
        named = tuple(one for one in found if one is not None)
        if named:
            out[at] = named
    return out


def _rechannel(subject: Subject, known: Knowledge) -> Alternative | None:
    """Where airtime is what is full, and neighbours on the same channel fill it."""
    share = known.hints.cochannel.get(subject.id) if subject.id is not None else None
    if share is None or share < known.policy.alternatives.cochannel or subject.id is None:
        return None
    curve = known.policy.criteria.fitness.parts.saturation.measures.get(SaturationMeasure.AIRTIME)
    full = [
        one
        for one in known.measured.fullness.get(subject.id, ())
        if one.measure is SaturationMeasure.AIRTIME and curve is not None and curve.share(one.share) > 0
    ]
    if not full:
        return None
    worst = full[0]
    return Alternative(
        AlternativeKind.RECHANNEL,
        f"give {known.label(worst.entity)} another channel: neighbours take {share:.0%} of its busy airtime",
        (
            item(f"{share:.0%} of its busy airtime is co-channel", "wireless plan", share, "ratio"),
            item(
                f"airtime {worst.share:.0%} used in class time", worst.family, worst.share, "ratio", worst.at
            ),
        ),
    )
