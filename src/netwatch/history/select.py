"""Exact weighted percentiles of many series at once.

Nearly all buckets of a series were measured in full. So the full ones are partitioned, not sorted, and the
few others are put among those that lie where the percentile can be.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["weighted_percentiles"]

_TENTHS = 10
"""Coverage is kept to a tenth of a second, so weights are whole numbers of those and sums are exact."""
_ROWS = 32
"""Series that are judged at a time: what that needs stays in the processor's cache."""
_SPREAD = 512
"""Places in the order of its values that a series may be away from others that are judged with it."""
_FEW = 0.05
"""Share of buckets that were measured in part from which a series is simply sorted."""

Values = NDArray[np.float32]
Result = NDArray[np.float64]
Weights = NDArray[np.int64]


def weighted_percentiles(values: Values, covered: Values, q: float, *, rate: bool) -> tuple[Result, Result]:
    """By row, the smallest value at or below which at least `q` percent of the covered seconds lie, NaN for
    rows without any; and how many seconds are covered. `rate`: what is judged is value per covered second.

    `values` is scratch: it comes back in disorder. Coverage is 0 where nothing is known. Raises ValueError
    for a `q` outside 0 to 100.
    """
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    found, seconds = np.full(values.shape[0], np.nan), np.zeros(values.shape[0])
    share = Fraction(str(q)) / 100
    for low in range(0, values.shape[0] if values.size else 0, _ROWS):
        rows = slice(low, low + _ROWS)
        found[rows], seconds[rows] = _judge(values[rows], covered[rows], share, rate=rate)
    return found, seconds


def _judge(values: Values, covered: Values, share: Fraction, *, rate: bool) -> tuple[Result, Result]:
    rows, buckets = values.shape
    full = covered.max(axis=1)
    odd = np.flatnonzero(covered != full[:, None])
    row = odd // buckets
    counts = np.bincount(row, minlength=rows)
    if rows > 1 and np.any((counts > _FEW * buckets) | (full == 0)):
        parts = [_judge(values[at : at + 1], covered[at : at + 1], share, rate=rate) for at in range(rows)]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
    if full[0] == 0:
        return np.full(rows, np.nan), np.zeros(rows)
    if rows == 1 and counts[0] > _FEW * buckets:
        return _sorted(values[0], covered[0], share, rate=rate)
    seconds = covered.reshape(-1)[odd] if covered.flags.c_contiguous else covered[row, odd % buckets]
    weight, weights = _weights(full), _weights(seconds)
    rest = np.bincount(row, weights=weights, minlength=rows).astype(np.int64)
    total = weight * (buckets - counts) + rest
    need = np.array([max(_at_least(int(one), share), 1) for one in total], dtype=np.int64)
    # So many full buckets lie below for certain, and so many are enough whatever the others are.
    low = np.maximum((need - 1 - rest) // weight, 0)
    high = np.maximum(np.minimum(-(-need // weight), buckets - counts), low + 1)
    result = np.empty(rows)
    whole = int(high.max() - low.min()) <= _SPREAD
    for part in [slice(0, rows)] if whole else [slice(at, at + 1) for at in range(rows)]:
        begin = int(np.searchsorted(row, part.start))
        end = int(np.searchsorted(row, part.stop))
        others = _Others(row[begin:end] - part.start, odd[begin:end] % buckets, seconds[begin:end])
        bounds = int(low[part].min()), int(min(high[part].max(), buckets))
        result[part] = _among(values[part], full[part], others, bounds, need[part], rate=rate)
    return result, total / _TENTHS


class _Others:
    """Buckets that were not measured in full."""

    def __init__(self, row: NDArray[np.intp], column: NDArray[np.intp], seconds: Values) -> None:
        self.row, self.column = row, column
        self.seconds = seconds.astype(np.float64)
        self.weights = _weights(seconds)


def _among(
    values: Values, full: Values, others: _Others, bounds: tuple[int, int], need: Weights, *, rate: bool
) -> Result:
    """The first value of each row at which as much weight as needed is reached; it lies within the bounds, in
    the order of the full buckets, or among the others."""
    low, high = bounds
    odd = values[others.row, others.column].astype(np.float64)
    if rate:
        odd = np.divide(odd, others.seconds, out=np.full(odd.size, np.inf), where=others.seconds > 0)
    values[others.row, others.column] = np.inf
    values.partition(low, axis=1)
    if high - 1 > low:
        values[:, low:].partition(high - 1 - low, axis=1)  # one place at a time is what is fast
    counts = np.bincount(others.row, minlength=full.size)
    size = high - low
    slab = np.full((full.size, size + int(counts.max(initial=0))), np.inf)
    weights = np.zeros(slab.shape, dtype=np.int64)
    slab[:, :size] = values[:, low:high]
    weights[:, :size] = np.where(np.isfinite(slab[:, :size]), _weights(full)[:, None], 0)
    if rate:
        slab[:, :size] /= full.astype(np.float64)[:, None]
    place = size + np.arange(odd.size) - (np.cumsum(counts) - counts)[others.row]
    slab[others.row, place], weights[others.row, place] = odd, others.weights
    order = np.argsort(slab, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1) + (_weights(full) * low)[:, None]
    at = (reached >= need[:, None]).argmax(axis=1)
    return np.asarray(np.take_along_axis(slab, np.take_along_axis(order, at[:, None], axis=1), axis=1)[:, 0])


def _sorted(values: Values, covered: Values, share: Fraction, *, rate: bool) -> tuple[Result, Result]:
    known = covered > 0
    weights = _weights(covered[known])
    judged = values[known].astype(np.float64)
    if rate:
        judged /= covered[known].astype(np.float64)
    order = np.argsort(judged, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, max(_at_least(int(reached[-1]), share), 1), side="left"))
    return judged[order[at : at + 1]], reached[-1:] / _TENTHS


def _weights(covered: Values) -> Weights:
    return np.rint(covered.astype(np.float64) * _TENTHS).astype(np.int64)


def _at_least(total: int, share: Fraction) -> int:
    """The least whole number that is such a share of the total."""
    return -((-total * share.numerator) // share.denominator)
