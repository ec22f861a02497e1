"""From a snapshot to people: rules judge it, the store keeps what came of it, channels tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence

import structlog

from netwatch.alerts import AlertEngine, Rule
from netwatch.app.turns import gently
from netwatch.calendars import Calendars
from netwatch.config import Settings
from netwatch.model import Alert, Clock, Snapshot, Transition
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

_AT_ONCE = 500
"""Series seen in good health that are written in one turn."""
RESTART_SECONDS = 5.0
"""Pause before delivery begins anew after a mistake of its own."""


class Alerting:
    """Engine, incidents and dispatcher as one."""

    def __init__(
        self,
        rules: Iterable[Rule],
        store: Store,
        settings: Settings,
        clock: Clock,
        calendars: Calendars | None = None,
    ) -> None:
        self._engine = AlertEngine(rules, attachment=settings.alerts.attached_to, calendars=calendars)
        self._store = store
        self._clock = clock
        open_alerts = store.incidents.load_open()
        self._engine.restore(open_alerts, store.incidents.remembered())
        self._dispatcher = self._dispatch_to(settings)
        self._dispatcher.resume(open_alerts)
        self._channels_of = _channel_settings(settings)
        self._changed = asyncio.Event()
        self._transitions: list[Transition] = []
        self._healthy: list[Remembered] = []
        self._log = structlog.get_logger("netwatch.notify")

    def judge(self, snapshot: Snapshot) -> None:
        """One evaluation. What it says is on disk, messages to send included, when this returns.

        Raises StoreError; what could not be written then is written with the next evaluation.
        """
        self._transitions += self._engine.evaluate(snapshot)
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        self._keep(self._healthy)
        self._healthy = []

    async def judge_gently(self, snapshot: Snapshot) -> None:
        """The same in turns of a few milliseconds. One ends before the next begins."""
        self._transitions += await gently(self._engine.evaluate_steps(snapshot))
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        self._keep(self._healthy[:_AT_ONCE])
        del self._healthy[:_AT_ONCE]
        while self._healthy:  # many only after the first evaluation of a large fleet
            await asyncio.sleep(0)
            self._store.incidents.remember(self._healthy[:_AT_ONCE])
            del self._healthy[:_AT_ONCE]

    def _keep(self, healthy: Sequence[Remembered]) -> None:
        if not self._transitions and not healthy:
            return
        with self._store.transaction():
            self._store.incidents.record(self._transitions)
            self._store.incidents.remember(healthy)
            self._dispatcher.notify(self._transitions)
        self._transitions = []

    def ask_with(self, recheck: Callable[..., None]) -> None:
        """`recheck` polls a device at once: pages wait for what those in doubt say."""
        self._engine.recheck = recheck

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
                if dispatching.done():
                    # Only its type: the text of an error may hold a URL with a password.
                    self._log.error("delivery failed", error=type(dispatching.exception()).__name__)
                    await self._clock.sleep(RESTART_SECONDS)
            finally:
                changed.cancel()
                dispatching.cancel()
                # Bounded by the dispatcher's own shutdown: what is under way gets a moment to end.
                await asyncio.gather(dispatching, changed, return_exceptions=True)

    def prepare(
        self, settings: Settings, rules: Iterable[Rule], calendars: Calendars | None = None
    ) -> Callable[[], None]:
        """What puts other rules and channels to use: rules from the next evaluation on, channels, if they
        differ, at once. Until it is called nothing has changed, and it can't fail.

        Raises MissingExtra, StoreError.
        """
        wanted = _channel_settings(settings)
        dispatcher = self._dispatcher
        if wanted != self._channels_of:
            dispatcher = self._dispatch_to(settings)
            dispatcher.resume([alert for alert in self._engine.alerts() if alert.resolved is None])

        def adopt() -> None:
            attachment = settings.alerts.attached_to
            self._engine.replace_rules(rules, attachment=attachment, calendars=calendars)
            if dispatcher is not self._dispatcher:
                self._dispatcher, self._channels_of = dispatcher, wanted
                self._changed.set()

        return adopt

    def _dispatch_to(self, settings: Settings) -> Dispatcher:
        manners = Manners(group_wait=settings.alerts.group_wait)
        return Dispatcher(_channels(settings, self._clock), self._store.outbox, self._clock, manners=manners)


def _channel_settings(settings: Settings) -> tuple[object, ...]:
    """All that channels are made of."""
    alerts = settings.alerts
    channels = alerts.alertmanager, alerts.webhook, alerts.email, alerts.mqtt
    return *channels, alerts.group_wait, settings.web.external_url


def _channels(settings: Settings, clock: Clock) -> list[Channel]:
    """Raises MissingExtra where a channel's library is not installed."""
    alerts, url = settings.alerts, settings.web.external_url
    return [
        *(AlertmanagerChannel(taken_from(Cluster, x), clock, external_url=url) for x in alerts.alertmanager),
        *(WebhookChannel(taken_from(Webhook, x), clock, external_url=url) for x in alerts.webhook),
        *(EmailChannel(taken_from(Email, x), clock, external_url=url) for x in alerts.email),
        *(MqttChannel(taken_from(Mqtt, x), external_url=url) for x in alerts.mqtt),
    ]
