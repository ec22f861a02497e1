"""Time as a parameter: wall clock for people, monotonic clock for intervals."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

__all__ = ["DAY", "DAYS_PER_YEAR", "HOUR", "WEEK", "Clock", "Instant", "SystemClock", "set_within"]

HOUR = 3600
"""Seconds."""
DAY = 24 * HOUR
"""Seconds; where clocks are changed, a local day has others: netwatch.calendars knows."""
WEEK = 7 * DAY
DAYS_PER_YEAR = 365.25
"""On average; for ages and rates, not for dates."""


@dataclass(frozen=True, slots=True, order=True)
class Instant:
    """One moment on both clocks."""

    wall: float
    """Seconds since 1970-01-01T00:00Z. May jump; for people and for stored data."""
    mono: float
    """Seconds of a clock that never jumps. For intervals only; meaningless in another process."""

    def plus(self, seconds: float) -> Instant:
        return Instant(self.wall + seconds, self.mono + seconds)


class Clock(Protocol):
    """What logic asks for the time, so that a test can hand in its own."""

    def now(self) -> Instant: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> Instant:
        return Instant(time.time(), time.monotonic())

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


async def set_within(event: asyncio.Event, seconds: float, clock: Clock) -> bool:
    """Waits for the event, but no longer than so many seconds of the clock. Returns whether it is set."""
    waits = (asyncio.ensure_future(event.wait()), asyncio.ensure_future(clock.sleep(seconds)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:  # not waited for: a cancellation that came meanwhile would be lost
            one.cancel()
    return event.is_set()
