"""Which counters of a column did nothing but count: the vectorised short way past `judge`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.state.counters import CACHE_SECONDS, CERTAIN

__all__ = ["steady_mask"]


def steady_mask(
    before: NDArray[np.uint64],
    after: NDArray[np.uint64],
    elapsed: NDArray[np.float64] | float,
    *,
    bits: NDArray[Any] | int,
    limit: NDArray[np.float64],
    carry: NDArray[np.uint64],
    restarted: NDArray[np.bool_] | bool = False,
    moved: NDArray[np.bool_] | bool = False,
    siblings_cleared: NDArray[np.bool_] | bool = False,
) -> NDArray[np.bool_]:
    """True where `judge` says `Advance(after - before, elapsed, Cause.STEADY)` with nothing carried.

    One row per counter; `elapsed` and `bits` may be one number for all. `limit` is NaN where the line's speed
    is unknown. `restarted`: a restart of the source falls into the interval; `moved`: so does a believable
    discontinuity; `siblings_cleared`: other counters of the interface began at zero. What `judge` also knows
    (the neighbours, bounds) changes nothing where this is true; where it is false, ask `judge`.
    """
    delta = (after - before).astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        one_answer = delta + np.ldexp(1.0, bits) > limit * (elapsed * CERTAIN + CACHE_SECONDS)
        bounded = np.isnan(limit) | ((delta <= np.floor(limit * elapsed)) & one_answer)
        steady: NDArray[np.bool_] = (
            (after >= before) & (elapsed > 0) & np.isfinite(elapsed) & (carry == 0) & bounded
        )
        steady &= ~(np.asarray(restarted) | np.asarray(moved))
        if np.any(siblings_cleared):
            may_be_new = np.isnan(limit) | (after <= limit * (elapsed + CACHE_SECONDS))
            steady &= ~(np.asarray(siblings_cleared) & (before > 0) & may_be_new)
    return steady
