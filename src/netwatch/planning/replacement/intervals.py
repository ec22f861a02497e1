"""How far a rank depends on the weights of the criteria.

For each asset the lowest and the highest rank that it can have while each criterion's weight moves on its
own within +-v percent. Asset j stands before i under some weights exactly if the greatest value of sum(w_c
(p_jc - p_ic)) over the box of weights is positive; that greatest value is sum(d_c) + v/100 * sum(|d_c|). So
every pair is decided exactly, in integers. Counting the pairs gives an outer bound: no weights within the
box give a rank outside of it, and for two assets it is attained. With more of them the bound can be wider
than any single choice of weights makes it, since each pair may take the weights that are worst for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["rank_intervals"]

_CHUNK = 4_000_000
"""Pairs at once: some 100 MB."""


def rank_intervals(points: Sequence[Sequence[float]], percent: int) -> list[tuple[int, int]]:
    """(lowest, highest) rank of each asset, from 1. `points`: one row per asset, one column per criterion, in
    eighths. Equal sums share a rank, as in the list."""
    if not points:
        return []
    exact = np.rint(np.asarray(points, dtype=np.float64) * 8).astype(np.int32)
    # Many assets of a fleet are alike: each different row is compared once.
    rows, place, counts = np.unique(exact, axis=0, return_inverse=True, return_counts=True)
    low = np.empty(len(rows), dtype=np.int64)
    high = np.empty(len(rows), dtype=np.int64)
    step = max(1, _CHUNK // len(rows))
    for first in range(0, len(rows), step):
        sums, spread = _pairs(rows, rows[first : first + step])
        low[first : first + step] = 1 + (100 * sums - percent * spread > 0) @ counts
        high[first : first + step] = 1 + (100 * sums + percent * spread > 0) @ counts
    place = place.reshape(-1)
    return list(zip(low[place].tolist(), high[place].tolist(), strict=True))


def _pairs(rows: NDArray[np.int32], some: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Of each pair (one of `some`, one of `rows`): the sum of differences, and that of their sizes."""
    sums = rows.sum(axis=1, dtype=np.int32)[None, :] - some.sum(axis=1, dtype=np.int32)[:, None]
    spread = np.zeros_like(sums)
    for column in range(rows.shape[1]):
        spread += np.abs(rows[None, :, column] - some[:, None, column])
    return sums, spread
