"""Everything that talks to devices, and the recordings that answer in their place."""

from netwatch.wire.protocols import HttpJson, Prober, ProbeResult, SnmpSession, SnmpWire, SshRunner
from netwatch.wire.recording import RecordedSession, RecordedSnmpWire, Recording
from netwatch.wire.snmp import NetworkSnmpWire

__all__ = [
    "HttpJson",
    "NetworkSnmpWire",
    "ProbeResult",
    "Prober",
    "RecordedSession",
    "RecordedSnmpWire",
    "Recording",
    "SnmpSession",
    "SnmpWire",
    "SshRunner",
]
