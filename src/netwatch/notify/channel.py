"""What the dispatcher asks of a channel, and what channels share."""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from netwatch.errors import ConfigError, DeliveryError
from netwatch.model import REPETITION, Alert, AlertState, Severity

__all__ = [
    "BaseChannel",
    "Channel",
    "Refused",
    "alert_document",
    "message_key",
    "one_line",
    "short_text",
    "state_word",
    "tls_context",
]

DOCUMENT_VERSION = "netwatch-alerts/1"


class Refused(DeliveryError):  # noqa: N818 - reads as what happened
    """The receiver will never take this message, however often it is sent."""


class Channel(Protocol):
    """One way out. `deliver` is called by one task at a time."""

    name: str
    at_least: Severity
    gathers: bool
    """A first message waits a moment, so that alerts of one fault arrive together."""
    refresh_every: float | None
    """Seconds between calls of `refresh`; None for never."""

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        """Returns once the receiver has taken all of them. Raises DeliveryError, or Refused."""
        ...

    async def refresh(self) -> None:
        """Tells the receiver again what is active. Raises DeliveryError."""
        ...

    def resume(self, alerts: Sequence[Alert], ended: Sequence[Alert] = ()) -> None:
        """After a restart: these were delivered as firing and have not ended; those ended lately, and some
        receivers behind the channel may not have heard of it."""
        ...

    async def close(self) -> None: ...


class BaseChannel:
    """Defaults for a channel that only delivers."""

    gathers = True
    refresh_every: float | None = None

    def __init__(self, name: str, at_least: Severity) -> None:
        self.name = name
        self.at_least = at_least

    async def refresh(self) -> None:
        """Nothing to tell again."""

    def resume(self, alerts: Sequence[Alert], ended: Sequence[Alert] = ()) -> None:
        """Nothing to remember."""

    async def close(self) -> None:
        """Nothing to close."""


def alert_document(alert: Alert, external_url: str = "") -> dict[str, Any]:
    """An alert as webhooks and MQTT carry it. Times: Unix seconds. `key`: the same at each attempt."""
    return {
        "id": alert.id,
        "key": message_key(alert),
        "rule": alert.rule,
        "state": alert.state.value,
        "severity": alert.severity.value,
        "summary": alert.summary,
        "since": alert.since,
        "fired": alert.fired,
        "resolved": alert.resolved,
        "value": alert.value,
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "url": alert_url(alert, external_url),
    }


def state_word(alert: Alert) -> str:
    """`resolved`, or the severity."""
    return "resolved" if alert.state is AlertState.RESOLVED else alert.severity.value


def one_line(text: str) -> str:
    """One line of printable text: names come from devices, and a line break in them would forge a header."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def short_text(alert: Alert, longest: int) -> str:
    """For a small screen: state and summary, cut to that many characters, and the link that acknowledges,
    whole or not at all."""
    text = f"{state_word(alert).upper()}: {one_line(alert.summary)}"
    link = alert.annotations.get("acknowledge", "")
    room = longest - len(link) - 1 if link else longest
    if room < longest / 4:
        link, room = "", longest
    text = text if len(text) <= room else f"{text[: room - 3]}..."
    return f"{text} {link}" if link else text


def message_key(alert: Alert) -> str:
    """What a receiver may know a message by; another one where it is told anew."""
    again = alert.annotations.get(REPETITION, "")
    return f"{alert.id}:{alert.state.value}" + (f":{again}" if again else "")


def alert_url(alert: Alert, external_url: str) -> str:
    """Where a person finds the alert on netwatch's own page; empty if that has no address."""
    return f"{external_url.rstrip('/')}/alerts#alert-{alert.id}" if external_url else ""


def tls_context(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts the system's certificates, or only those in `ca_file`. ConfigError if that can't be read."""
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(
            f"{ca_file}: no certificates in PEM: {error.strerror or type(error).__name__}"
        ) from None
