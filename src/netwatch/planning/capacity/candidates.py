"""Ways to tell the level and the slope of a series: some quick to believe what is new, some slow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netwatch.planning.capacity.robust import FloatArray, blocks, median, spread, theil_sen
from netwatch.planning.capacity.season import YEAR, holiday_factors, line, profile, share_of_week
from netwatch.planning.capacity.shifts import Shifts, align

__all__ = ["LEVELS", "SLOPES", "Fit", "fit"]

LEVELS = (1, 3, 8)
"""Last measured weeks whose median, carried to the end, is a level."""
SLOPES = 4
"""None, of all history, of the last year, of the last half year."""
_BLOCK = 4
"""Weeks whose median is one point of a slope."""
_HALF_YEAR = 7
"""Blocks."""


@dataclass(frozen=True, slots=True)
class Fit:
    """What a model of each series is made from. First axis: series."""

    levels: FloatArray
    """(series, LEVELS): of a full week of term, at the last week."""
    slopes: FloatArray
    """(series, SLOPES), per week."""
    factors: FloatArray
    """Level of the holidays as a share of that of the term."""
    profile: FloatArray
    """(series, YEAR): what each week from the next on is above or below the trend, as a share of it."""
    shifts: Shifts
    wobble: FloatArray
    """Standard deviation of what one week differs from the last one, season and shifts taken out."""
    scale: FloatArray
    """Median of the series."""
    rough: FloatArray
    """What four weeks differ from the four before, as a multiple of what wobble alone would make of it: much
    more than 1 for what wanders."""

    @property
    def dispute(self) -> FloatArray:
        """How far the slopes of longer and shorter stretches are apart, per week: what bends is uncertain."""
        whole, year, half = self.slopes[:, 1], self.slopes[:, 2], self.slopes[:, 3]
        return np.asarray(np.maximum(0.7 * np.abs(half - year), np.abs(year - whole)))

    def season(self, school: FloatArray) -> FloatArray:
        """Level of each week ahead as a share of a full week of term. `school`: (series, weeks ahead)."""
        weeks = np.arange(school.shape[1]) % YEAR
        return np.asarray(share_of_week(self.factors, school) * (1 + self.profile[:, weeks]))


def fit(values: FloatArray, school: FloatArray) -> Fit:
    """Takes out holidays, shifts and the profile of the year, then looks at level and slope in several ways.

    `values`: (series, weeks), NaN where nothing was measured. `school`: share of a full school week, 0 to 1.
    """
    weeks = values.shape[1]
    factors = holiday_factors(values, school)
    shifts = align(values / share_of_week(factors, school))
    scale = np.nan_to_num(np.abs(median(shifts.aligned)))
    trend = line(shifts.aligned)
    with np.errstate(invalid="ignore", divide="ignore"):
        residuals = np.where(trend > 0.1 * scale[:, None], shifts.aligned / trend - 1, np.nan)
    shape = profile(residuals)
    clean = shifts.aligned / (1 + shape[:, (np.arange(weeks) - weeks) % YEAR])
    middles, places = blocks(clean, _BLOCK)
    year = YEAR // _BLOCK
    slopes = np.zeros((values.shape[0], SLOPES))
    for way, last in enumerate((middles.shape[1], year, _HALF_YEAR), 1):
        slopes[:, way] = np.nan_to_num(theil_sen(middles[:, -last:], places[:, -last:]))
    wobble = np.nan_to_num(spread(np.diff(clean, axis=1)))
    rough = np.nan_to_num(spread(np.diff(middles, axis=1))) / np.where(wobble > 0, wobble, np.inf)
    return Fit(_levels(clean, slopes[:, 2]), slopes, factors, shape, shifts, wobble, scale, rough)


def _levels(clean: FloatArray, slope: FloatArray) -> FloatArray:
    """Medians over the last measured weeks, each carried along the slope to the last week."""
    weeks = clean.shape[1]
    known = np.isfinite(clean)
    order = np.argsort(~known, axis=1, kind="stable")
    count = known.sum(axis=1)
    out = []
    for last in LEVELS:
        behind = np.maximum(count[:, None] - 1 - np.arange(last)[None, :], 0)
        place = np.take_along_axis(order, behind, axis=1)
        value = np.take_along_axis(clean, place, axis=1)
        carried = slope[:, None] * (weeks - 1 - place) if last > 1 else 0.0
        out.append(median(value + carried))
    return np.stack(out, axis=1)
