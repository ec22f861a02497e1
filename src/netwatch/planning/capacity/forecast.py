"""What each of many weekly series will be, with an 80 % interval: several ways, weighed by how they did before.

Forecasts are made from several origins in the past too, each knowing nothing of what came later. How far they
were off decides which way counts how much, and how wide the interval is. No chance is involved: the same
series give the same forecast.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from netwatch.planning.capacity.candidates import LEVELS, SLOPES, Fit, fit
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.shifts import Shifts

__all__ = ["LEAST_WEEKS", "Forecasts", "forecast"]

LEAST_WEEKS = 26
"""A forecast from less is not made."""
ORIGINS = (8, 13, 20, 26, 39, 52)
"""Weeks before the end from which forecasts are tried, as far as LEAST_WEEKS lie before them."""
_SKILL = 2.0
"""Weights fall with this power of the mean error."""
_PRIOR = np.array([0.6, 1.0, 1.0, 0.5])
"""Weight of each slope before anything is known."""
_BOUND = 0.5
"""Errors beyond this share of the level count as this much: one clean-up must not decide."""
_RANK = 0.7
"""Which quantile of a series' own errors stands for how predictable it is."""
_SHRINK = 0.35
"""How far that is drawn to what is usual, because it stands on few trials."""
_WALK, _SLOPE, _FLOOR, _BEND = 0.05, 0.03, 0.01, 1.0
"""Shape of the interval over time: what wobble adds per week (as variance), doubt about the slope per year
and a floor (as shares of the level), how much disputed slopes count."""
_HORIZONS = np.array([1.0, 4.0, 13.0, 26.0, 52.0, 104.0])
_WIDTHS = np.array([1.35, 1.35, 1.37, 1.2, 1.05, 1.0])
"""By weeks ahead: what makes 80 % of the intervals cover. From tests/bench/forecasts.py, tuning seeds only."""
_OFTEN, _LATE, _NORMAL = 2, 0.9, 1.28
_COMPOUND, _FASTEST = 1.2, 0.6 / 52
_FEW = 1.6


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Of many series. Shape of all but `model`: (series,)."""

    level: FloatArray
    """Of a full week of term, at the last week."""
    slope: FloatArray
    """Per week; negative where it falls."""
    own: FloatArray
    """How far off earlier forecasts of the series were, as a multiple of what its shape lets expect."""
    trials: NDArray[np.int64]
    """Earlier forecasts that were held against what came."""
    model: Fit
    untried: float

    @property
    def shifts(self) -> Shifts:
        """Level shifts that were found."""
        return self.model.shifts

    def band(self, ahead: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Low, median and high of a full week of term, by weeks ahead (1 is the next)."""
        trend = self.level[:, None] + self.slope[:, None] * ahead
        width = self.own[:, None] * _shape(self.model, ahead) * np.interp(ahead, _HORIZONS, _WIDTHS)
        width *= 1 + _FEW * self.untried**2 * np.minimum(ahead / 26, 1.0)
        for rate, size in self.recurring:
            count = rate[:, None] * ahead
            trend = trend + size[:, None] * np.maximum(count - _LATE, 0.0)
            width = np.hypot(width, _NORMAL * np.abs(size[:, None]) * np.sqrt(count))
        # Growth may be in percent of what is there: the upper end allows for that.
        pace = np.clip(self.slope / _or_one(self.level), 0.0, _FASTEST)[:, None] * ahead
        compound = np.maximum(self.level[:, None], 0.0) * (np.expm1(np.minimum(pace, 3.0)) - pace)
        high = trend + np.hypot(width, _COMPOUND * compound)
        return np.maximum(trend - width, 0.0), np.maximum(trend, 0.0), high

    @property
    def recurring(self) -> tuple[tuple[FloatArray, FloatArray], ...]:
        """Clean-ups and expansions that happened at least twice: how many a week, and their mean size."""
        out = []
        for sign in (-1.0, 1.0):
            steps = self.shifts.steps * ((self.shifts.steps * sign) > 0)
            count = (steps != 0).sum(axis=1)
            often = count >= _OFTEN
            size = steps.sum(axis=1) / np.maximum(count, 1)
            out.append((np.where(often, count / steps.shape[1], 0.0), np.where(often, size, 0.0)))
        return tuple(out)

    def values(self, school: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same with the season. `school`: (series, weeks ahead), share of a full school week."""
        season = self.model.season(school)
        low, middle, high = self.band(np.arange(1.0, school.shape[1] + 1))
        return low * season, middle * season, high * season


def forecast(values: FloatArray, school: FloatArray) -> Forecasts:
    """Weekly values (series, weeks), the last one the latest, NaN where nothing was measured.

    `school`: share of a full school week, 0 to 1, of the same shape.
    """
    series, weeks = values.shape
    now = fit(values, school)
    trials = [
        _trial(values, school, weeks - back) for back in ORIGINS if weeks - back >= LEAST_WEEKS
    ]
    weights = _weights([error / _or_one(now.scale)[:, None, None, None] for _, error, _ in trials], trials, series)
    level = (weights.sum(axis=2) * now.levels).sum(axis=1)
    slope = (weights.sum(axis=1) * now.slopes).sum(axis=1)
    own, count = _own([(np.einsum("nls,nlsh->nh", weights, error), model, ahead) for model, error, ahead in trials], series)
    return Forecasts(level, slope, own, count, now, 1 - len(trials) / len(ORIGINS))


def _shape(model: Fit, ahead: FloatArray) -> FloatArray:
    wobble, scale = model.wobble[:, None], model.scale[:, None]
    parts = wobble**2 * (1 + _WALK * ahead) + (scale * _FLOOR) ** 2
    parts = parts + (_SLOPE * scale * ahead / 52) ** 2 + (_BEND * model.dispute[:, None] * ahead) ** 2
    return np.asarray(np.sqrt(parts))


def _trial(values: FloatArray, school: FloatArray, origin: int) -> tuple[Fit, FloatArray, FloatArray]:
    """A fit that knows the weeks before `origin`, its errors (series, levels, slopes, horizons), horizons."""
    model = fit(values[:, :origin], school[:, :origin])
    last = values.shape[1] - origin
    ahead = np.array([week for week in range(1, last + 1) if week % 4 == 0 or week == last])
    season = model.season(school[:, origin:])[:, ahead - 1]
    paths = model.levels[:, :, None, None] + model.slopes[:, None, :, None] * ahead
    error = paths * season[:, None, None, :] - values[:, origin + ahead - 1][:, None, None, :]
    return model, error, ahead.astype(np.float64)


def _weights(errors, trials, series) -> FloatArray:
    total = np.zeros((series, len(LEVELS), SLOPES))
    count = np.zeros((series, 1, 1))
    for error, (_, _, ahead) in zip(errors, trials, strict=True):
        size = np.minimum(np.abs(error), _BOUND) / np.sqrt(ahead)
        known = np.isfinite(size)
        total += np.where(known, size, 0.0).sum(axis=-1)
        count += known[:, :1, :1].sum(axis=-1)
    weights = _PRIOR / (total / np.maximum(count, 1) + 0.002) ** _SKILL
    return np.asarray(weights / weights.sum(axis=(1, 2), keepdims=True))


def _own(trials, series) -> tuple[FloatArray, NDArray[np.int64]]:
    if not trials:
        return np.ones(series), np.zeros(series, dtype=np.int64)
    ratios = np.concatenate([np.abs(e) / np.maximum(_shape(m, a), 1e-300) for e, m, a in trials], axis=1)
    count = np.isfinite(ratios).sum(axis=1)
    place = np.maximum((_RANK * (count - 1)).astype(int), 0)
    ranked = np.take_along_axis(np.sort(ratios, axis=1), place[:, None], axis=1)[:, 0]
    own = np.where(count > 0, np.clip(ranked, 0.05, 20.0), 1.0)
    return own ** (1 - _SHRINK), count


def _or_one(values: FloatArray) -> FloatArray:
    return np.asarray(np.where(values > 0, values, 1.0))
