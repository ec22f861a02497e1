"""A clock, a channel that records, and ways to let a dispatcher work: for the tests beside it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence

from netwatch.model import Alert, Instant, Severity
from netwatch.notify import BaseChannel, Dispatcher, Refused
from netwatch.store import Store


class FakeClock:
    """Time moves on only by sleeping, and then at once."""

    def __init__(self) -> None:
        self.time = Instant(1_700_000_000.0, 0.0)

    def now(self) -> Instant:
        return self.time

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0.001)
        self.time = self.time.plus(seconds)


class Recorder(BaseChannel):
    """Takes messages according to a script of answers; takes all when the script has ended."""

    def __init__(self, name: str, script: Sequence[Exception | None] = (), *, at_least=Severity.INFO) -> None:
        super().__init__(name, at_least)
        self.script = list(script)
        self.got: list[str] = []
        self.batches: list[int] = []
        self.resumed: list[str] = []
        self.bad: set[str] = set()

    async def deliver(self, alerts: Sequence[Alert]) -> None:
        answer = self.script.pop(0) if self.script else None
        if answer is not None:
            raise answer
        if self.bad & {alert.id for alert in alerts}:
            raise Refused("no")
        self.batches.append(len(alerts))
        self.got += [f"{alert.id}:{alert.state.value}" for alert in alerts]

    def resume(self, alerts: Sequence[Alert], ended: Sequence[Alert] = ()) -> None:
        self.resumed += [alert.id for alert in alerts]


async def run_until(dispatcher: Dispatcher, reached: Callable[[], bool]) -> None:
    task = asyncio.create_task(dispatcher.run())
    for _ in range(5000):
        await asyncio.sleep(0.001)
        if reached():
            break
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert reached()


async def drain(dispatcher: Dispatcher, store: Store) -> None:
    await run_until(dispatcher, lambda: not store.outbox.depths())
