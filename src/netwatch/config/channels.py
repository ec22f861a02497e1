"""Settings of the channels that alerts go out through."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from string import Formatter
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
    model_validator,
)

from netwatch.config.credentials import Port
from netwatch.config.fields import (
    Names,
    NonEmpty,
    PathField,
    PositiveDuration,
    SecretField,
    SecretUrl,
    Slug,
    secret_of,
    shown,
)
from netwatch.documents import Strict, fault
from netwatch.model import Secret, Severity

__all__ = [
    "AlertmanagerSettings",
    "AppriseSettings",
    "ChannelSettings",
    "EmailSettings",
    "HeartbeatSettings",
    "MqttSettings",
    "PathTestSettings",
    "SmsSettings",
    "WebhookSettings",
]

_NONE = Secret("")


TEMPLATE_NAMES = ("text", "summary", "severity", "state", "rule", "device", "site", "id", "key", "url")
"""What texts of a webhook may hold in braces."""


def check_template(text: str) -> str:
    """Raises a fault for braces with anything else in them."""
    try:
        for _, name, spec, conversion in Formatter().parse(text):
            if name is not None and (name not in TEMPLATE_NAMES or spec or conversion):
                raise fault(f"no {{{name}}} here", f"known: {', '.join(TEMPLATE_NAMES)}")
    except ValueError:
        raise fault("braces don't match", "write {{ and }} for braces themselves") from None
    return text


def _template(value: Any, info: ValidationInfo) -> Any:
    """A text, or a secret by reference."""
    if isinstance(value, bool | int | float):
        return str(value)
    return value if isinstance(value, str) else secret_of(value, info)


TemplateField = Annotated[Secret | str, PlainValidator(_template), PlainSerializer(shown, when_used="json")]


def _listed(value: Any) -> Any:
    """A single one may stand alone."""
    return (value,) if isinstance(value, str) else value


def _one_or_more(value: Any) -> Any:
    """A single secret may stand alone."""
    return (value,) if isinstance(value, str | Mapping) else value


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
    backup: Names = Field(
        default=(),
        description="Channels that take over what this one can't deliver; without it `alerts.backup`.",
    )


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
    form: dict[str, TemplateField] = Field(
        default_factory=dict,
        description="Fields of a form that is posted instead, one request per alert; texts with `{text}` and "
        "so on, or secrets.",
    )
    fields: dict[str, TemplateField] = Field(
        default_factory=dict,
        description="Members of a JSON object that is posted instead, one request per alert; as `form`.",
    )
    source_address: str = Field(
        default="",
        description="Address of this machine to send from, as of a cellular modem; without it the system's "
        "choice.",
    )

    @field_validator("source_address")
    @classmethod
    def _address(cls, value: str) -> str:
        try:
            return str(ip_address(value)) if value else ""
        except ValueError:
            raise fault("expected an address of this machine", "e.g. 192.0.2.7") from None

    @model_validator(mode="after")
    def _one_form(self) -> WebhookSettings:
        if self.form and self.fields:
            raise fault("form and fields exclude each other")
        for value in (*self.form.values(), *self.fields.values()):
            if isinstance(value, str):
                check_template(value)
        return self


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


def _number(value: Any) -> Any:
    text = re.sub(r"[ ()/-]", "", value) if isinstance(value, str) else ""
    if not re.fullmatch(r"\+?\d{3,15}", text):
        raise fault("expected a telephone number in quotes", 'e.g. "+1 555 010 0199"')
    return text


class SmsSettings(ChannelSettings):
    """Text messages through the spool of an SMS server with a modem, as smstools reads it."""

    spool: PathField = Field(
        description="Folder that the SMS server sends from, e.g. /var/spool/sms/outgoing."
    )
    sent: PathField | None = Field(
        default=None,
        description="Folder where it puts what it has sent; with it a page counts as delivered only then.",
    )
    failed: PathField | None = Field(default=None, description="Folder where it puts what it could not send.")
    to: Annotated[
        tuple[Annotated[str, BeforeValidator(_number)], ...], BeforeValidator(_listed), NonEmpty
    ] = Field(description="Telephone numbers; one message for each.")
    timeout: PositiveDuration = Field(default=60.0, description="Wait for a message to appear in `sent`.")


class AppriseSettings(ChannelSettings):
    """Chat, paging and push services through the library Apprise."""

    urls: Annotated[tuple[SecretField, ...], BeforeValidator(_one_or_more), NonEmpty] = Field(
        description="Apprise URLs, as secrets; all of them get every alert."
    )
    timeout: PositiveDuration = Field(default=30.0, description="Wait for all services together.")


class HeartbeatSettings(Strict):
    """A sign of life for a receiver outside, which raises an alarm when it stops."""

    url: SecretUrl = Field(description="What is asked for, as a secret where the URL itself is the key.")
    interval: PositiveDuration = Field(default=60.0, description="Time between two signs.")
    method: Literal["GET", "POST", "HEAD"] = Field(default="GET", description="HTTP method.")
    timeout: PositiveDuration = Field(default=10.0, description="Wait for the receiver.")
    ca_file: PathField | None = Field(default=None, description="Certificates to trust, in PEM.")


class PathTestSettings(Strict):
    """When a test message goes out by the second path each week."""

    day: Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = Field(
        default="tuesday", description="Day of the week."
    )
    at: str = Field(
        default="10:00", pattern=r"^([01]\d|2[0-3]):[0-5]\d$", description="Time in the district's time zone."
    )
    within: PositiveDuration = Field(default=900.0, description="It failed if it is not delivered by then.")
