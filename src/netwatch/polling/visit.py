"""One pass over one device: probe, ask since when it runs, discover if need be, read the tables due."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from netwatch.errors import NetwatchError, WireError
from netwatch.model import (
    Clock,
    Evidence,
    Instant,
    Observation,
    ObservationSink,
    PollFailure,
    TableCost,
    Target,
)
from netwatch.polling.asked import Answer, ask, blocks_of
from netwatch.polling.backoff import pause
from netwatch.polling.device import Device
from netwatch.polling.evidence import ANOTHER_DEVICE
from netwatch.polling.fetch import Fetcher, Raw
from netwatch.polling.health import DEVICE_TABLE, HealthLayouts, device_block
from netwatch.polling.ports import DiscoveryPort, TablePort
from netwatch.polling.request import Requests
from netwatch.polling.settings import PollingSettings, rediscovery_slot
from netwatch.polling.status import PollerStats
from netwatch.wire import DocumentReader, Prober, ProbeResult

__all__ = ["Surroundings", "Visit"]

DISCOVERY_TABLE = "discovery"
"""Table name of the PollFailure of a discovery."""

LARGE = 500
"""Values of an observed table whose mapping takes about 10 ms."""

WEIGHT = 0.1
"""Of the last pass in the usual duration of a device's passes."""

_log = structlog.get_logger("netwatch.polling")


@dataclass(frozen=True)
class Surroundings:
    """What every visit shares."""

    fetcher: Fetcher
    probers: Sequence[Prober]
    discover: Callable[[Target], Awaitable[DiscoveryPort]]
    sink: ObservationSink
    clock: Clock
    rng: random.Random
    settings: PollingSettings
    stats: PollerStats
    requests: Requests = field(default_factory=Requests)
    health: HealthLayouts = field(default_factory=HealthLayouts)
    timer: Callable[[], float] = time.perf_counter
    """Seconds, for what it costs to make readings of values."""


