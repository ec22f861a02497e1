"""How much each of many senders may send."""

from __future__ import annotations

from collections import OrderedDict

__all__ = ["Budgets"]

MAX_SENDERS = 10_000
"""More than this are forged: the one that was silent longest is forgotten."""


class Budgets:
    """A token bucket per sender. Time is handed in."""

    def __init__(self, rate: float, burst: float) -> None:
        """`rate`: tokens per second; `burst`: tokens that a quiet sender has."""
        self._rate = rate
        self._burst = burst
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, sender: str, now: float) -> bool:
        """Takes one token; False if there is none."""
        tokens, since = self._buckets.pop(sender, (self._burst, now))
        tokens = min(self._burst, tokens + max(0.0, now - since) * self._rate)
        allowed = tokens >= 1
        self._buckets[sender] = (tokens - 1 if allowed else tokens, now)
        if len(self._buckets) > MAX_SENDERS:
            self._buckets.popitem(last=False)
        return allowed
