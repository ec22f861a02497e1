"""What is kept of numbers: exactly where that is cheap, else as precisely as is promised, in two bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from netwatch.errors import StoreError
from netwatch.history.codec import BUDGET, NOISY_BITS, decode_matrix, encode_columns, encode_matrix
from netwatch.history.noise import decode_floats, decode_steps, encode_floats, encode_steps

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)
anything = st.one_of(
    st.just(np.nan), st.floats(0, 1e18), st.integers(0, 8192).map(float), st.floats(-1e6, 1e6)
)
matrices = hnp.arrays(np.float64, shapes, elements=anything)
finite = hnp.arrays(
    np.float64, shapes, elements=st.one_of(st.floats(-1e9, 1e9), st.integers(0, 100).map(float))
)
SEED = np.random.default_rng(7)
FULL = np.full((1024, 36), 300.0)


def normal(matrix):
    """Not so small that a 32-bit float loses digits."""
    return np.isfinite(matrix) & ((matrix == 0) | (np.abs(matrix) > 1e-37))


def through(columns, *, settled):
    data = encode_columns(columns, settled=settled)
    return [decode_matrix(part, columns[0].shape) for part in data], sum(map(len, data)) / columns[0].size


@settings(max_examples=30, deadline=None)
@given(matrices)
def test_a_matrix_alone_comes_back_as_32_bit_floats(matrix) -> None:
    back = decode_matrix(encode_matrix(matrix), matrix.shape)
    assert np.array_equal(back.astype(np.float32), matrix.astype(np.float32), equal_nan=True)


@settings(max_examples=30, deadline=None)
@given(matrices, st.integers(7, 16))
def test_floats_keep_the_first_bits_of_each_value(matrix, kept) -> None:
    bits = matrix.astype(np.float32).view(np.uint32)
    back = decode_floats(encode_floats(bits, kept), matrix.shape)
    assert np.array_equal(np.isnan(back), np.isnan(matrix))
    known = normal(matrix)
    assert np.all(np.abs(back[known] - matrix[known]) <= np.abs(matrix[known]) * (2.0**-kept + 2.0**-24))
    small = known & (matrix == np.floor(matrix)) & (np.abs(matrix) <= 2**kept)
    assert np.array_equal(back[small], matrix[small])
    # What was rounded once is not rounded again: moving it to another file loses nothing.
    assert np.array_equal(
        decode_floats(encode_floats(back.view(np.uint32), kept), matrix.shape), back, equal_nan=True
    )


@settings(max_examples=30, deadline=None)
@given(finite, st.integers(7, 12))
def test_steps_are_a_fraction_of_the_largest_value_of_the_series(matrix, kept) -> None:
    back = decode_steps(encode_steps(matrix, kept), matrix.shape)
    largest = np.abs(matrix).max(axis=1, keepdims=True)
    assert np.all(np.abs(back - matrix) <= largest * 2.0**-kept + 1e-30)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_what_is_not_covered_does_not_touch_what_is(data) -> None:
    value = data.draw(matrices)
    covered = np.where(np.isnan(value), 0.0, data.draw(st.sampled_from([300.0, 12.3])))
    for columns in ([value, covered], [value, value, covered]):
        (*back, seconds), _ = through(columns, settled=False)
        known = normal(value) & (covered > 0)
        assert np.allclose(seconds, covered, rtol=1e-6)
        for one in back:
            error = np.abs(one[known] - value[known])
            assert np.all(error <= np.abs(value[known]) * 2.0**-NOISY_BITS)


def test_noise_takes_two_bytes_and_keeps_what_is_promised() -> None:
    traffic = np.round(SEED.lognormal(15, 2, (1024, 1)) * SEED.lognormal(0, 0.47, FULL.shape))
    (back, _), size = through([traffic, FULL], settled=True)
    assert size <= BUDGET
    assert np.all(np.abs(back - traffic) <= traffic * 2.0**-13)
    assert np.array_equal(back[traffic <= 8192], traffic[traffic <= 8192])

    share = np.clip(SEED.normal(0.4, 0.06, FULL.shape), 0, 1)
    peak = np.clip(share + np.abs(SEED.normal(0.05, 0.03, FULL.shape)), 0, 1)
    (mean, top, _), size = through([share, peak, FULL], settled=True)
    assert size <= BUDGET
    assert np.all(np.abs(mean - share) <= share.max(axis=1, keepdims=True) * 2.0**-9)
    assert np.all(np.abs(top - peak) <= peak.max(axis=1, keepdims=True) * 2.0**-7)


@pytest.mark.parametrize("settled", [False, True])
def test_what_is_cheap_stays_exact(settled: bool) -> None:
    percent = SEED.integers(0, 101, FULL.shape) / 100
    few = SEED.integers(0, 40, FULL.shape) * 1000.0 + 0.5
    holes = np.where(SEED.random(FULL.shape) < 0.1, 0.0, 300.0)
    (mean, top, seconds), size = through([percent, few, holes], settled=settled)
    known = holes > 0
    assert np.array_equal(mean[known], percent.astype(np.float32)[known])
    assert np.array_equal(top[known], few[known])
    assert np.array_equal(seconds, holes)
    assert size <= BUDGET


def test_what_is_constant_where_it_is_known_costs_next_to_nothing() -> None:
    one = np.where(SEED.random((1024, 36)) < 0.01, np.nan, 1.0)
    (back, _), size = through([one, np.where(np.isnan(one), 0.0, 300.0)], settled=True)
    assert np.all(back == 1)
    assert size < 0.03


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_damaged_columns_are_told_or_have_the_right_shape(data) -> None:
    shape = (6, 5)
    value = np.sin(np.arange(30.0)).reshape(shape)
    parts = [
        encode_matrix(value),
        encode_matrix(np.round(value)),
        b"\3" + encode_floats(value.astype(np.float32).view(np.uint32), 13),
        b"\5" + encode_steps(value, 10),
    ]
    part = bytearray(data.draw(st.sampled_from(parts)))
    place = data.draw(st.integers(0, len(part) - 1))
    part[place] ^= data.draw(st.integers(1, 255))
    cut = bytes(part[: data.draw(st.integers(1, len(part)))])
    try:
        back = decode_matrix(cut, shape)
    except StoreError:
        return
    assert back.shape == shape
