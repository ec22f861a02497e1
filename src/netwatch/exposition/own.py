"""netwatch's metrics of itself: passive, set by whoever knows, in a registry of their own."""

from __future__ import annotations

import platform
from collections import Counter as Counter_
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.exposition import generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics

from netwatch import __version__
from netwatch.exposition.delivery import DeliveryMetrics
from netwatch.exposition.plans import PLAN_METRICS, PlanMetrics
from netwatch.model import DeviceCost, Entity, EntityId, EntityKind, Snapshot, TableCost, differences

__all__ = ["OwnFamily", "SelfMetrics"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_STEP = 1024
_EOF = b"# EOF\n"
MOST_COSTLIEST = 20
"""Devices that are named in netwatch's own metrics."""


class OwnFamily(NamedTuple):
    """One family of netwatch itself."""

    name: str
    type: str
    help: str
    labels: tuple[str, ...]


class SelfMetrics:
    """One per process. Every setter is cheap and safe to call from the event loop."""

    def __init__(self, version: str = __version__, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self._families: list[OwnFamily] = []
        self._sums: dict[Counter, float] = {}
        self._counted: Mapping[EntityId, Entity] = {}
        """The entities that `netwatch_state_entities` shows."""
        self._kinds: Counter_[EntityKind] = Counter_()
        build = Info("netwatch_build", "Version of netwatch and of Python.", registry=self.registry)
        build.info({"version": version, "python": platform.python_version()})
        self._families.append(
            OwnFamily(
                "netwatch_build_info", "info", "Version of netwatch and of Python.", ("version", "python")
            )
        )
        self._poller()
        self._outlets()
        self.delivery = DeliveryMetrics(self._gauge, self._counter, self._advance)
        self.plans = PlanMetrics(self.registry)
        self._families += (OwnFamily(name, "gauge", text, labels) for name, text, labels in PLAN_METRICS)

    def _gauge(self, name: str, text: str, *labels: str) -> Gauge:
        self._families.append(OwnFamily(name, "gauge", text, labels))
        return Gauge(name, text, labels, registry=self.registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        self._families.append(OwnFamily(name, "counter", text, labels))
        return Counter(name, text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str) -> Histogram:
        self._families.append(OwnFamily(name, "histogram", text, ()))
        return Histogram(name, text, registry=self.registry, buckets=_SECONDS)

    def _poller(self) -> None:
        polls = self._counter(
            "netwatch_poller_polls_total", "Passes over a table by outcome: ok or failed.", "outcome"
        )
        self._polled = {True: polls.labels("ok"), False: polls.labels("failed")}
        self._passes = self._counter("netwatch_poller_passes_total", "Passes over a device.")
        self._deadlines = self._counter(
            "netwatch_poller_deadlines_total", "Passes that were given up because they took too long."
        )
        self._late = self._counter(
            "netwatch_poller_late_seconds_total", "Sum over all passes of how long after its slot each began."
        )
        self._running = self._gauge("netwatch_poller_running", "Devices that are being polled right now.")
        self._waiting = self._gauge(
            "netwatch_poller_waiting", "Devices that are due while all places for concurrent polls are taken."
        )
        self._readings = self._counter("netwatch_poller_readings_total", "Readings that polling handed over.")
        self._table_seconds = self._counter(
            "netwatch_poller_table_wait_seconds_total",
            "Waiting for answers, by table over all devices; of tables asked together each one's share.",
            "table",
        )
        self._table_values = self._counter(
            "netwatch_poller_table_values_total", "Values that came back, by table over all devices.", "table"
        )
        self._table_mapping = self._counter(
            "netwatch_poller_table_mapping_seconds_total",
            "Making readings of values, by table over all devices.",
            "table",
        )
        self._costliest = self._gauge(
            "netwatch_poller_costliest_pass_seconds",
            "Usual duration of a pass over the devices that take longest for their interval, with the table "
            "that is waited for most: at most 20.",
            "device",
            "table",
        )
        self._lag = self._histogram(
            "netwatch_loop_lag_seconds", "Lateness of a timer of the event loop: what heavy work in it costs."
        )
        self._devices = self._gauge("netwatch_poller_devices", "Devices that are polled.")
        self._tables = self._gauge(
            "netwatch_poller_tables",
            "Tables of polled devices by state: fresh, stale or never read.",
            "state",
        )
        self._oldest = self._gauge(
            "netwatch_poller_oldest_success_timestamp_seconds",
            "Unix time of the last success of that table which waits for its next one the longest.",
        )
        self._series = self._gauge("netwatch_state_series", "Series by state: fresh or stale.", "state")
        self._entities = self._gauge("netwatch_state_entities", "Entities by kind.", "kind")

    def _outlets(self) -> None:
        self._alerts = self._gauge(
            "netwatch_alerts", "Alerts by state: pending, firing, acknowledged or suppressed.", "state"
        )
        self._notified = self._counter(
            "netwatch_notifications_total",
            "Deliveries by channel and outcome: delivered, failed (tried again later) or refused.",
            "channel",
            "outcome",
        )
        self._queued = self._gauge(
            "netwatch_notifications_queued", "Notifications that wait in the outbox.", "channel"
        )
        self._written = self._counter("netwatch_history_samples_total", "Samples written to history.")
        self._history = self._gauge("netwatch_history_size_bytes", "Size of history on disk.")
        self._traps = self._counter(
            "netwatch_traps_total", "Traps received by fate: used or dropped.", "fate"
        )
        self._written_to = self._counter(
            "netwatch_remote_write_samples_total",
            "Samples by receiver and outcome: sent, failed (tried again later) or dropped.",
            "receiver",
            "outcome",
        )
        self._waiting_for = self._gauge(
            "netwatch_remote_write_waiting_samples", "Samples that wait for a receiver.", "receiver"
        )
        self._spooled = self._gauge(
            "netwatch_remote_write_spool_size_bytes", "Size of a receiver's spool on disk.", "receiver"
        )
        self._behind = self._gauge(
            "netwatch_remote_write_lag_seconds",
            "Age of the newest sample that a receiver took, while others wait; else 0.",
            "receiver",
        )
        self._scrape = self._histogram(
            "netwatch_exposition_render_duration_seconds", "CPU and waiting time of one exposition."
        )
        self._profiles = self._gauge("netwatch_profiles", "Device profiles in use.")
        self._refused = self._gauge(
            "netwatch_profiles_refused", "Files of device profiles that are wrong and were refused."
        )
        self._reloads = self._counter(
            "netwatch_config_reloads_total",
            "Reloads of the configuration by outcome: ok or failed.",
            "outcome",
        )

    def _advance(self, counter: Counter, value: float) -> None:
        """Lets a counter show a sum that somebody else keeps; a sum that began anew adds nothing at first."""
        counter.inc(max(0.0, value - self._sums.get(counter, 0.0)))
        self._sums[counter] = value

    # -- polling and state

    def polled(self, *, ok: bool, readings: int = 0) -> None:
        """One pass over one table ended."""
        self._polled[ok].inc()
        self._readings.inc(readings)

    def poller(self, *, passes: int, deadlines: int, seconds_late: float, running: int, waiting: int) -> None:
        """Sums since the start, and how it is now."""
        for counter, value in (
            (self._passes, passes),
            (self._deadlines, deadlines),
            (self._late, seconds_late),
        ):
            self._advance(counter, value)
        self._running.set(running)
        self._waiting.set(waiting)

    def costs(self, tables: Mapping[str, TableCost], costliest: Sequence[DeviceCost]) -> None:
        """Sums since the start by table, and the devices that cost most."""
        for table, cost in tables.items():
            self._advance(self._table_seconds.labels(table), cost.seconds)
            self._advance(self._table_values.labels(table), cost.values)
            self._advance(self._table_mapping.labels(table), cost.cpu_seconds)
        self._costliest.clear()
        for one in costliest[:MOST_COSTLIEST]:
            self._costliest.labels(one.name, one.table).set(one.seconds)

    def loop_lag(self, seconds: float) -> None:
        self._lag.observe(max(0.0, seconds))

    def state(self, snapshot: Snapshot) -> None:
        """Freshness, series and entities as a snapshot shows them."""
        for _ in self.state_steps(snapshot):
            pass

    def state_steps(self, snapshot: Snapshot) -> Iterator[None]:
        """`state` in pieces of a few milliseconds, for an event loop that has other things to do."""
        now = snapshot.at.wall
        states = {"fresh": 0, "stale": 0, "never": 0}
        oldest = now
        for number, table in enumerate(snapshot.freshness):
            if number % _STEP == _STEP - 1:
                yield
            if table.last_success is None:
                states["never"] += 1
                continue
            states["fresh" if now - table.last_success <= 3.5 * table.interval else "stale"] += 1
            oldest = min(oldest, table.last_success)
        for state, count in states.items():
            self._tables.labels(state).set(count)
        self._oldest.set(oldest)
        yield
        self._devices.set(sum(1 for d in snapshot.inventory.devices.values() if d.target is not None))
        fresh = sum(int(np.count_nonzero(column.fresh)) for column in snapshot.columns.values())
        total = sum(len(column.fresh) for column in snapshot.columns.values())
        self._series.labels("fresh").set(fresh)
        self._series.labels("stale").set(total - fresh)
        if self._counted is snapshot.entities:
            return
        before, after = self._counted, snapshot.entities
        changed = yield from differences(before, after)
        kinds = self._kinds.copy()
        rest = iter(changed)
        while part := list(islice(rest, _STEP)):
            kinds.update([one.kind for key in part if (one := after.get(key)) is not None])
            kinds.subtract([one.kind for key in part if (one := before.get(key)) is not None])
            yield
        self._entities.clear()
        for kind, count in kinds.items():
            if count:
                self._entities.labels(kind.value).set(count)
        self._counted, self._kinds = after, kinds

    # -- what goes out

    def alerts(self, counts: Mapping[str, int]) -> None:
        """Alerts by state: pending, firing, acknowledged, suppressed."""
        for state in ("pending", "firing", "acknowledged", "suppressed"):
            self._alerts.labels(state).set(counts.get(state, 0))

    def notifications(self, counts: Mapping[tuple[str, str], int]) -> None:
        """Sums since the start by (channel, outcome): delivered, failed (tried again later) or refused."""
        for (channel, outcome), count in counts.items():
            self._advance(self._notified.labels(channel, outcome), count)

    def queued(self, counts: Mapping[str, int]) -> None:
        """Waiting notifications by channel."""
        for channel, count in counts.items():
            self._queued.labels(channel).set(count)

    def history_written(self, samples: int, size_bytes: int | None = None) -> None:
        self._written.inc(samples)
        if size_bytes is not None:
            self._history.set(size_bytes)

    def trap(self, *, used: bool) -> None:
        self._traps.labels("used" if used else "dropped").inc()

    def remote_write(
        self,
        receiver: str,
        *,
        sent: int,
        failed: int,
        dropped: int,
        waiting: int,
        spooled: int,
        lag: float,
    ) -> None:
        """Sums since the start of samples, and how it is now: samples, octets, seconds."""
        for outcome, count in (("sent", sent), ("failed", failed), ("dropped", dropped)):
            self._advance(self._written_to.labels(receiver, outcome), count)
        self._waiting_for.labels(receiver).set(waiting)
        self._spooled.labels(receiver).set(spooled)
        self._behind.labels(receiver).set(lag)

    def rendered(self, seconds: float) -> None:
        self._scrape.observe(seconds)

    def reloaded(self, *, ok: bool) -> None:
        self._reloads.labels("ok" if ok else "failed").inc()

    def profiles(self, used: int, refused: int) -> None:
        """Device profiles in use, and files that were refused."""
        self._profiles.set(used)
        self._refused.set(refused)

    # -- reading

    def render(self, *, openmetrics: bool, end: bool = True) -> bytes:
        """The metrics as text. `end=False` leaves out the closing `# EOF` of OpenMetrics, for a caller
        that goes on with the devices' metrics."""
        text: bytes
        if not openmetrics:
            text = generate_latest(self.registry)
            return text
        text = generate_openmetrics(self.registry)  # type: ignore[no-untyped-call]
        return text if end else text.removesuffix(_EOF)

    def families(self) -> tuple[OwnFamily, ...]:
        """For the reference of metrics."""
        return tuple(self._families)
