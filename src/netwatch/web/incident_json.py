"""Incidents and silences as the API shows them."""

from __future__ import annotations

import math
from typing import Any

from netwatch.calendars import WEEKDAYS, clock_text
from netwatch.incidents import Event, MadeSwap, Noise, Shift, Silence, Standing
from netwatch.model import Alert
from netwatch.web.units import clock_time

__all__ = [
    "alert_json",
    "event_json",
    "noise_json",
    "shift_json",
    "silence_json",
    "standing_json",
    "swap_json",
]


def _time(wall: float | None) -> str | None:
    return None if wall is None else clock_time(wall)


def alert_json(alert: Alert, explains: int, standing: Standing) -> dict[str, Any]:
    value = alert.value
    return {
        "id": alert.id,
        "rule": alert.rule,
        "state": alert.state,
        "severity": alert.severity,
        "summary": alert.summary,
        "device": alert.device,
        "entity": alert.entity,
        "since": _time(alert.since),
        "fired": _time(alert.fired),
        "resolved": _time(alert.resolved),
        # JSON has neither NaN nor infinity.
        "value": value if value is not None and math.isfinite(value) else None,
        "suppressed_by": alert.suppressed_by or None,
        "explains": explains,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "incident": standing_json(standing),
    }


def standing_json(standing: Standing) -> dict[str, Any]:
    known = standing.acknowledged
    return {
        "state": standing.state,
        "suppressed_by": standing.suppressed_by or None,
        "held": standing.held or None,
        "until": _time(standing.until),
        "acknowledged": None
        if known is None
        else {"by": known.by, "at": clock_time(known.at), "note": known.note},
        "life_safety": standing.life_safety,
    }


def event_json(event: Event) -> dict[str, Any]:
    return {"at": clock_time(event.at), "text": event.text}


def noise_json(noise: Noise) -> dict[str, Any]:
    return {
        "start": clock_time(noise.start),
        "end": clock_time(noise.end),
        "people": [
            {"name": name, "messages": count, "per_week": round(rate, 2)}
            for name, count, rate in noise.people
        ],
        "rules": [
            {
                "rule": one.rule,
                "messages": one.messages,
                "incidents": one.incidents,
                "without_action": one.idle,
                "over_at_once": one.short,
            }
            for one in noise.rules
        ],
    }


def shift_json(shift: Shift) -> dict[str, Any]:
    """Who is on call for a rota."""
    return {
        "rota": shift.rota,
        "person": shift.person,
        "until": _time(shift.until),
        "then": shift.then or None,
    }


def swap_json(made: MadeSwap) -> dict[str, Any]:
    """One that was made at run time."""
    return {
        "id": made.id,
        "rota": made.rota,
        "person": made.swap.person,
        "starts": _time(made.swap.starts),
        "ends": _time(made.swap.ends),
        "by": made.by,
    }


def silence_json(silence: Silence, now: float) -> dict[str, Any]:
    """With when it next ends if it is on at `now`, and when it next begins."""
    until = silence.active_until(now)
    return {
        "id": silence.id,
        "comment": silence.comment,
        "by": silence.by,
        "planned": silence.planned,
        "rules": sorted(silence.matcher.rules),
        "sites": sorted(silence.matcher.sites),
        "devices": list(silence.matcher.devices),
        "tags": sorted(silence.matcher.tags),
        "starts": _time(silence.starts),
        "ends": _time(silence.ends),
        "weekly": {
            "hours": [f"{clock_text(begin)}-{clock_text(end)}" for begin, end in silence.hours],
            "days": [WEEKDAYS[day] for day in sorted(silence.weekdays)],
            "timezone": silence.timezone,
        }
        if silence.hours
        else None,
        "active": until is not None,
        "active_until": _time(until) if until is not None and math.isfinite(until) else None,
        "next": _time(silence.next_start(now)),
    }
