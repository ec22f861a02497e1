"""How fast each account of an HTTP API may be asked, and until when it wants to be left in peace. Pure."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC
from email.utils import parsedate_to_datetime

__all__ = ["Pace", "retry_after"]

UNSAID = 5.0
"""Seconds to wait where an API does not say how long."""
LONGEST = 3600.0
"""Seconds; an API that asks for more is asked again after this."""


class Pace:
    """Turns of each account. Times are monotonic seconds that are handed in."""

    def __init__(self) -> None:
        self._next: dict[Hashable, float] = {}

    def wait(self, account: Hashable, now: float) -> float:
        """Seconds until the account may be asked again."""
        at = self._next.get(account)
        if at is None:
            return 0.0
        if at <= now:
            del self._next[account]
            return 0.0
        return at - now

    def take(self, account: Hashable, rate: float, now: float) -> None:
        """A question leaves: at `rate` per second (0: no limit) the next one may leave that much later."""
        if rate > 0:
            self._next[account] = max(now + 1.0 / rate, self._next.get(account, 0.0))

    def close(self, account: Hashable, seconds: float, now: float) -> None:
        """The account asked to be left in peace for so long."""
        self._next[account] = max(now + seconds, self._next.get(account, 0.0))


def retry_after(header: str | None, wall: float) -> float:
    """Seconds that a Retry-After header asks for (RFC 9110 section 10.2.3: a number or a date)."""
    text = (header or "").strip()
    try:
        seconds = float(text)
    except ValueError:
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return UNSAID
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        seconds = moment.timestamp() - wall
    if not seconds >= 0:  # NaN too
        return UNSAID
    return min(max(seconds, 1.0), LONGEST)
