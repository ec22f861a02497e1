"""Durations, sizes and rates."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.config import format_duration, parse_bit_rate, parse_duration, parse_size

UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}


@given(st.integers(0, 10**12))
def test_what_is_written_reads_back(milliseconds):
    text = format_duration(milliseconds / 1000)
    assert parse_duration(text) == pytest.approx(milliseconds / 1000, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(list(UNITS))), min_size=1, max_size=5))
def test_parts_add_up(parts):
    text = "".join(f"{number}{unit}" for number, unit in parts)
    assert parse_duration(text) == pytest.approx(sum(number * UNITS[unit] for number, unit in parts))


@given(st.floats(0, 1e9))
def test_plain_numbers_are_seconds(seconds):
    assert parse_duration(seconds) == seconds


@given(st.text().filter(lambda text: not any(character.isdigit() for character in text)))
def test_text_without_digits_is_no_duration(text):
    with pytest.raises(ValueError):
        parse_duration(text)


@pytest.mark.parametrize(
    "value", ["5.", "5 m", "m5", "5M", "-5s", "1h-5m", True, None, [], float("nan"), float("inf")]
)
def test_what_is_no_duration(value):
    with pytest.raises(ValueError):
        parse_duration(value)


@pytest.mark.parametrize(
    ("text", "size"),
    [(0, 0), (512, 512), ("64K", 64000), ("10MB", 10**7), ("8MiB", 2**23), ("1.5 GB", 15 * 10**8)],
)
def test_sizes(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("value", ["8 apples", "8iB", -1, True, None])
def test_what_is_no_size(value):
    with pytest.raises(ValueError):
        parse_size(value)


@pytest.mark.parametrize(
    ("text", "rate"), [("100M", 1e8), ("10Gbit/s", 1e10), ("1.5 Mbps", 1.5e6), (64000, 64000)]
)
def test_bit_rates(text, rate):
    assert parse_bit_rate(text) == rate


@pytest.mark.parametrize("value", ["fast", 0, -1, "0M", None, True])
def test_what_is_no_bit_rate(value):
    with pytest.raises(ValueError):
        parse_bit_rate(value)
