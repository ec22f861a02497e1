"""Rows and sheets: growth, numbers that are never given twice, freshness, and a fast path that judges as the
pure one does."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import Column, EntityId, Instant, load_catalogue
from netwatch.state import Advance
from netwatch.state.clears import began_at_zero, siblings_cleared
from netwatch.state.counter_rows import CounterRows, Reading, SourceView
from netwatch.state.counters import judge
from netwatch.state.readings import set_gauge
from netwatch.state.restarts import NO_WITNESS, Restart
from netwatch.state.series import SeriesKey, SeriesTable

CATALOGUE = load_catalogue()
UP = "netwatch_device_up"
NEVER = float("-inf")


class Table(SeriesTable):
    """A table with short ways to write one gauge of device `d`."""

    def __init__(self) -> None:
        super().__init__(CATALOGUE)
        self.group = self.groups.number(0, "t")

    def key(self, name: str, *labels: str) -> SeriesKey:
        return SeriesKey(EntityId("d"), EntityId(name), self.numbers[UP], labels)

    def tell(self, names: list[str], value: float, at: float, origin: str = "o") -> None:
        self.groups.told(self.group, Instant(at, at), 60)
        self.find_all([self.key(name) for name in names], EntityId("d"))
        for name in names:
            set_gauge(self, self.key(name), value, Instant(at, at), self.group, origin)

    def column(self, mono: float) -> Column:
        return self.freeze(mono)[UP]


def test_rows_grow_and_keep_their_values():
    table = Table()
    names = [f"e{number}" for number in range(1000)]
    for name in names:
        table.tell([name], float(name[1:]), 5.0)
    frozen = table.column(6.0)
    assert frozen.values.tolist() == [float(n) for n in range(1000)]
    assert frozen.entities == tuple(names)
    assert frozen.fresh.all()
    assert frozen.origins == ("o",) * 1000
    assert len(table) == 1000


def test_the_number_of_a_series_is_never_given_to_another():
    table = Table()
    seen: set[int] = set()
    for turn in range(20):
        table.tell(["a", "b"], 1.0, turn)
        numbers = dict(zip(table.column(turn).entities, table.column(turn).slots.tolist(), strict=True))
        assert numbers[EntityId("a")] not in seen
        seen.add(numbers[EntityId("a")])
        table.forget([EntityId("a")], EntityId("d"))
        assert table.column(turn).slots.tolist() == [numbers[EntityId("b")]], "b lives on"
        if turn % 3 == 0:
            table.forget([EntityId("b"), EntityId("never there")])
            seen.add(numbers[EntityId("b")])
            assert UP not in table.freeze(turn)
    assert table.gauges.count < 2 * 20, "rows are used again"


def test_a_row_that_serves_another_series_starts_blank():
    table = Table()
    table.tell(["a"], 7.0, 1)
    first = table.find(table.key("a"))
    table.forget([EntityId("a")])
    assert table.find(table.key("a")) is None
    ((row, _),) = table.find_all([table.key("b", "x")], EntityId("d"))
    assert row == first
    assert np.isnan(table.gauges.values[row])
    assert UP not in table.freeze(1.0), "nobody told it so far"


def test_frozen_columns_never_change():
    table = Table()
    table.tell(["e0", "e1", "e2"], 1.0, 1)
    frozen = table.column(2.0)
    table.tell(["e0", "e1", "e2"], 9.0, 3, "p")
    table.forget([EntityId("e0")])
    for column in (frozen, pickle.loads(pickle.dumps(frozen))):
        assert column.values.tolist() == [1.0, 1.0, 1.0]
        assert column.origins == ("o", "o", "o")
        assert column.times.tolist() == [1.0, 1.0, 1.0]
        assert np.isnan(column.rates).all()
        assert column.slots.tolist() == frozen.slots.tolist()
    assert table.column(3).origins == ("p", "p")
    for array in (frozen.values, frozen.times, frozen.fresh):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_entity_tuples_stay_the_same_objects_until_a_series_comes_or_goes():
    table = Table()
    table.tell(["e0", "e1"], 1.0, 1)
    first = table.column(1.0)
    table.tell(["e0", "e1"], 2.0, 2, "elsewhere")
    assert table.column(2.0).entities is first.entities
    table.tell(["new"], 1.0, 2)
    assert table.column(2.0).entities is not first.entities


@pytest.mark.parametrize(("age", "fresh"), [(0, True), (180, True), (209, True), (211, False), (1e6, False)])
def test_a_series_is_stale_after_three_missed_passes(age, fresh):
    table = Table()
    table.tell(["e"], 1.0, 1000)
    assert table.column(1000 + age).fresh.tolist() == [fresh]


def test_a_late_answer_does_not_overwrite_a_newer_one():
    table = Table()
    table.tell(["e"], 1.0, 10)
    table.tell(["e"], 5.0, 9)
    column = table.column(10)
    assert (column.values.tolist(), column.times.tolist()) == ([1.0], [10.0])


@given(st.lists(st.floats(0, 4e9), min_size=1, max_size=9))
def test_times_are_the_same_floats_whatever_the_others_are(times):
    """The recorder tells a new reading by its time."""
    table, alone = Table(), []
    table.groups.told(table.group, Instant(0, 0), 60)
    for number, at in enumerate(times):
        set_gauge(table, table.key(f"e{number}"), 1.0, Instant(at, at), table.group, "")
        one = Table()
        one.tell(["e"], 1.0, at)
        alone += one.column(0).times.tolist()
    assert table.column(0).times.tolist() == alone
    assert alone == pytest.approx(times, abs=0.0006)


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


class Company:
    """Counters of one interface or each of another one, which nothing bounds."""

    def __init__(self, count: int, related: bool) -> None:
        self.who = np.zeros(count, dtype=np.int32) if related else np.full(count, -1, dtype=np.int32)

    def siblings(self):
        return self.who

    def bounded(self):
        return np.zeros(len(self.who), dtype=np.bool_)

    def bounds(self, position, elapsed):
        return None


@settings(deadline=None)
@given(
    st.lists(polls, min_size=1, max_size=4),
    st.sampled_from([32, 64]),
    st.sampled_from([float("nan"), 12.5e6, 125e6]),
    st.booleans(),
    st.booleans(),
)
def test_columns_judge_as_the_pure_function(histories, bits, limit, witnessed, related):
    """A group of counters, advanced together, gives what `judge` gives for each of them alone.
    `related`: they are of one interface, and each other's witnesses."""
    column, told_by = CounterRows(), np.asarray([0, 1], dtype=np.int32)
    first = column.allot(len(histories))
    rows = slice(first, first + len(histories))
    numbers = np.arange(rows.start, rows.stop, dtype=np.int32)
    column.limited(numbers, np.full(len(histories), limit))
    known = None if np.isnan(limit) else limit
    totals, covered, carries = [0] * len(numbers), [0.0] * len(numbers), [0] * len(numbers)
    doubts = [0] * len(numbers)
    last: list[tuple[int, int] | None] = [None] * len(numbers)
    clock, restarted, started = 100.0, float("-inf"), float("-inf")
    for step in range(min(len(history) for history in histories)):
        seconds, _, source, restart = histories[0][step]
        now = clock + seconds
        if restart and seconds > 0:
            restarted, started = now, now - seconds / 3
        view = SourceView(source, witnessed or restart, restarted, started, None)
        raws = [history[step][1] % 2**bits for history in histories]
        reading = Reading(
            rows if step % 2 else numbers,
            np.asarray(raws, dtype=np.uint64),
            None if bits == 64 else np.full(len(numbers), bits, dtype=np.uint8),
            np.full(len(numbers), now),
        )
        column.advance(reading, source, told_by, view, Company(len(numbers), related))
        said = [
            None
            if before is None or before[1] != source or now <= clock or not related
            else began_at_zero(before[0], raw, now - clock, bits=bits, limit=known)
            for before, raw in zip(last, raws, strict=True)
        ]
        if not any(before and raw < before[0] for before, raw in zip(last, raws, strict=True)):
            said = [None] * len(said)
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
                before[0], raw, now - clock, bits=bits, limit=believed, carry=carries[n], restart=verdict,
                siblings_cleared=siblings_cleared([*said[:n], *said[n + 1 :]]),
            )  # fmt: skip
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
    assert column.covered(rows).tolist() == pytest.approx(covered)


def advance(column: CounterRows, row: int, raw: int, at: float) -> None:
    view = SourceView(0, True, NEVER, NEVER, None)
    reading = Reading(slice(row, row + 1), np.asarray([raw], dtype=np.uint64), None, np.asarray([at]))
    column.advance(reading, 0, np.zeros(1, dtype=np.int32), view, Company(1, False))


def test_a_line_speed_that_every_interval_contradicts_is_the_lie():
    """A virtual NIC that claims 10 Mbit/s and carries a gigabit is measured after three intervals."""
    column = CounterRows()
    row = column.allot(1)
    column.limited(np.asarray([row], dtype=np.int32), np.asarray([1.25e6]))
    for step in range(6):
        advance(column, row, step * 60 * 100_000_000, step * 60.0)
    assert int(column.totals[row]) == 2 * 60 * 100_000_000
    assert column.rates[row] == pytest.approx(1e8)


def test_totals_are_exact_past_the_precision_of_floats():
    column = CounterRows()
    row = column.allot(1)
    for step, raw in enumerate([0, 2**53, 2**53 + 1, 2**53 + 2]):
        advance(column, row, raw, float(step))
    assert column.totals[row] == 2**53 + 2
