"""Who may do what: users, roles, and the web file that names them (Prometheus exporter-toolkit format)."""

from __future__ import annotations

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from netwatch.documents import Document, Strict, did_you_mean, read_yaml, validate
from netwatch.errors import ConfigError, Problem

__all__ = ["Auth", "Role", "TlsFiles", "User", "is_loopback", "load_web_file", "parse_web_document"]

_BCRYPT = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_MAX_COST = 15
"""A higher bcrypt cost makes one check take over two seconds, which is a way to stall the server."""

_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CIPHERS = {
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256": "ECDHE-RSA-AES128-GCM-SHA256",
    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384": "ECDHE-RSA-AES256-GCM-SHA384",
    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-RSA-CHACHA20-POLY1305",
    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256": "ECDHE-ECDSA-AES128-GCM-SHA256",
    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384": "ECDHE-ECDSA-AES256-GCM-SHA384",
    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256": "ECDHE-ECDSA-CHACHA20-POLY1305",
}
"""IANA names, as the exporter-toolkit spells them, to OpenSSL's. TLS 1.3 suites are always on."""


class Role(StrEnum):
    """Each role may do all that the one before it may."""

    VIEW = "view"
    """Read pages, API and metrics."""
    OPERATE = "operate"
    """Also act on alerts."""
    ADMIN = "admin"
    """Also reload the configuration."""

    def may(self, needed: Role) -> bool:
        order = list(Role)
        return order.index(self) >= order.index(needed)


