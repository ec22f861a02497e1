"""What a school year does to a series: the level of holidays, and a profile through the year."""

from __future__ import annotations

import numpy as np

from netwatch.planning.capacity.robust import FloatArray, blocks, median, spread, theil_sen

__all__ = ["YEAR", "holiday_factors", "line", "profile", "share_of_week"]

YEAR = 52
"""Weeks."""
TERM = 0.5
"""Share of a full school week from which a week counts as term."""
FREE = 0.2
"""And up to which as holidays."""
_SMOOTH = 2
"""Weeks on each side over which the profile is smoothed."""


def line(values: FloatArray) -> FloatArray:
    """A robust straight line through each series, at every week. NaN for less than two blocks."""
    middles, places = blocks(values, 4)
    slope = theil_sen(middles, places)
    base = median(middles - slope[:, None] * places)
    return np.asarray(base[:, None] + slope[:, None] * np.arange(values.shape[1]))


def holiday_factors(values: FloatArray, school: FloatArray) -> FloatArray:
    """By series: level of the holidays as a share of that of the term; 1 where they don't differ clearly.

    `school`: share of a full school week, 0 to 1, shape of `values`.
    """
    term = np.where(school >= TERM, values, np.nan)
    trend = line(term)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where((trend > 0) & np.isfinite(values), values / trend, np.nan)
    free = np.where(school <= FREE, ratio, np.nan)
    factor = median(free)
    count = np.isfinite(free).sum(axis=1)
    noise = spread(np.where(school >= TERM, ratio, np.nan))
    clear = (count >= 4) & (np.abs(factor - 1) > np.maximum(0.05, 2 * noise))
    return np.asarray(np.where(clear & (factor > 0.02), factor, 1.0))


def share_of_week(factors: FloatArray, school: FloatArray) -> FloatArray:
    """Level of each week as a share of that of a full week of term."""
    return np.asarray(factors[:, None] + (1 - factors[:, None]) * np.clip(school, 0, 1))


def profile(residuals: FloatArray) -> FloatArray:
    """By series and week of the year (0: the week after the last): what is above or below the trend.

    `residuals`: shares of the trend. A profile is believed as far as two years agree on it; with less than
    two years there is none.
    """
    series, weeks = residuals.shape
    years = weeks // YEAR
    if years < 2:
        return np.zeros((series, YEAR))
    folded = residuals[:, weeks - years * YEAR :].reshape(series, years, YEAR)
    smooth = np.stack([_smooth(folded[:, year]) for year in range(years)], axis=1)
    smooth = smooth - median(smooth)[..., None]
    both = np.isfinite(smooth[:, -1]) & np.isfinite(smooth[:, -2])
    last = np.where(both, smooth[:, -1], 0.0)
    before = np.where(both, smooth[:, -2], 0.0)
    size = np.sqrt((last**2).sum(axis=1) * (before**2).sum(axis=1))
    with np.errstate(invalid="ignore", divide="ignore"):
        agreement = np.where(size > 0, (last * before).sum(axis=1) / size, 0.0)
    belief = np.clip((agreement - 0.3) / 0.5, 0.0, 1.0)
    mean = median(np.moveaxis(smooth, 1, 2))
    return np.asarray(np.where(np.isfinite(mean), mean, 0.0) * belief[:, None])


def _smooth(year: FloatArray) -> FloatArray:
    """Medians over a few weeks around each; the year is a circle."""
    shifted = [np.roll(year, step, axis=1) for step in range(-_SMOOTH, _SMOOTH + 1)]
    return median(np.stack(shifted, axis=-1))
