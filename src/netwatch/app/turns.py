"""Long work in the event loop, done so that everything else gets its turn, and what such work costs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Generator, Iterator
from functools import partial
from typing import Any, TypeVar

__all__ = ["TURN_SECONDS", "gently", "metered"]

T = TypeVar("T")

TURN_SECONDS = 0.002
"""Wall seconds that work may take before others get their turn."""


async def gently(steps: Iterator[Any]) -> Any:
    """Runs a generator to its end and returns what it returns. Steps are joined to turns of a few ms."""
    began = time.perf_counter()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value
        if time.perf_counter() - began > TURN_SECONDS:
            await asyncio.sleep(0)
            began = time.perf_counter()


class _Metered:
    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work

    def __await__(self) -> Generator[Any, Any, tuple[Any, float]]:
        spent, step = 0.0, partial(self._work.send, None)
        while True:
            began = time.thread_time()
            try:
                waiting = step()
            except StopIteration as end:
                return end.value, spent + time.thread_time() - began
            spent += time.thread_time() - began
            try:
                yield waiting
                step = partial(self._work.send, None)
            except BaseException as error:  # handed in by the loop: the work's own business
                step = partial(self._work.throw, error)


async def metered(work: Coroutine[Any, Any, T]) -> tuple[T, float]:
    """What `work` returns, and the CPU seconds of its own steps in this thread; others' do not count."""
    result: tuple[T, float] = await _Metered(work)
    return result
