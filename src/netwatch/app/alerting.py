"""From a snapshot to people: rules judge it, the store keeps what came of it, channels tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence

from netwatch.alerts import AlertEngine, Rule
from netwatch.config import Settings
from netwatch.model import Alert, Clock, Snapshot
from netwatch.notify import (
    AlertmanagerChannel,
    Channel,
    Dispatcher,
    EmailChannel,
    Manners,
    MqttChannel,
    WebhookChannel,
    taken_from,
)
from netwatch.notify.settings import AlertmanagerSettings as Cluster
from netwatch.notify.settings import EmailSettings as Email
from netwatch.notify.settings import MqttSettings as Mqtt
from netwatch.notify.settings import WebhookSettings as Webhook
from netwatch.store import Remembered, Store

__all__ = ["Alerting"]


class Alerting:
    """Engine, incidents and dispatcher as one."""

    def __init__(self, rules: Iterable[Rule], store: Store, settings: Settings, clock: Clock) -> None:
        self._engine = AlertEngine(rules, attachment=settings.alerts.attached_to)
        self._store = store
        self._clock = clock
        open_alerts = store.incidents.load_open()
        self._engine.restore(open_alerts, store.incidents.remembered())
        self._dispatcher = self._dispatch_to(settings)
        self._dispatcher.resume(open_alerts)
        self._settings = settings.alerts
        self._changed = asyncio.Event()

    def judge(self, snapshot: Snapshot) -> None:
        """One evaluation. What it says is on disk, messages to send included, when this returns."""
        transitions = self._engine.evaluate(snapshot)
        healthy = self._engine.new_healthy()
        if not transitions and not healthy:
            return
        with self._store.transaction():
            self._store.incidents.record(transitions)
            self._store.incidents.remember(Remembered(*item) for item in healthy)
            self._dispatcher.notify(transitions)

    def alerts(self) -> Sequence[Alert]:
        """Pending, firing and lately resolved."""
        return self._engine.alerts()

    def counts(self) -> dict[tuple[str, str], int]:
        """Deliveries since the start by (channel, outcome)."""
        out = {}
        for name, status in self._dispatcher.status().items():
            out[name, "delivered"] = status.delivered
            out[name, "failed"] = status.failures
            out[name, "refused"] = status.refused
        return out

    async def run(self) -> None:
        """Delivers until cancelled; takes new channels over in between."""
        while True:
            self._changed.clear()
            dispatching = asyncio.create_task(self._dispatcher.run())
            changed = asyncio.create_task(self._changed.wait())
            try:
                await asyncio.wait((dispatching, changed), return_when=asyncio.FIRST_COMPLETED)
            finally:
                changed.cancel()
                dispatching.cancel()
                # Bounded by the dispatcher's own shutdown: what is under way gets a moment to end.
                await asyncio.gather(dispatching, changed, return_exceptions=True)

    def reconfigure(self, settings: Settings, rules: Iterable[Rule]) -> None:
        """Other rules from the next evaluation on; other channels, if they differ, at once."""
        self._engine.replace_rules(rules, attachment=settings.alerts.attached_to)
        if settings.alerts == self._settings:
            return
        self._settings = settings.alerts
        self._dispatcher = self._dispatch_to(settings)
        self._dispatcher.resume([alert for alert in self._engine.alerts() if alert.resolved is None])
        self._changed.set()

    def _dispatch_to(self, settings: Settings) -> Dispatcher:
        manners = Manners(group_wait=settings.alerts.group_wait)
        return Dispatcher(_channels(settings, self._clock), self._store.outbox, self._clock, manners=manners)


def _channels(settings: Settings, clock: Clock) -> list[Channel]:
    """Raises MissingExtra where a channel's library is not installed."""
    alerts, url = settings.alerts, settings.web.external_url
    return [
        *(AlertmanagerChannel(taken_from(Cluster, x), clock, external_url=url) for x in alerts.alertmanager),
        *(WebhookChannel(taken_from(Webhook, x), clock, external_url=url) for x in alerts.webhook),
        *(EmailChannel(taken_from(Email, x), clock, external_url=url) for x in alerts.email),
        *(MqttChannel(taken_from(Mqtt, x), external_url=url) for x in alerts.mqtt),
    ]
