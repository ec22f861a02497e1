"""Decides who is told of what fires, and when to look again. Pure.

Nothing here waits for an event: each look at an alert decides from what is so now and from what was told, so
a look that comes late, comes twice, or comes after a restart tells the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from netwatch.calendars import Calendar
from netwatch.incidents.case import Acknowledgement, Case, series_of
from netwatch.incidents.damping import Flaps
from netwatch.incidents.policy import Audience, Policy, Urgency
from netwatch.incidents.silence import Silence, Subject, silencing
from netwatch.model import Alert, AlertState, Notice, Reason

__all__ = ["DeskState", "Event", "Look", "acknowledge", "look"]


@dataclass(frozen=True, slots=True)
class DeskState:
    """What one look hands to the next."""

    cases: Mapping[str, Case] = field(default_factory=dict)
    """By id of the alert; only of what fires."""
    flaps: Mapping[str, Flaps] = field(default_factory=dict)
    """By series."""
    looked: float = -math.inf
    """Wall seconds of the last look."""

    def due(self) -> float | None:
        """Wall second of the next look, if nothing happens before; None for never."""
        return min((case.due for case in self.cases.values() if case.due is not None), default=None)


@dataclass(frozen=True, slots=True)
class Event:
    """Something for an alert's timeline."""

    alert: str
    at: float
    """Wall seconds."""
    text: str


@dataclass(frozen=True, slots=True)
class Look:
    """What one look came to."""

    state: DeskState
    notices: tuple[Notice, ...]
    events: tuple[Event, ...]
    changed: tuple[Case, ...]
    """Cases to be kept."""
    closed: tuple[str, ...]
    """Alerts whose cases are not needed any more."""
    flaps: Mapping[str, Flaps | None]
    """Changed ones; None: to be forgotten."""

    @property
    def news(self) -> bool:
        """Whether there is something to keep or to tell."""
        return bool(self.notices or self.events or self.changed or self.closed or self.flaps)


def look(
    state: DeskState,
    alerts: Mapping[str, Alert],
    ended: Sequence[Alert] = (),
    *,
    subject_of: Callable[[Alert], Subject | None],
    policy: Policy,
    silences: Collection[Silence],
    now: float,
    touched: Collection[str] | None = None,
    calendar_of: Callable[[Alert], Calendar | None] = lambda _: None,
) -> Look:
    """One look at the alerts.

    `alerts` are all that are pending or firing, `ended` those that have ended since the last look. `touched`
    are those that changed since; what is due is looked at in any case, and everything (None) after a change
    of policy or silences and after a restart. `subject_of` tells what is known of an alert's device; None:
    nothing, just now. `calendar_of` tells the calendar of its school, for quiet times.
    """
    cases, flaps = dict(state.cases), dict(state.flaps)
    notices = [Notice(alert, reason=Reason.ENDED) for alert in ended if alert.fired is not None]
    events: list[Event] = []
    changed: dict[str, Case] = {}
    new_flaps: dict[str, Flaps | None] = {}
    firing = {key: alert for key, alert in alerts.items() if alert.state is AlertState.FIRING}
    closed = [key for key in cases if key not in firing]
    for key in closed:
        del cases[key]
    for key in _wanted(state, firing, cases, now, touched):
        alert, before = firing[key], cases.get(key)
        case = _with_subject(before, alert, subject_of(alert), policy)
        series = series_of(alert) if policy.damping is not None else ""
        calendar = None if policy.quiet is None else calendar_of(alert)
        visit = _Visit(alert, policy, silences, now, flaps.get(series), calendar)
        after = visit.examine(case)
        notices += visit.notices
        events += visit.events
        if after != before:
            cases[key] = changed[key] = after
        if visit.flaps is not None and visit.flaps != flaps.get(series):
            flaps[series] = new_flaps[series] = visit.flaps
    if policy.damping is not None:
        for series in [key for key, one in flaps.items() if policy.damping.forgotten(one, now)]:
            del flaps[series]
            new_flaps[series] = None
    kept = DeskState(cases, flaps, now)
    return Look(kept, tuple(notices), tuple(events), tuple(changed.values()), tuple(closed), new_flaps)


def _wanted(
    state: DeskState,
    firing: Mapping[str, Alert],
    cases: Mapping[str, Case],
    now: float,
    touched: Collection[str] | None,
) -> Iterable[str]:
    """What is to be looked at. After a clock was set back every time is to be seen anew."""
    if touched is None or now < state.looked:
        return list(firing)
    due = [key for key, case in cases.items() if case.due is not None and case.due <= now]
    return [key for key in dict.fromkeys([*touched, *due]) if key in firing]


