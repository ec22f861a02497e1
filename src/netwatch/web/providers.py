"""What the web room asks the rest of the house for. `app` fills it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from netwatch.errors import Problem
from netwatch.exposition import Shard
from netwatch.model import Alert, DeviceCost, EntityId, ReplacementPlan, Snapshot, Whereabouts

__all__ = ["Providers", "ReloadResult"]


@dataclass(frozen=True, slots=True)
class ReloadResult:
    """What became of a request to read the configuration again."""

    ok: bool
    message: str
    """One line for a person, e.g. `152 devices, 2 added, 1 removed`."""
    problems: tuple[Problem, ...] = ()
    """Why the old configuration goes on."""


def _always() -> bool:
    return True


def _nothing(device: EntityId) -> Mapping[str, Any] | None:  # noqa: ARG001
    return None


def _free() -> Sequence[DeviceCost]:
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
    ready: Callable[[], bool] = _always
    """False until every device was polled once or given up."""
    healthy: Callable[[], bool] = _always
    explain: Callable[[EntityId], Mapping[str, Any] | None] = _nothing
    """How a device was recognised: what matched, and which table gives which family."""
    costs: Callable[[], Sequence[DeviceCost]] = _free
    """The devices whose polling costs most, the worst first."""
    locate: Callable[[bytes], Awaitable[Whereabouts]] | None = None
    """Asks the switches at which ports they have learnt a MAC address; takes seconds. None: nobody to ask."""
    refused: Callable[[], Sequence[Problem]] = _all_well
    """What is wrong with profile files that were refused."""
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
