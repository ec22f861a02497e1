"""Things that are done again and again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from netwatch.model import Clock

__all__ = ["every"]


async def every(
    seconds: float, action: Callable[[], Awaitable[None]], *, name: str, clock: Clock, first: float = 0.0
) -> None:
    """Runs `action` at fixed times, `seconds` apart, until cancelled.

    An action that takes longer than its interval skips the times that it missed. One that fails is logged and
    tried again at its next time: no single mistake ends a daemon.
    """
    log = structlog.get_logger()
    due = clock.now().mono + first
    while True:
        await clock.sleep(max(0.0, due - clock.now().mono))
        try:
            await action()
        except asyncio.CancelledError:
            raise
        except Exception:
            log.exception("periodic task failed", task=name)
        now = clock.now().mono
        due += seconds
        if due < now:
            due += ((now - due) // seconds + 1) * seconds
