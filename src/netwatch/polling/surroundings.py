"""What every visit shares."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from netwatch.model import Clock, ObservationSink, Target
from netwatch.polling.fetch import Fetcher
from netwatch.polling.health import HealthLayouts
from netwatch.polling.ports import DiscoveryPort
from netwatch.polling.request import Requests
from netwatch.polling.settings import PollingSettings
from netwatch.polling.status import PollerStats
from netwatch.wire import Prober

__all__ = ["Surroundings"]


@dataclass(frozen=True)
class Surroundings:
    """Wires, clock and sink; what devices have in common."""

    fetcher: Fetcher
    probers: Sequence[Prober]
    discover: Callable[[Target], Awaitable[DiscoveryPort]]
    sink: ObservationSink
    clock: Clock
    rng: random.Random
    settings: PollingSettings
    stats: PollerStats
    requests: Requests = field(default_factory=Requests)
    health: HealthLayouts = field(default_factory=HealthLayouts)
    timer: Callable[[], float] = time.perf_counter
    """Seconds, for what it costs to make readings of values."""
