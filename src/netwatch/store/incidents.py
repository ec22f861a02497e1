"""Alerts that are open, alerts that were, and what happened to each of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from netwatch.model import Alert, AlertState, EntityId, Transition
from netwatch.store.alert_json import decode_alert, encode_alert
from netwatch.store.database import Database

__all__ = ["IncidentTable", "Remembered", "TimelineEntry"]

_SAVE = """
INSERT INTO incident (id, rule, entity, device, state, since, resolved, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, since = excluded.since, resolved = excluded.resolved,
    body = excluded.body
"""


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One event in the life of an alert."""

    at: float
    """Wall seconds."""
    state: AlertState
    previous: AlertState | None
    note: str
    """What changed beside the state, for a person; may be empty."""


class Remembered(NamedTuple):
    """A series that a rule has seen in good health once, so that its absence means something."""

    rule: str
    entity: EntityId
    labels: tuple[str, ...]


class IncidentTable:
    """Incidents by alert id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, transitions: Sequence[Transition]) -> None:
        """Saves the alerts as they are now and appends to their timelines, in one transaction.

        An alert that ended before it ever fired leaves nothing behind.
        """
        if not transitions:
            return
        with self._database.transaction() as connection:
            for transition in transitions:
                alert = transition.alert
                if alert.state is AlertState.RESOLVED and alert.fired is None:
                    connection.execute("DELETE FROM incident WHERE id = ?", (alert.id,))
                    continue
                connection.execute(_SAVE, _row(alert))
                previous = None if transition.previous is None else transition.previous.value
                connection.execute(
                    "INSERT INTO incident_event (incident, at, state, previous, note) VALUES (?, ?, ?, ?, ?)",
                    (alert.id, transition.at, alert.state.value, previous, _note(alert)),
                )

    def note(self, events: Iterable[tuple[str, float, str]]) -> None:
        """Appends (alert, wall seconds, text) to the timelines of alerts whose states stay as they are. What
        is said of an unknown alert is left out."""
        self._database.write_many(
            "INSERT INTO incident_event (incident, at, state, previous, note)"
            " SELECT id, ?, state, state, ? FROM incident WHERE id = ?",
            [(at, text, alert) for alert, at, text in events],
        )

    def find(self, alert_id: str) -> Alert | None:
        """One alert, open or past; None for an unknown id."""
        rows = self._database.rows("SELECT body FROM incident WHERE id = ?", (alert_id,))
        return decode_alert(rows[0][0]) if rows else None

    def save(self, alerts: Sequence[Alert]) -> None:
        """Saves the alerts as they are now; their timelines stay as they are."""
        if alerts:
            self._database.write_many(_SAVE, map(_row, alerts))

    def load_open(self) -> list[Alert]:
        """Pending and firing alerts, the oldest first."""
        rows = self._database.rows("SELECT body FROM incident WHERE resolved IS NULL ORDER BY since, id")
        return [decode_alert(body) for (body,) in rows]

    def load_past(
        self, *, since: float = 0.0, limit: int = 1000, entity: EntityId | None = None
    ) -> list[Alert]:
        """Alerts resolved at wall second `since` or later, the latest first; of one entity if it is named."""
        rows = self._database.rows(
            "SELECT body FROM incident WHERE resolved >= ? AND (? IS NULL OR entity = ?)"
            " ORDER BY resolved DESC, id LIMIT ?",
            (since, entity, entity, limit),
        )
        return [decode_alert(body) for (body,) in rows]

    def timeline(self, alert_id: str) -> list[TimelineEntry]:
        """What happened to one alert, in order; empty for an unknown id."""
        rows = self._database.rows(
            "SELECT at, state, previous, note FROM incident_event WHERE incident = ? ORDER BY number",
            (alert_id,),
        )
        return [
            TimelineEntry(at, AlertState(state), None if previous is None else AlertState(previous), note)
            for at, state, previous, note in rows
        ]

    def forget(self, before: float) -> int:
        """Deletes alerts resolved before that wall second, with their timelines. Returns how many."""
        with self._database.transaction() as connection:
            return connection.execute("DELETE FROM incident WHERE resolved < ?", (before,)).rowcount

    def remember(
        self,
        items: Iterable[Remembered],
        latest: Collection[str] = frozenset({"@version", "@serial", "@config"}),
    ) -> None:
        """Adds to what rules have seen in good health. Of `latest`, which stand for rules, what was there of
        the same entity gives way."""
        rows = [(item.rule, item.entity, json.dumps(item.labels)) for item in items]
        if not rows:
            return
        with self._database.transaction() as connection:
            connection.executemany(
                "DELETE FROM rule_memory WHERE rule = ? AND entity = ?",
                [(rule, entity) for rule, entity, _ in rows if rule in latest],
            )
            connection.executemany("INSERT OR IGNORE INTO rule_memory VALUES (?, ?, ?)", rows)

    def remembered(self) -> list[Remembered]:
        """Everything that rules have seen in good health."""
        rows = self._database.rows("SELECT rule, entity, labels FROM rule_memory ORDER BY 1, 2, 3")
        return [
            Remembered(rule, EntityId(entity), tuple(json.loads(labels))) for rule, entity, labels in rows
        ]


def _row(alert: Alert) -> tuple[str, str, str, str, str, float, float | None, str]:
    return (
        alert.id,
        alert.rule,
        alert.entity,
        alert.device,
        alert.state.value,
        alert.since,
        alert.resolved,
        encode_alert(alert),
    )


def _note(alert: Alert) -> str:
    return f"explained by {alert.suppressed_by}" if alert.suppressed_by else ""
