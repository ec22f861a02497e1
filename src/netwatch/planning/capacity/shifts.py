"""Level shifts: a clean-up, an expansion, a new service. Found, told, and taken out of the trend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from netwatch.planning.capacity.robust import FloatArray, median, spread

__all__ = ["NEVER", "Shifts", "align"]

SIDE = 6
"""Weeks on each side that a shift is seen by."""
NEVER = 1_000_000
"""Weeks since a shift that never was."""
MOST = 6
"""Shifts that are looked for in one series."""
_CLEAR = 5.0
"""Standard deviations of a week's change beyond which a jump is no noise."""
_LEAST = 0.03
"""Of the level: smaller jumps are left alone."""


@dataclass(frozen=True, slots=True)
class Shifts:
    aligned: FloatArray
    """The series as if every step had happened before it began: its latest level holds throughout."""
    steps: FloatArray
    """By series and week: how far the level jumped at the begin of that week; 0 for not at all."""

    settled: NDArray[np.int64]
    """Weeks since the last shift; NEVER where there was none. One of the last weeks counts too, although
    nobody knows yet whether it lasts."""


def align(values: FloatArray) -> Shifts:
    """Looks for shifts in each series, the clearest first."""
    series, weeks = values.shape
    aligned = values.copy()
    steps = np.zeros((series, weeks))
    if weeks < 2 * SIDE + 1:
        return Shifts(aligned, steps, np.full(series, NEVER))
    noise = spread(np.diff(values, axis=1))
    level = np.abs(median(values))
    least = np.maximum(_CLEAR * np.nan_to_num(noise), _LEAST * np.nan_to_num(level))
    open_rows = np.arange(series)
    for _ in range(MOST):
        size, at = _clearest(aligned[open_rows])
        found = np.abs(size) > least[open_rows]
        if not found.any():
            break
        open_rows, size, at = open_rows[found], size[found], at[found]
        steps[open_rows, at] += size
        before = np.arange(weeks)[None, :] < at[:, None]
        aligned[open_rows] += np.where(before, size[:, None], 0.0)
    return Shifts(aligned, steps, np.minimum(_since(steps), _fresh(aligned, 2 * least)))


def _since(steps: FloatArray) -> NDArray[np.int64]:
    found = steps[:, ::-1] != 0
    return np.asarray(np.where(found.any(axis=1), np.argmax(found, axis=1) + 1, NEVER), dtype=np.int64)


def _fresh(values: FloatArray, least: FloatArray) -> NDArray[np.int64]:
    """Weeks since a jump in the last weeks that is as large as a shift and has not gone back so far."""
    out = np.full(values.shape[0], NEVER, dtype=np.int64)
    for week in range(SIDE - 1, 0, -1):
        rise = median(values[:, -week:]) - median(values[:, -week - SIDE : -week])
        jump = values[:, -week] - values[:, -week - 1]
        same = (np.sign(jump) == np.sign(rise)) & (np.abs(jump) > 0.6 * np.abs(rise))
        out = np.where(same & (np.abs(rise) > least), week, out)
    return out


def _clearest(values: FloatArray) -> tuple[FloatArray, NDArray[np.int64]]:
    """By series: the largest jump that one week makes between two levels, and the first week after it."""
    sides = median(sliding_window_view(values, SIDE, axis=1))
    known = np.isfinite(sliding_window_view(values, SIDE, axis=1)).sum(axis=-1) >= SIDE - 1
    sides = np.where(known, sides, np.nan)
    before, after = sides[:, :-SIDE], sides[:, SIDE:]
    at = np.arange(SIDE, SIDE + before.shape[1])
    # The change of one week from the last to the next, and what growth of that pace explains of the levels.
    jump = values[:, at] - values[:, at - 1]
    slope = (sides[:, :-1] - sides[:, 1:]) * -1.0
    usual = median(slope)[:, None] * SIDE
    rise = after - before - usual
    same = (np.sign(jump) == np.sign(rise)) & (np.abs(jump) > 0.6 * np.abs(rise))
    score = np.where(same & np.isfinite(rise), np.abs(rise), -1.0)
    place = np.argmax(score, axis=1)
    rows = np.arange(values.shape[0])
    found = score[rows, place] > 0
    return (
        np.where(found, rise[rows, place], 0.0),
        np.asarray(at[place], dtype=np.int64),
    )
