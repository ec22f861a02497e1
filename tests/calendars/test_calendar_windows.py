"""Windows and masks against a computation that looks at every minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendar

ZONES = [
    "America/Chicago",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "UTC",
]
# Days around changes of daylight saving time of one or another of these zones, and Samoa's lost Friday.
ANCHORS = [
    datetime(*d, tzinfo=UTC)
    for d in [(2026, 3, 8), (2026, 11, 1), (2026, 4, 4), (2026, 10, 3), (2011, 12, 30)]
]


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()


def school(zone: str, bells: tuple[tuple[int, int], ...], special: dict[date, str] | None = None) -> Calendar:
    terms = ((date(2000, 1, 1), date(2040, 1, 1)),)
    day_types = {"regular": bells, "night": ((0, 7200), (82800, 86400))}
    return Calendar("x", zone, day_types, ("regular",) * 7, terms, special or {})


def by_the_wall_clock(calendar: Calendar, at: float) -> bool:
    wall = datetime.fromtimestamp(at, ZoneInfo(calendar.timezone))
    inside = wall.hour * 3600 + wall.minute * 60 + wall.second
    return any(a <= inside < b for a, b in calendar.bells(wall.date()))


@st.composite
def cases(draw):
    edges = sorted(draw(st.sets(st.integers(0, 1440), min_size=2, max_size=8)))
    bells = tuple((a * 60, b * 60) for a, b in zip(edges[::2], edges[1::2], strict=False))
    anchor = draw(st.sampled_from(ANCHORS))
    special = {
        (anchor + timedelta(days=n)).date(): draw(st.sampled_from(["", "night", "regular"])) for n in (-1, 1)
    }
    start = int(anchor.timestamp()) + draw(st.integers(-1440, 1440)) * 60
    return (
        school(draw(st.sampled_from(ZONES)), bells, special),
        start,
        start + draw(st.integers(0, 3000)) * 60,
    )


@given(cases())
@settings(max_examples=60, deadline=None)
def test_windows_agree_with_every_minute_of_the_wall_clock(case):
    calendar, start, end = case
    windows = calendar.windows(start, end)
    minutes = range(start, end, 60)
    slow = [by_the_wall_clock(calendar, t) for t in minutes]
    assert slow == [any(a <= t < b for a, b in windows) for t in minutes]
    assert slow == [calendar.is_instructional(t) for t in minutes]
    assert calendar.seconds(start, end) == 60 * sum(slow)
    assert all(start <= a < b <= end for a, b in windows)
    assert all(b < c for (_, b), (c, _) in pairwise(windows))


@given(cases(), st.sampled_from([300, 900, 3600]), st.randoms())
@settings(max_examples=40, deadline=None)
def test_mask_is_the_share_of_instructional_minutes(case, width, rng):
    calendar, start, end = case
    starts = list(range(start, end, width))
    rng.shuffle(starts)
    share = calendar.mask(np.array(starts, dtype=np.int64), width)
    slow = [np.mean([by_the_wall_clock(calendar, t) for t in range(s, s + width, 60)]) for s in starts]
    assert np.allclose(share, slow, atol=1e-9)


def test_mask_takes_a_width_per_bucket_and_keeps_the_shape():
    calendar = school("UTC", ((8 * 3600, 9 * 3600),))
    day = int(utc(2026, 9, 1))
    starts = np.array([[day, day + 8 * 3600], [day + 8 * 3600, day + 20 * 3600]])
    share = calendar.mask(starts, np.array([[86400, 1800], [7200, 60]]))
    assert share.tolist() == [[1 / 24, 1.0], [0.5, 0.0]]
    assert calendar.mask(np.array([], dtype=np.int64), 300).shape == (0,)


def test_an_hour_that_is_skipped_counts_nothing_and_one_that_repeats_counts_twice():
    night = school("America/Chicago", ((3600, 3 * 3600),))  # 01:00 to 03:00
    assert night.seconds(utc(2026, 3, 8, 5), utc(2026, 3, 9, 4)) == 3600
    assert night.seconds(utc(2026, 11, 1, 4), utc(2026, 11, 2, 4)) == 3 * 3600
    assert night.windows(utc(2026, 11, 1, 4), utc(2026, 11, 2, 4)) == [
        (utc(2026, 11, 1, 6), utc(2026, 11, 1, 9))
    ]


def test_a_school_morning_moves_by_an_hour_in_utc_over_the_year():
    calendar = school("America/Chicago", ((8 * 3600, 9 * 3600),))
    assert calendar.windows(utc(2026, 9, 1), utc(2026, 9, 2)) == [(utc(2026, 9, 1, 13), utc(2026, 9, 1, 14))]
    assert calendar.windows(utc(2026, 12, 1), utc(2026, 12, 2)) == [
        (utc(2026, 12, 1, 14), utc(2026, 12, 1, 15))
    ]


@pytest.mark.parametrize("end", [100.0, 50.0])
def test_an_empty_range_has_no_windows(end):
    assert school("UTC", ((0, 86400),)).windows(100.0, end) == []


def test_a_whole_day_of_lessons_joins_over_midnight():
    calendar = school("America/Chicago", ((0, 86400),))
    assert calendar.windows(0, 10 * 86400) == []
    start, end = utc(2026, 10, 30), utc(2026, 11, 4)
    assert calendar.windows(start, end) == [(start, end)]
