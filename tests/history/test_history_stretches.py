"""The buckets of a day move to their month in stretches; nothing is lost or changed on the way."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.history import SegmentStore
from netwatch.history.segment import Segment
from netwatch.model import CounterBlock, EntityId, load_catalogue

DAY = 86_400


@settings(max_examples=4, deadline=None)
@given(st.data())
def test_a_day_that_moves_in_stretches_reads_as_it_was_written(data) -> None:
    """Buckets that come one by one, late ones and gaps too, and a crash in the midst of a move."""
    rows, rng = data.draw(st.sampled_from([3, 60, 300])), np.random.default_rng(data.draw(st.integers(0, 99)))
    names, truth = tuple(EntityId(f"e{row}") for row in range(rows)), {}
    start, family = 1_790_000_000 // DAY * DAY, "netwatch_interface_receive_errors_total"
    gaps = set(data.draw(st.lists(st.integers(0, 330), max_size=30)))
    late = dict(data.draw(st.lists(st.tuples(st.integers(60, 330), st.integers(1, 59)), max_size=6)))
    crash = data.draw(st.integers(0, 330))
    with tempfile.TemporaryDirectory() as folder:
        store = SegmentStore(folder, load_catalogue())
        recent = Path(folder) / family / "recent.nwh"
        longest = 0
        for at in range(330):
            for bucket in [at] * (at not in gaps) + [at - late[at]] * (at in late):
                grown, full = rng.integers(0, 2000, (rows, 1)).astype(float), np.full((rows, 1), 300.0)
                before = recent.read_bytes() if recent.exists() else b""
                block = CounterBlock(family, names, ((),) * rows, start + 300 * bucket, 300, grown, full)
                store.append(block)
                truth[start + 300 * bucket] = grown[:, 0]
                if at == crash and before and len(recent.read_bytes()) < len(before):
                    recent.write_bytes(before)
                    store.append(block)
            segment = Segment(recent)
            segment.refresh()
            longest = max(longest, len({head.start for head in segment.blocks}))
        found = {one.entity: one for one in store.read(family, 0, 4e9)}
        for row, name in enumerate(names):
            assert found[name].starts.tolist() == sorted(truth)
            expected = [truth[at][row] for at in sorted(truth)]
            assert np.round(found[name].values * 300, 3).tolist() == expected
        assert not store.problems()
        assert longest == len(truth) if rows == 3 else longest < 96 + len(late) + 60
        store.close()
