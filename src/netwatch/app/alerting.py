"""From a snapshot to people: rules judge it, the store keeps what came of it, channels tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from netwatch.alerts import AlertEngine, KeptLink, Rule
from netwatch.app.channels import Delivery, channel_settings, deliver_by
from netwatch.app.channels import channels as _channels
from netwatch.app.desk import Desk
from netwatch.app.paths import Paths
from netwatch.app.telling import Links, policy_of, with_reason
from netwatch.app.turns import gently
from netwatch.calendars import Calendars
from netwatch.config import Settings
from netwatch.incidents import Handover, Silence, handover_text
from netwatch.model import Alert, AlertState, Clock, EntityId, Severity, Snapshot, Transition, set_within
from netwatch.notify import Keeper, Notices, Outcome, SteadyOutbox, own_alert
from netwatch.store import Remembered, Store

__all__ = ["Alerting"]

_AT_ONCE = 500
"""Series seen in good health that are written in one turn."""
LONGEST_WAIT = 30.0
"""Seconds after which what is due is looked for anew, whatever the wall clock did meanwhile."""
HANDOVER = "OnCallHandover"
"""Name of the message to the next one on call."""
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
        calendars: Calendars | None = None,
        silences: Iterable[Silence] = (),
        links: Iterable[KeptLink] = (),
    ) -> None:
        """`links` as an earlier run knew them."""
        self._engine = AlertEngine(rules, attachment=settings.alerts.attached_to, calendars=calendars)
        self._store = store
        self._clock = clock
        open_alerts = store.incidents.load_open()
        self._engine.restore(open_alerts, store.incidents.remembered(), tuple(links))
        self._stirred = asyncio.Event()
        self._snapshot: Snapshot | None = None
        """The one judged last, for who and where: without its series, which are large."""
        self.desk = Desk(store, clock, self._open_alerts, self._stirred.set)
        self._links = Links.of(settings)
        self._configure_desk(settings, silences, calendars)
        self._district = settings.district.slug
        self._notices = Notices(self._district)
        self._keeper = Keeper(store, self._notices, clock)
        self._outbox = SteadyOutbox(store.outbox)
        self._delivery = self._deliver_by(settings)
        self._dispatcher = self._delivery.dispatcher
        self._paths = Paths(self._delivery, self._notices, self._keeper, clock)
        self._paths.look()
        self._dispatcher.resume([*open_alerts, *self._notices.alerts()])
        self._channels_of = channel_settings(settings)
        self._changed = asyncio.Event()
        self._transitions: list[Transition] = []
        self._healthy: list[Remembered] = []
        self._log = structlog.get_logger("netwatch.notify")

    def judge(self, snapshot: Snapshot) -> None:
        """One evaluation. What it says is on disk, messages to send included, when this returns.

        Where the disk takes nothing, messages go out from memory; the next evaluation writes again.
        """
        self._transitions += map(self._unhidden, self._engine.evaluate(snapshot))
        self._snapshot = _without_series(snapshot)
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        if self._keep(self._healthy):
            self._healthy = []

    async def judge_gently(self, snapshot: Snapshot) -> None:
        """The same in turns of a few milliseconds. One ends before the next begins."""
        self._transitions += map(self._unhidden, await gently(self._engine.evaluate_steps(snapshot)))
        self._snapshot = _without_series(snapshot)
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        if not self._keep(self._healthy[:_AT_ONCE]):
            return
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
            await set_within(self._stirred, wait, self._clock)
            self._stirred.clear()
            if self._snapshot is None:  # nothing is judged yet: who is silenced can't be told
                await self._clock.sleep(1.0)
                continue
            if not self._keep(()):
                await self._clock.sleep(RESTART_SECONDS)

    def _keep(self, healthy: Sequence[Remembered]) -> bool:
        """What came of it and what is told of it are on disk together or not at all."""
        self._paths.look()
        found = self.desk.look(self._transitions, self._snapshot)
        told = [with_reason(notice) for notice in found.notices]
        if self._links is not None:
            told = list(self._links.into(told, self._clock.now().wall))
        handed = self.desk.handovers()

        def also() -> None:
            self.desk.write(found)
            if handed:
                self.desk.write_handovers(handed)
                for one in handed:
                    self._announce(one)

        kept = self._keeper.keep(
            self._dispatcher,
            self._transitions,
            healthy,
            told=told,
            also=also if found.news or handed else None,
        )
        if kept:
            self.desk.adopt(found)
            self.desk.adopt_handovers(handed)
            self._transitions = []
        return kept

    def _announce(self, handover: Handover) -> None:
        """Tells who is on call from now on what is open. A rota that is new begins without a word."""
        if not handover.before:
            return
        policy, now = self.desk.policy, self._clock.now().wall
        alerts = self.alerts()
        line, listed = handover_text(handover, alerts, self.desk.standings(alerts), policy.timezone)
        notice = own_alert(HANDOVER, handover.rota, line, Severity.INFO, now, self._district)
        # Nothing that lasts: receivers that keep what fires must not keep it.
        notice = replace(notice, state=AlertState.RESOLVED, resolved=now)
        if listed:
            notice = replace(notice, annotations={"description": listed})
        key = f"handover-{handover.rota}-{handover.person}-{now:.0f}"
        self._dispatcher.announce(policy.people.get(handover.person, ()), key, notice)

    def ask_with(self, recheck: Callable[..., None]) -> None:
        """`recheck` polls a device at once: pages wait for what those in doubt say."""
        self._engine.recheck = recheck

    def links(self) -> frozenset[tuple[EntityId, EntityId]]:
        """What is linked, as far as it is known."""
        return self._engine.links()

    def alerts(self) -> Sequence[Alert]:
        """Pending, firing and lately resolved."""
        return [*self._notices.alerts(), *self._judged()]

    def _judged(self) -> Sequence[Alert]:
        """Those that rules have found."""
        rules = self.desk.policy.life_safety_rules
        if not rules:
            return self._engine.alerts()
        return [_shown(alert, rules) for alert in self._engine.alerts()]

    def _open_alerts(self) -> Mapping[str, Alert]:
        return {alert.id: alert for alert in self._judged() if alert.state is not AlertState.RESOLVED}

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

    @property
    def delivery(self) -> Delivery:
        return self._delivery

    def path_tests(self) -> Mapping[str, Outcome]:
        """Of the second path, by channel."""
        return self._paths.outcomes

    def last_turn(self) -> float:
        """Monotonic second since which every channel has been at work."""
        return self._dispatcher.last_turn()

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
        self,
        settings: Settings,
        rules: Iterable[Rule],
        calendars: Calendars | None = None,
        silences: Iterable[Silence] = (),
    ) -> Callable[[], None]:
        """What puts other rules, channels, policy and silences to use: rules from the next evaluation on,
        channels, if they differ, and all else at once. Until it is called nothing has changed, and it can't
        fail.

        Raises MissingExtra, StoreError.
        """
        wanted = channel_settings(settings)
        delivery = self._delivery
        if wanted != self._channels_of:
            delivery = self._deliver_by(settings)
            delivery.dispatcher.resume([alert for alert in self.alerts() if alert.resolved is None])

        links = Links.of(settings)

        def adopt() -> None:
            self._links = links
            self._configure_desk(settings, silences, calendars)
            self._stirred.set()
            attachment = settings.alerts.attached_to
            self._engine.replace_rules(rules, attachment=attachment, calendars=calendars)
            if delivery is not self._delivery:
                self._delivery, self._channels_of = delivery, wanted
                self._dispatcher = delivery.dispatcher
                self._paths = Paths(delivery, self._notices, self._keeper, self._clock)
                self._changed.set()

        return adopt

    def _configure_desk(
        self, settings: Settings, silences: Iterable[Silence], calendars: Calendars | None
    ) -> None:
        key = None if self._links is None else self._links.key
        self.desk.configure(policy_of(settings), silences, key, calendars)

    def _deliver_by(self, settings: Settings) -> Delivery:
        return deliver_by(
            settings, _channels(settings, self._clock), self._outbox, self._clock, self._engine.alerts
        )


def _shown(alert: Alert, life_safety_rules: frozenset[str]) -> Alert:
    """Nothing explains a life-safety alert away."""
    if alert.suppressed_by and alert.rule in life_safety_rules:
        return replace(alert, suppressed_by="")
    return alert


def _without_series(snapshot: Snapshot) -> Snapshot:
    return replace(snapshot, columns={}, freshness=())
