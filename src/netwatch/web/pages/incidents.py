"""What people do about alerts: acknowledge, silence, and the life of one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence

from netwatch.calendars import clock_text
from netwatch.incidents import Event, IncidentState, Silence, Standing
from netwatch.model import Alert, AlertState, Severity
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.layout import Frame, facts_list, moment, page, section, severity_badge, table
from netwatch.web.security import CSRF_FIELD
from netwatch.web.units import clock_time, duration
from netwatch.web.views import AlertView

__all__ = [
    "alert_actions",
    "incident_page",
    "link_page",
    "link_used_page",
    "silences_section",
    "standing_text",
]

_FOR = (("1h", "1 hour"), ("4h", "4 hours"), ("12h", "12 hours"), ("1d", "1 day"), ("7d", "7 days"))
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def standing_text(standing: Standing, now: float) -> Child:
    """Who looks after it, or what keeps it from people; nothing for what simply fires."""
    parts: list[Child] = []
    if standing.life_safety:
        parts.append("life safety")
    known = standing.acknowledged
    if known is not None:
        parts.append(fragment(f"acknowledged by {known.by}, ", moment(known.at, now)))
        if known.note:
            parts.append(known.note)
    by = standing.suppressed_by
    if by.startswith("silence "):
        parts.append(
            fragment(f"silenced by {by.removeprefix('silence ')}", _for_another(standing.until, now))
        )
    elif by == "damping":
        parts.append(fragment("damped, because it flaps", _for_another(standing.until, now)))
    elif standing.held:
        parts.append(
            fragment(f"not told to everybody yet: {standing.held}", _for_another(standing.until, now))
        )
    return [[" · " if number else None, part] for number, part in enumerate(parts)]


def _for_another(until: float | None, now: float) -> Child:
    if until is None or until <= now:
        return None
    exact = clock_time(until)
    return fragment(", for another ", tag("time", duration(until - now), datetime=exact, title=exact))


def alert_actions(frame: Frame, alert: Alert, standing: Standing) -> Html:
    """Forms for somebody who may act on what fires, and the way to its history."""
    return tag(
        "div",
        _acknowledge_form(frame, alert, standing) if alert.state is AlertState.FIRING else None,
        None
        if alert.state is AlertState.RESOLVED or standing.life_safety
        else _silence_alert_form(frame, alert),
        class_="actions",
    )


def _token(frame: Frame) -> Html | None:
    identity = frame.identity
    return None if identity is None else tag("input", type="hidden", name=CSRF_FIELD, value=identity.token)


def _acknowledge_form(frame: Frame, alert: Alert, standing: Standing) -> Html:
    again = standing.acknowledged is not None
    return tag(
        "form",
        _token(frame),
        _name_field(frame),
        _field("Note", "note", placeholder="what you are doing about it", maxlength=200),
        tag("button", "Acknowledge again" if again else "Acknowledge", type="submit"),
        method="post",
        action=f"{href('alerts', alert.id)}/acknowledge",
        class_="filter",
    )


def _silence_alert_form(frame: Frame, alert: Alert) -> Html:
    device = alert.labels.get("device", "")
    return tag(
        "form",
        _token(frame),
        tag("input", type="hidden", name="devices", value=device),
        tag("input", type="hidden", name="rules", value=alert.rule),
        _name_field(frame),
        _duration_field(),
        _field("Why", "comment", placeholder="maintenance, a known fault", maxlength=200),
        tag("button", f"Silence {alert.rule} of {device}", type="submit", class_="second"),
        method="post",
        action="/silences",
        class_="filter",
    )


def _name_field(frame: Frame) -> Html | None:
    """Where nobody logs in, somebody may still say who they are."""
    if frame.identity is not None and frame.identity.user:
        return None
    return _field("Your name", "by", maxlength=80)


def _field(label: str, name: str, **attributes: str | int) -> Html:
    return tag("label", label, tag("input", name=name, autocomplete="off", **attributes))


def _duration_field() -> Html:
    options = [tag("option", text, value=value) for value, text in _FOR]
    return tag("label", "For", tag("select", options, name="for"))


def silences_section(frame: Frame, silences: Sequence[Silence], *, may_act: bool) -> Html:
    """What hides alerts, now or later, and the form for another one."""
    rows: list[list[Child]] = [
        [
            silence.id,
            _what(silence),
            _when(silence, frame.now),
            silence.comment,
            silence.by or ("a file" if silence.planned else ""),
            _end_form(frame, silence) if may_act and not silence.planned else None,
        ]
        for silence in silences
    ]
    columns = ["Silence", "Hides", "When", "Why", "By", ""]
    return section(
        f"Silences ({len(silences)})",
        table("Silences and maintenance windows", columns, rows)
        if rows
        else tag("p", "Nothing is silenced.", class_="empty"),
        tag("details", tag("summary", "Silence something else"), _silence_form(frame), class_="another")
        if may_act
        else None,
        anchor="silences",
    )


def _what(silence: Silence) -> Child:
    matcher = silence.matcher
    parts = [
        f"{name} {', '.join(sorted(values))}"
        for name, values in (
            ("rules", matcher.rules),
            ("at", matcher.sites),
            ("devices", matcher.devices),
            ("tags", matcher.tags),
        )
        if values
    ]
    return "; ".join(parts)


def _when(silence: Silence, now: float) -> Child:
    until, start = silence.active_until(now), silence.next_start(now)
    weekly = None
    if silence.hours:
        days = "every day"
        if len(silence.weekdays) < 7:
            days = ", ".join(_DAYS[day] for day in sorted(silence.weekdays))
        spans = (f"{clock_text(begin)}-{clock_text(end)}" for begin, end in silence.hours)
        weekly = tag("small", f"{days} {', '.join(spans)} ({silence.timezone})")
    if until is not None:
        now_text = (
            fragment("now", _for_another(until, now)) if math.isfinite(until) else "now, without an end"
        )
        return [now_text, weekly]
    if start is not None:
        exact = clock_time(start)
        later = fragment("in ", tag("time", duration(start - now), datetime=exact, title=exact))
        return [later, weekly]
    return [weekly]


def _end_form(frame: Frame, silence: Silence) -> Html:
    return tag(
        "form",
        _token(frame),
        tag("button", "End", type="submit", class_="second", aria_label=f"End silence {silence.id}"),
        method="post",
        action=f"{href('silences', silence.id)}/end",
    )


def _silence_form(frame: Frame) -> Html:
    return tag(
        "form",
        _token(frame),
        _field("Devices", "devices", placeholder="lincoln-*, core-1"),
        _field("Places", "sites", placeholder="maple/lincoln-es"),
        _field("Tags", "tags"),
        _field("Rules", "rules", placeholder="InterfaceDown"),
        _duration_field(),
        _field("Why", "comment", maxlength=200),
        _name_field(frame),
        tag("button", "Silence", type="submit"),
        tag(
            "p",
            "Everything that is given must match; several values are separated by commas. Life-safety alerts "
            "are never silenced, and what still fires at the end is told.",
            class_="lead",
        ),
        method="post",
        action="/silences",
        class_="filter",
    )


def incident_page(frame: Frame, view: AlertView, history: Sequence[Event], *, may_act: bool) -> Html:
    """One alert from its beginning on."""
    alert, standing = view.alert, view.standing
    rows = [
        tag("li", tag("span", _text(event)), tag("span", moment(event.at, frame.now), class_="when"))
        for event in history
    ]
    facts = [
        ("State", standing.state.value),
        ("Device", tag("a", alert.labels.get("device", alert.device), href=href("devices", alert.device))),
        ("Rule", alert.rule),
        ("Began", moment(alert.since, frame.now)),
        ("Ended", moment(alert.resolved, frame.now) if alert.resolved is not None else None),
        ("Explains", f"{view.explains} others" if view.explains else None),
    ]
    return page(
        frame,
        alert.summary or alert.rule,
        "/alerts",
        tag("nav", tag("a", "Alerts", href=f"/alerts#alert-{alert.id}"), class_="crumbs"),
        tag("h1", alert.summary or alert.rule),
        tag(
            "div",
            tag("p", severity_badge(alert.severity), " ", standing_text(standing, frame.now)),
            facts_list(facts),
            alert_actions(frame, alert, standing) if may_act else None,
            class_="panel",
        ),
        section("History", tag("ol", rows, class_="timeline")),
    )


def _text(event: Event) -> str:
    return event.text[:1].upper() + event.text[1:]


def link_page(frame: Frame, alert: Alert, standing: Standing, token: str) -> Html:
    """For somebody who came from a message. Only the button does something."""
    open_ = standing.state not in (IncidentState.RESOLVED, IncidentState.PENDING)
    form = tag(
        "form",
        tag("input", type="hidden", name="token", value=token),
        tag("button", "Acknowledge", type="submit"),
        method="post",
        action="/acknowledge",
    )
    return _link_page(
        frame,
        "Acknowledge this alert?",
        alert,
        standing,
        form if open_ else tag("p", "It has ended: there is nothing left to acknowledge."),
    )


def link_used_page(frame: Frame, alert: Alert, standing: Standing) -> Html:
    """What came of it."""
    return _link_page(frame, "Acknowledged", alert, standing, tag("p", "It is not escalated any more."))


def _link_page(frame: Frame, title: str, alert: Alert, standing: Standing, rest: Html) -> Html:
    severity: Severity = alert.severity
    return page(
        frame,
        title,
        "",
        tag("h1", title),
        tag(
            "div",
            tag("p", severity_badge(severity), " ", tag("strong", alert.summary or alert.rule)),
            tag("p", "since ", moment(alert.since, frame.now)),
            tag("p", standing_text(standing, frame.now), class_="lead"),
            rest,
            class_="panel",
        ),
        refresh=False,
    )
