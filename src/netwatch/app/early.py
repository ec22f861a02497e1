"""A trap is a reason to look now: what its poll brings is judged at once, not at the next regular turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

from netwatch.app.turns import metered
from netwatch.model import Block, Clock, EntityId, Observation, ObservationSink, PollFailure

__all__ = ["Early"]

EXPECTED_SECONDS = 15.0
"""So long after a trap, what a device tells is judged early."""
GATHER_SECONDS = 0.1
"""Tables of one poll, and devices that saw the same fault, are judged together."""
REST_SECONDS = 0.25
REST_SHARE = 4.0
"""After an early evaluation the next one waits this many times the CPU seconds that it took: a trap storm
costs a fifth of a core at most."""


class Early:
    """Stands between polling and its sink, and sees the answers that traps asked for arrive."""

    def __init__(self, sink: ObservationSink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._expected: dict[EntityId, float] = {}
        """Until which monotonic second."""
        self._news = asyncio.Event()

    def expect(self, device: EntityId) -> None:
        """A trap came from it."""
        self._expected[device] = self._clock.now().mono + EXPECTED_SECONDS

    def accept(self, observation: Observation) -> None:
        self._sink.accept(observation)
        self._arrived(observation.source)

    def accept_block(self, block: Block) -> None:
        self._sink.accept_block(block)
        self._arrived(block.source)

    def failed(self, failure: PollFailure) -> None:
        self._sink.failed(failure)
        self._arrived(failure.source)

    async def run(self, judge: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Calls `judge` soon after each arrival that a trap asked for, until cancelled."""
        log = structlog.get_logger("netwatch")
        while True:
            await self._news.wait()
            await self._clock.sleep(GATHER_SECONDS)
            self._news.clear()
            cost = 0.0
            try:
                _, cost = await metered(judge())
            except asyncio.CancelledError:
                raise
            except Exception:
                log.exception("periodic task failed", task="early alerts")
            await self._clock.sleep(max(REST_SECONDS, REST_SHARE * cost))

    def _arrived(self, device: EntityId) -> None:
        until = self._expected.get(device)
        if until is None:
            return
        if self._clock.now().mono > until:
            del self._expected[device]
        else:
            self._news.set()
