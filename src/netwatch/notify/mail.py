"""Mail through an SMTP server."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from email.message import EmailMessage
from email.utils import format_datetime
from types import ModuleType
from zoneinfo import ZoneInfo

from netwatch.errors import DeliveryError, MissingExtra
from netwatch.model import REPETITION, Alert, AlertState, Clock
from netwatch.notify.channel import BaseChannel, Refused, alert_url, one_line, tls_context
from netwatch.notify.settings import EmailSettings

__all__ = ["EmailChannel", "compose"]


class EmailChannel(BaseChannel):
    """One plain text mail for all alerts that are ready."""

    def __init__(
        self, settings: EmailSettings, clock: Clock, *, external_url: str = "", timezone: str = "UTC"
    ) -> None:
        """`timezone`: IANA name; mails tell times by its wall clock."""
        super().__init__(settings.name, settings.at_least)
        self._settings = settings
        self._clock = clock
        self._external_url = external_url
        self._zone = ZoneInfo(timezone)
        self._smtp = _library()
        self._tls = None if settings.tls == "none" else tls_context(settings.ca_file)

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        settings, smtp = self._settings, self._smtp
        now = datetime.fromtimestamp(self._clock.now().wall, self._zone)
        message = compose(alerts, settings.sender, settings.to, now, self._external_url)
        try:
            await smtp.send(
                message,
                hostname=settings.host,
                port=settings.port,
                username=settings.user or None,
                password=settings.password.reveal() or None,
                timeout=settings.timeout,
                use_tls=settings.tls == "tls",
                start_tls=settings.tls == "starttls",
                tls_context=self._tls,
            )
        except smtp.SMTPAuthenticationError:
            raise DeliveryError("user or password was refused") from None
        except smtp.SMTPRecipientsRefused as error:
            codes = {recipient.code for recipient in error.recipients}
            self._raise_for(min(codes, default=0), "no recipient was accepted")
        except smtp.SMTPResponseException as error:
            self._raise_for(error.code, "the server did not take the mail")
        except smtp.SMTPTimeoutError:
            raise DeliveryError(f"no answer within {settings.timeout:g} s") from None
        except (smtp.SMTPException, OSError, ValueError) as error:
            raise DeliveryError(f"the mail could not be handed over: {type(error).__name__}") from None

    def _raise_for(self, code: int, what: str) -> None:
        """550 to 554 are final (RFC 5321, 4.2.3); the texts beside the codes may quote the login."""
        kind = Refused if 550 <= code <= 554 else DeliveryError
        raise kind(f"{what} (SMTP code {code})") from None


def compose(
    alerts: Sequence[Alert], sender: str, to: Sequence[str], now: datetime, external_url: str = ""
) -> EmailMessage:
    """Subject: what matters most, for a phone. Body: one paragraph per alert, times in the zone of `now`."""
    message = EmailMessage()
    message["Subject"] = _subject(alerts)
    message["From"] = sender
    message["To"] = ", ".join(to)
    message["Date"] = format_datetime(now)
    domain = sender.rpartition("@")[2]
    again = alerts[0].annotations.get(REPETITION, "")  # the same id twice would be dropped as a copy
    message["Message-ID"] = _message_id(alerts[0], alerts[0].state, domain, again)
    if len(alerts) == 1 and (again or alerts[0].state is AlertState.RESOLVED):
        message["In-Reply-To"] = message["References"] = _message_id(alerts[0], AlertState.FIRING, domain)
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join(_paragraph(alert, external_url, now.tzinfo) for alert in alerts) + "\n")
    return message


def _message_id(alert: Alert, state: AlertState, domain: str, again: str = "") -> str:
    return f"<{'.'.join(filter(None, (alert.id, state.value, again)))}@{domain}>"


def _subject(alerts: Sequence[Alert]) -> str:
    firing = [alert for alert in alerts if alert.state is AlertState.FIRING]
    worst = max(firing or alerts, key=lambda alert: alert.severity.rank)
    head = worst.severity.value if firing else "resolved"
    more = f" (and {len(alerts) - 1} more)" if len(alerts) > 1 else ""
    return f"[{head}] {one_line(worst.summary)[:150]}{more}"


_SAID = (
    "told_because",
    "fault",
    "affected",
    "power",
    "circuit",
    "changed_before",
    "warranty",
    "spare",
    "evidence",
    "runbook",
    "acknowledge",
)
"""Annotations that a mail shows beside the description, in this order."""


def _paragraph(alert: Alert, external_url: str, zone: tzinfo | None) -> str:
    state = "RESOLVED" if alert.state is AlertState.RESOLVED else alert.severity.value.upper()
    lines = [f"{state}: {one_line(alert.summary)}", f"since {_when(alert.since, zone)}"]
    if alert.resolved is not None:
        lines.append(f"until {_when(alert.resolved, zone)}")
    lines += [one_line(alert.annotations[name]) for name in ("description",) if alert.annotations.get(name)]
    for name in _SAID:
        if alert.annotations.get(name):
            lines.append(f"{name.replace('_', ' ')}: {one_line(alert.annotations[name])}")
    link = alert_url(alert, external_url)
    return "\n".join([*lines, link] if link else lines)


def _when(wall: float, zone: tzinfo | None) -> str:
    return datetime.fromtimestamp(wall, zone or UTC).strftime("%Y-%m-%d %H:%M:%S %Z")


def _library() -> ModuleType:
    try:
        import aiosmtplib
    except ImportError:
        raise MissingExtra("aiosmtplib", "notify") from None
    return aiosmtplib
