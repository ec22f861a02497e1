"""What a daemon does again and again, beside polling and delivering."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import structlog

from netwatch.alerts import circuit_misfits, known_ports
from netwatch.app.figures import show_delivery
from netwatch.app.garbage import settle
from netwatch.app.linked import Bridges, LinkKeeper
from netwatch.app.parts import Parts
from netwatch.app.periodic import Rhythm, every
from netwatch.app.pulse import Beating
from netwatch.app.recording import Recording
from netwatch.app.turns import gently, metered
from netwatch.errors import StoreError
from netwatch.history.incoming import Incoming
from netwatch.model import DAY, Instant, Snapshot

__all__ = ["Chores", "pause_after"]

SNAPSHOT_SECONDS = 5.0
"""Readers see the world at most this old, as long as that is cheap."""
SNAPSHOT_SHARE = 0.05
"""Part of a core that making snapshots may take."""
OLDEST_SNAPSHOT = 60.0
"""However dear snapshots are, one is made that often."""
IDENTITY_SECONDS = 5.0
RECORD_SECONDS = 30.0
IMPORT_SECONDS = 2.0
"""Whoever imports waits that long until a file is taken over."""
PLAN_SECONDS = 900.0
FIRST_SECONDS, FIRST_PLAN_SECONDS = 1.0, 45.0
PLAN_SHARE = 0.05
"""Part of a core that making plans may take."""
SCHOOL_DAY_SECONDS, FIRST_SCHOOL_DAY_SECONDS = 900.0, 120.0
CLOSURE_SECONDS = 5.0
"""Within so many seconds the ranked lists are made anew if calendars changed."""
LINK_SECONDS = 30.0
FIRST_BRIDGES_SECONDS = 180.0
SETTLE_SECONDS, FIRST_SETTLE_SECONDS = 600.0, 60.0
SAVE_SECONDS = 300.0
"""What a restart wants to find is written that often."""
_PAGED = 220 * DAY
"""How far back messages to people are counted: the months that the monthly page tells."""
LAG_SECONDS = 0.5


def pause_after(cost: float) -> float:
    """Seconds from one snapshot to the next, if one costs so many CPU seconds."""
    return min(max(SNAPSHOT_SECONDS, cost / SNAPSHOT_SHARE), OLDEST_SNAPSHOT)


class Chores:
    """One per daemon. Alerts, history and metrics look at the snapshots that readers see."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.links = LinkKeeper(parts)
        self._bridges = Bridges(parts)
        self._freezing = asyncio.Lock()
        self._judging = asyncio.Lock()
        self.writing = asyncio.Lock()
        """Held by whoever writes history."""
        self._evaluations = 0
        self._earliest = float("-inf")
        """Monotonic second before which no further snapshot is made unasked."""
        self._next_plan = float("-inf")
        """Monotonic second before which no plans are made unasked."""
        self._misfits: frozenset[str] = frozenset()
        self._judged: Instant | None = None
        self._recorded: Instant | None = None
        """Of the snapshot that was; it itself is large, and no longer needed."""
        self._recording = Recording(parts.history)
        self._calendars = parts.configuration.calendars
        self._judgements = Rhythm(
            lambda: parts.configuration.settings.alerts.evaluation_interval, parts.clock, first=float("inf")
        )
        self._rounds = Rhythm(
            lambda: parts.configuration.settings.alerts.bridge_tables,
            parts.clock,
            first=FIRST_BRIDGES_SECONDS,
        )
        self._beating = Beating(parts, lambda: self._evaluations)
        self._log = structlog.get_logger("netwatch")

    def works(self) -> Iterator[tuple[str, Coroutine[Any, Any, None]]]:
        """(name, what runs until it is cancelled)."""
        clock = self._parts.clock
        for name, seconds, first, action in (
            ("identities", IDENTITY_SECONDS, IDENTITY_SECONDS, self._parts.identities.write),
            ("history", RECORD_SECONDS, RECORD_SECONDS, self.record),
            ("last plans", DAY, FIRST_SECONDS, self._restore_plans),
            ("import", IMPORT_SECONDS, IMPORT_SECONDS, self.adopt),
            ("planning", PLAN_SECONDS, FIRST_PLAN_SECONDS, self.plan),
            ("closures", CLOSURE_SECONDS, CLOSURE_SECONDS, self.follow_calendars),
            ("school day", SCHOOL_DAY_SECONDS, FIRST_SCHOOL_DAY_SECONDS, self.look_back),
            ("retention", DAY, 600.0, self.forget),
            ("circuits", SCHOOL_DAY_SECONDS, FIRST_SCHOOL_DAY_SECONDS, self.look_at_circuits),
            ("links", LINK_SECONDS, LINK_SECONDS, self.links.save),
            ("restart", SAVE_SECONDS, SAVE_SECONDS, self.save),
            ("garbage", SETTLE_SECONDS, FIRST_SETTLE_SECONDS, self.settle),
        ):
            yield name, every(seconds, action, name=name, clock=clock, first=first)
        yield "alerts", self._judgements.run(self.judge, name="alerts")
        yield "bridges", self._rounds.run(self._bridges.ask, name="bridges")
        yield "heartbeat", self._beating.run()
        yield "early alerts", self._parts.early.run(self.judge_anew)
        yield "snapshot", self._keep_fresh()
        yield "lag", self._watch_lag()

    def reloaded(self) -> None:
        """The settings are others."""
        for one in (self._judgements, self._rounds, self._beating):
            one.changed()

    async def freeze(self, *, anew: bool = False) -> None:
        """A new snapshot for the readers; one that is being made will do, unless it has to be of now."""
        before = self._parts.snapshot
        async with self._freezing:
            if anew or self._parts.snapshot is before:
                _, cost = await metered(self._freeze())
                self._earliest = self._parts.clock.now().mono + pause_after(cost)

    async def judge(self) -> None:
        """One evaluation of all rules, over the newest snapshot; where that is cheap, over a new one."""
        parts = self._parts
        if parts.clock.now().mono >= self._earliest or parts.snapshot.at == self._judged:
            await self.freeze()
        await self._judge()

    async def judge_anew(self) -> None:
        """One evaluation over a snapshot of now, whatever that costs."""
        await self.freeze(anew=True)
        await self._judge()

    async def _judge(self) -> None:
        parts = self._parts
        async with self._judging:
            self._judged = parts.snapshot.at
            columns = {**parts.snapshot.columns, **parts.school_day.columns}
            learnt = self._bridges.learnt
            await parts.alerting.judge_gently(replace(parts.snapshot, columns=columns, learnt=learnt))
            self._evaluations += 1
        standings = parts.alerting.desk.standings(parts.alerting.alerts())
        parts.metrics.alerts(Counter(standing.state.value for standing in standings.values()))

    async def record(self) -> None:
        """Folds what is new into buckets; those that are full go to disk."""
        parts = self._parts
        if parts.snapshot.at != self._recorded:
            self._recorded = parts.snapshot.at
            await gently(parts.recorder.observe_steps(parts.snapshot))
        async with self.writing:
            samples = await self._recording.write(parts.recorder.take_steps(parts.clock.now().wall))
        if samples:
            parts.metrics.history_written(samples, await asyncio.to_thread(parts.history.size))

    async def adopt(self) -> None:
        """Takes over what `netwatch history import` has handed in, file by file: between two of them whoever
        writes what was measured has its turn."""
        history = self._parts.history
        for path in await asyncio.to_thread(Incoming(history.directory).waiting):
            async with self.writing:
                problem = await asyncio.to_thread(history.adopt, path)
            if problem:
                self._log.error("import", refused=problem)

    async def plan(self) -> None:
        """Makes the ranked lists anew, and keeps them once a day. A district of which that is dear gets them
        less often."""
        now = self._parts.clock.now().mono
        if now >= self._next_plan:
            await self._plan()
            self._next_plan = now + self._parts.planner.cost / PLAN_SHARE - PLAN_SECONDS / 2

    async def _plan(self) -> None:
        parts = self._parts
        await parts.planner.refresh(parts.snapshot, parts.configuration, parts.state.tenures(), self._pages())
        parts.metrics.plans.show(parts.planner.reports() or {})
        if parts.ready():  # a list of what was not polled yet is no record of the day
            kept = parts.configuration.settings.planning
            await parts.plan_desk.keep_daily(daily=kept.snapshot_days, monthly=kept.snapshot_months)

    async def _restore_plans(self) -> None:
        """What the netwatch before had, until there are new ones."""
        parts = self._parts
        if await parts.planner.restore(parts.configuration):
            parts.metrics.plans.show(parts.planner.reports() or {})

    def _pages(self) -> dict[date, int] | None:
        """How many messages people got, by month; None where the store does not tell."""
        now = self._parts.clock.now().wall
        try:
            told = self._parts.store.desk.tellings(now - _PAGED)
        except StoreError:
            return None
        days = (datetime.fromtimestamp(one.at, UTC) for one in told)
        return dict(Counter(date(day.year, day.month, 1) for day in days))

    async def follow_calendars(self) -> None:
        """A snow day that was entered by a reload holds for the ranked lists too, and at once."""
        calendars = self._parts.configuration.calendars
        if calendars is not self._calendars:
            before, self._calendars = self._calendars, calendars
            if calendars != before and self._parts.planner.plans is not None:
                await self._plan()

    async def look_back(self) -> None:
        """How busy the last school day was, for rules; done once it is over."""
        parts = self._parts
        if parts.ready():
            await parts.school_day.refresh(parts.snapshot, parts.configuration.school_time)

    async def forget(self) -> None:
        """History and incidents beyond their retention."""
        parts = self._parts
        before = parts.clock.now().wall - parts.configuration.settings.history.retention
        async with self.writing:
            await asyncio.to_thread(parts.history.prune, before)
        parts.store.incidents.forget(before)
        parts.alerting.desk.forget(before)

    async def look_at_circuits(self) -> None:
        """Says which circuits of the inventory end at ports that their devices don't have."""
        parts = self._parts
        if not parts.ready():
            return
        inventory = parts.configuration.inventory
        found = frozenset(map(str, circuit_misfits(inventory, known_ports(parts.snapshot))))
        for problem in sorted(found - self._misfits):
            self._log.warning("configuration", warning=problem)
        self._misfits = found

    async def save(self) -> None:
        """Writes what makes the next start cheap."""
        if self._parts.memory is not None:
            await self._parts.memory.save()

    async def settle(self) -> None:
        """Objects that came with devices, plans and label texts are there to stay."""
        if self._parts.ready():
            settle()

    async def _keep_fresh(self) -> None:
        """Snapshots as often as their cost allows."""
        clock = self._parts.clock
        while True:
            began = clock.now().mono
            try:
                if began >= self._earliest:
                    await self.freeze()
            except asyncio.CancelledError:
                raise
            except Exception:
                self._log.exception("periodic task failed", task="snapshot")
                self._earliest = began + SNAPSHOT_SECONDS
            await clock.sleep(max(0.0, self._earliest - clock.now().mono))

    async def _freeze(self) -> None:
        parts = self._parts
        parts.snapshot = await _snapshot_of(parts.state)
        metrics, stats = parts.metrics, parts.poller.stats
        await gently(metrics.state_steps(parts.snapshot))
        metrics.poller(
            passes=stats.passes,
            deadlines=stats.deadlines,
            seconds_late=stats.seconds_late,
            running=stats.running,
            waiting=stats.waiting,
        )
        metrics.costs(stats.tables, parts.poller.costliest(20))
        show_delivery(parts)

    async def _watch_lag(self) -> None:
        """How late timers come: what heavy work in the event loop costs everybody."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(LAG_SECONDS)
            self._parts.metrics.loop_lag(time.perf_counter() - began - LAG_SECONDS)


async def _snapshot_of(state: Any) -> Snapshot:
    """In turns, where the state can."""
    gentle = getattr(state, "snapshot_gently", None)
    snapshot: Snapshot = state.snapshot() if gentle is None else await gentle()
    return snapshot
