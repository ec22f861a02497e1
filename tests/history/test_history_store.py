"""What is appended reads back; what a crash left is cut off; later blocks win."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.errors import StoreError
from netwatch.history import SegmentStore
from netwatch.history.codec import decode_indices, encode_indices
from netwatch.history.records import COUNTER, GAUGE
from netwatch.history.segment import Segment
from netwatch.model import CounterBlock, EntityId, GaugeBlock, load_catalogue

CATALOGUE = load_catalogue()
UP = "netwatch_device_up"
BYTES = "netwatch_interface_receive_bytes_total"
AIRTIME = "netwatch_radio_airtime_ratio"
START = 1_790_000_000 // 86400 * 86400
WIDTH = 300


def gauge(entities, mean, start=START, *, peak=None, coverage=None, simulated=False, width=WIDTH, family=UP):
    mean = np.atleast_2d(np.asarray(mean, dtype=float))
    return GaugeBlock(
        family,
        tuple(map(EntityId, entities)),
        tuple(() if family == UP else ("all",) for _ in entities),
        start,
        width,
        mean,
        mean if peak is None else np.atleast_2d(np.asarray(peak, dtype=float)),
        np.full(mean.shape, float(width)) if coverage is None else np.atleast_2d(coverage),
        simulated,
    )


def counter(entities, increase, start=START, *, covered=None, width=WIDTH):
    increase = np.atleast_2d(np.asarray(increase, dtype=float))
    return CounterBlock(
        BYTES,
        tuple(map(EntityId, entities)),
        tuple(() for _ in entities),
        start,
        width,
        increase,
        np.full(increase.shape, float(width)) if covered is None else np.atleast_2d(covered),
    )


def everything(store, family=UP, start=0, end=4e9, entities=None):
    return {
        found.entity: dict(zip(found.starts.tolist(), found.values.tolist(), strict=True))
        for found in store.read(family, start, end, entities)
    }


@pytest.fixture
def store(tmp_path: Path):
    with_lock = SegmentStore(tmp_path / "history", CATALOGUE)
    yield with_lock
    with_lock.close()


def test_gauges_read_back_with_mean_peak_and_coverage(store: SegmentStore) -> None:
    store.append(
        gauge(
            "ab",
            [[1, np.nan, 0.5], [0, 0, 1]],
            peak=[[1, np.nan, 1], [0, 0, 1]],
            coverage=[[300, 0, 150]] * 2,
        )
    )
    found = {series.entity: series for series in store.read(UP, START, START + 900)}
    assert found["a"].starts.tolist() == [START, START + 600]
    assert found["a"].values.tolist() == [1, 0.5]
    assert found["a"].peaks.tolist() == [1, 1]
    assert found["a"].coverage.tolist() == [1, 0.5]
    assert found["b"].starts.tolist() == [START, START + 600]
    assert found["b"].widths.tolist() == [300, 300]


def test_counters_read_back_as_rates_over_the_covered_time(store: SegmentStore) -> None:
    store.append(counter("a", [[3000, 3000]], covered=[[300, 100]]))
    (series,) = store.read(BYTES, START, START + 600)
    assert series.values.tolist() == [10, 30]
    assert series.coverage == pytest.approx([1, 1 / 3])


def test_only_the_wanted_entities_and_the_window_are_read(store: SegmentStore) -> None:
    store.append(gauge("abc", np.arange(12).reshape(3, 4)))
    assert everything(store, start=START + 300, end=START + 900, entities=[EntityId("b")]) == {
        "b": {START + 300: 5, START + 600: 6}
    }
    assert everything(store, start=START + 1, end=START + 300) == {}
    assert everything(store, start=START + 1, end=START + 301).keys() == {"a", "b", "c"}
    assert everything(store, family="netwatch_trunk_up") == {}


def test_a_later_block_wins_where_it_knows_something(store: SegmentStore) -> None:
    store.append(gauge("a", [[1, 2, 3]]))
    store.append(gauge("a", [[7, np.nan, 9]], coverage=[[300, 0, 300]]))
    assert everything(store)["a"] == {START: 7, START + 300: 2, START + 600: 9}


def test_a_long_block_wins_over_earlier_short_ones_and_loses_to_later_ones(store: SegmentStore) -> None:
    store.append(gauge("a", [[1, 1]]))
    store.append(gauge("a", np.full((1, 48), 2.0)))
    store.append(gauge("a", [[3]]))
    assert list(everything(store)["a"].values())[:3] == [3, 2, 2]


def test_blocks_of_one_batch_keep_their_order(store: SegmentStore) -> None:
    store.append_all(
        [gauge("a", [[1, 1]]), gauge("b", [[5]]), gauge("a", [[2]], START + 300), gauge("a", [[3]])]
    )
    assert everything(store) == {"a": {START: 3, START + 300: 2}, "b": {START: 5}}


def test_compaction_and_a_new_process_change_nothing(store: SegmentStore, tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for number in range(400):
        store.append(gauge("abc", rng.integers(0, 2, (3, 1)), START + number * WIDTH, simulated=number == 3))
    before = everything(store)
    store.compact(START + 86400)
    folder = tmp_path / "history" / UP
    assert [path.name for path in sorted(folder.iterdir())] == ["2026-09.nwh", "recent.nwh"]
    assert everything(store) == before
    store.close()
    again = SegmentStore(tmp_path / "history", CATALOGUE)
    assert everything(again) == before
    assert all(series.simulated for series in again.read(UP, START, START + 86400))
    assert not any(series.simulated for series in again.read(UP, START + 86400, START + 2 * 86400))
    again.append(gauge("a", [[7]]))
    assert everything(again)["a"][START] == 7
    again.close()


def test_many_short_blocks_are_compacted_by_themselves(store: SegmentStore, tmp_path: Path) -> None:
    blocks = [gauge("a", [[number % 2]], START + number * 3600, width=3600) for number in range(650)]
    for block in blocks:
        store.append(block)
    assert len(list((tmp_path / "history" / UP).glob("????-??.nwh"))) == 2
    assert len(everything(store)["a"]) == 650


def test_buckets_of_different_widths_come_in_order_of_time(store: SegmentStore) -> None:
    store.append(gauge("a", [[1, 2]], START + 3600, width=3600))
    store.append(gauge("a", [[3, 4]], START))
    (series,) = store.read(UP, 0, 4e9)
    assert series.starts.tolist() == [START, START + 300, START + 3600, START + 7200]
    assert series.widths.tolist() == [300, 300, 3600, 3600]


def test_stretches_over_months_and_years(store: SegmentStore, tmp_path: Path) -> None:
    values = np.arange(3 * 24 * 70, dtype=float).reshape(3, -1) % 977
    store.append(gauge("abc", values, START, width=3600))
    assert len(list((tmp_path / "history" / UP).glob("????-??.nwh"))) == 3
    assert list(everything(store)["c"].values()) == values[2].tolist()


def test_prune_removes_whole_months(store: SegmentStore, tmp_path: Path) -> None:
    store.append(gauge("a", np.ones((1, 24 * 70)), START, width=3600))
    assert store.prune(START + 45 * 86400) > 0
    left = everything(store)["a"]
    assert min(left) > START
    assert max(left) == START + (24 * 70 - 1) * 3600
    assert store.prune(4e9) > 0
    assert everything(store) == {}


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (gauge("a", [[1]], START + 1), "multiple"),
        (gauge("a", [[1]], width=7), "divides the day"),
        (gauge("aa", [[1], [2]]), "twice"),
        (gauge("ab", [[1]]), "rows"),
        (gauge("a", [[1]], coverage=[[1, 2]]), "one shape"),
        (gauge("a", [[1]], family=BYTES), "can't hold a counter"),
        (gauge("a", [[1]], family="netwatch_device_info"), "can't hold a info"),
        (gauge("a", [[1]], family="netwatch_nothing"), "no such family"),
    ],
)
def test_nonsense_is_refused_with_a_reason(store: SegmentStore, block: GaugeBlock, reason: str) -> None:
    with pytest.raises(StoreError, match=reason):
        store.append(block)


def test_an_unknown_version_is_refused_with_the_remedy(store: SegmentStore, tmp_path: Path) -> None:
    store.append(gauge("a", [[1]]))
    path = tmp_path / "history" / UP / "recent.nwh"
    data = bytearray(path.read_bytes())
    data[8] = 9
    path.write_bytes(data)
    fresh = SegmentStore(tmp_path / "history", CATALOGUE)
    with pytest.raises(StoreError, match="history format 9, and this netwatch reads formats 1 to 2"):
        list(fresh.read(UP, 0, 4e9))


def test_a_foreign_file_is_refused(store: SegmentStore, tmp_path: Path) -> None:
    (tmp_path / "history" / UP).mkdir(parents=True)
    (tmp_path / "history" / UP / "recent.nwh").write_text("something else entirely")
    with pytest.raises(StoreError, match="no history file"):
        store.append(gauge("a", [[1]]))


def test_two_writers_by_turns_lose_nothing(store: SegmentStore) -> None:
    """The demo's past is written by another process, after the first buckets of now."""
    other = SegmentStore(store.directory, CATALOGUE)
    for turn, writer in enumerate((store, other, store, other)):
        writer.append(gauge([f"e{turn}"], [[turn]]))
        writer.append(gauge(["same"], [[turn]]))
        writer.close()
    for reader in (store, other, SegmentStore(store.directory, CATALOGUE)):
        found = {name: values[START] for name, values in everything(reader).items()}
        assert found == {"e0": 0, "e1": 1, "e2": 2, "e3": 3, "same": 3}


