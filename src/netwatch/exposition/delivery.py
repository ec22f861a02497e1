"""netwatch's own metrics of delivery: what waits, the second path, the heartbeat."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from prometheus_client import Counter, Gauge

__all__ = ["DeliveryFigures", "DeliveryMetrics", "PathFigures"]


class PathFigures(NamedTuple):
    """The last test of one channel of the second path."""

    passed: bool | None
    """None while it is under way."""
    last_passed: float | None
    """Wall seconds."""


class DeliveryFigures(NamedTuple):
    """How delivery is doing. Sums since the start."""

    oldest: Mapping[str, float]
    """Age in seconds of the oldest message that waits, by channel; 0 where none does."""
    in_memory: int
    """Messages that the store could not take, or could not be told of."""
    reserve: int
    """Octets of disk held in reserve."""
    handed_over: Mapping[str, int]
    """Messages that went out by the second path, by the channel that did not deliver them."""
    paths: Mapping[str, PathFigures]
    heartbeats: Mapping[str, int]
    """By outcome: sent, failed, withheld; empty without a heartbeat."""
    heartbeat_at: float | None
    """Wall seconds of the last one."""


class DeliveryMetrics:
    """Made with the makers of SelfMetrics, so that the families are listed and rendered with the others."""

    def __init__(
        self,
        gauge: Callable[..., Gauge],
        counter: Callable[..., Counter],
        advance: Callable[[Counter, float], None],
    ) -> None:
        self._advance = advance
        self._oldest = gauge(
            "netwatch_notifications_oldest_seconds",
            "Age of the oldest notification that waits, 0 if none does.",
            "channel",
        )
        self._memory = gauge(
            "netwatch_notifications_in_memory",
            "Notifications that the store could not take or be told of: a crash loses or repeats them.",
        )
        self._reserve = gauge(
            "netwatch_store_reserve_bytes", "Disk space held so that notifications find room when it is full."
        )
        self._handed = counter(
            "netwatch_notifications_handed_over_total",
            "Notifications that went out by the second path, by the channel that did not deliver them.",
            "channel",
        )
        self._passed = gauge(
            "netwatch_backup_test_success",
            "1 if the last weekly test of a channel of the second path was delivered, 0 if not.",
            "channel",
        )
        self._passed_at = gauge(
            "netwatch_backup_test_success_timestamp_seconds",
            "Unix time of the last delivered test of a channel of the second path.",
            "channel",
        )
        self._beats = counter(
            "netwatch_heartbeats_total",
            "Heartbeats to the receiver outside by outcome: sent, failed or withheld.",
            "outcome",
        )
        self._beat_at = gauge(
            "netwatch_heartbeat_timestamp_seconds", "Unix time of the last heartbeat that arrived."
        )

    def show(self, figures: DeliveryFigures) -> None:
        for channel, age in figures.oldest.items():
            self._oldest.labels(channel).set(age)
        self._memory.set(figures.in_memory)
        self._reserve.set(figures.reserve)
        for channel, count in figures.handed_over.items():
            self._advance(self._handed.labels(channel), count)
        for channel, path in figures.paths.items():
            if path.passed is not None:
                self._passed.labels(channel).set(path.passed)
            if path.last_passed is not None:
                self._passed_at.labels(channel).set(path.last_passed)
        for outcome, count in figures.heartbeats.items():
            self._advance(self._beats.labels(outcome), count)
        if figures.heartbeat_at is not None:
            self._beat_at.set(figures.heartbeat_at)
