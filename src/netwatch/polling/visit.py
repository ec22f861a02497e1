"""One pass over one device: probe, ask since when it runs, discover if need be, read the tables due."""

from __future__ import annotations

import asyncio

from netwatch.errors import WireError
from netwatch.model import TableCost
from netwatch.polling.asked import Answer, ask, blocks_of
from netwatch.polling.conclusion import conclude
from netwatch.polling.device import Device
from netwatch.polling.evidence import ANOTHER_DEVICE
from netwatch.polling.health import DEVICE_TABLE
from netwatch.polling.observing import read_table
from netwatch.polling.ports import TablePort
from netwatch.polling.progress import Progress
from netwatch.polling.rediscovery import DISCOVERY_TABLE, discovery_due, rediscover
from netwatch.polling.surroundings import Surroundings
from netwatch.wire import ProbeResult

__all__ = ["Visit"]


class Visit:
    """One pass. It never raises but for cancellation; what goes wrong is told to the sink."""

    __slots__ = ("_apart", "_around", "_device", "_progress")

    def __init__(self, around: Surroundings, device: Device, *, forced: bool) -> None:
        """`forced`: reads all tables but the slow ones, due or not."""
        self._around = around
        self._device = device
        self._progress = Progress(around, device, forced=forced)
        self._apart: tuple[TablePort, ...] = ()
        """Tables that were asked for together in vain, to be asked for one by one."""

    async def run(self) -> None:
        device, progress = self._device, self._progress
        try:
            rest = progress.began.mono < device.rest_until
            returned = bool(self._around.probers) and await self._probe()
            if device.pollable and (progress.forced or returned or not rest or not self._probed):
                progress.polled = True
                await self._poll()
        except asyncio.CancelledError:
            if not device.expired:
                raise
            asyncio.current_task().uncancel()  # type: ignore[union-attr]
            seconds = self._around.clock.now().mono - progress.began.mono
            for table in progress.reading or (DEVICE_TABLE,):
                progress.fail(table, f"given up after {seconds:.0f} s: the poll took too long")
        conclude(progress)

    @property
    def _probed(self) -> bool:
        return any(prober.applies(self._progress.target) for prober in self._around.probers)

    async def _probe(self) -> bool:
        """Asks all probers that apply; True if a device that was gone answers again."""
        progress, device = self._progress, self._device
        for prober in self._around.probers:
            if not prober.applies(progress.target):
                continue
            try:
                progress.probes[prober.protocol] = await prober.probe(progress.target)
            except WireError as error:
                # netwatch itself can't probe: that says nothing of the device.
                progress.problems.append(f"{prober.protocol}: {error}")
        before = device.reachable
        if progress.probes:
            device.reachable = any(result.success for result in progress.probes.values())
        return before is False and device.reachable is True

    async def _poll(self) -> None:
        progress, device, answer = self._progress, self._device, None
        if progress.target.snmp is not None:
            answer = await self._first_answer()
            if answer is None:
                return
        reason = "" if answer is None else answer.reason
        # Where the device says that it changed, what was read may be of other rows than it seems.
        if discovery_due(progress, reason) and await rediscover(progress, reason):
            return
        if device.plan is None or progress.outdated:
            return
        if device.stranger:
            progress.fail_tables("snmp", f"{device.stranger}: it has to be discovered first")
        elif self._apart:
            await self._feed_apart()
        elif answer is not None and answer.fetched is not None:
            if not answer.request.parts and (tables := progress.due_together()):
                answer = await self._ask(tables)  # the discovery failed: the old plan stays in use
            self._feed(answer)
        if device.apart:
            await self._read_apart()

    async def _read_apart(self) -> None:
        """Tables that are walked, and those of other sources."""
        progress, device = self._progress, self._device
        documents = self._around.fetcher.documents(progress.target)
        for table in device.apart:
            if progress.outdated:
                return
            if progress.due(table) and (table.source != "snmp" or self._answers()):
                await read_table(progress, table, documents)

    async def _first_answer(self) -> Answer | None:
        """What the device says of itself, and the tables of blocks that are due. None ends the pass."""
        progress, device = self._progress, self._device
        # What is to be discovered anew would be asked in vain.
        tables = progress.due_together() if not discovery_due(progress, "") else ()
        answer = await self._ask(tables)
        if answer.fetched is None and tables and not device.failures:
            # Perhaps one table silences the agent: is it there at all?
            answer, self._apart = await self._ask(()), tables
        if progress.outdated:
            return None
        if answer.fetched is None:
            self._apart = ()
            progress.fail_tables("snmp", answer.refusal)
            if device.plan is None:
                progress.fail(DISCOVERY_TABLE, answer.refusal)
                return None
        elif answer.reason == ANOTHER_DEVICE and device.plan is not None:
            device.stranger = answer.reason
        return answer

    def _answers(self) -> bool:
        return self._progress.probes["snmp"].success and not self._device.stranger

    async def _ask(self, tables: tuple[TablePort, ...]) -> Answer:
        """The device's evidence, and these tables."""
        around, device, progress = self._around, self._device, self._progress
        request = device.request(tables, around.requests)
        progress.reading = request.tables
        answer = await ask(around.fetcher, device, request, around.clock.now)
        progress.reading = ()
        if answer.fetched is None:
            progress.probes["snmp"] = ProbeResult(False, None, answer.refusal)
        else:
            progress.probes["snmp"] = ProbeResult(True, answer.round_trip)
            progress.answered = True
            progress.evidence = answer.evidence
        return answer

    async def _feed_apart(self) -> None:
        """Asks for each table by itself, so that the one which the agent does not bear spoils no other."""
        progress = self._progress
        alive = progress.probes["snmp"]
        for table in self._apart:
            if progress.outdated:
                return
            answer = await self._ask((table,))
            if answer.fetched is None:
                progress.table_failed(table, answer.refusal, TableCost(seconds=answer.seconds))
            else:
                self._feed(answer)
        progress.probes["snmp"] = alive

    def _feed(self, answer: Answer) -> None:
        """Hands on what came; a table of which nothing came has failed."""
        progress, device = self._progress, self._device
        if progress.outdated:
            return
        for table, block, problem, spent in blocks_of(answer, device, self._around.timer):
            if block is None:
                progress.table_failed(table, problem, spent)
                continue
            progress.served(table, spent)
            if not device.removed:
                self._around.sink.accept_block(block)
        if answer.refusal and answer.refusal not in progress.problems:
            progress.problems.append(answer.refusal)
