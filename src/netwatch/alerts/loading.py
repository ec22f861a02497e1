"""Rules from YAML. What can't work is refused with its place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool

from netwatch.alerts.expression import Choice, Expression, Term
from netwatch.alerts.message import FIELDS, template_fields
from netwatch.alerts.rule import Comparison, Condition, OnUnknown, Ports, Rule, Scope
from netwatch.documents import Document, Strict, did_you_mean, fault, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue, DeviceKind, EntityKind, Family, FamilyType, Severity

__all__ = ["RULE_KEYS", "SCOPE_KEYS", "load_rules"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhd]))+")
_NEVER_NEGATIVE = {"ratio", "bytes", "bytes_per_second", "seconds", "hertz", "meters", "rpm"}


def _duration(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    if isinstance(value, str) and _DURATION.fullmatch(value):
        parts = re.findall(r"(\d+)(ms|[smhd])", value)
        return sum(int(number) * _UNITS[unit] for number, unit in parts)
    raise fault("expected a duration such as 30s, 5m or 1h30m")


def _number(value: Any) -> Any:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise fault("expected a number in the unit of the value", "a share of 90 % is 0.9")
    return value


def _names(value: Any) -> Any:
    return (value,) if isinstance(value, str) else value


Duration = Annotated[float, BeforeValidator(_duration)]
Number = Annotated[float, BeforeValidator(_number), Field(allow_inf_nan=False)]
Names = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], BeforeValidator(_names)]
Kinds = Annotated[tuple[DeviceKind, ...], BeforeValidator(_names)]


class _ScopeEntry(Strict):
    kinds: Kinds = ()
    not_kinds: Kinds = ()
    roles: Names = ()
    not_roles: Names = ()
    sites: Names = ()
    tags: Names = ()
    not_tags: Names = ()
    devices: Names = ()
    labels: dict[str, Names] = Field(default_factory=dict)
    facts: dict[str, Names] = Field(default_factory=dict)
    not_facts: dict[str, Names] = Field(default_factory=dict)
    admin_up: StrictBool = False
    ports: Ports = Ports.ALL


class _RuleEntry(Strict):
    rule: str = Field(pattern=r"^[A-Z][A-Za-z0-9]*$")
    value: Any
    above: Number | None = None
    below: Number | None = None
    equals: Number | None = None
    clear_below: Number | None = None
    clear_above: Number | None = None
    hold: Duration = Field(default=0.0, alias="for")
    keep: Duration = Field(default=0.0, alias="keep_firing_for")
    severity: Severity
    scope: _ScopeEntry = _ScopeEntry()
    once_healthy: StrictBool = False
    on_unknown: Literal["hold", "resolve"] = "hold"
    root_cause: StrictBool = False
    message: str = Field(min_length=1, max_length=500)
    description: str = ""
    runbook: str = ""


SCOPE_KEYS = tuple(_ScopeEntry.model_fields)
RULE_KEYS = tuple(info.alias or name for name, info in _RuleEntry.model_fields.items())


class _RuleFile(Strict):
    rules: tuple[_RuleEntry, ...]


def load_rules(documents: Iterable[Document], catalogue: Catalogue) -> tuple[Rule, ...]:
    """All rules of all files, in order. Raises ConfigError with one Problem per mistake."""
    problems: list[Problem] = []
    rules: dict[str, Rule] = {}
    for document in documents:
        try:
            entries = validate(_RuleFile, document).rules
        except ConfigError as error:
            problems += error.problems
            continue
        for position, entry in enumerate(entries):
            builder = _Builder(document, ["rules", position], catalogue, problems)
            rule = builder.rule(entry)
            if rule is None:
                continue
            if rule.name in rules:
                where = rules[rule.name].file or "the same file"
                builder.problem(["rule"], f"rule {rule.name} is defined twice", f"also in {where}")
            rules.setdefault(rule.name, rule)
    if problems:
        raise ConfigError(problems)
    return tuple(rules.values())


class _Builder:
    """Makes one rule out of its entry; collects what is wrong with it."""

    def __init__(
        self, document: Document, path: list[str | int], catalogue: Catalogue, problems: list[Problem]
    ) -> None:
        self._document = document
        self._path = path
        self._catalogue = catalogue
        self._problems = problems

    def problem(self, path: Sequence[str | int], message: str, hint: str = "") -> None:
        self._problems.append(self._document.problem([*self._path, *path], message, hint))

    def rule(self, entry: _RuleEntry) -> Rule | None:
        before = len(self._problems)
        expression = self._expression(entry.value)
        if expression is None:
            return None
        condition = self._condition(entry, expression)
        scope = self._scope(entry.scope, expression)
        self._templates(entry, expression)
        if entry.root_cause and expression.entity not in (EntityKind.DEVICE, EntityKind.SENSOR):
            self.problem(
                ["root_cause"], "only a rule on a device, or on a sensor of a UPS, can explain others"
            )
        if entry.once_healthy and entry.on_unknown == "resolve":
            self.problem(
                ["on_unknown"], "resolve and once_healthy contradict each other", "leave out on_unknown"
            )
        if condition is None or len(self._problems) > before:
            return None
        return Rule(
            name=entry.rule,
            expression=expression,
            condition=condition,
            severity=entry.severity,
            message=entry.message,
            hold=entry.hold,
            keep=entry.keep,
            scope=scope,
            once_healthy=entry.once_healthy,
            on_unknown=OnUnknown(entry.on_unknown),
            root_cause=entry.root_cause,
            description=entry.description,
            runbook=entry.runbook,
            file=self._document.file,
        )

    def _expression(self, value: Any) -> Expression | None:
        choice, entries, path = Choice.FIRST, [value], ["value"]
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in list(Choice):
            choice = Choice(next(iter(value)))
            entries, path = value[choice.value], ["value", choice.value]
            if not isinstance(entries, list) or len(entries) < 2:
                self.problem(path, "expected a list of at least two values")
                return None
        built = []
        for position, entry in enumerate(entries):
            where: list[str | int] = [*path, position] if len(entries) > 1 else list(path)
            built.append(self._term(entry, where))
        terms = [one for one in built if one is not None]
        if len(terms) < len(entries):
            return None
        first, unit = terms[0]
        family = self._catalogue[first.family]
        for position, (term, other_unit) in enumerate(terms[1:], start=1):
            other = self._catalogue[term.family]
            same = (other.entity, other.labels, other_unit) == (family.entity, family.labels, unit)
            if not same:
                self.problem(
                    [*path, position],
                    f"{other.name} is not of the same kind as {family.name}",
                    "all values need the same kind of entity, row labels and unit",
                )
                return None
        return Expression(tuple(term for term, _ in terms), choice, family.entity, family.labels, unit)

    def _term(self, entry: Any, path: list[str | int]) -> tuple[Term, str] | None:
        """The term and the unit of its value."""
        if isinstance(entry, str):
            entry = {"of": entry}
        if not isinstance(entry, dict):
            self.problem(path, "expected a family, or a mapping such as {rate: FAMILY, per: FAMILY}")
            return None
        for key in entry:
            if key not in ("of", "rate", "per"):
                self.problem(
                    [*path, str(key)], f"unknown key {key!r}", did_you_mean(str(key), ["of", "rate", "per"])
                )
                return None
        if ("of" in entry) == ("rate" in entry):
            self.problem(path, "expected either `of` (the value) or `rate` (its increase per second)")
            return None
        rate = "rate" in entry
        family = self._family(entry["rate" if rate else "of"], path, counter=rate)
        if family is None:
            return None
        unit = _rate_unit(family.unit) if rate else family.unit
        if "per" not in entry:
            return Term(family.name, rate), unit
        per = self._family(entry["per"], [*path, "per"], counter=False)
        if per is None:
            return None
        if per.entity is not family.entity:
            self.problem(
                [*path, "per"],
                f"{per.name} belongs to a {per.entity}, {family.name} to a {family.entity}",
                "both must belong to the same kind of entity",
            )
            return None
        if per.labels not in ((), family.labels):
            self.problem([*path, "per"], f"{per.name} has row labels that {family.name} has not")
            return None
        unit = "ratio" if unit == per.unit else f"{unit or 'count'} per {per.unit or 'count'}"
        return Term(family.name, rate, per.name, bool(per.labels)), unit

    def _family(self, name: Any, path: list[str | int], *, counter: bool) -> Family | None:
        if not isinstance(name, str):
            self.problem(path, "expected the name of a family")
            return None
        family = self._catalogue.get(name)
        if family is None:
            hint = did_you_mean(name, self._catalogue)
            self.problem(path, f"unknown family {name!r}", hint or "docs/metrics.md lists them")
        elif family.type is FamilyType.INFO:
            self.problem(path, f"{name} holds text, not a value")
        elif counter and family.type is not FamilyType.COUNTER:
            self.problem(path, f"{name} is no counter and has no rate", "judge its value: `of`")
        elif not counter and family.type is FamilyType.COUNTER:
            self.problem(path, f"{name} is a counter, whose value only grows", f"judge {{rate: {name}}}")
        else:
            return family
        return None

    def _condition(self, entry: _RuleEntry, expression: Expression) -> Condition | None:
        given = [(sort, getattr(entry, sort.value)) for sort in Comparison]
        given = [(sort, threshold) for sort, threshold in given if threshold is not None]
        if len(given) != 1:
            self.problem([], "expected exactly one of `above`, `below` and `equals`")
            return None
        comparison, threshold = given[0]
        clear = {Comparison.ABOVE: entry.clear_below, Comparison.BELOW: entry.clear_above}.get(comparison)
        for key, value, fits in (
            ("clear_below", entry.clear_below, comparison is Comparison.ABOVE),
            ("clear_above", entry.clear_above, comparison is Comparison.BELOW),
        ):
            if value is not None and not fits:
                self.problem([key], f"{key} has no meaning beside `{comparison.value}`")
        if clear is not None and comparison is Comparison.ABOVE and clear > threshold:
            self.problem(
                ["clear_below"], f"the clear level {clear:g} lies above the threshold {threshold:g}",
                "the alert would end while its condition holds",
            )  # fmt: skip
        if clear is not None and comparison is Comparison.BELOW and clear < threshold:
            self.problem(
                ["clear_above"], f"the clear level {clear:g} lies below the threshold {threshold:g}",
                "the alert would end while its condition holds",
            )  # fmt: skip
        self._possible(comparison, threshold, expression)
        return Condition(comparison, threshold, clear)

    def _possible(self, comparison: Comparison, threshold: float, expression: Expression) -> None:
        """A threshold that the value can never pass, or always does."""
        unit, path = expression.unit, [comparison.value]
        if unit == "ratio" and threshold > 1:
            percent = f"write {threshold / 100:g} for {threshold:g} %"
            self.problem(path, f"the value is a share from 0 to 1, never {threshold:g}", percent)
        never_negative = unit in _NEVER_NEGATIVE or any(term.rate for term in expression.terms)
        if never_negative and (threshold < 0 or (comparison is Comparison.BELOW and threshold == 0)):
            self.problem(path, f"the value is never below 0, so {threshold:g} is no threshold for it")

    def _scope(self, entry: _ScopeEntry, expression: Expression) -> Scope:
        labels = []
        for name, values in entry.labels.items():
            if name not in expression.labels:
                hint = did_you_mean(name, expression.labels) or "its families have no row labels"
                self.problem(["scope", "labels", name], f"unknown row label {name!r}", hint)
            else:
                labels.append((expression.labels.index(name), frozenset(values)))
        if expression.entity is not EntityKind.INTERFACE:
            for key, used in (("admin_up", entry.admin_up), ("ports", entry.ports is not Ports.ALL)):
                if used:
                    self.problem(
                        ["scope", key],
                        f"{key} is about interfaces, this rule is about a {expression.entity}",
                    )
        for one, other in (("kinds", "not_kinds"), ("roles", "not_roles"), ("tags", "not_tags")):
            wanted = set(getattr(entry, one))
            if wanted and wanted <= set(getattr(entry, other)):
                self.problem(["scope", other], f"leaves nothing of {one}: the rule would never match")
        return Scope(
            kinds=frozenset(entry.kinds),
            not_kinds=frozenset(entry.not_kinds),
            roles=frozenset(entry.roles),
            not_roles=frozenset(entry.not_roles),
            sites=frozenset(entry.sites),
            tags=frozenset(entry.tags),
            not_tags=frozenset(entry.not_tags),
            devices=entry.devices,
            labels=tuple(labels),
            facts=_tests(entry.facts),
            not_facts=_tests(entry.not_facts),
            admin_up=entry.admin_up,
            ports=entry.ports,
        )

    def _templates(self, entry: _RuleEntry, expression: Expression) -> None:
        known = {*FIELDS, expression.entity.value, *expression.labels}
        for key, template in (("message", entry.message), ("description", entry.description)):
            try:
                names = template_fields(template)
            except ValueError as error:
                self.problem([key], str(error))
                continue
            for name in names:
                if name not in known:
                    self.problem([key], f"unknown field {{{name}}}", did_you_mean(name, known))


def _tests(facts: dict[str, tuple[str, ...]]) -> tuple[tuple[str, frozenset[str]], ...]:
    return tuple((name, frozenset(values)) for name, values in facts.items())


def _rate_unit(unit: str) -> str:
    return "bytes_per_second" if unit == "bytes" else f"{unit or 'count'} per second"
