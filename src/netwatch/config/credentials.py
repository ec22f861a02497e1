"""Named sets of credentials, apart from the devices that use them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from netwatch.config.fields import PathField, PositiveDuration, SecretField
from netwatch.documents import Strict, fault
from netwatch.model import (
    HttpAccess,
    Secret,
    SipAccess,
    SnmpAccess,
    SnmpVersion,
    SshAccess,
    UsmAuth,
    UsmPrivacy,
)

__all__ = [
    "CredentialFile",
    "CredentialSet",
    "HttpCredentials",
    "SipCredentials",
    "SnmpCredentials",
    "SshCredentials",
    "UsmCredentials",
]

_NONE = Secret("")
_ADDRESS = "{address}"
"""In a base_url: the device's first address."""
_USM_MINIMUM = 8
"""Characters; RFC 3414 section 11.2."""


def _one_of(kind: type[StrEnum]) -> BeforeValidator:
    """Refuses without showing what was found: somebody may have pasted the password here."""

    def validator(value: Any) -> Any:
        known = [member.value for member in kind]
        if value not in known:
            raise fault(f"expected {', '.join(known[:-1])} or {known[-1]}")
        return value

    return BeforeValidator(validator)


Version = Annotated[SnmpVersion, BeforeValidator(lambda v: str(v) if isinstance(v, int) else v)]
Port = Annotated[int, Field(ge=1, le=65535)]


class UsmCredentials(Strict):
    """A user of SNMPv3's user-based security model (RFC 3414)."""

    user: str = Field(default="", description="SNMPv3 user name.")
    auth: Annotated[UsmAuth, _one_of(UsmAuth)] | None = Field(
        default=None, description="SNMPv3 authentication protocol."
    )
    auth_password: SecretField = Field(
        default=_NONE, description="Password for `auth`, at least 8 characters."
    )
    privacy: Annotated[UsmPrivacy, _one_of(UsmPrivacy)] | None = Field(
        default=None, description="SNMPv3 encryption protocol; needs `auth`."
    )
    privacy_password: SecretField = Field(
        default=_NONE, description="Password for `privacy`, at least 8 characters."
    )

    @model_validator(mode="after")
    def _usm_is_whole(self) -> UsmCredentials:
        for protocol, password, name in (
            (self.auth, self.auth_password, "auth"),
            (self.privacy, self.privacy_password, "privacy"),
        ):
            if protocol is not None and not password:
                raise fault(f"{name} needs {name}_password")
            if protocol is None and password:
                raise fault(f"{name}_password needs {name}")
            if password and len(password.reveal()) < _USM_MINIMUM:
                raise fault(f"{name}_password is shorter than 8 characters", "RFC 3414 wants at least 8")
        if self.privacy is not None and self.auth is None:
            raise fault("privacy needs auth", "SNMPv3 has no encryption without authentication")
        if self.auth is not None and not self.user:
            raise fault("auth needs user")
        return self


class SnmpCredentials(UsmCredentials):
    """How to ask a device over SNMP."""

    version: Version = Field(default=SnmpVersion.V2C, description="SNMP version.")
    community: SecretField = Field(
        default=_NONE, description="Community of v1 and v2c; `public` may stand in plain text."
    )
    context: str = Field(default="", description="SNMPv3 context name.")
    vlan_contexts: bool = Field(
        default=False,
        description="Ask bridge tables once per VLAN: `community@N` in v1 and v2c, context `vlan-N` in v3.",
    )
    port: Port = Field(default=161, description="UDP port.")
    timeout: PositiveDuration | None = Field(
        default=None, description="Wait for one answer; without it `polling.timeout`."
    )
    retries: int | None = Field(
        default=None, ge=0, le=10, description="Further tries per request; without it `polling.retries`."
    )
    max_repetitions: int = Field(
        default=20, ge=1, le=200, description="Rows asked for in one GETBULK; lower it for agents that choke."
    )
    max_varbinds: int = Field(default=60, ge=1, le=200, description="Values asked for in one GET.")

    @model_validator(mode="after")
    def _version_fits(self) -> SnmpCredentials:
        if self.version is SnmpVersion.V3:
            if not self.user:
                raise fault("version 3 needs user")
            if self.community:
                raise fault("version 3 has no community", "remove community, or set version: 2c")
        else:
            if not self.community:
                raise fault(f"version {self.version} needs community")
            for name in ("user", "auth", "privacy", "context"):
                if getattr(self, name):
                    raise fault(f"version {self.version} has no {name}", f"remove {name}, or set version: 3")
        return self

    def access(self, *, port: int | None, timeout: float, retries: int) -> SnmpAccess:
        """For one device. `port` overrides; timeout (seconds) and retries hold where the set has none."""
        return SnmpAccess(
            version=self.version,
            community=self.community,
            user=self.user,
            auth=self.auth,
            auth_password=self.auth_password,
            privacy=self.privacy,
            privacy_password=self.privacy_password,
            context=self.context,
            vlan_contexts=self.vlan_contexts,
            port=self.port if port is None else port,
            timeout=timeout if self.timeout is None else self.timeout,
            retries=retries if self.retries is None else self.retries,
            max_repetitions=self.max_repetitions,
            max_varbinds=self.max_varbinds,
        )


