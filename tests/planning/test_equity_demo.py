"""The simulated district: what is planted comes out lower, and for the right reason."""

from __future__ import annotations

import dataclasses
import pickle
from datetime import date
from types import SimpleNamespace

import pytest
from planning_demo import Demo

from netwatch.model import EntityId, PlaceKind, Places, Report, Snapshot
from netwatch.planning import judge_equity, load_equity_policy, load_lifecycle, measure_equity
from netwatch.planning.equity import Card, Indicator, gaps, report
from netwatch.planning.equity.judge import make_card
from netwatch.planning.equity.months import earlier_months
from netwatch.planning.equity.things import ThingsOf
from netwatch.planning.equity.words import told_value
from netwatch.planning.whatif.effects import Adjustable, Effects
from netwatch.resources import config_dir

POLICY = load_equity_policy(config_dir() / "planning" / "equity.yaml")
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")


@pytest.fixture(scope="module")
def made(demo: Demo) -> SimpleNamespace:
    basis = demo.basis()
    measured = measure_equity(basis, demo.history)
    equity = judge_equity(basis, measured, LIFECYCLE, POLICY)
    return SimpleNamespace(basis=basis, measured=measured, equity=equity, report=report(equity))


def cards(made: SimpleNamespace) -> dict[str, Card]:
    return {card.school.id.rpartition("/")[2]: card for card in made.equity.latest}


def points(made: SimpleNamespace, indicator: Indicator) -> dict[str, float]:
    """By school."""
    return {
        slug: one.points
        for slug, card in cards(made).items()
        for one in card.indicators
        if one.indicator is indicator and one.points is not None
    }


def rows(found: Report, sheet: str) -> list[dict[str, object]]:
    one = found.sheet(sheet)
    return [dict(zip([column.key for column in one.columns], row.cells, strict=True)) for row in one.rows]


def planted(demo: Demo, name: str) -> dict[str, object]:
    return next(one for one in demo.district.planted if one["condition"] == name)


def test_a_full_uplink_lowers_its_school_alone(demo: Demo, made: SimpleNamespace) -> None:
    device = str(planted(demo, "saturated-uplink")["device"])
    found = points(made, Indicator.SATURATION)
    assert min(found, key=found.__getitem__) == "rms"
    assert {slug for slug, one in found.items() if one < 100} == {"rms"}
    card = cards(made)["rms"]
    raised = next(one for one in card.raises if one.indicator is Indicator.SATURATION)
    assert raised.change == device
    assert raised.things[0].value == pytest.approx(0.96, abs=0.04)
    middle = [one for one in made.equity.latest if one.school.name.endswith("Middle School")]
    assert middle[0].school.id.endswith("rms"), "the lowest of its level"


@pytest.mark.parametrize(
    ("condition", "school", "area", "indicators"),
    [
        ("access-points-overloaded", "jhs", "Wing B", (Indicator.AIRTIME, Indicator.CLIENTS)),
        ("access-points-on-one-channel", "ees", "Wing A", (Indicator.AIRTIME,)),
    ],
)
def test_a_wing_with_full_air_lowers_its_school(
    demo: Demo, made: SimpleNamespace, condition, school, area, indicators
) -> None:
    truth = planted(demo, condition)
    for indicator in Indicator:
        found = points(made, indicator)
        raised = [one for one in cards(made)[school].raises if one.indicator is indicator]
        if indicator in indicators:
            (raised,) = raised
            assert raised.change == f"radios at {area}"
            names = {one.name.partition(" ")[0] for one in raised.things}
            assert names <= set(truth["access_points"])  # type: ignore[arg-type]
            assert len(names) >= 4
            assert found[school] < 100
        elif indicator in (Indicator.AIRTIME, Indicator.CLIENTS):
            assert raised == []


def test_air_is_free_where_nothing_is_planted(made: SimpleNamespace) -> None:
    for indicator, schools in ((Indicator.AIRTIME, {"jhs", "ees"}), (Indicator.CLIENTS, {"jhs"})):
        assert {slug for slug, one in points(made, indicator).items() if one < 100} == schools
    assert made.equity.latest[0].school.id.endswith("jhs"), "the lowest of all"


