"""Processes for what would hold up the event loop: ranking, reports, seeding."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing.connection import wait
from typing import ParamSpec, TypeVar

__all__ = ["Workers", "end_with_parent"]

P = ParamSpec("P")
T = TypeVar("T")


class Workers:
    """A small pool of processes, started at the first call. They end with their parent, however it ends."""

    def __init__(self, count: int = 1, *, lasting: bool = True) -> None:
        """Not `lasting`: they end once nobody waits for them, and what they took of memory is given back. The
        next call waits a second or two longer."""
        self._count = count
        self._lasting = lasting
        self._pool: ProcessPoolExecutor | None = None
        self._waiting = 0
        """Calls under way."""

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Calls a module-level function in a worker. Arguments and result must pickle."""
        if kwargs:
            raise TypeError("workers take positional arguments")
        if self._pool is None:
            context = multiprocessing.get_context("spawn")  # a fork would copy sockets and threads
            self._pool = ProcessPoolExecutor(self._count, mp_context=context, initializer=_settle)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, function, *args)
        finally:
            self._waiting -= 1
            if not self._lasting and not self._waiting:
                self.close()

    def close(self) -> None:
        """Ends the workers now; what they were doing is lost, and nobody waits for it any more."""
        if self._pool is None:
            return
        processes = list((self._pool._processes or {}).values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:  # the pool itself would wait for a running job
            process.terminate()
        self._pool = None


def end_with_parent() -> None:
    """In a child process: Ctrl-C is the parent's business, and an orphan ends itself."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(0)

    threading.Thread(target=watch, daemon=True).start()


def _settle() -> None:
    end_with_parent()
    os.nice(5)  # polling comes first
