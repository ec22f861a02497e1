"""Keeps the plans current, in a worker process over frozen data."""

from __future__ import annotations

import pickle
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from netwatch.app.handing import Handover, taken
from netwatch.app.loading import Configuration
from netwatch.app.utilisation import keep_frame
from netwatch.app.workers import Workers
from netwatch.calendars import Calendars
from netwatch.history import SegmentStore
from netwatch.model import DAY, Alert, AssetTenure, ReplacementPlan, Report, Snapshot, load_catalogue
from netwatch.planning import Gathered, Lifecycle, Plans, Policies, gather_all, judge_all
from netwatch.planning.utilisation import frame_of
from netwatch.store import Store

__all__ = ["Judged", "Planner", "unpack"]

_MOST_ALERTS = 200_000
"""Of the past, the latest first: more than that nobody dealt with by hand."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The last plans, and all that they stand on: enough to judge again without history."""

    plans: Plans
    gathered: bytes
    """A packed `Gathered`: only for workers, whom `unpack` serves. It would hold the event loop up."""
    lifecycle: Lifecycle
    policies: Policies
    policy_texts: Mapping[str, str]
    """Of each policy, by the name of its file."""


class Planner:
    """Holds the last plans; makes new ones when asked."""

    def __init__(self, workers: Workers, history: Path, store: Path, handover: Handover) -> None:
        """`history`: folder of the history; `store`: the database that keeps the alerts."""
        self._workers = workers
        self._handover = handover
        self._history = history
        self._store = store
        self.judged: Judged | None = None
        """None until the first ones were made."""

    @property
    def plans(self) -> Plans | None:
        """None until the first ones were made."""
        return None if self.judged is None else self.judged.plans

    def replacements(self) -> ReplacementPlan | None:
        """The last ranking; None until there is one."""
        return None if self.plans is None else self.plans.replacements

    def reports(self) -> Mapping[str, Report] | None:
        """The last plans by name; None until there are any."""
        return None if self.plans is None else self.plans.reports

    async def refresh(
        self,
        snapshot: Snapshot,
        configuration: Configuration,
        tenures: tuple[AssetTenure, ...] = (),
        pages: Mapping[date, int] | None = None,
    ) -> None:
        """Makes all plans anew, for the moment of the snapshot. `tenures`: the ledger of assets; `pages`:
        messages to people by month."""
        lifecycle, policies = configuration.lifecycle, configuration.policies
        at, lent = snapshot.at.wall, self._handover.lent(snapshot)
        del snapshot  # large, and planning takes its time
        async with lent as file:
            plans, gathered = await self._workers.run(
                _make,
                file,
                at,
                self._history,
                self._store,
                lifecycle,
                policies,
                configuration.calendars,
                tenures,
                pages,
            )
        self.judged = Judged(plans, gathered, lifecycle, policies, configuration.policy_texts)


def _make(
    file: Path,
    at: float,
    history: Path,
    database: Path,
    lifecycle: Lifecycle,
    policies: Policies,
    calendars: Calendars,
    tenures: tuple[AssetTenure, ...],
    pages: Mapping[date, int] | None,
) -> tuple[Plans, bytes]:
    alerts = _alerts(database, at - policies.replacement.history_days * DAY)
    store = SegmentStore(history, load_catalogue())
    try:
        snapshot = taken(file)
        keep_frame(history, frame_of(snapshot))
        gathered = gather_all(
            snapshot, store, policies, calendars, at=at, alerts=alerts, tenures=tenures, pages=pages
        )
    finally:
        store.close()
    return judge_all(gathered, lifecycle, policies), _packed(gathered)


def _packed(gathered: Gathered) -> bytes:
    """Piece by piece: of a large district it would stand in memory twice."""
    out = _Packing()
    pickle.Pickler(out, protocol=pickle.HIGHEST_PROTOCOL).dump(gathered)
    return out.finished()


class _Packing:
    """A file to write to that packs. Level 1: a third of the size for a fraction of what pickling takes."""

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1)
        self._parts: list[bytes] = []

    def write(self, data: bytes | memoryview | pickle.PickleBuffer) -> int:
        view = memoryview(data)
        self._parts.append(self._packer.compress(view))
        return view.nbytes

    def finished(self) -> bytes:
        return b"".join((*self._parts, self._packer.flush()))


def _alerts(database: Path, since: float) -> list[Alert]:
    """Open ones, and the past ones since that wall second."""
    with Store(database, read_only=True) as store:
        return [*store.incidents.load_past(since=since, limit=_MOST_ALERTS), *store.incidents.load_open()]


def unpack(gathered: bytes) -> Gathered:
    """What `Judged.gathered` holds; takes seconds for a large district."""
    found: Gathered = pickle.loads(zlib.decompress(gathered))  # noqa: S301 - never left netwatch's own memory
    return found
