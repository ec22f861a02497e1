"""When a device is due: at a place in its interval that follows from its id, so that polls are spread.

A restart, a reload or a slow pass does not move it.
"""

from __future__ import annotations

import hashlib
import math

__all__ = ["fraction", "next_slot", "table_phase"]


def fraction(text: str) -> float:
    """A stable number in 0 .. 1 (1 excluded), evenly spread over all texts."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "big") / 2.0**48


def next_slot(after: float, interval: float, phase: float) -> float:
    """The first moment past `after` that is a whole number of intervals from `phase`."""
    slot = phase + math.floor((after - phase) / interval + 1) * interval
    # Rounding may land on `after` itself: a slot that was just served must not come again.
    return slot if slot > after + interval * 1e-9 else slot + interval


def table_phase(device: str, table: str, period: float, interval: float) -> float:
    """Phase of a table that is polled every `interval` seconds of a device that is polled every `period`.

    It lies on the device's own slots, so that one visit serves both, and at a place of its own among those of
    the longer interval, so that a school's daily tables are not all asked in one minute.
    """
    base = fraction(device) * period
    if interval <= period:
        return base
    return base + math.floor(fraction(f"{device}/{table}") * (interval / period)) * period
