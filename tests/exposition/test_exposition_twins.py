"""The compiled twin and pure Python write the same octets, and what they write reads back."""

from __future__ import annotations

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.exposition.labels import escape, pair
from netwatch.exposition.lines import PureLines, format_number
from netwatch.native import load

PURE = PureLines()
NATIVE = load({})
TWINS = [pytest.param(PURE, id="pure")]
if NATIVE is not None:
    TWINS.append(pytest.param(NATIVE, id="native"))

DECIMALS = st.builds(
    lambda digits, places: digits / 10**places, st.integers(-(10**17), 10**17), st.integers(0, 20)
)
ANY_BITS = st.binary(min_size=8, max_size=8).map(lambda octets: struct.unpack("<d", octets)[0])
NUMBERS = st.one_of(
    st.floats(),
    DECIMALS,
    ANY_BITS,
    st.integers(-(2**60), 2**60).map(float),
    st.sampled_from([math.inf, -math.inf, -0.0, 5e-324, 1e15, -1e15, 999999999999999.9, 1e-4, 9.999e-5]),
)
LABELS = st.text(max_size=12).map(lambda value: pair("name", value))
TIMES = st.floats(-1e11, 1e11)


@st.composite
def jobs(draw):
    """Arguments of render_lines."""
    count = draw(st.integers(1, 12))

    def listed(items):
        return draw(st.lists(items, min_size=count, max_size=count))

    texts = tuple(listed(LABELS) for _ in range(draw(st.integers(0, 4))))
    values = totals = times = None
    if draw(st.booleans()):
        values = np.array(listed(NUMBERS), dtype=np.float64)
    if draw(st.booleans()):
        totals = np.array(listed(st.integers(0, 2**64 - 1)), dtype=np.uint64)
    if draw(st.booleans()):
        times = np.array(listed(TIMES), dtype=np.float64)
    rows = np.array(draw(st.lists(st.integers(0, count - 1), max_size=20)), dtype=np.int64)
    return "netwatch_x", texts, rows, values, totals, times, draw(st.booleans())


@pytest.mark.skipif(NATIVE is None, reason="the compiled part is not built")
@settings(deadline=None, max_examples=600)
@given(jobs())
def test_both_write_the_same(job):
    assert NATIVE.render_lines(*job) == PURE.render_lines(*job)


@pytest.mark.parametrize("twin", TWINS)
@settings(deadline=None, max_examples=400)
@given(st.lists(NUMBERS, min_size=1, max_size=30))
def test_a_number_reads_back_as_the_same_and_none_is_shorter(twin, values):
    rows = np.arange(len(values), dtype=np.int64)
    data = twin.render_lines("x", (), rows, np.array(values), None, None, False)
    found = [line.removeprefix("x{} ") for line in data.decode().splitlines()]
    known = [value for value in values if not math.isnan(value)]
    assert [float(text) for text in found] == known
    for text, value in zip(found, known, strict=True):
        assert len(text) <= len(repr(value)) or math.isinf(value)
        assert text == format_number(value)


@pytest.mark.parametrize("twin", TWINS)
def test_totals_are_exact_and_times_have_milliseconds(twin):
    rows = np.array([1, 0], dtype=np.int64)
    totals = np.array([2**53 + 1, 2**64 - 1], dtype=np.uint64)
    times = np.array([1_800_000_000.0625, 1_800_000_000.0])
    texts = (['a="1"', 'a="2"'], [',b="é"', ""])
    text = twin.render_lines("x", texts, rows, None, totals, times, True).decode()
    assert text == (
        'x{a="2"} 18446744073709551615 1800000000.000\nx{a="1",b="é"} 9007199254740993 1800000000.062\n'
    )
    text = twin.render_lines("x", texts, rows[:1], None, totals, times, False).decode()
    assert text == 'x{a="2"} 18446744073709551615 1800000000000\n'


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("row", [-1, 2])
def test_a_row_that_is_not_there_is_an_error(twin, row):
    one = np.array([row], dtype=np.int64)
    with pytest.raises(IndexError):
        twin.render_lines("x", (["", ""],), one, np.ones(2), None, None, False)
    with pytest.raises(IndexError):
        twin.render_lines("x", (["", ""],), one, None, None, None, False)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("time", [math.nan, math.inf, 1e300])
def test_a_time_that_is_none_is_an_error(twin, time):
    one = np.zeros(1, dtype=np.int64)
    with pytest.raises(ValueError, match="time"):
        twin.render_lines("x", (), one, None, None, np.array([time]), True)


@pytest.mark.skipif(NATIVE is None, reason="the compiled part is not built")
def test_arrays_of_another_kind_are_refused():
    one = np.zeros(1, dtype=np.int64)
    for bad in (
        (one.astype(np.int32), None, None, None),
        (one, np.zeros(1, np.float32), None, None),
        (one, None, np.zeros(1, np.int64), None),
        (one, None, None, np.zeros((1, 1))),
    ):
        with pytest.raises(TypeError):
            NATIVE.render_lines("x", (), *bad, False)
    with pytest.raises(TypeError):
        NATIVE.render_lines("x", ((),), one, None, None, None, False)


def test_text_that_utf8_cannot_hold_does_not_spoil_the_exposition():
    assert escape("a\udcffb") == "a?b"
