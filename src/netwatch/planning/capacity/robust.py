"""Medians and slopes that a few wild values don't move, of many series at once. NaN is "not measured"."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "blocks", "median", "spread", "theil_sen"]

FloatArray = NDArray[np.float64]

_NORMAL = 1.4826
"""Median absolute deviation to standard deviation, for normal noise."""
_PAIRS = 2_000_000
"""Slopes held at a time: 16 MB."""


def median(values: NDArray[Any]) -> FloatArray:
    """Median along the last axis of what is finite; NaN where nothing is."""
    ordered = np.sort(values, axis=-1)  # NaN goes last
    count = np.isfinite(values).sum(axis=-1)
    low = np.maximum((count - 1) // 2, 0)[..., None]
    high = np.maximum(count // 2, 0)[..., None]
    high = np.minimum(high, values.shape[-1] - 1)
    both = np.take_along_axis(ordered, low, -1) + np.take_along_axis(ordered, high, -1)
    return np.asarray(np.where(count > 0, both[..., 0] / 2, np.nan), dtype=np.float64)


def spread(values: FloatArray) -> FloatArray:
    """Standard deviation along the last axis, from the median absolute deviation around the median."""
    return median(np.abs(values - median(values)[..., None])) * _NORMAL


def blocks(values: FloatArray, width: int) -> tuple[FloatArray, FloatArray]:
    """Medians of blocks of `width` columns, counted from the end, and the position of the middle of each.

    Shape (series, blocks). The position is that of what is finite in the block, so that holes don't bend a
    slope.
    """
    series, columns = values.shape
    missing = -columns % width
    padded = np.concatenate([np.full((series, missing), np.nan), values], axis=1)
    cut = padded.reshape(series, -1, width)
    places = (np.arange(padded.shape[1]) - missing).reshape(1, -1, width)
    known = np.isfinite(cut)
    count = known.sum(axis=-1)
    middle = np.where(known, places, 0).sum(axis=-1) / np.maximum(count, 1)
    return median(cut), np.where(count > 0, middle, np.nan)


def theil_sen(values: FloatArray, places: FloatArray) -> FloatArray:
    """Median of the slopes of all pairs of points (Theil 1950, Sen 1968), per series; NaN below two points.

    Both have the shape (series, points).
    """
    left, right = np.triu_indices(values.shape[1], 1)
    out = np.full(values.shape[0], np.nan)
    step = max(1, _PAIRS // max(1, left.size))
    for begin in range(0, values.shape[0] if left.size else 0, step):
        rows = slice(begin, begin + step)
        run = places[rows, right] - places[rows, left]
        rise = values[rows, right] - values[rows, left]
        out[rows] = median(rise / run)
    return out
