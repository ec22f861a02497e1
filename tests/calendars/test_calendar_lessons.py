"""What is looked up is what the calendar says, for any buckets, however often they come."""

from __future__ import annotations

from datetime import date

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from netwatch.calendars import Calendar, LessonTime

_WEEK = ("lessons",) * 5 + ("", "")


def calendar(opens: int) -> Calendar:
    bells = {"lessons": ((opens * 3600, (opens + 6) * 3600),)}
    return Calendar(f"from {opens}", "America/Chicago", bells, _WEEK, ((date.min, date.max),))


CALENDARS = [calendar(8), calendar(8), calendar(10)]

buckets = st.tuples(
    st.integers(0, 2),
    st.integers(450_000, 450_400),
    st.sampled_from([300, 3600]),
    st.sets(st.integers(0, 400), min_size=0, max_size=60) | st.integers(0, 60).map(lambda n: set(range(n))),
)


@given(st.lists(buckets, max_size=12))
def test_remembered_lessons_are_the_calendar_s(asked) -> None:
    lessons = LessonTime()
    for number, hour, width, places in asked:
        starts = np.array(sorted(places), dtype=np.int64) * width + hour * 3600
        widths = np.full(starts.size, width, dtype=np.int64)
        expected = CALENDARS[number].mask(starts, widths) >= 0.5
        for _ in range(2):
            assert lessons.of(CALENDARS[number], starts, widths).tolist() == expected.tolist()


def test_buckets_of_mixed_widths_are_not_taken_for_even_ones() -> None:
    starts = np.array([1_700_000_000, 1_700_000_300, 1_700_000_600], dtype=np.int64)
    one, lessons = CALENDARS[0], LessonTime()
    for widths in ([300, 300, 300], [300, 300, 86_400], [86_400, 300, 300]):
        array = np.array(widths, dtype=np.int64)
        assert lessons.of(one, starts, array).tolist() == (one.mask(starts, array) >= 0.5).tolist()
