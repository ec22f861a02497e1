"""Every setting. docs/configuration.md is tested against the descriptions here."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, PrivateAttr

from netwatch.calendars import Timezone
from netwatch.config.alerts import AlertSettings
from netwatch.config.credentials import CredentialSet, Port, UsmCredentials
from netwatch.config.fields import (
    RESTART,
    Currency,
    FileGlob,
    ListenAddress,
    ListenField,
    Names,
    PathField,
    PositiveDuration,
    SecretField,
    Slug,
)
from netwatch.config.netbox import NetboxSettings
from netwatch.config.remote_write import RemoteWriteSettings
from netwatch.documents import Strict
from netwatch.errors import Problem
from netwatch.model import DeviceKind, ReachabilityMethod

__all__ = [
    "DeviceDefaults",
    "DistrictSettings",
    "HistorySettings",
    "LogSettings",
    "MetricsSettings",
    "PlanningSettings",
    "PollingSettings",
    "ReachabilityOverrides",
    "ReachabilitySettings",
    "Settings",
    "TrapSettings",
    "WebSettings",
]


class DistrictSettings(Strict):
    """Whose network it is."""

    name: str = Field(default="", description="Name for people; without it the slug.")
    slug: Slug = Field(
        description="Short name in every label, path and topic. History hangs on it: never change it.",
        json_schema_extra=RESTART,
    )
    timezone: Timezone = Field(
        default="UTC", description="IANA time zone of calendars and pages, e.g. America/Chicago."
    )


class PollingSettings(Strict):
    """How often and how hard devices are asked."""

    interval: PositiveDuration = Field(default=60.0, description="Time between two polls of a device.")
    deadline: PositiveDuration = Field(
        default=30.0,
        description="A poll of one device is given up after this, or after its interval if that is shorter.",
    )
    concurrency: int = Field(
        default=200, ge=1, le=10000, description="Devices polled at the same time.", json_schema_extra=RESTART
    )
    timeout: PositiveDuration = Field(default=3.0, description="Wait for one SNMP answer.")
    retries: int = Field(default=2, ge=0, le=10, description="Further tries per SNMP request.")
    backoff_max: PositiveDuration = Field(
        default=600.0,
        description="A device that does not answer is asked ever less often, at least this often.",
        json_schema_extra=RESTART,
    )
    rediscovery: PositiveDuration = Field(
        default=86400.0,
        description="Time between full rediscoveries of a device; changes that it reports come sooner.",
        json_schema_extra=RESTART,
    )
    ssh_workers: int = Field(
        default=4, ge=1, le=64, description="SSH sessions open at the same time.", json_schema_extra=RESTART
    )


class ReachabilitySettings(Strict):
    """How netwatch tells that a device is there at all, beside polling it."""

    method: ReachabilityMethod = Field(
        default=ReachabilityMethod.ICMP,
        description="`icmp` (ping), `udp-echo` (RFC 862, as the simulated district answers) or `none`.",
    )
    port: Port = Field(default=7, description="UDP port of `udp-echo`.")
    timeout: PositiveDuration = Field(default=1.0, description="Wait for one answer.")


class ReachabilityOverrides(Strict):
    """Reachability of some devices, where it differs from the settings."""

    method: ReachabilityMethod | None = Field(default=None, description="As `reachability.method`.")
    port: Port | None = Field(default=None, description="As `reachability.port`.")
    timeout: PositiveDuration | None = Field(default=None, description="As `reachability.timeout`.")


class DeviceDefaults(Strict):
    """What many devices share. All of it may also stand at a place, in an inventory file, or at a device."""

    credentials: Names = Field(
        default=(),
        description="Names of credential sets, at most one per protocol; one name may stand alone.",
    )
    kind: DeviceKind | None = Field(
        default=None,
        description="What the device is for; without it the profile says.",
    )
    role: str | None = Field(
        default=None,
        description="core, distribution, access, ap, controller ...; without it the profile says.",
    )
    tags: Names = Field(default=(), description="Words to select devices by.")
    port: Port | None = Field(
        default=None, description="UDP port of SNMP; without it that of the credential set."
    )
    interval: PositiveDuration | None = Field(default=None, description="As `polling.interval`.")
    deadline: PositiveDuration | None = Field(default=None, description="As `polling.deadline`.")
    reachability: ReachabilityOverrides | None = Field(
        default=None, description="Where it differs from `reachability`."
    )
    profile: str | None = Field(
        default=None,
        description="A profile to use whatever the device says of itself; without it profiles are matched.",
    )
    currency: Currency | None = Field(
        default=None,
        description="Currency of `cost`, ISO 4217; USD where nobody says.",
    )
    fund: str | None = Field(
        default=None, description="Fund that things were bought out of, e.g. `E-rate C2 FY2023`."
    )


class TrapSettings(Strict):
    """SNMP traps and informs: each makes netwatch poll its sender at once."""

    listen: ListenField | None = Field(
        default=None,
        description="HOST:PORT to listen on, e.g. `0.0.0.0:162`; without it traps are not received.",
        json_schema_extra=RESTART,
    )
    communities: tuple[SecretField, ...] = Field(
        default=(),
        description="Communities of v1 and v2c that are accepted; none: any.",
        json_schema_extra=RESTART,
    )
    users: tuple[UsmCredentials, ...] = Field(
        default=(), description="SNMPv3 users that are accepted.", json_schema_extra=RESTART
    )


class WebSettings(Strict):
    """Pages, API and /metrics."""

    listen: ListenField = Field(
        default=ListenAddress("127.0.0.1", 8600),
        description="HOST:PORT to listen on. Beyond loopback TLS and users are a must.",
        json_schema_extra=RESTART,
    )
    web_config_file: PathField | None = Field(
        default=None, description="TLS and users, in the format of the Prometheus exporter-toolkit."
    )
    external_url: str = Field(
        default="",
        pattern=r"^(https?://.*)?$",
        description="Where people reach the page; alerts link to it.",
        json_schema_extra=RESTART,
    )
    audit_log: PathField | None = Field(
        default=None,
        description="File of who changed what; without it `audit.log` in `state_dir`.",
        json_schema_extra=RESTART,
    )


class MetricsSettings(Strict):
    """What Prometheus scrapes."""

    path: str = Field(
        default="/metrics",
        pattern=r"^/[\w./-]+$",
        description="Path of the exposition.",
        json_schema_extra=RESTART,
    )
    max_samples: int = Field(
        default=100_000,
        ge=1000,
        description="Samples per scrape; what has more is split into shards, see `/api/sd`.",
        json_schema_extra=RESTART,
    )
    gzip: bool = Field(
        default=False,
        description="Compress the exposition for who takes it; costs several times what rendering does.",
        json_schema_extra=RESTART,
    )


class HistorySettings(Strict):
    """What is kept for planning."""

    dir: PathField | None = Field(
        default=None,
        description="Folder of segments; without it `history` in `state_dir`.",
        json_schema_extra=RESTART,
    )
    retention: PositiveDuration = Field(
        default=1825 * 86400.0,
        description="Five-minute values are kept this long; planning wants two school years.",
    )


class PlanningSettings(Strict):
    """What the ranked lists are made from."""

    policies: PathField | None = Field(
        default=None,
        description="Folder of policies, e.g. `replacement.yaml`; what is missing there is as shipped.",
    )
    lifecycle: tuple[PathField, ...] = Field(
        default=(),
        description="Folders of useful lives, makers' milestones and exploited flaws; none: as shipped.",
    )
    snapshot_days: int = Field(
        default=60, ge=1, le=3660, description="Plans are kept of every day, for so many days."
    )
    snapshot_months: int = Field(
        default=120,
        ge=0,
        le=1200,
        description="After that one per month, for so many months. Snapshots with a name are kept for ever.",
    )


class LogSettings(Strict):
    """What netwatch says of itself, on standard error."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level that is written."
    )
    format: Literal["console", "json"] = Field(
        default="console", description="`console` for people, `json` for machines."
    )


