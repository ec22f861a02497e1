"""What the web room asks the rest of the house for. `app` fills it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ParamSpec, Protocol, TypeVar

from netwatch.errors import Problem
from netwatch.exposition import Shard
from netwatch.incidents import Event, MadeSwap, Noise, Shift, Silence, Standing
from netwatch.model import Alert, DeviceCost, EntityId, ReplacementPlan, Report, Snapshot, Whereabouts

__all__ = ["AlertDesk", "ChannelState", "PlanDesk", "Providers", "ReloadResult", "Worker"]

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What became of a request to read the configuration again."""

    ok: bool
    message: str
    """One line for a person, e.g. `152 devices, 2 added, 1 removed`."""
    problems: tuple[Problem, ...] = ()
    """Why the old configuration goes on."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """How one channel delivers. Times: wall seconds."""

    name: str
    waiting: int
    """Messages that it has not taken yet."""
    oldest: float | None = None
    """Since when the first of them waits."""
    last_success: float | None = None
    """When it took one last, before a restart too; None: not within a week."""
    failing_since: float | None = None
    """None while the last attempt succeeded, or none was made."""
    error: str = ""
    """Of the last attempt that failed, while it fails."""
    backups: tuple[str, ...] = ()
    """Channels that take over from it."""
    backup_since: float | None = None
    """When the second path last took a message over, while this one fails."""
    is_backup: bool = False
    test_passed: bool | None = None
    """Of the second path: the last weekly test; None: none was made, or it is under way."""


class AlertDesk(Protocol):
    """What people ask and do about incidents. Every method may raise StoreError."""

    def standings(self, alerts: Iterable[Alert]) -> Mapping[str, Standing]:
        """By id of the alert."""
        ...

    def history(self, alert_id: str) -> tuple[Alert, Sequence[Event]] | None:
        """An alert, open or past, with its timeline; None for an unknown id."""
        ...

    def acknowledge(self, alert_id: str, by: str, note: str = "") -> Standing | None:
        """None if no such alert fires."""
        ...

    def silences(self) -> Sequence[Silence]:
        """Those that are on or will be."""
        ...

    def add_silence(self, wanted: Mapping[str, object], by: str) -> Silence:
        """From keys of a file of silences. Raises ConfigError."""
        ...

    def end_silence(self, silence_id: str) -> bool:
        """Whether there was one that may be ended here."""
        ...

    def on_call(self) -> Sequence[tuple[str, str]]:
        """(rota, person) of this moment."""
        ...

    def shifts(self) -> Sequence[Shift]:
        """Who is on call, until when, and who is after that."""
        ...

    def swaps(self) -> Sequence[MadeSwap]:
        """Those made at run time that are on or will be."""
        ...

    def add_swap(self, wanted: Mapping[str, object], by: str) -> MadeSwap:
        """From `person`, `ends`, and perhaps `rota` and `starts`. Raises ConfigError."""
        ...

    def end_swap(self, swap_id: str) -> bool:
        """Whether there was one that may be taken back here."""
        ...

    def noise(self, seconds: float) -> Noise:
        """What people were told in so many seconds up to now."""
        ...

    def follow(self, token: str) -> tuple[Alert, Standing, str]:
        """(alert, where it stands, whom the link was sent to). Changes nothing. Raises LinkError."""
        ...

    def use(self, token: str) -> tuple[Alert, Standing]:
        """Acknowledges the alert of a link, once. Raises LinkError."""
        ...


class PlanDesk(Protocol):
    """What people ask of plans beyond reading them. Every method may raise PlanningError and StoreError;
    answers are JSON, made where it holds nobody up."""

    def ready(self) -> bool:
        """False until the first plans were made."""
        ...

    async def what_if(
        self, text: str, files: Mapping[str, str], plan: str, *, with_report: bool = False
    ) -> bytes:
        """`text` is a scenario, `files` are policies that it names. Raises ConfigError with the places."""
        ...

    async def snapshots(self) -> Any:
        """A list with `entries` and `problems`."""
        ...

    async def keep(self, name: str) -> Any:
        """Keeps the plans of now under a name; returns its entry."""
        ...

    async def kept(self, key: str, plan: str) -> bytes:
        """One report of a snapshot."""
        ...

    async def compare(self, old: str, new: str, plan: str) -> bytes:
        """What moved between two snapshots; `now` is one, too."""
        ...


class Worker(Protocol):
    """Calls a module-level function where it holds nobody up; arguments and result must pickle."""

    def __call__(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> Awaitable[T]: ...


async def _in_a_thread(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return await asyncio.to_thread(function, *args, **kwargs)


def _no_plans() -> Mapping[str, Report] | None:
    return None


def _always() -> bool:
    return True


def _nothing(device: EntityId) -> Mapping[str, Any] | None:  # noqa: ARG001
    return None


def _free() -> Sequence[DeviceCost]:
    return ()


def _no_channels() -> Sequence[ChannelState]:
    return ()


def _all_well() -> Sequence[Problem]:
    return ()


@dataclass(frozen=True, slots=True)
class Providers:
    """Callables that are cheap and never block unless they say so; all are called in the event loop."""

    snapshot: Callable[[], Snapshot]
    alerts: Callable[[], Sequence[Alert]]
    """Pending and firing alerts and those resolved lately."""
    replacement_plan: Callable[[], ReplacementPlan | None]
    """None until the first one was made."""
    metrics: Callable[[bool, Shard | None], Iterator[bytes]]
    """(openmetrics, shard): the whole document in chunks, `# EOF` included for OpenMetrics. An empty chunk is
    a pause for others."""
    reload: Callable[[], Awaitable[ReloadResult]]
    reports: Callable[[], Mapping[str, Report] | None] = _no_plans
    """The plans by name; None until the first ones were made."""
    worker: Worker = _in_a_thread
    """For what takes seconds."""
    utilisation: Callable[[date, date, str], Awaitable[Report]] | None = None
    """(first day, last day, level): takes seconds to minutes; may raise PlanningError. None: no history."""
    ready: Callable[[], bool] = _always
    """False until every device was polled once or given up."""
    healthy: Callable[[], bool] = _always
    plan_desk: PlanDesk | None = None
    """None: plans are only shown."""
    desk: AlertDesk | None = None
    """None: alerts are only shown."""
    explain: Callable[[EntityId], Mapping[str, Any] | None] = _nothing
    """How a device was recognised: what matched, and which table gives which family."""
    costs: Callable[[], Sequence[DeviceCost]] = _free
    """The devices whose polling costs most, the worst first."""
    locate: Callable[[bytes], Awaitable[Whereabouts]] | None = None
    """Asks the switches at which ports they have learnt a MAC address; takes seconds. None: nobody to ask."""
    refused: Callable[[], Sequence[Problem]] = _all_well
    """What is wrong with profile files that were refused."""
    delivery: Callable[[], Sequence[ChannelState]] = _no_channels
    """How channels deliver, in the order of the settings."""
    simulated: bool = False
    """True for the demo: the pages say so."""
    metrics_path: str = "/metrics"
    shard_limit: int = 100_000
    """Samples that one shard of /metrics may hold."""
    shards: Callable[[], Iterator[Sequence[Shard] | None]] | None = None
    """The shards of the moment, after a None for each pause; None: they are computed anew each time."""
    device_metrics: Callable[[EntityId, bool], Iterator[bytes]] | None = None
    """(device, openmetrics): the document of one device in chunks; None: it is rendered from scratch."""
    gzip: bool = False
    """Whether /metrics is compressed for who takes it."""
