"""Blocks into rows, compiled: what the short way takes, the general way takes alike; the rest it leaves."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from netwatch.native import load
from netwatch.state.counter_rows import STEADY, CounterRows, Reading, SourceView
from netwatch.state.counters import CACHE_SECONDS, CERTAIN
from netwatch.state.rows import NEVER, GaugeRows

NATIVE = load({})
pytestmark = pytest.mark.skipif(NATIVE is None, reason="MISSING: a C compiler")
FIRST, GROUP, OTHER = 3, 2, 1
"""Where the rows of the block begin, its group, and another one of the same source."""
TOLD_BY = np.asarray([9, 5, 5], dtype=np.int32)

wide = st.one_of(st.integers(0, 2**64 - 1), st.integers(0, 2**33), st.integers(2**32 - 500, 2**32 + 500))
seconds = st.one_of(st.just(60.0), st.floats(-5, 4000, width=32))
limits = st.one_of(st.just(math.nan), st.just(1.25e8), st.floats(1, 2**40, width=32))


class Nobody:
    """No company is asked where all counters do nothing but count."""

    def siblings(self) -> NDArray[np.int32]:
        raise AssertionError

    def bounded(self) -> NDArray[np.bool_]:
        raise AssertionError

    def bounds(self, position: int, elapsed: float) -> None:
        raise AssertionError


@st.composite
def counters(draw: st.DrawFn) -> dict[str, Any]:
    """Rows and a block; mostly such that all of them count on."""
    size = draw(st.integers(1, 6))
    rough = draw(st.integers(0, 3)) == 0
    before = [draw(wide) for _ in range(size)]
    small = st.integers(0, 10**6)
    after = [draw(wide) if rough else min(2**64 - 1, one + draw(small)) for one in before]
    return {
        "size": size,
        "before": before,
        "after": after,
        "elapsed": [draw(seconds) if rough else 60.0 for _ in range(size)],
        "limit": [draw(limits) for _ in range(size)],
        "odd": [draw(st.sampled_from((0, 0, 0, 0x80))) if rough else 0 for _ in range(size)],
        "group": [draw(st.sampled_from((GROUP, GROUP, OTHER))) if rough else GROUP for _ in range(size)],
        "bits": draw(st.none() | st.just([draw(st.sampled_from((32, 64))) for _ in range(size)])),
        "counted": [draw(st.integers(0, 9)) > 0 if rough else True for _ in range(size)],
        "order": draw(st.none() | st.permutations(range(size))),
        "restarted": draw(st.sampled_from((NEVER, NEVER, 500.0, 2000.0))),
    }


def table(case: dict[str, Any]) -> CounterRows:
    size = case["size"]
    rows = CounterRows()
    rows.allot(FIRST)
    assert rows.allot(size) == FIRST
    place = slice(FIRST, FIRST + size)
    rows.raw[place], rows.totals[place] = case["before"], 7
    rows.mono[place], rows.rates[place] = 1000.0, 1.0
    rows.limit[place], rows.odd[place], rows.group[place] = case["limit"], case["odd"], case["group"]
    return rows


def content(rows: CounterRows | GaugeRows) -> list[bytes]:
    return [array.tobytes() for array in rows.vectors]


@settings(max_examples=500, deadline=None)
@given(counters())
def test_counters_that_count_on(case: dict[str, Any]) -> None:
    assert NATIVE is not None
    size, order = case["size"], case["order"]
    block = np.zeros(size, np.uint64)
    counted = np.zeros(size, np.bool_)
    where = list(range(size)) if order is None else order
    block[where], counted[where] = np.asarray(case["after"], np.uint64), case["counted"]
    places = np.asarray([size - 1 - at for at in range(size)], np.intp)
    times = np.zeros(size)
    times[places] = 1000.0 + np.asarray(case["elapsed"])
    widths = None if case["bits"] is None else np.asarray(case["bits"], np.uint8)
    one, other = table(case), table(case)
    untouched = content(one)
    took = NATIVE.count_on(
        *(one.vectors, FIRST, GROUP, STEADY, case["restarted"], block, counted),
        *(
            None if order is None else np.asarray(order, np.intp),
            times,
            places,
            widths,
            CERTAIN,
            CACHE_SECONDS,
        ),
    )
    if not took:
        assert content(one) == untouched
    raw = np.asarray(case["after"], np.uint64)
    bits = None if widths is None else np.where(raw >> np.uint64(32), np.uint8(64), widths)
    reading = Reading(slice(FIRST, FIRST + size), raw, bits, times[places])
    view = SourceView(5, True, case["restarted"], case["restarted"], None)
    plain = all(case["counted"]) and all(group == GROUP for group in case["group"])
    try:
        other.advance(reading, GROUP, TOLD_BY, view, Nobody())
    except AssertionError:
        assert not took
    else:
        if took:
            assert content(one) == content(other)
        elif plain:
            assert (other.cause[FIRST : FIRST + size] != STEADY).any()


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_gauges(data: st.DataObject) -> None:
    assert NATIVE is not None
    size = data.draw(st.integers(1, 6))
    numbers = st.one_of(st.floats(allow_nan=True), st.just(math.nan), st.integers(0, 9).map(float))
    values = np.asarray([data.draw(numbers) for _ in range(size)], np.float64)
    mono = [data.draw(st.sampled_from((NEVER, 900.0, 1000.0, 1100.0))) for _ in range(size)]
    order = data.draw(st.none() | st.permutations(range(size)))
    positions = None if order is None else np.asarray(order, np.intp)
    places, times = np.arange(size, dtype=np.intp)[::-1].copy(), np.full(size, 1000.0)
    tables = []
    for _ in range(2):
        rows = GaugeRows()
        rows.allot(FIRST)
        rows.allot(size)
        rows.mono[FIRST : FIRST + size] = mono
        tables.append(rows)
    told = NATIVE.tell_gauges(tables[0].vectors, FIRST, GROUP, values, positions, times, places)
    sorted_values = values if positions is None else values.take(positions)
    assert told == tables[1].write(slice(FIRST, FIRST + size), sorted_values, times.take(places), GROUP)
    assert content(tables[0]) == content(tables[1])


def test_what_lies_outside_is_refused() -> None:
    assert NATIVE is not None
    rows, gauges = GaugeRows(), np.zeros(2)
    rows.allot(2)
    places, times = np.arange(2, dtype=np.intp), np.zeros(2)
    for first, order, given_places in (
        (len(rows.values), None, places),
        (-1, None, places),
        (0, np.asarray([0, 2], np.intp), places),
        (0, np.asarray([0, -1], np.intp), places),
        (0, None, places + 1),
        (0, None, np.arange(3, dtype=np.intp)),
    ):
        with pytest.raises(IndexError):
            NATIVE.tell_gauges(rows.vectors, first, 1, gauges, order, times, given_places)
    with pytest.raises(TypeError, match="gauges: elements of another size"):
        NATIVE.tell_gauges(rows.vectors, 0, 1, gauges.astype(np.float32), None, times, places)
