"""Discontinuity times that are honest or lie, clears told by siblings, and the vectorised short way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.model import Evidence
from netwatch.state import Advance, Cause, CounterSample, Unknown, increase_between
from netwatch.state.clears import (
    VERDICTS,
    began_at_zero,
    frames_began_at_zero,
    siblings_cleared,
    siblings_say,
    words,
)
from netwatch.state.counters import CACHE_SECONDS, Bounds, judge
from netwatch.state.limits import frame_bounds
from netwatch.state.restarts import (
    SILENT,
    Discontinuity,
    Restart,
    believes,
    discontinuity_between,
    idle_moves,
    restart_between,
)
from netwatch.state.steady import steady

GIGABIT = 125e6
RAN = Restart(False)


@pytest.mark.parametrize(
    ("before", "after", "uptime", "expected"),
    [
        (0.0, 0.0, 5000.0, SILENT),
        (None, 4970.0, 5000.0, SILENT),
        (0.0, 4970.0, 5000.0, Discontinuity(True, 30.0)),
        (0.0, 4970.0, None, SILENT),
        (0.0, 100.0, 5000.0, SILENT),  # before the interval
        (4000.0, 0.0, 5000.0, SILENT),  # the agent began anew and knows of none
        (0.0, 42949660.0, 10.0, Discontinuity(True, pytest.approx(22.96))),  # the uptime wrapped since
    ],
)
def test_a_discontinuity_counts_where_it_lies_in_the_interval(before, after, uptime, expected):
    assert discontinuity_between(before, after, uptime, 60.0) == expected


def test_an_honest_discontinuity_tells_what_was_counted_since():
    before = CounterSample(9 * 10**12, 0, Evidence(uptime=5000), discontinuity=0.0)
    after = CounterSample(700_000, 60, Evidence(uptime=5060), discontinuity=5040.0)
    assert increase_between(before, after, limit=GIGABIT) == Advance(700_000, 20.0, Cause.RESTARTED)
    assert increase_between(before, after, limit=GIGABIT, believe_discontinuity=False) == Unknown(Cause.RESET)


def test_a_discontinuity_that_never_moves_proves_nothing():
    before = CounterSample(9 * 10**12, 0, Evidence(uptime=5000), discontinuity=0.0)
    after = CounterSample(700_000, 60, Evidence(uptime=5060), discontinuity=0.0)
    assert increase_between(before, after, limit=GIGABIT) == Unknown(Cause.RESET)


def test_a_discontinuity_that_moves_at_each_poll_soon_goes_unheard():
    moves, raw, at, verdicts = 0, 1000, 0.0, []
    previous = CounterSample(raw, at, Evidence(uptime=5000), discontinuity=5000.0)
    for _ in range(5):
        raw, at = raw + 50_000, at + 60
        current = CounterSample(raw, at, Evidence(uptime=5000 + at), discontinuity=5000 + at)
        told = discontinuity_between(previous.discontinuity, current.discontinuity, 5000 + at, 60)
        judged = increase_between(previous, current, limit=GIGABIT, believe_discontinuity=believes(moves))
        moves = idle_moves(moves, told, fell=False, cleared=None)
        verdicts.append(judged)
        previous = current
    assert verdicts[:2] == [Unknown(Cause.RESET)] * 2  # a young counter may have begun anew
    assert verdicts[2:] == [Advance(50_000, 60.0, Cause.STEADY)] * 3
    assert idle_moves(moves, Discontinuity(True, 3.0), fell=True, cleared=True) == 0


def test_an_old_counter_that_ran_on_is_believed_at_once_against_a_discontinuity():
    moved = Discontinuity(True, 1.0)
    judged = judge(9 * 10**12, 9 * 10**12 + 50, 60, limit=GIGABIT, restart=RAN, discontinuity=moved)
    assert judged == Advance(50, 60, Cause.STEADY)


def test_siblings_tell_a_clear_from_a_wrap():
    """A 32-bit counter at 3.9 GB that shows 100 MB: both fit a gigabit port."""
    told = {
        cleared: judge(
            3_900_000_000, 100_000_000, 4, bits=32, limit=GIGABIT, restart=RAN, siblings_cleared=cleared
        )
        for cleared in (None, False, True)
    }
    wrapped = judge(3_900_000_000, 100_000_000, 4, bits=32, limit=GIGABIT, restart=RAN)
    assert told[None] == told[False] == wrapped
    assert isinstance(wrapped, Advance)
    assert wrapped.increase + wrapped.carry == 2**32 - 3_800_000_000
    assert told[True] == Unknown(Cause.RESET)


def test_a_cleared_counter_that_overtook_its_old_value_is_found_by_its_siblings():
    assert judge(1000, 5000, 60, limit=GIGABIT, restart=RAN) == Advance(4000, 60, Cause.STEADY)
    told = judge(1000, 5000, 60, limit=GIGABIT, restart=RAN, siblings_cleared=True)
    assert told == Unknown(Cause.RESET)


@pytest.mark.parametrize(
    ("before", "after", "bits", "limit", "expected"),
    [
        (9 * 10**12, 500, 64, GIGABIT, True),
        (9 * 10**12, 9 * 10**12 - 7, 64, GIGABIT, False),  # the difference of two counters, corrected
        (9 * 10**12, 9 * 10**12 + 7, 64, GIGABIT, False),
        (1000, 2000, 64, GIGABIT, None),
        (2**32 - 5, 100, 32, GIGABIT, None),  # may have wrapped
        (0, 100, 64, GIGABIT, None),
        (100, 0, 64, None, None),
        (100, 200, 64, None, False),
    ],
)
def test_one_counters_word_on_a_clear(before, after, bits, limit, expected):
    assert began_at_zero(before, after, 60, bits=bits, limit=limit) is expected


def test_words_together():
    assert siblings_cleared([]) is None
    assert siblings_cleared([None, None]) is None
    assert siblings_cleared([None, False]) is False
    assert siblings_cleared([False, True]) is True


@given(
    st.lists(
        st.tuples(
            st.integers(0, 2**52), st.integers(0, 2**52), st.sampled_from([32, 64]),
            st.sampled_from([math.nan, 1.25e6, GIGABIT]), st.integers(-1, 2),
        ),
        min_size=1, max_size=9,
    ),
    st.sampled_from([0.5, 60.0, 3600.0]),
)  # fmt: skip
def test_words_of_many_are_the_words_of_each(counters, elapsed):
    before, after, bits, limit, who = zip(*counters, strict=True)
    before, after = (
        [raw % 2**size for raw, size in zip(raws, bits, strict=True)] for raws in (before, after)
    )
    said = words(
        np.asarray(before, dtype=np.uint64),
        np.asarray(after, dtype=np.uint64),
        np.full(len(bits), elapsed),
        bits=np.asarray(bits, dtype=np.uint8),
        limit=np.asarray(limit),
    )
    alone = [
        began_at_zero(old, new, elapsed, bits=size, limit=None if math.isnan(most) else most)
        for old, new, size, most in zip(before, after, bits, limit, strict=True)
    ]
    assert [VERDICTS[one] for one in said.tolist()] == alone
    together = siblings_say(said, np.asarray(who)).tolist()
    for place, mine in enumerate(who):
        others = [word for other, word in enumerate(alone) if other != place and who[other] == mine >= 0]
        assert VERDICTS[together[place]] is siblings_cleared(others)


def test_frames_of_impossible_size_were_not_counted_together_from_zero():
    ask = {"bits": 32, "limit": GIGABIT, "mtu": 1500.0}
    assert frames_began_at_zero(500_000_000, 30_000_000, 60, **ask) is None  # after one more wrap
    assert frames_began_at_zero(500_000_000, 500_000, 60, **ask) is None
    assert frames_began_at_zero(500_000_000, 10_000, 60, **ask) is False
    assert frames_began_at_zero(500_000_000, 3_000_000_000, 60, **ask) is False


def test_packets_that_contradict_bytes_leave_it_unknown_and_spare_the_line_speed():
    """An agent that counts no packets: neither answer fits, and that is no reason to doubt the speed."""
    bounds = Bounds(*frame_bounds(0.0, 1500.0))
    judged = judge(100, 2_000_000_100, 60, bits=32, limit=GIGABIT, bounds=bounds)
    assert judged == Unknown(Cause.AMBIGUOUS)


def test_jumbo_frames_are_possible_where_the_mtu_is_not_told():
    packets = 555_000.0  # of 9000 octets: 5 GB, which a 32-bit counter shows as 0.7 GB
    shown = int(packets * 9000) - 2**32
    for mtu in (9000.0, None):
        judged = judge(0, shown, 60, bits=32, limit=GIGABIT, bounds=Bounds(*frame_bounds(packets, mtu)))
        assert judged != Advance(shown, 60, Cause.STEADY)


def test_what_a_cache_held_back_may_have_wrapped_a_counter():
    """Polled every 30 s, refreshed every 30 s: one interval may show a minute at line speed."""
    assert judge(0, 500_000_000, 30, bits=32, limit=GIGABIT) == Unknown(Cause.AMBIGUOUS)
    light = Bounds(*frame_bounds(600_000.0, 1500.0))
    assert judge(0, 500_000_000, 30, bits=32, limit=GIGABIT, bounds=light) == Advance(
        500_000_000, 30, Cause.STEADY
    )


def test_after_a_restart_a_narrow_counter_may_have_wrapped_since():
    restart = Restart(True, 40.0)
    ask = {"bits": 32, "limit": GIGABIT, "restart": restart, "neighbours_fell": True}
    assert judge(9, 1_000_000_000, 60, **ask) == Unknown(Cause.AMBIGUOUS)
    told = judge(9, 1_000_000_000, 60, bounds=Bounds(*frame_bounds(20_000_000.0, 1500.0)), **ask)
    assert told == Advance(5_000_000_000, 40.0, Cause.RESTARTED, carry=2**32 - 4_000_000_000)


def test_a_paused_device_did_not_restart():
    """Its uptime grew by less than the interval; boots that stayed say that it may have stood still."""
    before = Evidence(uptime=100, engine_boots=3, engine_time=100)
    after = Evidence(uptime=5000, engine_boots=3, engine_time=5000)
    assert restart_between(before, after, 10_000).happened is None
    raised = Evidence(uptime=5000, engine_boots=4, engine_time=5000)
    assert restart_between(before, raised, 10_000).happened is True


raws = st.one_of(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**33),
    st.sampled_from([0, 1, 2**31, 2**32 - 1, 2**64 - 1]),
)
counters = st.tuples(
    raws,
    raws,
    st.sampled_from([32, 64]),
    st.sampled_from([math.nan, 1.25e6, GIGABIT, 12.5e9]),
    st.sampled_from([0, 0, 0, 5]),
    st.sampled_from([False, False, True]),
    st.sampled_from([False, False, True]),
    st.sampled_from([None, None, False, True]),
)


@given(st.lists(counters, min_size=1, max_size=20), st.floats(0.001, 10_000), st.booleans(), st.data())
def test_steady_counters_are_those_that_judge_calls_so(rows, elapsed, near, data):
    if near:  # most random pairs are far apart: make them neighbours in value
        rows = [
            (b, min(b + int(step * elapsed * 1e6), 2**w - 1 if b < 2**w else 2**64 - 1), w, *rest)
            for (b, _, w, *rest), step in zip(
                rows,
                data.draw(st.lists(st.floats(0, 150), min_size=len(rows), max_size=len(rows))),
                strict=True,
            )
        ]
    rows = [(b % 2**w, a % 2**w, w, *rest) for b, a, w, *rest in rows]
    before, after, bits, limit, carry, restarted, moved, cleared = zip(*rows, strict=True)
    odd = [
        bool(held) or began or jumped or word is True
        for held, began, jumped, word in zip(carry, restarted, moved, cleared, strict=True)
    ]
    mask = steady(
        np.array(before, dtype=np.uint64),
        np.array(after, dtype=np.uint64),
        np.full(len(rows), elapsed),
        bits=np.array(bits, dtype=np.uint8),
        limit=np.array(limit),
        odd=np.array(odd),
    )
    bounds = data.draw(st.sampled_from([None, Bounds(0, 5e8), Bounds(1e9, 2e9), Bounds(0, 0)]))
    fell = data.draw(st.sampled_from([None, False, True]))
    for place, (old, new, width, most, carried, began, jumped, word) in enumerate(rows):
        judged = judge(
            old,
            new,
            elapsed,
            bits=width,
            limit=None if math.isnan(most) else most,
            carry=carried,
            restart=Restart(True, elapsed / 2) if began else RAN,
            neighbours_fell=fell,
            bounds=bounds,
            siblings_cleared=word,
            discontinuity=Discontinuity(True, elapsed / 2) if jumped else SILENT,
        )
        plain = Advance(new - old, elapsed, Cause.STEADY)
        if mask[place]:
            assert judged == plain
        elif judged == plain and not (began or jumped or carried or word):
            # Beyond the mask's word: line speed to the last octet, or bounds chose among several answers.
            assert new - old + 1 >= most * elapsed or (width == 32 and bounds is not None)


verdicts = st.sampled_from([None, False, True])


@given(
    st.tuples(raws, raws, st.sampled_from([32, 64])),
    st.floats(0.01, 1e5),
    st.sampled_from([1.25e6, GIGABIT, 12.5e9]),
    st.integers(0, 10**7),
    st.tuples(verdicts, verdicts),
    st.sampled_from([SILENT, Discontinuity(True, 0.0), Discontinuity(True, 0.005)]),
    st.sampled_from([Restart(None), RAN, Restart(True, 0.0), Restart(True, 1e9)]),
    st.sampled_from([None, Bounds(0, 0), Bounds(1e9, 5e9), Bounds(5e9, 1e9)]),
)
def test_no_evidence_whatever_makes_a_rate_above_line_speed(
    readings, elapsed, limit, carry, words, moved, restart, bounds
):
    (before, after, bits), (fell, cleared) = readings, words
    span = 2**bits
    judged = judge(
        before % span, after % span, elapsed, bits=bits, limit=limit, carry=carry, restart=restart,
        neighbours_fell=fell, bounds=bounds, siblings_cleared=cleared, discontinuity=moved,
    )  # fmt: skip
    if isinstance(judged, Advance):
        assert 0 <= judged.increase <= limit * judged.seconds
        assert 0 <= judged.seconds <= elapsed
        assert 0 <= judged.carry <= limit * CACHE_SECONDS
        counted = judged.increase + judged.carry - carry
        assert counted % span in ((after - before) % span, after % span)
