"""SNMP v1, v2c and v3 over UDP, by a codec of its own.

ber -> pdu -> (channel: community | usm + v3) -> agent -> session -> wire
"""

from netwatch.wire.snmp.session import NetworkSession
from netwatch.wire.snmp.usm import UsmUser
from netwatch.wire.snmp.wire import NetworkSnmpWire

__all__ = ["NetworkSession", "NetworkSnmpWire", "UsmUser"]
