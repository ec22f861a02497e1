"""Settings and secrets: read strictly, with the place and the remedy of every mistake."""

from netwatch.config.alerts import AlertSettings
from netwatch.config.channels import AlertmanagerSettings, EmailSettings, MqttSettings, WebhookSettings
from netwatch.config.credentials import (
    CredentialSet,
    HttpCredentials,
    SipCredentials,
    SnmpCredentials,
    SshCredentials,
)
from netwatch.config.diff import SettingsDiff, diff_settings
from netwatch.config.durations import format_duration, parse_bit_rate, parse_duration, parse_size
from netwatch.config.fields import ListenAddress
from netwatch.config.load import expand, load_settings
from netwatch.config.netbox import NetboxSettings
from netwatch.config.remote_write import RemoteWriteSettings
from netwatch.config.secrets import resolve_secret
from netwatch.config.settings import (
    DeviceDefaults,
    DistrictSettings,
    HistorySettings,
    LogSettings,
    MetricsSettings,
    PlanningSettings,
    PollingSettings,
    ReachabilityOverrides,
    ReachabilitySettings,
    Settings,
    TrapSettings,
    WebSettings,
)
from netwatch.config.starter import SETTINGS_FILE, starter_config, write_starter

__all__ = [
    "SETTINGS_FILE",
    "AlertSettings",
    "AlertmanagerSettings",
    "CredentialSet",
    "DeviceDefaults",
    "DistrictSettings",
    "EmailSettings",
    "HistorySettings",
    "HttpCredentials",
    "ListenAddress",
    "LogSettings",
    "MetricsSettings",
    "MqttSettings",
    "NetboxSettings",
    "PlanningSettings",
    "PollingSettings",
    "ReachabilityOverrides",
    "ReachabilitySettings",
    "RemoteWriteSettings",
    "Settings",
    "SettingsDiff",
    "SipCredentials",
    "SnmpCredentials",
    "SshCredentials",
    "TrapSettings",
    "WebSettings",
    "WebhookSettings",
    "diff_settings",
    "expand",
    "format_duration",
    "load_settings",
    "parse_bit_rate",
    "parse_duration",
    "parse_size",
    "resolve_secret",
    "starter_config",
    "write_starter",
]
