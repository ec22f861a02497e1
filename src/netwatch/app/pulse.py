"""Is netwatch at work, and not merely there? Polling, evaluation and outbox, each by what it did last."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from netwatch.app.parts import Parts
from netwatch.errors import StoreError
from netwatch.model import Clock, Instant
from netwatch.notify import Heartbeat

__all__ = ["Beating", "Pulse"]

_FIRST = asyncio.FIRST_COMPLETED

LEAST_SECONDS = 120.0
"""No part is called dead before it was still for that long."""
INTERVALS = 4.0
"""... and for this many of its intervals."""


class Pulse:
    """Sees counters grow. Pure but for what it is handed: `passes` of the poller, `judged` of evaluations,
    `delivering` (monotonic second of the last sign of delivery), `write` (a small write to the store)."""

    def __init__(
        self,
        clock: Clock,
        *,
        passes: Callable[[], int],
        judged: Callable[[], int],
        delivering: Callable[[], float],
        write: Callable[[], None],
        polling_interval: float,
        judging_interval: float,
        patience: float,
    ) -> None:
        """`patience`: seconds that delivery may be silent. `passes` below 0: there is nothing to poll."""
        self._clock = clock
        self._watched = (
            ("polling", passes, max(LEAST_SECONDS, INTERVALS * polling_interval)),
            ("evaluation", judged, max(LEAST_SECONDS, INTERVALS * judging_interval)),
        )
        self._delivering = delivering
        self._patience = patience
        self._write = write
        self._seen: dict[str, tuple[int, Instant]] = {}

    def ailing(self) -> list[str]:
        """What does not work, in words; empty while all is well."""
        now, out = self._clock.now(), []
        for name, count, patience in self._watched:
            value = count()
            before, since = self._seen.get(name, (value - 1, now))
            if value != before or value < 0:
                self._seen[name] = value, now
            elif now.mono - since.mono > patience:
                out.append(f"{name} stands still since {now.mono - since.mono:.0f} s")
        silent = now.mono - self._delivering()
        if silent > self._patience:
            out.append(f"delivery stands still since {silent:.0f} s")
        try:
            self._write()
        except StoreError as error:
            out.append(f"the outbox can't be written: {error}")
        return out


class Beating:
    """The heartbeat of a daemon, as long as the settings want one."""

    def __init__(self, parts: Parts, judged: Callable[[], int]) -> None:
        """`judged`: evaluations up to now."""
        self._parts = parts
        self._judged = judged
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """The settings may be others."""
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        beating: asyncio.Task[None] | None = None
        told: tuple[object, ...] = ()
        try:
            while True:
                self._changed.clear()
                if (wanted := self._wanted()) != told:
                    told = wanted
                    await _end(beating)
                    beating = self._begin()
                # A heart that stops by a mistake of its own is one of the daemon's works that has failed.
                changed = asyncio.ensure_future(self._changed.wait())
                try:
                    await asyncio.wait([changed, *([beating] if beating else ())], return_when=_FIRST)
                finally:
                    changed.cancel()
                if beating is not None and beating.done():
                    beating.result()
        finally:
            await _end(beating)

    def _wanted(self) -> tuple[object, ...]:
        """What the heartbeat depends on: while that is as it was, what was seen to stand still goes on to."""
        return self._parts.configuration.settings.alerts.heartbeat, *self._limits().values()

    def _limits(self) -> dict[str, float]:
        """Seconds."""
        settings, targets = self._parts.configuration.settings, self._parts.targets()
        longest = max((channel.timeout for channel in settings.alerts.channels()), default=0.0)
        return {
            "polling_interval": min((target.interval for target in targets), default=60.0),
            "judging_interval": settings.alerts.evaluation_interval,
            # A batch that has to be told one by one may wait for each.
            "patience": max(600.0, 60 * longest),
        }

    def _begin(self) -> asyncio.Task[None] | None:
        parts, before = self._parts, self._parts.heartbeat
        wanted = parts.configuration.settings.alerts.heartbeat
        if wanted is None:
            parts.heartbeat = None
            return None
        pulse = Pulse(
            parts.clock,
            passes=lambda: parts.poller.stats.passes if parts.targets() else -1,
            judged=self._judged,
            delivering=lambda: parts.alerting.last_turn(),
            write=parts.store.probe,
            **self._limits(),
        )
        parts.heartbeat = Heartbeat(
            wanted.url,
            pulse.ailing,
            parts.clock,
            interval=wanted.interval,
            method=wanted.method,
            timeout=wanted.timeout,
            ca_file=wanted.ca_file,
        )
        if before is not None:
            parts.heartbeat.status = before.status  # counted since the start of the process
        return asyncio.create_task(parts.heartbeat.run(), name="heartbeat")


async def _end(task: asyncio.Task[None] | None) -> None:
    if task is not None:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
