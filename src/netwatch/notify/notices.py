"""Alerts about netwatch itself, which no rule finds: its disk is full, the second path is broken."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from netwatch.model import Alert, AlertState, EntityId, Severity, Transition

__all__ = ["SELF", "Notices", "own_alert"]

SELF = EntityId("netwatch")
"""Stands where alerts of rules have the id of an entity."""


def own_alert(rule: str, subject: str, summary: str, severity: Severity, now: float, district: str) -> Alert:
    """A firing alert about netwatch. Its id is another one at each occurrence."""
    name = f"{rule}:{subject}:{now!r}"
    return Alert(
        id=hashlib.blake2b(name.encode(), digest_size=8).hexdigest(),
        rule=rule,
        entity=SELF,
        device=SELF,
        state=AlertState.FIRING,
        severity=severity,
        since=now,
        fired=now,
        resolved=None,
        value=None,
        summary=summary,
        labels={
            "alertname": rule,
            "severity": severity.value,
            "district": district,
            "device": "netwatch",
            **({"channel": subject} if subject else {}),
        },
        annotations={},
    )


class Notices:
    """Which of them are open. Time (wall seconds) is handed in."""

    def __init__(self, district: str) -> None:
        self._district = district
        self._open: dict[tuple[str, str], Alert] = {}

    def begin(
        self, rule: str, summary: str, severity: Severity, now: float, *, subject: str = ""
    ) -> Sequence[Transition]:
        """What to tell; nothing if it is open already."""
        if (rule, subject) in self._open:
            return ()
        alert = own_alert(rule, subject, summary, severity, now, self._district)
        self._open[rule, subject] = alert
        return (Transition(alert, None, now),)

    def ending(self, rule: str, now: float, *, subject: str = "") -> Sequence[Transition]:
        """What to tell at its end. It stays open until `ended`."""
        alert = self._open.get((rule, subject))
        if alert is None:
            return ()
        ended = replace(alert, state=AlertState.RESOLVED, resolved=now)
        return (Transition(ended, AlertState.FIRING, now),)

    def ended(self, rule: str, *, subject: str = "") -> None:
        self._open.pop((rule, subject), None)

    def alerts(self) -> Sequence[Alert]:
        """The open ones, the oldest first."""
        return tuple(self._open.values())
