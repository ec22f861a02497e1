"""From a snapshot to people: rules judge it, the store keeps what came of it, channels tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from netwatch.alerts import AlertEngine, Rule
from netwatch.app.desk import Desk
from netwatch.app.telling import Links, policy_of, with_reason
from netwatch.app.turns import gently
from netwatch.config import Settings
from netwatch.errors import StoreError
from netwatch.incidents import Silence
from netwatch.model import Alert, AlertState, Clock, Snapshot, Transition
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
LONGEST_WAIT = 30.0
"""Seconds after which what is due is looked for anew, whatever the wall clock did meanwhile."""
RESTART_SECONDS = 5.0
"""Pause before delivery begins anew after a mistake of its own."""


class Alerting:
    """Engine, desk of incidents and dispatcher as one."""

    desk: Desk
    """What people ask and do."""

    def __init__(
        self,
        rules: Iterable[Rule],
        store: Store,
        settings: Settings,
        clock: Clock,
        silences: Iterable[Silence] = (),
    ) -> None:
        self._engine = AlertEngine(rules, attachment=settings.alerts.attached_to)
        self._store = store
        self._clock = clock
        open_alerts = store.incidents.load_open()
        self._engine.restore(open_alerts, store.incidents.remembered())
        self._stirred = asyncio.Event()
        self._snapshot: Snapshot | None = None
        self.desk = Desk(store, clock, self._open_alerts, self._stirred.set)
        self._links = Links.of(settings)
        self._configure_desk(settings, silences)
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
        self._transitions += map(self._unhidden, self._engine.evaluate(snapshot))
        self._snapshot = snapshot
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        self._keep(self._healthy)
        self._healthy = []

    async def judge_gently(self, snapshot: Snapshot) -> None:
        """The same in turns of a few milliseconds. One ends before the next begins."""
        self._transitions += map(self._unhidden, await gently(self._engine.evaluate_steps(snapshot)))
        self._snapshot = snapshot
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        self._keep(self._healthy[:_AT_ONCE])
        del self._healthy[:_AT_ONCE]
        while self._healthy:  # many only after the first evaluation of a large fleet
            await asyncio.sleep(0)
            self._store.incidents.remember(self._healthy[:_AT_ONCE])
            del self._healthy[:_AT_ONCE]

    async def tend(self) -> None:
        """Tells what is due at its time, without waiting for the next evaluation, until cancelled."""
        while True:
            wait, due, now = LONGEST_WAIT, self.desk.due(), self._clock.now().wall
            if due is not None:
                wait = min(max(due - now, 0.0), LONGEST_WAIT)
            if not self._stirred.is_set():
                await self._stirred_within(wait)
            self._stirred.clear()
            if self._snapshot is None:  # nothing is judged yet: who is silenced can't be told
                await self._clock.sleep(1.0)
                continue
            try:
                self._keep(())
            except StoreError as error:
                self._log.error("incidents can't be kept", error=str(error))
                await self._clock.sleep(RESTART_SECONDS)

    async def _stirred_within(self, seconds: float) -> None:
        waits = [
            asyncio.ensure_future(self._stirred.wait()),
            asyncio.ensure_future(self._clock.sleep(seconds)),
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:  # not waited for: a cancellation that came meanwhile would be lost
                one.cancel()

    def _keep(self, healthy: Sequence[Remembered]) -> None:
        """What came of it and what is told of it are on disk together or not at all."""
        found = self.desk.look(self._transitions, self._snapshot)
        if self._transitions or healthy or found.news:
            notices = [with_reason(notice) for notice in found.notices]
            if self._links is not None:
                notices = list(self._links.into(notices, self._clock.now().wall))
            with self._store.transaction():
                self._store.incidents.record(self._transitions)
                self._store.incidents.remember(healthy)
                self.desk.write(found)
                self._dispatcher.notify(notices)
        self.desk.adopt(found)
        self._transitions = []

    def alerts(self) -> Sequence[Alert]:
        """Pending, firing and lately resolved."""
        rules = self.desk.policy.life_safety_rules
        if not rules:
            return self._engine.alerts()
        return [_shown(alert, rules) for alert in self._engine.alerts()]

    def _open_alerts(self) -> Mapping[str, Alert]:
        return {alert.id: alert for alert in self.alerts() if alert.state is not AlertState.RESOLVED}

    def _unhidden(self, transition: Transition) -> Transition:
        alert = _shown(transition.alert, self.desk.policy.life_safety_rules)
        return transition if alert is transition.alert else replace(transition, alert=alert)

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
        self, settings: Settings, rules: Iterable[Rule], silences: Iterable[Silence] = ()
    ) -> Callable[[], None]:
        """What puts other rules, channels, policy and silences to use: rules from the next evaluation on,
        channels, if they differ, and all else at once. Until it is called nothing has changed, and it can't
        fail.

        Raises MissingExtra, StoreError.
        """
        wanted = _channel_settings(settings)
        dispatcher = self._dispatcher
        if wanted != self._channels_of:
            dispatcher = self._dispatch_to(settings)
            dispatcher.resume([alert for alert in self._engine.alerts() if alert.resolved is None])

        links = Links.of(settings)

        def adopt() -> None:
            self._links = links
            self._configure_desk(settings, silences)
            self._stirred.set()
            self._engine.replace_rules(rules, attachment=settings.alerts.attached_to)
            if dispatcher is not self._dispatcher:
                self._dispatcher, self._channels_of = dispatcher, wanted
                self._changed.set()

        return adopt

    def _configure_desk(self, settings: Settings, silences: Iterable[Silence]) -> None:
        key = None if self._links is None else self._links.key
        self.desk.configure(policy_of(settings), silences, key)

    def _dispatch_to(self, settings: Settings) -> Dispatcher:
        manners = Manners(group_wait=settings.alerts.group_wait)
        return Dispatcher(_channels(settings, self._clock), self._store.outbox, self._clock, manners=manners)


def _shown(alert: Alert, life_safety_rules: frozenset[str]) -> Alert:
    """Nothing explains a life-safety alert away."""
    if alert.suppressed_by and alert.rule in life_safety_rules:
        return replace(alert, suppressed_by="")
    return alert


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
