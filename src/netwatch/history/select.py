"""Exact weighted percentiles of many series at once.

Nearly all buckets of a series were measured in full. So the full ones are partitioned, not sorted, and the
few others are put among those that lie where the percentile can be.
"""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["Full", "Others", "judged", "share_of", "weighted_percentiles", "weights_of"]

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
    share = share_of(q)
    found, seconds = np.full(values.shape[0], np.nan), np.zeros(values.shape[0])
    for low in range(0, values.shape[0] if values.size else 0, _ROWS):
        rows = slice(low, low + _ROWS)
        found[rows], seconds[rows] = _judge(values[rows], covered[rows], share, rate=rate)
    return found, seconds


def share_of(q: float) -> Fraction:
    """Of percent. Raises ValueError outside 0 to 100."""
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    return Fraction(str(q)) / 100


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
    column = odd - row * buckets
    seconds = covered[row, column].astype(np.float64)
    others = Others(row, values[row, column].astype(np.float64), seconds, rate=rate)
    values[row, column] = np.inf
    sizes = buckets - counts
    return judged(Full(values, sizes, np.zeros_like(sizes), full), others, share, rate=rate)


class Full(NamedTuple):
    """The buckets of each row that were measured in full, as far as the percentile may be among them."""

    values: Values
    """(rows, places): so many as `sizes` says, in any order; the other places hold infinity."""
    sizes: NDArray[np.int64]
    left_out: NDArray[np.int64]
    """How many further ones each row has, all of them at or below those."""
    seconds: Values
    """That each of them stands for, by row."""


class Others:
    """Buckets that were not measured in full, in order of rows."""

    def __init__(self, row: NDArray[np.intp], value: Result, seconds: Result, *, rate: bool) -> None:
        self.row = row
        self.weights = weights_of(seconds)
        if rate:
            value = np.divide(value, seconds, out=np.full(value.size, np.inf), where=seconds > 0)
        self.value = value

    def of(self, rows: slice) -> tuple[NDArray[np.intp], Result, Weights]:
        """(row counted from the first one, value, weight)."""
        part = slice(*np.searchsorted(self.row, (rows.start, rows.stop)).tolist())
        return self.row[part] - rows.start, self.value[part], self.weights[part]


def judged(full: Full, others: Others, share: Fraction, *, rate: bool) -> tuple[Result, Result]:
    """(percentiles, seconds) of rows of which some bucket was measured in full. `full.values` is scratch."""
    rows = full.sizes.size
    weight = weights_of(full.seconds)
    rest = np.bincount(others.row, weights=others.weights, minlength=rows).astype(np.int64)
    total = weight * (full.sizes + full.left_out) + rest
    need = np.array([max(_at_least(int(one), share), 1) for one in total], dtype=np.int64)
    # So many full buckets lie below for certain, and so many are enough whatever the others are.
    low = np.maximum((need - 1 - rest) // weight - full.left_out, 0)
    high = np.maximum(np.minimum(-(-need // weight) - full.left_out, full.sizes), low + 1)
    need -= weight * full.left_out
    result = np.empty(rows)
    whole = int(high.max() - low.min()) <= _SPREAD
    for part in [slice(0, rows)] if whole else [slice(at, at + 1) for at in range(rows)]:
        bounds = int(low[part].min()), int(min(high[part].max(), full.values.shape[1]))
        result[part] = _among(
            full.values[part], full.seconds[part], others.of(part), bounds, need[part], rate=rate
        )
    return result, total / _TENTHS


def _among(
    values: Values,
    seconds: Values,
    others: tuple[NDArray[np.intp], Result, Weights],
    bounds: tuple[int, int],
    need: Weights,
    *,
    rate: bool,
) -> Result:
    """The first value of each row at which as much weight as needed is reached; it lies within the bounds, in
    the order of the full buckets, or among the others."""
    (low, high), (row, value, weight) = bounds, others
    values.partition(low, axis=1)
    if high - 1 > low:
        values[:, low:].partition(high - 1 - low, axis=1)  # one place at a time is what is fast
    counts = np.bincount(row, minlength=seconds.size)
    size = high - low
    slab = np.full((seconds.size, size + int(counts.max(initial=0))), np.inf)
    weights = np.zeros(slab.shape, dtype=np.int64)
    slab[:, :size] = values[:, low:high]
    full = weights_of(seconds)[:, None]
    weights[:, :size] = np.where(np.isfinite(slab[:, :size]), full, 0)
    if rate:
        slab[:, :size] /= seconds.astype(np.float64)[:, None]
    place = size + np.arange(row.size) - (np.cumsum(counts) - counts)[row]
    slab[row, place], weights[row, place] = value, weight
    order = np.argsort(slab, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1) + full * low
    at = (reached >= need[:, None]).argmax(axis=1)
    return np.asarray(np.take_along_axis(slab, np.take_along_axis(order, at[:, None], axis=1), axis=1)[:, 0])


def _sorted(values: Values, covered: Values, share: Fraction, *, rate: bool) -> tuple[Result, Result]:
    known = covered > 0
    weights = weights_of(covered[known])
    found = values[known].astype(np.float64)
    if rate:
        found /= covered[known].astype(np.float64)
    order = np.argsort(found, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, max(_at_least(int(reached[-1]), share), 1), side="left"))
    return found[order[at : at + 1]], reached[-1:] / _TENTHS


def weights_of(covered: NDArray[np.floating]) -> Weights:
    """Seconds as whole tenths."""
    return np.rint(covered.astype(np.float64) * _TENTHS).astype(np.int64)


def _at_least(total: int, share: Fraction) -> int:
    """The least whole number that is such a share of the total."""
    return -((-total * share.numerator) // share.denominator)
