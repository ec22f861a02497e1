"""Decoded values as the arrays that a fetch gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from netwatch.model import SnmpValue
from netwatch.wire.protocols import Fetched, ValueKind

__all__ = ["fetched_from"]

_MASK = (1 << 64) - 1


def fetched_from(
    oids: Sequence[str], found: Mapping[str, SnmpValue], time: float, problems: Sequence[str] = ()
) -> Fetched:
    """What a session or a recording told, all of it at the same moment (monotonic seconds)."""
    values = np.zeros(len(oids), dtype=np.uint64)
    kinds = np.zeros(len(oids), dtype=np.uint8)
    others: dict[int, SnmpValue] = {}
    for position, oid in enumerate(oids):
        value = found.get(oid)
        if value is None:
            continue
        if isinstance(value, int) and -(1 << 63) <= value <= _MASK:
            values[position] = value & _MASK
            kinds[position] = ValueKind.SIGNED if value < 0 else ValueKind.UNSIGNED
        else:
            others[position] = value
            kinds[position] = ValueKind.OTHER
    times = np.where(kinds == ValueKind.ABSENT, np.nan, time)
    return Fetched(values, kinds, times, others, tuple(problems))
