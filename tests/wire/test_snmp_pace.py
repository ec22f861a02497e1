"""How long to wait and how much to ask for: pure rules, over generated agents."""

from __future__ import annotations

import itertools
import json

from hypothesis import given
from hypothesis import strategies as st

from netwatch.wire.snmp.limits import GET, RELAX_AFTER, Limits, columns_of, table_of
from netwatch.wire.snmp.roundtrip import FLOOR, RoundTrip

seconds = st.floats(0.0001, 30.0)
ceilings = st.floats(0.05, 10.0)
tries = st.integers(1, 8)
LLDP, IFS = "1.0.8802.1.1.2.1.4.1.1", "1.3.6.1.2.1.2.2.1"


def answered(waits: tuple[float, ...], delays: list[float | None]) -> bool:
    """Does one of the tries get its answer before the question ends? A delay of None is a loss."""
    end, sent = sum(waits) + 1e-6, 0.0
    for wait, delay in zip(waits, delays, strict=True):
        if delay is not None and sent + delay <= end:
            return True
        sent += wait
    return False


@given(st.lists(seconds, max_size=30), ceilings, st.data())
def test_no_agent_fails_that_a_fixed_timeout_would_have_served(
    past: list[float], ceiling: float, data: st.DataObject
) -> None:
    delays = data.draw(st.lists(st.none() | seconds, min_size=1, max_size=8))
    round_trip = RoundTrip()
    for one in past:
        round_trip.observe(one)
    fixed = answered((ceiling,) * len(delays), [None if d is None else d + 2e-6 for d in delays])
    assert answered(round_trip.waits(ceiling, len(delays)), delays) or not fixed


@given(st.lists(seconds, max_size=30), ceilings, tries)
def test_waits_are_bounded_and_grow(past: list[float], ceiling: float, count: int) -> None:
    round_trip = RoundTrip()
    for one in past:
        round_trip.observe(one)
    waits = round_trip.waits(ceiling, count)
    assert len(waits) == count
    assert abs(sum(waits) - ceiling * count) < 1e-6
    assert all(before <= after + 1e-6 for before, after in itertools.pairwise(waits))
    assert all(min(FLOOR, ceiling) - 1e-9 <= wait for wait in waits)
    assert all(wait <= ceiling for wait in waits[:-1])


@given(seconds, st.integers(20, 60))
def test_a_steady_agent_is_asked_again_soon_after_its_pace(pace: float, samples: int) -> None:
    round_trip = RoundTrip()
    assert round_trip.timeout(99.0) == 99.0, "the first contact has all the time that is configured"
    for _ in range(samples):
        round_trip.observe(pace)
    assert max(FLOOR, pace) <= round_trip.timeout(99.0) <= max(FLOOR, pace * 1.02) + 1e-9


def test_rfc_6298_by_its_figures() -> None:
    """RFC 6298, 2.2 and 2.3."""
    round_trip = RoundTrip()
    round_trip.observe(2.0)
    assert (round_trip.smoothed, round_trip.variation, round_trip.timeout(99)) == (2.0, 1.0, 6.0)
    round_trip.observe(4.0)
    assert (round_trip.smoothed, round_trip.variation) == (2.25, 1.25)


keys = st.sampled_from([GET, LLDP, IFS, columns_of(f"{IFS}.2")])
events = st.tuples(keys, st.sampled_from(["told", "silent", "lossy", "vanished", "good"]), st.integers(0, 60))


@given(st.lists(events, max_size=60), st.integers(1, 60))
def test_limits_stay_in_bounds_and_outlive_a_restart(
    history: list[tuple[str, str, int]], configured: int
) -> None:
    limits = Limits()
    for key, event, most in history:
        if event == "good":
            limits.succeeded(key, configured)
        elif event == "vanished":
            limits.vanished(key, most)
        else:
            limits.failed(key, most, told=event == "told", lossy=event == "lossy")
        assert 0 <= limits.most(key, configured) <= configured
    again = Limits()
    again.restore(json.loads(json.dumps(limits.export())))
    assert all(again.most(key, configured) == limits.most(key, configured) for key in (GET, LLDP, IFS, "x"))


def test_what_an_agent_says_is_certain_and_silence_is_tried_again() -> None:
    said, silent = Limits(), Limits()
    said.failed(LLDP, 5, told=True)
    silent.failed(LLDP, 5, told=False)
    for _ in range(RELAX_AFTER):
        said.succeeded(LLDP, 20)
        silent.succeeded(LLDP, 20)
    assert (said.most(LLDP, 20), silent.most(LLDP, 20)) == (5, 10)
    silent.failed(LLDP, 5, told=False)
    for _ in range(10 * RELAX_AFTER):
        silent.succeeded(LLDP, 20)
    assert silent.most(LLDP, 20) == 5, "twice is once too often"


def test_a_third_table_is_begun_with_what_two_have_taught() -> None:
    limits = Limits()
    limits.failed(LLDP, 5, told=True)
    assert limits.most(IFS, 20) == 20
    limits.failed(IFS, 10, told=True)
    assert limits.most("1.3.6.1.2.1.17.4.3.1", 20) == 10
    assert limits.most(GET, 60) == 60


def test_limits_belong_to_tables() -> None:
    assert table_of(f"{IFS}.10") == table_of(f"{IFS}.2") == IFS
    assert table_of(IFS) == IFS
    assert columns_of(f"{IFS}.10") != IFS


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=8,
    )
)
def test_a_damaged_memory_is_passed_over(value: object) -> None:
    limits = Limits()
    limits.restore(value)
    assert 0 <= limits.most(LLDP, 20) <= 20
