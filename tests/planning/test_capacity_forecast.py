"""Forecasts hold what they promise: back-tests over many kinds of series, on seeds of their own."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.planning.capacity.forecast import Forecasts, forecast
from netwatch.planning.capacity.robust import median, theil_sen
from netwatch.planning.capacity.shifts import NEVER, align

BENCH = Path(__file__).parents[1] / "bench"
SEED = 900
"""Neither one of the benchmark nor one that anything was tuned on."""


def load(name: str) -> ModuleType:
    """A module of the benchmark, which is no package that tests can import."""
    spec = importlib.util.spec_from_file_location(f"capacity_{name}", BENCH / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


SERIES = load("forecast_series")


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[tuple[np.ndarray, ...]]]:
    """By kind: hits, errors, errors of the last value, errors of last value and last year."""
    out: dict[str, list[tuple[np.ndarray, ...]]] = {}
    for kind in SERIES.KINDS:
        for weeks in (60, 104):
            series = SERIES.generate(kind, SEED, count=60, weeks=weeks)
            found = forecast(series.past, series.school[:, :weeks])
            low, middle, high = (path[:, :52] for path in found.values(series.school[:, weeks:]))
            truth = series.future[:, :52]
            known = np.isfinite(truth)
            inside = np.where(known, (truth >= low) & (truth <= high), np.nan)
            last, seasonal = SERIES.naive(series)
            errors = (np.abs(path[:, :52] - truth) for path in (middle, last, seasonal))
            out.setdefault(kind, []).append((inside, *errors))
    return out


def joined(parts: list[tuple[np.ndarray, ...]], what: int) -> np.ndarray:
    return np.concatenate([part[what] for part in parts])


def test_four_of_five_intervals_cover_what_came(outcomes: dict[str, list[tuple[np.ndarray, ...]]]) -> None:
    everything = [part for parts in outcomes.values() for part in parts]
    inside = joined(everything, 0)
    assert 0.75 <= np.nanmean(inside) <= 0.85
    for weeks in (4, 13, 26, 52):
        assert 0.72 <= np.nanmean(inside[:, weeks - 3 : weeks]) <= 0.88, weeks
    for kind, parts in outcomes.items():
        # 120 series, whose weeks hang together: three standard errors around 75 to 85 %.
        assert 0.68 <= np.nanmean(joined(parts, 0)) <= 0.92, kind


def test_the_median_beats_naive_forecasts(outcomes: dict[str, list[tuple[np.ndarray, ...]]]) -> None:
    everything = [part for parts in outcomes.values() for part in parts]
    ours, last, seasonal = (np.nanmedian(joined(everything, what)) for what in (1, 2, 3))
    assert ours < 0.6 * last
    assert ours < 0.85 * seasonal
    for kind in ("linear", "compound", "seasonal", "missing summers", "clean-ups", "one clean-up"):
        parts = outcomes[kind]
        ours, last, seasonal = (np.nanmedian(joined(parts, what)) for what in (1, 2, 3))
        assert ours < min(last, seasonal), kind


def straight(weeks: int, level: float, slope: float) -> np.ndarray:
    return (level + slope * np.arange(weeks))[None, :]


def year(weeks: int, holidays: range = range(20, 30)) -> np.ndarray:
    """Share of a full school week."""
    return np.array([[0.0 if week % 52 in holidays else 1.0 for week in range(weeks)]])


def at(found: Forecasts, ahead: float) -> tuple[float, float, float]:
    low, middle, high = found.band(np.array([ahead]))
    return float(low[0, 0]), float(middle[0, 0]), float(high[0, 0])


def test_a_straight_line_goes_on() -> None:
    found = forecast(straight(104, 100, 0.5), np.ones((1, 104)))
    low, middle, high = at(found, 52)
    assert middle == pytest.approx(100 + 0.5 * (103 + 52), rel=1e-3)
    assert low < middle < high < middle * 1.1


def test_a_clean_up_does_not_bend_the_trend() -> None:
    values = straight(104, 100, 1.0)
    values[0, 60:] -= 50
    found = forecast(values, np.ones((1, 104)))
    assert found.slope[0] == pytest.approx(1.0, rel=0.05)
    assert found.settled[0] == 44
    assert at(found, 26)[1] == pytest.approx(100 + 129 - 50, rel=0.01)


def test_a_jump_of_the_last_weeks_is_told() -> None:
    rng = np.random.default_rng(4)
    values = straight(104, 100, 0.2) + rng.normal(0, 0.5, 104)
    values[0, -3:] += 40
    assert forecast(values, np.ones((1, 104))).settled[0] == 3
    values[0, -3:] -= 40
    assert forecast(values, np.ones((1, 104))).settled[0] == NEVER


def test_a_missing_summer_is_no_shift_and_no_zero() -> None:
    school = year(104)
    values = np.where(school > 0, straight(104, 100, 1.0), np.nan)
    found = forecast(values, school)
    assert found.shifts[0] == 0
    assert at(found, 10)[1] == pytest.approx(213, rel=0.01)


def test_low_summers_are_a_season() -> None:
    school = year(104)
    values = straight(104, 100, 0.5) * np.where(school > 0, 1.0, 0.4)
    found = forecast(values, school)
    assert found.factors[0] == pytest.approx(0.4, abs=0.01)
    assert at(found, 10)[1] == pytest.approx(100 + 0.5 * 113, rel=0.02)
    _, middle, _ = found.values(np.zeros((1, 2)))
    assert middle[0, 1] == pytest.approx(0.4 * (100 + 0.5 * 105), rel=0.03)


def test_one_wild_week_changes_next_to_nothing() -> None:
    rng = np.random.default_rng(2)
    values = straight(104, 100, 0.5) + rng.normal(0, 1, 104)
    wild = values.copy()
    wild[0, 70] = 5000
    calm, found = (forecast(one, np.ones((1, 104))) for one in (values, wild))
    assert at(found, 26)[1] == pytest.approx(at(calm, 26)[1], rel=0.02)


def test_the_interval_widens_with_time_and_with_noise() -> None:
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (1, 104))
    widths = []
    for strength in (0.5, 5.0):
        found = forecast(straight(104, 100, 0.5) + strength * noise, np.ones((1, 104)))
        low, _, high = found.band(np.arange(1.0, 261.0))
        widths.append((high - low)[0])
    assert (np.diff(widths[0][-200:]) > 0).all()
    assert (widths[1] > widths[0]).all()


@given(st.integers(0, 2**31), st.floats(1e-6, 1e15), st.integers(26, 120))
@settings(max_examples=8, deadline=None)
def test_units_don_t_matter(seed: int, unit: float, weeks: int) -> None:
    rng = np.random.default_rng(seed)
    values = 50 + np.cumsum(rng.normal(0.2, 1, (3, weeks)), axis=1)
    values[rng.random(values.shape) < 0.1] = np.nan
    school = np.ones(values.shape)
    ahead = np.array([1.0, 30.0])
    for one, other in zip(
        forecast(values, school).band(ahead), forecast(values * unit, school).band(ahead), strict=True
    ):
        assert np.allclose(one * unit, other, rtol=1e-6)
        assert np.isfinite(other).all()


@given(st.integers(0, 2**31), st.integers(26, 80))
@settings(max_examples=8, deadline=None)
def test_a_series_does_not_know_its_neighbours(seed: int, weeks: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 10, (4, weeks)) * (rng.random((4, weeks)) < 0.9)
    school = np.ones(values.shape)
    together = forecast(values, school)
    for row in range(4):
        alone = forecast(values[row : row + 1], school[:1])
        assert np.array_equal(alone.band(np.array([20.0]))[2][0], together.band(np.array([20.0]))[2][row])


@pytest.mark.parametrize("weeks", [26, 30, 53, 104, 157])
def test_nothing_and_all_alike(weeks: int) -> None:
    """No traffic at all, or always the same: no trend, no error."""
    values = np.stack([np.zeros(weeks), np.full(weeks, 7.0)])
    low, middle, high = forecast(values, np.ones(values.shape)).band(np.array([1.0, 52.0, 260.0]))
    assert (middle == np.array([[0.0], [7.0]])).all()
    assert (low <= middle).all()
    assert (middle <= high).all()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=12), st.integers(0, 2**31))
def test_slopes_against_all_pairs(values: list[float], seed: int) -> None:
    array = np.array([values])
    holes = np.random.default_rng(seed).random(len(values)) < 0.2
    array[0, holes] = np.nan
    places = np.arange(float(len(values)))[None, :]
    known = [(x, y) for x, y in enumerate(array[0].tolist()) if y == y]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for n, a in enumerate(known) for b in known[n + 1 :]]
    found = theil_sen(array, places)[0]
    if slopes:
        assert found == pytest.approx(float(np.median(slopes)), rel=1e-9, abs=1e-9)
    else:
        assert np.isnan(found)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(allow_nan=True, allow_infinity=False, width=32), min_size=1, max_size=9))
def test_median_of_what_is_known(values: list[float]) -> None:
    known = [value for value in values if value == value]
    found = median(np.array([values], dtype=float))[0]
    assert np.isnan(found) if not known else found == pytest.approx(float(np.median(known)))


def test_too_short_for_a_shift() -> None:
    assert (align(np.ones((2, 12))).settled == NEVER).all()
