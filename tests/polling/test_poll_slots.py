"""Slots, pauses and evidence: pure functions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.polling.backoff import pause
from netwatch.polling.evidence import SENTINELS, SYS_UP_TIME, Sentinels, evidence_of
from netwatch.polling.spread import fraction, next_slot, table_phase

moments = st.floats(0, 1e9)
intervals = st.sampled_from([1.0, 15.0, 60.0, 300.0, 86_400.0])


@given(moments, intervals, st.floats(0, 1, exclude_max=True))
def test_the_next_slot_is_later_but_no_more_than_an_interval(
    after: float, interval: float, share: float
) -> None:
    slot = next_slot(after, interval, share * interval)
    assert after < slot <= after + interval * (1 + 1e-6)
    assert next_slot(slot, interval, share * interval) == pytest.approx(slot + interval)


@given(st.text(max_size=20), st.text(max_size=20), st.sampled_from([2, 5, 60, 1440]), moments)
def test_a_table_of_a_longer_interval_lies_on_the_devices_own_slots(
    device: str, table: str, times: int, after: float
) -> None:
    period, interval = 60.0, 60.0 * times
    slot = next_slot(after, interval, table_phase(device, table, period, interval))
    distance = (slot - table_phase(device, "", period, period)) / period
    assert distance == pytest.approx(round(distance), abs=1e-5)


def test_fractions_are_stable_and_even() -> None:
    assert fraction("switch-1") == fraction("switch-1")
    shares = [fraction(f"device {number}") for number in range(10_000)]
    assert all(0 <= share < 1 for share in shares)
    for tenth in range(10):
        assert 900 < sum(tenth / 10 <= share < (tenth + 1) / 10 for share in shares) < 1100


@given(st.integers(0, 10_000), st.sampled_from([10.0, 60.0, 3600.0]), st.sampled_from([0.0, 600.0]))
def test_a_pause_grows_up_to_its_limit_and_is_never_under_an_interval(
    failures: int, interval: float, longest: float
) -> None:
    found = pause(failures, interval, longest)
    assert interval <= found <= max(interval, longest)
    assert pause(failures + 1, interval, longest) >= found


def test_evidence_takes_numbers_and_nothing_else() -> None:
    found = evidence_of({SYS_UP_TIME: 12_345, "1.3.6.1.6.3.10.2.1.2.0": b"7", "1.3.6.1.6.3.10.2.1.3.0": 9})
    assert (found.uptime, found.engine_boots, found.engine_time) == (123.45, None, 9.0)
    assert evidence_of({}).uptime is None


def test_sentinels_ask_for_everything_once_and_then_for_what_there_is() -> None:
    sentinels = Sentinels()
    assert set(sentinels.to_ask(("1.3.9",))) == {SYS_UP_TIME, "1.3.9", *SENTINELS}
    assert sentinels.compare({SYS_UP_TIME: 1}) == ""
    assert sentinels.to_ask(("1.3.9",)) == (SYS_UP_TIME,)
    sentinels.forget()
    assert len(sentinels.to_ask(())) == 1 + len(SENTINELS)


def test_a_cached_uptime_is_no_restart() -> None:
    sentinels = Sentinels()
    sentinels.compare({SYS_UP_TIME: 100_000})
    assert sentinels.compare({SYS_UP_TIME: 99_900}) == ""
    assert sentinels.compare({SYS_UP_TIME: 5_000}) == "sysUpTime went back"
