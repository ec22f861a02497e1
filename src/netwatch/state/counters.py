"""What a counter did between two readings: an increase over a number of seconds, or unknown with a reason.

Pure: the same evidence gives the same judgement. docs/counters.md states the rules for people.
"""

from __future__ import annotations

import math
from enum import StrEnum
from typing import NamedTuple

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
    "increase_between",
    "judge",
    "reach",
]

CACHE_SECONDS = 30.0
"""Age that a value may have in an agent that refreshes its counters rarely. Its next refresh then brings more
than the interval's worth; the surplus is carried to the next interval."""

CERTAIN = 1.05
"""Factor by which a line's speed and the clocks may be off, when it is asked how often a counter may have
wrapped."""


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


def reach(limit: float, elapsed: float) -> float:
    """Most that two readings `elapsed` seconds apart can differ by on a line that carries `limit` per second:
    what a cache held back included. A further wrap counts as possible up to here."""
    return limit * (elapsed * CERTAIN + CACHE_SECONDS)


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
    if restart.happened and neighbours_fell is not False:
        since = min(restart.uptime or 0.0, elapsed)
        may_run_on = after >= before and neighbours_fell is not True
        if limit is None or _within(after, since, limit):
            # Without a line speed nothing bounds what a counter that starts anywhere but at zero would claim.
            if limit is None or (may_run_on and _within(after - before, elapsed, limit)):
                return Unknown(Cause.RESTARTED)
            return _clipped(after + carry, since, limit, Cause.RESTARTED)
        if not may_run_on:
            return Unknown(Cause.IMPLAUSIBLE)
    elif siblings_cleared is not False:
        if discontinuity.moved:
            return _after_discontinuity(before, after, discontinuity.since, limit, carry)
        if siblings_cleared and before > 0 and _within(after, elapsed, limit):
            return Unknown(Cause.RESET)
    witnessed = restart.happened is not None or siblings_cleared is not None
    return _ran_on(before, after, elapsed, bits, limit, carry, bounds, witnessed)


def _ran_on(
    before: int,
    after: int,
    elapsed: float,
    bits: int,
    limit: float | None,
    carry: int,
    bounds: Bounds | None,
    witnessed: bool,
) -> Advance | Unknown:
    """Nothing says that the counter began anew. `witnessed`: somebody would have said so."""
    fell = after < before
    span = 1 << bits
    base = (after - before) % span
    if fell and not (witnessed and limit is not None) and not _short_way(before, base, span):
        return Unknown(Cause.RESET)
    if limit is None:
        return Advance(base, elapsed, Cause.WRAPPED if fell else Cause.STEADY)
    fewest, most = _wraps(base, span, elapsed, limit)
    if most < fewest:
        return Unknown(Cause.RESET if fell else Cause.IMPLAUSIBLE)
    if bounds is not None and (fell or most > fewest):
        fewest = max(fewest, math.ceil((bounds.least - base) / span))
        most = min(most, math.floor((min(bounds.most, reach(limit, elapsed)) - base) / span))
        if most < fewest and fell:
            return Unknown(Cause.RESET)
    if most != fewest:
        # None left: the other counters contradict this one, which is no word against the line's speed.
        return Unknown(Cause.AMBIGUOUS)
    cause = Cause.WRAPPED if fell or fewest else Cause.STEADY
    return _clipped(base + fewest * span + carry, elapsed, limit, cause)


def _wraps(base: int, span: int, elapsed: float, limit: float) -> tuple[int, int]:
    """How often, beside a wrap that shows, the counter may have wrapped: at least and at most."""
    fewest = 0 if _within(base, elapsed, limit) else 1
    return fewest, math.floor((reach(limit, elapsed) - base) / span)


def _short_way(before: int, base: int, span: int) -> bool:
    """True if a wrap is the nearer explanation of a fall than a reset."""
    return before >= span // 2 and base < span // 2


def _within(after: int, seconds: float, limit: float | None) -> bool:
    """True if a counter that began at zero can have come this far."""
    return limit is None or after <= limit * (seconds + CACHE_SECONDS)


def _clipped(total: int, seconds: float, limit: float, cause: Cause) -> Advance | Unknown:
    """Spreads what an agent's cache let arrive at once: line speed now, the rest in the next interval."""
    increase = min(total, int(limit * seconds))
    carry = total - increase
    if carry > limit * CACHE_SECONDS:
        return Unknown(Cause.IMPLAUSIBLE)
    return Advance(increase, seconds, cause, carry)


def _after_discontinuity(
    before: int, after: int, since: float, limit: float | None, carry: int
) -> Advance | Unknown:
    """The agent says that this counter began anew `since` seconds ago. RFC 2863 lets it begin anywhere: only
    a counter that fell, to what it can have counted from zero, tells how much."""
    if after >= before or limit is None or not _within(after, since, limit):
        return Unknown(Cause.RESET)
    return _clipped(after + carry, since, limit, Cause.RESTARTED)
