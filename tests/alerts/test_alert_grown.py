"""Sets that share their items are as good as sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from netwatch.alerts.grown import Grown
from netwatch.model import EntityId

KEYS = [(EntityId(f"e{number}"), ()) for number in range(6)]


@given(st.lists(st.tuples(st.integers(0, 8), st.lists(st.sampled_from(KEYS), max_size=4)), max_size=12))
def test_every_one_stays_as_it_was(steps):
    all_of = [(Grown(), frozenset())]
    for which, new in steps:
        one, truth = all_of[which % len(all_of)]
        larger = one.grown(new)
        all_of.append((larger, truth | set(new)))
        assert (larger is one) == (set(new) <= truth)
        assert set(larger.since(one)) == set(new) - truth
    for one, truth in all_of:
        assert one == truth
        assert len(one) == len(truth)
        assert [key in one for key in KEYS] == [key in truth for key in KEYS]
