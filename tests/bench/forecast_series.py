"""Invented series of the sorts that a school district's gear has, one value a week, with what came later.

Each kind draws its own parameters per series from a seed. Nothing here is known to the forecast.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["KINDS", "YEAR", "Series", "generate", "naive"]

AHEAD = 104
YEAR = 52
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Series:
    """Shape of both: (series, weeks + AHEAD). NaN: nothing was measured in that week."""

    values: Array
    school: Array
    """Share of a full school week, 0 to 1, as a calendar tells it."""
    weeks: int
    """How many of them the forecast may see."""

    @property
    def past(self) -> Array:
        return self.values[:, : self.weeks]

    @property
    def future(self) -> Array:
        return self.values[:, self.weeks :]


def year_of_school() -> Array:
    """Share of a full school week by week of the year: ten weeks of summer, short weeks, winter, spring."""
    year = np.ones(YEAR)
    year[22:32] = 0.0
    year[46] = 0.4
    year[50:52] = 0.0
    year[0] = 0.6
    year[10] = 0.0
    return year


def generate(kind: str, seed: int, count: int = 40, weeks: int = 104) -> Series:
    """`count` series of a kind; another seed gives others, which end at other times of the school year."""
    rng = np.random.default_rng([sorted(KINDS).index(kind), seed])
    total = weeks + AHEAD
    offsets = rng.integers(0, YEAR, count)
    of_year = (np.arange(total)[None, :] + offsets[:, None]) % YEAR
    school = year_of_school()[of_year]
    years = np.broadcast_to((np.arange(total) - weeks) / YEAR, (count, total))
    values = KINDS[kind](rng, years, school, of_year)
    return Series(np.asarray(np.where(values < 0, 0.0, values)), school, weeks)


def naive(series: Series) -> tuple[Array, Array]:
    """The last value; and the same with what last year's weeks were above or below their last value."""
    past, ahead = series.past, series.future.shape[1]
    place = series.weeks - 1 - np.argmax(np.isfinite(past)[:, ::-1], axis=1)
    last = past[np.arange(len(past)), place][:, None]
    weeks = np.arange(ahead)
    year = np.maximum(series.weeks - YEAR + weeks % YEAR, 0)
    then = past[np.arange(len(past)), np.maximum(place - YEAR, 0)][:, None]
    seasonal = last + past[:, year] - then + (last - then) * (weeks // YEAR)
    flat = np.broadcast_to(last, seasonal.shape)
    return flat, np.where(np.isfinite(seasonal), seasonal, flat)


def _noise(rng: np.random.Generator, shape: tuple[int, ...], low: float, high: float) -> Array:
    """Autoregressive, each series with its own strength and memory; one value in fifty is wild."""
    strength = rng.uniform(low, high, (shape[0], 1))
    memory = rng.uniform(0.0, 0.7, shape[0])
    shocks = rng.normal(size=shape) * strength
    shocks *= np.where(rng.random(shape) < 0.02, 3.0, 1.0)
    out = np.empty(shape)
    out[:, 0] = shocks[:, 0]
    for week in range(1, shape[1]):
        out[:, week] = memory * out[:, week - 1] + np.sqrt(1 - memory**2) * shocks[:, week]
    return out


def _growth(rng: np.random.Generator, count: int, low: float = -0.05, high: float = 0.4) -> Array:
    return rng.uniform(low, high, (count, 1))


def linear(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """A volume that fills evenly."""
    return 1 + _growth(rng, len(years)) * years + _noise(rng, years.shape, 0.002, 0.04)


def compound(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """Growth in percent of what is there: traffic over years."""
    return (1 + _growth(rng, len(years))) ** years * (1 + _noise(rng, years.shape, 0.01, 0.08))


def seasonal(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """Low in summer, a swing through the year, growth."""
    summer = rng.uniform(0.3, 0.95, (len(years), 1))
    swing = rng.uniform(0.0, 0.12, (len(years), 1))
    turn = rng.uniform(0, 1, (len(years), 1))
    shape = 1 + swing * np.sin(2 * np.pi * (of_year / YEAR + turn))
    level = 1 + _growth(rng, len(years)) * years
    return level * shape * (summer + (1 - summer) * school) * (1 + _noise(rng, years.shape, 0.01, 0.08))


def missing_summers(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """Measured in lessons only, so summers are missing; part of the growth comes with a new school year."""
    growth, jump = _growth(rng, len(years), 0.0, 0.35), rng.uniform(0, 1, (len(years), 1))
    turn = (of_year >= 32).astype(float)
    begun = np.cumsum(np.diff(turn, axis=1, prepend=turn[:, :1]) > 0, axis=1)
    here = int(np.argmin(np.abs(years[0])))
    steps = begun - begun[:, here][:, None]
    level = 1 + growth * ((1 - jump) * years + jump * steps)
    values = level * (1 + _noise(rng, years.shape, 0.02, 0.1))
    return np.where(school >= 0.3, values, np.nan)


def term_growth(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """A volume that fills while school is on and rests in the holidays."""
    done = np.cumsum(school, axis=1)
    here = int(np.argmin(np.abs(years[0])))
    rate = _growth(rng, len(years), 0.05, 0.4) / year_of_school().sum()
    return 1 + rate * (done - done[:, here][:, None]) + _noise(rng, years.shape, 0.002, 0.02)


def clean_ups(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """Somebody deletes, now and then, also later."""
    level = 1 + _growth(rng, len(years), 0.05, 0.5) * years
    steps = np.where(rng.random(years.shape) < 0.8 / YEAR, rng.uniform(0.08, 0.25, years.shape), 0.0)
    total = np.cumsum(steps, axis=1)
    here = int(np.argmin(np.abs(years[0])))
    return level - (total - total[:, here][:, None]) + _noise(rng, years.shape, 0.002, 0.03)


def one_clean_up(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """One step down or up in the past, at least two months ago."""
    level = 1 + _growth(rng, len(years), 0.0, 0.4) * years
    at = -rng.uniform(0.2, 1.7, (len(years), 1))
    step = rng.uniform(0.1, 0.5, (len(years), 1)) * rng.choice([-1, 1], (len(years), 1))
    return level - np.where(years < at, step, 0.0) + _noise(rng, years.shape, 0.002, 0.03)


def saturating(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """A roll-out that ends: every student has a device."""
    middle, pace = rng.uniform(-1.5, 0.3, (len(years), 1)), rng.uniform(1.5, 5, (len(years), 1))
    level = 0.3 + 0.9 / (1 + np.exp(-pace * (years - middle)))
    return level * (1 + _noise(rng, years.shape, 0.005, 0.05))


def random_walk(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """No trend, no level to come back to."""
    steps = rng.normal(size=years.shape) * rng.uniform(0.005, 0.03, (len(years), 1))
    walk = np.cumsum(steps, axis=1)
    here = int(np.argmin(np.abs(years[0])))
    return 1 + walk - walk[:, here][:, None]


def flat(rng: np.random.Generator, years: Array, school: Array, of_year: Array) -> Array:
    """Nothing grows."""
    return 1 + _noise(rng, years.shape, 0.005, 0.12)


KINDS: dict[str, Callable[[np.random.Generator, Array, Array, Array], Any]] = {
    "linear": linear,
    "compound": compound,
    "seasonal": seasonal,
    "missing summers": missing_summers,
    "term growth": term_growth,
    "clean-ups": clean_ups,
    "one clean-up": one_clean_up,
    "saturating": saturating,
    "random walk": random_walk,
    "flat": flat,
}