class Settings(Strict):
    """The whole settings file."""

    district: DistrictSettings = Field(description="Whose network it is.")
    state_dir: PathField = Field(
        description="Folder of everything that netwatch keeps.", json_schema_extra=RESTART
    )
    inventory: tuple[FileGlob, ...] = Field(
        default=(),
        description="Files of places, devices and assets: YAML, `devices.csv`, `places.csv`, `assets.csv`.",
    )
    credentials: dict[str, CredentialSet] = Field(
        default_factory=dict, description="Sets of credentials by name."
    )
    credential_files: tuple[FileGlob, ...] = Field(
        default=(), description="Files that hold further `credentials`."
    )
    defaults: DeviceDefaults = Field(default=DeviceDefaults(), description="What holds for all devices.")
    netbox: NetboxSettings | None = Field(
        default=None, description="A NetBox whose assets `netwatch inventory netbox` takes over."
    )
    collectors: tuple[PathField, ...] = Field(
        default=(), description="Folders of your own device profiles, beside those that netwatch ships."
    )
    calendars: tuple[FileGlob, ...] = Field(default=(), description="Files of bell schedules and terms.")
    polling: PollingSettings = Field(
        default=PollingSettings(), description="How often and how hard devices are asked."
    )
    reachability: ReachabilitySettings = Field(
        default=ReachabilitySettings(), description="How netwatch tells that a device is there at all."
    )
    traps: TrapSettings = Field(default=TrapSettings(), description="SNMP traps and informs.")
    web: WebSettings = Field(default=WebSettings(), description="Pages, API and /metrics.")
    metrics: MetricsSettings = Field(default=MetricsSettings(), description="What Prometheus scrapes.")
    alerts: AlertSettings = Field(
        default=AlertSettings(), description="Which conditions are alerts, and who is told."
    )
    remote_write: tuple[RemoteWriteSettings, ...] = Field(
        default=(),
        description="Where samples are sent to, beside being scraped; see [remote-write](remote-write.md).",
        json_schema_extra=RESTART,
    )
    history: HistorySettings = Field(default=HistorySettings(), description="What is kept for planning.")
    planning: PlanningSettings = Field(
        default=PlanningSettings(), description="What the ranked lists are made from."
    )
    log: LogSettings = Field(default=LogSettings(), description="What netwatch says of itself.")

    _warnings: tuple[Problem, ...] = PrivateAttr(())

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is unwise in the files but works."""
        return self._warnings
