"""Did a source restart between two looks at it? Several witnesses, because each of them lies somewhere.

sysUpTime (SNMPv2-MIB, RFC 3418) goes back at a restart, but also when its 32 bits of hundredths are full,
after 497 days; some agents count milliseconds or 31 bits. snmpEngineBoots and snmpEngineTime
(SNMP-FRAMEWORK-MIB, RFC 3411) tell the same of the SNMP engine, where the agent shows them.
ifCounterDiscontinuityTime (IF-MIB, RFC 2863 section 3.1.5) tells it of one interface's counters; agents are
known that never move it, and some move it without a reset.
"""

from __future__ import annotations

from typing import NamedTuple

from netwatch.model import Evidence

__all__ = [
    "NO_WITNESS",
    "SILENT",
    "Discontinuity",
    "Restart",
    "believes",
    "discontinuity_between",
    "idle_moves",
    "restart_between",
]

_MODULI = (2**32 / 100, 2**31 / 100, 2**32 / 1000)
"""Seconds after which uptimes wrap: TimeTicks, TimeTicks in a signed integer, milliseconds."""

_SLACK = 10.0
"""Seconds by which an honest uptime may be late: agents refresh it rarely, answers travel slowly."""

_DRIFT = 0.01
"""Share by which an agent's clock may run slow or fast."""


class Restart(NamedTuple):
    """The verdict on one interval."""

    happened: bool | None
    """None: no witness."""
    uptime: float | None = None
    """Seconds since the restart, where it happened."""


NO_WITNESS = Restart(None)

_TIMETICKS_SPAN = 2**32 / 100
"""Seconds after which TimeTicks wrap (RFC 2578)."""

_HABIT = 2
"""After so many moves in a row without a reset, a discontinuity time is not believed."""


class Discontinuity(NamedTuple):
    """What ifCounterDiscontinuityTime says of one interval of one interface's counters."""

    moved: bool = False
    """False proves nothing: there are agents that never move it."""
    since: float = 0.0
    """Seconds since the discontinuity, where it moved; within the interval."""


SILENT = Discontinuity()


def restart_between(before: Evidence, after: Evidence, elapsed: float) -> Restart:
    """Judges an interval of `elapsed` seconds (above 0) between two pieces of evidence.

    An uptime that is lower than it must be says "restarted", unless it wrapped, or the SNMP engine's own time
    ran on. Engine boots alone never say it: some agents raise them without a restart. If an uptime grew, but
    by less than the interval, and the engine's boots stayed, the device may have been paused: no verdict.
    """
    uptime = _clock_verdict(before.uptime, after.uptime, elapsed)
    engine = _clock_verdict(before.engine_time, after.engine_time, elapsed)
    if uptime is None:
        return Restart(engine, after.engine_time if engine else None)
    same_boots = before.engine_boots == after.engine_boots
    if uptime and engine is False and same_boots:
        return Restart(False)
    if uptime and same_boots and after.engine_boots is not None and _grew(before.uptime, after.uptime):
        return NO_WITNESS
    return Restart(uptime, after.uptime if uptime else None)


def discontinuity_between(
    before: float | None, after: float | None, uptime: float | None, elapsed: float
) -> Discontinuity:
    """Judges two values of ifCounterDiscontinuityTime (seconds of the agent's uptime); `uptime` is that of
    the second. A time that lies outside of the interval says nothing: zero after a restart of the agent, or a
    clock that is not the uptime's.
    """
    if before is None or after is None or uptime is None or before == after:
        return SILENT
    since = (uptime - after) % _TIMETICKS_SPAN
    if since > elapsed + _SLACK + _DRIFT * elapsed:
        return SILENT
    return Discontinuity(True, min(since, elapsed))


def idle_moves(moves: int, discontinuity: Discontinuity, fell: bool, cleared: bool | None) -> int:
    """How often in a row a discontinuity time moved though its counters did not go back, after one more
    interval. `moves` is the count before, 0 for a start; `fell`: one of the counters went back; `cleared`:
    what `clears.siblings_cleared` says of all of them."""
    if not discontinuity.moved:
        return moves
    if cleared:
        return 0
    return moves if fell else min(moves + 1, _HABIT)


def believes(moves: int) -> bool:
    """Whether a discontinuity time with so many idle moves is believed."""
    return moves < _HABIT


def _grew(before: float | None, after: float | None) -> bool:
    return before is not None and after is not None and after >= before


def _clock_verdict(before: float | None, after: float | None, elapsed: float) -> bool | None:
    """True if a count of seconds since start was begun anew within the interval."""
    if before is None or after is None:
        return None
    tolerance = _SLACK + _DRIFT * elapsed
    expected = before + elapsed
    went_back = after < before - 2.0
    fell_short = after < expected - tolerance
    # Whoever restarted within the interval can't have been up for longer than the interval.
    if not (went_back or fell_short) or after > elapsed + tolerance:
        return False
    return all(
        expected < modulus - tolerance or abs(after - (expected - modulus)) > tolerance for modulus in _MODULI
    )
