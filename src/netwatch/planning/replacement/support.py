"""Alternatives that need no new box: an upgrade of the software, a longer contract."""

from __future__ import annotations

from netwatch.model import DAYS_PER_YEAR, Alternative, AlternativeKind
from netwatch.planning.basis import Subject
from netwatch.planning.lifecycle import Milestone, MilestoneKind
from netwatch.planning.replacement.criteria import Knowledge
from netwatch.planning.replacement.criteria.knowledge import when
from netwatch.planning.replacement.criteria.milestones import is_software, milestone_source
from netwatch.planning.replacement.verdict import item

__all__ = ["extended_support", "upgrade"]

_SOON = 550
"""Days before its end from which on a contract is worth a thought."""


def upgrade(subject: Subject, known: Knowledge) -> Alternative | None:
    """Where the milestone that counts most for security is one of the software only."""
    policy = known.policy.criteria.security.parts.no_fixes
    rows = [
        (policy.milestones.get(one.milestone, 0.0) * policy.curve.share(_years(known, one)), one)
        for one in known.milestones(subject)
    ]
    share, worst = max(rows, key=lambda row: (row[0], not is_software(row[1])), default=(0.0, None))
    if worst is None or share <= 0 or not is_software(worst):
        return None
    software = f"{subject.model} {subject.version}".strip()
    told = item(_told(known, worst), milestone_source(worst), round(_years(known, worst), 2), "years since")
    text = f"upgrade its software ({software}): the box itself has no such date"
    return Alternative(AlternativeKind.UPGRADE, text, (told,))


def extended_support(subject: Subject, known: Knowledge) -> Alternative | None:
    """Where a contract or fixes end, and the maker still takes contracts."""
    milestones = [one for one in known.milestones(subject) if not is_software(one)]
    last = next((one for one in milestones if one.milestone is MilestoneKind.LAST_DAY_OF_SUPPORT), None)
    if last is not None and last.on <= known.day:
        return None
    if any(
        one.milestone is MilestoneKind.LAST_CONTRACT_RENEWAL and one.on <= known.day for one in milestones
    ):
        return None
    contract = None if subject.asset is None else subject.asset.support_until
    evidence = []
    if contract is not None and (contract - known.day).days <= _SOON:
        ends = f"its support contract ends {contract}, {when((known.day - contract).days)}"
        evidence.append(item(ends, "inventory"))
    for one in milestones:
        fixes = (MilestoneKind.END_OF_SOFTWARE_MAINTENANCE, MilestoneKind.END_OF_SECURITY_FIXES)
        if one.milestone in fixes and one.on <= known.day:
            evidence.append(item(_told(known, one), milestone_source(one)))
    if not evidence or (last is None and contract is None):
        return None
    if last is None:
        text = "ask whether its support contract can be renewed: nobody entered until when"
    else:
        text = f"support can be had until {last.on}"
        evidence.append(item(_told(known, last), milestone_source(last)))
    return Alternative(AlternativeKind.EXTENDED_SUPPORT, text, tuple(evidence))


def _told(known: Knowledge, one: Milestone) -> str:
    return f"{one.milestone.replace('_', ' ')} {one.on}, {when((known.day - one.on).days)}"


def _years(known: Knowledge, one: Milestone) -> float:
    return (known.day - one.on).days / DAYS_PER_YEAR