def test_a_second_writer_is_refused_until_the_first_has_closed(store: SegmentStore) -> None:
    store.append(gauge("a", [[1]]))
    other = SegmentStore(store.directory, CATALOGUE)
    with pytest.raises(StoreError, match="another netwatch"):
        other.append(gauge("a", [[2]]))
    assert everything(other)["a"] == {START: 1}
    store.close()
    other.append(gauge("a", [[2]]))
    other.close()


def test_a_reader_sees_what_another_process_appends_and_compacts(store: SegmentStore) -> None:
    reader = SegmentStore(store.directory, CATALOGUE)
    store.append(gauge("a", [[1]]))
    assert everything(reader)["a"] == {START: 1}
    store.append(gauge("b", [[1]], START + WIDTH))
    assert everything(reader)["b"] == {START + WIDTH: 1}
    running = reader.read(UP, 0, 4e9)
    next(running)
    store.compact(START + 2 * 86400)
    assert [series.entity for series in running] == ["b"]
    assert everything(reader).keys() == {"a", "b"}


def test_damage_in_the_middle_costs_the_damaged_block_alone(store: SegmentStore, tmp_path: Path) -> None:
    for number in range(5):
        store.append(gauge("a", [[number]], START + number * WIDTH))
    path = tmp_path / "history" / UP / "recent.nwh"
    segment = Segment(path)
    segment.refresh()
    data = bytearray(path.read_bytes())
    data[segment.blocks[1].offset + 5] ^= 0xFF  # a payload
    data[segment.blocks[3].offset - 20] ^= 0xFF  # a header
    path.write_bytes(data)
    fresh = SegmentStore(store.directory, CATALOGUE)
    assert everything(fresh)["a"] == {START: 0, START + 2 * WIDTH: 2, START + 4 * WIDTH: 4}
    assert len(fresh.problems()) == 2


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_cut_off_anywhere_everything_before_reads_back_and_writing_goes_on(tmp_path_factory, data) -> None:
    directory = tmp_path_factory.mktemp("torn")
    store = SegmentStore(directory, CATALOGUE)
    path = directory / UP / "recent.nwh"
    ends = []
    for number in range(6):
        store.append(gauge(f"a{number % 4}"[1:], [[number]], START + number * WIDTH))
        ends.append(path.stat().st_size)
    store.close()
    cut = data.draw(st.integers(0, ends[-1]))
    garbage = data.draw(st.sampled_from([b"", b"\0" * 70, b"NWrc" + b"\1" * 90]))
    path.write_bytes(path.read_bytes()[:cut] + (garbage if cut else b""))
    whole = sum(end <= cut for end in ends)
    if cut < 16:
        path.write_bytes(path.read_bytes()[:cut])
    expected = {START + number * WIDTH: number for number in range(whole)}

    fresh = SegmentStore(directory, CATALOGUE)
    assert {at: value for found in everything(fresh).values() for at, value in found.items()} == expected
    fresh.append(gauge("0", [[9]], START + 7 * WIDTH))
    fresh.close()
    again = SegmentStore(directory, CATALOGUE)
    assert {at: value for found in everything(again).values() for at, value in found.items()} == {
        **expected,
        START + 7 * WIDTH: 9,
    }


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_a_month_that_is_cut_anywhere_keeps_every_block_before(tmp_path_factory, data) -> None:
    """Noise, states and names that come later: every form of a block, at every byte of it."""
    directory = tmp_path_factory.mktemp("torn")
    store = SegmentStore(directory, CATALOGUE)
    path = directory / BYTES / "2026-09.nwh"
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    ends: list[tuple[int, int]] = []
    for day in range(3):
        names = "abcdef"[: 2 + 2 * day]
        grown = np.round(rng.lognormal(15, 1, (len(names), 48)))
        store.append(counter(names, grown, START - day * 86400, covered=np.where(grown % 7 > 5, 120.5, 300)))
        ends.append((path.stat().st_size, START - day * 86400))
    store.close()
    whole = everything(SegmentStore(directory, CATALOGUE), BYTES)
    cut = data.draw(st.integers(0, ends[-1][0]))
    path.write_bytes(path.read_bytes()[:cut])
    safe = [start for end, start in ends if end <= cut]

    def kept(found):
        return {(name, at): value for name, cells in found.items() for at, value in cells.items()}

    expected = {key: value for key, value in kept(whole).items() if key[1] // 86400 * 86400 in safe}
    again = SegmentStore(directory, CATALOGUE)
    assert kept(everything(again, BYTES)) == expected
    again.append(counter("z", np.full((1, 48), 7.0), START + 86400))
    again.close()
    later = kept(everything(SegmentStore(directory, CATALOGUE), BYTES))
    assert {key: value for key, value in later.items() if key[0] != "z"} == expected
    assert sum(key[0] == "z" for key in later) == 48


WRITER = """
import itertools, sys
import numpy as np
from netwatch.history import SegmentStore
from netwatch.model import EntityId, GaugeBlock, load_catalogue
store = SegmentStore(sys.argv[1], load_catalogue())
for number in itertools.count():
    value = np.full((1, 1), number % 7)
    start = int(sys.argv[2]) + 3600 * number
    covered = np.full((1, 1), 3600.0)
    block = GaugeBlock("netwatch_device_up", (EntityId("a"),), ((),), start, 3600, value, value, covered)
    store.append(block)
    print(number, flush=True)
"""


def test_what_was_taken_outlives_a_kill(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path), str(START)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 700:  # past the first move into months
                break
        process.kill()
        rest = process.stdout.read().split()
    last = int(rest[-1]) if rest else 700
    found = everything(SegmentStore(tmp_path, CATALOGUE))["a"]
    assert [found[START + 3600 * number] for number in range(last + 1)] == [
        number % 7 for number in range(last + 1)
    ]


def test_a_full_disk_is_told_and_costs_nothing_that_was_there(
    store: SegmentStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.append(gauge("a", [[1]]))
    real = os.pwrite

    def full(descriptor: int, data: bytes, offset: int) -> int:
        if len(data) < 40:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(descriptor, data[:30], offset)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(StoreError, match="No space left"):
        store.append(gauge("a", [[2]], START + WIDTH))
    monkeypatch.setattr(os, "pwrite", real)
    assert everything(store)["a"] == {START: 1}
    store.append(gauge("a", [[3]], START + 2 * WIDTH))
    assert everything(SegmentStore(store.directory, CATALOGUE))["a"] == {START: 1, START + 2 * WIDTH: 3}


@given(st.lists(st.integers(0, 2**32 - 2), min_size=1, max_size=50))
def test_row_numbers_come_back(rows) -> None:
    array = np.array(rows, dtype=np.uint32)
    assert decode_indices(encode_indices(array)).tolist() == rows


def test_a_file_holds_one_type(tmp_path: Path) -> None:
    segment = Segment(tmp_path / "x.nwh")
    segment.append(GAUGE, [(EntityId("a"), ())], [])
    with pytest.raises(StoreError, match="other type"):
        segment.append(COUNTER, [(EntityId("a"), ())], [])


def test_row_labels_are_part_of_a_series(store: SegmentStore) -> None:
    block = gauge("a", [[0.5]], family=AIRTIME)
    store.append(block)
    (series,) = store.read(AIRTIME, 0, 4e9)
    assert series.labels == ("all",)
    assert json.dumps(series.labels)
