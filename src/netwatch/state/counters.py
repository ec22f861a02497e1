"""What a counter did between two readings: an increase over a number of seconds, or unknown with a reason.

Pure: the same evidence gives the same judgement. docs/counters.md states the rules for people.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from netwatch.model import Evidence
from netwatch.state.restarts import (
    NO_WITNESS,
    SILENT,
    Discontinuity,
    Restart,
    discontinuity_between,
    restart_between,
)

__all__ = [
    "CACHE_SECONDS",
    "CERTAIN",
    "Advance",
    "Bounds",
    "Cause",
    "CounterSample",
    "Unknown",
    "capacity",
    "increase_between",
    "judge",
    "reach",
]

CACHE_SECONDS = 30.0
"""Age that a value may have in an agent that refreshes its counters rarely. Its next refresh then brings more
than the interval's worth; the surplus is carried to the next interval."""

CERTAIN = 1.001
"""Factor by which the clocks of agent and poller may be apart, when it is asked how often a counter may have
wrapped."""

_NONE = range(0)

N = TypeVar("N", float, NDArray[np.float64])


class Cause(StrEnum):
    """How a judgement came about."""

    STEADY = "steady"
    WRAPPED = "wrapped"
    RESTARTED = "restarted"
    """With an increase: counted from zero since the restart, of the device or of the counter. Without: it
    can't be told what was counted."""
    FIRST = "first reading"
    CLOCK = "no time passed between the readings"
    SOURCE = "another source tells it now"
    RESET = "the counter went back without a restart"
    AMBIGUOUS = "how often it wrapped can't be told"
    IMPLAUSIBLE = "more than the line can carry"


class Advance(NamedTuple):
    """A known increase."""

    increase: int
    seconds: float
    """Time that the increase covers: less than the interval after a restart."""
    cause: Cause
    carry: int = 0
    """What was counted beyond line speed, to be added to the next interval. Nothing is lost."""


class Unknown(NamedTuple):
    """Nothing can be said of the interval. The current reading is where the next one starts from."""

    cause: Cause


class Bounds(NamedTuple):
    """What other counters of the same interval say of this one, e.g. packets of its bytes."""

    least: float = 0
    most: float = float("inf")


class CounterSample(NamedTuple):
    """One reading of a counter with what helps to judge it."""

    raw: int
    at: float
    """Seconds on the monotonic clock."""
    evidence: Evidence = Evidence()
    discontinuity: float | None = None
    """Seconds of the agent's uptime at which the counter last began anew: ifCounterDiscontinuityTime
    (IF-MIB)."""


def capacity(limit: N, elapsed: N) -> N:
    """Most that can have been counted in `elapsed` seconds on a line that carries `limit` per second, what a
    cache held back included. Of one counter or, as arrays, of many."""
    return limit * (elapsed + CACHE_SECONDS)


def reach(limit: N, elapsed: N) -> N:
    """Most that two readings `elapsed` seconds apart can differ by: a further wrap counts as possible up to
    here. As `capacity`, for clocks that are apart."""
    return capacity(limit, elapsed * CERTAIN)


def increase_between(
    previous: CounterSample,
    current: CounterSample,
    *,
    bits: int = 64,
    limit: float | None = None,
    carry: int = 0,
    neighbours_fell: bool | None = None,
    siblings_cleared: bool | None = None,
    bounds: Bounds | None = None,
    believe_discontinuity: bool = True,
) -> Advance | Unknown:
    """Judges two readings. `bits` is the width at which the counter wraps, `limit` what the line can carry
    per second in the counter's unit (None: unknown), `carry` what the last judgement left over; the rest as
    for `judge`. `believe_discontinuity` is false for agents that moved it without a reset before
    (`restarts.idle_moves`).
    """
    elapsed = current.at - previous.at
    if elapsed <= 0:
        return Unknown(Cause.CLOCK)
    moved = SILENT
    if believe_discontinuity:
        uptime = current.evidence.uptime
        moved = discontinuity_between(previous.discontinuity, current.discontinuity, uptime, elapsed)
    return judge(
        previous.raw,
        current.raw,
        elapsed,
        bits=bits,
        limit=limit,
        carry=carry,
        restart=restart_between(previous.evidence, current.evidence, elapsed),
        neighbours_fell=neighbours_fell,
        bounds=bounds,
        siblings_cleared=siblings_cleared,
        discontinuity=moved,
    )


