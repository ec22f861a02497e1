"""What a daemon does again and again, beside polling and delivering."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from typing import Any

from netwatch.app.parts import Parts
from netwatch.app.periodic import every
from netwatch.model import CounterBlock, GaugeBlock

__all__ = ["Chores"]

SNAPSHOT_SECONDS = 5.0
"""Readers see the world at most this old."""
RECORD_SECONDS = 30.0
PLAN_SECONDS = 900.0
FIRST_PLAN_SECONDS = 45.0
DAY = 86_400.0
LAG_SECONDS = 0.5


class Chores:
    """One per daemon."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def works(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """(name, what runs until it is cancelled)."""
        clock = self._parts.clock
        judging = self._parts.configuration.settings.alerts.evaluation_interval
        for name, seconds, first, action in (
            ("snapshot", SNAPSHOT_SECONDS, 0.0, self.freeze),
            ("alerts", judging, judging, self.judge),
            ("history", RECORD_SECONDS, RECORD_SECONDS, self.record),
            ("planning", PLAN_SECONDS, FIRST_PLAN_SECONDS, self.plan),
            ("retention", DAY, 600.0, self.forget),
        ):
            yield name, every(seconds, action, name=name, clock=clock, first=first)
        yield "lag", self._watch_lag()

    async def freeze(self) -> None:
        """A new snapshot for the readers; new identities go to disk."""
        parts = self._parts
        parts.snapshot = parts.state.snapshot()
        parts.state.flush()
        metrics, stats = parts.metrics, parts.poller.stats
        metrics.state(parts.snapshot)
        metrics.poller(
            passes=stats.passes,
            deadlines=stats.deadlines,
            seconds_late=stats.seconds_late,
            running=stats.running,
            waiting=stats.waiting,
        )
        metrics.costs(stats.tables, parts.poller.costliest(20))
        metrics.queued(parts.store.outbox.depths())
        metrics.notifications(parts.alerting.counts())

    async def judge(self) -> None:
        """One evaluation of all rules, over the newest state."""
        parts = self._parts
        parts.alerting.judge(parts.state.snapshot())
        states: Counter[str] = Counter()
        for alert in parts.alerting.alerts():
            states["suppressed" if alert.suppressed_by else alert.state.value] += 1
        parts.metrics.alerts(states)

    async def record(self) -> None:
        """Folds what is new into buckets; those that are full go to disk."""
        parts = self._parts
        parts.recorder.observe(parts.snapshot)
        blocks = parts.recorder.take(parts.clock.now().wall)
        if blocks:  # waits for the disk
            await asyncio.to_thread(parts.history.append_all, blocks)
            samples = sum(_values(block) for block in blocks)
            parts.metrics.history_written(samples, await asyncio.to_thread(parts.history.size))

    async def plan(self) -> None:
        """Makes the ranked lists anew."""
        await self._parts.planner.refresh(self._parts.snapshot, self._parts.configuration)

    async def forget(self) -> None:
        """History and incidents beyond their retention."""
        parts = self._parts
        before = parts.clock.now().wall - parts.configuration.settings.history.retention
        await asyncio.to_thread(parts.history.prune, before)
        parts.store.incidents.forget(before)

    async def _watch_lag(self) -> None:
        """How late timers come: what heavy work in the event loop costs everybody."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_SECONDS)
            self._parts.metrics.loop_lag(time.perf_counter() - began - LAG_SECONDS)


def _values(block: GaugeBlock | CounterBlock) -> int:
    return int(block.mean.size if isinstance(block, GaugeBlock) else block.increase.size)
