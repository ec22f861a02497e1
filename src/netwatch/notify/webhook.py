"""A URL that takes a signed POST with JSON."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Sequence
from urllib.parse import urlencode

from netwatch.model import Alert, Clock, Secret
from netwatch.notify.channel import (
    DOCUMENT_VERSION,
    BaseChannel,
    alert_document,
    alert_url,
    one_line,
    short_text,
)
from netwatch.notify.http import HttpPoster
from netwatch.notify.settings import WebhookSettings

__all__ = ["WebhookChannel", "signature"]

LONGEST_TEXT = 300
"""Characters of `{text}`: two parts of a text message, mostly."""


def signature(secret: bytes, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 (RFC 2104) over `timestamp.body`, as in the header `X-Netwatch-Signature`."""
    return "sha256=" + hmac.new(secret, timestamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def template_values(alert: Alert, external_url: str) -> dict[str, str]:
    """What texts of `form` and `fields` may hold in braces."""
    return {
        "text": short_text(alert, LONGEST_TEXT),
        "summary": one_line(alert.summary),
        "severity": alert.severity.value,
        "state": alert.state.value,
        "rule": alert.rule,
        "device": alert.labels.get("device", ""),
        "site": alert.labels.get("site", ""),
        "id": alert.id,
        "key": f"{alert.id}:{alert.state.value}",
        "url": alert_url(alert, external_url),
    }


class WebhookChannel(BaseChannel):
    """Posts `{"version": "netwatch-alerts/1", "alerts": [...]}`. Any 2xx is acceptance."""

    gathers = False  # a program needs no bundle, and a page must not wait for one

    def __init__(self, settings: WebhookSettings, clock: Clock, *, external_url: str = "") -> None:
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._clock = clock
        self._external_url = external_url
        self._http = HttpPoster(
            timeout=settings.timeout, ca_file=settings.ca_file, source=settings.source_address
        )

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        settings = self._settings
        if settings.form or settings.fields:
            for alert in alerts:
                await self._post(*self._filled(alert))
            return
        document = {
            "version": DOCUMENT_VERSION,
            "alerts": [alert_document(alert, self._external_url) for alert in alerts],
        }
        await self._post(json.dumps(document, ensure_ascii=False).encode(), "application/json")

    def _filled(self, alert: Alert) -> tuple[bytes, str]:
        """Body and type of what other programs want to be posted."""
        values = template_values(alert, self._external_url)
        settings = self._settings
        filled = {
            name: value.reveal() if isinstance(value, Secret) else value.format_map(values)
            for name, value in (settings.form or settings.fields).items()
        }
        if settings.form:
            return urlencode(filled).encode(), "application/x-www-form-urlencoded"
        return json.dumps(filled, ensure_ascii=False).encode(), "application/json"

    async def _post(self, body: bytes, kind: str) -> None:
        headers = {"Content-Type": kind, "User-Agent": "netwatch"}
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
