"""Erlang B: the golden values, and what holds for every load and number of lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.planning.capacity.erlang import blocking, lines_for, load_for, offered

LOADS = st.floats(0, 300, allow_nan=False)
LINES = st.integers(0, 300)
TARGETS = st.floats(1e-4, 0.5)


@pytest.mark.parametrize(
    ("load", "lines", "expected"),
    [
        (10, 15, 0.036497),
        (1, 4, 0.015385),
        (2, 5, 0.036697),
        (2, 6, 0.012085),
        (5, 10, 0.018385),
        (5, 11, 0.008287),
        (10, 18, 0.007142),
        (15, 23, 0.013543),
        (20, 30, 0.008457),
        (100, 117, 0.009790),
    ],
)
def test_blocking(load: float, lines: int, expected: float) -> None:
    assert blocking(load, lines) == pytest.approx(expected, abs=5e-7)


@pytest.mark.parametrize(
    ("load", "one_percent", "one_permille"),
    [
        *((1, 5, 6), (2, 7, 8), (3, 8, 10), (5, 11, 14), (10, 18, 21), (12, 20, 24)),
        *((15, 24, 28), (20, 30, 35), (30, 42, 47), (50, 64, 71), (100, 117, 128)),
    ],
)
def test_lines(load: float, one_percent: int, one_permille: int) -> None:
    assert (lines_for(load, 0.01), lines_for(load, 0.001)) == (one_percent, one_permille)


@pytest.mark.parametrize(
    ("lines", "load"), [(4, 0.869), (8, 3.128), (10, 4.461), (23, 14.470), (24, 15.295), (46, 34.322)]
)
def test_offered_load_at_one_percent(lines: int, load: float) -> None:
    assert load_for(lines, 0.01) == pytest.approx(load, abs=5e-4)


@given(LOADS, LINES, st.floats(0, 50))
def test_more_calls_are_blocked_more(load: float, lines: int, more: float) -> None:
    assert 0 <= blocking(load, lines) <= blocking(load + more, lines) + 1e-12 <= 1 + 1e-12


@given(LOADS, LINES, st.integers(0, 20))
def test_more_lines_block_less(load: float, lines: int, more: int) -> None:
    assert blocking(load, lines + more) <= blocking(load, lines) + 1e-12


@given(LOADS, TARGETS)
def test_the_fewest_lines_that_do(load: float, target: float) -> None:
    lines = lines_for(load, target)
    assert blocking(load, lines) <= target
    assert lines == 0 or blocking(load, lines - 1) > target


@given(st.integers(1, 200), TARGETS)
def test_the_highest_load_that_fits(lines: int, target: float) -> None:
    load = load_for(lines, target)
    assert blocking(load, lines) <= target
    assert blocking(load * 1.001 + 1e-6, lines) > target
    assert lines_for(load, target) <= lines


@given(st.integers(1, 100), st.floats(0, 1.2))
def test_what_gets_through_tells_what_was_offered(lines: int, share: float) -> None:
    load = share * lines
    carried = load * (1 - blocking(load, lines))
    found = offered(carried, lines)
    if carried >= 0.99 * lines:
        assert found is None
    else:
        assert found == pytest.approx(load, rel=1e-6, abs=1e-9)


def test_lines_that_were_all_busy_say_nothing_of_the_demand() -> None:
    assert offered(23, 23) is None
    assert offered(0, 0) is None
    assert load_for(0, 0.01) == 0
    assert blocking(0, 0) == 1


@pytest.mark.parametrize("target", [0, -0.1, 1.1])
def test_a_share_of_blocked_calls_is_one(target: float) -> None:
    with pytest.raises(ValueError, match="share of blocked calls"):
        lines_for(1, target)


def test_no_negative_load() -> None:
    with pytest.raises(ValueError, match="negative"):
        blocking(-1, 3)
    with pytest.raises(ValueError, match="negative"):
        lines_for(-1, 0.01)
    with pytest.raises(ValueError, match="negative"):
        offered(-1, 3)
