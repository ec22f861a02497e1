"""Is netwatch at work, and not merely there? Polling, evaluation and outbox, each by what it did last."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from netwatch.app.parts import Parts
from netwatch.errors import StoreError
from netwatch.model import Clock, Instant
from netwatch.notify import Heartbeat

__all__ = ["Pulse", "heartbeat_works"]

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


def heartbeat_works(
    parts: Parts, judged: Callable[[], int]
) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
    """The heartbeat of a daemon, if the settings want one."""
    settings = parts.configuration.settings
    wanted = settings.alerts.heartbeat
    if wanted is None:
        return
    longest = max((channel.timeout for channel in settings.alerts.channels()), default=0.0)
    pulse = Pulse(
        parts.clock,
        passes=lambda: parts.poller.stats.passes if parts.targets() else -1,
        judged=judged,
        delivering=lambda: parts.alerting.last_turn(),
        write=parts.store.probe,
        polling_interval=min((target.interval for target in parts.targets()), default=60.0),
        judging_interval=settings.alerts.evaluation_interval,
        # A batch that has to be told one by one may wait for each.
        patience=max(600.0, 60 * longest),
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
    yield "heartbeat", parts.heartbeat.run()