@dataclass
class Visit:
    """One pass. It never raises but for cancellation; what goes wrong is told to the sink."""

    around: Surroundings
    device: Device
    forced: bool
    """Read all tables but the slow ones, due or not."""
    target: Target = field(init=False)
    generation: int = field(init=False)
    began: Instant = field(init=False)
    probes: dict[str, ProbeResult] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)
    problems: list[str] = field(default_factory=list)
    polled: bool = False
    answered: bool = False
    """Something beside the probes."""
    reading: tuple[str, ...] = ()
    """Tables under way."""
    discovering: bool = False
    apart: tuple[TablePort, ...] = ()
    """Tables that were asked for together in vain, to be asked for one by one."""
    documents: DocumentReader | None = None
    """What this pass reads over HTTP."""

    def __post_init__(self) -> None:
        self.target = self.device.target
        self.generation = self.device.generation
        self.began = self.around.clock.now()
        self.documents = self.around.fetcher.documents(self.target)

    async def run(self) -> None:
        try:
            rest = self.began.mono < self.device.rest_until
            returned = await self._probe()
            if self.device.pollable and (self.forced or returned or not rest or not self._probed):
                self.polled = True
                await self._poll()
        except asyncio.CancelledError:
            if not self.device.expired:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            seconds = self.around.clock.now().mono - self.began.mono
            for table in self.reading or (DEVICE_TABLE,):
                self._fail(table, f"given up after {seconds:.0f} s: the poll took too long")
        self._conclude()

    @property
    def _probed(self) -> bool:
        return any(prober.applies(self.target) for prober in self.around.probers)

    async def _probe(self) -> bool:
        """Asks all probers that apply; True if a device that was gone answers again."""
        for prober in self.around.probers:
            if not prober.applies(self.target):
                continue
            try:
                self.probes[prober.protocol] = await prober.probe(self.target)
            except WireError as error:
                # netwatch itself can't probe: that says nothing of the device.
                self.problems.append(f"{prober.protocol}: {error}")
        before = self.device.reachable
        if self.probes:
            self.device.reachable = any(result.success for result in self.probes.values())
        return before is False and self.device.reachable is True

    async def _poll(self) -> None:
        device, answer = self.device, None
        if self.target.snmp is not None:
            answer = await self._first_answer()
            if answer is None:
                return
        reason = "" if answer is None else answer.reason
        # Where the device says that it changed, what was read may be of other rows than it seems.
        if self._discovery_due(reason) and await self._discover(reason):
            return
        if device.plan is None or device.generation != self.generation:
            return
        if device.stranger:
            self._fail_tables("snmp", f"{device.stranger}: it has to be discovered first")
        elif self.apart:
            await self._feed_apart()
        elif answer is not None and answer.fetched is not None:
            if not answer.request.parts and (tables := self._tables_of_blocks()):
                answer = await self._ask(tables)  # the discovery failed: the old plan stays in use
            self._feed(answer)
        for table in device.apart:
            if device.generation != self.generation:
                return
            if self._due(table) and (table.source != "snmp" or self._answers()):
                await self._read(table)

    async def _first_answer(self) -> Answer | None:
        """What the device says of itself, and the tables of blocks that are due. None ends the pass."""
        device = self.device
        # What is to be discovered anew would be asked in vain.
        tables = self._tables_of_blocks() if not self._discovery_due("") else ()
        answer = await self._ask(tables)
        if answer.fetched is None and tables and not device.failures:
            # Perhaps one table silences the agent: is it there at all?
            answer, self.apart = await self._ask(()), tables
        if device.generation != self.generation:
            return None  # its address or credentials changed in mid-pass
        if answer.fetched is None:
            self.apart = ()
            self._fail_tables("snmp", answer.refusal)
            if device.plan is None:
                self._fail(DISCOVERY_TABLE, answer.refusal)
                return None
        elif answer.reason == ANOTHER_DEVICE and device.plan is not None:
            device.stranger = answer.reason
        return answer

    def _answers(self) -> bool:
        return self.probes["snmp"].success and not self.device.stranger

    def _tables_of_blocks(self) -> tuple[TablePort, ...]:
        device = self.device
        return () if device.stranger else tuple(table for table in device.together if self._due(table))

    async def _ask(self, tables: tuple[TablePort, ...]) -> Answer:
        """The device's evidence, and these tables."""
        around, device = self.around, self.device
        request = device.request(tables, around.requests)
        self.reading = tuple(table.name for table in tables)
        answer = await ask(around.fetcher, device, request, around.clock.now)
        self.reading = ()
        if answer.fetched is None:
            self.probes["snmp"] = ProbeResult(False, None, answer.refusal)
        else:
            self.probes["snmp"] = ProbeResult(True, answer.round_trip)
            self.answered = True
            self.evidence = answer.evidence
        return answer

    async def _feed_apart(self) -> None:
        """Asks for each table by itself, so that the one which the agent does not bear spoils no other."""
        alive = self.probes["snmp"]
        for table in self.apart:
            if self.device.generation != self.generation:
                return
            answer = await self._ask((table,))
            if answer.fetched is None:
                self._table_failed(table, answer.refusal, TableCost(seconds=answer.seconds))
            else:
                self._feed(answer)
        self.probes["snmp"] = alive

    def _feed(self, answer: Answer) -> None:
        """Hands on what came; a table of which nothing came has failed."""
        if self.device.generation != self.generation:
            return
        for table, block, problem, spent in blocks_of(answer, self.device, self.around.timer):
            if block is None:
                self._table_failed(table, problem, spent)
                continue
            spent.passes = 1
            self._spend(table, spent)
            self.device.served(table, self.began.mono, success=True)
            if not self.device.removed:
                self.around.sink.accept_block(block)
        if answer.refusal and answer.refusal not in self.problems:
            self.problems.append(answer.refusal)

    def _spend(self, table: TablePort, spent: TableCost) -> None:
        self.device.cost(table.name).add(spent)
        self.around.stats.cost(table.name).add(spent)

    def _discovery_due(self, reason: str) -> bool:
        device, now = self.device, self.began.mono
        if device.plan is None or device.discovered is None:
            return now >= device.discover_at
        if reason and now - device.discovered.mono < self.around.settings.rediscovery_gap:
            # Not now, but not forgotten either.
            device.discover_at = min(
                device.discover_at, device.discovered.mono + self.around.settings.rediscovery_gap
            )
            return False
        return bool(reason) or now >= device.discover_at

    async def _discover(self, reason: str) -> bool:
        """Makes a new plan; True if that worked."""
        device, settings = self.device, self.around.settings
        device.deadline = max(device.deadline, self.began.mono + settings.discovery_deadline)
        self.reading, self.discovering = (DISCOVERY_TABLE,), True
        if device.plan is None and any(result.success for result in self.probes.values()):
            self._tell_health(self.around.clock.now())  # a first discovery may take minutes
        try:
            found = await self.around.discover(self.target)
        except NetwatchError as error:
            self._discovery_failed(str(error))
            return False
        except Exception as error:
            _log.exception("discovery failed", device=self.target.name)
            self._discovery_failed(f"internal error: {type(error).__name__}")
            return False
        self.reading = ()
        self.answered = True
        if device.generation != self.generation:
            return True  # what was asked is no longer who is meant: the next pass asks the right one
        now = self.around.clock.now()
        device.adopt(found.plan, now.mono)
        device.stranger = ""
        device.discovered, device.discovery_failures = now, 0
        device.discover_at = rediscovery_slot(self.target, settings, now.mono)
        device.sentinels.oids = ()
        for observation in found.observations:
            self._accept(replace(observation, evidence=self.evidence))
        _log.debug(
            "discovered", device=self.target.name, reason=reason or "due", tables=len(found.plan.tables)
        )
        return True

    def _discovery_failed(self, reason: str) -> None:
        self.reading = ()
        device = self.device
        device.discovery_failures += 1
        wait = pause(device.discovery_failures, self.target.interval, self.around.settings.backoff_max)
        device.discover_at = self.began.mono + wait
        self._fail(DISCOVERY_TABLE, reason)

    def _due(self, table: TablePort) -> bool:
        if self.forced and table.mode != "slow":
            return True
        return self.device.table_due.get(table.name, 0.0) <= self.began.mono + 1e-3

    async def _read(self, table: TablePort) -> None:
        self.reading = (table.name,)
        spent = TableCost()
        interval = self.device.interval_of(table)
        began = self.around.clock.now()
        try:
            raw = await self.around.fetcher.table(self.target, table, self.documents)
            seconds = self.around.clock.now().mono - began.mono
            spent.seconds = seconds
            # The values are of different moments in between: the middle is the least wrong for all.
            moment = began.plus(seconds / 2)
            size, start = len(raw.data) if isinstance(raw.data, dict | list) else 1, self.around.timer()
            # A controller's access points take longer than the loop may be held: another thread takes turns.
            if size > LARGE:
                observation = await asyncio.to_thread(self._observe, table, raw, moment, interval)
            else:
                observation = self._observe(table, raw, moment, interval)
            spent.cpu_seconds = self.around.timer() - start
        except NetwatchError as error:
            spent.seconds = self.around.clock.now().mono - began.mono
            self._table_failed(table, str(error), spent)
        except Exception as error:  # a mistake in one table's mapping must not take the others along
            _log.exception("table failed", device=self.target.name, table=table.name)
            self._table_failed(table, f"internal error: {type(error).__name__}", spent)
        else:
            self.answered = True
            spent.passes, spent.values = 1, size
            self._spend(table, spent)
            if table.source != "snmp":
                self.probes[_PROTOCOL[table.source]] = ProbeResult(True, seconds)
            self.device.served(table, self.began.mono, success=True)
            self._accept(observation)
        self.reading = ()

    def _observe(self, table: TablePort, raw: Raw, now: Instant, interval: float) -> Observation:
        memory = self.device.memories.setdefault(table.name, {}) if table.mode == "churning" else None
        observation = table.observe(raw.data, self.target.device, now, interval, memory=memory)
        if raw.problems:
            # What an agent cut short is not the whole table: nothing may be taken for gone.
            problems = (*observation.problems, *raw.problems)
            observation = replace(observation, problems=problems, complete=False)
        return replace(observation, evidence=self.evidence)

    def _fail_tables(self, source: str, reason: str) -> None:
        if self.device.plan is not None:
            for table in self.device.plan.tables:
                if table.source == source and self._due(table):
                    self._table_failed(table, reason, TableCost())

    def _table_failed(self, table: TablePort, reason: str, spent: TableCost) -> None:
        spent.failures = 1
        self._spend(table, spent)
        self.device.served(table, self.began.mono, success=False)
        if table.source != "snmp":
            self.probes.setdefault(_PROTOCOL[table.source], ProbeResult(False, None, reason))
        self._fail(table.name, reason)

    def _fail(self, table: str, reason: str) -> None:
        if reason not in self.problems:
            self.problems.append(reason)
        if not self.device.removed:
            self.around.sink.failed(PollFailure(self.target.device, table, self.around.clock.now(), reason))

    def _accept(self, observation: Observation) -> None:
        if not self.device.removed:
            self.around.sink.accept(observation)

    def _tell(self) -> None:
        """Logs once that a device fell silent and why, and once that it is back: a lost packet is no news."""
        device = self.device
        if self.answered and device.told_silent:
            device.told_silent = False
            _log.info("device answers again", device=self.target.name)
        elif device.failures == (1 if device.last_contact is None else 2) and not device.told_silent:
            device.told_silent = True
            _log.warning("device does not answer", device=self.target.name, reason=device.problem)

    def _conclude(self) -> None:
        device, now = self.device, self.around.clock.now()
        if self.polled and not self.answered:
            device.failures += 1
            wait = pause(device.failures, self.target.interval, self.around.settings.backoff_max)
            # Devices that died together need not be tried together.
            device.rest_until = self.began.mono + wait * self.around.rng.uniform(0.9, 1.0)
        elif self.polled:
            device.failures, device.rest_until = 0, 0.0
        if self.answered or any(result.success for result in self.probes.values()):
            device.last_contact = now.wall
        if self.polled:
            device.problem = self.problems[0] if self.problems else ""
            self._tell()
            if not self.problems:
                device.last_success = now.wall
        elif not device.pollable:
            device.problem = "" if device.reachable is not False else "no probe was answered"
        device.last_duration = seconds = now.mono - self.began.mono
        if self.polled and not self.discovering:
            usual = device.usual_duration
            device.usual_duration = seconds if not usual else usual + (seconds - usual) * WEIGHT
        self._tell_health(now)

    def _tell_health(self, now: Instant) -> None:
        device = self.device
        if device.removed:
            return
        layout = device.health = self.around.health.get(self.probes)
        self.around.sink.accept_block(
            device_block(
                self.target.device,
                now,
                self.target.interval,
                layout,
                self.probes,
                self.evidence,
                tuple(self.problems),
            )
        )


_PROTOCOL = {"ssh": "ssh", "http-json": "http"}
