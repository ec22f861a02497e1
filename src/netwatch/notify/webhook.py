"""A URL that takes a signed POST with JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence

from netwatch.model import Alert, Clock
from netwatch.notify.channel import DOCUMENT_VERSION, BaseChannel, alert_document
from netwatch.notify.http import HttpPoster
from netwatch.notify.settings import WebhookSettings

__all__ = ["WebhookChannel", "signature"]


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) over `timestamp.body`, as in the header `X-Netwatch-Signature`."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class WebhookChannel(BaseChannel):
    """Posts `{"version": "netwatch-alerts/1", "alerts": [...]}`. Any 2xx is acceptance."""

    gathers = False  # a program needs no bundle, and a page must not wait for one

    def __init__(self, settings: WebhookSettings, clock: Clock, *, external_url: str = "") -> None:
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._clock = clock
        self._external_url = external_url
        self._http = HttpPoster(timeout=settings.timeout, ca_file=settings.ca_file)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        document = {
            "version": DOCUMENT_VERSION,
            "alerts": [alert_document(alert, self._external_url) for alert in alerts],
        }
        body = json.dumps(document, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", "User-Agent": "netwatch"}
        headers |= {name: value.reveal() for name, value in self._settings.headers.items()}
        if self._settings.token:
            headers["Authorization"] = f"Bearer {self._settings.token.reveal()}"
        if self._settings.secret:
            timestamp = f"{self._clock.now().wall:.0f}"
            headers["X-Netwatch-Timestamp"] = timestamp
            key = self._settings.secret.reveal().encode()
            headers["X-Netwatch-Signature"] = signature(key, timestamp, body)
        await self._http.post(self._settings.url, body, headers)

    async def close(self) -> None:
        await self._http.close()
