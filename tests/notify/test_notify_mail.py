"""Mail against a real SMTP server in this process."""

from __future__ import annotations

import email
import email.policy
import ipaddress
import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from netwatch.errors import DeliveryError
from netwatch.model import REPETITION, Secret, Severity, SystemClock
from netwatch.notify import EmailChannel, EmailSettings, Refused
from netwatch.notify.mail import compose


class Mailbox:
    def __init__(self) -> None:
        self.mails: list[email.message.EmailMessage] = []
        self.answer = "250 OK"
        self.recipient_answer = "250 OK"
        self.tls: list[bool] = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 - aiosmtpd's name
        if self.recipient_answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient_answer

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.tls.append(session.ssl is not None)
        if self.answer.startswith("250"):
            self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return self.answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """(certificate, key) of a server at 127.0.0.1, self-signed."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return folder / "cert.pem", folder / "key.pem"


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def plain_server(mailbox, free_port):
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port)
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def tls_server(mailbox, free_port, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)

    def check(server, session, envelope, mechanism, data):
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"nw", b"hunter2")
        return AuthResult(success=right, handled=False)

    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port,
        tls_context=context,
        require_starttls=True,
        authenticator=check,
        auth_required=True,
    )
    controller.start()
    yield controller
    controller.stop()


def channel(port: int, **more) -> EmailChannel:
    values = {"name": "mail", "host": "127.0.0.1", "port": port, "tls": "none", "timeout": 5.0}
    values |= {"sender": "netwatch@district.example", "to": ("oncall@district.example", "b@district.example")}
    return EmailChannel(EmailSettings(**(values | more)), SystemClock(), external_url="https://nw.example")


async def test_a_mail_arrives(plain_server, mailbox, make_alert) -> None:
    await channel(plain_server.port).deliver([make_alert("a", summary="Schülerhaus – core does not answer")])
    (mail,) = mailbox.mails
    assert mail["Subject"] == "[critical] Schülerhaus – core does not answer"
    assert mail["To"] == "oncall@district.example, b@district.example"
    assert mail["Message-ID"] == "<a.firing@district.example>"
    text = mail.get_content()
    assert "CRITICAL: Schülerhaus" in text
    assert "since 2023-11-14 22:13:20 UTC" in text
    assert "Check its power." in text
    assert "https://nw.example/alerts#alert-a" in text


async def test_starttls_and_login(tls_server, mailbox, make_alert, certificate) -> None:
    good = {"tls": "starttls", "user": "nw", "password": Secret("hunter2"), "ca_file": certificate[0]}
    await channel(tls_server.port, **good).deliver([make_alert()])
    assert mailbox.tls == [True]
    wrong = channel(tls_server.port, **(good | {"password": Secret("s3same")}))
    with pytest.raises(DeliveryError, match="user or password was refused") as caught:
        await wrong.deliver([make_alert()])
    assert "s3same" not in str(caught.value)
    untrusting = channel(tls_server.port, **(good | {"ca_file": None}))
    with pytest.raises(DeliveryError):
        await untrusting.deliver([make_alert()])
    assert len(mailbox.mails) == 1


async def test_final_and_passing_refusals(plain_server, mailbox, make_alert) -> None:
    mailbox.answer = "451 try later"
    with pytest.raises(DeliveryError, match="451") as caught:
        await channel(plain_server.port).deliver([make_alert()])
    assert not isinstance(caught.value, Refused)
    mailbox.answer = "554 spam"
    with pytest.raises(Refused, match="554"):
        await channel(plain_server.port).deliver([make_alert()])
    mailbox.recipient_answer = "550 nobody of that name"
    with pytest.raises(Refused, match="550"):
        await channel(plain_server.port).deliver([make_alert()])


async def test_no_server(free_port, make_alert) -> None:
    with pytest.raises(DeliveryError, match="could not be handed over"):
        await channel(free_port).deliver([make_alert()])


def test_many_alerts_in_one_mail_lead_with_the_worst(make_alert) -> None:
    alerts = [
        make_alert("x", state="resolved"),
        make_alert("low", severity=Severity.INFO, summary="minor"),
        make_alert("high", summary="bad"),
    ]
    mail = compose(alerts, "a@b.example", ["c@d.example"], datetime.now(UTC))
    assert mail["Subject"] == "[critical] bad (and 2 more)"
    assert mail.get_content().count("since ") == 3


def test_a_recovery_belongs_to_the_thread_of_its_page(make_alert) -> None:
    mail = compose([make_alert("a", state="resolved")], "a@b.example", ["c@d.example"], datetime.now(UTC))
    assert mail["Subject"].startswith("[resolved] ")
    assert mail["In-Reply-To"] == "<a.firing@b.example>"


def test_a_name_from_a_device_forges_no_header(make_alert) -> None:
    mail = compose(
        [make_alert(summary="core\r\nBcc: victim@x.example\r\n\r\nhello")],
        "a@b.example",
        ["c@d.example"],
        datetime.now(UTC),
    )
    parsed = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
    assert parsed["Bcc"] is None
    assert parsed["Subject"] == "[critical] core Bcc: victim@x.example hello"


def test_what_is_told_anew_is_another_mail_of_the_same_thread_with_reason_and_link(make_alert) -> None:
    annotations = {
        "told_because": "escalated",
        REPETITION: "escalated-1",
        "acknowledge": "https://nw.example/acknowledge?token=x",
    }
    mail = compose(
        [make_alert("a", annotations=annotations)], "a@b.example", ["c@d.example"], datetime.now(UTC)
    )
    assert mail["Message-ID"] == "<a.firing.escalated-1@b.example>"
    assert mail["In-Reply-To"] == "<a.firing@b.example>"
    assert "told because: escalated\n" in mail.get_content()
    assert "acknowledge: https://nw.example/acknowledge?token=x\n" in mail.get_content()


def test_times_are_those_of_the_district(make_alert) -> None:
    now = datetime(2026, 11, 28, 8, tzinfo=ZoneInfo("America/Chicago"))
    alert = replace(make_alert("a"), since=datetime(2026, 11, 28, 14, 1, 35, tzinfo=UTC).timestamp())
    body = compose([alert], "a@b.example", ["c@d.example"], now).get_content()
    assert "since 2026-11-28 08:01:35 CST" in body
