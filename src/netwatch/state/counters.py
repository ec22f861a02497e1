"""What a counter did between two readings: an increase over a number of seconds, or unknown with a reason.

Pure: the same evidence gives the same judgement. docs/counters.md states the rules for people.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from netwatch.model import Evidence
from netwatch.state.restarts import NO_WITNESS, Restart, restart_between

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
]

CACHE_SECONDS = 30.0
"""Age that a value may have in an agent that refreshes its counters rarely. Its next refresh then brings more
than the interval's worth; the surplus is carried to the next interval."""

CERTAIN = 1.05
"""A further wrap counts as possible if line speed times this could have brought it."""


class Cause(StrEnum):
    """How a judgement came about."""

    STEADY = "steady"
    WRAPPED = "wrapped"
    RESTARTED = "restarted"
    """With an increase: counted from zero since the restart. Without: it can't be told what was counted."""
    FIRST = "first reading"
    CLOCK = "no time passed between the readings"
    SOURCE = "another source tells it now"
    RESET = "the counter went back without a restart"
    AMBIGUOUS = "it may have wrapped more than once"
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


def increase_between(
    previous: CounterSample,
    current: CounterSample,
    *,
    bits: int = 64,
    limit: float | None = None,
    carry: int = 0,
) -> Advance | Unknown:
    """Judges two readings. `bits` is the width at which the counter wraps, `limit` what the line can carry
    per second in the counter's unit (None: unknown), `carry` what the last judgement left over.
    """
    elapsed = current.at - previous.at
    if elapsed <= 0:
        return Unknown(Cause.CLOCK)
    restart = restart_between(previous.evidence, current.evidence, elapsed)
    return judge(previous.raw, current.raw, elapsed, bits=bits, limit=limit, carry=carry, restart=restart)


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
) -> Advance | Unknown:
    """Judges one interval.

    neighbours_fell: whether other counters of the same table went back in the same interval; decides after a
    restart of the agent whether the counters restarted with it (a switch) or ran on (a daemon on a server).
    """
    if elapsed <= 0:
        return Unknown(Cause.CLOCK)
    if restart.happened:
        return _after_restart(before, after, elapsed, limit, carry, restart.uptime or 0.0, neighbours_fell)
    fell = after < before
    span = 1 << bits
    base = (after - before) % span
    if limit is None:
        if fell and not _short_way(before, base, span):
            return Unknown(Cause.RESET)
        return Advance(base, elapsed, Cause.WRAPPED if fell else Cause.STEADY)
    if fell and restart.happened is None and not _short_way(before, base, span):
        return Unknown(Cause.RESET)
    found = _candidates(base, span, elapsed, limit, bounds)
    if not found:
        return Unknown(Cause.RESET if fell else Cause.IMPLAUSIBLE)
    if len(found) > 1:
        return Unknown(Cause.AMBIGUOUS)
    wrapped = fell or found[0] >= span
    return _clipped(found[0] + carry, elapsed, limit, Cause.WRAPPED if wrapped else Cause.STEADY)


def _candidates(base: int, span: int, elapsed: float, limit: float, bounds: Bounds | None) -> list[int]:
    """Increases that the readings and the line allow; two are as good as many."""
    found = [base] if base <= limit * (elapsed + CACHE_SECONDS) else []
    more = base + span
    while more <= limit * elapsed * CERTAIN and len(found) < 3:
        found.append(more)
        more += span
    if len(found) > 1 and bounds is not None:
        found = [increase for increase in found if bounds.least <= increase <= bounds.most]
    return found


def _short_way(before: int, base: int, span: int) -> bool:
    """True if a wrap is the nearer explanation of a fall than a reset."""
    return before >= span // 2 and base < span // 2


def _clipped(total: int, seconds: float, limit: float, cause: Cause) -> Advance | Unknown:
    """Spreads what an agent's cache let arrive at once: line speed now, the rest in the next interval."""
    increase = min(total, int(limit * seconds))
    carry = total - increase
    if carry > limit * CACHE_SECONDS:
        return Unknown(Cause.IMPLAUSIBLE)
    return Advance(increase, seconds, cause, carry)


def _after_restart(
    before: int,
    after: int,
    elapsed: float,
    limit: float | None,
    carry: int,
    uptime: float,
    neighbours_fell: bool | None,
) -> Advance | Unknown:
    """After a restart the counter began at zero, or ran on because only the agent restarted."""
    since = min(uptime, elapsed)
    may_run_on = after >= before and neighbours_fell is not True
    may_be_new = after < before or neighbours_fell is not False
    if limit is None:
        # Without a line speed nothing bounds what a counter that starts anywhere but at zero would claim.
        if may_run_on and not may_be_new:
            return Advance(after - before, elapsed, Cause.STEADY)
        return Unknown(Cause.RESTARTED)
    may_run_on = may_run_on and after - before <= limit * (elapsed + CACHE_SECONDS)
    may_be_new = may_be_new and after <= limit * (since + CACHE_SECONDS)
    if may_run_on and may_be_new:
        return Unknown(Cause.RESTARTED)
    if may_run_on:
        return _clipped(after - before + carry, elapsed, limit, Cause.STEADY)
    if may_be_new:
        return _clipped(after + carry, since, limit, Cause.RESTARTED)
    return Unknown(Cause.IMPLAUSIBLE)
