"""An alert as JSON text, as the store keeps it and as it waits in the outbox."""

from __future__ import annotations

import json
from typing import Any

from netwatch.errors import StoreError
from netwatch.model import Alert, AlertState, EntityId, Severity

__all__ = ["decode_alert", "encode_alert"]


def encode_alert(alert: Alert) -> str:
    """JSON text that `decode_alert` turns back into an equal alert."""
    return json.dumps(
        {
            "id": alert.id,
            "rule": alert.rule,
            "entity": alert.entity,
            "device": alert.device,
            "state": alert.state.value,
            "severity": alert.severity.value,
            "since": alert.since,
            "fired": alert.fired,
            "resolved": alert.resolved,
            "value": alert.value,
            "summary": alert.summary,
            "labels": dict(alert.labels),
            "annotations": dict(alert.annotations),
            "suppressed_by": alert.suppressed_by,
        },
        ensure_ascii=False,
        separators=(",", ":"),
    )


def decode_alert(text: str) -> Alert:
    """Raises StoreError if the text is no alert."""
    try:
        document: dict[str, Any] = json.loads(text)
        return Alert(
            id=document["id"],
            rule=document["rule"],
            entity=EntityId(document["entity"]),
            device=EntityId(document["device"]),
            state=AlertState(document["state"]),
            severity=Severity(document["severity"]),
            since=document["since"],
            fired=document["fired"],
            resolved=document["resolved"],
            value=document["value"],
            summary=document["summary"],
            labels=document["labels"],
            annotations=document["annotations"],
            suppressed_by=document["suppressed_by"],
        )
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"an alert in the store can't be read: {error!r}") from error