def test_an_agent_that_loses_answers_lowers_its_school(demo: Demo, made: SimpleNamespace) -> None:
    device = str(planted(demo, "slow-and-lossy-agent")["device"])
    found = points(made, Indicator.AVAILABILITY)
    assert min(found, key=found.__getitem__) == "ces"
    raised = next(one for one in cards(made)["ces"].raises if one.indicator is Indicator.AVAILABILITY)
    assert raised.change == device
    assert raised.things[0].value == pytest.approx(0.97, abs=0.005)


def test_old_gear_lowers_a_school(made: SimpleNamespace) -> None:
    found = points(made, Indicator.AGE)
    years = {}
    for school in made.equity.schools:
        ratios = []
        for one in school.gear:
            life = LIFECYCLE.useful_life(one.kind, one.role)
            ratios.append((made.basis.day - one.asset.installed).days / 365.25 / life.years)
        shares = [POLICY.indicators[Indicator.AGE].share(ratio) for ratio in ratios]
        years[school.place.id.rpartition("/")[2]] = 100 * sum(shares) / len(shares)
    assert found == pytest.approx(years)


def test_months_are_those_with_lessons_and_judged_alike(made: SimpleNamespace) -> None:
    months = made.equity.months
    assert months[0] == date(2026, 11, 1)
    assert date(2026, 7, 1) not in months
    assert {month.month for month in months} == set(range(1, 13)) - {7}
    assert len(months) == 11, "November of the year before was cut to a holiday"
    latest = {row["school"]: row for row in rows(made.report, "schools")}
    told = [row for row in rows(made.report, "months") if row["month"] == months[0]]
    assert {row["school"]: row["index"] for row in told} == {
        name: row["index"] for name, row in latest.items()
    }
    before = {row["school"]: row["index"] for row in rows(made.report, "months") if row["month"] == months[1]}
    for name, row in latest.items():
        assert row["change"] == row["index"] - before[name]
    # The lossy agent has been so for sixty days.
    by_month = {
        row["month"]: row["availability_points"]
        for row in rows(made.report, "months")
        if str(row["school"]).startswith("Cedar")
    }
    assert by_month[date(2026, 11, 1)] < by_month[date(2026, 5, 1)]


def test_earlier_months_are_judged_as_if_they_were_the_latest(made: SimpleNamespace) -> None:
    of = ThingsOf(made.basis, made.measured, LIFECYCLE, POLICY)
    for school in made.equity.schools[::4]:
        found = earlier_months(of, school, of.of(school, len(made.measured.months) - 1))
        for number, month in enumerate(made.measured.months):
            full = make_card(school.place, month, 0.0, of.of(school, number), POLICY)
            for quick, one in zip(found[number], full.indicators, strict=True):
                assert (quick.number, quick.counted) == (one.number, one.counted)
                assert quick.points == pytest.approx(one.points)
                assert quick.value == pytest.approx(one.value)
            told = [one for one in made.equity.cards.get(month, ()) if one.school.id == school.place.id]
            assert [one.index for one in told] == [full.index] * len(told)


def test_the_gap_is_that_of_the_indices(made: SimpleNamespace) -> None:
    found = {(one.month, one.level): one for one in gaps(made.equity)}
    everywhere = found[made.equity.months[0], ""]
    indices = sorted(card.index for card in made.equity.latest)
    assert (everywhere.low, everywhere.high) == (indices[1], indices[10])
    assert everywhere.difference == indices[-1] - indices[0]
    assert everywhere.ratio == indices[10] / indices[1]
    enrolment = {one.place.id: one.facts.enrolment for one in made.equity.schools}
    assert everywhere.students == sum(enrolment.values())
    assert everywhere.student_mean == pytest.approx(
        sum(card.index * enrolment[card.school.id] for card in made.equity.latest) / everywhere.students
    )
    levels = [one for one in found.values() if one.month == made.equity.months[0] and one.level]
    assert [one.level for one in levels] == ["elementary", "middle", "high"]
    assert sum(len(one.graded) for one in levels) == 12


