"""Security: no fixes any more, and flaws that are known to be exploited."""

from __future__ import annotations

from datetime import date

from netwatch.planning.basis import Subject
from netwatch.planning.lifecycle import Flaw, MilestoneKind
from netwatch.planning.replacement.criteria.knowledge import Knowledge
from netwatch.planning.replacement.criteria.milestones import judge_milestones
from netwatch.planning.replacement.verdict import Judged, count, item

__all__ = ["security"]

_SHOWN = 5


def security(subject: Subject, known: Knowledge) -> list[Judged]:
    """Its parts in the order of the policy."""
    policy = known.policy.criteria.security.parts
    return [
        judge_milestones("no_fixes", subject, known, policy.no_fixes, None),
        _exploited_flaws(subject, known),
    ]


def _exploited_flaws(subject: Subject, known: Knowledge) -> Judged:
    policy = known.policy.criteria.security.parts.exploited_flaws
    out = Judged("exploited_flaws", policy.points)
    found = known.flaws(subject)
    if found is None:
        return out.lacks("known flaws")
    ended = _fixes_ended(subject, known)
    certain: list[tuple[Flaw, str]] = []
    perhaps: list[Flaw] = []
    for flaw in (one for one in found if one.added <= known.day):
        if flaw.affects(subject.version):
            certain.append((flaw, "its version has it"))
        elif ended is not None and ended < flaw.added:
            certain.append((flaw, f"fixes of its model ended {ended}"))
        else:
            perhaps.append(flaw)
    out.add(policy.curve.share(len(certain)))
    for flaw, why in certain[:_SHOWN]:
        text = f"{flaw.cve}: known to be exploited since {flaw.added}; {why}"
        out.evidence.append(item(text, flaw.source, len(certain), "flaws"))
    if perhaps:
        out.lacks("versions with exploited flaws")
        text = f"{count(len(perhaps), 'exploited flaw')} that it may have: nobody says which versions do"
        out.evidence.append(item(text, perhaps[0].source))
    if not out.evidence:
        out.evidence.append(item("no flaw known to be exploited", "lifecycle facts", 0, "flaws"))
    return out


def _fixes_ended(subject: Subject, known: Knowledge) -> date | None:
    """Since when nobody fixes it any more."""
    ends = (MilestoneKind.END_OF_SECURITY_FIXES, MilestoneKind.LAST_DAY_OF_SUPPORT)
    return min((one.on for one in known.milestones(subject) if one.milestone in ends), default=None)
