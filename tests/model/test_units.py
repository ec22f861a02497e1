"""Amounts with SI prefixes read as what they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.model import prefixed, scaled

POWERS = {"": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 B"),
        (0.125, "0.125 B"),
        (320, "320 B"),
        (999.6, "1 kB"),
        (3.874e12, "3.87 TB"),
        (-8e9, "-8 GB"),
        (999_600, "1 MB"),
        (1.2345e18, "1234 PB"),
    ],
)
def test_amounts_have_three_digits(value: float, text: str) -> None:
    assert prefixed(value, "B") == text


@pytest.mark.parametrize(
    ("value", "text"), [(1000, "1000 B"), (1536, "1.5 KiB"), (2**50, "1 PiB"), (33_333_333, "31.79 MiB")]
)
def test_powers_of_1024_say_so(value: float, text: str) -> None:
    assert prefixed(value, "B", binary=True, digits=4) == text


@given(st.floats(1, 9e17), st.sampled_from([1, -1]), st.booleans())
def test_what_is_told_is_what_was_meant(size: float, sign: int, binary: bool) -> None:
    value = size * sign
    number, unit = prefixed(value, "B", binary=binary).split()
    base = 1024 if binary else 1000
    prefix = unit.removesuffix("B").removesuffix("i").replace("K", "k")
    assert float(number) * base ** POWERS[prefix] == pytest.approx(value, rel=0.006)
    assert "e" not in number
    assert abs(float(number)) <= base


@given(st.floats(allow_nan=False, allow_infinity=False), st.booleans())
def test_the_number_and_its_prefix_are_the_value(value: float, binary: bool) -> None:
    number, prefix = scaled(value, binary=binary)
    power = POWERS[prefix.removesuffix("i").replace("K", "k")]
    assert number * (1024.0 if binary else 1000.0) ** power == pytest.approx(value)
