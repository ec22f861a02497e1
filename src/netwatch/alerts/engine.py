"""Rules, a snapshot and what was before give what is now, and what somebody may want to be told of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from netwatch.alerts.causes.context import add_context
from netwatch.alerts.causes.remembering import KeptLink, Restored
from netwatch.alerts.causes.suppression import ActiveKey, CauseMemory, grown, with_causes
from netwatch.alerts.causes.topology import Links
from netwatch.alerts.derived import CHANGES, Changes, Remembered, derived_steps
from netwatch.alerts.frame import Frame, Memo, SeriesKey
from netwatch.alerts.grown import Grown
from netwatch.alerts.judgement import Judgement, judge, prepare
from netwatch.alerts.lifecycle import Active, Verdict, advance
from netwatch.alerts.message import alert_labels, fields_of, render
from netwatch.alerts.rule import OnUnknown, Rule
from netwatch.alerts.scope import Surroundings
from netwatch.calendars import Calendars
from netwatch.model import Alert, AlertState, EntityId, EntityKind, Snapshot, Transition, differences

__all__ = ["AlertEngine", "EngineState", "Healthy", "evaluate", "evaluate_steps"]

RESOLVED_KEPT = 3600.0
"""Seconds for which a resolved alert stays in the list."""
_ALERTS_AT_ONCE = 20
_LINKS_AT_ONCE = 1000
UPLINK = "@uplink"
"""Stands for a rule's name where a series is remembered as an uplink."""


class Healthy(NamedTuple):
    """A series that a rule has seen in good health; an interface that was an uplink, under `@uplink`; what is
    known of devices, under the names of `CHANGES`."""

    rule: str
    entity: EntityId
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class EngineState:
    """Everything that one evaluation hands to the next."""

    active: Mapping[ActiveKey, Active] = field(default_factory=dict)
    resolved: tuple[Alert, ...] = ()
    healthy: Mapping[str, Grown] = field(default_factory=dict)
    """By rule: series seen in good health."""
    uplinks: frozenset[EntityId] = frozenset()
    causes: CauseMemory = field(default_factory=CauseMemory)
    changes: Changes = field(default_factory=Changes)


def evaluate(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    state: EngineState,
    *,
    attachment: Sequence[str] = (),
    memo: Memo | None = None,
    calendars: Calendars | None = None,
) -> tuple[EngineState, list[Transition]]:
    """One pass over all rules. Pure: the same arguments give the same answer; `memo` only saves time.

    `attachment` names the devices that netwatch hangs on, for root causes; `calendars` open and close the
    rules' windows.
    """
    work = evaluate_steps(rules, snapshot, state, attachment=attachment, memo=memo, calendars=calendars)
    while True:
        try:
            next(work)
        except StopIteration as end:
            state, transitions = end.value
            return state, transitions


