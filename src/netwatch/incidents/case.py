"""What the desk knows of one firing alert beside the alert itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from netwatch.errors import StoreError
from netwatch.incidents.silence import Subject
from netwatch.model import Alert, AlertState, EntityKind

__all__ = [
    "Acknowledgement",
    "Case",
    "IncidentState",
    "Standing",
    "decode_case",
    "encode_case",
    "series_of",
    "standing_of",
]


class IncidentState(StrEnum):
    """Where an incident stands, for people."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    """Explained by another alert, silenced or damped: nobody is told."""
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """Somebody looks after it."""

    by: str
    at: float
    """Wall seconds."""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Case:
    """One firing alert. Times: wall seconds."""

    alert: str
    """Its id."""
    subject: Subject
    round: int = 0
    """How many silences it has outlived: at the end of each it is told anew."""
    silenced_by: str = ""
    """Id of the silence that hid it when it was looked at last."""
    ready: float | None = None
    """Since when, in this round, nothing explains or silences it; None while something does."""
    told: Mapping[str, float] = field(default_factory=dict)
    """By step: when its audience was told in this round."""
    extent: tuple[int, str] = (0, "")
    """Devices behind it, and what is greater than one device, as they were told last."""
    acknowledged: Acknowledgement | None = None
    counted: bool = False
    """Its beginning was counted as a flap."""
    flapping: bool = False
    """Its beginning was the flap that made its series damped: it is told, and says so."""
    silence_due: float | None = None
    """When the next silence that matches it begins, as of the last look."""
    held: str = ""
    """What keeps it from somebody: `silence ID`, `damping`, `quiet hours`, `morning`, `digest`; or empty."""
    due: float | None = None
    """When it has to be looked at again, if nothing happens before."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an incident stands, with who and what."""

    state: IncidentState
    suppressed_by: str = ""
    """`alert ID`, `silence ID` or `damping`."""
    held: str = ""
    """Why some audience was not told yet: `quiet hours`, `morning` or `digest`."""
    until: float | None = None
    """Wall seconds at which that is looked at again."""
    acknowledged: Acknowledgement | None = None
    life_safety: bool = False


def standing_of(alert: Alert, case: Case | None) -> Standing:
    """Where one alert stands. `case` is None for what does not fire or was never looked at."""
    if alert.state is not AlertState.FIRING:
        state = IncidentState.PENDING if alert.state is AlertState.PENDING else IncidentState.RESOLVED
        by = f"alert {alert.suppressed_by}" if alert.suppressed_by else ""
        return Standing(state, suppressed_by=by)
    if case is None:
        case = Case(alert.id, Subject(""))
    acknowledged, safety = case.acknowledged, case.subject.life_safety
    suppressed = ""
    if alert.suppressed_by:
        suppressed = f"alert {alert.suppressed_by}"
    elif case.held == "damping" or case.held.startswith("silence "):
        suppressed = case.held
    if suppressed:
        return Standing(
            IncidentState.SUPPRESSED,
            suppressed,
            until=case.due,
            acknowledged=acknowledged,
            life_safety=safety,
        )
    state = IncidentState.FIRING if acknowledged is None else IncidentState.ACKNOWLEDGED
    until = case.due if case.held else None
    return Standing(state, held=case.held, until=until, acknowledged=acknowledged, life_safety=safety)


_NO_ROW = frozenset({"alertname", "severity", "district", "site", "device", "kind", "role", "entity"}) | {
    kind.value for kind in EntityKind
}


def series_of(alert: Alert) -> str:
    """Names the series under its rule: the same for each recurrence, whatever it is called meanwhile."""
    rows = sorted((name, value) for name, value in alert.labels.items() if name not in _NO_ROW)
    return json.dumps([alert.rule, alert.entity, *rows], separators=(",", ":"))


def encode_case(case: Case) -> str:
    """JSON text that `decode_case` turns back into an equal case."""
    subject, acknowledged = case.subject, case.acknowledged
    return json.dumps(
        {
            "alert": case.alert,
            "subject": [
                subject.device,
                sorted(subject.places),
                sorted(subject.tags),
                subject.life_safety,
            ],
            "round": case.round,
            "silenced_by": case.silenced_by,
            "ready": case.ready,
            "told": dict(case.told),
            "extent": list(case.extent),
            "acknowledged": None
            if acknowledged is None
            else [acknowledged.by, acknowledged.at, acknowledged.note],
            "counted": case.counted,
            "flapping": case.flapping,
            "silence_due": case.silence_due,
            "held": case.held,
            "due": case.due,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def decode_case(text: str) -> Case:
    """Raises StoreError if the text is no case."""
    try:
        document: dict[str, Any] = json.loads(text)
        device, places, tags, life_safety = document["subject"]
        acknowledged = document["acknowledged"]
        return Case(
            alert=document["alert"],
            subject=Subject(device, frozenset(places), frozenset(tags), life_safety),
            round=document["round"],
            silenced_by=document["silenced_by"],
            ready=document["ready"],
            told=document["told"],
            extent=(document["extent"][0], document["extent"][1]),
            acknowledged=None if acknowledged is None else Acknowledgement(*acknowledged),
            counted=document["counted"],
            flapping=document["flapping"],
            silence_due=document["silence_due"],
            held=document["held"],
            due=document["due"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"a case in the store can't be read: {error!r}") from error