@dataclass(frozen=True, slots=True)
class User:
    name: str
    password_hash: str = field(repr=False)
    """bcrypt, modular crypt format `$2b$...`."""
    role: Role = Role.VIEW


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """What `tls_server_config` says, paths resolved."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None
    client_required: bool = False
    client_sans: tuple[str, ...] = ()
    """Subject alternative names, one of which a client's certificate must hold; empty for any."""
    minimum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_2
    maximum: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
    ciphers: tuple[str, ...] = ()

    def context(self) -> ssl.SSLContext:
        """Raises ConfigError if the files can't be read or don't belong together."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.minimum_version = self.minimum
        context.maximum_version = self.maximum
        try:
            context.load_cert_chain(self.cert_file, self.key_file)
        except (OSError, ssl.SSLError) as error:
            reason = getattr(error, "reason", None) or error.strerror or "unreadable"
            raise ConfigError(
                [Problem(str(self.cert_file), "", f"can't be used with {self.key_file}: {reason}")]
            ) from None
        if self.ciphers:
            context.set_ciphers(":".join(self.ciphers))
        if self.client_ca_file is not None:
            try:
                context.load_verify_locations(self.client_ca_file)
            except (OSError, ssl.SSLError) as error:
                reason = getattr(error, "reason", None) or error.strerror or "unreadable"
                raise ConfigError(
                    [Problem(str(self.client_ca_file), "", f"can't be used: {reason}")]
                ) from None
            context.verify_mode = ssl.CERT_REQUIRED if self.client_required else ssl.CERT_OPTIONAL
        return context


@dataclass(frozen=True, slots=True)
class Auth:
    """How the built-in server is guarded. Without users everybody who reaches it is an administrator."""

    users: Mapping[str, User] = field(default_factory=dict)
    tls: TlsFiles | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    """Further response headers: only Strict-Transport-Security."""

    @classmethod
    def open(cls) -> Auth:
        """No users, no TLS: for loopback only."""
        return cls()

    @property
    def is_open(self) -> bool:
        return not self.users

    def check_listen(self, host: str) -> None:
        """Raises ConfigError if this guard is too weak for the address to listen on."""
        if is_loopback(host):
            return
        lacking = [
            name
            for name, there in (("tls_server_config", self.tls), ("basic_auth_users", self.users))
            if not there
        ]
        if lacking:
            raise ConfigError(
                [
                    Problem(
                        "",
                        "web.listen",
                        f"{host} is reachable from elsewhere, and the web file has no "
                        + " and no ".join(lacking),
                        "listen on 127.0.0.1, or see docs/web.md for TLS and `netwatch user add`",
                    )
                ]
            )


def is_loopback(host: str) -> bool:
    """Whether a name or literal can only mean this machine."""
    if host.rstrip(".").lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]").partition("%")[0]).is_loopback
    except ValueError:
        return False


def _password_hash(text: str) -> str:
    found = _BCRYPT.fullmatch(text)
    if found is None:
        raise ValueError("expected a bcrypt hash; `netwatch user add` makes one")
    if not 4 <= int(found[1]) <= _MAX_COST:
        raise ValueError(f"expected a bcrypt cost from 4 to {_MAX_COST}")
    return text


def _version(text: str) -> str:
    if text in ("TLS10", "TLS11"):
        raise ValueError(f"{text} is broken (RFC 8996): use TLS12 or TLS13")
    if text not in _VERSIONS:
        raise ValueError("expected TLS12 or TLS13")
    return text


_Version = Annotated[str, AfterValidator(_version)]


def _cipher(text: str) -> str:
    if text not in _CIPHERS and not text.startswith(("TLS_AES_", "TLS_CHACHA20_")):
        raise ValueError(f"unknown or weak cipher suite; {did_you_mean(text, _CIPHERS)}".rstrip("; "))
    return text


class _Tls(Strict):
    cert_file: str
    key_file: str
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = (
        "NoClientCert"
    )
    client_ca_file: str = ""
    client_allowed_sans: tuple[str, ...] = ()
    min_version: _Version = "TLS12"
    max_version: _Version = "TLS13"
    cipher_suites: tuple[Annotated[str, AfterValidator(_cipher)], ...] = ()


class _HttpHeaders(Strict):
    strict_transport_security: str = Field(default="", alias="Strict-Transport-Security")


class _Http(Strict):
    http2: bool = False
    """Accepted for files that are shared with Prometheus; netwatch speaks HTTP/1.1."""
    headers: _HttpHeaders = _HttpHeaders()


class _WebFile(Strict):
    tls_server_config: _Tls | None = None
    http_server_config: _Http = _Http()
    basic_auth_users: dict[str, Annotated[str, AfterValidator(_password_hash)]] = Field(default_factory=dict)
    roles: dict[str, Role] = Field(default_factory=dict)


def load_web_file(path: Path | str) -> Auth:
    """Reads the web file. Raises ConfigError with every problem found; never shows a hash."""
    return parse_web_document(read_yaml(path), Path(path).parent)


def parse_web_document(document: Document, base: Path, *, look_for_files: bool = True) -> Auth:
    """The same from a document that was already read; relative paths in it start at `base`.

    `look_for_files=False` accepts certificates that are yet to be made.
    """
    file = validate(_WebFile, document)
    problems = [
        document.problem(
            ("roles", name),
            f"no user {name!r} in basic_auth_users",
            did_you_mean(name, file.basic_auth_users),
        )
        for name in file.roles
        if name not in file.basic_auth_users
    ]
    problems += [
        document.problem(
            ("basic_auth_users",), "a user name must be printable, not empty and without a colon"
        )
        for name in file.basic_auth_users
        if not name or ":" in name or not name.isprintable()
    ]
    tls = _tls_files(document, file.tls_server_config, base, problems)
    if look_for_files and tls is not None:
        problems += _missing_files(document, file.tls_server_config, base)
    if problems:
        raise ConfigError(problems)
    hsts = file.http_server_config.headers.strict_transport_security
    return Auth(
        users={
            name: User(name, digest, file.roles.get(name, Role.VIEW))
            for name, digest in file.basic_auth_users.items()
        },
        tls=tls,
        headers={"Strict-Transport-Security": hsts} if hsts else {},
    )


def _tls_files(document: Document, tls: _Tls | None, base: Path, problems: list[Problem]) -> TlsFiles | None:
    if tls is None:
        return None
    if (tls.client_auth_type != "NoClientCert") != bool(tls.client_ca_file):
        message = "client_ca_file and a client_auth_type that verifies belong together"
        problems.append(document.problem(("tls_server_config",), message))
    if tls.client_allowed_sans and not tls.client_ca_file:
        message = "needs client_ca_file: an unverified name proves nothing"
        problems.append(document.problem(("tls_server_config", "client_allowed_sans"), message))
    minimum, maximum = _VERSIONS[tls.min_version], _VERSIONS[tls.max_version]
    if minimum > maximum:
        problems.append(document.problem(("tls_server_config", "min_version"), "is above max_version"))
    return TlsFiles(
        base / tls.cert_file,
        base / tls.key_file,
        base / tls.client_ca_file if tls.client_ca_file else None,
        tls.client_auth_type == "RequireAndVerifyClientCert",
        tls.client_allowed_sans,
        minimum,
        maximum,
        tuple(_CIPHERS[name] for name in tls.cipher_suites if name in _CIPHERS),
    )


def _missing_files(document: Document, tls: _Tls | None, base: Path) -> list[Problem]:
    named = [(key, getattr(tls, key, "")) for key in ("cert_file", "key_file", "client_ca_file")]
    return [
        document.problem(("tls_server_config", key), f"there is no file {name}")
        for key, name in named
        if name and not (base / name).is_file()
    ]
