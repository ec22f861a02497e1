"""Weeks from buckets: against slow and plain twins."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendar
from netwatch.model import WEEK, EntityId, SeriesHistory, percentile
from netwatch.planning.capacity.weekly import Weeks, sum_of

END = 1_795_298_400.0
CALENDAR = Calendar(
    "c",
    "America/Chicago",
    {"regular": ((8 * 3600, 15 * 3600),)},
    ("regular",) * 5 + ("", ""),
    ((date(2025, 1, 1), date(2026, 10, 20)), (date(2026, 11, 1), date(2026, 12, 31))),
)


def series(
    values: np.ndarray, width: int = 3600, coverage: np.ndarray | float = 1.0, name: str = "e"
) -> SeriesHistory:
    """Buckets that end at END."""
    starts = int(END) // width * width - width * np.arange(values.size, 0, -1, dtype=np.int64)
    widths = np.full(values.size, width, dtype=np.int64)
    share = np.broadcast_to(np.asarray(coverage, dtype=float), values.shape)
    return SeriesHistory("f", EntityId(name), (), starts, widths, values, values, share, False)


@given(st.integers(0, 2**31), st.sampled_from([300, 3600]))
@settings(max_examples=15, deadline=None)
def test_percentiles_are_those_of_each_week(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    count = 5 * WEEK // width
    values = rng.integers(0, 50, count).astype(float)
    values[rng.random(count) < 0.1] = np.nan
    one = series(values, width, rng.choice([0.0, 0.5, 1.0], count))
    weeks = Weeks(6, END)
    mask = CALENDAR.mask(one.starts, one.widths) >= 0.5
    found = weeks.percentile(one, CALENDAR)
    for week in range(6):
        begin = weeks.start + week * WEEK
        inside = mask & (one.starts >= begin) & (one.starts < begin + WEEK)
        expected = percentile(one, 95, inside)
        measured = float(np.sum((one.coverage * one.widths)[inside & np.isfinite(values)]))
        if measured < 0.2 * 35 * 3600:
            assert np.isnan(found[week])
        else:
            assert found[week] == expected


def test_weeks_without_lessons_have_no_percentile() -> None:
    weeks = Weeks(8, END)
    found = weeks.percentile(series(np.ones(8 * 168)), CALENDAR)
    school = weeks.school(CALENDAR)
    assert np.isnan(found[school < 0.2]).all()
    assert (found[school >= 0.5] == 1).all()
    assert (school < 0.2).any()
    assert ((school >= 0) & (school <= 1)).all()


@given(st.integers(0, 2**31), st.sampled_from([300, 1800, 3600]))
@settings(max_examples=15, deadline=None)
def test_the_busy_hour_against_all_hours(seed: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.uniform(0, 20, 2 * WEEK // width)
    values[rng.random(values.size) < 0.3] = np.nan
    one = series(values, width)
    weeks = Weeks(2, END)
    found, at = weeks.busy_hour(one)
    best: dict[int, tuple[float, float]] = {}
    for hour in np.unique(one.starts // 3600).tolist():
        inside = (one.starts // 3600 == hour) & np.isfinite(values)
        week = int((hour * 3600 - weeks.start) // WEEK)
        if inside.sum() * width >= 1800 and 0 <= week < 2:
            best[week] = max(best.get(week, (-1.0, 0.0)), (float(values[inside].mean()), hour * 3600.0))
    for week in range(2):
        assert found[week] == pytest.approx(best[week][0])
        assert at[week] == best[week][1]


def test_the_last_reading_of_a_week() -> None:
    values = np.arange(3 * 168, dtype=float)
    values[-1] = np.nan
    found = Weeks(4, END).last(series(values))
    assert found[-1] == 3 * 168 - 2
    assert np.isnan(found[0])
    assert (np.diff(found[1:]) > 160).all()


def test_a_sum_takes_the_buckets_that_all_have() -> None:
    one, other = series(np.arange(100.0)), series(np.ones(60), name="o")
    both = sum_of([one, other])
    assert both is not None
    assert both.starts.size == 60
    assert both.values.tolist() == [value + 1 for value in range(40, 100)]
    assert sum_of([one]) is one


def test_nothing_in_common_is_no_sum() -> None:
    one = series(np.ones(10))
    late = SeriesHistory(
        "f", EntityId("x"), (), one.starts + 10**6, one.widths, one.values, one.values, one.coverage, False
    )
    assert sum_of([one, late]) is None
