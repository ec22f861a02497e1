"""What each of many weekly series will be, with an 80 % interval: several ways, weighed by their past.

Forecasts are made from several origins in the past too, each knowing nothing of what came later. How far they
were off decides which way counts how much, and how wide the interval is. No chance is involved: the same
series give the same forecast.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from netwatch.planning.capacity.calibration import traits, widened
from netwatch.planning.capacity.candidates import LEVELS, SLOPES, Fit, fit
from netwatch.planning.capacity.robust import FloatArray
from netwatch.planning.capacity.season import YEAR, share_of_week

__all__ = ["LEAST_KNOWN", "LEAST_WEEKS", "Forecasts", "forecast"]

LEAST_WEEKS = 26
"""A forecast from a shorter stretch is not made,"""
LEAST_KNOWN = 13
"""nor one from fewer measured weeks."""
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
_NORMAL = 1.28
"""Quantile of the normal distribution that 10 % lie above."""
_OFTEN, _LATE = 2, 0.9
"""Shifts of one direction from which they are expected again; how many of them the median comes behind."""
_COMPOUND, _FASTEST = 1.2, 0.6 / 52
"""How far the upper end allows for growth in percent; the fastest such growth, per week."""


@dataclass(frozen=True, slots=True)
class Forecasts:
    """Of many series, without the series. First axis of all: series."""

    level: FloatArray
    """Of a full week of term, at the last week."""
    slope: FloatArray
    """Per week; negative where it falls."""
    own: FloatArray
    """How far off earlier forecasts of the series were, as a multiple of what its shape lets expect."""
    untried: FloatArray
    """Share of the origins from which no forecast could be tried, 0 to 1."""
    wobble: FloatArray
    """Standard deviation of what one week differs from the last one."""
    scale: FloatArray
    """Median of the series."""
    dispute: FloatArray
    """How far slopes of longer and shorter stretches are apart, per week."""
    factors: FloatArray
    """Level of the holidays as a share of that of the term."""
    profile: FloatArray
    """(series, YEAR): what each week from the next on is above or below the trend, as a share of it."""
    down: FloatArray
    """(series, 2): clean-ups that happen again and again: how many a week, and their mean size (negative)."""
    up: FloatArray
    """(series, 2): the same of expansions."""
    shifts: NDArray[np.int64]
    """How many level shifts were found."""
    settled: NDArray[np.int64]
    """Weeks since the last shift, of whatever size; very many where there was none."""
    traits: FloatArray
    """(series, TRAITS): what tells how far off such a series usually ends up."""

    def __len__(self) -> int:
        return len(self.level)

    def band(self, ahead: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Low, median and high of a full week of term, by weeks ahead (1 is the next): 80 % lie between low
        and high, 10 % above."""
        trend, below, above = self.shape(ahead)
        low, high = widened(self.traits, ahead, below, above)
        return np.maximum(trend - low, 0.0), np.maximum(trend, 0.0), np.maximum(trend + high, 0.0)

    def shape(self, ahead: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The trend, and how far below and above it what came might lie, before calibration."""
        trend = self.level[:, None] + self.slope[:, None] * ahead
        width = self.own[:, None] * _shape(self, ahead)
        for steps in (self.down, self.up):
            count, size = steps[:, :1] * ahead, steps[:, 1:]
            trend = trend + size * np.maximum(count - _LATE, 0.0)
            width = np.hypot(width, _NORMAL * np.abs(size) * np.sqrt(count))
        # Growth may be in percent of what is there: the upper end allows for that.
        pace = np.clip(self.slope / _or_one(self.level), 0.0, _FASTEST)[:, None] * ahead
        compound = np.maximum(self.level[:, None], 0.0) * (np.expm1(np.minimum(pace, 3.0)) - pace)
        return trend, width, np.hypot(width, _COMPOUND * compound)

    def season(self, school: FloatArray) -> FloatArray:
        """Level of each week ahead as a share of a full week of term. `school`: (series, weeks ahead)."""
        weeks = np.arange(school.shape[1])
        return np.asarray(share_of_week(self.factors, school) * (1 + self.profile[:, weeks % YEAR]))

    def values(self, school: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """The same with the season. `school`: (series, weeks ahead), share of a full school week."""
        season = self.season(school)
        low, middle, high = self.band(np.arange(1.0, school.shape[1] + 1))
        return low * season, middle * season, high * season

    @classmethod
    def joined(cls, parts: list[Forecasts]) -> Forecasts:
        """Those of several batches, in order."""
        names = [field.name for field in fields(cls)]
        return cls(*(np.concatenate([getattr(one, name) for one in parts]) for name in names))

    def scaled(self, factors: FloatArray) -> Forecasts:
        """The same of series that are `factors` times as high."""
        sizes = np.stack([np.ones_like(factors), factors], axis=1)
        return replace(
            self,
            level=self.level * factors,
            slope=self.slope * factors,
            wobble=self.wobble * factors,
            scale=self.scale * factors,
            dispute=self.dispute * factors,
            down=self.down * sizes,
            up=self.up * sizes,
        )

    def take(self, rows: NDArray[np.int64]) -> Forecasts:
        """Some of them, in the order of `rows`."""
        return Forecasts(*(getattr(self, field.name)[rows] for field in fields(self)))


def forecast(values: FloatArray, school: FloatArray) -> Forecasts:
    """Weekly values (series, weeks), the last one the latest, NaN where nothing was measured.

    `school`: share of a full school week, 0 to 1, of the same shape. What is measured begins in one of the
    first weeks for all of the series: batches are for series of one length.
    """
    series, weeks = values.shape
    now = fit(values, school)
    trials = [_trial(values, school, weeks - back) for back in ORIGINS if weeks - back >= LEAST_WEEKS]
    steps = now.shifts.steps
    weights = _weights(trials, _or_one(now.scale), np.cumsum(steps, axis=1))
    own = _own(trials, weights)
    return Forecasts(
        level=(weights.sum(axis=2) * now.levels).sum(axis=1),
        slope=(weights.sum(axis=1) * now.slopes).sum(axis=1),
        own=own,
        untried=np.full(series, 1 - len(trials) / len(ORIGINS)),
        wobble=now.wobble,
        scale=now.scale,
        dispute=now.dispute,
        factors=now.factors,
        profile=now.profile,
        down=_recurring(steps, -1.0),
        up=_recurring(steps, 1.0),
        shifts=(steps != 0).sum(axis=1),
        settled=now.shifts.settled,
        traits=_traits(values, now, trials, weights, own),
    )


@dataclass(frozen=True, slots=True)
class _Trial:
    """A fit that knew nothing of the last weeks, and how far off it was."""

    model: Fit
    error: FloatArray
    """(series, levels, slopes, horizons); NaN where nothing was measured later."""
    ahead: FloatArray
    """Weeks ahead of each horizon."""


def _trial(values: FloatArray, school: FloatArray, origin: int) -> _Trial:
    model = fit(values[:, :origin], school[:, :origin])
    last = values.shape[1] - origin
    ahead = np.array([week for week in range(1, last + 1) if week % 4 == 0 or week == last])
    season = model.season(school[:, origin:])[:, ahead - 1]
    paths = model.levels[:, :, None, None] + model.slopes[:, None, :, None] * ahead
    error = paths * season[:, None, None, :] - values[:, origin + ahead - 1][:, None, None, :]
    return _Trial(model, error, ahead.astype(np.float64))


def _weights(trials: list[_Trial], scale: FloatArray, steps: FloatArray) -> FloatArray:
    """How much each pair of a level and a slope counts, (series, levels, slopes), together 1.

    What shifted after a trial's origin is no fault of the slope: `steps`, summed up by week, are taken out.
    """
    total = np.zeros((scale.size, len(LEVELS), SLOPES))
    count = np.zeros((scale.size, 1, 1))
    for one in trials:
        origin = steps.shape[1] - int(one.ahead[-1])
        shifted = steps[:, origin - 1 + one.ahead.astype(np.int64)] - steps[:, origin - 1, None]
        error = np.abs(one.error + shifted[:, None, None, :]) / scale[:, None, None, None]
        size = np.minimum(error, _BOUND) / np.sqrt(one.ahead)
        known = np.isfinite(size)
        total += np.where(known, size, 0.0).sum(axis=-1)
        count += known[:, :1, :1].sum(axis=-1)
    weights = _PRIOR / (total / np.maximum(count, 1) + 0.002) ** _SKILL
    return np.asarray(weights / weights.sum(axis=(1, 2), keepdims=True))


def _own(trials: list[_Trial], weights: FloatArray) -> FloatArray:
    """How far off the weighed forecasts were, by what their shape lets expect."""
    if not trials:
        return np.ones(len(weights))
    parts = []
    for one in trials:
        error = np.einsum("nls,nlsh->nh", weights, one.error)
        parts.append(np.abs(error) / np.maximum(_shape(one.model, one.ahead), 1e-300))
    ratios = np.concatenate(parts, axis=1)
    count = np.isfinite(ratios).sum(axis=1)
    place = np.maximum((_RANK * (count - 1)).astype(np.int64), 0)
    ranked = np.take_along_axis(np.sort(ratios, axis=1), place[:, None], axis=1)[:, 0]
    own = np.where(count > 0, np.clip(ranked, 0.05, 20.0), 1.0)
    return np.asarray(own ** (1 - _SHRINK))


def _traits(
    values: FloatArray, now: Fit, trials: list[_Trial], weights: FloatArray, own: FloatArray
) -> FloatArray:
    scale = _or_one(now.scale)
    slopes = now.slopes * (YEAR / scale)[:, None]
    steps = now.shifts.steps
    grown = (weights.sum(axis=1) * now.slopes).sum(axis=1) * YEAR / scale
    return traits(
        own=own,
        bend=slopes[:, 2] - slopes[:, 1],
        turn=slopes[:, 3] - slopes[:, 2],
        wobble=now.wobble / scale,
        rough=now.rough,
        downs=(steps < 0).sum(axis=1),
        ups=(steps > 0).sum(axis=1),
        growth=grown,
        untried=1 - len(trials) / len(ORIGINS),
        holidays=now.factors - 1,
        swing=now.profile,
        late=_bias(trials, weights, scale, 26, 1000),
        early=_bias(trials, weights, scale, 0, 13),
        missing=1 - np.isfinite(values).mean(axis=1),
    )


def _bias(trials: list[_Trial], weights: FloatArray, scale: FloatArray, first: int, last: int) -> FloatArray:
    """Mean error of the trials so many weeks ahead, as a share of the level; positive: told too high."""
    parts = [np.zeros((len(scale), 0))]
    for one in trials:
        chosen = (one.ahead >= first) & (one.ahead <= last)
        parts.append(np.einsum("nls,nlsh->nh", weights, one.error[..., chosen]) / scale[:, None])
    errors = np.concatenate(parts, axis=1)
    known = np.isfinite(errors)
    return np.asarray(np.where(known, errors, 0.0).sum(axis=1) / np.maximum(known.sum(axis=1), 1))


def _shape(model: Fit | Forecasts, ahead: FloatArray) -> FloatArray:
    wobble, scale = model.wobble[:, None], model.scale[:, None]
    parts = wobble**2 * (1 + _WALK * ahead) + (scale * _FLOOR) ** 2
    parts = parts + (_SLOPE * scale * ahead / YEAR) ** 2 + (_BEND * model.dispute[:, None] * ahead) ** 2
    return np.asarray(np.sqrt(parts))


def _recurring(steps: FloatArray, sign: float) -> FloatArray:
    """Shifts of one direction that happened at least twice: how many per week, and their mean size.

    One that another of the other direction took back does not count.
    """
    found = np.where(steps * sign > 0, steps, 0.0)
    times = (found != 0).sum(axis=1)
    size = found.sum(axis=1) / np.maximum(times, 1)
    count = times - (steps * sign < 0).sum(axis=1)
    rate = count / steps.shape[1]
    return np.asarray(np.stack([rate, size], axis=1) * (count >= _OFTEN)[:, None])


def _or_one(values: FloatArray) -> FloatArray:
    return np.asarray(np.where(values > 0, values, 1.0))