def evaluate_steps(
    rules: Sequence[Rule],
    snapshot: Snapshot,
    state: EngineState,
    *,
    attachment: Sequence[str] = (),
    memo: Memo | None = None,
    calendars: Calendars | None = None,
) -> Generator[None, None, tuple[EngineState, list[Transition]]]:
    """`evaluate` in steps of a few milliseconds, so that an event loop gets its turn. Returns the result."""
    now = snapshot.at.wall
    memo = Memo() if memo is None else memo
    wanted = {family for rule in rules for family in rule.expression.families}
    snapshot, changes = yield from derived_steps(snapshot, state.changes, wanted)
    frame = Frame(snapshot, memo)
    yield from _find_uplinks(snapshot, memo)
    around = Surroundings(snapshot, _uplinks(state.uplinks, memo), memo, calendars)
    yield from snapshot.find_devices()
    yield
    active: dict[ActiveKey, Active] = {}
    healthy = dict(state.healthy)
    before = _by_rule(state.active)
    for rule in rules:
        known = before.pop(rule.name, {})
        well = healthy.setdefault(rule.name, Grown()) if rule.once_healthy else Grown()
        yield from prepare(rule, frame, around, well, memo)
        judgement = judge(rule, frame, around, well, memo)
        if rule.once_healthy:
            healthy[rule.name] = judgement.healthy
        yield
        for number, (mine, one) in enumerate(_advance_rule(rule, judgement, known, frame, now)):
            active[mine] = one
            if number % _ALERTS_AT_ONCE == _ALERTS_AT_ONCE - 1:
                yield
    for name, left in before.items():  # the rule was taken away
        for key, one in left.items():
            active[(name, *key)] = advance(one, Verdict.GONE, now, hold=0, keep=0)
    memo.tidy(snapshot.columns)
    yield
    active, causes = yield from with_causes(rules, snapshot, active, state.active, state.causes, attachment)
    yield from add_context(active, state.active, snapshot, state.resolved)
    transitions = yield from _transitions(state.active, active, now)
    yield
    ended = tuple(
        one.alert
        for one in active.values()
        if one.alert.state is AlertState.RESOLVED and one.alert.fired is not None
    )
    kept = tuple(alert for alert in state.resolved if now - (alert.resolved or now) < RESOLVED_KEPT)
    yield
    lasting: dict[ActiveKey, Active] = {}
    for number, (mine, one) in enumerate(active.items()):
        if not number % _LINKS_AT_ONCE:
            yield
        if one.alert.state is not AlertState.RESOLVED:
            lasting[mine] = one
    return EngineState(lasting, kept + ended, healthy, around.uplinks, causes, changes), transitions


def _advance_rule(
    rule: Rule, judgement: Judgement, known: Mapping[SeriesKey, Active], frame: Frame, now: float
) -> Iterator[tuple[ActiveKey, Active]]:
    """The rule's alerts after this snapshot: those that were, and those that begin."""
    entities = frame.snapshot.entities
    for key, one in known.items():
        verdict = judgement.verdict(key)
        lost = verdict is Verdict.UNKNOWN and rule.on_unknown is OnUnknown.RESOLVE
        if lost or key[0] not in entities:
            verdict = Verdict.GONE
        moved = advance(one, verdict, now, hold=rule.hold, keep=rule.keep)
        yield (rule.name, *key), _with_value(rule, moved, judgement, key, frame, verdict, now)
    for row in judgement.holding_rows():
        key = judgement.key(row)
        entity = entities.get(key[0])
        if key in known or entity is None:
            continue
        alert = Alert(
            id=_alert_id(rule.name, key, now),
            rule=rule.name,
            entity=entity.id,
            device=entity.device,
            state=AlertState.PENDING,
            severity=rule.severity,
            since=now,
            fired=None,
            resolved=None,
            value=None,
            summary="",
            labels=alert_labels(rule, entity, key, frame.snapshot),
        )
        begun = advance(Active(alert), Verdict.HOLDS, now, hold=rule.hold, keep=rule.keep)
        yield (rule.name, *key), _with_value(rule, begun, judgement, key, frame, Verdict.HOLDS, now)


def _with_value(
    rule: Rule, one: Active, judgement: Judgement, key: SeriesKey, frame: Frame, verdict: Verdict, now: float
) -> Active:
    """The alert with its latest value and texts. Where unknown: the last ones, and since when."""
    alert = one.alert
    if verdict in (Verdict.UNKNOWN, Verdict.GONE):
        if verdict is Verdict.UNKNOWN and "unknown_since" not in alert.annotations:
            annotations = {**alert.annotations, "unknown_since": f"{now:.0f}"}
            return replace(one, alert=replace(alert, annotations=annotations))
        return one
    value = judgement.value(key)
    worst = alert.state is not AlertState.RESOLVED
    fields = fields_of(rule, frame.snapshot.entities.get(key[0]), alert.labels, value, frame.snapshot)
    annotations = {name: text for name, text in alert.annotations.items() if name != "unknown_since"}
    if worst and verdict is Verdict.HOLDS:
        annotations["evidence"] = rule.expression.evidence(frame, key)
        if rule.description:
            annotations["description"] = render(rule.description, fields)
        if rule.runbook:
            annotations["runbook"] = rule.runbook
        alert = replace(alert, summary=render(rule.message, fields))
    return replace(one, alert=replace(alert, value=value, annotations=annotations))


