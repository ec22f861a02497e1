"""Chat, paging and push services through the library Apprise."""

from __future__ import annotations

import asyncio
import logging
import warnings
from collections.abc import Sequence
from typing import Any

from netwatch.errors import ConfigError, DeliveryError, MissingExtra
from netwatch.model import Alert, AlertState, Severity
from netwatch.notify.channel import BaseChannel, alert_url, one_line, state_word
from netwatch.notify.settings import AppriseSettings

__all__ = ["AppriseChannel"]

LONGEST = 20
"""Alerts that are told in one message; of more only the number is."""


class AppriseChannel(BaseChannel):
    """One message for all alerts that are ready. The library blocks, so it runs in a thread.

    What it logs may hold its URLs, and with them their keys: it is kept from logging.
    """

    def __init__(self, settings: AppriseSettings, *, external_url: str = "") -> None:
        """Raises MissingExtra, ConfigError for a URL that the library does not know."""
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._external_url = external_url
        self._apprise = _library()
        self._services: list[Any] = []
        for number, url in enumerate(settings.urls, 1):
            with warnings.catch_warnings():  # of what the library's many plugins import
                warnings.simplefilter("ignore", DeprecationWarning)
                service = self._apprise.Apprise.instantiate(url.reveal(), suppress_exceptions=True)
            if service is None:
                raise ConfigError(f"channel {settings.name!r}: Apprise does not know what URL {number} means")
            self._services.append(service)
        self._told: list[set[str]] = [set() for _ in self._services]
        """Keys that a service has taken while another one has not."""

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Raises DeliveryError as long as one service has not taken them; the others are not told again."""
        failed = []
        try:
            async with asyncio.timeout(self._settings.timeout):
                for number, service in enumerate(self._services):
                    mine = [alert for alert in alerts if _key(alert) not in self._told[number]]
                    if mine and not await asyncio.to_thread(self._notify, service, mine):
                        failed.append(number + 1)
                    else:
                        self._told[number].update(map(_key, alerts))
        except TimeoutError:
            raise DeliveryError(f"no answer within {self._settings.timeout:g} s") from None
        if failed:
            raise DeliveryError(
                f"service {', '.join(map(str, failed))} of {len(self._services)} took nothing"
            )
        for told in self._told:
            told.difference_update(map(_key, alerts))

    def _notify(self, service: Any, alerts: Sequence[Alert]) -> bool:
        try:
            return bool(
                service.notify(
                    title=_title(alerts),
                    body=_body(alerts, self._external_url),
                    notify_type=self._apprise.NotifyType(_type(alerts)),
                )
            )
        except Exception:
            return False


def _key(alert: Alert) -> str:
    return f"{alert.id}:{alert.state.value}"


def _title(alerts: Sequence[Alert]) -> str:
    more = f" (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
    return f"[{state_word(alerts[0])}] {one_line(alerts[0].summary)[:150]}{more}"


def _body(alerts: Sequence[Alert], external_url: str) -> str:
    lines = []
    for alert in alerts[:LONGEST]:
        link = alert_url(alert, external_url)
        lines.append(f"{state_word(alert).upper()}: {one_line(alert.summary)}{f' {link}' if link else ''}")
    if len(alerts) > LONGEST:
        lines.append(f"... and {len(alerts) - LONGEST} more")
    return "\n".join(lines)


def _type(alerts: Sequence[Alert]) -> str:
    firing = [alert.severity for alert in alerts if alert.state is AlertState.FIRING]
    if not firing:
        return "success"
    if Severity.CRITICAL in firing:
        return "failure"
    return "warning" if Severity.WARNING in firing else "info"


def _library() -> Any:
    try:
        import apprise
    except ImportError:
        raise MissingExtra("apprise", "notify") from None
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    return apprise
