"""Counters are exact integrals of rates that follow the bell schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.model import DAY, WEEK
from netwatch.simulate import World, load_district
from netwatch.simulate.phase import parse_phase, school_moment, week_load
from netwatch.simulate.rows import counter_of
from netwatch.simulate.signals import Signal, WeekLoad

WEEKS = {
    "weekday": [("00:00", 0.0), ("08:00", 0.1), ("08:15", 1.0), ("15:00", 1.0), ("15:30", 0.1)],
    "weekend": [("00:00", 0.05)],
}
minutes = st.integers(0, WEEK // 60 - 1).map(lambda minute: minute * 60.0)
points = st.dictionaries(minutes, st.floats(0, 1), min_size=1, max_size=12).map(
    lambda week: list(week.items())
)
signals = st.builds(
    Signal,
    base=st.floats(0, 1e6),
    swing=st.floats(0, 1e6),
    slope=st.floats(0, 10),
    ripple=st.floats(0, 100),
    period=st.floats(60, 900),
    phase=st.floats(0, 6),
)


@given(points, signals, st.floats(0, WEEK), st.floats(0, 3 * WEEK))
def test_total_is_the_integral_of_the_rate(
    week: list[tuple[float, float]], signal: Signal, start: float, begin: float
) -> None:
    load = WeekLoad(week, start)
    steps, width = 600, 0.5
    summed = sum(signal.at(begin + (step + 0.5) * width, load) for step in range(steps)) * width
    total = signal.total(begin + steps * width, load) - signal.total(begin, load)
    jump = (
        signal.swing * width * 2 * len(week)
    )  # a step between two points at one time falls into one interval
    assert total == pytest.approx(summed, rel=1e-4, abs=1 + jump)


@given(points, st.floats(0, WEEK), st.lists(st.floats(0, 5e6), min_size=2))
def test_counters_never_fall(week: list[tuple[float, float]], start: float, times: list[float]) -> None:
    count = counter_of(Signal(10.0, 500.0, ripple=9.0), 12345, None, WeekLoad(week, start))
    values = [count(time) for time in sorted(times)]
    assert values == sorted(values)
    assert values[0] >= 12345


def test_a_reboot_starts_counters_again() -> None:
    count = counter_of(Signal(100.0), 2**31, 300.0, WeekLoad([(0.0, 0.0)]))
    assert count(299.0) == 2**31 + 29900
    assert count(300.0) == 0
    assert count(310.0) == 1000


def test_phase_moves_the_schedule_only() -> None:
    district = load_district(scale=30)
    lessons, night = (World(district, 1.7e9, parse_phase(phase)) for phase in ("tue 10:30", "sun 03:00"))
    assert lessons.load.at(0.0) > 0.9
    assert night.load.at(0.0) < 0.05
    name = next(one.name for one in district.devices if one.template.role == "access" and not one.down)
    for world in (lessons, night):
        assert world.uptime(name, 1.7e9 + 60) - world.uptime(name, 1.7e9) == pytest.approx(60)
    link = next(one for one in district.links if one.lower.name == name)
    oid = f"1.3.6.1.2.1.31.1.1.1.6.{link.lower_port + 1}"
    grown = [
        world.counter(name, oid, 1.7e9 + 60) - world.counter(name, oid, 1.7e9) for world in (lessons, night)
    ]
    assert grown[0] > 8 * grown[1] > 0


def test_load_of_a_week() -> None:
    load = week_load(WEEKS, 0.0)
    assert load.of_week(parse_phase("wednesday 10:00")) == 1.0
    assert load.of_week(parse_phase("saturday 10:00")) == pytest.approx(0.05)
    assert load.mean_of_week(9 * 3600, 14 * 3600) == pytest.approx(1.0)
    assert load.integral(14 * DAY) == pytest.approx(2 * load.integral(7 * DAY))


def test_school_clock() -> None:
    moment = datetime(2026, 11, 24, 16, 30, tzinfo=UTC).timestamp()
    assert school_moment(moment, ZoneInfo("America/Chicago")) == parse_phase("tuesday 10:30")


@pytest.mark.parametrize(
    "text", ["", "tuesday", "10:30", "t 10:30", "someday 10:30", "monday 24:00", "monday 10:60"]
)
def test_no_phase(text: str) -> None:
    with pytest.raises(ValueError, match="no moment of a week"):
        parse_phase(text)
