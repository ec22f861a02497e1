"""What people ask of plans beyond reading them: what if, snapshots, what moved. All of it in a worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import structlog
import yaml

from netwatch import __version__
from netwatch.app.garbage import calm
from netwatch.app.kept_plans import Judged, KeptPlans
from netwatch.app.plan_snapshots import NOW, SnapshotEntry, SnapshotList, Snapshots
from netwatch.app.planner import Planner
from netwatch.app.workers import Workers
from netwatch.documents import did_you_mean, parse_yaml
from netwatch.errors import ConfigError, NetwatchError, PlanningError, Problem
from netwatch.export import PlanSnapshot, canonical_json, report_to_json
from netwatch.model import Report
from netwatch.planning import Gathered
from netwatch.planning.comparison import changes_between, compare, leaves_of
from netwatch.planning.whatif import what_if

__all__ = ["WHATIF_SCHEMA", "PlanDesk"]

WHATIF_SCHEMA = "netwatch-whatif/1"
REST_SECONDS = 600.0
"""A worker that nobody asked for so long ends: it holds the memory of a large district."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Failed:
    """A mistake of whoever asked, as it comes out of a worker: exceptions lose what they carry on the way."""

    problems: tuple[Problem, ...] = ()
    message: str = ""


class PlanDesk:
    """One per daemon. It has a worker of its own, so that nobody waits for plans that are being made."""

    def __init__(self, planner: Planner, workers: Workers, folder: Path) -> None:
        self._planner = planner
        self._workers = workers
        self._folder = folder
        self._running = 0
        self._rest: asyncio.TimerHandle | None = None
        self._day = ""
        """The last one of which a daily snapshot is known to be kept."""

    def ready(self) -> bool:
        """Whether there are plans to ask about."""
        return self._planner.judged is not None

    async def what_if(
        self, text: str, files: Mapping[str, str], plan: str, *, with_report: bool = False
    ) -> bytes:
        """The answer as JSON. Raises ConfigError with the places of the scenario, PlanningError."""
        self._judged()
        return await self._run(_what_if, self._planner.kept, text, dict(files), plan, with_report)

    async def snapshots(self) -> SnapshotList:
        return await asyncio.to_thread(Snapshots(self._folder).all)

    async def keep(self, name: str) -> SnapshotEntry:
        """Keeps the plans of now under a name, for ever. Raises PlanningError, StoreError."""
        return await self._run(_keep, self._folder, self._now(name))

    async def kept(self, key: str, plan: str) -> bytes:
        """One report of a snapshot, as JSON. Raises PlanningError, StoreError."""
        return await self._run(_kept, self._folder, key, plan)

    async def compare(self, old: str, new: str, plan: str) -> bytes:
        """What moved between two snapshots, one of which may be `now`, as the JSON of a report. Raises
        PlanningError, StoreError."""
        now = self._now(NOW) if NOW in (old, new) else None
        return await self._run(_compare, self._folder, old, new, plan, now)

    async def keep_daily(self, *, daily: int, monthly: int) -> None:
        """Keeps one snapshot of each UTC day, and forgets those that are too old."""
        if self._planner.judged is None:
            return
        now = self._now("")
        day = datetime.fromtimestamp(now.at, UTC).date().isoformat()
        if day == self._day:
            return
        removed = await self._run(_keep_daily, self._folder, now, daily, monthly)
        self._day = day
        structlog.get_logger("netwatch").info("plans kept", day=day, removed=removed)

    def _judged(self) -> Judged:
        judged = self._planner.judged
        if judged is None:
            raise PlanningError("the first plans are not made yet: try again in a minute")
        return judged

    def _now(self, name: str) -> PlanSnapshot:
        judged = self._judged()
        at = judged.plans.replacements.at
        return PlanSnapshot(at, name, __version__, judged.policy_texts, judged.plans.reports)

    async def _run(self, function: Callable[P, T | _Failed], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None
        self._running += 1
        try:
            found = await self._workers.run(function, *args, **kwargs)
        finally:
            self._running -= 1
            if not self._running:
                self._rest = asyncio.get_running_loop().call_later(REST_SECONDS, self._end_worker)
        if isinstance(found, _Failed):
            raise ConfigError(found.problems) if found.problems else PlanningError(found.message)
        return found

    def _end_worker(self) -> None:
        if not self._running:
            self._workers.close()


@dataclass(frozen=True, slots=True)
class _Present:
    """What a what-if starts from."""

    judged: Judged
    gathered: Gathered


@lru_cache(maxsize=1)
def _present(kept: KeptPlans, stamp: tuple[int, int, int]) -> _Present:
    """Remembered by a worker until the file is another one: of a large district it takes seconds."""
    del stamp
    with calm():
        judged, gathered = kept.judged(), kept.gathered()
    if judged is None or gathered is None:
        raise PlanningError("the first plans are not made yet: try again in a minute")
    return _Present(judged, gathered)


def _what_if(
    kept: KeptPlans, text: str, files: dict[str, str], plan: str, with_report: bool
) -> bytes | _Failed:
    try:
        for name, body in {"": text, **files}.items():
            _without_aliases(name, body)
        document = parse_yaml(text)
        now = _present(kept, kept.stamp())
        judged = now.judged
        _of_plan(judged.plans.reports, plan)
        with calm():
            found = what_if(
                document,
                now.gathered,
                judged.lifecycle,
                judged.policies,
                files=files,
                plan=plan,
                before=judged.plans.reports,
            )
    except NetwatchError as error:
        return _failed(error)
    answer: dict[str, Any] = {
        "schema": WHATIF_SCHEMA,
        "name": found.name,
        "notes": list(found.notes),
        "plan": plan,
        "comparison": report_to_json(found.comparisons[plan]),
    }
    if with_report:
        answer["report"] = report_to_json(found.reports[plan])
    return canonical_json(answer)


def _without_aliases(name: str, text: str) -> None:
    """An alias makes much of little: a short text could fill the memory. Raises ConfigError."""
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            if isinstance(event, yaml.AliasEvent):
                line = None if event.start_mark is None else event.start_mark.line + 1
                raise ConfigError([Problem(name, "", "an alias (*name) is not taken", "write it out", line)])
    except (yaml.YAMLError, RecursionError):
        return  # told with its line by whoever parses it


def _keep(folder: Path, snapshot: PlanSnapshot) -> SnapshotEntry | _Failed:
    try:
        store = Snapshots(folder)
        key = store.keep(snapshot)
        return next(one for one in store.all().entries if one.key == key)
    except NetwatchError as error:
        return _failed(error)


def _keep_daily(folder: Path, snapshot: PlanSnapshot, daily: int, monthly: int) -> int | _Failed:
    try:
        store = Snapshots(folder)
        today = datetime.fromtimestamp(snapshot.at, UTC).date()
        if not store.has_day(today):
            store.keep(snapshot)
        return store.prune(today, daily=daily, monthly=monthly)
    except NetwatchError as error:
        return _failed(error)


def _kept(folder: Path, key: str, plan: str) -> bytes | _Failed:
    try:
        return canonical_json(report_to_json(_of_plan(Snapshots(folder).load(key).reports, plan)))
    except NetwatchError as error:
        return _failed(error)


def _compare(folder: Path, old: str, new: str, plan: str, now: PlanSnapshot | None) -> bytes | _Failed:
    try:
        store = Snapshots(folder)
        before, after = (now if now is not None and key == NOW else store.load(key) for key in (old, new))
        leaves = [_leaves(one) for one in (before, after)]
        report = compare(
            _of_plan(before.reports, plan),
            _of_plan(after.reports, plan),
            labels=(old, new),
            policy=changes_between(*leaves),
        )
        return canonical_json(report_to_json(report))
    except NetwatchError as error:
        return _failed(error)


def _leaves(snapshot: PlanSnapshot) -> Mapping[tuple[str, ...], str]:
    """Of all policies, below the name of the file."""
    documents: dict[str, Any] = {}
    for name, text in sorted(snapshot.policies.items()):
        documents[name.removesuffix(".yaml")] = parse_yaml(text, name).data
    return leaves_of(documents)


def _of_plan(reports: Mapping[str, Report], plan: str) -> Report:
    if plan not in reports:
        raise PlanningError(
            f"there is no plan {plan!r} in it: {did_you_mean(plan, reports) or 'none was kept'}"
        )
    return reports[plan]


def _failed(error: NetwatchError) -> _Failed:
    return _Failed(error.problems) if isinstance(error, ConfigError) else _Failed(message=str(error))
