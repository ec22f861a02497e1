"""A scenario applied: everything that plans stand on, as it would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from netwatch.documents import Document
from netwatch.errors import ConfigError
from netwatch.planning.lifecycle import Lifecycle
from netwatch.planning.plans import Gathered
from netwatch.planning.policies import Policies
from netwatch.planning.whatif.district import District
from netwatch.planning.whatif.effects import Adjustable
from netwatch.planning.whatif.facts import changed_lifecycle, changed_policies
from netwatch.planning.whatif.scenario import Scenario

__all__ = ["Applied", "apply"]

_NOWHERE = Document("", None, "")


@dataclass(frozen=True, slots=True)
class Applied:
    gathered: Gathered
    lifecycle: Lifecycle
    policies: Policies
    notes: tuple[str, ...]
    """What was assumed, for people."""


def apply(
    scenario: Scenario,
    gathered: Gathered,
    lifecycle: Lifecycle,
    policies: Policies,
    *,
    document: Document = _NOWHERE,
    files: Mapping[str, str] = MappingProxyType({}),
) -> Applied:
    """What plans would stand on. Pure: nothing that is given changes.

    `document` is what the scenario was read from, for the lines of mistakes; `files` has the text of each
    policy file that it names. Raises ConfigError with everything that does not fit the district.
    """
    district = District(gathered.basis, document)
    basis, effects = district.change(scenario)
    facts, problems = changed_lifecycle(scenario, gathered, lifecycle, document)
    new_policies, more = changed_policies(scenario, policies, document, files)
    problems = [*district.problems, *problems, *more]
    if problems:
        raise ConfigError(sorted(problems, key=lambda one: one.line or 0))
    measured: dict[str, Any] = {
        one.name: value.what_if(effects)
        for one in fields(gathered)
        if isinstance(value := getattr(gathered, one.name), Adjustable)
    }
    changed = replace(gathered, basis=basis, **measured)
    return Applied(changed, facts, new_policies, tuple(district.notes))
