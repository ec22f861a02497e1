"""What hides inside an SNMP Opaque value."""

from __future__ import annotations

import struct

__all__ = ["opaque"]


def opaque(raw: bytes) -> float | bytes:
    """The number inside an Opaque, or the bytes themselves where there is none.

    net-snmp wraps a float as 9F 78 04 and a double as 9F 79 08 (draft-perkins-opaque-01); others put a BER
    REAL in one of its decimal forms there (X.690, 8.5.8).
    """
    if len(raw) == 7 and raw.startswith(b"\x9f\x78\x04"):
        return float(struct.unpack(">f", raw[3:])[0])
    if len(raw) == 11 and raw.startswith(b"\x9f\x79\x08"):
        return float(struct.unpack(">d", raw[3:])[0])
    if len(raw) >= 2 and raw[0] == 9 and raw[1] == len(raw) - 2:
        if raw[1] == 0:
            return 0.0
        if raw[2] in (1, 2, 3):
            try:
                return float(raw[3:])
            except ValueError:
                return raw
    return raw
