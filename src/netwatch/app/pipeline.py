"""The whole way of a reading without a daemon's timers: to be measured, pass by pass."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from netwatch.alerts import AlertEngine, Rule
from netwatch.discovery import Discovery
from netwatch.exposition import Renderer
from netwatch.history import Recorder, SegmentStore
from netwatch.model import Catalogue, Clock, EntityId, Inventory, Target
from netwatch.native import Speed
from netwatch.polling import Poller, PollingSettings
from netwatch.state import State
from netwatch.store import Store
from netwatch.wire import NetworkSnmpWire

__all__ = ["Minute", "Pipeline"]

Discover = Callable[[Target], Awaitable[Discovery]]


@dataclass(frozen=True, slots=True)
class Minute:
    """CPU seconds of what comes once a minute, whatever was polled."""

    snapshot: float
    rules: float
    history: float
    exposition: float
    samples: int
    """In the exposition."""


class Pipeline:
    """Poller, state, rules, history and exposition, wired as in a daemon."""

    def __init__(
        self,
        *,
        inventory: Inventory,
        snmp: NetworkSnmpWire,
        discover: Discover,
        rules: Iterable[Rule],
        catalogue: Catalogue,
        clock: Clock,
        store: Store,
        folder: Path,
        native: Speed | None = None,
    ) -> None:
        """`folder`: for the history. Devices of the inventory get their ids here."""
        ids = (EntityId(f"e{number:x}") for number in count())
        self.state = State(catalogue, store.identity, ids.__next__, clock, native)
        devices = {}
        for name, entry in inventory.devices.items():
            assert entry.target is not None
            target = replace(entry.target, device=self.state.device_id(entry))
            devices[name] = replace(entry, target=target)
        self.state.set_inventory(replace(inventory, devices=devices))
        self.targets: Sequence[Target] = [e.target for e in devices.values() if e.target is not None]
        self.poller = Poller(
            snmp=snmp,
            ssh=None,
            http=None,
            probers=(),
            discover=discover,
            sink=self.state,
            clock=clock,
            rng=random.Random(1),  # noqa: S311 - spreads polls
            settings=PollingSettings(concurrency=256, startup_spread=1.0, recheck_gap=0.0),
        )
        self._engine = AlertEngine(rules)
        self._history = SegmentStore(folder, catalogue)
        self._recorder = Recorder(catalogue, self._history)
        self._renderer = Renderer(catalogue, native)

    async def one_pass(self) -> None:
        """Polls every device once more, as fast as they answer."""
        stats = self.poller.stats
        wanted = stats.passes + len(self.targets)
        for target in self.targets:
            self.poller.recheck(target.device)
        while stats.passes < wanted or stats.running:  # noqa: ASYNC110 - nobody else waits for it
            await asyncio.sleep(0.02)

    def minute(self) -> Minute:
        """What a minute asks for once: snapshot, rules, recorder, one exposition of every sample."""
        times, costs = time.process_time, []
        began = times()
        snapshot = self.state.snapshot()
        costs.append(times() - began)
        for work in (
            lambda: self._engine.evaluate(snapshot),
            lambda: self._recorder.observe(snapshot),
            lambda: [len(chunk) for chunk in self._renderer.render(snapshot, openmetrics=False)],
        ):
            began = times()
            work()
            costs.append(times() - began)
        samples = sum(int(column.fresh.sum()) for column in snapshot.columns.values())
        return Minute(costs[0], costs[1], costs[2], costs[3], samples)

    def close(self) -> None:
        self._history.close()
