"""Prometheus Alertmanager, API v2.

Alertmanager forgets an alert that nobody repeats, and it does not know what ended while it was away. So what
is active is sent again and again with an end in the future, and what has ended is owed to each member of
the cluster until that member has taken it.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import structlog

from netwatch.errors import DeliveryError
from netwatch.model import Alert, AlertState, Clock, Secret
from netwatch.notify.channel import BaseChannel, Refused, alert_url
from netwatch.notify.http import HttpPoster
from netwatch.notify.settings import AlertmanagerSettings

__all__ = ["AlertmanagerChannel"]

_LIVES = 4
"""An active alert ends by itself after this many intervals without a repetition, as Prometheus does it."""
_BATCH = 500
"""Alerts in one request."""


class AlertmanagerChannel(BaseChannel):
    """Keeps all members of one cluster in step with what is active."""

    gathers = False  # Alertmanager groups by itself

    def __init__(self, settings: AlertmanagerSettings, clock: Clock, *, external_url: str = "") -> None:
        super().__init__(settings.name, settings.at_least)
        self.refresh_every = settings.resend
        self._settings = settings
        self._clock = clock
        self._external_url = external_url
        self._http = HttpPoster(timeout=settings.timeout, ca_file=settings.ca_file)
        self._headers = _headers(settings)
        self._log = structlog.get_logger("netwatch.notify")
        self._active: dict[str, Alert] = {}
        self._owed: tuple[dict[str, Alert], ...] = tuple({} for _ in settings.urls)
        """Ended alerts by member that has not taken them yet."""

    def resume(self, alerts: Sequence[Alert], ended: Sequence[Alert] = ()) -> None:
        """Ends are owed to every member again: nobody remembers which of them missed one."""
        self._active.update((alert.id, alert) for alert in alerts)
        for owed in self._owed:
            owed.update((alert.id, alert) for alert in ended)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Done as soon as one member has taken them: the others get them from `refresh`."""
        for alert in alerts:
            if alert.state is AlertState.FIRING:
                self._active[alert.id] = alert
            else:
                self._active.pop(alert.id, None)
                for owed in self._owed:
                    owed[alert.id] = alert
        try:
            await self._tell([alert for alert in alerts if alert.state is AlertState.FIRING])
        except Refused:
            if len(alerts) == 1:
                self._active.pop(alerts[0].id, None)  # it would spoil every repetition
            raise

    async def refresh(self) -> None:
        """Sends all active alerts again, and what is owed."""
        await self._tell(list(self._active.values()))

    async def close(self) -> None:
        await self._http.close()

    async def _tell(self, firing: Sequence[Alert]) -> None:
        members = range(len(self._settings.urls))
        results = await asyncio.gather(
            *(self._tell_member(member, firing) for member in members), return_exceptions=True
        )
        failures = []
        for member, result in zip(members, results, strict=True):
            if isinstance(result, DeliveryError):
                failures.append(result)
                self._log.warning(
                    "an Alertmanager took nothing", channel=self.name, member=member + 1, error=str(result)
                )
            elif isinstance(result, BaseException):
                raise result
        if len(failures) == len(results):
            raise failures[0]

    async def _tell_member(self, member: int, firing: Sequence[Alert]) -> None:
        owed = self._owed[member]
        # Alertmanager knows alerts by their labels alone: the end of what fires again would end it.
        again = {_labels(alert) for alert in self._active.values()}
        for number in [number for number, alert in owed.items() if _labels(alert) in again]:
            del owed[number]
        messages = [*owed.values(), *firing]
        for start in range(0, len(messages), _BATCH):
            batch = messages[start : start + _BATCH]
            body = json.dumps([self._posted(alert) for alert in batch]).encode()
            url = Secret(self._settings.urls[member].reveal().rstrip("/") + "/api/v2/alerts")
            try:
                await self._http.post(url, body, self._headers)
            except Refused:
                # It would never take them, and must not be kept from what comes after.
                self._forget(member, batch)
                raise
            self._forget(member, batch)

    def _forget(self, member: int, batch: Sequence[Alert]) -> None:
        for alert in batch:
            if alert.state is AlertState.RESOLVED:
                self._owed[member].pop(alert.id, None)

    def _posted(self, alert: Alert) -> dict[str, Any]:
        """A postableAlert of Alertmanager's OpenAPI description."""
        now = self._clock.now().wall
        ends = alert.resolved if alert.state is AlertState.RESOLVED else now + _LIVES * self._settings.resend
        return {
            "labels": dict(alert.labels),
            "annotations": {"summary": alert.summary, **alert.annotations, "netwatch_id": alert.id},
            "startsAt": _time(alert.fired if alert.fired is not None else alert.since),
            "endsAt": _time(now if ends is None else ends),
            "generatorURL": alert_url(alert, self._external_url),
        }


def _headers(settings: AlertmanagerSettings) -> Mapping[str, str]:
    headers = {"Content-Type": "application/json", "User-Agent": "netwatch"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token.reveal()}"
    elif settings.user:
        login = f"{settings.user}:{settings.password.reveal()}".encode()
        headers["Authorization"] = "Basic " + base64.b64encode(login).decode()
    return headers


def _labels(alert: Alert) -> frozenset[tuple[str, str]]:
    return frozenset(alert.labels.items())


def _time(wall: float) -> str:
    return datetime.fromtimestamp(wall, UTC).isoformat()
