"""The part of a pass that asks exact OIDs: evidence and all tables of blocks that are due, in one go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np
import structlog

from netwatch.errors import WireError
from netwatch.model import Block, Evidence, Instant, TableCost
from netwatch.polling.device import Device
from netwatch.polling.evidence import evidence_of
from netwatch.polling.fetch import Fetcher
from netwatch.polling.ports import TablePort
from netwatch.polling.request import Part, Request, evidence_values
from netwatch.wire import Fetched

__all__ = ["Answer", "ask", "blocks_of"]

_log = structlog.get_logger("netwatch.polling")


@dataclass(slots=True)
class Answer:
    """What came back, and when."""

    request: Request
    fetched: Fetched | None
    """None: nothing at all."""
    began: Instant
    seconds: float
    refusal: str = ""
    """Why not everything came."""
    evidence: Evidence = field(default_factory=Evidence)
    reason: str = ""
    """Why discovery is called for; mostly empty."""

    @property
    def round_trip(self) -> float:
        """Seconds of the first request, as far as it is told."""
        if self.fetched is not None and len(self.fetched.times):
            first = 2 * (float(self.fetched.times[0]) - self.began.mono)
            if 0 < first <= self.seconds:
                return first
        return self.seconds


async def ask(fetcher: Fetcher, device: Device, request: Request, now: Callable[[], Instant]) -> Answer:
    """Asks, and compares what the device says of itself with what it said before."""
    began, refusal = now(), ""
    fetched: Fetched | None = None
    try:
        fetched = await fetcher.fetch(device.target, request.template)
    except WireError as error:
        refusal = str(error)
        if isinstance(error.partial, Fetched) and not np.isnan(error.partial.times).all():
            fetched = error.partial
    answer = Answer(request, fetched, began, now().mono - began.mono, refusal)
    if fetched is not None:
        values = evidence_values(request, fetched)
        answer.evidence = evidence_of(values)
        answer.reason = device.sentinels.compare(values)
        if not answer.reason and request.moved(fetched):
            answer.reason = "ifTableLastChange changed during the poll"
    return answer


def blocks_of(
    answer: Answer, device: Device, timer: Callable[[], float]
) -> Iterator[tuple[TablePort, Block | None, str, TableCost]]:
    """Each table's block, or why there is none, and what it cost."""
    request, fetched = answer.request, answer.fetched
    asked = max(1, len(request.template))
    at = answer.began.plus(answer.seconds / 2)  # values have times of their own; this is the table's
    for part in request.parts:
        spent = TableCost(seconds=answer.seconds * part.size / asked)
        block, problem = None, answer.refusal
        if fetched is not None:
            piece = part.of(fetched)
            if not answer.refusal or not np.isnan(piece.times).all():
                began = timer()
                block, problem = _block(part, piece, answer, device, at)
                spent.cpu_seconds = timer() - began
                spent.values = len(piece.kinds) - piece.kinds.tobytes().count(0)
        yield part.table, block, problem, spent


def _block(
    part: Part, piece: Fetched, answer: Answer, device: Device, at: Instant
) -> tuple[Block | None, str]:
    table = part.table
    reader = table.blocks
    assert reader is not None
    problems = (*piece.problems, answer.refusal) if answer.refusal else piece.problems
    try:
        block, memory = reader.read(
            piece,
            device.memories.get(table.name),
            source=device.target.device,
            at=at,
            interval=device.interval_of(table),
            evidence=answer.evidence,
            problems=problems,
        )
    except Exception as error:  # a mistake in one table's mapping must not take the others along
        _log.exception("table failed", device=device.target.name, table=table.name)
        device.memories.pop(table.name, None)
        return None, f"internal error: {type(error).__name__}"
    if memory is not None:
        device.memories[table.name] = memory
    return block, ""
