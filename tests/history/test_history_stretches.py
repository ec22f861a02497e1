"""The buckets of a day move to their month in stretches; nothing is lost or changed on the way."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from netwatch.history import SegmentStore
from netwatch.history.segment import Segment
from netwatch.model import CounterBlock, EntityId, load_catalogue

FAMILY = "netwatch_interface_receive_errors_total"
START = 1_790_000_000 // 86_400 * 86_400


@pytest.mark.parametrize(("rows", "left"), [(3, 96), (300, 27 + 1)])  # the one that came last is late
def test_a_day_that_moves_in_stretches_reads_as_it_was_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int, left: int
) -> None:
    """Buckets that come one by one, late ones and gaps too, and a crash in the midst of a move."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
    rng, truth = np.random.default_rng(3), {}
    names = tuple(EntityId(f"e{row}") for row in range(rows))
    store, recent = SegmentStore(tmp_path, load_catalogue()), tmp_path / FAMILY / "recent.nwh"
    late, crashed = {45: 30, 50: 3, 80: 1}, False
    for at in (at for at in range(100) if at not in (7, 60, 61, 75)):
        for bucket in [at, *([late[at]] if at in late else [])]:
            grown, full = rng.integers(0, 2000, (rows, 1)).astype(float), np.full((rows, 1), 300.0)
            before = recent.read_bytes() if recent.exists() else b""
            block = CounterBlock(FAMILY, names, ((),) * rows, START + 300 * bucket, 300, grown, full)
            store.append(block)
            truth[START + 300 * bucket] = grown[:, 0]
            if not crashed and recent.stat().st_size < len(before):
                recent.write_bytes(before)  # it had moved, and was not yet taken away
                store.append(block)
                crashed = True
    segment = Segment(recent)
    segment.refresh()
    assert len({head.start for head in segment.blocks}) == left
    assert crashed == (rows > 200)
    found = {one.entity: one for one in store.read(FAMILY, 0, 4e9)}
    for row, name in enumerate(names):
        assert found[name].starts.tolist() == sorted(truth)
        assert np.round(found[name].values * 300, 3).tolist() == [truth[at][row] for at in sorted(truth)]
    assert not store.problems()
    store.close()
