"""Values that change with the bell schedule, in closed form: a counter's truth at any time can be computed.

Times are seconds since the simulation started. The week's load is a piecewise linear function between 0 and
1, so its integral is exact, and a counter is the integral of its rate.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from netwatch.model import WEEK

__all__ = ["Signal", "WeekLoad"]


class WeekLoad:
    """Load between 0 and 1 over one school week, from points (seconds since Monday 00:00, load)."""

    def __init__(
        self, points: Sequence[tuple[float, float]], start: float = 0.0, *, ripple: bool = True
    ) -> None:
        """`start`: where in the week the simulation begins, in seconds since Monday 00:00 school time.

        `ripple` False leaves out the sines of signals: for means over longer times.
        """
        self.ripple = ripple
        ordered = sorted(points)
        if ordered[0][0] > 0:
            ordered.insert(0, (0.0, ordered[0][1]))
        if ordered[-1][0] < WEEK:
            ordered.append((float(WEEK), ordered[0][1]))
        self._times = [time for time, _ in ordered]
        self._loads = [load for _, load in ordered]
        self._sums = [0.0]
        for left in range(len(ordered) - 1):
            width = self._times[left + 1] - self._times[left]
            self._sums.append(self._sums[-1] + width * (self._loads[left] + self._loads[left + 1]) / 2)
        self._start = start % WEEK
        self._zero = self._area(self._start)

    def at(self, seconds: float) -> float:
        """Load at a time."""
        return self.of_week(seconds + self._start)

    def of_week(self, moment: float) -> float:
        """Load at `moment` seconds after some Monday 00:00, whatever the simulation's start."""
        moment %= WEEK
        left = min(bisect_right(self._times, moment), len(self._times) - 1) - 1
        width = self._times[left + 1] - self._times[left]
        share = (moment - self._times[left]) / width if width else 0.0
        return self._loads[left] + (self._loads[left + 1] - self._loads[left]) * share

    def mean_of_week(self, begin: float, end: float) -> float:
        """Mean load between two moments of the week."""
        return (self._area(end) - self._area(begin)) / (end - begin)

    def integral(self, seconds: float) -> float:
        """Seconds of full load since the simulation started."""
        return self._area(seconds + self._start) - self._zero

    def _area(self, moment: float) -> float:
        weeks, rest = divmod(moment, WEEK)
        left = min(bisect_right(self._times, rest), len(self._times) - 1) - 1
        width = self._times[left + 1] - self._times[left]
        gone = rest - self._times[left]
        slope = (self._loads[left + 1] - self._loads[left]) / width if width else 0.0
        return weeks * self._sums[-1] + self._sums[left] + gone * (self._loads[left] + slope * gone / 2)


@dataclass(frozen=True, slots=True)
class Signal:
    """base + swing * load + slope * t + ripple * sin(...): a gauge, or the rate of a counter per second."""

    base: float
    swing: float = 0.0
    """What full load adds."""
    slope: float = 0.0
    """Growth per second."""
    ripple: float = 0.0
    """Amplitude of a sine, so that no two readings are equal."""
    period: float = 600.0
    """Of the sine, seconds."""
    phase: float = 0.0
    """Of the sine, radians."""
    low: float = -math.inf
    high: float = math.inf
    """Limits of a gauge. A rate has none: its integral would not be exact."""

    def at(self, seconds: float, load: WeekLoad) -> float:
        value = self.base + self.slope * seconds
        if self.swing:
            value += self.swing * load.at(seconds)
        if self.ripple and load.ripple:
            value += self.ripple * math.sin(math.tau * seconds / self.period + self.phase)
        return min(max(value, self.low), self.high)

    def total(self, seconds: float, load: WeekLoad) -> float:
        """Exact integral from the start of the simulation to `seconds`; limits are not applied."""
        value = self.base * seconds + self.slope * seconds * seconds / 2
        if self.swing:
            value += self.swing * load.integral(seconds)
        if self.ripple and load.ripple:
            omega = math.tau / self.period
            value += self.ripple / omega * (math.cos(self.phase) - math.cos(omega * seconds + self.phase))
        return value
