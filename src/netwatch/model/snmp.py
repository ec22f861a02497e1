"""SNMP values as every room handles them, whichever library read them."""

from __future__ import annotations

__all__ = ["SnmpValue"]

SnmpValue = int | float | bytes | str | None
"""One value.

- int: INTEGER, Counter32, Gauge32, TimeTicks, Counter64
- float: Opaque float
- bytes: OCTET STRING, BITS, Opaque
- str: OBJECT IDENTIFIER or IpAddress, dotted, without a leading dot
- None: NULL

noSuchObject, noSuchInstance and endOfMibView are no values: such an OID is absent from a result.
"""
