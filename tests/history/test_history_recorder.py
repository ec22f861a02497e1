"""Readings become buckets: nothing is lost, nothing invented."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.history import Recorder, SegmentStore, percentile
from netwatch.model import (
    Column,
    CounterBlock,
    EntityId,
    GaugeBlock,
    Instant,
    SeriesHistory,
    Snapshot,
    load_catalogue,
)

CATALOGUE = load_catalogue()
UP = "netwatch_device_up"
BYTES = "netwatch_interface_receive_bytes_total"
START = 1_790_000_000 // 86400 * 86400


class Shelf:
    """A writer that keeps what it is given; a later block replaces an earlier one."""

    def __init__(self) -> None:
        self.cells: dict[tuple[str, str, int], tuple[float, ...]] = {}

    def append(self, block: GaugeBlock | CounterBlock) -> None:
        for row, entity in enumerate(block.entities):
            if isinstance(block, GaugeBlock):
                cell = (block.mean[row, 0], block.max[row, 0], block.coverage[row, 0])
            else:
                cell = (block.increase[row, 0], block.covered[row, 0])
            self.cells[block.family, entity, block.start] = tuple(map(float, cell))

    def sum(self, family: str, place: int = 0) -> float:
        return sum(cell[place] for (name, _, _), cell in self.cells.items() if name == family)


def snapshot(
    at: float,
    readings: dict[str, dict[str, tuple[float, float]]],
    *,
    fresh: bool = True,
    mono: float | None = None,
) -> Snapshot:
    """`readings`: family to entity to (value, time)."""
    columns = {
        name: Column(
            CATALOGUE[name],
            tuple(map(EntityId, series)),
            tuple(() for _ in series),
            np.array([value for value, _ in series.values()]),
            np.full(len(series), np.nan),
            np.array([time for _, time in series.values()]),
            np.full(len(series), fresh),
        )
        for name, series in readings.items()
    }
    return Snapshot(Instant(at, at if mono is None else mono), {}, columns)


def feed(recorder: Recorder, family: str, readings: list[tuple[float, float]]) -> None:
    for at, value in readings:
        recorder.observe(snapshot(at, {family: {"a": (value, at)}}))


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3500), st.integers(0, 2**40), st.booleans()), min_size=1, max_size=40),
    st.integers(0, 299),
)
def test_increases_add_up_to_the_difference_of_the_counter(steps, offset) -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    at, value = START + offset, 7
    feed(recorder, BYTES, [(at, value)])
    for gap, growth, flush in steps:
        at, value = at + gap, value + growth
        feed(recorder, BYTES, [(at, value)])
        if flush:
            recorder.flush(at)
    recorder.close(at)
    assert shelf.sum(BYTES) == value - 7
    assert shelf.sum(BYTES, 1) == pytest.approx(at - START - offset)
    assert all(0 < cell[1] <= 300 for cell in shelf.cells.values())


def test_a_gauge_is_weighted_by_time_and_keeps_its_peak() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    feed(recorder, UP, [(START, 1), (START + 60, 1), (START + 120, 0), (START + 300, 1), (START + 600, 1)])
    recorder.flush(START + 899)
    assert shelf.cells == {(UP, "a", START): (pytest.approx(240 / 300), 1, 300)}
    recorder.flush(START + 900)
    assert shelf.cells[UP, "a", START + 300] == (1, 1, 300)


def test_a_late_reading_writes_its_bucket_again_as_a_whole() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    feed(recorder, BYTES, [(START, 0), (START + 100, 100)])
    recorder.flush(START + 600)
    assert shelf.cells == {(BYTES, "a", START): (100, 100)}
    feed(recorder, BYTES, [(START + 700, 700)])
    recorder.flush(START + 1200)
    assert shelf.cells[BYTES, "a", START] == (300, 300)


def test_the_same_reading_in_many_snapshots_counts_once_and_a_stale_one_not_at_all() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    for second in range(0, 290, 5):
        time = START + second // 60 * 60
        recorder.observe(snapshot(START + second, {UP: {"a": (1, time)}}))
    recorder.observe(snapshot(START + 295, {UP: {"a": (0, START + 290)}}, fresh=False))
    recorder.close(START + 300)
    assert shelf.cells == {(UP, "a", START): (1, 1, 240)}


def test_what_was_not_read_is_not_covered() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    feed(recorder, UP, [(START, 1), (START + 60, float("nan")), (START + 120, 1), (START + 7320, 1)])
    recorder.close(START + 7400)
    assert shelf.sum(UP, 2) == 120 + 900
    assert all(not np.isnan(cell).any() for cell in shelf.cells.values())


def test_a_gap_that_nobody_can_place_a_reset_and_a_clock_step_are_left_out() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    feed(
        recorder,
        BYTES,
        [(START, 100), (START + 60, 160), (START + 120, 20), (START + 180, 30), (START + 9000, 1e9)],
    )
    recorder.close(START + 9000)
    assert shelf.sum(BYTES) == 60 + 10
    feed(recorder, BYTES, [(START + 9060, 1e9 + 5)])
    mono = START + 9120
    recorder.observe(snapshot(START + 5000, {BYTES: {"a": (1e9 + 50, START + 5000)}}, mono=mono))
    recorder.observe(snapshot(START + 5060, {BYTES: {"a": (1e9 + 60, START + 5060)}}, mono=mono + 60))
    recorder.observe(snapshot(START + 5120, {BYTES: {"a": (1e9 + 80, START + 5120)}}, mono=mono + 120))
    recorder.close(START + 5120)
    assert shelf.sum(BYTES) == 60 + 10 + 5 + 20


def test_exact_totals_and_known_time_are_used_where_the_state_tells_them() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    high = 2**60
    for at, total, covered in [
        (0, high, 0.0),
        (100, high + 1, 100.0),
        (200, high + 4, 150.0),
        (300, high + 4, 150.0),
    ]:
        plain = snapshot(START + at, {BYTES: {"a": (float(total), START + at)}})
        column = dataclasses.replace(
            plain.columns[BYTES], totals=np.array([total], dtype=np.uint64), covered=np.array([covered])
        )
        recorder.observe(dataclasses.replace(plain, columns={BYTES: column}))
    recorder.close(START + 300)
    assert shelf.cells == {(BYTES, "a", START): (4, 150)}


def test_series_come_and_go() -> None:
    shelf = Shelf()
    recorder = Recorder(CATALOGUE, shelf)
    recorder.observe(snapshot(START, {UP: {"a": (1, START)}}))
    recorder.observe(snapshot(START + 60, {UP: {"b": (0, START + 60), "a": (1, START + 60)}}))
    recorder.observe(snapshot(START + 120, {UP: {"b": (0, START + 120)}}))
    recorder.flush(START + 900)
    assert shelf.cells == {(UP, "a", START): (1, 1, 60), (UP, "b", START): (0, 0, 60)}
    later = START + 3 * 86400
    recorder.observe(snapshot(later, {UP: {"b": (0, later)}}))
    recorder.flush(later + 600)
    assert recorder.series() == 1
    recorder.observe(snapshot(later + 60, {UP: {"b": (1, later + 60), "c": (1, later + 60)}}))
    recorder.close(later + 600)
    assert shelf.cells[UP, "b", later] == (1, 1, 60)


def test_recorder_to_disk_and_back(tmp_path: Path) -> None:
    store = SegmentStore(tmp_path, CATALOGUE)
    recorder = Recorder(CATALOGUE, store)
    total = 0
    for number in range(61):
        at = START + number * 60
        total = number * 60_000_000
        recorder.observe(snapshot(at, {UP: {"a": (1, at)}, BYTES: {"p": (float(total), at)}}))
        recorder.flush(at)
    recorder.close(START + 3600)
    (rates,) = store.read(BYTES, START, START + 3600)
    assert rates.values == pytest.approx(np.full(12, 1_000_000), rel=2**-13)
    assert rates.coverage.tolist() == [1] * 12
    (up,) = store.read(UP, START, START + 3600)
    assert percentile(up, 50) == 1
    store.close()


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(float("nan")), st.integers(-50, 50).map(float)),
            st.integers(0, 4),
            st.sampled_from([300, 600]),
            st.booleans(),
        ),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([0, 5, 25, 50, 90, 95, 99, 100]),
)
def test_percentiles_equal_brute_force(cells, q) -> None:
    values = np.array([cell[0] for cell in cells])
    coverage = np.array([cell[1] / 4 for cell in cells])
    widths = np.array([cell[2] for cell in cells], dtype=np.int64)
    mask = np.array([cell[3] for cell in cells])
    starts = np.arange(values.size, dtype=np.int64) * 600
    series = SeriesHistory(UP, EntityId("a"), (), starts, widths, values, values + 1, coverage, False)
    seconds: list[float] = []
    for value, share, width, chosen in zip(values, coverage, widths, mask, strict=True):
        if chosen and not np.isnan(value):
            seconds += [value] * int(share * width / 75)  # every weight is a multiple of 75 seconds
    found = percentile(series, q, mask)
    if not seconds:
        assert found is None
    else:
        assert found == np.percentile(seconds, q, method="inverted_cdf")
        assert percentile(series, q, mask, peaks=True) == found + 1


def test_a_percentile_outside_0_to_100_is_refused() -> None:
    empty = np.empty(0)
    series = SeriesHistory(
        UP, EntityId("a"), (), empty.astype(int), empty.astype(int), empty, empty, empty, False
    )
    with pytest.raises(ValueError, match="between 0 and 100"):
        percentile(series, 101)
