"""Polls devices in their slots and hands what they answer to a sink."""

from netwatch.polling.poller import Poller
from netwatch.polling.ports import BlockPort, DiscoveryPort, KeptPlan, PlanPort, TablePort
from netwatch.polling.settings import PollingSettings
from netwatch.polling.status import DeviceStatus, PollerStats

__all__ = [
    "BlockPort",
    "DeviceStatus",
    "DiscoveryPort",
    "KeptPlan",
    "PlanPort",
    "Poller",
    "PollerStats",
    "PollingSettings",
    "TablePort",
]
