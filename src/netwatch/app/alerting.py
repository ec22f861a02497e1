"""From a snapshot to people: rules judge it, the store keeps what came of it, channels tell it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence

import structlog

from netwatch.alerts import AlertEngine, Rule
from netwatch.app.channels import Delivery, channel_settings, deliver_by
from netwatch.app.channels import channels as _channels
from netwatch.app.paths import Paths
from netwatch.app.turns import gently
from netwatch.calendars import Calendars
from netwatch.config import Settings
from netwatch.model import Alert, Clock, Snapshot, Transition
from netwatch.notify import Keeper, Notices, Outcome, SteadyOutbox
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
        self._notices = Notices(settings.district.slug)
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
        self._transitions += self._engine.evaluate(snapshot)
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        if self._keep(self._healthy):
            self._healthy = []

    async def judge_gently(self, snapshot: Snapshot) -> None:
        """The same in turns of a few milliseconds. One ends before the next begins."""
        self._transitions += await gently(self._engine.evaluate_steps(snapshot))
        self._healthy += [Remembered(*item) for item in self._engine.new_healthy()]
        if not self._keep(self._healthy[:_AT_ONCE]):
            return
        del self._healthy[:_AT_ONCE]
        while self._healthy:  # many only after the first evaluation of a large fleet
            await asyncio.sleep(0)
            self._store.incidents.remember(self._healthy[:_AT_ONCE])
            del self._healthy[:_AT_ONCE]

    def _keep(self, healthy: Sequence[Remembered]) -> bool:
        self._paths.look()
        kept = self._keeper.keep(self._dispatcher, self._transitions, healthy)
        if kept:
            self._transitions = []
        return kept

    def ask_with(self, recheck: Callable[..., None]) -> None:
        """`recheck` polls a device at once: pages wait for what those in doubt say."""
        self._engine.recheck = recheck

    def alerts(self) -> Sequence[Alert]:
        """Pending, firing and lately resolved."""
        return [*self._notices.alerts(), *self._engine.alerts()]

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
        self, settings: Settings, rules: Iterable[Rule], calendars: Calendars | None = None
    ) -> Callable[[], None]:
        """What puts other rules and channels to use: rules from the next evaluation on, channels, if they
        differ, at once. Until it is called nothing has changed, and it can't fail.

        Raises MissingExtra, StoreError.
        """
        wanted = channel_settings(settings)
        delivery = self._delivery
        if wanted != self._channels_of:
            delivery = self._deliver_by(settings)
            delivery.dispatcher.resume([alert for alert in self.alerts() if alert.resolved is None])

        def adopt() -> None:
            attachment = settings.alerts.attached_to
            self._engine.replace_rules(rules, attachment=attachment, calendars=calendars)
            if delivery is not self._delivery:
                self._delivery, self._channels_of = delivery, wanted
                self._dispatcher = delivery.dispatcher
                self._paths = Paths(delivery, self._notices, self._keeper, self._clock)
                self._changed.set()

        return adopt

    def _deliver_by(self, settings: Settings) -> Delivery:
        return deliver_by(
            settings, _channels(settings, self._clock), self._outbox, self._clock, self._engine.alerts
        )