def acknowledge(
    state: DeskState, alert: Alert, by: str, now: float, note: str = ""
) -> tuple[DeskState, Case, Event]:
    """Somebody looks after a firing alert: it is not escalated any more. A later one replaces an earlier."""
    case = state.cases.get(alert.id) or Case(alert.id, Subject(alert.labels.get("device", "")))
    case = replace(case, acknowledged=Acknowledgement(by, now, note))
    text = f"acknowledged by {by}" + (f": {note}" if note else "")
    return replace(state, cases={**state.cases, alert.id: case}), case, Event(alert.id, now, text)


def _with_subject(case: Case | None, alert: Alert, known: Subject | None, policy: Policy) -> Case:
    """The case with what is known of its device by now; else with what was known before."""
    subject = known or (case.subject if case is not None else Subject(alert.labels.get("device", "")))
    if alert.rule in policy.life_safety_rules and not subject.life_safety:
        subject = replace(subject, life_safety=True)
    if case is None:
        return Case(alert.id, subject)
    return case if case.subject == subject else replace(case, subject=subject)


def _extent(alert: Alert) -> tuple[int, str]:
    """Devices behind it, and what is greater than one device: a power failure, a carrier."""
    behind = alert.annotations.get("devices_behind", "")
    return int(behind) if behind.isdecimal() else 0, alert.annotations.get("fault", "")


@dataclass(frozen=True, slots=True)
class _Step:
    """One audience that is to be told once in each round."""

    key: str
    audience: Audience
    always: bool = False
    escalation: str = ""
    """Tells one escalation from another; empty for what is told first."""
    not_before: float = -math.inf


