"""A desk of plans that answers at once, or when it is let, for the tests of the web room."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from netwatch.app.plan_snapshots import SnapshotEntry, SnapshotList
from netwatch.errors import ConfigError, PlanningError, Problem
from netwatch.export import SnapshotHead, canonical_json, report_to_json
from netwatch.model import Report, ReportColumn, ReportRow, Sheet, Show

COLUMNS = (
    ReportColumn("change", "Change"),
    ReportColumn("name", "Name"),
    ReportColumn("rank_before", "Rank before", Show.COUNT),
    ReportColumn("rank_after", "Rank after", Show.COUNT),
    ReportColumn("why", "Why"),
)
ROW = ReportRow("SN1", ("rose", "sw-1", 14, 3, "rose from 14 to 3: age +0.5"))
COMPARISON = Report("comparison", "What moved", 1.79e9, (Sheet("moves", "What moved", COLUMNS, (ROW,)),))
ENTRY = SnapshotEntry("board", SnapshotHead(1.79e9, "board", "1.0", {"replacements": "A"}), 12_345)


@dataclass
class FakePlanDesk:
    made: bool = True
    gate: asyncio.Event | None = None
    """What a what-if waits for."""
    asked: list[tuple[object, ...]] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    def ready(self) -> bool:
        return self.made

    async def what_if(
        self, text: str, files: Mapping[str, str], plan: str, *, with_report: bool = False
    ) -> bytes:
        self.asked.append((text, dict(files), plan, with_report))
        self.begun.set()
        if self.gate is not None:
            await self.gate.wait()
        if "wrong" in text:
            problem = Problem("", "rollout[0].schools[0]", "there is no school 'x'", "did you mean 'y'?", 2)
            raise ConfigError([problem, Problem("p.yaml", "name", "is required", "", 1)])
        return canonical_json({"schema": "netwatch-whatif/1", "comparison": report_to_json(COMPARISON)})

    async def snapshots(self) -> SnapshotList:
        return SnapshotList((ENTRY,), ("2027-01-01.json.gz is damaged",))

    async def keep(self, name: str) -> SnapshotEntry:
        self.asked.append((name,))
        if name == "taken":
            raise PlanningError("there is a snapshot 'taken' already: take another name")
        return ENTRY

    async def kept(self, key: str, plan: str) -> bytes:
        self.asked.append((key, plan))
        return canonical_json(report_to_json(COMPARISON))

    async def compare(self, old: str, new: str, plan: str) -> bytes:
        self.asked.append((old, new, plan))
        if old == "nowhere":
            raise PlanningError("there is no snapshot 'nowhere'")
        return canonical_json(report_to_json(COMPARISON))