def test_access_points_without_history_are_told(demo: Demo, made: SimpleNamespace) -> None:
    assert {row["missing"] for row in rows(made.report, "schools")} == {""}
    traces = dict(made.measured.traces)
    names = {point.name for point in demo.points.values()}
    up = traces[Indicator.AVAILABILITY].items()
    traces[Indicator.AVAILABILITY] = {entity: one for entity, one in up if entity not in names}
    measured = dataclasses.replace(made.measured, traces=traces)
    found = report(judge_equity(made.basis, measured, LIFECYCLE, POLICY))
    (row,) = [one for one in rows(found, "schools") if str(one["school"]).startswith("Cedar")]
    assert row["missing"] == "availability: 10 of 17"
    assert row["unknown_share"] == pytest.approx(0.25 * 10 / 17)


def test_a_place_without_lessons_is_left_out_and_told(demo: Demo, made: SimpleNamespace) -> None:
    known = dict(demo.inventory.places.by_id)
    (garage,) = [one for one in known.values() if one.kind is PlaceKind.SCHOOL and one.id.endswith("wes")]
    known[garage.id] = dataclasses.replace(
        garage, school=dataclasses.replace(garage.school, instructional=False)
    )
    snapshot = dataclasses.replace(
        demo.snapshot, inventory=dataclasses.replace(demo.inventory, places=Places(known))
    )
    equity = judge_equity(demo.basis(snapshot=snapshot), made.measured, LIFECYCLE, POLICY)
    assert len(equity.latest) == 11
    assert any("Willow Elementary School" in note for note in report(equity).sheet("schools").notes)
    assert equity.elsewhere == made.equity.elsewhere + len(
        {one.id for school in made.equity.schools for one in school.gear if school.place.id == garage.id}
    )


def test_without_history_nothing_is_graded(demo: Demo, made: SimpleNamespace) -> None:
    measured = dataclasses.replace(made.measured, traces={})
    equity = judge_equity(made.basis, measured, LIFECYCLE, POLICY)
    assert {card.grade for card in equity.latest} == {""}
    found = rows(report(equity), "schools")
    assert {row["grade"] for row in found} == {"not graded"}
    assert all(str(row["missing"]).startswith("grade: 35% of the weight is known, 60% are") for row in found)
    assert rows(report(equity), "gap")[0]["ratio"] is None


def test_students_and_staff_both_count_and_are_not_guessed(demo: Demo, made: SimpleNamespace) -> None:
    known = dict(demo.inventory.places.by_id)
    (lincoln,) = [one for one in known.values() if one.id.endswith("/lhs")]
    known[lincoln.id] = dataclasses.replace(lincoln, school=dataclasses.replace(lincoln.school, staff=None))
    snapshot = dataclasses.replace(
        demo.snapshot, inventory=dataclasses.replace(demo.inventory, places=Places(known))
    )
    equity = judge_equity(demo.basis(snapshot=snapshot), made.measured, LIFECYCLE, POLICY)
    (card,) = [one for one in equity.latest if one.school.id == lincoln.id]
    line = next(one for one in card.indicators if one.indicator is Indicator.BANDWIDTH)
    assert line.points is None
    assert line.unknown[0].text == "number of students or staff unknown"
    first = cards(made)["lhs"]
    value = next(one.value for one in first.indicators if one.indicator is Indicator.BANDWIDTH)
    assert value == pytest.approx(10_000 / (lincoln.school.enrolment + lincoln.school.staff))


