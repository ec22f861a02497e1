"""What the poller knows of one device between passes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netwatch.model import BlockLayout, Instant, TableCost, Target
from netwatch.polling.evidence import Sentinels
from netwatch.polling.ports import KeptPlan, PlanPort, TablePort
from netwatch.polling.rechecks import Rechecks
from netwatch.polling.request import Request, Requests
from netwatch.polling.spread import next_slot, table_phase

__all__ = ["Device"]

SLOW_RETRY = 600.0
"""A daily table that could not be read is tried again after this many seconds, not tomorrow."""

MOST_REQUESTS = 8
"""Different sets of tables that are due together; beyond, they are put together anew."""


@dataclass(eq=False, slots=True)
class Device:
    """Mutable; only the poller and the pass under way touch it. Times are monotonic seconds unless said."""

    target: Target
    generation: int = 0
    """Raised when addresses, credentials or the profile change: a pass under way is then about the past."""
    plan: PlanPort | None = None
    table_due: dict[str, float] = field(default_factory=dict)
    sentinels: Sentinels = field(default_factory=Sentinels)
    discover_at: float = 0.0
    """The next discovery is due."""
    discovered: Instant | None = None
    discovery_failures: int = 0
    stranger: str = ""
    """Why the plan is of another device than the one that answers now; until a discovery."""
    requests: dict[tuple[object, ...], Request] = field(default_factory=dict)
    """Those in use, by what they ask for."""
    memories: dict[str, Any] = field(default_factory=dict)
    """By table: what BlockPort.read or TablePort.observe is handed again at the next pass."""
    told: set[str] = field(default_factory=set)
    """Tables of which the last pass had something to complain."""
    health: BlockLayout | None = None
    """What its probes told last, kept for the next pass that comes to the same."""
    costs: dict[str, TableCost] = field(default_factory=dict)
    sorted_tables: tuple[tuple[TablePort, ...], tuple[TablePort, ...]] | None = None
    often: tuple[str, ...] | None = None
    """Tables that are polled more often than the device; None until somebody asks."""
    slots: dict[str, tuple[float, float]] = field(default_factory=dict)
    """By table: its interval and its place in it, in seconds."""

    # reachability
    failures: int = 0
    rest_until: float = 0.0
    """No full poll before this while the device is silent."""
    reachable: bool | None = None
    """What the probes said last; None where there are none."""

    # scheduling
    due: float = 0.0
    busy: bool = False
    """Queued or running."""
    rechecks: Rechecks = field(default_factory=Rechecks)
    """Polls that somebody asks for."""
    began: float = float("-inf")
    deadline: float = float("inf")
    expired: bool = False
    removed: bool = False

    # status
    last_success: float | None = None
    last_contact: float | None = None
    last_duration: float | None = None
    usual_duration: float = 0.0
    """Seconds of a pass without a discovery, a moving average."""
    problem: str = ""
    told_silent: bool = False
    """The log says that it does not answer."""

    @property
    def pollable(self) -> bool:
        """False for what is only probed."""
        return any((self.target.snmp, self.target.ssh, self.target.http))

    def interval_of(self, table: TablePort) -> float:
        return self.target.interval if table.interval is None else table.interval

    def change(self, target: Target) -> None:
        """Another target under the same id. What makes it another conversation asks for `forget_plan`."""
        self.target = target
        self.slots.clear()
        self.often = None

    def reschedule(self, now: float) -> None:
        """Tables to the slots of the target as it is now, but none later than it was due: what the pass under
        way has not come to yet, or what has failed, would be read a day late otherwise."""
        if self.plan is not None:
            before = self.table_due
            self._forget_tables()
            self.table_due = {
                table.name: min(before[table.name], self._slot(table, now))
                for table in self.plan.tables
                if table.name in before
            }

    def adopt(self, plan: PlanPort, now: float) -> None:
        """A new plan whose tables were all read just now."""
        self.plan = plan
        self._forget_tables()
        self.table_due = {table.name: self._slot(table, now) for table in plan.tables}

    def forget_plan(self) -> None:
        self.generation += 1
        self.plan, self.discovered, self.stranger = None, None, ""
        self._forget_tables()
        self.table_due.clear()
        self.sentinels.forget()
        self.discover_at = self.rest_until = 0.0
        self.discovery_failures = self.failures = 0

    def _forget_tables(self) -> None:
        self.requests.clear()
        self.memories.clear()
        self.slots.clear()
        self.sorted_tables = self.often = None

    def request(self, tables: tuple[TablePort, ...], requests: Requests) -> Request:
        """For the device's evidence and these tables."""
        evidence = self.sentinels.to_ask(() if self.plan is None else self.plan.evidence_oids)
        key = (evidence, *(table.name for table in tables))
        found = self.requests.get(key)
        if found is None:
            if len(self.requests) >= MOST_REQUESTS:
                self.requests.clear()
            found = self.requests[key] = requests.get(evidence, tables)
        return found

    def restore(self, kept: KeptPlan, discovered: Instant) -> None:
        """A plan of an earlier run, none of whose tables has been read in this one."""
        self.plan, self.discovered = kept.plan, discovered
        if kept.sentinels:
            self.sentinels = Sentinels(dict(kept.sentinels), tuple(kept.sentinels))
        self._forget_tables()
        self.table_due.clear()

    @property
    def together(self) -> tuple[TablePort, ...]:
        """Tables of the plan that make blocks: asked in one go."""
        return self._sorted()[0]

    @property
    def apart(self) -> tuple[TablePort, ...]:
        """The others, in the plan's order."""
        return self._sorted()[1]

    def _sorted(self) -> tuple[tuple[TablePort, ...], tuple[TablePort, ...]]:
        """Made at first use: what makes blocks may have to be compiled first."""
        if self.sorted_tables is None:
            tables = () if self.plan is None else tuple(self.plan.tables)
            self.sorted_tables = (
                tuple(table for table in tables if _makes_blocks(table)),
                tuple(table for table in tables if not _makes_blocks(table)),
            )
        return self.sorted_tables

    def cost(self, table: str) -> TableCost:
        found = self.costs.get(table)
        if found is None:
            found = self.costs[table] = TableCost()
        return found

    def served(self, table: TablePort, now: float, *, success: bool) -> None:
        due = self._slot(table, now)
        self.table_due[table.name] = due if success else min(due, now + SLOW_RETRY)

    def next_due(self, now: float) -> float:
        """The device's own slot, or an earlier one of a table that is polled more often."""
        interval, phase = self._slot_of("", None)
        due = next_slot(now, interval, phase)
        if self.failures:
            return due
        if self.often is None:
            tables = () if self.plan is None else self.plan.tables
            often = [table.name for table in tables if self.interval_of(table) < self.target.interval]
            self.often = tuple(often)
        for table in self.often:
            due = min(due, max(self.table_due.get(table, due), now))
        return due

    def _slot(self, table: TablePort, now: float) -> float:
        return next_slot(now, *self._slot_of(table.name, table.interval))

    def _slot_of(self, table: str, interval: float | None) -> tuple[float, float]:
        """Interval and phase of a table; of the device itself for an empty name."""
        found = self.slots.get(table)
        if found is None:
            period = self.target.interval
            length = period if interval is None else interval
            found = length, table_phase(self.target.device, table, period, length)
            self.slots[table] = found
        return found


def _makes_blocks(table: TablePort) -> bool:
    return table.source == "snmp" and not table.context and table.blocks is not None
