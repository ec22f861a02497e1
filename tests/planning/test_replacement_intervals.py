"""Rank intervals: no weights within the range give a rank outside of them."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import District, by_name

from netwatch.model import DeviceKind
from netwatch.planning.replacement.intervals import rank_intervals

eighths = st.integers(0, 320).map(lambda number: number / 8)
tables = st.integers(1, 5).flatmap(
    lambda criteria: st.lists(st.tuples(*[eighths] * criteria), min_size=1, max_size=12)
)


def ranks(points: np.ndarray, weights: np.ndarray) -> list[int]:
    scores = points @ weights
    return [1 + int(np.sum(scores > score + 1e-9)) for score in scores]


@settings(max_examples=30, deadline=None)
@given(tables, st.sampled_from([0, 5, 20, 50]), st.integers(0, 2**32 - 1))
def test_every_choice_of_weights_stays_within(points, percent, seed) -> None:
    table = np.array(points)
    spans = rank_intervals(points, percent)
    share = percent / 100
    corners = itertools.product([1 - share, 1.0, 1 + share], repeat=table.shape[1])
    inner = np.random.default_rng(seed).uniform(1 - share, 1 + share, (20, table.shape[1]))
    for weights in [*map(np.array, corners), *inner]:
        for rank, (low, high) in zip(ranks(table, weights), spans, strict=True):
            assert low <= rank <= high


@settings(max_examples=60, deadline=None)
@given(st.tuples(eighths, eighths, eighths), st.tuples(eighths, eighths, eighths))
def test_for_two_assets_the_bound_is_attained(one, other) -> None:
    table = np.array([one, other])
    seen = [ranks(table, np.array(corner)) for corner in itertools.product([0.8, 1.2], repeat=3)]
    seen.append(ranks(table, np.ones(3)))
    for place, (low, high) in enumerate(rank_intervals([one, other], 20)):
        assert low == min(rank[place] for rank in seen)
        assert high == max(rank[place] for rank in seen)


def test_without_a_change_of_weights_the_interval_is_the_rank() -> None:
    points = [(10.0, 0.0), (5.0, 5.0), (0.0, 3.0)]
    assert rank_intervals(points, 0) == [(1, 1), (1, 1), (3, 3)]
    assert rank_intervals(points, 20) == [(1, 2), (1, 2), (3, 3)]
    assert rank_intervals([], 20) == []


@pytest.mark.parametrize("chunk", [1, 7, 10**6])
def test_chunks_change_nothing(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    points = (rng.integers(0, 100, (40, 5)) / 8).tolist()
    expected = rank_intervals(points, 20)
    monkeypatch.setattr("netwatch.planning.replacement.intervals._CHUNK", chunk)
    assert rank_intervals(points, 20) == expected


def test_the_list_shows_them() -> None:
    district = District()
    district.device("old", installed=date(2016, 8, 1))
    district.device("unsafe", vendor="VMware", model="ESXi 6.7", kind=DeviceKind.SERVER, role="hypervisor")
    district.device("new", installed=date(2026, 8, 1))
    plan = district.plan()
    found = by_name(plan)
    assert all(1 <= one.rank_low <= one.rank <= one.rank_high <= 3 for one in plan.assets)
    assert (found["old"].rank_low, found["old"].rank_high) == (1, 2)
    assert (found["unsafe"].rank_low, found["unsafe"].rank_high) == (1, 2)
    assert (found["new"].rank_low, found["new"].rank_high) == (3, 3)