def test_a_school_whose_way_to_the_district_is_not_known_is_not_praised_for_it(
    demo: Demo, made: SimpleNamespace
) -> None:
    """Its core looks like the root of a network of its own, and its full uplink like nobody's."""
    cut = {"rms-core-01", "rms-sw-01"}
    entities = demo.snapshot.entities
    links = tuple(
        ends
        for ends in demo.snapshot.links
        if {entities[end].device for end in ends} not in (cut, {"rms-core-01", "do-core-01"})
    )
    assert len(links) == len(demo.snapshot.links) - 2
    snapshot = dataclasses.replace(demo.snapshot, links=links)
    equity = judge_equity(demo.basis(snapshot=snapshot), made.measured, LIFECYCLE, POLICY)
    (card,) = [one for one in equity.latest if one.school.id.endswith("rms")]
    uplinks = next(one for one in card.indicators if one.indicator is Indicator.SATURATION)
    assert {one.change for one in uplinks.unknown} == cut
    line = next(one for one in card.indicators if one.indicator is Indicator.BANDWIDTH)
    assert line.unknown[0].text == "no link to the district known"


def test_a_what_if_moves_what_it_says_and_nothing_else(made: SimpleNamespace) -> None:
    effects = Effects(
        clients={EntityId("jhs-ap-101"): 3.0},
        traffic={EntityId("rms-sw-02"): 3.0},
        capacity={
            port: 10.0
            for port, one in made.measured.traces[Indicator.SATURATION].items()
            if one.device == "rms-sw-01"
        },
        gone=frozenset({EntityId("wes-sw-01")}),
        replaced=frozenset({EntityId("ces-sw-01")}),
    )
    assert isinstance(made.measured, Adjustable)
    measured = made.measured.what_if(effects)
    moved = {
        (indicator, one.device)
        for indicator, found in made.measured.traces.items()
        for entity, one in found.items()
        if measured.traces[indicator].get(entity) != one
    }
    radios = {(one, "jhs-ap-101") for one in (Indicator.AIRTIME, Indicator.CLIENTS)}
    uplinks = {(Indicator.SATURATION, name) for name in ("rms-sw-01", "rms-sw-02")}
    both = (Indicator.AVAILABILITY, Indicator.SATURATION)
    over = {(one, "wes-sw-01") for one in both} | {(Indicator.AVAILABILITY, "ces-sw-01")}
    assert moved == radios | uplinks | over
    after = judge_equity(made.basis, measured, LIFECYCLE, POLICY)
    (rms,) = [one for one in after.latest if one.school.id.endswith("rms")]
    assert not any(one.change == "rms-sw-01" for one in rms.raises if one.indicator is Indicator.SATURATION)
    assert made.measured.what_if(Effects()) == made.measured


def test_few_clients_are_not_counted(made: SimpleNamespace) -> None:
    assert told_value(Indicator.CLIENTS, 4.9, POLICY) == "under 5"
    for sheet in made.report.sheets:
        for row in sheet.rows:
            for item in (one for found in row.evidence.values() for one in found):
                if item.source == "netwatch_radio_clients" and item.value is not None:
                    assert item.value >= 5


def test_public_columns_name_no_gear(demo: Demo, made: SimpleNamespace) -> None:
    names = {one.name for one in demo.district.devices} | {one.name for one in demo.points.values()}
    for sheet in made.report.sheets:
        for row in sheet.rows:
            public = [
                str(cell) for cell, column in zip(row.cells, sheet.columns, strict=True) if column.public
            ]
            assert not any(name in text for text in (*public, *row.unknown) for name in names)


def test_the_report_is_the_same_again_and_made_of_plain_data(demo: Demo, made: SimpleNamespace) -> None:
    entities = dict(reversed(demo.snapshot.entities.items()))
    snapshot = Snapshot(
        demo.snapshot.at,
        entities,
        demo.snapshot.columns,
        demo.inventory,
        links=tuple(reversed(demo.snapshot.links)),
    )
    basis = demo.basis(snapshot=snapshot)
    measured = pickle.loads(pickle.dumps(measure_equity(basis, demo.history)))
    assert report(judge_equity(basis, measured, LIFECYCLE, POLICY)) == made.report
    assert pickle.loads(pickle.dumps(made.report)) == made.report, "a worker makes it"
    assert made.report.simulated
