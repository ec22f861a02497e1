"""The parts of a running daemon, as `build` hands them to those who use them together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from netwatch.app.alerting import Alerting
from netwatch.app.early import Early
from netwatch.app.identities import IdentityWriter
from netwatch.app.loading import Configuration
from netwatch.app.memory import Memory
from netwatch.app.plan_desk import PlanDesk
from netwatch.app.planner import Planner
from netwatch.app.school_day import SchoolDay
from netwatch.app.wires import Wires
from netwatch.app.workers import Workers
from netwatch.discovery import Discovery
from netwatch.exposition import Renderer, SelfMetrics
from netwatch.history import Recorder, SegmentStore
from netwatch.model import (
    Block,
    Clock,
    EntityId,
    Observation,
    ObservationSink,
    PollFailure,
    Snapshot,
    Target,
)
from netwatch.notify import Heartbeat
from netwatch.polling import Poller
from netwatch.state import State
from netwatch.store import Store

__all__ = ["MeteredSink", "Parts"]


@dataclass
class Parts:
    """Each of them once."""

    clock: Clock
    configuration: Configuration
    """Replaced as a whole by a reload."""
    store: Store
    state: State
    identities: IdentityWriter
    history: SegmentStore
    recorder: Recorder
    workers: Workers
    planner: Planner
    plan_desk: PlanDesk
    school_day: SchoolDay
    metrics: SelfMetrics
    renderer: Renderer
    alerting: Alerting
    wires: Wires
    poller: Poller
    snapshot: Snapshot
    """What readers see; replaced every few seconds."""
    early: Early
    """Told of traps."""
    heartbeat: Heartbeat | None = None
    """Where one is wanted."""
    memory: Memory | None = None
    """What is kept for the next start."""
    discoveries: dict[EntityId, Discovery] = field(default_factory=dict)
    """The last one of each device."""

    def targets(self) -> list[Target]:
        """What is polled."""
        devices = self.configuration.inventory.devices.values()
        return [device.target for device in devices if device.target is not None]

    def forget(self, devices: Iterable[EntityId]) -> None:
        """Drops what was learnt of devices that are polled no longer."""
        for device in devices:
            self.discoveries.pop(device, None)
            self.wires.snmp.forget(device)

    def pending(self) -> int:
        """Devices that have not been polled once yet, whatever came of it."""
        return self.poller.unpolled()

    def ready(self) -> bool:
        """Every device was polled once, whatever came of it."""
        return self.pending() == 0


class MeteredSink:
    """Counts what goes by on its way to the state."""

    def __init__(self, sink: ObservationSink, metrics: SelfMetrics) -> None:
        self._sink = sink
        self._metrics = metrics

    def accept(self, observation: Observation) -> None:
        self._metrics.polled(ok=True, readings=len(observation.readings))
        self._sink.accept(observation)

    def accept_block(self, block: Block) -> None:
        self._metrics.polled(ok=True, readings=len(block.layout))
        self._sink.accept_block(block)

    def failed(self, failure: PollFailure) -> None:
        self._metrics.polled(ok=False)
        self._sink.failed(failure)