def _transitions(
    before: Mapping[ActiveKey, Active], after: Mapping[ActiveKey, Active], now: float
) -> Generator[None, None, list[Transition]]:
    """Changes of state, of the explanation of what fires, and faults that have grown since they were told;
    causes come before what they explain."""
    out = []
    for number, (key, one) in enumerate(after.items()):
        if not number % _LINKS_AT_ONCE:
            yield
        old = before.get(key)
        previous = None if old is None else old.alert.state
        explained_anew = old is not None and old.alert.suppressed_by != one.alert.suppressed_by
        larger = old is not None and not one.alert.suppressed_by and grown(old.alert, one.alert)
        if previous is not one.alert.state or (
            (explained_anew or larger) and one.alert.state is AlertState.FIRING
        ):
            if previous is None and one.alert.state is AlertState.RESOLVED:
                continue
            out.append(Transition(one.alert, previous, now))
    return sorted(out, key=lambda transition: bool(transition.alert.suppressed_by))


def _find_uplinks(snapshot: Snapshot, memo: Memo) -> Iterator[None]:
    """Notes which interfaces have a neighbour."""
    entities, links = snapshot.entities, snapshot.links
    known = memo.links
    if known is not None and known[0] is links:
        changed = yield from differences(known[1], entities)
        for count, key in enumerate(changed, 1):
            if (key in known[1]) != (key in entities):
                break
            if not count % _LINKS_AT_ONCE:
                yield
        else:
            memo.links = (links, entities, known[2])
            return
    linked: set[EntityId] = set()
    for low in range(0, len(links), _LINKS_AT_ONCE):
        for link in links[low : low + _LINKS_AT_ONCE]:
            for end in link:
                if end in entities and entities[end].kind is EntityKind.INTERFACE:
                    linked.add(end)
        yield
    memo.links = (links, entities, frozenset(linked))


def _uplinks(before: frozenset[EntityId], memo: Memo) -> frozenset[EntityId]:
    """With those of this snapshot. The same object as before if there is nothing new."""
    linked = frozenset() if memo.links is None else memo.links[2]
    return before if linked <= before else before | linked


def _neighbors(links: Iterable[KeptLink]) -> dict[EntityId, frozenset[EntityId]]:
    found: dict[EntityId, set[EntityId]] = {}
    for link in links:
        for near, far in (link.devices, link.devices[::-1]):
            found.setdefault(near, set()).add(far)
    return {device: frozenset(beside) for device, beside in found.items()}


def _by_rule(active: Mapping[ActiveKey, Active]) -> dict[str, dict[SeriesKey, Active]]:
    out: dict[str, dict[SeriesKey, Active]] = {}
    for (rule, entity, labels), one in active.items():
        out.setdefault(rule, {})[(entity, labels)] = one
    return out


def _alert_id(rule: str, key: SeriesKey, since: float) -> str:
    text = "\x1f".join((rule, key[0], *key[1], repr(since)))
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


