"""Series known by number: they come, go and change places, and nothing of them is mixed up or lost."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.history import Recorder, SegmentStore
from netwatch.history.names import MANY
from netwatch.model import Column, CounterBlock, EntityId, GaugeBlock, Instant, Snapshot, load_catalogue

CATALOGUE = load_catalogue()
BYTES = "netwatch_interface_receive_bytes_total"
UP = "netwatch_interface_oper_up"
START = 1_790_000_000 // 86400 * 86400


class Shelf:
    def __init__(self) -> None:
        self.cells: dict[tuple[str, str, int], tuple[float, ...]] = {}

    def append(self, block: GaugeBlock | CounterBlock) -> None:
        for row, entity in enumerate(block.entities):
            arrays = (
                (block.mean, block.max, block.coverage)
                if isinstance(block, GaugeBlock)
                else (block.increase, block.covered)
            )
            cell = tuple(round(float(array[row, 0]), 6) for array in arrays)
            if cell[-1] > 0:
                self.cells[block.family, entity, block.start] = cell


def columns(names: list[str], slots: list[int] | None, at: float, totals: list[int]) -> Snapshot:
    entities = tuple(map(EntityId, names))
    labels = ((),) * len(names)
    numbers = None if slots is None else np.array(slots, dtype=np.int64)
    shared = {
        "entities": entities,
        "labels": labels,
        "rates": np.full(len(names), np.nan),
        "times": np.full(len(names), at),
        "fresh": np.ones(len(names), dtype=np.bool_),
        "slots": numbers,
    }
    total = np.array(totals, dtype=np.uint64)
    counter = Column(CATALOGUE[BYTES], values=total.astype(float), totals=total, **shared)
    gauge = Column(CATALOGUE[UP], values=(total % 2).astype(float), **shared)
    return Snapshot(Instant(at, at), {}, {BYTES: counter, UP: gauge} if names else {})


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(10, 700),
            st.permutations("abcdefgh"),
            st.integers(1, 8),
            st.integers(0, 10_000),
            st.booleans(),
        ),
        min_size=1,
        max_size=15,
    )
)
def test_numbers_give_the_same_history_as_names(steps) -> None:
    by_name, by_slot = Shelf(), Shelf()
    named, numbered = Recorder(CATALOGUE, by_name), Recorder(CATALOGUE, by_slot)
    at, next_slot, slots = float(START), 0, {}
    totals = dict.fromkeys("abcdefgh", 0)
    for gap, order, count, growth, flush in steps:
        at += gap
        present = list(order[:count])
        slots = {name: slots[name] for name in present if name in slots}
        for name in present:
            totals[name] += growth * (ord(name) - 96)
            if name not in slots:
                slots[name], next_slot = (next_slot % 5) | (next_slot << 32), next_slot + 1
        told = [totals[name] for name in present]
        named.observe(columns(present, None, at, told))
        numbered.observe(columns(present, [slots[name] for name in present], at, told))
        assert named.series() == numbered.series()
        if flush:
            named.flush(at)
            numbered.flush(at)
    named.close(at)
    numbered.close(at)
    assert by_name.cells == by_slot.cells
    assert all(0 < cell[-1] <= 300 for cell in by_slot.cells.values())


def test_a_fleet_is_written_under_its_names_while_series_come_and_go(tmp_path: Path) -> None:
    """Above `MANY` series names are not looked up one by one; they have to come out right all the same."""
    size = MANY + 2000
    store = SegmentStore(tmp_path, CATALOGUE)
    recorder = Recorder(CATALOGUE, store)
    names = [f"p{number}" for number in range(size)]
    slots = list(range(size))
    expected: dict[str, int] = {}
    previous = columns([], [], START, [])
    for minute in range(31):
        at = START + 60 * minute
        if minute == 11:  # a few go, others come in between
            names[100:110], slots[100:110] = [], []
            names[5000:5000] = [f"new{number}" for number in range(20)]
            slots[5000:5000] = range(2**33, 2**33 + 20)
        if minute == 21:  # a netwatch that was started again
            recorder.close(at)
            store.close()
            store = SegmentStore(tmp_path, CATALOGUE)
            recorder = Recorder(CATALOGUE, store)
        growth = [int(name.lstrip("pnew")) % 97 for name in names]
        snapshot = columns(names, slots, at, [minute * step for step in growth])
        expected = dict(zip(names, growth, strict=True))
        if minute % 2:  # the same objects, as a state hands them in
            before = previous.columns[BYTES]
            if before.entities == snapshot.columns[BYTES].entities:
                kept = {
                    family: dataclasses.replace(column, entities=before.entities, labels=before.labels)
                    for family, column in snapshot.columns.items()
                }
                snapshot = dataclasses.replace(snapshot, columns=kept)
        previous = snapshot
        recorder.observe(snapshot)
        recorder.flush(at)
    recorder.close(at)
    found = {series.entity: series for series in store.read(BYTES, START, START + 1800)}
    assert found.keys() == {*expected, *(f"p{number}" for number in range(100, 110))}
    for name, growth in expected.items():
        series = found[EntityId(name)]
        assert np.allclose(series.values, growth / 60), name
        assert series.starts[-1] == START + 1500
    assert found[EntityId("p105")].starts[-1] == START + 300
    store.compact(START + 86400 * 2)
    again = {series.entity: series.values.sum() for series in store.read(BYTES, START, START + 1800)}
    assert again == {name: series.values.sum() for name, series in found.items()}
    store.close()
