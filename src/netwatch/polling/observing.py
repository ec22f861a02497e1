"""The part of a pass that reads tables one by one: those that are walked, and those of SSH and HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import structlog

from netwatch.errors import NetwatchError, WireLimited
from netwatch.model import Instant, Observation, TableCost
from netwatch.polling.fetch import Raw
from netwatch.polling.ports import TablePort
from netwatch.polling.progress import PROTOCOLS, Progress
from netwatch.wire import DocumentReader, ProbeResult

__all__ = ["LARGE", "read_table"]

LARGE = 500
"""Values of an observed table whose mapping takes about 10 ms."""

_log = structlog.get_logger("netwatch.polling")


async def read_table(progress: Progress, table: TablePort, documents: DocumentReader | None) -> None:
    """Reads one table and tells of it. `documents`: what this pass reads over HTTP."""
    progress.reading = (table.name,)
    around, spent = progress.around, TableCost()
    began = around.clock.now()
    try:
        raw = await around.fetcher.table(progress.target, table, documents)
        seconds = around.clock.now().mono - began.mono
        spent.seconds = seconds
        # The values are of different moments in between: the middle is the least wrong for all.
        moment = began.plus(seconds / 2)
        size, start = sum(map(_size, (raw.data, *raw.others.values()))), around.timer()
        # A controller's access points take longer than the loop may be held: another thread takes turns.
        if size > LARGE:
            observation = await asyncio.to_thread(_observe, progress, table, raw, moment)
        else:
            observation = _observe(progress, table, raw, moment)
        spent.cpu_seconds = around.timer() - start
    except NetwatchError as error:
        spent.seconds = around.clock.now().mono - began.mono
        if isinstance(error, WireLimited):
            progress.answers(table, str(error))
        progress.table_failed(table, str(error), spent)
    except Exception as error:  # a mistake in one table's mapping must not take the others along
        _log.exception("table failed", device=progress.target.name, table=table.name)
        progress.table_failed(table, f"internal error: {type(error).__name__}", spent)
    else:
        spent.values = size
        progress.served(table, spent)
        if table.source != "snmp":
            progress.probes[PROTOCOLS[table.source]] = ProbeResult(True, seconds)
        progress.accept(observation)
    progress.reading = ()


def _observe(progress: Progress, table: TablePort, raw: Raw, at: Instant) -> Observation:
    device = progress.device
    memory = device.memories.setdefault(table.name, {})
    interval = device.interval_of(table)
    observation = table.observe(
        raw.data, progress.target.device, at, interval, memory=memory, others=raw.others
    )
    if raw.problems:
        # What an agent cut short is not the whole table: nothing may be taken for gone.
        problems = (*observation.problems, *raw.problems)
        return replace(observation, problems=problems, complete=False, evidence=progress.evidence)
    return replace(observation, evidence=progress.evidence)


def _size(data: Any) -> int:
    """About how many values there are: those of a document stand in lists below its members."""
    if isinstance(data, dict):
        return sum(_length(member) for member in data.values())
    return _length(data)


def _length(data: Any) -> int:
    if isinstance(data, dict):
        return sum(len(member) if isinstance(member, list) else 1 for member in data.values()) or 1
    return len(data) if isinstance(data, list) else 1
