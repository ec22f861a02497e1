"""No score falls when something of an asset gets worse: age, faults, milestones, flaws, fitness or cost."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from replacement_district import AT, LIFECYCLE, POLICY, REBOOTS, RX, TODAY, UP, District, points

from netwatch.model import EntityId, EntityKind, RankedAsset
from netwatch.planning import Flaw, Lifecycle, Milestone, MilestoneKind
from netwatch.planning.basis import Incident
from netwatch.planning.replacement import Hints

HOUR = 3600


def facts(milestones: dict[str, float], flaws: int) -> Lifecycle:
    """Milestones by years since they passed, and so many flaws that its version has."""
    return Lifecycle(
        LIFECYCLE.useful_lives,
        tuple(
            Milestone(
                models=("S-48",),
                milestone=MilestoneKind(kind),
                date=TODAY - timedelta(days=round(years * 365.25)),
                source="x",
                checked_on=TODAY,
                confidence="high",
            )
            for kind, years in milestones.items()
        ),
        flaws=tuple(
            Flaw(
                cve=f"CVE-2020-{number:04}",
                vendor="*",
                models=("S-48",),
                versions=("*",),
                added=date(2020, 1, 1),
                source="a catalogue",
                checked_on=TODAY,
            )
            for number in range(flaws)
        ),
    )


def judged(
    *,
    years: float = 3,
    up: float = 1.0,
    reboots: int = 0,
    failed: int = 0,
    errors: int = 0,
    heat: float = 30,
    full: float = 0.1,
    fixes: float = -9,
    sale: float = -9,
    contract: float | None = None,
    flaws: int = 0,
    support_cost: float = 0,
    incident_hours: int = 0,
    watts: float = 50,
    full_in: float = 20,
    rooms: int = 3,
) -> RankedAsset:
    district = District()
    until = None if contract is None else TODAY - timedelta(days=round(contract * 365.25))
    district.device(
        "x",
        installed=TODAY - timedelta(days=round(years * 365.25)),
        healthy=False,
        version="1.2",
        serves=tuple(f"d/s/{number}" for number in range(rooms)),
        asset={"cost": 1000.0, "support_cost": support_cost, "support_until": until},
    )
    district.history.add(UP, "x", up)
    district.history.add(REBOOTS, "x", reboots / (720 * HOUR))
    port = district.part("x", "1", EntityKind.INTERFACE)
    district.history.add("netwatch_interface_receive_errors_total", port, errors / HOUR)
    district.history.add(RX, port, 1e5)
    sensor = district.part("x", "inlet", EntityKind.SENSOR)
    district.reading("netwatch_sensor_temperature_limit_celsius", sensor, 45)
    district.history.add("netwatch_sensor_temperature_celsius", sensor, heat)
    meter = district.part("x", "total power", EntityKind.SENSOR)
    district.reading("netwatch_sensor_power_watts", meter, watts)
    district.history.add("netwatch_sensor_power_watts", meter, watts)
    processor = district.part("x", "cpu", EntityKind.PROCESSOR)
    district.history.add("netwatch_processor_utilization_ratio", processor, full)
    for number in range(4):
        part = district.part("x", f"psu {number}", EntityKind.SENSOR)
        district.reading("netwatch_sensor_state_level", part, 2 if number < failed else 0)
    incidents = tuple(
        Incident("Rule", AT - (10 + number) * 86400, AT - (10 + number) * 86400 + HOUR)
        for number in range(incident_hours)
    )
    (asset,) = district.plan(
        lifecycle=facts({"end_of_security_fixes": fixes, "end_of_sale": sale}, flaws),
        incidents={EntityId("x"): incidents},
        hints=Hints(full_on={EntityId("x"): TODAY + timedelta(days=round(full_in * 365.25))}),
    ).assets
    assert 0 <= asset.score <= 100
    assert asset.score == sum(one.points for one in asset.contributions)
    return asset


WORSE = {
    "years": (st.floats(0, 30), st.floats(0, 10)),
    "up": (st.floats(0.5, 1), st.floats(-0.5, 0)),
    "reboots": (st.integers(0, 50), st.integers(0, 20)),
    "failed": (st.integers(0, 4), st.integers(0, 4)),
    "errors": (st.integers(0, 10000), st.integers(0, 10000)),
    "heat": (st.floats(20, 60), st.floats(0, 20)),
    "full": (st.floats(0, 1), st.floats(0, 0.5)),
    "fixes": (st.floats(-5, 10), st.floats(0, 5)),
    "sale": (st.floats(-5, 10), st.floats(0, 5)),
    "contract": (st.floats(-5, 10), st.floats(0, 5)),
    "flaws": (st.integers(0, 6), st.integers(0, 6)),
    "support_cost": (st.floats(0, 400), st.floats(0, 400)),
    "incident_hours": (st.integers(0, 80), st.integers(0, 40)),
    "watts": (st.floats(0, 1000), st.floats(0, 500)),
    "full_in": (st.floats(-3, 10), st.floats(-5, 0)),
    "rooms": (st.integers(1, 40), st.integers(0, 20)),
}


@settings(max_examples=50, deadline=None)
@given(
    base=st.fixed_dictionaries({name: start for name, (start, _) in WORSE.items()}),
    name=st.sampled_from(sorted(WORSE)),
    data=st.data(),
)
def test_no_score_falls_when_something_gets_worse(base, name, data) -> None:
    before = judged(**base)
    worse = base[name] + data.draw(WORSE[name][1])
    after = judged(**{**base, name: max(0.0, worse) if name == "up" else worse})
    assert after.score >= before.score
    for one, other in zip(before.contributions, after.contributions, strict=True):
        assert other.points >= one.points, one.name


@settings(max_examples=8, deadline=None)
@given(base=st.fixed_dictionaries({name: start for name, (start, _) in WORSE.items()}))
def test_what_is_not_known_never_gives_points(base) -> None:
    known = judged(**base)
    assert judged(**{**base, "contract": None}).score <= known.score
    assert known.score_at_most >= known.score


def test_each_of_them_does_count() -> None:
    """Else the properties above would hold for nothing."""
    parts = {
        "age": {"years": 20},
        "unreachable": {"up": 0.9},
        "reboots": {"reboots": 9},
        "parts_failed": {"failed": 2},
        "interface_errors": {"errors": 10**7},
        "temperature": {"heat": 50},
        "saturation": {"full": 0.99},
        "no_fixes": {"fixes": 5},
        "milestones": {"contract": 5},
        "exploited_flaws": {"flaws": 3},
        "support_contract": {"support_cost": 300},
        "incidents": {"incident_hours": 70},
        "power": {"watts": 900},
        "capacity_date": {"full_in": -1},
        "classrooms": {"years": 20, "rooms": 30},
    }
    healthy = points(judged())
    for name, bad in parts.items():
        assert healthy[name] == 0, name
        assert points(judged(**bad))[name] > 0, name
    limits = {name: voted.points for _, group in POLICY.criteria.groups() for name, voted in group.voted()}
    terrible = {name: value for bad in parts.values() for name, value in bad.items()}
    found = points(judged(**terrible))
    assert all(found[name] <= limits[name] for name in limits)
