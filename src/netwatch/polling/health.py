"""The synthetic table `device`: is it up, and what do the probes say."""

from __future__ import annotations

from collections.abc import Mapping
from weakref import WeakValueDictionary

import numpy as np

from netwatch.model import (
    ROOT,
    Block,
    BlockLayout,
    BlockSeries,
    BlockSubject,
    EntityId,
    Evidence,
    Instant,
)
from netwatch.wire import ProbeResult

__all__ = ["DEVICE_TABLE", "HealthLayouts", "device_block"]

DEVICE_TABLE = "device"

_SUBJECTS = (BlockSubject(ROOT, ""),)
_NO_COUNTERS, _NOT_COUNTED = np.empty(0, np.uint64), np.empty(0, np.bool_)

Key = tuple[tuple[str, str], ...]
"""By protocol, in order: its name, and what its probe told."""


class HealthLayouts:
    """Finds the layout that another device has already. Holds them weakly: a device keeps its own."""

    def __init__(self) -> None:
        self._known: WeakValueDictionary[Key, BlockLayout] = WeakValueDictionary()

    def get(self, probes: Mapping[str, ProbeResult]) -> BlockLayout:
        """Up first, then each protocol's success, then each one's round trip; protocols in order."""
        key = tuple([(protocol, probes[protocol].detail) for protocol in sorted(probes)])
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = _layout(key)
        return found


def _layout(key: Key) -> BlockLayout:
    protocols = [protocol for protocol, _ in key]
    series = [BlockSeries("netwatch_device_up", column=", ".join(protocols))] if key else []
    series += [BlockSeries("netwatch_probe_success", (protocol,), column=detail) for protocol, detail in key]
    series += [BlockSeries("netwatch_probe_duration_seconds", (protocol,)) for protocol in protocols]
    size = len(series)
    return BlockLayout(_SUBJECTS, tuple(series), np.zeros(size, np.int32), np.arange(size, dtype=np.int32), 0)


def device_block(
    device: EntityId,
    at: Instant,
    interval: float,
    layout: BlockLayout,
    probes: Mapping[str, ProbeResult],
    evidence: Evidence,
    problems: tuple[str, ...],
) -> Block:
    """Up if anything answered; no value at all where nothing was asked. `layout`: of these probes."""
    results = [probes[protocol] for protocol in sorted(probes)]
    success = [result.success for result in results]
    trips = [
        result.seconds if result.success and result.seconds is not None else np.nan for result in results
    ]
    gauges = np.array([any(success), *success, *trips] if results else (), np.float64)
    times = np.full(len(gauges), at.mono)
    return Block(
        device,
        DEVICE_TABLE,
        layout,
        at,
        _NO_COUNTERS,
        _NOT_COUNTED,
        gauges,
        times,
        interval,
        evidence,
        problems,
    )
