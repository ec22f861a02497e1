"""Verdicts of single wings: what decides, what is told, what is unknown."""

from __future__ import annotations

import dataclasses
import pickle
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))

from wireless_schools import AIRTIME, AT, CATALOGUE, CLIENTS, DAYS, HOUR, SCHOOL_HOURS, Memory

from netwatch.calendars import Calendars
from netwatch.model import (
    Asset,
    Column,
    DeviceKind,
    Entity,
    EntityId,
    EntityKind,
    Instant,
    Inventory,
    InventoryDevice,
    Place,
    PlaceId,
    PlaceKind,
    Places,
    SchoolFacts,
    Snapshot,
    Target,
)
from netwatch.planning import Basis, gather, load_wireless_policy
from netwatch.planning.wireless import Verdict, WirelessPlan, judge, measure_wireless, report
from netwatch.planning.wireless.results import JudgedArea
from netwatch.resources import config_dir

POLICY = load_wireless_policy(config_dir() / "planning" / "wireless.yaml")
_EVERY = (int(AT) // HOUR - DAYS * 24 + np.arange(DAYS * 24)) * HOUR
STARTS = _EVERY[SCHOOL_HOURS.mask(_EVERY, HOUR) >= 0.5]
WAVE = 1 + 0.1 * np.sin(np.arange(STARTS.size))
"""Nothing in real life is constant."""
MAC = "02:00:5e:10:00:01"


class School:
    """One wing whose access points a test describes."""

    def __init__(self, *, level: PlaceKind | None = PlaceKind.WING, enrolment: int | None = 400) -> None:
        self.history = Memory()
        self.entities: dict[EntityId, Entity] = {}
        self.devices: dict[str, InventoryDevice] = {}
        self.assets: list[Asset] = []
        self.readings: dict[str, dict[str, float]] = {}
        self.links: list[tuple[EntityId, EntityId]] = []
        self.wing = "d/s/w" if level is not None else "d/s"
        nodes = [("d", PlaceKind.DISTRICT, None), ("d/s", PlaceKind.SCHOOL, "d")]
        if level is not None:
            nodes.append((self.wing, level, "d/s"))
        self.places = {
            PlaceId(key): Place(PlaceId(key), kind, key, None if parent is None else PlaceId(parent))
            for key, kind, parent in nodes
        }
        school = self.places[PlaceId("d/s")]
        self.places[school.id] = dataclasses.replace(school, school=SchoolFacts(enrolment=enrolment))

    def device(self, name: str, role: str, kind: DeviceKind, place: str | None, **entered) -> EntityId:
        key = EntityId(name)
        facts = {"kind": str(kind), "role": role}
        self.entities[key] = Entity(key, EntityKind.DEVICE, key, None, "", "", name, facts)
        self.devices[name] = InventoryDevice(
            name,
            Target(key, name, ("192.0.2.1",)),
            kind,
            role,
            None if place is None else PlaceId(place),
            **entered,
        )
        return key

    def part(self, device: str, name: str, kind: EntityKind, **facts) -> str:
        key = EntityId(f"{device}/{name}")
        self.entities[key] = Entity(key, kind, EntityId(device), EntityId(device), name, "", name, facts)
        return key

    def point(self, name: str, *, installed: date | None = date(2024, 8, 1), placed: bool = True) -> None:
        room = f"{self.wing}/room-{name}"
        self.places[PlaceId(room)] = Place(PlaceId(room), PlaceKind.ROOM, f"Room {name}", PlaceId(self.wing))
        self.device(
            name,
            "ap",
            DeviceKind.WIRELESS,
            room if placed else None,
            serves=(PlaceId(room),) if placed else (),
        )
        if installed is not None:
            self.assets.append(Asset(f"SN-{name}", name, installed=installed))

    def radio(
        self,
        point: str,
        *,
        band: str = "5ghz",
        channel: int | None = 36,
        busy: float | None = 0.3,
        own: float | None = 0.8,
        clients: float | None = 12,
        hours: int | None = None,
        wave: np.ndarray = WAVE,
    ) -> None:
        """`own`: share of the busy airtime; None where the controller tells all airtime only."""
        radio = self.part(point, band, EntityKind.RADIO, band=band)
        if channel is not None:
            self.reading("netwatch_radio_channel", radio, channel)
        kept = slice(0, hours)
        if busy is not None:
            self.history.add(AIRTIME, radio, ("all",), STARTS[kept], (busy * wave)[kept])
            if own is not None:
                self.history.add(AIRTIME, radio, ("rx",), STARTS[kept], (busy * own * 0.3 * wave)[kept])
                self.history.add(AIRTIME, radio, ("tx",), STARTS[kept], (busy * own * 0.7 * wave)[kept])
        if clients is not None:
            self.history.add(CLIENTS, radio, ("",), STARTS[kept], (clients * wave)[kept])

    def reading(self, family: str, entity: str, value: float) -> None:
        self.readings.setdefault(family, {})[entity] = value

    def basis(self) -> Basis:
        columns = {
            family: Column(
                CATALOGUE[family],
                tuple(map(EntityId, values)),
                ((),) * len(values),
                np.array(list(values.values()), dtype=float),
                np.full(len(values), np.nan),
                np.full(len(values), AT - 30),
                np.full(len(values), True),
            )
            for family, values in self.readings.items()
        }
        inventory = Inventory("d", Places(self.places), self.devices, tuple(self.assets))
        snapshot = Snapshot(Instant(AT, 0), self.entities, columns, inventory, links=tuple(self.links))
        calendars = Calendars({}).with_default(SCHOOL_HOURS)
        shared = Memory()  # what plans share of it; the rest takes time and is not looked at here
        shared.rows = {family: rows for family, rows in self.history.rows.items() if "_radio_" not in family}
        return gather(snapshot, shared, calendars, at=AT, days=DAYS)

    def plan(self, policy=POLICY) -> WirelessPlan:
        basis = self.basis()
        return judge(basis, measure_wireless(basis, self.history, POLICY.recent_days), policy)

    def area(self, **changes) -> JudgedArea:
        (area,) = self.plan(**changes).areas
        return area


def texts(area: JudgedArea) -> str:
    told = [item.text for point in area.points for item in point.evidence]
    return "; ".join([*(item.text for item in area.evidence), *told])


def wing_of(count: int = 4, *, channels=(36, 44, 52, 60, 100, 108), **radio) -> School:
    school = School()
    for number in range(count):
        school.point(f"ap{number}")
        school.radio(f"ap{number}", channel=channels[number % len(channels)], **radio)
    return school


def test_own_traffic_on_channels_of_their_own_wants_more_access_points() -> None:
    area = wing_of(busy=0.85, own=0.9).area()
    assert area.verdict is Verdict.ADD
    assert area.estimate is not None
    assert 1 <= area.estimate.low <= area.estimate.high
    assert "channel 36, no other own access points of the wing on it" in texts(area)
    assert area.airtime == pytest.approx(0.935, abs=0.01)


@pytest.mark.parametrize(("each", "least", "most"), [(0.02, 1, 3), (0.05, 5, 7)])
def test_what_clients_of_a_full_radio_would_take_is_told_by_its_quieter_hours(
    each: float, least: int, most: int
) -> None:
    """Airtime stops at 97 %, clients don't: 55 of them at 5 % each would take 275 %."""
    load = np.where(np.arange(STARTS.size) % 4 == 0, 0.2, 1.0) * (0.9 + 0.1 * WAVE)
    school = School()
    school.point("ap-0")
    school.radio("ap-0", busy=1.0, own=1.0, clients=None, wave=np.minimum(55 * each * load, 0.97))
    radio = EntityId("ap-0/5ghz")
    school.history.add(CLIENTS, radio, ("",), STARTS, 55 * load)
    area = school.area()
    assert area.verdict is Verdict.ADD
    assert area.estimate is not None
    assert least <= area.estimate.high <= most
    assert any("each takes while there is air" in item.text for item in area.estimate.evidence)


def test_the_same_airtime_by_others_on_the_same_channel_does_not() -> None:
    area = wing_of(busy=0.85, own=0.2, channels=(36,)).area()
    assert area.verdict is Verdict.RECHANNEL
    assert area.estimate is None
    assert "3 other own access points of the wing on it" in texts(area)
    assert area.others == pytest.approx(0.8, abs=0.01)


def test_others_that_are_not_ours_want_a_survey() -> None:
    area = wing_of(busy=0.85, own=0.2).area()
    assert area.verdict is Verdict.SURVEY
    assert any("who else sends" in text for text in area.missing)


def test_where_all_channels_are_as_crowded_a_new_plan_helps_nobody() -> None:
    policy = POLICY.model_copy(
        update={
            "channels": {
                **POLICY.channels,
                "5ghz": POLICY.channels["5ghz"].model_copy(update={"value": 1}),
            }
        }
    )
    assert wing_of(busy=0.85, own=0.2, channels=(36,)).area(policy=policy).verdict is Verdict.SURVEY


def test_many_clients_on_idle_air_are_left_alone() -> None:
    assert wing_of(busy=0.25, clients=70).area().verdict is Verdict.LEAVE


def test_without_airtime_by_use_it_is_a_survey_unless_clients_and_channels_agree() -> None:
    area = wing_of(busy=0.85, own=None, clients=15).area()
    assert area.verdict is Verdict.SURVEY
    assert "airtime by use (own or others')" in area.missing
    assert wing_of(busy=0.85, own=None, clients=40).area().verdict is Verdict.ADD
    assert wing_of(busy=0.85, own=None, clients=40, channels=(36,)).area().verdict is Verdict.SURVEY


def test_thin_data_is_a_survey_that_says_what_is_missing() -> None:
    area = wing_of(busy=0.9, hours=12).area()
    assert area.verdict is Verdict.SURVEY
    assert "class hours: 12 of 40 measured" in area.missing
    assert wing_of(busy=None).area().missing[0] == "airtime"


def test_contradictory_readings_are_a_survey() -> None:
    stuck = wing_of(busy=0.9, wave=np.ones(STARTS.size)).area()
    assert stuck.verdict is Verdict.SURVEY
    assert "airtime never changes" in texts(stuck)
    too_much = wing_of(busy=0.75, own=1.4).area()
    assert too_much.verdict is Verdict.SURVEY
    assert "more than all airtime" in texts(too_much)


def test_one_thin_access_point_does_not_hide_a_sound_wing() -> None:
    school = wing_of(4)
    school.point("new")
    school.radio("new", hours=3)
    area = school.area()
    assert area.verdict is Verdict.LEAVE
    assert "class hours: 3 of 40 measured (1 of 5)" in area.missing


def test_full_legacy_band_beside_an_idle_one_is_a_matter_of_configuration() -> None:
    school = wing_of(3, busy=0.2)
    for number in range(3):
        school.radio(f"ap{number}", band="2.4ghz", channel=6, busy=0.9, own=0.9)
    area = school.area()
    assert area.verdict is Verdict.CONFIGURE
    assert area.estimate is None
    assert "2.4 GHz is full while the radio beside it is busy" in texts(area)


def test_full_legacy_band_alone_is_replaced() -> None:
    school = School()
    school.point("old")
    school.radio("old", band="2.4ghz", channel=6, busy=0.9, own=0.9)
    area = school.area()
    assert area.verdict is Verdict.REPLACE
    assert area.estimate is not None
    assert area.estimate.replaced == 1
    assert "no radio beyond 2.4 GHz" in texts(area)


def test_full_access_points_past_their_age_are_replaced() -> None:
    school = School()
    for number in range(3):
        school.point(f"ap{number}", installed=date(2018, 7, 1))
        school.radio(f"ap{number}", channel=(36, 44, 52)[number], busy=0.8, own=0.9)
    area = school.area()
    assert area.verdict is Verdict.REPLACE
    assert area.estimate is not None
    assert area.estimate.replaced == 3
    assert area.estimate.low >= 3


def test_a_lost_access_point_is_checked_first() -> None:
    school = wing_of(3)
    up = np.ones(STARTS.size)
    up[::10] = 0
    school.history.add("netwatch_device_up", "ap0", (), STARTS, up)
    area = school.area()
    assert area.verdict is Verdict.SURVEY
    assert "lost for 10" in texts(area)
    assert any("cable, port, power" in text for text in area.missing)


def test_an_access_point_that_nobody_tells_of_is_unknown_not_good() -> None:
    school = School()
    room = PlaceId("d/s/w/room")
    school.places[room] = Place(room, PlaceKind.ROOM, "Room", PlaceId("d/s/w"))
    school.devices["ghost"] = InventoryDevice("ghost", None, DeviceKind.WIRELESS, "ap", room, serves=(room,))
    area = school.area()
    assert area.verdict is Verdict.SURVEY
    assert area.airtime is None
    assert any("no controller tells of it" in text for text in area.missing)


def test_an_unknown_place_is_a_line_of_its_own() -> None:
    school = School()
    school.point("lost", placed=False)
    school.radio("lost", busy=0.9, own=0.9)
    area = school.area()
    assert (area.area.key, area.area.school, area.verdict) == ("", "", Verdict.SURVEY)
    assert area.missing[0] == "place of the access points"


def test_without_a_wing_nobody_knows_who_hears_whom() -> None:
    school = School(level=None)
    for number in range(3):
        school.point(f"ap{number}")
        school.radio(f"ap{number}", busy=0.85, own=0.2)
    area = school.area()
    assert area.verdict is Verdict.SURVEY
    assert area.points[0].radios[0].sharing is None
    assert "no wing or floor is entered" in texts(area)


def test_growth_is_measured_against_the_same_days_a_year_before() -> None:
    school = wing_of(2, busy=0.6)
    for number in range(2):
        radio = f"ap{number}/5ghz"
        before = STARTS - 364 * 24 * HOUR
        school.history.add(AIRTIME, radio, ("all",), before, 0.6 * WAVE / 1.2)
        school.history.add(CLIENTS, radio, ("",), before, 12 * WAVE / 1.5)
    area = school.area()
    assert area.growth is not None
    assert area.growth[1] == pytest.approx(0.2)
    assert area.clients_growth == pytest.approx(0.5)
    assert wing_of(2).area().growth is None


def with_switch(*, budget: float = 200, used: float = 150, speed: float = 125e6) -> School:
    school = wing_of(2, busy=0.9, own=0.95)
    school.device("sw", "access", DeviceKind.SWITCH, "d/s/w")
    pse = school.part("sw", "pse", EntityKind.PSE)
    school.reading("netwatch_pse_budget_watts", pse, budget)
    school.reading("netwatch_pse_used_watts", pse, used)
    for number in range(4):
        port = school.part("sw", f"port{number}", EntityKind.INTERFACE)
        school.reading("netwatch_interface_speed_bytes_per_second", port, speed)
        school.reading("netwatch_interface_oper_up", port, float(number < 2))
        if number < 2:
            school.links.append((EntityId(f"ap{number}"), EntityId(port)))
    return school


def test_needs_are_told_by_switch() -> None:
    plan = with_switch().plan()
    (need,) = plan.needs
    assert (need.name, need.school, need.ports_free) == ("sw", "d/s", 2)
    assert plan.areas[0].estimate is not None
    assert need.drops_high == plan.areas[0].estimate.high
    assert need.watts_left == 50
    assert need.watts_high == 30 * need.drops_high
    assert need.poe_enough is False
    told = "; ".join(need.short_of)
    assert "PoE" in told
    assert "multigig: ports run at 1 Gb/s, 2.5 wanted" in told
    assert "UPS" in need.missing
    enough = with_switch(budget=740, speed=312.5e6).plan().needs[0]
    assert enough.poe_enough is True
    assert not any(word in "; ".join(enough.short_of) for word in ("PoE", "multigig"))


def test_an_unknown_switch_is_said_to_be_unknown() -> None:
    (need,) = wing_of(2, busy=0.9, own=0.95).plan().needs
    assert (need.switch, need.watts_left, need.poe_enough) == (None, None, None)
    assert need.missing == ("serving switch",)


def test_few_clients_are_not_counted_anywhere() -> None:
    school = wing_of(2, busy=0.9, own=0.95, clients=3)
    basis = school.basis()
    measured = measure_wireless(basis, school.history, POLICY.recent_days)
    made = report(judge(basis, measured, POLICY), basis)
    for name in ("areas", "rooms", "radios"):
        assert set(made.sheet(name).column("clients")) == {"under 5"}, name
    told = [
        item
        for sheet in made.sheets
        for row in sheet.rows
        for items in row.evidence.values()
        for item in items
    ]
    assert any(item.text == "under 5 clients" for item in told)
    assert all(item.value is None for item in told if item.source == CLIENTS)


def test_no_address_of_hardware_is_shown() -> None:
    school = School()
    school.point("ap0")
    school.radio("ap0", busy=0.9)
    entity = school.entities[EntityId("ap0")]
    school.entities[entity.id] = dataclasses.replace(entity, name=MAC)
    del school.devices["ap0"]
    basis = school.basis()
    made = report(judge(basis, measure_wireless(basis, school.history, 60), POLICY), basis)
    assert MAC not in repr(made)


def test_the_report_counts_students_and_says_what_it_can_not_see() -> None:
    school = wing_of(4, busy=0.9, own=0.9)
    basis = school.basis()
    measured = measure_wireless(basis, school.history, POLICY.recent_days)
    made = report(judge(basis, measured, POLICY), basis)
    assert [sheet.name for sheet in made.sheets] == ["areas", "rooms", "radios", "needs"]
    assert made.sheet("areas").column("students") == (100.0,)
    assert made.sheet("areas").column("rooms") == ("Room ap0, Room ap1, Room ap2, Room ap3",)
    assert any("coverage can't be measured" in note for note in made.notes)
    assert made.simulated
    assert len(made.sheet("radios").rows) == 4
    again = report(judge(pickle.loads(pickle.dumps(basis)), measured, POLICY), basis)
    assert again == made


AIR = st.floats(0, 1)


@settings(max_examples=25, deadline=None)
@given(
    radios=st.lists(
        st.tuples(AIR, AIR, st.sampled_from((36, 44, 52)), st.integers(0, 60)), min_size=1, max_size=5
    )
)
def test_nothing_is_bought_for_air_that_is_not_full_or_mostly_others(radios) -> None:
    school = School()
    for number, (busy, own, channel, clients) in enumerate(radios):
        school.point(f"ap{number}")
        school.radio(f"ap{number}", channel=channel, busy=busy / 1.1, own=own, clients=clients)
    area = school.area()
    for point in area.points:
        assert point.decisive is not None
        split = point.decisive.measure.split
        assert split is not None
        if point.verdict.buys:
            assert point.decisive.full
            share = split.others_share
            assert share is not None
            assert share <= POLICY.airtime.others.value
        if not point.decisive.full:
            assert point.verdict in (Verdict.LEAVE, Verdict.SURVEY)
    if area.verdict.buys:
        assert area.estimate is not None
        assert 1 <= area.estimate.low <= area.estimate.high
        assert area.others is not None
        assert area.others <= POLICY.airtime.others.value
    else:
        assert area.estimate is None


@settings(max_examples=30, deadline=None)
@given(
    values=st.lists(st.floats(0, 1), min_size=1, max_size=80),
    percent=st.integers(0, 100),
    bound=st.floats(0, 1),
)
def test_distributions_equal_brute_force(values, percent, bound) -> None:
    school = School()
    school.point("ap")
    radio = school.part("ap", "5ghz", EntityKind.RADIO, band="5ghz")
    school.history.add(AIRTIME, radio, ("all",), STARTS[: len(values)], np.array(values))
    found = measure_wireless(school.basis(), school.history, 120).radios[EntityId(radio)].airtime
    assert found is not None
    expected = np.percentile(values, percent, method="inverted_cdf") if percent else min(values)
    assert found.quantiles[percent] == pytest.approx(expected)
    if all(abs(value - bound) > 1e-9 for value in values):
        above = sum(1 for value in values if value > bound) / len(values)
        assert found.over(bound) == pytest.approx(above, abs=0.0101)
