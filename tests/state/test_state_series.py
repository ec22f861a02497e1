"""Columns: growth, slots with generations, freshness, and a fast path that judges as the pure one does."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import EntityId, Instant, load_catalogue
from netwatch.state import Advance
from netwatch.state.counter_column import CounterColumn, SourceView
from netwatch.state.counters import judge
from netwatch.state.restarts import NO_WITNESS, Restart
from netwatch.state.series import SeriesColumn

CATALOGUE = load_catalogue()
GAUGE = CATALOGUE["netwatch_device_up"]
BYTES = CATALOGUE["netwatch_interface_receive_bytes_total"]


def fill(column: SeriesColumn, count: int, at: Instant, interval: float = 60.0) -> list[int]:
    rows = [column.row(EntityId(f"e{number}"), ()) for number in range(count)]
    column.write(rows, [float(n) for n in range(count)], at, interval, 0, ["o"] * count)
    return rows


def test_columns_grow_and_keep_their_values():
    column = SeriesColumn(GAUGE)
    fill(column, 1000, Instant(5.0, 5.0))
    frozen = column.freeze(6.0)
    assert frozen.values.tolist() == [float(n) for n in range(1000)]
    assert frozen.entities[-1] == "e999"
    assert frozen.fresh.all()
    assert frozen.origins == ("o",) * 1000


def test_a_released_row_serves_another_series_under_another_generation():
    column = SeriesColumn(GAUGE)
    slot = column.slot(EntityId("a"), ("x",))
    column.write([slot.row], [7.0], Instant(1, 1), 60, 0, [""])
    assert column.holds(slot)
    column.release(EntityId("a"), ("x",))
    assert not column.holds(slot)
    other = column.slot(EntityId("b"), ())
    assert other.row == slot.row
    assert not column.holds(slot)
    assert np.isnan(column.values[other.row])
    column.release(EntityId("never there"), ())


def test_frozen_columns_never_change():
    column = SeriesColumn(GAUGE)
    rows = fill(column, 3, Instant(1, 1))
    frozen = column.freeze(2.0)
    column.write(rows, [9.0] * 3, Instant(3, 3), 60, 0, ["p"] * 3)
    column.release(EntityId("e0"), ())
    assert frozen.values.tolist() == [0.0, 1.0, 2.0]
    assert frozen.origins == ("o", "o", "o")
    with pytest.raises(ValueError, match="read-only"):
        frozen.values[0] = 1.0


def test_entity_tuples_stay_the_same_objects_until_a_series_comes_or_goes():
    column = SeriesColumn(GAUGE)
    rows = fill(column, 3, Instant(1, 1))
    first = column.freeze(1.0)
    column.write(rows, [1.0] * 3, Instant(2, 2), 60, 0, ["o"] * 3)
    assert column.freeze(2.0).entities is first.entities
    column.row(EntityId("new"), ())
    assert column.freeze(2.0).entities is not first.entities


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (180, True), (209, True), (211, False), (1e6, False)])
def test_a_series_is_stale_after_three_missed_passes(age, fresh):
    column = SeriesColumn(GAUGE)
    fill(column, 1, Instant(1000, 1000))
    assert column.freeze(1000 + age).fresh.tolist() == [fresh]


def test_a_late_answer_does_not_overwrite_a_newer_one():
    column = SeriesColumn(GAUGE)
    rows = fill(column, 2, Instant(10, 10))
    column.write(rows, [5.0, 5.0], Instant(9, 9), 60, 0, ["o", "o"])
    assert column.freeze(10).values.tolist() == [0.0, 1.0]


polls = st.lists(
    st.tuples(
        st.floats(-5, 400),
        st.one_of(st.integers(0, 2**40), st.integers(0, 2**32 - 1), st.integers(0, 3_000_000)),
        st.sampled_from([0, 0, 0, 0, 1]),  # source
        st.booleans(),  # restarted
    ),
    min_size=1,
    max_size=25,
)


@settings(deadline=None)
@given(
    st.lists(polls, min_size=1, max_size=4),
    st.sampled_from([32, 64]),
    st.sampled_from([float("nan"), 12.5e6, 125e6]),
    st.booleans(),
)
def test_columns_judge_as_the_pure_function(histories, bits, limit, witnessed):
    """A group of counters, advanced together, gives what `judge` gives for each of them alone."""
    column = CounterColumn(BYTES)
    rows = [column.row(EntityId(f"e{n}"), ()) for n in range(len(histories))]
    for row in rows:
        column.limit[row] = limit
    known = None if np.isnan(limit) else limit
    totals, covered, carries = [0] * len(rows), [0.0] * len(rows), [0] * len(rows)
    doubts = [0] * len(rows)
    last: list[tuple[int, int] | None] = [None] * len(rows)
    clock, restarted, started = 100.0, float("-inf"), float("-inf")
    for step in range(min(len(history) for history in histories)):
        seconds, _, source, restart = histories[0][step]
        now = clock + seconds
        if restart and seconds > 0:
            restarted, started = now, now - seconds / 3
        view = SourceView(source, witnessed or restart, restarted, started, None)
        raws = [history[step][1] % 2**bits for history in histories]
        column.advance(rows, raws, [bits] * len(rows), Instant(now, now), 60, view, [""] * len(rows))
        for n, raw in enumerate(raws):
            before = last[n]
            if before is None or (before[1] != source and now >= clock):
                last[n] = (raw, source)
                carries[n] = 0
                continue
            if now <= clock:
                continue
            verdict = (
                Restart(True, now - started)
                if clock < restarted
                else (Restart(False) if view.witnessed else NO_WITNESS)
            )
            believed = known if doubts[n] < 3 else None
            judged = judge(
                before[0], raw, now - clock, bits=bits, limit=believed, carry=carries[n], restart=verdict
            )
            last[n] = (raw, source)
            if isinstance(judged, Advance):
                totals[n] += judged.increase
                covered[n] += judged.seconds
                carries[n] = judged.carry
                if believed is not None or (known is not None and judged.increase <= known * (now - clock)):
                    doubts[n] = 0
            elif judged.cause.name == "IMPLAUSIBLE":
                doubts[n] = min(doubts[n] + 1, 3)
                carries[n] = 0
        if now >= clock or step == 0:
            clock = now
    assert column.totals[rows].tolist() == totals
    assert column.covered[rows].tolist() == pytest.approx(covered)


def test_a_line_speed_that_every_interval_contradicts_is_the_lie():
    """A virtual NIC that claims 10 Mbit/s and carries a gigabit is measured after three intervals."""
    column = CounterColumn(BYTES)
    row = column.row(EntityId("e"), ())
    column.limit[row] = 1.25e6
    view = SourceView(0, True, float("-inf"), float("-inf"), None)
    for step in range(6):
        raw, at = step * 60 * 100_000_000, Instant(step * 60.0, step * 60.0)
        column.advance([row], [raw], [64], at, 60, view, [""])
    assert int(column.totals[row]) == 2 * 60 * 100_000_000
    assert column.rates[row] == pytest.approx(1e8)


def test_totals_are_exact_past_the_precision_of_floats():
    column = CounterColumn(BYTES)
    row = column.row(EntityId("e"), ())
    view = SourceView(0, True, float("-inf"), float("-inf"), None)
    for step, raw in enumerate([0, 2**53, 2**53 + 1, 2**53 + 2]):
        column.advance([row], [raw], [64], Instant(step, step), 60, view, [""])
    totals = column.freeze(4).totals
    assert totals is not None
    assert totals.tolist() == [2**53 + 2]
