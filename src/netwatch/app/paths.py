"""The second path is tested each week, and somebody hears of it when the test fails."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from netwatch.app.channels import Delivery
from netwatch.errors import StoreError
from netwatch.model import Clock, Severity
from netwatch.notify import FAILED, Keeper, Notices, Outcome

__all__ = ["Paths"]

LOOK_SECONDS = 15.0


class Paths:
    """Of one delivery. `look` is called with each evaluation."""

    def __init__(self, delivery: Delivery, notices: Notices, keeper: Keeper, clock: Clock) -> None:
        self._delivery = delivery
        self._notices = notices
        self._keeper = keeper
        self._clock = clock
        self._next = float("-inf")
        self.outcomes: Mapping[str, Outcome] = {}
        """Of the last tests, by channel."""
        self._log = structlog.get_logger("netwatch.notify")

    def look(self) -> None:
        """Sends tests that are due; what they came to goes out with the next `keep`."""
        now = self._clock.now()
        if now.mono < self._next:
            return
        self._next = now.mono + LOOK_SECONDS
        try:
            self._delivery.dispatcher.wake(self._delivery.test.send_due())
            self.outcomes = self._delivery.test.outcomes()
        except StoreError as error:
            self._log.error("the second path can't be tested", error=str(error))
            return
        for name, one in self.outcomes.items():
            if one.passed is False:
                summary = f"the weekly test of the second path {name} failed: {one.error}"
                # Its time is the test's: after a restart it is the same alert again.
                news = self._notices.begin(FAILED, summary, Severity.CRITICAL, one.at, subject=name)
                self._keeper.tell(news)
        self._end_others(now.wall)

    def _end_others(self, now: float) -> None:
        for alert in self._notices.alerts():
            name = alert.labels.get("channel", "")
            one = self.outcomes.get(name)
            if alert.rule == FAILED and (one is None or one.passed):
                self._keeper.tell(self._notices.ending(FAILED, now, subject=name))
                self._notices.ended(FAILED, subject=name)
