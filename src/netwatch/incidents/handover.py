"""What the next one on call is told: what is open, and who looks after it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from netwatch.incidents.case import IncidentState, Standing
from netwatch.incidents.rota import Rota
from netwatch.model import Alert, Severity

__all__ = ["Handover", "handover_text", "handovers"]

_MOST_LISTED = 20


@dataclass(frozen=True, slots=True)
class Handover:
    """Somebody else is on call."""

    rota: str
    person: str
    before: str
    """Who was; empty where nobody knows."""
    until: float | None
    """Wall seconds of the next one; None for none in sight."""


def handovers(rotas: Mapping[str, Rota], before: Mapping[str, str], at: float) -> list[Handover]:
    """Those since `before`: who was on call, by rota, when somebody looked last. What is new there is one as
    well, with nobody before."""
    found = []
    for name, rota in rotas.items():
        person = rota.on_call(at)
        if before.get(name) != person:
            change = rota.hands_over(at)
            found.append(Handover(name, person, before.get(name, ""), None if change is None else change[0]))
    return found


def handover_text(
    handover: Handover, alerts: Iterable[Alert], standings: Mapping[str, Standing], timezone: str
) -> tuple[str, str]:
    """(one line, the open incidents in lines of their own). What another fault explains is left out."""
    zone = ZoneInfo(timezone)
    shown = (IncidentState.FIRING, IncidentState.ACKNOWLEDGED)
    found = [
        (alert, standings[alert.id])
        for alert in alerts
        if alert.severity is not Severity.INFO
        and alert.id in standings
        and standings[alert.id].state in shown
    ]
    found.sort(key=lambda one: (-one[0].severity.rank, one[0].since))
    alone = sum(standing.acknowledged is None for _, standing in found)
    until = "" if handover.until is None else f" until {_when(handover.until, zone)}"
    state = f"{len(found)} open, {alone} of them without anybody" if found else "nothing is open"
    lines = [_line(alert, standing, zone) for alert, standing in found[:_MOST_LISTED]]
    if len(found) > _MOST_LISTED:
        lines.append(f"and {len(found) - _MOST_LISTED} more")
    return f"{handover.person} is on call for {handover.rota}{until}: {state}", "\n".join(lines)


def _line(alert: Alert, standing: Standing, zone: ZoneInfo) -> str:
    known = standing.acknowledged
    who = "nobody looks after it"
    if known is not None:
        note = f": {known.note}" if known.note else ""
        who = f"acknowledged by {known.by} at {_when(known.at, zone)}{note}"
    return f"{alert.severity.value}: {alert.summary} (since {_when(alert.since, zone)}; {who})"


def _when(at: float, zone: ZoneInfo) -> str:
    return datetime.fromtimestamp(at, zone).strftime("%a %Y-%m-%d %H:%M")
