"""Settings of the channels that alerts go out through."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from netwatch.config.credentials import Port
from netwatch.config.fields import NonEmpty, PathField, PositiveDuration, SecretField, SecretUrl, Slug
from netwatch.documents import Strict, fault
from netwatch.model import Secret, Severity

__all__ = ["AlertmanagerSettings", "ChannelSettings", "EmailSettings", "MqttSettings", "WebhookSettings"]

_NONE = Secret("")


def _listed(value: Any) -> Any:
    """A single one may stand alone."""
    return (value,) if isinstance(value, str) else value


def _mail_address(value: Any) -> Any:
    if not isinstance(value, str) or not re.fullmatch(r"[^@\s]+@[^@\s]+", value):
        raise fault("expected a mail address", "e.g. netwatch@example.org")
    return value


MailAddress = Annotated[str, BeforeValidator(_mail_address)]


class ChannelSettings(Strict):
    """What all channels have."""

    name: Slug = Field(description="Name of the channel in logs, metrics and the outbox; unique.")
    at_least: Severity = Field(default=Severity.INFO, description="Least severity that is sent.")
    timeout: PositiveDuration = Field(default=10.0, description="Wait for the receiver.")


class AlertmanagerSettings(ChannelSettings):
    """One Alertmanager or a cluster of them."""

    urls: Annotated[tuple[SecretUrl, ...], BeforeValidator(_listed), NonEmpty] = Field(
        description="Base URLs of every member of the cluster; each gets every alert."
    )
    resend: PositiveDuration = Field(
        default=60.0,
        description="Active alerts are sent again after this; keep it below Alertmanager's resolve_timeout.",
    )
    user: str = Field(default="", description="User name of basic authentication.")
    password: SecretField = Field(default=_NONE, description="Password of basic authentication.")
    token: SecretField = Field(default=_NONE, description="Bearer token.")
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM.")


class WebhookSettings(ChannelSettings):
    """A URL that takes a POST with JSON."""

    url: SecretUrl = Field(
        description="Where to post; a reference where the URL itself is the key, as with chat webhooks."
    )
    secret: SecretField = Field(
        default=_NONE,
        description="Key of the HMAC-SHA256 in `X-Netwatch-Signature`; without it nothing is signed.",
    )
    headers: dict[str, SecretField] = Field(default_factory=dict, description="Further headers, as secrets.")
    token: SecretField = Field(default=_NONE, description="Bearer token.")
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM.")


class EmailSettings(ChannelSettings):
    """Mail through an SMTP server."""

    host: str = Field(description="SMTP server.", min_length=1)
    port: Port = Field(default=587, description="TCP port.")
    tls: Literal["starttls", "tls", "none"] = Field(
        default="starttls", description="Encryption; `tls` is from the first byte."
    )
    user: str = Field(default="", description="User name; without it no login.")
    password: SecretField = Field(default=_NONE, description="Password.")
    sender: MailAddress = Field(description="Address in From.")
    to: Annotated[tuple[MailAddress, ...], BeforeValidator(_listed), NonEmpty] = Field(
        description="Addresses in To."
    )
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM.")

    @model_validator(mode="after")
    def _login_is_whole(self) -> EmailSettings:
        if bool(self.user) != bool(self.password):
            raise fault("user and password go together")
        if self.user and self.tls == "none":
            raise fault("a password is not sent without TLS", "set tls: starttls")
        return self


class MqttSettings(ChannelSettings):
    """Alerts as events on an MQTT broker."""

    host: str = Field(description="Broker.", min_length=1)
    port: Port = Field(default=1883, description="TCP port; 8883 is usual with TLS.")
    tls: bool = Field(default=False, description="Speak TLS.")
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM; needs `tls`.")
    user: str = Field(default="", description="User name; without it no login.")
    password: SecretField = Field(default=_NONE, description="Password.")
    client_id: str = Field(
        default="", description="Client id; without it `netwatch-` and the district's slug."
    )
    topic: str = Field(
        default="netwatch", pattern=r"^[^#+]+$", description="Prefix of all topics; no wildcards."
    )
    qos: Literal[0, 1, 2] = Field(default=1, description="Quality of service.")
    retain: bool = Field(default=True, description="Let the broker keep the last state of each active alert.")
