"""A what-if from end to end: applied, judged again, compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from types import MappingProxyType

from netwatch.documents import Document
from netwatch.model import Report
from netwatch.planning.comparison import PolicyChange, changes_between, compare, leaves_of
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.plans import PLANS, Gathered, judge_all, judge_one
from netwatch.planning.policies import Policies
from netwatch.planning.whatif.apply import apply
from netwatch.planning.whatif.scenario import load_scenario

__all__ = ["WhatIf", "what_if"]


@dataclass(frozen=True, slots=True)
class WhatIf:
    name: str
    """Of the scenario."""
    reports: Mapping[str, Report]
    """By plan: as it would be."""
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
    plan: str = "",
    before: Mapping[str, Report] = MappingProxyType({}),
) -> WhatIf:
    """Judges everything as it is and as the scenario has it, or one `plan` alone, which takes half as long.
    Pure; no history is read. `before`: reports of what is, where they are known. Raises ConfigError with the
    places of the scenario that are wrong or do not fit the district, KeyError for no name of `PLANS`."""
    scenario = load_scenario(document)
    applied = apply(scenario, gathered, lifecycle, policies, document=document, files=files)
    names = (plan,) if plan else PLANS
    now = before if all(name in before for name in names) else _reports(gathered, lifecycle, policies, plan)
    after = _reports(applied.gathered, applied.lifecycle, applied.policies, plan)
    changes = _changes(policies, applied.policies)
    # The old facts under the new policy: what of the difference the policy makes.
    middle = _reports(gathered, lifecycle, applied.policies, plan) if changes else now
    comparisons = {
        name: compare(
            now[name],
            after[name],
            labels=("now", scenario.name),
            middle=middle[name],
            policy=changes,
            notes=applied.notes,
        )
        for name in names
    }
    return WhatIf(scenario.name, after, comparisons, applied.notes)


def _reports(gathered: Gathered, lifecycle: Lifecycle, policies: Policies, plan: str) -> Mapping[str, Report]:
    if plan:
        return {plan: judge_one(gathered, lifecycle, policies, plan)}
    return judge_all(gathered, lifecycle, policies).reports


def _changes(old: Policies, new: Policies) -> tuple[PolicyChange, ...]:
    """Of all plans' policies, below the plan's name."""
    leaves = (leaves_of({one.name: getattr(given, one.name) for one in fields(old)}) for given in (old, new))
    return changes_between(*leaves)
