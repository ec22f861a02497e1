"""Which counters of a pass did nothing but count: the vectorised short way past `judge`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.state.counters import CACHE_SECONDS, CERTAIN

__all__ = ["steady"]


def steady(
    before: NDArray[np.uint64],
    after: NDArray[np.uint64],
    elapsed: NDArray[np.float64],
    *,
    bits: NDArray[np.uint8] | None,
    limit: NDArray[np.floating[Any]],
    odd: NDArray[Any] | None = None,
) -> NDArray[np.bool_]:
    """True where `judge` says `Advance(after - before, elapsed, Cause.STEADY)` with nothing carried.

    One row per counter. bits: None where all are 64 bits wide. limit: what the line carries per second, NaN
    where unknown. odd: not 0 where the row's past or its source ask for a closer look (a first reading, a
    carry, a restart or a cleared sibling in the interval); None where that is nowhere so. Where the answer is
    False, ask `judge`.
    """
    delta = (after - before).astype(np.float64)
    ceiling = limit * elapsed
    good: NDArray[np.bool_] = after >= before
    good &= elapsed > 0
    good &= ~(delta >= ceiling)  # true where there is no limit
    if bits is not None:
        # A further wrap is possible as far as the line and a cache of the agent's allow.
        most = ceiling * CERTAIN + limit * CACHE_SECONDS
        good &= (bits > 32) | ~(delta + 2.0**32 <= most)
    if odd is not None:
        good &= odd == 0
    return good
