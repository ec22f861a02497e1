"""Was a counter cleared between two readings? Told from the other counters of the same interface.

Whoever clears an interface's counters clears all of them, and wraps don't come together; so the counters of
one interface are each other's witnesses where a discontinuity time is missing or lies.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.state.counters import capacity, reach
from netwatch.state.limits import frame_bounds

__all__ = ["VERDICTS", "began_at_zero", "frames_began_at_zero", "siblings_cleared", "siblings_say", "words"]

VERDICTS: dict[int, bool | None] = {1: True, 0: None, -1: False}
"""What the numbers of `words` and `siblings_say` mean."""


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
    new = after <= capacity(limit, elapsed)
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


def words(
    before: NDArray[np.uint64],
    after: NDArray[np.uint64],
    elapsed: NDArray[np.float64],
    *,
    bits: NDArray[np.uint8] | None,
    limit: NDArray[np.floating[Any]],
) -> NDArray[np.int8]:
    """`began_at_zero` of many counters, one per row. bits: None where all are 64 bits wide; limit: NaN where
    it is unknown."""
    most = limit.astype(np.float64)
    fell, known = after < before, np.isfinite(most)
    narrow = np.zeros(len(after), dtype=np.bool_) if bits is None else bits < 64
    base = after - before
    base[narrow] &= np.uint64(0xFFFFFFFF)
    new, wrapped = after <= capacity(most, elapsed), base <= reach(most, elapsed)
    out = np.full(len(after), -1, dtype=np.int8)
    out[known & fell & new] = 1
    out[(known & new & (~fell | wrapped)) | (~known & (fell | narrow)) | (before == 0)] = 0
    return out


def siblings_say(said: NDArray[np.int8], who: NDArray[np.integer[Any]]) -> NDArray[np.int8]:
    """What the other counters of the same interface say together, for each (`siblings_cleared`). `who`: a
    small number of the interface that each belongs to; negative for a counter that is no witness."""
    heard = who >= 0
    size = int(who.max(initial=-1)) + 1
    yes = np.bincount(who[heard], weights=said[heard] > 0, minlength=size)
    no = np.bincount(who[heard], weights=said[heard] < 0, minlength=size)
    others_yes, others_no = np.zeros(len(said)), np.zeros(len(said))
    others_yes[heard] = yes[who[heard]] - (said[heard] > 0)
    others_no[heard] = no[who[heard]] - (said[heard] < 0)
    return np.where(others_yes > 0, 1, np.where(others_no > 0, -1, 0)).astype(np.int8)
