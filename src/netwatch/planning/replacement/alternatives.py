"""What can be done instead of buying: named, with the evidence that it stands on. Pure.

A unit that is proposed for one asset is not proposed for another: the first in the list has the first choice.
"""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import Alternative, AlternativeKind
from netwatch.planning.basis import Subject
from netwatch.planning.replacement.criteria import Knowledge
from netwatch.planning.replacement.moves import Moves
from netwatch.planning.replacement.repairs import repair
from netwatch.planning.replacement.support import extended_support, upgrade
from netwatch.planning.replacement.verdict import Verdict

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
    """Where the wireless plan says that neighbours on the same channel fill its air."""
    found = known.hints.rechannel.get(subject.id, ()) if subject.id is not None else ()
    if not found:
        return None
    return Alternative(AlternativeKind.RECHANNEL, f"give it another channel: {found[0].text}", found)
