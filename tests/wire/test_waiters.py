"""What a task awaits a flight's event with behaves like a Future, in both twins."""

from __future__ import annotations

import asyncio
import contextvars
import gc
import weakref
from typing import Any

import pytest
from flight_deck import twins

TWINS = twins()
EVENT = (0, "token")


@pytest.fixture(params=TWINS)
def waiter(request: pytest.FixtureRequest) -> Any:
    """The loop runs while the test does, for the fixture is asked for from within it."""
    return TWINS[request.param].Waiter


async def started(waiting: Any) -> asyncio.Task[Any]:
    """A task that waits by now."""

    async def wait() -> Any:
        return await waiting

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    return task


async def test_an_event_wakes_the_task(waiter: Any) -> None:
    loop = asyncio.get_running_loop()
    waiting = waiter(loop)
    task = await started(waiting)
    assert not waiting.done()
    loop.call_soon(waiting.set_result, EVENT)  # as the engine does: no task is running then
    assert await task == EVENT
    assert (waiting.done(), waiting.cancelled(), waiting.result()) == (True, False, EVENT)


async def test_an_event_may_be_there_before_anybody_waits(waiter: Any) -> None:
    waiting = waiter(asyncio.get_running_loop())
    waiting.set_result(EVENT)
    assert await waiting == EVENT


async def test_an_exception_may_come_from_within_a_task(waiter: Any) -> None:
    waiting = waiter(asyncio.get_running_loop())
    task = await started(waiting)
    waiting.set_exception(OSError("closed"))
    with pytest.raises(OSError, match="closed"):
        await task
    assert isinstance(waiting.exception(), OSError)


async def test_a_task_that_waits_can_be_cancelled(waiter: Any) -> None:
    waiting = waiter(asyncio.get_running_loop())
    task = await started(waiting)
    assert task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (waiting.done(), waiting.cancelled(), waiting.cancel()) == (True, True, False)


async def test_a_deadline_ends_the_wait(waiter: Any) -> None:
    waiting = waiter(asyncio.get_running_loop())
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await waiting
    assert waiting.cancelled()


async def test_a_task_wakes_in_its_own_context(waiter: Any) -> None:
    name: contextvars.ContextVar[str] = contextvars.ContextVar("name", default="nobody")
    loop = asyncio.get_running_loop()
    waiting = waiter(loop)

    async def wait() -> tuple[str, asyncio.Task[Any] | None]:
        name.set("the one who waits")
        await waiting
        return name.get(), asyncio.current_task()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    loop.call_soon(waiting.set_result, EVENT)
    assert await task == ("the one who waits", task)
    assert name.get() == "nobody"


async def test_what_is_over_takes_no_other_event(waiter: Any) -> None:
    waiting = waiter(asyncio.get_running_loop())
    waiting.set_result(EVENT)
    for again in (lambda: waiting.set_result(EVENT), lambda: waiting.set_exception(OSError())):
        with pytest.raises((RuntimeError, asyncio.InvalidStateError)):
            again()
    assert not waiting.cancel()


async def test_a_waiter_that_nobody_tells_is_collected(waiter: Any) -> None:
    """It holds whoever waits, who holds it."""

    class Holder:
        def __init__(self) -> None:
            self.waiting = waiter(asyncio.get_running_loop())

        def woken(self, waiting: Any) -> None: ...

    holder = Holder()
    holder.waiting.add_done_callback(holder.woken, context=contextvars.copy_context())
    seen = weakref.ref(holder)
    del holder
    gc.collect()
    assert seen() is None
