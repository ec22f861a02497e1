"""A what-if from end to end: applied, judged again, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from netwatch.documents import Document
from netwatch.model import Report
from netwatch.planning.comparison import PolicyChange, changes_between, compare, leaves_of
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.plans import Gathered, Plans, judge_all
from netwatch.planning.policies import Policies
from netwatch.planning.whatif.apply import apply
from netwatch.planning.whatif.scenario import load_scenario

__all__ = ["WhatIf", "what_if"]


@dataclass(frozen=True, slots=True)
class WhatIf:
    name: str
    """Of the scenario."""
    plans: Plans
    """As they would be."""
    comparisons: Mapping[str, Report]
    """By plan: what would move, and why."""
    notes: tuple[str, ...]
    """What was assumed."""


def what_if(
    document: Document,
    gathered: Gathered,
    lifecycle: Lifecycle,
    policies: Policies,
    *,
    files: Mapping[str, str] = MappingProxyType({}),
    before: Plans | None = None,
) -> WhatIf:
    """Judges everything as it is and as the scenario has it. Pure; no history is read. `before`: how it was
    judged as it is, where that is known. Raises ConfigError with the places of the scenario that are wrong or
    do not fit the district."""
    scenario = load_scenario(document)
    applied = apply(scenario, gathered, lifecycle, policies, document=document, files=files)
    if before is None:
        before = judge_all(gathered, lifecycle, policies)
    after = judge_all(applied.gathered, applied.lifecycle, applied.policies)
    changes = _changes(policies, applied.policies)
    # The old facts under the new policy: what of the difference the policy makes.
    middle = judge_all(gathered, lifecycle, applied.policies) if changes else before
    comparisons = {
        name: compare(
            before.reports[name],
            after.reports[name],
            labels=("now", scenario.name),
            middle=middle.reports.get(name),
            policy=changes,
            notes=applied.notes,
        )
        for name in after.reports
        if name in before.reports
    }
    return WhatIf(scenario.name, after, comparisons, applied.notes)


def _changes(old: Policies, new: Policies) -> tuple[PolicyChange, ...]:
    """Of all plans' policies, below the plan's name."""
    leaves = (leaves_of({one.name: getattr(given, one.name) for one in fields(old)}) for given in (old, new))
    return changes_between(*leaves)
