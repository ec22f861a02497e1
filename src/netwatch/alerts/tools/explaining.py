"""Why an alert is there: readings, threshold, time, scope, cause. In lines for a person."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from netwatch.alerts.message import format_value
from netwatch.alerts.rule import Circuits, Comparison, OnUnknown, Ports, Rule, Scope
from netwatch.model import Alert, AlertState

__all__ = ["condition_text", "explain_alert", "explain_rule", "scope_text"]

Event = tuple[float, str]
"""Wall seconds and what happened."""


def explain_alert(
    alert: Alert,
    rule: Rule | None,
    others: Mapping[str, Alert],
    timeline: Sequence[Event],
    *,
    now: float,
    timezone: str,
) -> Iterator[str]:
    """`others`: alerts by id, to name the cause. `now`: wall seconds. Times are told in `timezone`."""
    clock = _Clock(timezone)
    part = alert.labels.get("device", str(alert.device))
    yield f"{alert.rule} on {part}: {alert.state.value}, {alert.severity.value} (id {alert.id})"
    if alert.summary:
        yield f"  {alert.summary}"
    yield _row("readings", alert.annotations.get("evidence") or "none were known when it was last written")
    if rule is None:
        yield _row("rule", "no rule of that name is loaded any more: the alert ends with the next evaluation")
    else:
        if alert.value is not None:
            yield _row("value", format_value(alert.value, rule.expression.unit))
        yield from explain_rule(rule)
    ended = alert.resolved if alert.resolved is not None else now
    yield _row(
        "since", f"{clock.text(alert.since)} ({format_value(max(0.0, ended - alert.since), 'seconds')})"
    )
    if alert.fired is not None:
        yield _row("fires since", clock.text(alert.fired))
    elif alert.state is AlertState.PENDING and rule is not None:
        yield _row("fires at", f"{clock.text(alert.since + rule.hold)}, if the condition holds until then")
    if alert.resolved is not None:
        yield _row("resolved", clock.text(alert.resolved))
    if unknown := alert.annotations.get("unknown_since"):
        held = "it is held" if rule is None or rule.on_unknown is OnUnknown.HOLD else "it ends"
        yield _row("unknown", f"since {clock.text(float(unknown))} the value is not known; {held}")
    yield _row("sent", _cause(alert, others))
    for at, text in timeline:
        yield _row("", f"{clock.text(at)}  {text}")


def _cause(alert: Alert, others: Mapping[str, Alert]) -> str:
    if not alert.suppressed_by:
        return "yes: nothing explains it" if alert.fired is not None else "not yet: it does not fire"
    cause = others.get(alert.suppressed_by)
    if cause is None:
        return f"no: alert {alert.suppressed_by} explained it, which is no more"
    device = cause.labels.get("device", str(cause.device))
    return f"no: {cause.rule} on {device} explains it ({cause.summary}; id {cause.id})"


def explain_rule(rule: Rule) -> Iterator[str]:
    """What a rule looks at."""
    yield _row("judges", str(rule.expression))
    yield _row("threshold", condition_text(rule))
    yield _row("ends", _end(rule))
    yield _row("scope", scope_text(rule.scope) or "everything that has the value")
    if not rule.window.is_always:
        yield _row("looks", f"{rule.window} (by the calendar of the device's school)")
    if rule.once_healthy:
        yield _row("only", "what was seen in good health before, or is an uplink")
    if rule.file:
        yield _row("rule", f"{rule.file}, {rule.path}")


def condition_text(rule: Rule) -> str:
    """`above 90 % for 5 min`."""
    condition, unit = rule.condition, rule.expression.unit
    text = f"{condition.comparison.value} {format_value(condition.threshold, unit)}"
    if rule.limit:
        text = f"{condition.comparison.value} {rule.limit}, else {format_value(condition.threshold, unit)}"
    return text + (f" for {format_value(rule.hold, 'seconds')}" if rule.hold else ", at once")


def _end(rule: Rule) -> str:
    condition, unit = rule.condition, rule.expression.unit
    if condition.comparison is Comparison.EQUALS or condition.clear is None:
        text = "when that is no longer so"
    else:
        side = "below" if condition.comparison is Comparison.ABOVE else "above"
        text = f"{side} {format_value(condition.clear, unit)}"
        if rule.limit:
            gap = abs(condition.threshold - condition.clear)
            text = f"{format_value(gap, unit)} {side} the threshold"
    return text + (f", {format_value(rule.keep, 'seconds')} later" if rule.keep else "")


def scope_text(scope: Scope) -> str:
    """All that narrows a scope, as it is written in the rule."""
    parts: list[str] = []
    for name, values in (
        ("kinds", [kind.value for kind in scope.kinds]),
        ("not_kinds", [kind.value for kind in scope.not_kinds]),
        ("roles", scope.roles),
        ("not_roles", scope.not_roles),
        ("sites", scope.sites),
        ("tags", scope.tags),
        ("not_tags", scope.not_tags),
        ("devices", scope.devices),
        ("names", scope.names),
        ("not_names", scope.not_names),
    ):
        if values:
            parts.append(f"{name} {_list(values)}")
    for name, facts in (("facts", scope.facts), ("not_facts", scope.not_facts)):
        parts += [f"{name} {fact} {_list(values)}" for fact, values in facts]
    parts += [f"labels {_list(values)}" for _, values in scope.labels]
    parts += [f"device_is {family} {value:g}" for family, value in scope.device_is]
    parts += [f"device_is_not {family} {value:g}" for family, value in scope.device_is_not]
    if scope.admin_up:
        parts.append("admin_up")
    if scope.circuits is not Circuits.ANY:
        parts.append(f"circuits {scope.circuits.value}")
    if scope.ports is not Ports.ALL:
        parts.append(f"ports {scope.ports.value}")
    return "; ".join(parts)


def _list(values: Iterable[str]) -> str:
    return ", ".join(value or '""' for value in sorted(values))


def _row(name: str, text: str) -> str:
    return f"  {name:<12}{text}"


class _Clock:
    def __init__(self, timezone: str) -> None:
        self._zone = ZoneInfo(timezone)

    def text(self, at: float) -> str:
        return datetime.fromtimestamp(at, UTC).astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S %Z")
