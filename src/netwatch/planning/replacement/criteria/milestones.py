"""Milestones of a model, as likelihood and security count them."""

from __future__ import annotations

from datetime import date

from netwatch.model import DAYS_PER_YEAR, EvidenceItem
from netwatch.planning.basis import Subject
from netwatch.planning.lifecycle import Milestone, MilestoneKind
from netwatch.planning.replacement.criteria.knowledge import Knowledge, when
from netwatch.planning.replacement.policy_criteria import Milestones
from netwatch.planning.replacement.verdict import Judged, item

__all__ = ["is_software", "judge_milestones", "milestone_source"]


def judge_milestones(
    name: str, subject: Subject, known: Knowledge, policy: Milestones, contract: date | None
) -> Judged:
    """`contract`: last day of the district's own support contract, which counts as the last day of
    support."""
    out = Judged(name, policy.points)
    rows = [
        _row(known, policy, one.milestone, one.on, milestone_source(one), is_software(one))
        for one in known.milestones(subject)
        if one.milestone in policy.milestones
    ]
    if contract is not None:
        kind = MilestoneKind.LAST_DAY_OF_SUPPORT
        rows.append(_row(known, policy, kind, contract, "inventory", software=False))
    if not rows:
        out.lacks("support dates" if subject.models or subject.version else "model")
    # Milestones of one model are steps of one decline: the worst counts, they don't add up.
    out.add(max((share for share, _ in rows), default=0.0))
    out.evidence += [told for _, told in sorted(rows, key=lambda row: (-row[0], row[1].text))]
    return out


def is_software(one: Milestone) -> bool:
    """Whether it is one of software that runs on the thing, so that an upgrade may be enough."""
    return bool(one.versions) and not one.models


def milestone_source(one: Milestone) -> str:
    bulletin = f"bulletin {one.bulletin}; " if one.bulletin else ""
    return f"{bulletin}{one.source}, checked {one.checked_on}, {one.confidence} confidence"


def _row(
    known: Knowledge, policy: Milestones, kind: MilestoneKind, on: date, source: str, software: bool
) -> tuple[float, EvidenceItem]:
    days = (known.day - on).days
    share = policy.milestones.get(kind, 0.0) * policy.curve.share(days / DAYS_PER_YEAR)
    text = f"{kind.replace('_', ' ')} {on}, {when(days)}"
    if software:
        text += " (its software: an upgrade may be enough)"
    return share, item(text, source, round(days / DAYS_PER_YEAR, 2), "years since")
