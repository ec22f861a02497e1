"""Did a source restart between two looks at it? Several witnesses, because each of them lies somewhere.

sysUpTime (SNMPv2-MIB, RFC 3418) goes back at a restart, but also when its 32 bits of hundredths are full,
after 497 days; some agents count milliseconds or 31 bits. snmpEngineBoots and snmpEngineTime
(SNMP-FRAMEWORK-MIB, RFC 3411) tell the same of the SNMP engine, where the agent shows them.
"""

from __future__ import annotations

from typing import NamedTuple

from netwatch.model import Evidence

__all__ = ["NO_WITNESS", "Restart", "restart_between"]

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


def restart_between(before: Evidence, after: Evidence, elapsed: float) -> Restart:
    """Judges an interval of `elapsed` seconds (above 0) between two pieces of evidence.

    An uptime that is lower than it must be says "restarted", unless it wrapped, or the SNMP engine's own time
    ran on. Engine boots alone never say it: some agents raise them without a restart.
    """
    uptime = _clock_verdict(before.uptime, after.uptime, elapsed)
    engine = _clock_verdict(before.engine_time, after.engine_time, elapsed)
    if uptime is None:
        return Restart(engine, after.engine_time if engine else None)
    if uptime and engine is False and before.engine_boots == after.engine_boots:
        return Restart(False)
    return Restart(uptime, after.uptime if uptime else None)


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
