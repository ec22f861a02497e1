"""Percentiles straight from the files equal those of the series, over any window, mask and history."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendar
from netwatch.history import SegmentStore, percentile
from netwatch.history.select import weighted_percentiles
from netwatch.model import CounterBlock, EntityId, GaugeBlock, load_catalogue

CATALOGUE = load_catalogue()
CPU = "netwatch_processor_utilization_ratio"
BYTES = "netwatch_interface_receive_bytes_total"
START = 1_790_000_000 // 86400 * 86400
SCHOOL = Calendar(
    "school",
    "America/Chicago",
    {"regular": ((8 * 3600 + 300, 11 * 3600 + 1800), (12 * 3600, 15 * 3600 + 602))},
    ("regular",) * 5 + ("", ""),
    ((date(2026, 1, 1), date(2027, 12, 31)),),
)


def by_series(store, family, window, q, mask, peaks):
    out = {}
    for series in store.read(family, *window):
        chosen = None if mask is None else mask(series.starts, series.widths) >= 0.5
        value = percentile(series, q, chosen, peaks=peaks)
        if value is not None:
            out[series.entity] = (value, series.simulated)
    return out


def from_files(store, family, window, q, mask, peaks, **more):
    found = store.percentiles(family, *window, q, mask=mask, peaks=peaks, **more)
    return {one.entity: (one.value, one.simulated) for one in found}


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_rows_of_any_weights_equal_brute_force(data) -> None:
    rows, buckets = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 70))
    rng = np.random.default_rng(data.draw(st.integers(0, 10**6)))
    values = rng.integers(0, 30, (rows, buckets)).astype(np.float32)
    odd = rng.random((rows, buckets)) < data.draw(st.sampled_from([0, 0.02, 0.5]))
    gone = rng.random((rows, buckets)) < data.draw(st.sampled_from([0, 0.3, 1]))
    covered = np.where(gone, 0, np.where(odd, rng.choice([0.5, 1, 1.5], (rows, buckets)), 2)).astype(
        np.float32
    )
    q = data.draw(st.sampled_from([0, 1, 50, 95, 99.5, 100]))
    rate = data.draw(st.booleans())
    with np.errstate(divide="ignore", invalid="ignore"):
        judged = values.astype(float) / covered if rate else values.astype(float)
    expected = []
    for row in range(rows):
        each = np.repeat(judged[row], np.rint(covered[row] * 10).astype(int))
        expected.append(np.percentile(each, q, method="inverted_cdf") if each.size else np.nan)
    seconds = covered.sum(axis=1, dtype=float)
    found, measured = weighted_percentiles(values, covered, q, rate=rate)
    assert np.array_equal(found, expected, equal_nan=True)
    assert measured == pytest.approx(seconds)


@pytest.fixture
def store(tmp_path: Path):
    """Months, days of late, blocks that overlap, holes, widths that differ, a part that is invented."""
    rng = np.random.default_rng(5)
    kept = SegmentStore(tmp_path, CATALOGUE)
    names = tuple(EntityId(f"e{number}") for number in range(9))
    labels = ((),) * 9

    def write(start, buckets, width=300, *, holes=0.0, first=0, simulated=False):
        own, shape = names[first:], (9 - first, buckets)
        covered = np.where(rng.random(shape) < holes, rng.choice([0.0, 75.0, 150.0], shape), float(width))
        value = rng.lognormal(-2, 0.6, shape)
        peak = value * rng.choice([1, 1.3], shape)
        kept.append(GaugeBlock(CPU, own, labels[first:], start, width, value, peak, covered, simulated))
        grown = np.round(rng.lognormal(15, 1, shape))
        kept.append(CounterBlock(BYTES, own, labels[first:], start, width, grown, covered, simulated))

    write(START - 40 * 86400, 24 * 30, 3600, first=6, simulated=True)
    write(START, 288 * 20)
    write(START + 3 * 86400, 288, holes=0.3)
    for number in range(40):
        write(START + 20 * 86400 + 300 * number, 1, holes=0.1, first=number % 3)
    yield kept
    kept.close()


@pytest.mark.parametrize("family", [CPU, BYTES])
@pytest.mark.parametrize("mask", [None, SCHOOL.mask])
@pytest.mark.parametrize(
    "window", [(0, 4e9), (START + 1, START + 9 * 86400 + 17), (START + 20 * 86400, 4e9), (START, START)]
)
def test_they_equal_those_of_the_series(store: SegmentStore, family: str, mask, window) -> None:
    for q in (5, 50, 95, 100):
        for peaks in (False, True):
            expected = by_series(store, family, window, q, mask, peaks)
            found = from_files(store, family, window, q, mask, peaks)
            assert found.keys() == expected.keys()
            for entity, (value, simulated) in expected.items():
                assert found[entity][0] == pytest.approx(value, rel=1e-7)
                # What is invented is told of only where it was asked for.
                assert found[entity][1] <= simulated


def test_few_series_at_a_time_give_the_same(store: SegmentStore, monkeypatch: pytest.MonkeyPatch) -> None:
    window = (0, 4e9)
    whole = from_files(store, CPU, window, 95, SCHOOL.mask, False)
    monkeypatch.setattr("netwatch.history.windows._CELLS", 2000)
    assert from_files(store, CPU, window, 95, SCHOOL.mask, False) == whole
    some = [EntityId("e7"), EntityId("e2"), EntityId("nobody")]
    found = from_files(store, CPU, window, 95, SCHOOL.mask, False, entities=some)
    assert found == {entity: whole[entity] for entity in ("e2", "e7")}


def test_how_much_was_measured_is_told(store: SegmentStore) -> None:
    window = (START + 6 * 86400, START + 7 * 86400)
    found = {one.entity: one for one in store.percentiles(BYTES, *window, 95)}
    assert found[EntityId("e0")].seconds == 86400
    assert not found[EntityId("e8")].simulated
    assert all(one.simulated for one in store.percentiles(CPU, START - 9e6, START - 86400, 95))
    assert list(store.percentiles("netwatch_trunk_up", 0, 4e9, 95)) == []


def test_a_percentile_outside_0_to_100_is_refused(store: SegmentStore) -> None:
    with pytest.raises(ValueError, match="between 0 and 100"):
        list(store.percentiles(CPU, 0, 4e9, 101))
