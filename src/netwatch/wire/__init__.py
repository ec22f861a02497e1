"""Everything that talks to devices, and the recordings that answer in their place."""

from netwatch.wire.echo import UdpEchoProber
from netwatch.wire.http_json import AiohttpJson, RecordedHttpJson
from netwatch.wire.icmp import IcmpProber
from netwatch.wire.json_documents import DocumentReader, Documents
from netwatch.wire.protocols import (
    Fetched,
    HttpJson,
    HttpPage,
    Prober,
    ProbeResult,
    Skips,
    SnmpSession,
    SnmpWire,
    SshRunner,
    ValueKind,
    WalksMany,
)
from netwatch.wire.recording import RecordedSession, RecordedSnmpWire, Recording
from netwatch.wire.sip import SipOptionsProber
from netwatch.wire.snmp import NetworkSnmpWire, UsmUser
from netwatch.wire.snmp.template import Template
from netwatch.wire.ssh import NetmikoRunner, RecordedSshRunner
from netwatch.wire.trap import Trap, TrapListener, TrapStats
from netwatch.wire.udp import TransportStats

__all__ = [
    "AiohttpJson",
    "DocumentReader",
    "Documents",
    "Fetched",
    "HttpJson",
    "HttpPage",
    "IcmpProber",
    "NetmikoRunner",
    "NetworkSnmpWire",
    "ProbeResult",
    "Prober",
    "RecordedHttpJson",
    "RecordedSession",
    "RecordedSnmpWire",
    "RecordedSshRunner",
    "Recording",
    "SipOptionsProber",
    "Skips",
    "SnmpSession",
    "SnmpWire",
    "SshRunner",
    "Template",
    "TransportStats",
    "Trap",
    "TrapListener",
    "TrapStats",
    "UdpEchoProber",
    "UsmUser",
    "ValueKind",
    "WalksMany",
]
