"""Samples of a whole series into buckets, by the rules of the recorder. Pure; times are wall seconds."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["HOLD", "MAX_GAP", "Folded", "fold_counter", "fold_gauge"]

HOLD, MAX_GAP = 900.0, 3600.0
"""As in Recorder: how long a gauge's reading stands, and over which gap a counter's growth can be placed."""

Floats = NDArray[np.float64]


class Folded(NamedTuple):
    """One element per bucket; nothing is known where the coverage is 0."""

    value: Floats
    """Counters: increase. Gauges: mean, NaN where nothing is known."""
    peak: Floats
    """Gauges: largest reading. Counters: the same as `value`."""
    covered: Floats
    """Seconds."""


def fold_counter(times: Floats, values: Floats, start: int, width: int, buckets: int) -> Folded:
    """What a counter grew by between two samples is spread evenly over the time between them. An interval in
    which it fell back, or that is longer than `MAX_GAP`, is not covered. `times` ascend."""
    edges = start + width * np.arange(buckets + 1, dtype=np.float64)
    if times.size < 2:
        nothing = np.zeros(buckets)
        return Folded(nothing, nothing, nothing)
    length, growth = np.diff(times), np.diff(values)
    good = (growth >= 0) & (length <= MAX_GAP) & (length > 0)
    grown = np.concatenate(([0.0], np.cumsum(np.where(good, growth, 0.0))))
    known = np.concatenate(([0.0], np.cumsum(np.where(good, length, 0.0))))
    increase = np.diff(np.interp(edges, times, grown))
    covered = np.clip(np.diff(np.interp(edges, times, known)), 0.0, width)
    covered[covered < 0.05] = 0.0  # coverage is kept to a tenth of a second
    return Folded(increase, increase, covered)


def fold_gauge(times: Floats, values: Floats, start: int, width: int, buckets: int) -> Folded:
    """A sample stands for the time since the one before it, for at most `HOLD` seconds. The first one stands
    for nothing. `times` ascend."""
    edges = start + width * np.arange(buckets + 1, dtype=np.float64)
    total, covered = np.zeros(buckets), np.zeros(buckets)
    peak = np.full(buckets, -np.inf)
    if times.size > 1:
        ends, told = times[1:], values[1:]
        begins = np.maximum(times[:-1], ends - HOLD)
        points = np.column_stack((begins, ends)).reshape(-1)
        held = np.cumsum(np.column_stack((np.zeros(ends.size), ends - begins)).reshape(-1))
        area = np.cumsum(np.column_stack((np.zeros(ends.size), told * (ends - begins))).reshape(-1))
        covered = np.clip(np.diff(np.interp(edges, points, held)), 0.0, width)
        total = np.diff(np.interp(edges, points, area))
        first = np.floor((begins - start) / width).astype(np.int64)
        last = np.ceil((ends - start) / width).astype(np.int64) - 1
        for step in range(int(HOLD // width) + 2):
            at = first + step
            hit = (at <= last) & (at >= 0) & (at < buckets)
            np.maximum.at(peak, at[hit], told[hit])
    covered[covered < 0.05] = 0.0
    known = covered > 0
    mean = np.full(buckets, np.nan)
    mean[known] = total[known] / covered[known]
    peak[~known] = np.nan
    return Folded(np.minimum(mean, peak), peak, covered)
