"""How late an event loop is: a task that wants to wake every five milliseconds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np

__all__ = ["Lateness", "ticking"]

PERIOD = 0.005


@dataclass
class Lateness:
    """Seconds by which each tick came late."""

    late: list[float] = field(default_factory=list)

    def percentile(self, share: float) -> float:
        return float(np.percentile(self.late, share)) if self.late else float("nan")


@contextlib.asynccontextmanager
async def ticking() -> AsyncIterator[Lateness]:
    """Measures as long as the block runs."""
    found, loop = Lateness(), asyncio.get_running_loop()

    async def tick() -> None:
        while True:
            began = loop.time()
            await asyncio.sleep(PERIOD)
            found.late.append(loop.time() - began - PERIOD)

    task = asyncio.create_task(tick())
    try:
        yield found
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
