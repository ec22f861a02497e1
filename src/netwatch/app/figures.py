"""What netwatch's own metrics say of delivery."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence

from netwatch.app.parts import Parts
from netwatch.errors import StoreError
from netwatch.exposition import DeliveryFigures, PathFigures
from netwatch.web import ChannelState

__all__ = ["channel_states", "show_delivery"]


def channel_states(parts: Parts) -> Sequence[ChannelState]:
    """For the page. A store that can't be read leaves what this process knows itself."""
    delivery, tests = parts.alerting.delivery, parts.alerting.path_tests()
    status = delivery.dispatcher.status()
    waiting, oldest = _queues(parts)
    taken: dict[str, float] = {}
    with contextlib.suppress(StoreError):
        taken = parts.store.outbox.last_taken()
    backups = {name for one in status for name in delivery.second.takes_over(one)}
    found = []
    for name, one in status.items():
        failing = one.failing_since
        handed = delivery.second.last_handed_over.get(name)
        found.append(
            ChannelState(
                name,
                waiting.get(name, 0),
                oldest.get(name),
                max(filter(None, (one.last_success, taken.get(name))), default=None),
                failing,
                one.last_error if failing is not None else "",
                delivery.second.takes_over(name),
                handed if failing is not None and handed is not None and handed >= failing else None,
                name in backups,
                tests[name].passed if name in tests else None,
            )
        )
    return found


def _queues(parts: Parts) -> tuple[dict[str, int], dict[str, float]]:
    """By channel: messages that wait, and since when the oldest does."""
    waiting: dict[str, int] = {}
    since: dict[str, float] = {}
    with contextlib.suppress(StoreError):
        waiting |= parts.store.outbox.depths()
        since |= parts.store.outbox.oldest()
    for name, (count, first) in parts.alerting.delivery.dispatcher.outbox.held().items():
        waiting[name] = waiting.get(name, 0) + count
        since[name] = min(since.get(name, first), first)
    return waiting, since


def show_delivery(parts: Parts) -> None:
    """Sets them. A store that can't be read leaves what was known, and shows what waits in memory."""
    alerting, metrics, now = parts.alerting, parts.metrics, parts.clock.now().wall
    delivery = alerting.delivery
    names = delivery.dispatcher.status()
    depths, oldest = _queues(parts)
    waiting, since = dict.fromkeys(names, 0) | depths, dict.fromkeys(names, now) | oldest
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
