"""Lifecycle facts and policies as a scenario has them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import time
from typing import Any

from pydantic import BaseModel, create_model

from netwatch.documents import Document, Strict, did_you_mean, parse_yaml, validate
from netwatch.errors import ConfigError, Problem
from netwatch.planning.basis import subjects
from netwatch.planning.lifecycle import Lifecycle, Milestone, UsefulLife
from netwatch.planning.plans import Gathered
from netwatch.planning.policies import Policies
from netwatch.planning.whatif.scenario import Scenario

__all__ = ["changed_lifecycle", "changed_policies"]


@dataclass(frozen=True, slots=True)
class _Overridden(Lifecycle):
    """Facts of which some dates are other ones for models that a scenario names."""

    overrides: tuple[Milestone, ...] = ()

    def milestones_of(self, vendor: str, models: Sequence[str], version: str = "") -> tuple[Milestone, ...]:
        named = [model for model in models if model]
        # A later entry of the scenario wins over an earlier one.
        moved = {one.milestone: one for one in self.overrides if one.fits(vendor, named, "")}
        known = Lifecycle.milestones_of(self, vendor, models, version)
        kept = [one for one in known if one.milestone not in moved or not one.models]
        return tuple(sorted((*kept, *moved.values()), key=lambda one: (one.on, one.milestone)))


def changed_lifecycle(
    scenario: Scenario, gathered: Gathered, lifecycle: Lifecycle, document: Document
) -> tuple[Lifecycle, list[Problem]]:
    """With the milestones and useful lives of the scenario, and what in it fits nothing here."""
    problems: list[Problem] = []
    lives = list(lifecycle.useful_lives)
    for number, change in enumerate(scenario.useful_lives):
        place = next((n for n, one in enumerate(lives) if one.name == change.name), None)
        if place is None:
            hint = did_you_mean(change.name, [one.name for one in lives])
            path = ("useful_lives", number, "class")
            problems.append(document.problem(path, f"no class {change.name!r} has a useful life", hint))
            continue
        life = lives[place]
        outer = change.outer_years or max(change.years, life.outer_years + change.years - life.years)
        try:
            lives[place] = UsefulLife.model_validate(
                {
                    **life.model_dump(by_alias=True),
                    "years": change.years,
                    "outer_years": outer,
                    "source": f"scenario {scenario.name}; instead of {life.source}",
                }
            )
        except ValueError:
            message = f"'outer_years' is the longest that gear is kept: not less than {change.years:g}"
            problems.append(document.problem(("useful_lives", number, "outer_years"), message))
    overrides = tuple(_milestones(scenario, gathered, document, problems))
    known = {one.name: getattr(lifecycle, one.name) for one in fields(lifecycle) if one.init}
    return _Overridden(**{**known, "useful_lives": tuple(lives)}, overrides=overrides), problems


def _milestones(
    scenario: Scenario, gathered: Gathered, document: Document, problems: list[Problem]
) -> Iterator[Milestone]:
    basis = gathered.basis
    here = {(one.vendor, one.models) for one in subjects(basis.snapshot)} if scenario.milestones else set()
    models = {model for _, names in here for model in names}
    for number, change in enumerate(scenario.milestones):
        made = Milestone.model_validate(
            {
                "vendor": change.vendor,
                "models": change.models,
                "milestone": change.milestone,
                "date": change.on,
                "source": f"scenario {scenario.name}",
                "checked_on": basis.day,
                "confidence": "low",
            }
        )
        if not any(made.fits(vendor, names, "") for vendor, names in here):
            patterns = ", ".join(change.models)
            message = f"no gear here is a {patterns} of the maker {change.vendor!r}"
            path = ("milestones", number, "models")
            problems.append(document.problem(path, message, did_you_mean(change.models[0], models)))
        yield made


def changed_policies(
    scenario: Scenario, policies: Policies, document: Document, files: Mapping[str, str]
) -> tuple[Policies, list[Problem]]:
    """With the files (text by name) and the keys of the scenario, checked as the daemon checks its own."""
    names = [one.name for one in fields(policies)]
    problems: list[Problem] = []
    changed: dict[str, Any] = {}
    for plan, file in scenario.policy_files.items():
        path = ("policy_files", plan)
        if plan not in names:
            problems.append(document.problem(path, f"no policy {plan!r}", did_you_mean(plan, names)))
        elif file not in files:
            hint = "send its text with the scenario, as `netwatch plan whatif` does"
            problems.append(document.problem(path, f"the file {file!r} did not come with it", hint))
        else:
            try:
                changed[plan] = validate(type(getattr(policies, plan)), parse_yaml(files[file], file))
            except ConfigError as error:
                problems += error.problems
    for plan, change in scenario.policies.items():
        if plan not in names:
            path = ("policies", plan)
            problems.append(document.problem(path, f"no policy {plan!r}", did_you_mean(plan, names)))
            continue
        try:
            changed[plan] = _merged(changed.get(plan, getattr(policies, plan)), change, plan, document)
        except ConfigError as error:
            problems += error.problems
    return (policies if problems else replace(policies, **changed)), problems


def _merged(policy: BaseModel, change: Mapping[str, Any], plan: str, document: Document) -> Any:
    """A policy with some other values. Raises ConfigError with places in the scenario."""
    kind = type(policy)
    inner: Any = create_model("Policies", __base__=Strict, **{plan: (kind, ...)})  # type: ignore[call-overload]
    outer: Any = create_model("Scenario", __base__=Strict, policies=(inner, ...))
    data = {"policies": {plan: _raw(policy, change)}}
    return getattr(validate(outer, Document(document.file, data, document.text)).policies, plan)


def _raw(value: Any, change: Any) -> Any:
    """As it would stand in a file, where something changes; what does not change stays as it was checked."""
    if not isinstance(change, Mapping):
        return change
    if isinstance(value, BaseModel):
        known = {info.alias or name: getattr(value, name) for name, info in type(value).model_fields.items()}
    elif isinstance(value, Mapping):
        known = {str(key): one for key, one in value.items()}
    else:
        return change
    merged = {key: _plain(one) for key, one in known.items()}
    return {**merged, **{str(key): _raw(known.get(str(key)), one) for key, one in change.items()}}


def _plain(value: Any) -> Any:
    """A time of the day is checked from its text alone."""
    return value.isoformat() if isinstance(value, time) else value
