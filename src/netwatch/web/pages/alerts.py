"""Alerts for people."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.incidents import IncidentState, Silence
from netwatch.model import Alert, AlertState
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.incidents import alert_actions, silences_section, standing_text
from netwatch.web.pages.layout import Frame, empty, facts_list, moment, page, section, severity_badge
from netwatch.web.units import duration, plain
from netwatch.web.views import AlertView

__all__ = ["alert_list", "alerts_page"]


def alerts_page(
    frame: Frame,
    alerts: Sequence[AlertView],
    silences: Sequence[Silence] = (),
    on_call: Sequence[tuple[str, str]] = (),
    *,
    may_act: bool = False,
) -> Html:
    """`alerts` in the order they are shown. `on_call`: rotas and people. `may_act`: who looks may acknowledge
    and silence."""
    live = [view for view in alerts if view.alert.state is not AlertState.RESOLVED]
    groups: dict[str, list[AlertView]] = {
        name: [] for name in ("urgent", "known", "pending", "hidden", "explained")
    }
    for view in live:
        groups[_group(view)].append(view)
    resolved = [view for view in alerts if view.alert.state is AlertState.RESOLVED]
    urgent = groups["urgent"]

    def part(title: str, name: str, lead: str) -> Html | None:
        views = groups[name]
        if not views:
            return None
        items = alert_list(views, frame.now, frame if may_act else None)
        return section(f"{title} ({len(views)})", tag("p", lead, class_="lead"), items)

    return page(
        frame,
        "Alerts",
        "/alerts",
        tag("h1", "Alerts"),
        tag("p", "On call: ", ", ".join(f"{who} ({rota})" for rota, who in on_call), class_="lead")
        if on_call
        else None,
        section(
            f"Firing ({len(urgent)})",
            alert_list(urgent, frame.now, frame if may_act else None)
            if urgent
            else empty(
                "Nothing is firing that nobody looks after." if groups["known"] else "Nothing is firing."
            ),
        ),
        part("Acknowledged", "known", "Somebody looks after these: they are not escalated."),
        part("Pending", "pending", "The condition holds, but not yet for as long as its rule demands."),
        part("Silenced or damped", "hidden", "Nobody is told of these. What still fires afterwards is told."),
        part(
            "Explained by another alert",
            "explained",
            "Consequences of an alert above. They are shown here and sent to nobody.",
        ),
        silences_section(frame, silences, may_act=may_act) if silences or may_act else None,
        section(f"Resolved lately ({len(resolved)})", alert_list(resolved, frame.now)) if resolved else None,
    )


def _group(view: AlertView) -> str:
    if view.alert.suppressed_by:
        return "explained"
    if view.standing.state is IncidentState.SUPPRESSED:
        return "hidden"
    if view.standing.state is IncidentState.ACKNOWLEDGED:
        return "known"
    return "pending" if view.alert.state is AlertState.PENDING else "urgent"


def alert_list(alerts: Sequence[AlertView], now: float, act: Frame | None = None) -> Html:
    """One item each, that opens to its evidence. With `act`, the frame of a person who may act on them."""
    return tag("ol", [_item(view, now, act) for view in alerts], class_="alerts")


def _item(view: AlertView, now: float, act: Frame | None) -> Html:
    alert, explains, standing = view
    notes = standing_text(standing, now)
    summary = tag(
        "summary",
        severity_badge(alert.severity),
        tag(
            "span",
            alert.summary,
            tag("small", f"explains {explains} other alert{'s' if explains > 1 else ''}")
            if explains
            else None,
            tag("small", notes) if notes else None,
            class_="what",
        ),
        tag("span", _since(alert, now), class_="when"),
    )
    runbook = alert.annotations.get("runbook", "")
    rest = [
        (key, value) for key, value in sorted(alert.annotations.items()) if key not in ("runbook", "summary")
    ]
    details = facts_list(
        [
            (
                "Device",
                tag("a", alert.labels.get("device", alert.device), href=href("devices", alert.device)),
            ),
            ("Readings", tag("a", "open", href=href("devices", alert.device, "readings", of=alert.entity))),
            ("History", tag("a", "open", href=href("alerts", alert.id))),
            ("Rule", alert.rule),
            ("Value", plain(alert.value) if alert.value is not None else None),
            ("Began", moment(alert.since, now)),
            ("Fired", moment(alert.fired, now) if alert.fired is not None else None),
            ("Ended", moment(alert.resolved, now) if alert.resolved is not None else None),
            (
                "Explained by",
                tag("a", "that alert", href=f"/alerts#alert-{alert.suppressed_by}")
                if alert.suppressed_by
                else None,
            ),
            *((key.replace("_", " ").capitalize(), value) for key, value in rest),
            ("Runbook", _runbook(runbook)),
            ("Labels", tag("span", _labels(alert), class_="mono")),
        ]
    )
    actions = None if act is None else alert_actions(act, alert, standing)
    return tag(
        "li",
        tag("details", summary, actions, details),
        id=f"alert-{alert.id}",
        class_=f"alert {alert.severity}",
    )


def _since(alert: Alert, now: float) -> Html:
    if alert.resolved is not None:
        return fragment("ended ", moment(alert.resolved, now))
    return fragment("for ", tag("span", duration(max(0.0, now - alert.since))))


def _runbook(address: str) -> Child:
    if address.startswith(("https://", "http://")):
        return tag("a", address, href=address, rel="noreferrer")
    return address


def _labels(alert: Alert) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(alert.labels.items()))
