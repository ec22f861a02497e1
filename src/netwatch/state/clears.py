"""Was a counter cleared between two readings? Told from the other counters of the same interface.

Whoever clears an interface's counters clears all of them, and wraps don't come together; so the counters of
one interface are each other's witnesses where a discontinuity time is missing or lies.
"""

from __future__ import annotations

from collections.abc import Iterable

from netwatch.state.counters import CACHE_SECONDS, reach
from netwatch.state.limits import frame_bounds

__all__ = ["began_at_zero", "frames_began_at_zero", "siblings_cleared"]


def began_at_zero(
    before: int, after: int, elapsed: float, *, bits: int = 64, limit: float | None = None
) -> bool | None:
    """Whether one counter was cleared within an interval of `elapsed` seconds, by its own word.

    True: it fell, to what it can have counted from zero, and a wrap is beyond the line. False: it ran on, or
    fell by a little only (some agents compute a counter as the difference of two others, and correct
    themselves). None: it was at zero, it may have wrapped, or it may have been cleared and have overtaken its
    old value.
    """
    if before == 0:
        return None
    if limit is None:
        return None if after < before or bits < 64 else False
    new = after <= limit * (elapsed + CACHE_SECONDS)
    if after >= before or not new:
        return None if new else False
    wrapped = (after - before) % (1 << bits) <= reach(limit, elapsed)
    return None if wrapped else True


def frames_began_at_zero(
    octets: int, packets: int, elapsed: float, *, bits: int, limit: float, mtu: float | None
) -> bool | None:
    """Whether the octets and packets that an interface shows now were both counted from zero within an
    interval of `elapsed` seconds. False if frames can't have such sizes, else None. `limit` in bytes per
    second."""
    most = reach(limit, elapsed)
    least, most = frame_bounds(packets, mtu, most)
    total = octets
    while total < least:
        total += 1 << bits
    return None if total <= most else False


def siblings_cleared(words: Iterable[bool | None]) -> bool | None:
    """What the other counters of one interface say together (`began_at_zero` of each and
    `frames_began_at_zero`): one that was cleared outweighs those that ran on, since clearing what stood near
    zero leaves no trace."""
    verdict: bool | None = None
    for word in words:
        if word:
            return True
        verdict = verdict if word is None else False
    return verdict
