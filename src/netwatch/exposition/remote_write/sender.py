"""From requests to one receiver: in order, again and again while it is away, within bounds.

Requests wait in memory while all is well. As soon as one fails, or memory is full, all that waits goes onto
the disk, and what comes after it too until the disk is empty again: so the order holds, and a process that is
killed during an outage loses nothing of what it was offered before.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

import structlog

from netwatch.errors import StoreError
from netwatch.exposition.remote_write.encode import Request
from netwatch.exposition.remote_write.post import Answer
from netwatch.exposition.remote_write.spool import Spool
from netwatch.model import Clock

__all__ = ["FIRST_RETRY", "LONGEST_RETRY", "Sender", "Tally"]

T = TypeVar("T")
FIRST_RETRY = 1.0
LONGEST_RETRY = 60.0

_REMEDIES = {
    400: "it found samples out of order or malformed: two senders with the same labels? a clock set back?",
    401: "check user and password, or token",
    403: "check what the user or token may do",
    404: "check the URL; a Prometheus needs --web.enable-remote-write-receiver",
    405: "check the URL; a Prometheus needs --web.enable-remote-write-receiver",
    413: "lower max_samples",
}


@dataclass(slots=True)
class Tally:
    """Sums since the start, in samples."""

    sent: int = 0
    failed: int = 0
    """Attempts that will be repeated."""
    dropped: int = 0
    """Refused for good, or pushed out of a full spool."""
    newest: int = 0
    """Time of the newest sample that was taken, ms since 1970."""


class Sender:
    """One per receiver."""

    def __init__(
        self,
        name: str,
        post: Callable[[bytes], Awaitable[Answer]],
        spool: Spool,
        clock: Clock,
        rng: random.Random,
        *,
        queue_size: int,
    ) -> None:
        """`queue_size`: octets in memory."""
        self._post = post
        self._spool = spool
        self._clock = clock
        self._rng = rng
        self._queue_size = queue_size
        self._queue: deque[Request] = deque()
        """Empty while anything is in the spool."""
        self._queued = 0
        self._away = False
        self._failures = 0
        self._told: set[int] = set()
        """Statuses, and troubles of its own below 0, that the log knows of."""
        self._disk = asyncio.Lock()
        self._exclusive = threading.Lock()
        self._news = asyncio.Event()
        self._log = structlog.get_logger("netwatch.remote_write").bind(receiver=name)
        self.tally = Tally()
        if spool.torn:
            self._log.warning("a torn end of the spool was left out", segments=spool.torn)

    @property
    def waiting(self) -> int:
        """Samples that wait, in memory and on disk."""
        return self._spool.samples + sum(request.samples for request in self._queue)

    @property
    def dropped(self) -> int:
        """Samples since the start that no receiver will see."""
        return self.tally.dropped + self._spool.damaged

    @property
    def spooled(self) -> int:
        """Octets on disk."""
        return self._spool.size

    async def offer(self, request: Request) -> None:
        """Takes a request into its keeping; waits for nothing but the disk."""
        async with self._disk:
            self._queue.append(request)
            self._queued += len(request.body)
            if self._away or self._spool.samples or self._queued > self._queue_size:
                await self._spill()
        self._news.set()

    async def run(self) -> None:
        """Sends until cancelled."""
        while True:
            self._news.clear()
            request = await self._oldest()
            if request is None:
                await self._news.wait()
                continue
            answer = await self._post(request.body)
            await self._judge(request, answer)

    async def close(self) -> None:
        """Puts what waits in memory onto the disk."""
        async with self._disk:
            await self._spill()
            await self._on_disk(self._spool.close)

    async def _oldest(self) -> Request | None:
        async with self._disk:
            if self._queue:
                return self._queue[0]
            try:
                return await self._on_disk(self._spool.peek)
            except StoreError as error:
                self._tell(-3, "the spool can't be read", error=str(error))
                return None  # tried again when more comes

    async def _judge(self, request: Request, answer: Answer) -> None:
        tally = self.tally
        if answer.taken:
            tally.sent += request.samples
            tally.newest = max(tally.newest, request.newest)
            if self._failures:
                self._log.info("the receiver is back", waiting=self.waiting)
            self._failures = 0
            await self._settle(request)
        elif answer.hopeless:
            tally.dropped += request.samples
            remedy = _REMEDIES.get(answer.status, "see the receiver's log")
            self._tell(answer.status, "samples were refused and dropped", status=answer.status, remedy=remedy)
            await self._settle(request)
        else:
            tally.failed += request.samples
            if not self._failures:
                error = answer.reason or f"HTTP status {answer.status}"
                self._log.warning("samples were not taken, they wait", error=error)
            await self._retreat()
            pause = min(LONGEST_RETRY, FIRST_RETRY * 2.0 ** min(self._failures, 10))
            self._failures += 1
            # Half of it by chance, so that many senders do not come back at once.
            await self._clock.sleep(max(answer.retry_after, pause * (0.5 + 0.5 * self._rng.random())))

    async def _retreat(self) -> None:
        """The receiver is away: all that waits goes onto the disk."""
        self._away = True
        async with self._disk:
            await self._spill()

    async def _settle(self, request: Request) -> None:
        """A request was dealt with, wherever it is now."""
        async with self._disk:
            self._away = False
            if self._queue and self._queue[0] is request:
                self._queue.popleft()
                self._queued -= len(request.body)
                return
            try:
                await self._on_disk(self._done, request)
            except StoreError as error:
                self._tell(-1, "the spool can't be written", error=str(error))

    def _done(self, request: Request) -> None:
        head = self._spool.peek()
        # One that went from memory onto the disk while it was being sent is read as another object.
        if head is not None and head == request:
            self._spool.done(head)

    async def _spill(self) -> None:
        while self._queue:
            request = self._queue.popleft()
            self._queued -= len(request.body)
            try:
                dropped = await self._on_disk(self._spool.put, request)
            except StoreError as error:
                dropped = request.samples
                self._tell(-1, "the spool can't be written: samples are dropped", error=str(error))
            else:
                if dropped:
                    remedy = "raise spool_size"
                    self._tell(-2, "the spool is full: the oldest samples are dropped", remedy=remedy)
            self.tally.dropped += dropped

    def _tell(self, what: int, event: str, **more: object) -> None:
        """Once per process: the metrics say how often."""
        if what not in self._told:
            self._told.add(what)
            self._log.error(event, **more)

    async def _on_disk(self, work: Callable[..., T], *arguments: Request) -> T:
        """Work that was cancelled goes on in its thread: the next one waits for it."""

        def exclusive() -> T:
            with self._exclusive:
                return work(*arguments)

        return await asyncio.to_thread(exclusive)
