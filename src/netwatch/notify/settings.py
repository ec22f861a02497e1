"""What a channel needs to know. Whoever reads the user's files hands it in, secrets resolved."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from netwatch.model import Secret, Severity

__all__ = [
    "AlertmanagerSettings",
    "AppriseSettings",
    "ChannelSettings",
    "EmailSettings",
    "MqttSettings",
    "SmsSettings",
    "WebhookSettings",
    "taken_from",
]

T = TypeVar("T", bound="ChannelSettings")

_NONE = Secret("")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    """What all channels have."""

    name: str
    """In logs and in the outbox; unique."""
    at_least: Severity = Severity.INFO
    """Alerts below this are not sent."""
    timeout: float = 10.0
    """Seconds to wait for the receiver."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSettings(ChannelSettings):
    """All members of one cluster; each gets every alert."""

    urls: tuple[Secret, ...]
    """Base URLs, without `/api/v2/alerts`."""
    resend: float = 60.0
    """Seconds after which active alerts are sent again."""
    user: str = ""
    password: Secret = _NONE
    token: Secret = _NONE
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings(ChannelSettings):
    url: Secret
    secret: Secret = _NONE
    """Key of the signature in `X-Netwatch-Signature`; without it nothing is signed."""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    token: Secret = _NONE
    ca_file: Path | None = None
    form: Mapping[str, str | Secret] = field(default_factory=dict)
    """Fields of a form that is posted instead of the document, one request per alert."""
    fields: Mapping[str, str | Secret] = field(default_factory=dict)
    """Members of a JSON object that is posted instead, one request per alert."""
    source_address: str = ""
    """Address of this machine to send from; empty: the system's choice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings(ChannelSettings):
    host: str
    port: int = 587
    tls: str = "starttls"
    """`starttls`, `tls` (from the first byte) or `none`."""
    user: str = ""
    password: Secret = _NONE
    sender: str
    to: tuple[str, ...]
    ca_file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MqttSettings(ChannelSettings):
    host: str
    port: int = 1883
    tls: bool = False
    ca_file: Path | None = None
    user: str = ""
    password: Secret = _NONE
    client_id: str = ""
    topic: str = "netwatch"
    """Prefix of all topics."""
    qos: int = 1
    retain: bool = True
    """The broker keeps the last state of each active alert."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings(ChannelSettings):
    spool: Path
    to: tuple[str, ...]
    sent: Path | None = None
    """With it, delivered is what the SMS server has put there."""
    failed: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings(ChannelSettings):
    urls: tuple[Secret, ...]


def taken_from(kind: type[T], source: object) -> T:
    """Settings with the values of equally named attributes of `source`; defaults where it has none.

    Raises TypeError if `source` lacks something that has no default.
    """
    values: dict[str, Any] = {}
    for item in dataclasses.fields(kind):
        if hasattr(source, item.name):
            values[item.name] = getattr(source, item.name)
    return kind(**values)
