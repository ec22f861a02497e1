"""Money: exact, in any order; what is unknown is never 0."""

from __future__ import annotations

import random
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.planning.costs.money import Total, allocate, cents, rounded, total

amounts = st.integers(0, 10**12)


@given(st.decimals(0, 10**9, places=3))
def test_cents_are_those_of_decimal_arithmetic(price: Decimal) -> None:
    written = float(price)
    expected = (Decimal(repr(written)) * 100).quantize(Decimal(1), ROUND_HALF_UP)
    assert cents(written) == int(expected)


def test_half_a_cent_counts() -> None:
    assert cents(0.125) == 13
    assert cents(2.675) == 268, "in binary it lies below"
    assert cents(1.005) == 101
    assert rounded(Fraction(-1, 2)) == int(Decimal(0).quantize(Decimal(1), ROUND_FLOOR))
    with pytest.raises(ValueError, match="nan is no amount"):
        cents(float("nan"))


@given(amounts, st.integers(1, 50))
def test_shares_are_the_amount_to_the_cent(amount: int, shares: int) -> None:
    found = allocate(amount, shares)
    assert sum(found) == amount
    assert len(found) == shares
    assert max(found) - min(found) <= 1


@given(st.lists(st.tuples(st.sampled_from("abc"), amounts | st.none()), max_size=20), st.integers())
def test_a_total_is_the_same_in_any_order(parts: list[tuple[str, int | None]], seed: int) -> None:
    mixed = random.Random(seed).sample(parts, len(parts))
    first, second = total(parts), total(mixed)
    assert first.known == second.known
    assert set(first.unknown) == set(second.unknown) == {name for name, one in parts if one is None}
    known = sum(one for _, one in parts if one is not None)
    assert first.known in (known, None)
    assert (first.known is None) == (first.at_least and known == 0)


def test_what_is_unknown_is_not_0() -> None:
    assert total([("a", 5), ("b", None)]) == Total(5, ("b",))
    assert total([("a", None)]) == Total(None, ("a",))
    assert total([("a", 0), ("b", None)]) == Total(None, ("b",)), "at least 0 says nothing"
    assert total([("a", 0)]) == Total(0)
    assert total([]) == Total(0)
