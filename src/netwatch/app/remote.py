"""Samples to the receivers of remote write: gathered from snapshots, sent in the background."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Coroutine, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, NamedTuple

from netwatch.app.parts import Parts
from netwatch.app.periodic import every
from netwatch.config import RemoteWriteSettings
from netwatch.exposition.remote_write import Encoder, News, Poster, Sender, Spool

__all__ = ["RemoteWrite"]


class _Receiver(NamedTuple):
    settings: RemoteWriteSettings
    news: News
    sender: Sender


class RemoteWrite:
    """One per daemon."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._receivers: list[_Receiver] = []

    async def start(self, stack: AsyncExitStack) -> None:
        """Opens the spools; what waits when the stack is closed stays on disk. Raises ConfigError,
        StoreError."""
        settings = self._parts.configuration.settings
        encoder = Encoder()
        rng = random.Random(secrets.randbits(64))  # noqa: S311 - spreads retries
        for one in settings.remote_write:
            poster = Poster(one)
            folder = Path(settings.state_dir) / "remote-write" / one.name
            spool = await asyncio.to_thread(Spool, folder, one.spool_size)
            sender = Sender(one.name, poster, spool, self._parts.clock, rng, queue_size=one.queue_size)
            stack.push_async_callback(poster.close)
            stack.push_async_callback(sender.close)
            news = News(encoder, one.max_samples, one.families)
            self._receivers.append(_Receiver(one, news, sender))

    def works(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """(name, what runs until it is cancelled)."""
        for receiver in self._receivers:
            name, seconds = receiver.settings.name, receiver.settings.interval

            async def gather(receiver: _Receiver = receiver) -> None:
                await self._gather(receiver)

            yield (
                f"remote write to {name}: gather",
                every(seconds, gather, name="remote write", clock=self._parts.clock),
            )
            yield f"remote write to {name}: send", receiver.sender.run()

    async def _gather(self, receiver: _Receiver) -> None:
        """What is new goes into the sender's keeping; others get turns meanwhile."""
        snapshot = self._parts.snapshot
        for plan in self._parts.renderer.plan(snapshot):
            if plan is None:
                await asyncio.sleep(0)
                continue
            for request in receiver.news.requests(snapshot, plan):
                if request is not None:
                    await receiver.sender.offer(request)
                await asyncio.sleep(0)
        self._tell(receiver)

    def _tell(self, receiver: _Receiver) -> None:
        sender, tally = receiver.sender, receiver.sender.tally
        lag = 0.0
        if sender.waiting and tally.newest:
            lag = max(0.0, self._parts.clock.now().wall - tally.newest / 1000)
        self._parts.metrics.remote_write(
            receiver.settings.name,
            sent=tally.sent,
            failed=tally.failed,
            dropped=sender.dropped,
            waiting=sender.waiting,
            spooled=sender.spooled,
            lag=lag,
        )