class AlertEngine:
    """Keeps the state between evaluations. Not for use by several threads at once."""

    def __init__(
        self,
        rules: Iterable[Rule],
        *,
        attachment: Sequence[str] = (),
        calendars: Calendars | None = None,
    ) -> None:
        self._rules = tuple(rules)
        self._attachment = tuple(attachment)
        self._calendars = calendars
        self._state = EngineState()
        self._memo = Memo()
        self._told: dict[str, Grown] = {}
        """What `new_healthy` has told of."""
        self._told_uplinks: frozenset[EntityId] = frozenset()
        self._told_changes: frozenset[Remembered] = frozenset()
        self.recheck: Callable[[EntityId], None] | None = None
        """Polls a device at once; called with each of `to_ask` at the end of an evaluation."""

    @property
    def rules(self) -> tuple[Rule, ...]:
        return self._rules

    def replace_rules(
        self,
        rules: Iterable[Rule],
        *,
        attachment: Sequence[str] = (),
        calendars: Calendars | None = None,
    ) -> None:
        """Other rules from the next evaluation on. Alerts of rules that are gone are resolved there."""
        self._rules = tuple(rules)
        self._attachment = tuple(attachment)
        self._calendars = calendars

    def evaluate(self, snapshot: Snapshot) -> list[Transition]:
        """Judges one snapshot. Causes come before what they explain."""
        work = self.evaluate_steps(snapshot)
        while True:
            try:
                next(work)
            except StopIteration as end:
                transitions: list[Transition] = end.value
                return transitions

    def evaluate_steps(self, snapshot: Snapshot) -> Generator[None, None, list[Transition]]:
        """`evaluate` in steps of a few milliseconds; returns the transitions. What `alerts` tells changes
        with the last one. One ends before the next begins."""
        self._state, transitions = yield from evaluate_steps(
            self._rules,
            snapshot,
            self._state,
            attachment=self._attachment,
            memo=self._memo,
            calendars=self._calendars,
        )
        recheck = self.recheck
        if recheck is not None:
            for device in sorted(self.to_ask()):
                recheck(device)
        return transitions

    def alerts(self) -> tuple[Alert, ...]:
        """Pending and firing alerts, and those resolved within the last hour."""
        return tuple(one.alert for one in self._state.active.values()) + self._state.resolved

    def to_ask(self) -> frozenset[EntityId]:
        """Devices to be polled at once, as of the last evaluation: pages wait for what they say."""
        return self._state.causes.ask

    def links(self) -> Links:
        """What is linked, as far as it is known: as neighbours tell, or told before they or their ports fell
        silent, or in an earlier run."""
        causes = self._state.causes
        return causes.links.union(one.ends for one in causes.restored.links)

    def restore(
        self,
        alerts: Iterable[Alert],
        healthy: Iterable[tuple[str, EntityId, tuple[str, ...]]] = (),
        links: Sequence[KeptLink] = (),
    ) -> None:
        """Goes on where an earlier process stopped: its open alerts, what `new_healthy` told, and `links` as
        neighbours told them."""
        labels_of = {rule.name: rule.expression.labels for rule in self._rules}
        active: dict[ActiveKey, Active] = {}
        resolved = []
        for alert in alerts:
            if alert.state is AlertState.RESOLVED:
                resolved.append(alert)
                continue
            labels = tuple(alert.labels.get(name, "") for name in labels_of.get(alert.rule, ()))
            active[(alert.rule, alert.entity, labels)] = Active(alert)
        known: dict[str, set[SeriesKey]] = {}
        for item in healthy:
            known.setdefault(item[0], set()).add((item[1], item[2]))
        uplinks = frozenset(entity for entity, _ in known.pop(UPLINK, set()))
        changes = [(what, *row) for what in CHANGES for row in known.pop(what, set())]
        series = {rule: Grown(keys) for rule, keys in known.items()}
        remembered = Changes().restored(changes, _neighbors(links))
        causes = CauseMemory(restored=Restored(tuple(links)))
        self._state = EngineState(active, tuple(resolved), series, uplinks, causes, remembered)
        self._told, self._told_uplinks = dict(series), uplinks
        self._told_changes = remembered.rows

    def new_healthy(self) -> list[Healthy]:
        """What rules have seen in good health since the last call: to be kept for `restore`.

        May be long at the first call (every port that is up).
        """
        new: list[Healthy] = []
        if self._state.uplinks is not self._told_uplinks:
            new += [Healthy(UPLINK, entity) for entity in self._state.uplinks - self._told_uplinks]
            self._told_uplinks = self._state.uplinks
        rows = self._state.changes.rows
        if rows is not self._told_changes:
            new += [Healthy(*row) for row in rows - self._told_changes]
            self._told_changes = rows
        for rule, keys in self._state.healthy.items():
            told = self._told.get(rule)
            if keys is not told:
                new += [Healthy(rule, entity, labels) for entity, labels in keys.since(told or ())]
                self._told[rule] = keys
        return sorted(new)
