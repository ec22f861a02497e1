"""What a month's lessons measured, against a plain loop over buckets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendar
from netwatch.model import EntityId, SeriesHistory, percentile
from netwatch.planning.equity.lessons import Lessons, month_starts, monthly_means, monthly_percentiles

ZONE = "America/Chicago"
BELLS = Calendar(
    "bells",
    ZONE,
    {"regular": ((8 * 3600 + 900, 11 * 3600 + 1800), (12 * 3600 + 1800, 15 * 3600))},
    ("regular",) * 5 + ("", ""),
    ((date(2025, 8, 15), date(2026, 6, 5)),),
)
START = int(datetime(2026, 2, 10, 3, tzinfo=UTC).timestamp())
END = int(datetime(2026, 6, 20, tzinfo=UTC).timestamp())
"""Over the change to daylight saving time and into the summer."""


@st.composite
def series(draw) -> SeriesHistory:
    """Hours, then quarters of an hour; some buckets missing, some half measured, some unknown."""
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    change = draw(st.sampled_from([START, END, START + 40 * 86400]))
    first = START // 3600 * 3600 + draw(st.sampled_from([0, 0, 60]))
    hours = np.arange(first, change, 3600)
    quarters = np.arange(max(change, first) // 900 * 900, END, 900)
    starts = np.concatenate([hours, quarters]).astype(np.int64)
    widths = np.concatenate([np.full(hours.size, 3600), np.full(quarters.size, 900)]).astype(np.int64)
    kept = random.random(starts.size) < draw(st.sampled_from([1.0, 0.7, 0.01]))
    starts, widths = starts[kept], widths[kept]
    values = np.round(random.random(starts.size), draw(st.sampled_from([1, 6])))
    values[random.random(starts.size) < 0.05] = np.nan
    coverage = np.where(random.random(starts.size) < 0.2, random.random(starts.size).round(1), 1.0)
    return SeriesHistory("f", EntityId("e"), (), starts, widths, values, values, coverage, False)


@settings(max_examples=15, deadline=None)
@given(series(), st.sampled_from([5.0, 50.0, 95.0]))
def test_months_are_those_of_a_plain_loop(found: SeriesHistory, q: float) -> None:
    months = month_starts(START, END, ZONE)
    lessons = Lessons(BELLS, months, START, END)
    got, mean = monthly_percentiles(found, lessons, q), monthly_means(found, lessons)
    shares = BELLS.mask(found.starts, found.widths)
    local = [datetime.fromtimestamp(int(at), ZoneInfo(ZONE)).date().replace(day=1) for at in found.starts]
    for number, month in enumerate(months):
        mask = np.array([one == month for one in local], dtype=bool) & (shares >= 0.5)
        expected = percentile(found, q, mask)
        assert (None if np.isnan(got.values[number]) else got.values[number]) == expected
        rows = mask & np.isfinite(found.values) & (found.coverage > 0)
        seconds = (found.coverage * found.widths)[rows]
        assert got.seconds[number] == pytest.approx(seconds.sum())
        if seconds.sum():
            assert mean.values[number] == pytest.approx((found.values[rows] * seconds).sum() / seconds.sum())
        else:
            assert np.isnan(mean.values[number])


def test_months_of_a_window() -> None:
    assert month_starts(START, END, ZONE) == tuple(date(2026, month, 1) for month in range(2, 7))
    midnight = datetime(2026, 3, 1, tzinfo=ZoneInfo(ZONE)).timestamp()
    assert month_starts(midnight - 1, midnight, ZONE) == (date(2026, 2, 1),)
    assert month_starts(midnight, midnight + 1, ZONE) == (date(2026, 3, 1),)
    december = datetime(2025, 12, 31, 12, tzinfo=UTC).timestamp()
    assert month_starts(december, december + 86400, ZONE) == (date(2025, 12, 1), date(2026, 1, 1))


def test_lesson_time_of_months_is_that_of_the_calendar() -> None:
    lessons = Lessons(BELLS, month_starts(START, END, ZONE), START, END)
    seconds = lessons.seconds()
    assert sum(seconds) == BELLS.seconds(START, END)
    assert seconds[2] == 22 * 5.75 * 3600, "April 2026 has 22 weekdays"
    assert lessons.ends()[-1] == END
