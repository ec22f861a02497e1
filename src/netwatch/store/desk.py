"""What is kept of incidents beside the alerts: who was told, who flaps, silences, links that were used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from netwatch.store.database import Database

__all__ = ["DeskTable", "StoredFlaps", "StoredTelling"]


class StoredFlaps(NamedTuple):
    """How restless one series was."""

    penalty: float
    at: float
    """Wall seconds."""
    damped: bool


class StoredTelling(NamedTuple):
    """That somebody was told of an incident, and what became of that. Times: wall seconds."""

    at: float
    recipient: str
    """A person, else a channel that is nobody's."""
    incident: str
    rule: str
    ended: float | None
    acknowledged: float | None


class DeskTable:
    """Bodies are JSON texts of whoever writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def cases(self) -> dict[str, str]:
        """Bodies by id of the alert."""
        return dict(self._database.rows("SELECT incident, body FROM incident_case"))

    def save_cases(self, bodies: Mapping[str, str], closed: Iterable[str] = ()) -> None:
        """Inserts or replaces `bodies`, then forgets `closed`, in one transaction."""
        with self._database.transaction() as connection:
            connection.executemany("INSERT OR REPLACE INTO incident_case VALUES (?, ?)", bodies.items())
            connection.executemany(
                "DELETE FROM incident_case WHERE incident = ?", [(alert,) for alert in closed]
            )

    def flaps(self) -> dict[str, StoredFlaps]:
        """By series."""
        rows = self._database.rows("SELECT series, penalty, at, damped FROM flap")
        return {series: StoredFlaps(penalty, at, bool(damped)) for series, penalty, at, damped in rows}

    def save_flaps(self, flaps: Mapping[str, StoredFlaps | None]) -> None:
        """Inserts or replaces; None is forgotten."""
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO flap VALUES (?, ?, ?, ?)",
                [(series, *one) for series, one in flaps.items() if one is not None],
            )
            connection.executemany(
                "DELETE FROM flap WHERE series = ?",
                [(series,) for series, one in flaps.items() if one is None],
            )

    def silences(self) -> dict[str, str]:
        """Bodies by id, of those that nobody has ended."""
        return dict(self._database.rows("SELECT id, body FROM silence WHERE ended IS NULL ORDER BY id"))

    def add_silence(self, silence_id: str, body: str) -> None:
        """Raises StoreError if the id is taken."""
        self._database.write_many("INSERT INTO silence (id, body) VALUES (?, ?)", [(silence_id, body)])

    def end_silence(self, silence_id: str, at: float) -> bool:
        """Returns whether there was one that had not ended."""
        with self._database.transaction() as connection:
            return bool(
                connection.execute(
                    "UPDATE silence SET ended = ? WHERE id = ? AND ended IS NULL", (at, silence_id)
                ).rowcount
            )

    def use_link(self, nonce: str, expires: float) -> bool:
        """Notes that a link was used; False if it was used before."""
        with self._database.transaction() as connection:
            return bool(
                connection.execute("INSERT OR IGNORE INTO used_link VALUES (?, ?)", (nonce, expires)).rowcount
            )

    def link_used(self, nonce: str) -> bool:
        return bool(self._database.rows("SELECT 1 FROM used_link WHERE nonce = ?", (nonce,)))

    def add_tellings(self, rows: Iterable[tuple[float, str, str, str]]) -> None:
        """(wall seconds, recipient, incident, rule) of each message."""
        self._database.write_many(
            "INSERT INTO telling (at, recipient, incident, rule) VALUES (?, ?, ?, ?)", rows
        )

    def acknowledged(self, incident: str, at: float) -> None:
        """Notes the first acknowledgement."""
        self._database.write_many("INSERT OR IGNORE INTO acknowledgement VALUES (?, ?)", [(incident, at)])

    def tellings(self, since: float) -> list[StoredTelling]:
        """From that wall second on, in order."""
        rows = self._database.rows(
            "SELECT telling.at, recipient, telling.incident, telling.rule, resolved, acknowledgement.at"
            " FROM telling LEFT JOIN incident ON incident.id = telling.incident"
            " LEFT JOIN acknowledgement ON acknowledgement.incident = telling.incident"
            " WHERE telling.at >= ? ORDER BY telling.at, number",
            (since,),
        )
        return [StoredTelling(*row) for row in rows]

    def forget(self, before: float) -> None:
        """Deletes silences that were ended, links that expired, and who was told of what, before that wall
        second."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM telling WHERE at < ?", (before,))
            connection.execute("DELETE FROM acknowledgement WHERE at < ?", (before,))
            connection.execute("DELETE FROM silence WHERE ended < ?", (before,))
            connection.execute("DELETE FROM used_link WHERE expires < ?", (before,))
