"""How to reach a device: addresses, protocols, credentials."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from netwatch.model.entity import EntityId
from netwatch.model.secret import Secret

__all__ = [
    "HttpAccess",
    "Reachability",
    "ReachabilityMethod",
    "SipAccess",
    "SnmpAccess",
    "SnmpVersion",
    "SshAccess",
    "Target",
    "UsmAuth",
    "UsmPrivacy",
]


class SnmpVersion(StrEnum):
    V1 = "1"
    V2C = "2c"
    V3 = "3"


class UsmAuth(StrEnum):
    """Authentication protocols of USM: RFC 3414 and RFC 7860."""

    MD5 = "md5"
    SHA = "sha"
    SHA224 = "sha224"
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"


class UsmPrivacy(StrEnum):
    """Privacy protocols of USM: RFC 3414, RFC 3826, and the AES-192/256 that vendors ship."""

    DES = "des"
    AES128 = "aes128"
    AES192 = "aes192"
    AES256 = "aes256"


@dataclass(frozen=True, slots=True)
class SnmpAccess:
    """SNMP credentials and manners for one device."""

    version: SnmpVersion = SnmpVersion.V2C
    community: Secret = Secret("")
    user: str = ""
    auth: UsmAuth | None = None
    auth_password: Secret = Secret("")
    privacy: UsmPrivacy | None = None
    privacy_password: Secret = Secret("")
    context: str = ""
    vlan_contexts: bool = False
    """Ask per-VLAN bridge tables with `community@vlan` (v1, v2c) or context `vlan-N` (v3)."""
    port: int = 161
    timeout: float = 3.0
    """Seconds to wait for one answer."""
    retries: int = 2
    max_repetitions: int = 20
    """Upper limit for GETBULK; lower it for agents that choke."""
    max_varbinds: int = 60
    """Upper limit of varbinds in one GET."""


@dataclass(frozen=True, slots=True)
class SshAccess:
    user: str
    password: Secret = Secret("")
    key_file: str = ""
    platform: str = "autodetect"
    """netmiko device_type, which is also the ntc-templates platform."""
    port: int = 22
    timeout: float = 20.0
    known_hosts: str = ""
    """File of host keys to check against; empty for the user's own ~/.ssh/known_hosts."""


@dataclass(frozen=True, slots=True)
class HttpAccess:
    base_url: str
    """e.g. `https://10.1.2.3`; the paths come from the profile."""
    user: str = ""
    password: Secret = Secret("")
    token: Secret = Secret("")
    """Sent as `Authorization: Bearer`, or in the header that the profile names."""
    verify: bool = True
    timeout: float = 10.0
    credential: str = ""
    """Name of the credential set, for messages about it."""


@dataclass(frozen=True, slots=True)
class SipAccess:
    port: int = 5060
    transport: str = "udp"
    domain: str = ""
    timeout: float = 2.0


class ReachabilityMethod(StrEnum):
    ICMP = "icmp"
    UDP_ECHO = "udp-echo"
    """RFC 862. What the simulated district answers: on loopback every address answers ICMP."""
    NONE = "none"
    """Only the polling itself tells."""


@dataclass(frozen=True, slots=True)
class Reachability:
    method: ReachabilityMethod = ReachabilityMethod.ICMP
    port: int = 7
    timeout: float = 1.0


@dataclass(frozen=True, slots=True)
class Target:
    """One device to poll."""

    device: EntityId
    name: str
    addresses: tuple[str, ...]
    """Management addresses, the preferred first. IPv4 or IPv6 literals. A cloud account has none."""
    reply_from: tuple[str, ...] = ()
    """Further addresses that an answer may come from."""
    snmp: SnmpAccess | None = None
    ssh: SshAccess | None = None
    http: HttpAccess | None = None
    sip: SipAccess | None = None
    reachability: Reachability = Reachability()
    interval: float = 60.0
    """Seconds between polls."""
    deadline: float = 30.0
    """Seconds after which a poll of the whole device is given up."""
    profile: str = ""
    """A profile to use whatever the device says of itself; empty to match."""
    limits: dict[str, int] = field(default_factory=dict)
    """Cost budgets that override the profile's: rows per table name."""
