"""What netwatch's own metrics say of delivery."""

from __future__ import annotations

import contextlib

from netwatch.app.parts import Parts
from netwatch.errors import StoreError
from netwatch.exposition import DeliveryFigures, PathFigures

__all__ = ["show_delivery"]


def show_delivery(parts: Parts) -> None:
    """Sets them. A store that can't be read leaves what was known, and shows what waits in memory."""
    alerting, metrics, now = parts.alerting, parts.metrics, parts.clock.now().wall
    delivery = alerting.delivery
    names = delivery.dispatcher.status()
    waiting = dict.fromkeys(names, 0)
    since = dict.fromkeys(names, now)
    with contextlib.suppress(StoreError):
        waiting |= parts.store.outbox.depths()
        since |= parts.store.outbox.oldest()
    for name, (count, oldest) in delivery.dispatcher.outbox.held().items():
        waiting[name] = waiting.get(name, 0) + count
        since[name] = min(since.get(name, now), oldest)
    metrics.queued(waiting)
    metrics.notifications(alerting.counts())
    heart = None if parts.heartbeat is None else parts.heartbeat.status
    metrics.delivery.show(
        DeliveryFigures(
            oldest={name: max(0.0, now - at) for name, at in since.items()},
            in_memory=delivery.dispatcher.outbox.in_memory_count(),
            reserve=parts.store.reserved,
            handed_over=delivery.second.handed_over,
            paths={
                name: PathFigures(one.passed, one.last_passed) for name, one in alerting.path_tests().items()
            },
            heartbeats={}
            if heart is None
            else {"sent": heart.sent, "failed": heart.failed, "withheld": heart.withheld},
            heartbeat_at=None if heart is None else heart.last_sent,
        )
    )
