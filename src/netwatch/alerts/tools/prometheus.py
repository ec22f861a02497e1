"""Rules as Prometheus rules, where Prometheus can say the same.

What netwatch alone knows (school calendars, which ports are uplinks, what was once in good health) can't be
said in PromQL over its metrics; such rules are left out, and it is told why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netwatch.alerts.derived import with_derived
from netwatch.alerts.expression import Choice, Term
from netwatch.alerts.message import template_fields
from netwatch.alerts.rule import Circuits, Comparison, Ports, Rule
from netwatch.alerts.tools.prometheus_circuits import ENDS, RATE, circuit_records
from netwatch.model import Catalogue, Circuit, EntityKind, Family, FamilyType

__all__ = ["PrometheusRules", "export_prometheus"]

_DEVICE = ("district", "site", "device")
"""Labels of every series of a device (docs/metrics.md)."""
_RANGE = "5m"
"""Two polls have to lie in it: irate() takes the last two, as netwatch's own rates do."""
_WATCHDOG = (
    ("NetwatchAbsent", "absent(netwatch_build_info)", 300, "netwatch is not scraped: nobody watches"),
    (
        "NetwatchStalled",
        "rate(netwatch_poller_passes_total[10m]) == 0 and netwatch_poller_devices > 0",
        600,
        "netwatch runs, but has polled nothing for 10 minutes",
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PrometheusRules:
    """What could be exported, and what could not."""

    document: Mapping[str, Any]
    """A file of rules, to be written as YAML."""
    exported: tuple[str, ...]
    refused: tuple[tuple[str, str], ...]
    """(rule, why it can't be exported)."""


def export_prometheus(
    rules: Sequence[Rule], catalogue: Catalogue, circuits: Sequence[Circuit] | None = None
) -> PrometheusRules:
    """Rules that fire in Prometheus when they fire in netwatch, as long as all values are known. `circuits`
    of the inventory; None: not known.

    Not alike: an alert ends when its value is not known any more, and one fault may give many alerts.
    """
    out: list[dict[str, Any]] = []
    exported, refused, about_circuits = [], [], False
    for rule in rules:
        reasons = list(_reasons(rule, catalogue, inventory=circuits is not None))
        if reasons:
            refused.append((rule.name, "; ".join(dict.fromkeys(reasons))))
            continue
        exported.append(rule.name)
        about_circuits |= _about_circuits(rule)
        out += _Writer(rule, catalogue).rules()
    if about_circuits:
        out = [*circuit_records(circuits or ()), *out]
    watchdog = [
        {
            "alert": name,
            "expr": expr,
            "for": f"{seconds}s",
            "labels": {"severity": "critical"},
            "annotations": {"summary": text},
        }
        for name, expr, seconds, text in _WATCHDOG
    ]
    groups = [{"name": "netwatch", "rules": out}, {"name": "netwatch itself", "rules": watchdog}]
    return PrometheusRules(
        {"groups": [one for one in groups if one["rules"]]}, tuple(exported), tuple(refused)
    )


def _about_circuits(rule: Rule) -> bool:
    return rule.scope.circuits is not Circuits.ANY or RATE in rule.expression.families


def _reasons(rule: Rule, catalogue: Catalogue, *, inventory: bool) -> Iterator[str]:
    """Why Prometheus can't say the same. `inventory`: it is known where circuits end."""
    derived = with_derived(catalogue)
    for family in (*rule.expression.families, *(name for name, _ in rule.scope.device_is)):
        if family not in catalogue and family in derived and family != RATE:
            yield f"{family} is made by netwatch for rules and not exported"
    if rule.once_healthy:
        yield "`once_healthy`: Prometheus does not remember what was in good health once"
    if not rule.window.is_always:
        yield f"`{rule.window}`: Prometheus knows neither school calendars nor the hours of a time zone"
    scope = rule.scope
    if scope.ports is not Ports.ALL:
        yield f"`ports: {scope.ports}`: which ports are uplinks is not exported"
    if scope.tags or scope.not_tags:
        yield "`tags`: tags are not exported"
    if any(place.count("/") > 1 for place in scope.sites):
        yield "`sites`: places below a school are not exported"
    for name, _ in (*scope.facts, *scope.not_facts):
        if _info_of(rule.expression.entity, name, catalogue) is None:
            yield f"`facts`: the fact {name} of a {rule.expression.entity} is not exported"
    if _about_circuits(rule) and not inventory:
        yield "circuits: at which ports they end is in the inventory (name the settings by --config)"


def _info_of(entity: EntityKind, fact: str, catalogue: Catalogue) -> Family | None:
    """The info family that has the fact as a label."""
    return next(
        (
            family
            for family in catalogue.values()
            if family.type is FamilyType.INFO and family.entity is entity and fact in family.facts
        ),
        None,
    )


class _Writer:
    """One rule in PromQL."""

    def __init__(self, rule: Rule, catalogue: Catalogue) -> None:
        self._rule = rule
        self._catalogue = catalogue
        entity = rule.expression.entity
        self._part = () if entity is EntityKind.DEVICE else (entity.value,)
        self._ids = ", ".join((*_DEVICE, *self._part))
        self._series = ", ".join((*_DEVICE, *self._part, *rule.expression.labels))

    def rules(self) -> Iterator[dict[str, Any]]:
        rule = self._rule
        value = self._scoped(self._value())
        if rule.condition.clear is not None or rule.limit:
            name = f"netwatch_rule:{_snake(rule.name)}"
            yield {"record": name, "expr": value}
            value = name
        texts = {"summary": rule.message, "description": rule.description}
        alert: dict[str, Any] = {"alert": rule.name, "expr": self._condition(value)}
        if rule.hold:
            alert["for"] = _duration(rule.hold)
        if rule.keep:
            alert["keep_firing_for"] = _duration(rule.keep)
        alert["labels"] = {"severity": rule.severity.value}
        alert["annotations"] = {key: self._text(text) for key, text in texts.items() if text}
        if rule.runbook:
            alert["annotations"]["runbook_url"] = rule.runbook
        yield alert

    # the value

    def _value(self) -> str:
        expression = self._rule.expression
        terms = [self._term(term) for term in expression.terms]
        if len(terms) == 1:
            return terms[0]
        if expression.choice is Choice.FIRST:
            return " or ".join(f"({term})" for term in terms)
        largest = terms[0]
        for term in terms[1:]:
            # The first where it is larger; else the other one; else the first, where there is no other.
            largest = f"(({largest}) > ({term})) or ({term}) or ({largest})"
        return largest

    def _term(self, term: Term) -> str:
        value = self._selected(term.family, term.where_names, [v for _, v in term.where], own=True)
        if term.rate:
            value = f"irate({value}[{_RANGE}])"
        if term.where:
            value = f"sum without ({', '.join(term.where_names)}) ({value})"
        if not term.per:
            return value
        per = self._selected(term.per, term.per_where_names, [v for _, v in term.per_where], own=False)
        if term.per_where:
            per = f"sum without ({', '.join(term.per_where_names)}) ({per})"
        many = self._rule.expression.labels and not term.per_has_labels
        on = f"on ({self._ids}) group_left ()" if many else f"on ({self._series})"
        return f"{value} / {on} ({per} > 0)"

    def _selected(self, family: str, names: Sequence[str], values: Sequence[str], *, own: bool) -> str:
        matchers = [f"{name}={_quoted(value)}" for name, value in zip(names, values, strict=True)]
        scope = self._rule.scope
        if own:
            labels = self._rule.expression.labels
            matchers += [f"{labels[place]}=~{_either(_escaped(v) for v in sorted(allowed))}"
                         for place, allowed in scope.labels]  # fmt: skip
            part = self._part[0] if self._part else "device"
            if not self._too:
                matchers += self._names(part)
            if scope.devices:
                matchers.append(f"device=~{_either(map(_pattern, scope.devices))}")
            if scope.sites:
                slugs = sorted({place.rpartition("/")[2] for place in scope.sites})
                matchers.append(f"site=~{_either(map(_escaped, slugs))}")
        return f"{family}{{{', '.join(matchers)}}}" if matchers else family

    def _names(self, part: str) -> Iterator[str]:
        scope = self._rule.scope
        for names, sign in ((scope.names, "=~"), (scope.not_names, "!~")):
            if names:
                yield f"{part}{sign}{_either(map(_pattern, names), fold=True)}"

    # who it is about

    def _scoped(self, value: str) -> str:
        scope, out = self._rule.scope, f"({value})" if " " in value else value
        device = []
        for name, wanted, unwanted in (
            ("kind", {kind.value for kind in scope.kinds}, {kind.value for kind in scope.not_kinds}),
            ("role", scope.roles, scope.not_roles),
        ):
            if wanted:
                device.append(f"{name}=~{_either(map(_escaped, sorted(wanted)))}")
            if unwanted:
                device.append(f"{name}!~{_either(map(_escaped, sorted(unwanted)))}")
        if device:
            out += f" and on ({', '.join(_DEVICE)}) netwatch_device_info{{{', '.join(device)}}}"
        for family, number in scope.device_is:
            out += f" and on ({', '.join(_DEVICE)}) {family} == {number:g}"
        for family, number in scope.device_is_not:
            out += f" unless on ({', '.join(_DEVICE)}) {family} == {number:g}"
        if self._too:
            fits = f"netwatch_interface_info{{{', '.join(self._names('interface'))}}}" + self._facts()
            out += f" and on ({self._ids}) (({fits}) or on ({self._ids}) {ENDS})"
        else:
            out += self._facts()
        if scope.circuits in (Circuits.ONLY, Circuits.NONE):
            out += f" {'and' if scope.circuits is Circuits.ONLY else 'unless'} on ({self._ids}) {ENDS}"
        if scope.admin_up:
            out += f" and on ({self._ids}) netwatch_interface_admin_up == 1"
        return out

    @property
    def _too(self) -> bool:
        """Ports of circuits match whatever their facts and names say."""
        return self._rule.scope.circuits is Circuits.TOO and self._rule.scope.about_parts

    def _facts(self) -> str:
        out, scope = "", self._rule.scope
        for facts, word in ((scope.facts, "and"), (scope.not_facts, "unless")):
            for name, values in facts:
                info = _info_of(self._rule.expression.entity, name, self._catalogue)
                assert info is not None
                patterns = sorted(values)
                fold = any("*" in text or "?" in text for text in patterns)
                match = _either(map(_pattern, patterns), fold=fold)
                out += f" {word} on ({self._ids}) {info.name}{{{name}=~{match}}}"
        return out

    # when it holds

    def _condition(self, value: str) -> str:
        condition, limit = self._rule.condition, self._rule.limit
        begins = {Comparison.ABOVE: ">", Comparison.BELOW: "<", Comparison.EQUALS: "=="}[condition.comparison]
        lasts = {Comparison.ABOVE: ">=", Comparison.BELOW: "<="}.get(condition.comparison, "")
        inner = f"({value})" if " " in value else value

        def compared(sign: str, level: float) -> str:
            if not limit:
                return f"{inner} {sign} {level:.12g}"
            shift = level - condition.threshold
            own = f"({limit} + {shift:.12g})" if shift else limit
            unlimited = f"({inner} unless on ({self._series}) {limit})"
            return f"({inner} {sign} on ({self._series}) {own} or {unlimited} {sign} {level:.12g})"

        text = compared(begins, condition.threshold)
        if condition.clear is None:
            return text
        firing = f'ALERTS{{alertname="{self._rule.name}", alertstate="firing"}}'
        return f"{text} or ({compared(lasts, condition.clear)} and on ({self._series}) {firing})"

    # what people read

    def _text(self, template: str) -> str:
        unit = self._rule.expression.unit
        fields = {name: f"{{{{ $labels.{name} }}}}" for name in template_fields(template)}
        fields |= {"where": "{{ $labels.site }}", "value": _VALUES.get(unit, "{{ $value | humanize }}")}
        part = self._part[0] if self._part else "device"
        fields["entity"] = f"{{{{ $labels.{part} }}}}"
        for name in ("kind", "role"):
            fields[name] = (
                '{{ with printf "netwatch_device_info{device=%q}" $labels.device | query }}'
                f'{{{{ . | first | label "{name}" }}}}{{{{ end }}}}'
            )
        return " ".join(template.format_map(fields).split())


_VALUES = {
    "ratio": "{{ $value | humanizePercentage }}",
    "celsius": "{{ $value | humanize }} °C",
    "seconds": "{{ $value | humanizeDuration }}",
    "bytes": "{{ $value | humanize1024 }}B",
}


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _duration(seconds: float) -> str:
    return f"{seconds:.0f}s" if seconds % 1 == 0 else f"{seconds * 1000:.0f}ms"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _escaped(text: str) -> str:
    """For RE2, which knows fewer escapes than Python."""
    return re.sub(r"([\\.+*?()|\[\]{}^$])", r"\\\1", text)


def _pattern(text: str) -> str:
    """`*` and `?` as in file names."""
    return _escaped(text).replace(r"\*", ".*").replace(r"\?", ".")


def _either(patterns: Iterable[str], *, fold: bool = False) -> str:
    return _quoted(("(?i)" if fold else "") + "|".join(patterns))
