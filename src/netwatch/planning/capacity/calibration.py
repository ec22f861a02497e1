"""How wide an interval has to be, by what the past of a series looks like.

The table is made by tests/bench/forecast_tuning.py: straight, bending, wandering and cleaned-up series ask
for other widths, and traits of their past tell them apart as far as anything does.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from netwatch.planning.capacity.robust import FloatArray

__all__ = ["TRAITS", "by_weeks", "traits", "widened"]

TRAITS = (
    "all",
    "own",
    "bend",
    "turn",
    "bent",
    "turned",
    "wobble",
    "rough",
    "down once",
    "down often",
    "up once",
    "up often",
    "growth",
    "untried",
    "hardly tried",
    "holidays",
    "swing",
    "late",
    "lateness",
    "early",
    "missing",
)

_MOST = 4.0
"""Logarithm of the factor by which a width is changed at most."""
# By trait: the logarithm of a factor, as it is half a year ahead, and how it rises and bends over time.
_LOW = (
    (-0.723, -0.667, -0.233),  # all
    (-0.102, 0.434, 0.007),  # own
    (0.616, -0.102, -0.164),  # bend
    (-0.475, -0.781, -0.228),  # turn
    (0.189, 0.777, 0.292),  # bent
    (0.096, -0.097, 0.032),  # turned
    (0.168, 0.27, 0.138),  # wobble
    (0.805, -0.117, -0.137),  # rough
    (1.793, 0.866, 0.039),  # down once
    (-1.277, 0.041, 0.111),  # down often
    (-1.74, -1.191, -0.247),  # up once
    (-0.582, -0.764, 0.307),  # up often
    (0.423, 0.689, 0.298),  # growth
    (0.877, 0.758, 0.127),  # untried
    (0.427, 0.295, 0.112),  # hardly tried
    (-0.284, -0.849, -0.398),  # holidays
    (0.61, -0.276, 0),  # swing
    (0.324, 0.345, 0.096),  # late
    (0.407, -0.049, -0.053),  # lateness
    (0.16, -0.955, -0.395),  # early
    (-0.434, -0.869, -0.331),  # missing
)
_HIGH = (
    (0.09, 0.215, 0.023),  # all
    (-0.629, -0.411, -0.276),  # own
    (-0.014, -0.253, -0.175),  # bend
    (0.474, 0.594, 0.094),  # turn
    (-0.059, 0.133, 0.209),  # bent
    (-0.559, -0.8, -0.247),  # turned
    (0.115, -0.033, 0.037),  # wobble
    (0.993, -0.163, -0.177),  # rough
    (-0.406, 0.062, 0.131),  # down once
    (-0.572, 0.322, 0.452),  # down often
    (-0.204, -0.089, 0.089),  # up once
    (0.378, -0.056, -0.091),  # up often
    (-0.159, -0.269, -0.067),  # growth
    (0.734, 0.611, 0.169),  # untried
    (-0.062, 0.005, 0.04),  # hardly tried
    (0.434, 0.102, -0.047),  # holidays
    (0.261, -0.513, -0.217),  # swing
    (-0.766, -0.713, -0.22),  # late
    (0.058, 0.452, 0.156),  # lateness
    (0.929, 0.78, 0.074),  # early
    (0.514, 0.19, -0.064),  # missing
)


def traits(
    *,
    own: FloatArray,
    bend: FloatArray,
    turn: FloatArray,
    wobble: FloatArray,
    rough: FloatArray,
    downs: Any,
    ups: Any,
    growth: FloatArray,
    untried: float,
    holidays: FloatArray,
    swing: FloatArray,
    late: FloatArray,
    early: FloatArray,
    missing: FloatArray,
) -> FloatArray:
    """(series, TRAITS), each of a size of about 1, whatever the unit of the series, and never beyond what was
    tuned on."""
    one = np.ones_like(own)
    told = (
        one,
        np.clip(np.log(own), -1.3, 1.7),
        np.tanh(bend / 0.1),
        np.tanh(turn / 0.1),
        np.tanh(np.abs(bend) / 0.05),
        np.tanh(np.abs(turn) / 0.1),
        np.clip(np.log((wobble + 0.002) / 0.03), -1.8, 1.8),
        np.clip(np.log((rough + 0.1) / 0.6), -0.6, 1.5),
        one * (downs >= 1),
        one * (downs >= 2),
        one * (ups >= 1),
        one * (ups >= 2),
        np.tanh(growth / 0.2),
        one * untried,
        one * (untried > 0.5),
        np.tanh(np.abs(holidays) / 0.2),
        np.tanh(np.sqrt((swing**2).mean(axis=1)) / 0.05),
        np.tanh(late / 0.05),
        np.tanh(np.abs(late) / 0.05),
        np.tanh(early / 0.05),
        np.tanh(missing / 0.1),
    )
    return np.stack(told, axis=1)


def by_weeks(ahead: FloatArray) -> FloatArray:
    """(weeks, 3): what a trait's say is made of over time, a curve over the logarithm of the weeks ahead.
    Past two years nothing was tried: it stays as it is there."""
    at = np.log(np.clip(ahead, 1.0, 104.0) / 26) / np.log(4)
    return np.stack([np.ones_like(at), at, at**2], axis=1)


def widened(
    told: FloatArray, ahead: FloatArray, low: FloatArray, high: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Widths below and above the median, (series, weeks), from those that the shape lets expect."""
    times = by_weeks(ahead).T
    return _times(told, _LOW, times) * low, _times(told, _HIGH, times) * high


def _times(told: FloatArray, table: tuple[tuple[float, ...], ...], times: FloatArray) -> FloatArray:
    """Trait by trait, so that what comes out for a series does not depend on the others of its batch."""
    total = np.zeros((len(told), times.shape[1]))
    for place, row in enumerate(table):
        total += told[:, place, None] * (np.array(row) @ times)
    return np.exp(np.clip(total, -_MOST, _MOST))