def judge(
    before: int,
    after: int,
    elapsed: float,
    *,
    bits: int = 64,
    limit: float | None = None,
    carry: int = 0,
    restart: Restart = NO_WITNESS,
    neighbours_fell: bool | None = None,
    bounds: Bounds | None = None,
    siblings_cleared: bool | None = None,
    discontinuity: Discontinuity = SILENT,
) -> Advance | Unknown:
    """Judges one interval.

    neighbours_fell: whether other counters of the same table went back in the same interval; decides after a
    restart of the agent whether the counters restarted with it (a switch) or ran on (a daemon on a server).
    siblings_cleared: whether other counters of the same interface began at zero in this interval
    (`clears.siblings_cleared`); tells a clear from a wrap.
    discontinuity: what a believable ifCounterDiscontinuityTime says of this interval.
    """
    if elapsed <= 0:
        return Unknown(Cause.CLOCK)
    if neighbours_fell is None:
        neighbours_fell = siblings_cleared
    device = bool(restart.happened) and neighbours_fell is not False
    own = not device and discontinuity.moved and siblings_cleared is not False
    since = min(restart.uptime or 0.0, elapsed) if device else discontinuity.since
    surely = (device and neighbours_fell is True) or (siblings_cleared is True and before > 0)
    open_question = Cause.RESTARTED if device else Cause.RESET
    if limit is None:
        # Without a line speed nothing bounds what a counter that starts anywhere but at zero would claim.
        return Unknown(open_question) if device or own or surely else _unbounded(before, after, elapsed, bits)
    span = 1 << bits
    anew = _wraps(after, span, since, limit) if device or own else _NONE
    if not (device or own) and surely and _within(after, elapsed, limit):
        return Unknown(Cause.RESET)  # it began at zero, and nobody knows when
    fell = after < before
    base = (after - before) % span
    witnessed = restart.happened is not None or siblings_cleared is not None
    ran_on = _wraps(base, span, elapsed, limit)
    may_be_new = fell and not witnessed and _within(after, elapsed, limit)
    if (surely and anew) or (may_be_new and not _short_way(before, base, span)):
        ran_on = _NONE
    if bounds is not None and (fell or len(anew) + len(ran_on) > 1):
        before_bounds = len(anew) + len(ran_on)
        anew, ran_on = _bounded(after, span, anew, bounds), _bounded(base, span, ran_on, bounds)
        if before_bounds and not anew and not ran_on:
            # The other counters contradict this one, which is no word against the line's speed.
            return Unknown(Cause.RESET if fell and not device else Cause.AMBIGUOUS)
    if len(anew) + len(ran_on) != 1:
        if anew and ran_on:
            return Unknown(open_question)
        if anew or ran_on:
            return Unknown(Cause.AMBIGUOUS)
        return Unknown(Cause.RESET if fell and not device else Cause.IMPLAUSIBLE)
    if anew:
        return _clipped(after + anew[0] * span + carry, since, limit, Cause.RESTARTED)
    cause = Cause.WRAPPED if fell or ran_on[0] else Cause.STEADY
    return _clipped(base + ran_on[0] * span + carry, elapsed, limit, cause)


def _unbounded(before: int, after: int, elapsed: float, bits: int) -> Advance | Unknown:
    """A counter whose line's speed is unknown, and nothing says that it began anew."""
    span = 1 << bits
    base = (after - before) % span
    if after >= before:
        return Advance(base, elapsed, Cause.STEADY)
    if _short_way(before, base, span):
        return Advance(base, elapsed, Cause.WRAPPED)
    return Unknown(Cause.RESET)


def _wraps(base: int, span: int, seconds: float, limit: float) -> range:
    """How often, beside a wrap that shows, a counter may have wrapped if it advanced by `base` at least."""
    fewest = 0 if _within(base, seconds, limit) else 1
    return range(fewest, math.floor((reach(limit, seconds) - base) / span) + 1)


def _bounded(base: int, span: int, wraps: range, bounds: Bounds) -> range:
    """Those of the possible wraps that other counters admit."""
    if not wraps:
        return wraps
    fewest = max(wraps[0], math.ceil((bounds.least - base) / span))
    most = min(wraps[-1], math.floor((min(bounds.most, base + span * wraps[-1]) - base) / span))
    return range(fewest, most + 1)


def _short_way(before: int, base: int, span: int) -> bool:
    """True if a wrap is the nearer explanation of a fall than a reset."""
    return before >= span // 2 and base < span // 2


def _within(count: int, seconds: float, limit: float) -> bool:
    """True if the line can have carried so much, what a cache held back included."""
    return count <= capacity(limit, seconds)


def _clipped(total: int, seconds: float, limit: float, cause: Cause) -> Advance | Unknown:
    """Spreads what an agent's cache let arrive at once: line speed now, the rest in the next interval."""
    increase = min(total, int(limit * seconds))
    carry = total - increase
    if carry > limit * CACHE_SECONDS:
        return Unknown(Cause.IMPLAUSIBLE)
    return Advance(increase, seconds, cause, carry)
