"""A sign of life for a receiver outside. It stops as soon as netwatch does not do its work any more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from netwatch.errors import DeliveryError
from netwatch.model import Clock, Secret
from netwatch.notify.http import HttpPoster

__all__ = ["Heartbeat", "HeartbeatStatus"]


@dataclass(frozen=True, slots=True)
class HeartbeatStatus:
    """Since the start of the process."""

    sent: int = 0
    failed: int = 0
    withheld: int = 0
    last_sent: float | None = None
    """Wall seconds."""
    reasons: tuple[str, ...] = ()
    """Why the last one was withheld or failed; empty if it was sent."""


class Heartbeat:
    """One request per interval while `ailing` finds nothing. What is withheld is not made up for."""

    def __init__(
        self,
        url: Secret,
        ailing: Callable[[], Sequence[str]],
        clock: Clock,
        *,
        interval: float = 60.0,
        method: str = "GET",
        timeout: float = 10.0,
        ca_file: Path | None = None,
    ) -> None:
        """`ailing` says in words which parts of netwatch do not work. Seconds."""
        self._url = url
        self._ailing = ailing
        self._clock = clock
        self._interval = interval
        self._method = method
        self._http = HttpPoster(timeout=timeout, ca_file=ca_file)
        self.status = HeartbeatStatus()
        self._log = structlog.get_logger("netwatch.notify")

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                began = self._clock.now().mono
                await self.beat()
                await self._clock.sleep(max(0.0, began + self._interval - self._clock.now().mono))
        finally:
            await self._http.close()

    async def beat(self) -> None:
        """One sign of life, or the reason in the log why there is none."""
        reasons = tuple(self._ailing())
        if reasons:
            self._became(replace(self.status, withheld=self.status.withheld + 1, reasons=reasons))
            return
        try:
            await self._http.post(self._url, b"", {"User-Agent": "netwatch"}, method=self._method)
        except DeliveryError as error:
            self._became(replace(self.status, failed=self.status.failed + 1, reasons=(str(error),)))
        else:
            now = self._clock.now().wall
            self._became(replace(self.status, sent=self.status.sent + 1, last_sent=now, reasons=()))

    def _became(self, status: HeartbeatStatus) -> None:
        if status.reasons and status.reasons != self.status.reasons:
            self._log.error("no heartbeat", reasons=list(status.reasons))
        elif self.status.reasons and not status.reasons:
            self._log.info("heartbeat again")
        self.status = status
