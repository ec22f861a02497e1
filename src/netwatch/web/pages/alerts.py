"""Alerts for people."""

from __future__ import annotations

from collections.abc import Sequence

from netwatch.model import Alert, AlertState
from netwatch.web.html import Child, Html, fragment, href, tag
from netwatch.web.pages.layout import Frame, empty, facts_list, moment, page, section, severity_badge
from netwatch.web.units import duration, plain
from netwatch.web.views import AlertView

__all__ = ["alert_list", "alerts_page"]


def alerts_page(frame: Frame, alerts: Sequence[AlertView]) -> Html:
    """`alerts` in the order they are shown."""
    live = [view for view in alerts if view.alert.state is not AlertState.RESOLVED]
    explained = [view for view in live if view.alert.suppressed_by]
    urgent = [v for v in live if v.alert.state is AlertState.FIRING and not v.alert.suppressed_by]
    pending = [v for v in live if v.alert.state is AlertState.PENDING and not v.alert.suppressed_by]
    resolved = [view for view in alerts if view.alert.state is AlertState.RESOLVED]
    return page(
        frame,
        "Alerts",
        "/alerts",
        tag("h1", "Alerts"),
        section(
            f"Firing ({len(urgent)})",
            alert_list(urgent, frame.now) if urgent else empty("Nothing is firing."),
        ),
        section(
            f"Pending ({len(pending)})",
            tag("p", "The condition holds, but not yet for as long as its rule demands.", class_="lead"),
            alert_list(pending, frame.now),
        )
        if pending
        else None,
        section(
            f"Explained by another alert ({len(explained)})",
            tag(
                "p", "Consequences of an alert above. They are shown here and sent to nobody.", class_="lead"
            ),
            alert_list(explained, frame.now),
        )
        if explained
        else None,
        section(f"Resolved lately ({len(resolved)})", alert_list(resolved, frame.now)) if resolved else None,
    )


def alert_list(alerts: Sequence[AlertView], now: float) -> Html:
    """One item each, that opens to its evidence."""
    return tag("ol", [_item(view.alert, view.explains, now) for view in alerts], class_="alerts")


def _item(alert: Alert, explains: int, now: float) -> Html:
    summary = tag(
        "summary",
        severity_badge(alert.severity),
        tag(
            "span",
            alert.summary,
            tag("small", f"explains {explains} other alert{'s' if explains > 1 else ''}")
            if explains
            else None,
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
    return tag(
        "li", tag("details", summary, details), id=f"alert-{alert.id}", class_=f"alert {alert.severity}"
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
