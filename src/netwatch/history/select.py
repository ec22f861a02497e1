"""Exact weighted percentiles of many series at once.

Nearly all buckets of a series were measured in full. So the full ones are partitioned, not sorted, and the
few others are put among those that lie where the percentile can be.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

__all__ = ["weighted_percentiles"]

_TENTHS = 10
"""Coverage is kept to a tenth of a second, so weights are whole numbers of those and sums are exact."""
_SPREAD = 512
"""Places in the order of its values that a series may be away from the others that it is judged with."""
_FEW = 0.05
"""Share of buckets that were measured in part from which a series is simply sorted."""

Values = NDArray[np.float32]
Result = NDArray[np.float64]
Rows = NDArray[np.intp]
Weights = NDArray[np.int64]


def weighted_percentiles(values: Values, covered: Values, q: float, *, rate: bool) -> Result:
    """By row, the smallest value at or below which at least `q` percent of the covered seconds lie; NaN for
    rows without any. `rate`: what is judged is value per covered second.

    Both matrices (series, buckets) are scratch: they come back in disorder. Coverage is 0 where nothing is
    known. Raises ValueError for a `q` outside 0 to 100.
    """
    if not 0 <= q <= 100:
        raise ValueError(f"a percentile lies between 0 and 100, not at {q}")
    out = np.full(values.shape[0], np.nan)
    if not values.size:
        return out
    share = Fraction(str(q)) / 100
    full = covered.max(axis=1)
    partly = covered != full[:, None]
    odd = np.flatnonzero(partly.any(axis=1) & (full > 0))
    even = np.flatnonzero(~partly.any(axis=1) & (full > 0))
    if even.size:
        place = max(_at_least(values.shape[1], share) - 1, 0)
        chosen = values if even.size == out.size else values[even]
        chosen.partition(place, axis=1)
        out[even] = chosen[:, place] / (full[even].astype(np.float64) if rate else 1.0)
    if odd.size:
        some = (partly[odd] & (covered[odd] > 0)).sum(axis=1)
        many = odd[some > _FEW * values.shape[1]]
        for row in many:
            out[row] = _sorted(values[row], covered[row], share, rate=rate)
        few = odd[some <= _FEW * values.shape[1]]
        for rows in _alike(few, partly, share):
            out[rows] = _among(values[rows], covered[rows], full[rows], share, rate=rate)
    return out


def _alike(rows: Rows, partly: NDArray[np.bool_], share: Fraction) -> Iterator[Rows]:
    """Rows whose percentile lies at about the same place."""
    if not rows.size:
        return
    places = (partly.shape[1] - partly[rows].sum(axis=1)) * float(share)
    order = np.argsort(places, kind="stable")
    steps = (places[order] - places[order[0]]) // _SPREAD
    yield from np.split(rows[order], np.flatnonzero(np.diff(steps)) + 1)


def _among(values: Values, covered: Values, full: Values, share: Fraction, *, rate: bool) -> Result:
    """Copies of rows with few buckets in part."""
    partly = covered != full[:, None]
    regular = partly.shape[1] - partly.sum(axis=1)
    weight = _weights(full)
    row, column = np.nonzero(partly & (covered > 0))
    counts = np.bincount(row, minlength=full.size)
    rest = np.zeros(full.size, dtype=np.int64)
    seconds = covered[row, column]
    np.add.at(rest, row, _weights(seconds))
    total = weight * regular + rest
    need = np.array([_at_least(int(one), share) for one in total], dtype=np.int64)
    # So many full buckets lie below for certain, and so many are enough whatever the others are.
    low = int(np.maximum((need - 1 - rest) // weight, 0).min())
    high = int(np.minimum(-(-need // weight), regular).max())
    # What is odd goes behind, at the side of the others.
    width = int(counts.max(initial=0))
    values_odd = values[row, column].astype(np.float64)
    values[partly] = np.inf
    low = max(0, min(low, values.shape[1] - 1))
    high = min(max(high, low + 1), values.shape[1])
    values.partition((low, high - 1) if high - 1 > low else low, axis=1)
    slab = np.empty((full.size, high - low + width))
    weights = np.zeros(slab.shape, dtype=np.int64)
    slab[:, : high - low] = values[:, low:high]
    weights[:, : high - low] = np.where(np.isfinite(slab[:, : high - low]), weight[:, None], 0)
    if rate:
        slab[:, : high - low] /= full.astype(np.float64)[:, None]
    slab[:, high - low :] = np.inf
    place = high - low + np.arange(row.size) - (np.cumsum(counts) - counts)[row]
    slab[row, place] = values_odd / (seconds.astype(np.float64) if rate else 1.0)
    weights[row, place] = _weights(seconds)
    order = np.argsort(slab, axis=1, kind="stable")
    reached = np.cumsum(np.take_along_axis(weights, order, axis=1), axis=1) + (weight * low)[:, None]
    at = (reached >= np.maximum(need, 1)[:, None]).argmax(axis=1)
    return np.asarray(np.take_along_axis(slab, np.take_along_axis(order, at[:, None], axis=1), axis=1)[:, 0])


def _sorted(values: Values, covered: Values, share: Fraction, *, rate: bool) -> float:
    known = covered > 0
    weights = _weights(covered[known])
    judged = values[known].astype(np.float64)
    if rate:
        judged /= covered[known].astype(np.float64)
    order = np.argsort(judged, kind="stable")
    reached = np.cumsum(weights[order])
    at = int(np.searchsorted(reached, max(_at_least(int(reached[-1]), share), 1), side="left"))
    return float(judged[order[at]])


def _weights(covered: Values) -> Weights:
    return np.rint(covered.astype(np.float64) * _TENTHS).astype(np.int64)


def _at_least(total: int, share: Fraction) -> int:
    """The least whole number that is such a share of the total."""
    return -((-total * share.numerator) // share.denominator)
