"""Things that are done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from netwatch.model import Clock, set_within

__all__ = ["Rhythm", "every"]


async def every(
    seconds: float, action: Callable[[], Awaitable[None]], *, name: str, clock: Clock, first: float = 0.0
) -> None:
    """Runs `action` at fixed times, `seconds` apart, until cancelled.

    An action that takes longer than its interval skips the times that it missed. One that fails is logged and
    tried again at its next time: no single mistake ends a daemon.
    """
    due = clock.now().mono + first
    while True:
        await clock.sleep(max(0.0, due - clock.now().mono))
        await _attempt(action, name)
        due = _next(due, seconds, clock.now().mono)


class Rhythm:
    """The same at an interval that a reload may change."""

    def __init__(self, interval: Callable[[], float], clock: Clock, *, first: float) -> None:
        """`interval`: seconds as they are now, 0 for never. The first time comes after `first` seconds, or
        after the interval, if that is shorter."""
        self._interval = interval
        self._clock = clock
        self._first = first
        self._changed = asyncio.Event()

    def changed(self) -> None:
        """The interval may be another one. Counts from the last time; what is under way goes on."""
        self._changed.set()

    async def run(self, action: Callable[[], Awaitable[None]], *, name: str) -> None:
        """Until cancelled."""
        seconds = due = 0.0
        while True:
            self._changed.clear()
            wanted, now = self._interval(), self._clock.now().mono
            if wanted != seconds:
                due = max(now, due - seconds + wanted) if seconds else now + min(self._first, wanted)
                seconds = wanted
            if not seconds:
                await self._changed.wait()
            elif not await set_within(self._changed, max(0.0, due - now), self._clock):
                await _attempt(action, name)
                due = _next(due, seconds, self._clock.now().mono)


async def _attempt(action: Callable[[], Awaitable[None]], name: str) -> None:
    try:
        await action()
    except asyncio.CancelledError:
        raise
    except Exception:
        structlog.get_logger().exception("periodic task failed", task=name)


def _next(due: float, seconds: float, now: float) -> float:
    """The first of the fixed times that is not over."""
    due += seconds
    return due if due >= now else due + ((now - due) // seconds + 1) * seconds
