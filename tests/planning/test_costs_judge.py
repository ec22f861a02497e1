"""Costs of a small district: what is known is right to the cent, what is not known is told."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendars
from netwatch.documents import parse_yaml
from netwatch.model import (
    Asset,
    Circuit,
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
    SeriesHistory,
    Snapshot,
)
from netwatch.planning import gather, judge_costs, load_costs_policy, load_lifecycle, measure_costs
from netwatch.planning.costs import Costs, CostsPolicy, Part, by_model, by_part, by_site, report
from netwatch.planning.costs.measure import POE, SENSOR
from netwatch.resources import config_dir

AT = datetime(2026, 11, 20, tzinfo=UTC).timestamp()
DAYS = 30
TEXT = (config_dir() / "planning" / "costs.yaml").read_text(encoding="utf-8")
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")
SHIPPED = load_costs_policy(parse_yaml(TEXT, "costs.yaml"))
SCHOOL = PlaceId("d/s")


def policy(**changes: str) -> CostsPolicy:
    """The shipped one with prices."""
    text = TEXT.replace('per_hour: null\n  source: ""', "per_hour: 48.5\n  source: payroll")
    text = text.replace("support: []\n#  -", "support:\n  -").replace("disposal: []\n#  -", "disposal:\n  -")
    for old, new in changes.items():
        text = text.replace(old, new)
    return load_costs_policy(parse_yaml(text, "costs.yaml"))


@dataclasses.dataclass
class District:
    """Gear at one school with 400 students, and meters."""

    entities: dict[EntityId, Entity] = dataclasses.field(default_factory=dict)
    devices: dict[str, InventoryDevice] = dataclasses.field(default_factory=dict)
    assets: list[Asset] = dataclasses.field(default_factory=list)
    circuits: list[Circuit] = dataclasses.field(default_factory=list)
    links: list[tuple[EntityId, EntityId]] = dataclasses.field(default_factory=list)
    rows: list[SeriesHistory] = dataclasses.field(default_factory=list)

    def device(
        self,
        name: str,
        kind: DeviceKind = DeviceKind.SWITCH,
        role: str = "access",
        *,
        model: str = "S-48-X",
        serials: Sequence[str] = ("",),
        cost: float | None = 3500.0,
        installed: date | None = date(2024, 11, 20),
        currency: str = "USD",
    ) -> None:
        key = EntityId(name)
        facts = {"kind": str(kind), "role": role, "vendor": "acme", "model": model}
        self.entities[key] = Entity(key, EntityKind.DEVICE, key, None, "", "", name, facts)
        self.devices[name] = InventoryDevice(name, None, kind, role, SCHOOL)
        for serial in serials:
            self.assets.append(
                Asset(
                    serial or f"SN-{name}", name, vendor="acme", model=model, installed=installed, cost=cost,
                    currency=currency,
                )
            )  # fmt: skip

    def meter(self, device: str, name: str, watts: float, family: str = SENSOR, hours: int = 240) -> None:
        kind = EntityKind.SENSOR if family == SENSOR else EntityKind.PSE
        key, owner = EntityId(f"{device}/{name}"), EntityId(device)
        self.entities[key] = Entity(key, kind, owner, owner, name, "", name)
        starts = (int(AT) // 3600 - hours + np.arange(hours, dtype=np.int64)) * 3600
        values = np.full(hours, watts)
        self.rows.append(
            SeriesHistory(
                family, key, (), starts, np.full(hours, 3600), values, values, np.ones(hours), False
            )
        )

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        return (row for row in self.rows if row.family == family)

    def costs(self, rules: CostsPolicy = SHIPPED, hours: dict[str, float] | None = None) -> Costs:
        places = Places(
            {
                PlaceId("d"): Place(PlaceId("d"), PlaceKind.DISTRICT, "District", None),
                SCHOOL: Place(
                    SCHOOL, PlaceKind.SCHOOL, "Lincoln", PlaceId("d"), SchoolFacts("middle", enrolment=400)
                ),
            }
        )
        inventory = Inventory("d", places, self.devices, tuple(self.assets), tuple(self.circuits))
        snapshot = Snapshot(Instant(AT, 0), self.entities, {}, inventory, links=tuple(self.links))
        basis = gather(snapshot, self, Calendars(), at=AT, days=DAYS)
        wanted = None if hours is None else {EntityId(name): one for name, one in hours.items()}
        return judge_costs(basis, measure_costs(basis, self), LIFECYCLE, rules, wanted)


def years(costs: Costs, name: str) -> dict[str, int | None]:
    (one,) = [each for each in costs.assets if each.subject.name == name]
    return {str(part): priced.year for part, priced in one.parts.items()}


def test_everything_that_is_known_is_right_to_the_cent() -> None:
    district = District()
    district.device("ups", DeviceKind.POWER, "ups", cost=2000.01)
    district.device("sw")
    district.meter("sw", "System power", 100.0)
    costs = district.costs(policy(), {"sw": 6.0})
    (switch,) = [one for one in costs.assets if one.subject.name == "sw"]
    assert years(costs, "sw") == {
        "purchase": 50000,  # 3,500 in 7 years
        "disposal": None,
        "support": 12000,
        "power": round(100 / 1000 * 8766 * 0.146 * 1.4 * 100),
        "labour": 354293,  # 6 hours in 30 days, 48.50 an hour: 3,542.925
    }
    # Two of seven years are over.
    age = Fraction((date(2026, 11, 20) - date(2024, 11, 20)).days) / (7 * Fraction("365.25"))
    assert switch.book_value == round(350000 * (1 - age))
    assert switch.depreciation == 50000
    ups = years(costs, "ups")
    assert ups["purchase"] == 25000, "2,000.01 in 8 years, 250.00125"
    assert ups["disposal"] == round(3500 / 8)
    assert ups["labour"] == 0, "watched, and nothing happened"
    life = next(one for one in costs.assets if one.subject.name == "ups").over_life
    assert life.known == 200001 + 3500 + 8 * 12000
    assert life.unknown == ("power",)


def test_what_nobody_said_is_unknown_and_never_0() -> None:
    district = District()
    district.device("bare", DeviceKind.OTHER, "", cost=None, installed=None)
    costs = district.costs()
    (bare,) = costs.assets
    assert set(years(costs, "bare").values()) == {None}
    assert bare.sum().known is None
    assert set(bare.sum().unknown) == {"purchase price", "disposal", "support", "power", "incident hours"}
    (row,) = report(costs).sheet("models").rows
    cells = dict(zip([one.key for one in report(costs).sheet("models").columns], row.cells, strict=True))
    assert (cells["capital_year"], cells["operating_year"], cells["unit_year"]) == (None, None, None)
    assert (cells["at_least"], cells["incident_time"]) == (True, None)


def test_a_price_without_useful_life_is_told_once_and_not_by_year() -> None:
    district = District()
    district.device("odd", DeviceKind.OTHER, "", cost=700.0)
    (one,) = district.costs().assets
    purchase = one.parts[Part.PURCHASE]
    assert (purchase.once, purchase.year, purchase.missing) == (70000, None, "useful life")
    assert one.over_life.known == 70000
    assert one.over_life.at_least


def test_outlived_gear_has_no_book_value() -> None:
    district = District()
    district.device("old", installed=date(2014, 8, 1))
    district.device("last", installed=date(2020, 1, 1))
    old, last = sorted(district.costs().assets, key=lambda one: one.subject.name, reverse=True)
    assert (old.book_value, old.depreciation) == (0, 0)
    assert last.depreciation == last.book_value, "its last year has begun"
    assert last.book_value == pytest.approx(350000 * 42 / 2557, abs=50), "42 days are left"


def test_a_stack_shares_what_is_measured_of_it_to_the_cent() -> None:
    district = District()
    district.device("stack", serials=("A", "B", "C"))
    district.meter("stack", "Power supply 1", 100.0)
    district.meter("stack", "Power supply 2", 33.33)
    costs = district.costs(policy(), {"stack": 1.0})
    power = [one.parts[Part.POWER].year for one in costs.assets]
    assert sum(power) == round(133.33 / 1000 * 8766 * 0.146 * 1.4 * 100)
    assert max(power) - min(power) <= 1
    assert sum(one.parts[Part.LABOUR].year for one in costs.assets) == round(365.25 / 30 * 48.5 * 100)
    assert sum(one.incident_hours for one in costs.assets) == pytest.approx(1.0)
    assert sum(one.watts for one in costs.assets) == pytest.approx(133.33)


@pytest.mark.parametrize(
    ("sensors", "watts"),
    [
        ({"System power": 210.0, "PSU 1": 100.0, "PSU 2": 100.0}, 210.0),
        ({"PSU 1 input": 120.0, "PSU 2 input": 130.0, "PSU 1 output": 110.0, "PSU 2 output": 121.0}, 250.0),
        ({"Power consumption": 300.0, "Processor power": 120.0, "Memory power": 40.0}, 300.0),
        ({"Watts reading": 180.0, "Watts peak usage": 900.0, "Idle power": 90.0}, 180.0),
        ({"PSU 1": 100.0, "Power supply 1 rating": 715.0}, 100.0),
    ],
)
def test_the_sensors_of_a_device_are_not_added_twice(sensors: dict[str, float], watts: float) -> None:
    district = District()
    district.device("srv", DeviceKind.SERVER, "server")
    for name, value in sensors.items():
        district.meter("srv", name, value)
    (one,) = district.costs().assets
    assert (one.watts, one.parts[Part.POWER].how) == (watts, "measured")


def test_a_meter_that_measured_little_and_one_of_what_is_fed_are_not_believed() -> None:
    district = District()
    district.device("sw")
    district.meter("sw", "System power", 77.0, hours=10)
    district.device("ups", DeviceKind.POWER, "ups")
    district.meter("ups", "Output power", 900.0)
    costs = district.costs()
    found = {one.subject.name: one for one in costs.assets}
    assert (found["sw"].watts, found["sw"].parts[Part.POWER].how) == (150, "assumed")
    assert "low confidence" in found["sw"].parts[Part.POWER].evidence[0].text
    assert found["ups"].parts[Part.POWER].year is None


@pytest.mark.parametrize("metered", [True, False])
def test_no_watt_over_ethernet_is_counted_twice(metered: bool) -> None:
    district = District()
    district.device("sw")
    district.meter("sw", "1", 100.0, POE)
    if metered:
        district.meter("sw", "System power", 260.0)
    for number in range(4):
        district.device(f"ap-{number}", DeviceKind.WIRELESS, "ap")
        district.links.append((EntityId(f"ap-{number}"), EntityId("sw")))
    district.device("ap-elsewhere", DeviceKind.WIRELESS, "ap")
    found = {one.subject.name: one.watts for one in district.costs().assets}
    assert [found[f"ap-{number}"] for number in range(4)] == [15.0] * 4
    fed = sum(watts for name, watts in found.items() if name != "ap-elsewhere")
    assert fed == (260 if metered else 150 + 100)
    assert found["ap-elsewhere"] == 15


def test_what_is_fed_draws_no_more_than_is_delivered() -> None:
    district = District()
    district.device("sw")
    district.meter("sw", "1", 30.0, POE)
    for number in range(4):
        district.device(f"ap-{number}", DeviceKind.WIRELESS, "ap")
        district.links.append((EntityId("sw"), EntityId(f"ap-{number}")))
    found = {one.subject.name: one.watts for one in district.costs().assets}
    assert found == {"sw": 150, **{f"ap-{number}": 7.5 for number in range(4)}}


def test_a_spare_draws_nothing_but_costs_capital() -> None:
    district = District()
    district.assets.append(Asset("S1", vendor="acme", model="S-48-X", cost=10.0, currency="USD"))
    (one,) = district.costs().assets
    assert one.parts[Part.POWER].year == 0
    assert one.parts[Part.LABOUR].year == 0
    (model,) = by_model(district.costs())
    assert model.incident_hours is None


def test_other_currencies_are_told_apart_and_not_converted() -> None:
    district = District()
    district.device("sw")
    district.device("fr", currency="EUR", cost=900.5)
    district.circuits = [
        Circuit("C1", "sw", monthly_cost=100.1),
        Circuit("C2", "sw", monthly_cost=50.0, currency="EUR"),
        Circuit("C3", "sw"),
    ]
    costs = district.costs()
    assert costs.foreign == (("EUR", "circuits per year", 1, 60000), ("EUR", "purchase", 1, 90050))
    (site,) = by_site(costs)
    assert site.capital.known == 50000
    assert "purchase price, which is in EUR: 1 of 2" in site.capital.unknown
    assert (site.circuits.known, site.circuits.unknown) == (120120, ("circuits: 2 of 3",))
    assert site.year.known == site.capital.known + site.operating.known + 120120
    assert site.per_student == round(site.year.known / 400)
    told = report(costs)
    assert told.currency == "USD"
    assert [row.cells for row in told.sheet("currencies").rows] == [
        ("EUR", "circuits per year", 1, 600.0),
        ("EUR", "purchase", 1, 900.5),
    ]


def test_the_price_of_support_in_the_register_goes_before_that_of_the_policy() -> None:
    district = District()
    for name, currency in (("own", "USD"), ("fr", "EUR"), ("none", "USD")):
        district.device(name, currency=currency)
    district.assets = [
        dataclasses.replace(one, support_cost=None if one.device == "none" else 99.99)
        for one in district.assets
    ]
    costs = district.costs(policy())
    assert [years(costs, name)["support"] for name in ("own", "fr", "none")] == [9999, None, 12000]
    assert ("EUR", "support per year", 1, 9999) in costs.foreign


def test_a_unit_of_a_model_costs_the_mean_of_what_is_known() -> None:
    district = District()
    for name, cost in (("a", 700.0), ("b", 1400.0), ("c", None)):
        district.device(name, cost=cost)
    (model,) = by_model(district.costs())
    assert (len(model.units), model.capital.known) == (3, 30000)
    assert "purchase price: 1 of 3" in model.capital.unknown
    power = round(150 / 1000 * 8766 * 0.146 * 1.4 * 100)
    assert model.unit_year.known == 15000 + power
    assert model.unit_year.unknown == ("disposal", "support", "labour")


def test_hours_that_are_no_hours_are_refused() -> None:
    district = District()
    district.device("sw")
    for wrong in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="incident hours of sw"):
            district.costs(policy(), {"sw": wrong})


@st.composite
def districts(draw) -> tuple[District, dict[str, float]]:
    district, hours = District(), {}
    kinds = [(DeviceKind.SWITCH, "access"), (DeviceKind.WIRELESS, "ap"), (DeviceKind.POWER, "ups")]
    for number in range(draw(st.integers(0, 8))):
        kind, role = draw(st.sampled_from(kinds))
        name = f"d{number}"
        district.device(
            name,
            kind,
            role,
            model=draw(st.sampled_from(["S-48-X", "B", ""])),
            serials=[f"{name}-{one}" for one in range(draw(st.integers(1, 3)))],
            cost=draw(st.none() | st.integers(0, 10**7).map(lambda one: one / 100)),
            installed=draw(st.none() | st.dates(date(2010, 1, 1), date(2027, 1, 1))),
            currency=draw(st.sampled_from(["USD", "USD", "CAD"])),
        )
        if draw(st.booleans()):
            district.meter(name, "System power", draw(st.integers(1, 10**6)) / 997)
        if draw(st.booleans()):
            hours[name] = draw(st.integers(0, 10**6)) / 991
    return district, hours


@settings(max_examples=30, deadline=None)
@given(districts(), st.integers(0, 2**32))
def test_sums_are_exact_and_the_same_in_any_order(made, seed: int) -> None:
    district, hours = made
    rules = policy()
    costs = district.costs(rules, hours)
    found = [priced.year for one in costs.assets for priced in one.parts.values() if priced.year]
    for groups in (by_model(costs), by_site(costs)):
        assert sum((one.capital.known or 0) + (one.operating.known or 0) for one in groups) == sum(found)
        assert sum(len(one.units) for one in groups) == len(costs.assets)
    assert sum(one.known or 0 for one in by_part(costs)) == sum(found)
    for one in costs.assets:
        assert 0 <= (one.depreciation or 0) <= (one.book_value or 0)
        assert (one.book_value or 0) <= (one.parts[Part.PURCHASE].once or 0)
        assert one.sum().known == sum(p.year or 0 for p in one.parts.values()) or one.sum().known is None
    mix = random.Random(seed)
    other = District(
        dict(mix.sample(list(district.entities.items()), len(district.entities))),
        dict(mix.sample(list(district.devices.items()), len(district.devices))),
        mix.sample(district.assets, len(district.assets)),
        rows=mix.sample(district.rows, len(district.rows)),
    )
    assert report(other.costs(rules, hours)) == report(costs)
