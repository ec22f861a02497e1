"""SNMP values as every room handles them, whichever library read them."""

from __future__ import annotations

__all__ = ["SYS_DESCR", "SYS_NAME", "SYS_OBJECT_ID", "SnmpValue"]

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"
SYS_NAME = "1.3.6.1.2.1.1.5.0"
"""SNMPv2-MIB (RFC 3418)."""

SnmpValue = int | float | bytes | str | None
"""One value.

- int: INTEGER, Counter32, Gauge32, TimeTicks, Counter64
- float: Opaque float
- bytes: OCTET STRING, BITS, Opaque
- str: OBJECT IDENTIFIER or IpAddress, dotted, without a leading dot
- None: NULL

noSuchObject, noSuchInstance and endOfMibView are no values: such an OID is absent from a result.
"""
