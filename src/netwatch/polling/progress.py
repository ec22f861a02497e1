"""What one pass over one device has come to so far, and how that is told."""

from __future__ import annotations

import structlog

from netwatch.model import Evidence, Instant, Observation, PollFailure, TableCost
from netwatch.polling.device import Device
from netwatch.polling.health import device_block
from netwatch.polling.ports import TablePort
from netwatch.polling.surroundings import Surroundings
from netwatch.wire import ProbeResult

__all__ = ["PROTOCOLS", "Progress"]

PROTOCOLS = {"ssh": "ssh", "http-json": "http"}
"""The protocol that a source of tables is probed by; SNMP's probe is the device's evidence."""

UNKNOWN = Evidence()

_log = structlog.get_logger("netwatch.polling")


class Progress:
    """Mutable; of one pass. Nothing is told of a device that has been removed meanwhile."""

    __slots__ = (
        "answered",
        "around",
        "began",
        "device",
        "discovering",
        "evidence",
        "forced",
        "generation",
        "polled",
        "probes",
        "problems",
        "reading",
        "target",
    )

    def __init__(self, around: Surroundings, device: Device, *, forced: bool) -> None:
        """`forced`: all tables but the slow ones are read, due or not."""
        self.around = around
        self.device = device
        self.forced = forced
        self.target = device.target
        self.generation = device.generation
        self.began: Instant = around.clock.now()
        self.probes: dict[str, ProbeResult] = {}
        self.evidence = UNKNOWN
        self.problems: list[str] = []
        self.polled = False
        """It was asked for more than the probes."""
        self.answered = False
        """Something beside the probes."""
        self.reading: tuple[str, ...] = ()
        """Tables under way."""
        self.discovering = False

    @property
    def outdated(self) -> bool:
        """Addresses or credentials changed in mid-pass: what comes is not of who is meant now."""
        return self.device.generation != self.generation

    def due(self, table: TablePort) -> bool:
        if self.forced and table.mode != "slow":
            return True
        return self.device.table_due.get(table.name, 0.0) <= self.began.mono + 1e-3

    def due_together(self) -> tuple[TablePort, ...]:
        """The tables of blocks that are due."""
        device = self.device
        return () if device.stranger else tuple([table for table in device.together if self.due(table)])

    # -- telling

    def spend(self, table: TablePort, spent: TableCost) -> None:
        self.device.cost(table.name).add(spent)
        self.around.stats.cost(table.name).add(spent)

    def served(self, table: TablePort, spent: TableCost) -> None:
        """A table was read."""
        self.answered = True
        spent.passes = 1
        self.spend(table, spent)
        self.device.served(table, self.began.mono, success=True)

    def table_failed(self, table: TablePort, reason: str, spent: TableCost) -> None:
        spent.failures = 1
        self.spend(table, spent)
        self.device.served(table, self.began.mono, success=False)
        if table.source != "snmp":
            self.probes.setdefault(PROTOCOLS[table.source], ProbeResult(False, None, reason))
        self.fail(table.name, reason)

    def answers(self, table: TablePort, reason: str) -> None:
        """It gave no values, but it is there."""
        self.answered = True
        if table.source != "snmp":
            self.probes.setdefault(PROTOCOLS[table.source], ProbeResult(True, None, reason))

    def fail_tables(self, source: str, reason: str) -> None:
        """All tables of a source that are due."""
        if self.device.plan is not None:
            for table in self.device.plan.tables:
                if table.source == source and self.due(table):
                    self.table_failed(table, reason, TableCost())

    def fail(self, table: str, reason: str) -> None:
        if reason not in self.problems:
            self.problems.append(reason)
        if not self.device.removed:
            self.around.sink.failed(PollFailure(self.target.device, table, self.around.clock.now(), reason))

    def accept(self, observation: Observation) -> None:
        if self.device.removed:
            return
        told = self.device.told
        if not observation.problems:
            told.discard(observation.table)
        elif observation.table not in told:  # it goes on at each pass, and need not be said again
            told.add(observation.table)
            _log.warning(
                "table is not read as it should be",
                device=self.target.name,
                table=observation.table,
                problem=observation.problems[0],
                more=len(observation.problems) - 1,
            )
        self.around.sink.accept(observation)

    def tell_health(self, now: Instant) -> None:
        """Is it up, and what do the probes say."""
        device, target = self.device, self.target
        if not device.removed:
            layout = device.health = self.around.health.get(self.probes)
            problems = tuple(self.problems)
            self.around.sink.accept_block(
                device_block(
                    target.device, now, target.interval, layout, self.probes, self.evidence, problems
                )
            )
