"""The shipped profiles, a poller around real wires, and what comes out of it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import cache, partial
from typing import Any

from netwatch.discovery import Discovery, discover
from netwatch.model import Block, EntityKey, Observation, PollFailure, SystemClock, Target, load_catalogue
from netwatch.polling import Poller, PollingSettings
from netwatch.profiles import ProfileSet, load_profiles
from netwatch.resources import collectors_dir
from netwatch.state.blocks import named


@cache
def shipped() -> ProfileSet:
    return load_profiles([collectors_dir()], load_catalogue())


async def discovered(target: Target, **wires: Any) -> Discovery:
    return await discover(
        target, **{"snmp": None, "ssh": None, "http": None, **wires}, profiles=shipped(), clock=SystemClock()
    )


def facts_of(observations: tuple[Observation, ...]) -> dict[EntityKey, dict[str, Any]]:
    """Everything told of each entity, put together."""
    out: dict[EntityKey, dict[str, Any]] = {}
    for one in observations:
        for seen in one.seen:
            out.setdefault(seen.key, {}).update(seen.facts)
    return out


def values_of(observation: Observation) -> dict[tuple[str, str], float]:
    """(family, natural key) -> value."""
    return {(one.family, one.subject.natural): one.value for one in observation.readings}


class Sink:
    def __init__(self) -> None:
        self.seen: list[Observation] = []
        self.failures: list[PollFailure] = []
        self._news = asyncio.Event()

    def accept(self, observation: Observation) -> None:
        self.seen.append(observation)
        self._news.set()

    def accept_block(self, block: Block) -> None:
        self.accept(named(block))

    def failed(self, failure: PollFailure) -> None:
        self.failures.append(failure)
        self._news.set()

    async def until(self, condition: Callable[[list[Observation]], bool], seconds: float = 60) -> None:
        async with asyncio.timeout(seconds):
            while not condition(self.seen):
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def polling(target: Target, **wires: Any) -> AsyncIterator[tuple[Poller, Sink]]:
    """Polls the target with the shipped profiles until the block ends."""
    sink, clock = Sink(), SystemClock()
    found = partial(
        discover, **{"snmp": None, "ssh": None, "http": None, **wires}, profiles=shipped(), clock=clock
    )
    poller = Poller(
        **{"snmp": None, "ssh": None, "http": None, **wires},
        probers=[],
        discover=found,
        sink=sink,
        clock=clock,
        rng=random.Random(1),
        settings=PollingSettings(startup_spread=0.1, recheck_gap=0.1),
    )
    poller.update([target])
    running = asyncio.create_task(poller.run())
    try:
        yield poller, sink
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
