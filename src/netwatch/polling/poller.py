"""The scheduler: every device in its slot, one pass per device at a time, none waits for another."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from typing import NamedTuple

import structlog

from netwatch.model import (
    Clock,
    DeviceCost,
    EntityId,
    ObservationSink,
    TableCost,
    Target,
    set_within,
)
from netwatch.polling.device import Device
from netwatch.polling.fetch import Fetcher
from netwatch.polling.ports import DiscoveryPort, KeptPlan, PlanPort
from netwatch.polling.settings import PollingSettings, rediscovery_slot
from netwatch.polling.spread import fraction
from netwatch.polling.status import DeviceStatus, PollerStats
from netwatch.polling.surroundings import Surroundings
from netwatch.polling.visit import Visit
from netwatch.wire import HttpJson, Prober, SnmpWire, SshRunner

__all__ = ["Poller"]

_log = structlog.get_logger("netwatch.polling")


class _Entry(NamedTuple):
    """Something to do at a moment."""

    when: float
    order: int
    device: Device
    pass_number: int | None
    """None: the device is due. Else: that pass has reached its deadline."""


class Poller:
    """Polls targets until cancelled. Call `update` at any time, also before `run`."""

    def __init__(
        self,
        *,
        snmp: SnmpWire | None,
        ssh: SshRunner | None,
        http: HttpJson | None,
        probers: Sequence[Prober],
        discover: Callable[[Target], Awaitable[DiscoveryPort]],
        sink: ObservationSink,
        clock: Clock,
        rng: random.Random,
        settings: PollingSettings,
    ) -> None:
        self._clock = clock
        self._settings = settings
        self.stats = PollerStats()
        self._around = Surroundings(
            Fetcher(snmp, ssh, http), tuple(probers), discover, sink, clock, rng, settings, self.stats
        )
        self._devices: dict[EntityId, Device] = {}
        self._by_address: dict[str, EntityId] = {}
        self._heap: list[_Entry] = []
        self._order = itertools.count()
        self._ready: deque[Device] = deque()
        self._tasks: dict[asyncio.Task[None], tuple[Device, int]] = {}
        self._passes: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Event()
        self._wake_at = float("-inf")

    async def run(self) -> None:
        """Polls until cancelled; then every pass under way is cancelled and awaited."""
        try:
            while True:
                self._changed.clear()
                self._turn(self._clock.now().mono)
                await self._wait()
        finally:
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def update(self, targets: Sequence[Target]) -> None:
        """Makes `targets` the whole of what is polled. Unchanged ones keep their slots, plans and passes."""
        wanted = {target.device: target for target in targets}
        for gone in self._devices.keys() - wanted.keys():
            self._remove(self._devices.pop(gone))
        for target in wanted.values():
            device = self._devices.get(target.device)
            if device is None:
                self._add(target)
            elif device.target != target:
                self._change(device, target)
        self._by_address = {
            address: target.device
            for target in reversed(list(wanted.values()))
            for address in (*target.reply_from, *target.addresses)
        }
        self.stats.devices = len(self._devices)

    def kept_plan(self, device: EntityId) -> KeptPlan | None:
        """What to keep of a device for `restore` in the next run; None before its first discovery, and while
        another device answers in its place."""
        known = self._devices.get(device)
        if known is None or known.plan is None or known.discovered is None or known.stranger:
            return None
        return KeptPlan(known.plan, known.discovered.wall, dict(known.sentinels.values or {}))

    def restore(self, plans: Mapping[EntityId, KeptPlan]) -> None:
        """Plans of an earlier run. For right after `update`: devices that have a plan already, and strangers,
        are left alone. Nothing is walked again before a device says that it changed, or its daily discovery
        is due."""
        now = self._clock.now()
        for name, kept in plans.items():
            device = self._devices.get(name)
            if device is not None and device.plan is None and not device.busy:
                device.restore(kept, now.plus(min(0.0, kept.discovered - now.wall)))
                settings = self._settings
                overdue = now.wall - kept.discovered > settings.rediscovery_interval
                slot = rediscovery_slot(device.target, settings, now.mono)
                device.discover_at = now.mono if overdue else slot

    def recheck(self, device: EntityId, news: Hashable = None) -> None:
        """Polls a device now. Any number of calls until that poll begins are one; strangers are ignored.

        Such polls begin `recheck_gap` apart; one that has `news`, which no poll was asked for lately, does
        not wait for that, within bounds.
        """
        known = self._devices.get(device)
        if known is not None:
            known.rechecks.ask(news)
            if not known.busy:
                self._schedule(known, self._recheck_at(known))

    def recheck_address(self, address: str, news: Hashable = None) -> EntityId | None:
        """Polls now whose management address that is; None if it is nobody's."""
        device = self._by_address.get(address)
        if device is not None:
            self.recheck(device, news)
        return device

    def knows_address(self, address: str) -> bool:
        """True for a management address, or one in reply_from, of something that is polled."""
        return address in self._by_address

    def rediscover(self) -> None:
        """Discovers every device anew at its next poll; until then its plan stays in use."""
        for device in self._devices.values():
            device.discover_at = float("-inf")

    def plans(self) -> Mapping[EntityId, PlanPort]:
        """Of the devices that have been discovered."""
        return {name: device.plan for name, device in self._devices.items() if device.plan is not None}

    def status(self) -> Mapping[EntityId, DeviceStatus]:
        now = self._clock.now()
        return {
            name: DeviceStatus(
                device=name,
                name=device.target.name,
                last_success=device.last_success,
                last_contact=device.last_contact,
                last_duration=device.last_duration,
                problem=device.problem,
                next_due=None if device.busy else now.wall + device.due - now.mono,
                failures=device.failures,
                discovered=None if device.discovered is None else device.discovered.wall,
                plan=device.plan,
                costs=device.costs,
            )
            for name, device in self._devices.items()
        }

    def unpolled(self) -> int:
        """How many devices have not been polled once yet, whatever came of it."""
        return sum([device.last_duration is None for device in self._devices.values()])

    def costliest(self, count: int) -> Sequence[DeviceCost]:
        """The devices whose passes take the longest for their interval, the worst first."""
        worst = heapq.nlargest(
            count, self._devices.values(), key=lambda one: one.usual_duration / one.target.interval
        )
        return [
            DeviceCost(
                device.target.device,
                device.target.name,
                device.usual_duration,
                device.target.interval,
                *max(device.costs.items(), key=lambda item: item[1].seconds, default=("", TableCost())),
            )
            for device in worst
            if device.usual_duration
        ]

    def _add(self, target: Target) -> None:
        device = Device(target)
        self._devices[target.device] = device
        spread = min(self._settings.startup_spread, target.interval)
        self._schedule(device, self._clock.now().mono + fraction(target.device) * spread)

    def _change(self, device: Device, target: Target) -> None:
        same = _who(device.target) == _who(target)
        device.change(target)
        if not same:
            device.forget_plan()
        else:
            device.reschedule(self._clock.now().mono)
        if device.busy:
            # What was changed in mid-pass is asked again, of the new target, as soon as that pass ends.
            device.rechecks.wanted |= not same
        else:
            now = self._clock.now().mono
            self._schedule(device, device.next_due(now) if same else now)

    def _remove(self, device: Device) -> None:
        device.removed = True
        for task, (owner, _) in self._tasks.items():
            if owner is device:
                task.cancel()

    def _recheck_at(self, device: Device) -> float:
        settings = self._settings
        now = self._clock.now().mono
        return device.rechecks.at(now, settings.recheck_gap, settings.news_gap, settings.news_burst)

    def _schedule(self, device: Device, when: float) -> None:
        device.due = when
        heapq.heappush(self._heap, _Entry(when, next(self._order), device, None))
        if when < self._wake_at:
            self._changed.set()

    def _turn(self, now: float) -> None:
        """Everything that is due."""
        while self._heap and self._heap[0].when <= now:
            entry = heapq.heappop(self._heap)
            device = entry.device
            if entry.pass_number is not None:
                self._deadline(entry, now)
            elif not device.removed and not device.busy and device.due == entry.when:
                device.busy = True
                self._ready.append(device)
        while self._ready and len(self._tasks) < self._settings.concurrency:
            device = self._ready.popleft()
            if not device.removed:
                self._start(device, now)
        self.stats.waiting = len(self._ready)

    def _start(self, device: Device, now: float) -> None:
        number = next(self._order)
        visit = Visit(self._around, device, forced=device.rechecks.wanted)
        self.stats.passes += 1
        self.stats.seconds_late += max(0.0, now - device.due)
        device.rechecks.start(now, self._settings.recheck_gap)
        device.expired = False
        device.began, device.deadline = now, now + device.target.deadline
        task = asyncio.create_task(visit.run(), name=f"poll {device.target.name}")
        self._tasks[task] = (device, number)
        self._passes[number] = task
        self.stats.running = len(self._tasks)
        task.add_done_callback(self._finished)
        heapq.heappush(self._heap, _Entry(device.deadline, next(self._order), device, number))

    def _deadline(self, entry: _Entry, now: float) -> None:
        assert entry.pass_number is not None
        task, device = self._passes.get(entry.pass_number), entry.device
        if task is None or device.expired:
            return
        if device.deadline > now:
            # Discovery has moved it.
            heapq.heappush(self._heap, entry._replace(when=device.deadline))
            return
        device.expired = True
        self.stats.deadlines += 1
        task.cancel()

    def _finished(self, task: asyncio.Task[None]) -> None:
        device, number = self._tasks.pop(task)
        del self._passes[number]
        self.stats.running = len(self._tasks)
        device.busy = False
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("poll failed", device=device.target.name, exc_info=error)
            device.problem = f"internal error: {type(error).__name__}"
            device.last_duration = self._clock.now().mono - device.began
        if not device.removed:
            now = self._clock.now().mono
            due = device.next_due(now)
            self._schedule(device, min(due, self._recheck_at(device)) if device.rechecks.wanted else due)
        if self._ready:
            self._changed.set()

    async def _wait(self) -> None:
        """Until the next entry is due or something changes."""
        if not self._heap:
            self._wake_at = float("inf")
            await self._changed.wait()
            return
        self._wake_at = self._heap[0].when
        delay = self._wake_at - self._clock.now().mono
        if delay <= 0 or self._changed.is_set():
            await asyncio.sleep(0)
            return
        try:
            await set_within(self._changed, delay, self._clock)
        finally:
            self._wake_at = float("-inf")


def _who(target: Target) -> tuple[object, ...]:
    """What makes it another conversation, so that plan and evidence are void."""
    return target.addresses, target.snmp, target.ssh, target.http, target.profile, target.limits
