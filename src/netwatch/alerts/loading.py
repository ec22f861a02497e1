"""Rules from YAML. What can't work is refused with its place and the remedy."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictBool

from netwatch.alerts.derived import with_derived
from netwatch.alerts.expression import Expression
from netwatch.alerts.expression_loading import ExpressionBuilder, impossible
from netwatch.alerts.message import FIELDS, template_fields
from netwatch.alerts.rule import Circuits, Comparison, Condition, OnUnknown, Ports, Rule, Scope
from netwatch.calendars.windows import Span, Window, parse_span
from netwatch.documents import Document, Strict, did_you_mean, dotted, fault, validate
from netwatch.errors import ConfigError, Problem
from netwatch.model import Catalogue, DeviceKind, EntityKind, FamilyType, Severity

__all__ = ["RULE_KEYS", "SCOPE_KEYS", "load_rules"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_DURATION = re.compile(r"(?:\d+(?:ms|[smhd]))+")


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
Values = Annotated[tuple[str, ...], BeforeValidator(_names)]
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
    labels: dict[str, Values] = Field(default_factory=dict)
    facts: dict[str, Names] = Field(default_factory=dict)
    not_facts: dict[str, Names] = Field(default_factory=dict)
    names: Names = ()
    not_names: Names = ()
    device_is: dict[str, Number] = Field(default_factory=dict)
    device_is_not: dict[str, Number] = Field(default_factory=dict)
    admin_up: StrictBool = False
    ports: Ports = Ports.ALL
    circuits: Circuits = Circuits.ANY


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
    during: Names = ()
    outside: Names = ()
    limit: str = ""
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
    catalogue = with_derived(catalogue)
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
        expression = ExpressionBuilder(self._catalogue, self.problem).expression(entry.value)
        if expression is None:
            return None
        condition = self._condition(entry, expression)
        scope = self._scope(entry.scope, expression)
        window = self._window(entry)
        if entry.limit:
            self._limit(entry.limit, expression, condition)
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
            window=window,
            limit=entry.limit,
            once_healthy=entry.once_healthy,
            on_unknown=OnUnknown(entry.on_unknown),
            root_cause=entry.root_cause,
            description=entry.description,
            runbook=entry.runbook,
            file=self._document.file,
            path=dotted(self._path),
            source=self._document,
        )

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
        for key, message, hint in impossible(
            Condition(comparison, threshold, clear), expression, self._catalogue
        ):
            self.problem([key], message, hint)
        return Condition(comparison, threshold, clear)

    def _scope(self, entry: _ScopeEntry, expression: Expression) -> Scope:
        labels = []
        for name, values in entry.labels.items():
            if name not in expression.labels:
                hint = did_you_mean(name, expression.labels) or "its families have no row labels"
                self.problem(["scope", "labels", name], f"unknown row label {name!r}", hint)
                continue
            known = expression.values_of(name, self._catalogue)
            for value in values:
                if known is not None and value not in known:
                    message = f"the row label {name} is never {value!r}"
                    self.problem(["scope", "labels", name], message, did_you_mean(value, known))
            labels.append((expression.labels.index(name), frozenset(values)))
        if expression.entity is not EntityKind.INTERFACE:
            for key, used in (
                ("admin_up", entry.admin_up),
                ("ports", entry.ports is not Ports.ALL),
                ("circuits", entry.circuits is not Circuits.ANY),
            ):
                if used:
                    self.problem(
                        ["scope", key],
                        f"{key} is about interfaces, this rule is about a {expression.entity}",
                    )
        for key, given in (("device_is", entry.device_is), ("device_is_not", entry.device_is_not)):
            for name, number in given.items():
                self._device_is(key, name, number)
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
            names=tuple(name.lower() for name in entry.names),
            not_names=tuple(name.lower() for name in entry.not_names),
            device_is=tuple(entry.device_is.items()),
            device_is_not=tuple(entry.device_is_not.items()),
            admin_up=entry.admin_up,
            ports=entry.ports,
            circuits=entry.circuits,
        )

    def _device_is(self, key: str, name: str, value: float) -> None:
        path, family = ["scope", key, name], self._catalogue.get(name)
        if family is None:
            hint = did_you_mean(name, self._catalogue) or "docs/metrics.md lists them"
            self.problem(path, f"unknown family {name!r}", hint)
        elif family.entity is not EntityKind.DEVICE or family.labels or family.type is not FamilyType.GAUGE:
            self.problem(path, f"{name} is no plain value of a device")
        elif family.largest is not None and not (0 <= value <= family.largest and value % 1 == 0):
            self.problem(path, f"{name} is never {value:g}", f"at most {family.largest:g}")

    def _window(self, entry: _RuleEntry) -> Window:
        spans: dict[str, list[Span]] = {"during": [], "outside": []}
        for key, texts in (("during", entry.during), ("outside", entry.outside)):
            for text in texts:
                try:
                    spans[key].append(parse_span(text))
                except ValueError as error:
                    self.problem([key], str(error))
        window = Window(tuple(spans["during"]), tuple(spans["outside"]))
        shut = {span.text for span in window.during} & {span.text for span in window.outside}
        if window.during and shut >= {span.text for span in window.during}:
            self.problem(["outside"], "leaves nothing of `during`: the window never opens")
        return window

    def _limit(self, name: str, expression: Expression, condition: Condition | None) -> None:
        family = self._catalogue.get(name)
        if family is None:
            hint = did_you_mean(name, self._catalogue) or "docs/metrics.md lists them"
            self.problem(["limit"], f"unknown family {name!r}", hint)
        elif (family.entity, family.labels, family.unit) != (
            expression.entity, expression.labels, expression.unit,
        ):  # fmt: skip
            message = f"{name} is not of the same kind as the value"
            self.problem(["limit"], message, "it needs the same kind of entity, row labels and unit")
        if condition is not None and condition.comparison is Comparison.EQUALS:
            self.problem(["limit"], "limit has no meaning beside `equals`", "use `above` or `below`")

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
