"""The weekly test of the second path: a way out that nobody uses is broken when it is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from netwatch.model import DAY, Alert, AlertState, Clock, Severity
from netwatch.notify.notices import SELF
from netwatch.notify.steady import SteadyOutbox
from netwatch.store import encode_alert

__all__ = ["FAILED", "Outcome", "PathTest", "last_due"]

FAILED = "NetwatchBackupPathFailed"
"""Name of the alert of netwatch about itself."""
RULE = "NetwatchBackupPathTest"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_PREFIX = "test-"
_KEPT = 90 * DAY


def last_due(now: float, day: str, at: str, zone: ZoneInfo) -> float:
    """Wall seconds of the last such moment of the week at or before `now`. `at`: HH:MM in `zone`."""
    here = datetime.fromtimestamp(now, UTC).astimezone(zone)
    hour, minute = map(int, at.split(":"))
    date = here.date() - timedelta(days=(here.weekday() - DAYS.index(day)) % 7)
    for back in (0, 7):
        moment = datetime(date.year, date.month, date.day, hour, minute, tzinfo=zone) - timedelta(days=back)
        if moment.timestamp() <= now:
            return moment.timestamp()
    raise AssertionError("a week has seven days")


@dataclass(frozen=True, slots=True)
class Outcome:
    """Of the last test of one channel."""

    at: float
    """Wall seconds at which the message was accepted."""
    passed: bool | None
    """None while it is under way."""
    last_passed: float | None
    """Wall seconds of the last delivery of a test."""
    error: str = ""


class PathTest:
    """Sends the test through the outbox of each channel of the second path; a restart loses none.

    The first one goes out as soon as there is a second path.
    """

    def __init__(
        self,
        channels: Sequence[str],
        outbox: SteadyOutbox,
        clock: Clock,
        *,
        zone: ZoneInfo,
        district: str,
        day: str = "tuesday",
        at: str = "10:00",
        within: float = 900.0,
    ) -> None:
        self._channels = tuple(channels)
        self._outbox = outbox
        self._clock = clock
        self._when = day, at, zone
        self._within = within
        self._district = district
        self._sent: dict[str, float] = {}
        """Due time of the last test that was put."""

    def send_due(self) -> frozenset[str]:
        """Puts tests that are due into the outbox. Returns the channels that have one. Raises StoreError."""
        now = self._clock.now().wall
        due = last_due(now, *self._when)
        woken = set()
        for name in self._channels:
            if self._sent.get(name) == due:
                continue
            moment = datetime.fromtimestamp(due, UTC)
            key = f"{_PREFIX}{moment:%Y%m%dT%H%MZ}:test"
            if self._outbox.put([(name, key, encode_alert(self._message(name, key, now)))], now):
                woken.add(name)
            self._sent[name] = due
            self._forget(name, now)
        return frozenset(woken)

    def outcomes(self) -> dict[str, Outcome]:
        """By channel; none for one that was never tested. Raises StoreError."""
        now, out = self._clock.now().wall, {}
        for name in self._channels:
            tests = self._outbox.find(name, _PREFIX)
            if not tests:
                continue
            entry, done = tests[-1]
            passed: bool | None
            if done is not None:
                passed = not entry.error and done - entry.created <= self._within
            else:
                passed = False if now - entry.created > self._within else None
            delivered = [end for one, end in tests if end is not None and not one.error]
            error = "" if passed is not False else entry.error or f"not within {self._within / 60:.0f} min"
            out[name] = Outcome(entry.created, passed, max(delivered, default=None), error)
        return out

    def _message(self, channel: str, key: str, now: float) -> Alert:
        return Alert(
            id=key.partition(":")[0],
            rule=RULE,
            entity=SELF,
            device=SELF,
            state=AlertState.RESOLVED,  # nothing is wrong, and nothing is to be repeated
            severity=Severity.INFO,
            since=now,
            fired=now,
            resolved=now,
            value=None,
            summary=f"TEST: the second path {channel} of netwatch works; nothing is wrong",
            labels={"alertname": RULE, "severity": "info", "district": self._district, "device": "netwatch"},
        )

    def _forget(self, name: str, now: float) -> None:
        old = [
            entry.number
            for entry, end in self._outbox.find(name, _PREFIX)[:-1]
            if end is not None and entry.created < now - _KEPT
        ]
        if old:
            self._outbox.delete(old)
