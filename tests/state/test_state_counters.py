"""Counters never lie: what the evidence allows is counted, the rest is unknown, nothing is invented."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.model import Evidence
from netwatch.state import Advance, Cause, CounterSample, Unknown, increase_between
from netwatch.state.counters import CACHE_SECONDS, Bounds, judge
from netwatch.state.restarts import Restart, restart_between

FAST_ETHERNET = 12.5e6
GIGABIT = 125e6


def sample(raw: int, at: float, uptime: float | None = None) -> CounterSample:
    return CounterSample(raw, at, Evidence(uptime=uptime))


@pytest.mark.parametrize(
    ("before", "after", "bits", "limit", "expected"),
    [
        pytest.param((1000, 0, 100), (4000, 60, 160), 64, GIGABIT, (3000, 60.0, Cause.STEADY), id="steady"),
        pytest.param(
            (2**32 - 100, 0, 100), (400, 60, 160), 32, FAST_ETHERNET, (500, 60.0, Cause.WRAPPED), id="wrap-32"
        ),
        pytest.param(
            (2**64 - 100, 0, 100), (400, 60, 160), 64, GIGABIT, (500, 60.0, Cause.WRAPPED), id="wrap-64"
        ),
        pytest.param(
            (5000, 0, 1e6), (700, 60, 20), 64, GIGABIT, (700, 20.0, Cause.RESTARTED), id="since-restart"
        ),
        pytest.param(
            (5000, 0, 100), (900_000, 600, 700), 64, GIGABIT, (895_000, 600.0, Cause.STEADY), id="missed"
        ),
        pytest.param(
            (9 * 10**12, 0, 1e6), (9 * 10**12 + 5, 60, 20), 64, GIGABIT, (5, 60.0, Cause.STEADY),
            id="agent-restarted-counters-ran-on",
        ),
        pytest.param(
            (10, 0, 42949600), (40, 120, 47.04), 64, GIGABIT, (30, 120.0, Cause.STEADY), id="uptime-wrapped"
        ),
    ],
)  # fmt: skip
def test_known_increase(before, after, bits, limit, expected):
    judged = increase_between(sample(*before), sample(*after), bits=bits, limit=limit)
    assert isinstance(judged, Advance)
    assert (judged.increase, judged.seconds, judged.cause) == expected


@pytest.mark.parametrize(
    ("before", "after", "bits", "limit", "cause"),
    [
        pytest.param((9000, 0, 100), (10, 60, 160), 64, GIGABIT, Cause.RESET, id="cleared-64"),
        pytest.param((9000, 0, 100), (10, 60, 160), 32, FAST_ETHERNET, Cause.RESET, id="cleared-32"),
        pytest.param((9000, 0, 100), (10, 60, 160), 32, None, Cause.RESET, id="cleared-without-speed"),
        pytest.param((0, 0, 100), (10**12, 60, 160), 64, GIGABIT, Cause.IMPLAUSIBLE, id="spike"),
        pytest.param((100, 0, 100), (200, 60, 160), 32, GIGABIT, Cause.AMBIGUOUS, id="maybe-wrapped"),
        pytest.param((100, 5, 100), (200, 5, 100), 64, GIGABIT, Cause.CLOCK, id="same-moment"),
        pytest.param((100, 5, 100), (200, 3, 100), 64, GIGABIT, Cause.CLOCK, id="clock-went-back"),
        pytest.param((100, 0, 1e6), (2000, 60, 20), 64, GIGABIT, Cause.RESTARTED, id="agent-or-device"),
        pytest.param((9000, 0, 1e6), (10, 60, 20), 64, None, Cause.RESTARTED, id="restart-without-speed"),
        pytest.param((9 * 10**15, 0, 1e6), (8 * 10**15, 60, 20), 64, GIGABIT, Cause.IMPLAUSIBLE,
                     id="restarted-at-a-random-value"),
    ],
)  # fmt: skip
def test_unknown_says_why(before, after, bits, limit, cause):
    judged = increase_between(sample(*before), sample(*after), bits=bits, limit=limit)
    assert judged == Unknown(cause)


def test_packets_tell_how_often_a_byte_counter_wrapped():
    plain = judge(100, 2_000_000_100, 60, bits=32, limit=GIGABIT)
    assert plain == Unknown(Cause.AMBIGUOUS)
    light = judge(100, 2_000_000_100, 60, bits=32, limit=GIGABIT, bounds=Bounds(1e8, 3e9))
    assert light == Advance(2_000_000_000, 60, Cause.STEADY)
    heavy = judge(100, 2_000_000_100, 60, bits=32, limit=GIGABIT, bounds=Bounds(4e9, 7e9))
    assert heavy == Advance(2_000_000_000 + 2**32, 60, Cause.WRAPPED)


def test_neighbours_decide_whether_a_restart_took_the_counters_along():
    restart = Restart(True, 20.0)
    ran_on = judge(100, 2000, 60, limit=GIGABIT, restart=restart, neighbours_fell=False)
    assert ran_on == Advance(1900, 60, Cause.STEADY)
    began_anew = judge(100, 2000, 60, limit=GIGABIT, restart=restart, neighbours_fell=True)
    assert began_anew == Advance(2000, 20.0, Cause.RESTARTED)


def test_without_uptime_a_fall_in_mid_range_is_no_wrap():
    assert judge(2_000_000_000, 1000, 300, bits=32, limit=FAST_ETHERNET) == Unknown(Cause.RESET)
    witnessed = judge(2_000_000_000, 1000, 300, bits=32, limit=FAST_ETHERNET, restart=Restart(False))
    assert witnessed == Advance(2**32 - 2_000_000_000 + 1000, 300, Cause.WRAPPED)


@pytest.mark.parametrize(
    ("before", "after", "elapsed", "happened"),
    [
        (Evidence(uptime=1000), Evidence(uptime=1060), 60, False),
        (Evidence(uptime=1000), Evidence(uptime=30), 60, True),
        (Evidence(uptime=100), Evidence(uptime=5000), 10_000, True),  # grown past the old value in a long gap
        (Evidence(uptime=5000), Evidence(uptime=5600), 1000, False),  # a paused virtual machine
        (Evidence(uptime=1000), Evidence(uptime=1052), 60, False),  # refreshed rarely
        (Evidence(uptime=42949600), Evidence(uptime=47.04), 120, False),  # 497 days
        (Evidence(uptime=4294900), Evidence(uptime=52.7), 120, False),  # 49.7 days, in milliseconds
        (Evidence(uptime=42949600), Evidence(uptime=5), 120, True),  # restarted near its wrap
        (Evidence(uptime=1000, engine_boots=3, engine_time=1000), Evidence(uptime=5, engine_boots=3,
         engine_time=1060), 60, False),
        (Evidence(uptime=1000, engine_boots=3, engine_time=1000), Evidence(uptime=1060, engine_boots=4,
         engine_time=1060), 60, False),  # boots alone lie
        (Evidence(engine_boots=3, engine_time=1000), Evidence(engine_boots=4, engine_time=20), 60, True),
        (Evidence(), Evidence(uptime=5), 60, None),
    ],
)  # fmt: skip
def test_restart(before, after, elapsed, happened):
    assert restart_between(before, after, elapsed).happened is happened


# -- a device that really counts, read through a narrow counter

events = st.lists(
    st.tuples(
        st.floats(5, 60),  # seconds to the next poll
        st.floats(0, 1),  # load of the line
        st.sampled_from(["", "", "", "", "restart", "clear"]),
        st.floats(0, 1),  # when in the interval that happens
    ),
    min_size=2,
    max_size=40,
)


@settings(deadline=None)
@given(events, st.sampled_from([32, 64]), st.integers(0, 2**32 - 1), st.floats(0, 42_949_672))
def test_never_negative_never_above_line_speed_never_more_than_the_truth(history, bits, start, uptime):
    limit = FAST_ETHERNET  # a 32-bit counter of it wraps after 344 s: no interval here hides a wrap
    span = 2**bits
    raw, at, carry = start % span, 0.0, 0
    previous = sample(raw, at, uptime % (2**32 / 100))
    for seconds, load, event, when in history:
        counted = int(load * limit * seconds)
        truth = counted
        if event:
            after = int(counted * (1 - when))
            raw = after % span
        else:
            raw = (raw + counted) % span
        at += seconds
        uptime = seconds * (1 - when) if event == "restart" else uptime + seconds
        current = sample(raw, at, uptime % (2**32 / 100))
        judged = increase_between(previous, current, bits=bits, limit=limit, carry=carry)
        if isinstance(judged, Advance):
            assert judged.increase >= 0
            assert 0 <= judged.seconds <= seconds + 1e-9
            assert judged.increase <= limit * judged.seconds + 1
            assert judged.carry <= limit * CACHE_SECONDS
            if not event:
                assert judged.increase + judged.carry == truth + carry
                assert judged.seconds == pytest.approx(seconds)
            elif event == "restart":
                assert judged.increase + judged.carry <= truth + carry
        else:
            # A clear or a restart may leave the truth open; an honest interval never does.
            assert event
        carry = judged.carry if isinstance(judged, Advance) else carry
        previous = current


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(20, 90), st.floats(0, 0.98)), min_size=3, max_size=50),
    st.floats(0, CACHE_SECONDS * 0.9),
)
def test_an_agent_that_refreshes_rarely_loses_no_byte(polls, refresh):
    """The agent shows counters as they were at its last refresh: bursts are spread, all bytes arrive."""
    limit, clock, exact = GIGABIT, 0.0, 0.0
    shown, refreshed = 0, 0.0
    previous, carry, counted, uptime = sample(0, 0.0, 1e5), 0, 0, 1e5
    for seconds, load in polls:
        end = clock + seconds
        if end - refreshed >= refresh:
            refreshed = end - (end % refresh if refresh > 0.5 else 0)
            refreshed = max(refreshed, clock)
            shown = int(exact + load * limit * (refreshed - clock))
        exact += load * limit * seconds
        clock = end
        current = sample(shown, clock, uptime + clock)
        judged = increase_between(previous, current, limit=limit, carry=carry)
        assert isinstance(judged, Advance), judged
        assert judged.increase <= limit * seconds + 1
        counted += judged.increase
        carry, previous = judged.carry, current
    assert counted + carry == shown