class _Visit:
    """One look at one firing alert."""

    def __init__(
        self,
        alert: Alert,
        policy: Policy,
        silences: Collection[Silence],
        now: float,
        flaps: Flaps | None,
        calendar: Calendar | None,
    ) -> None:
        self._alert = alert
        self._policy = policy
        self._silences = silences
        self._now = now
        self.flaps = flaps
        self._calendar = calendar
        self.events: list[Event] = []
        self.notices: list[Notice] = []

    def examine(self, case: Case) -> Case:
        now, safety = self._now, case.subject.life_safety
        case = self._after_silences(case)
        if case.silenced_by:
            return replace(case, ready=None)
        if self._alert.suppressed_by and not safety:
            return replace(case, ready=None, held="", due=case.silence_due)
        if case.ready is None or case.ready > now or any(at > now for at in case.told.values()):
            told = {key: min(at, now) for key, at in case.told.items()}  # the clock was set back
            case = replace(case, ready=now if case.ready is None else min(case.ready, now), told=told)
        return self._tell(self._counted(case))

    def _after_silences(self, case: Case) -> Case:
        """Whether it is silenced now. If it was, and is no more, a new round begins."""
        now, rule, safety = self._now, self._alert.rule, case.subject.life_safety
        mine = [] if safety else [one for one in self._silences if one.matcher.matches(rule, case.subject)]
        starts = [start for one in mine if (start := one.next_start(now)) is not None]
        # One that began and ended while nobody looked has ended, too.
        missed = case.silence_due is not None and case.silence_due <= now and not safety
        found = silencing(mine, rule, case.subject, now)
        if (next_start := min(starts, default=None)) != case.silence_due:
            case = replace(case, silence_due=next_start)
        if found is not None:
            silence, until = found
            if case.silenced_by != silence.id:
                comment = f": {silence.comment}" if silence.comment else ""
                self._note(f"silenced by {silence.id}{comment}")
            due = until if math.isfinite(until) else None
            return replace(case, silenced_by=silence.id, held=f"silence {silence.id}", due=due)
        if not case.silenced_by and not missed:
            return case
        self._note(f"silence {case.silenced_by} is over".replace("  ", " "))
        return replace(case, silenced_by="", held="", round=case.round + 1, told={}, ready=None)

    def _counted(self, case: Case) -> Case:
        damping = self._policy.damping
        if damping is None or case.counted:
            return case
        before = damping.now(self.flaps, self._now)
        self.flaps = damping.flapped(self.flaps, self._now)
        return replace(case, counted=True, flapping=self.flaps.damped and not before.damped)

    def _tell(self, case: Case) -> Case:
        told = dict(case.told)
        due = [case.silence_due] if case.silence_due is not None else []
        held, steps_told = "", list[tuple[_Step, Reason]]()
        for step in self._steps(case, told):
            if step.key in told or not self._alert.severity.reaches(step.audience.at_least):
                continue
            wait, why = self._wait(case, step)
            if wait is None:
                told[step.key] = self._now
                steps_told.append((step, self._reason(case, step)))
            else:
                due.append(wait)
                held = held or why
        self._speak(case, steps_told)
        if held and held != case.held:
            self._note(f"held back: {held}")
        case = self._with_extent(case, told)
        return replace(case, told=told, held=held, due=min(due, default=None))

    def _with_extent(self, case: Case, told: Mapping[str, float]) -> Case:
        """Who was told of a fault hears when it is much greater than that, not of each device more."""
        extent, before = _extent(self._alert), case.extent
        if not told or extent == before:
            return case
        if case.told:
            if extent[0] < max(1, 2 * before[0]) and extent[1] in ("", before[1]):
                return case
            steps = [step for step in self._steps(case, dict(told)) if step.key in case.told]
            awake = [step for step in steps if case.subject.life_safety or not self._asleep(step.audience)]
            self._speak(case, [(step, Reason.GREATER) for step in awake])
        return replace(case, extent=extent)

    def _steps(self, case: Case, told: Mapping[str, float]) -> Iterator[_Step]:
        """All of them in order. `told` grows while they are gone through."""
        policy = self._policy
        first: list[str] = []
        for name in policy.tell or ("",):
            first.append(f"tell:{name}")
            yield _Step(first[-1], policy.audience(name))
        if case.subject.life_safety:
            for name in policy.life_safety:
                first.append(f"life safety:{name}")
                yield _Step(first[-1], policy.audience(name), always=True)
        began = min((told[key] for key in first if key in told), default=None)
        if began is None or case.acknowledged is not None:
            return
        for number, step in enumerate(policy.escalation, 1):
            key = f"escalation {number}:{step.audience}"
            after, audience = began + step.after, policy.audience(step.audience)
            yield _Step(key, audience, escalation=f"escalated-{number}", not_before=after)

    def _wait(self, case: Case, step: _Step) -> tuple[float | None, str]:
        """(wall second until which this step has to wait, why); (None, "") for not at all."""
        now, policy, alert = self._now, self._policy, self._alert
        if now < step.not_before:
            return step.not_before, ""
        if case.subject.life_safety:
            return None, ""
        if policy.damping is not None and self.flaps is not None and not case.flapping:
            flaps = policy.damping.now(self.flaps, now)
            if flaps.damped:
                return policy.damping.free_at(flaps), "damping"
        if not step.escalation:
            urgency = policy.urgency_of(alert.rule, step.audience)
            due = policy.due(urgency, now if case.ready is None else case.ready)
            if now < due:
                return due, urgency.value
        quiet = policy.quiet_until(step.audience, alert.severity, now, self._calendar)
        return (None, "") if quiet is None else (quiet, "quiet hours")

    def _asleep(self, audience: Audience) -> bool:
        return self._policy.quiet_until(audience, self._alert.severity, self._now, self._calendar) is not None

    def _reason(self, case: Case, step: _Step) -> Reason:
        if step.escalation:
            return Reason.ESCALATED
        if case.round:
            return Reason.AGAIN
        if case.flapping:
            return Reason.FLAPPING
        if case.subject.life_safety:
            return Reason.NEW
        urgency = self._policy.urgency_of(self._alert.rule, step.audience)
        if urgency is not Urgency.NOW:
            return Reason.MORNING if urgency is Urgency.MORNING else Reason.DIGEST
        return {"damping": Reason.CALM, "quiet hours": Reason.QUIET}.get(case.held, Reason.NEW)

    def _speak(self, case: Case, steps: Sequence[tuple[_Step, Reason]]) -> None:
        """One notice for all that are told the same at once."""
        alert = self._alert
        if case.subject.life_safety and alert.suppressed_by:
            alert = replace(alert, suppressed_by="")
        groups: dict[tuple[str, bool], Notice] = {}
        for step, reason in steps:
            channels = self._policy.channels(step.audience, self._now)
            again = step.escalation or ("again" if case.round else "")
            again += f"-{case.round}" if case.round else ""
            if reason is Reason.GREATER:
                again = f"greater-{self._now:.0f}"
            name = step.audience.name
            self._note(f"told to {name or 'all channels'} ({reason.value})")
            known = groups.get((again, step.always))
            if known is None:
                groups[again, step.always] = Notice(
                    alert, channels, reason, again, step.always, (name,) if name else ()
                )
            else:
                both = known.channels, channels
                joined = None if None in both else frozenset().union(*filter(None, both))
                groups[again, step.always] = replace(
                    known, channels=joined, audiences=(*known.audiences, name)
                )
        self.notices += groups.values()

    def _note(self, text: str) -> None:
        self.events.append(Event(self._alert.id, self._now, text))