class SshCredentials(Strict):
    """How to log in over SSH."""

    user: str = Field(description="User name.", min_length=1)
    password: SecretField = Field(
        default=_NONE, description="Password; leave it out where `key_file` is set."
    )
    key_file: PathField | None = Field(default=None, description="File of the private key.")
    platform: str = Field(
        default="autodetect", description="netmiko device type, which is also the ntc-templates platform."
    )
    port: Port = Field(default=22, description="TCP port.")
    timeout: PositiveDuration = Field(
        default=20.0, description="Wait for the connection and for each command."
    )
    known_hosts: PathField | None = Field(
        default=None,
        description="File of host keys to check against; without it the user's own ~/.ssh/known_hosts.",
    )

    @model_validator(mode="after")
    def _has_a_way_in(self) -> SshCredentials:
        if not self.password and self.key_file is None:
            raise fault("ssh needs password or key_file")
        return self

    def access(self) -> SshAccess:
        return SshAccess(
            user=self.user,
            password=self.password,
            key_file="" if self.key_file is None else str(self.key_file),
            platform=self.platform,
            port=self.port,
            timeout=self.timeout,
            known_hosts="" if self.known_hosts is None else str(self.known_hosts),
        )


class HttpCredentials(Strict):
    """How to ask a JSON API over HTTP."""

    base_url: str = Field(
        default="https://{address}",
        description="Where the API is; `{address}` stands for the device's first address.",
        pattern=r"^https?://",
    )
    user: str = Field(default="", description="User name of basic authentication.")
    password: SecretField = Field(default=_NONE, description="Password of basic authentication.")
    token: SecretField = Field(
        default=_NONE, description="Sent as bearer token, or in the header that the profile names."
    )
    verify: bool = Field(default=True, description="Check the device's TLS certificate.")
    timeout: PositiveDuration = Field(default=10.0, description="Wait for one answer.")

    @property
    def fixed(self) -> bool:
        """Whether base_url says by itself where the API is, as that of a cloud does."""
        return _ADDRESS not in self.base_url

    def access(self, address: str, credential: str = "") -> HttpAccess:
        """`address` of the device, empty if it has none; `credential`: name of the set."""
        host = f"[{address}]" if ":" in address else address
        return HttpAccess(
            base_url=self.base_url.replace(_ADDRESS, host),
            user=self.user,
            password=self.password,
            token=self.token,
            verify=self.verify,
            timeout=self.timeout,
            credential=credential,
        )


class SipCredentials(Strict):
    """How to send SIP OPTIONS (RFC 3261)."""

    port: Port = Field(default=5060, description="Port.")
    transport: Literal["udp", "tcp"] = Field(default="udp", description="Transport.")
    domain: str = Field(default="", description="Domain of the request URI; without it the device's address.")
    timeout: PositiveDuration = Field(default=2.0, description="Wait for the answer.")

    def access(self) -> SipAccess:
        return SipAccess(port=self.port, transport=self.transport, domain=self.domain, timeout=self.timeout)


class CredentialSet(Strict):
    """What one name stands for: one way in per protocol."""

    snmp: SnmpCredentials | None = Field(default=None, description="SNMP.")
    ssh: SshCredentials | None = Field(default=None, description="SSH.")
    http: HttpCredentials | None = Field(default=None, description="HTTP JSON APIs.")
    sip: SipCredentials | None = Field(default=None, description="SIP OPTIONS probes.")


class CredentialFile(Strict):
    """A file of credential sets, for those who keep them apart from the settings."""

    credentials: dict[str, CredentialSet] = Field(description="Sets of credentials by name.")
