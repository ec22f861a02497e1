"""How long an agent takes to answer, and how long to wait for it: the smoothed round trip of RFC 6298."""

from __future__ import annotations

__all__ = ["FLOOR", "RoundTrip"]

FLOOR = 0.5
"""Seconds. An agent answers from a cache in a millisecond, and a moment later reads its hardware for 400."""

_ALPHA, _BETA, _K = 1 / 8, 1 / 4, 4
"""RFC 6298, 2.3."""


class RoundTrip:
    """Smoothed round trip and its variation, in seconds. Time is handed in.

    Each try has a request id of its own, so each answer names the try that it answers: every sample is
    unambiguous, and Karn's rule (a repeated question gives no sample, RFC 6298, 3) never has to be applied.
    """

    __slots__ = ("smoothed", "variation")

    def __init__(self, smoothed: float | None = None, variation: float = 0.0) -> None:
        self.smoothed = smoothed
        self.variation = variation

    def observe(self, seconds: float) -> None:
        """One answer took so long."""
        if self.smoothed is None:
            self.smoothed, self.variation = seconds, seconds / 2
            return
        self.variation += _BETA * (abs(self.smoothed - seconds) - self.variation)
        self.smoothed += _ALPHA * (seconds - self.smoothed)

    def timeout(self, ceiling: float) -> float:
        """After how many seconds of silence to ask again; `ceiling` (the configured timeout) at first."""
        if self.smoothed is None:
            return ceiling
        return min(ceiling, max(FLOOR, self.smoothed + _K * self.variation))

    def waits(self, ceiling: float, tries: int) -> tuple[float, ...]:
        """Seconds to wait after each of so many tries: doubled from try to try (RFC 6298, 5.5), at most
        `ceiling`, but the last try gets what is left of `tries * ceiling`.

        So no try leaves later than it would with a fixed timeout, and the question ends no earlier: whatever
        a fixed timeout would have got an answer to gets one.
        """
        first = self.timeout(ceiling)
        waits = [min(ceiling, first * 2**number) for number in range(tries - 1)]
        return (*waits, ceiling * tries - sum(waits))
