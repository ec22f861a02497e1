"""A scenario changes what it says and nothing else; what it moves is told; mistakes name place and remedy."""

from __future__ import annotations

import pickle
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netwatch.calendars import Calendars
from netwatch.documents import parse_yaml
from netwatch.errors import ConfigError
from netwatch.export import canonical_json, report_to_json
from netwatch.exposition.plans import PLAN_FAMILIES
from netwatch.model import (
    Asset,
    Circuit,
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
    Report,
    SchoolFacts,
    SeriesHistory,
    Snapshot,
    Target,
    load_catalogue,
)
from netwatch.planning import Gathered, gather_all, judge_all, load_lifecycle, load_policies
from netwatch.planning.whatif import Adjustable, Effects, WhatIf, apply, load_scenario, what_if
from netwatch.planning.wireless.measures import Distribution, RadioMeasure, Split, WirelessMeasured
from netwatch.resources import config_dir

CATALOGUE = load_catalogue()
LIFECYCLE = load_lifecycle(config_dir() / "lifecycle")
POLICIES = load_policies(None, config_dir() / "planning")
AT = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
UP = "netwatch_device_up"
RX = "netwatch_interface_receive_bytes_total"
AIR = "netwatch_radio_airtime_ratio"
SPEED = "netwatch_interface_speed_bytes_per_second"
SCHOOLS = {"lincoln": ("Lincoln Elementary", "elementary", 400), "grant": ("Grant High", "high", 1200)}
HOURS = 24 * 60


class Memory:
    """History as a test says it, hourly for sixty days."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str, tuple[str, ...]], float] = {}

    def read(
        self, family: str, start: float, end: float, entities: Sequence[EntityId] | None = None
    ) -> Iterator[SeriesHistory]:
        starts = (int(end) // 3600 - HOURS + np.arange(HOURS, dtype=np.int64)) * 3600
        for (name, entity, labels), value in self.rows.items():
            if name == family and (entities is None or entity in entities):
                values = np.full(HOURS, value)
                widths = np.full(HOURS, 3600, dtype=np.int64)
                yield SeriesHistory(
                    family, EntityId(entity), labels, starts, widths, values, values, np.ones(HOURS), False
                )


def place(name: str, kind: PlaceKind, parent: str | None, facts: SchoolFacts | None = None) -> Place:
    title = SCHOOLS.get(name, (name,))[0]
    path = name if parent is None else f"{parent}/{name}"
    return Place(PlaceId(path), kind, title, None if parent is None else PlaceId(parent), facts)


def gathered() -> Gathered:
    """Two schools behind a core at the office; each with a switch of 2016, a younger one and a radio."""
    places = [
        place("d", PlaceKind.DISTRICT, None),
        *(
            place(name, PlaceKind.SCHOOL, "d", SchoolFacts(level, enrolment))
            for name, (_, level, enrolment) in SCHOOLS.items()
        ),
    ]
    entities: dict[EntityId, Entity] = {}
    devices: dict[str, InventoryDevice] = {}
    assets: list[Asset] = []
    links: list[tuple[EntityId, EntityId]] = []
    history = Memory()
    speeds: dict[str, float] = {}

    def device(name: str, kind: DeviceKind, role: str, where: str, year: int, model: str) -> None:
        facts = {"kind": str(kind), "role": role, "vendor": "acme", "model": model, "serial": f"SN-{name}"}
        key = EntityId(name)
        entities[key] = Entity(key, EntityKind.DEVICE, key, None, "", "", name, facts)
        target = Target(key, name, ("192.0.2.1",))
        devices[name] = InventoryDevice(
            name, target, kind, role, PlaceId(where), serves=(PlaceId(f"d/{name}"),)
        )
        assets.append(Asset(f"SN-{name}", name, vendor="acme", model=model, installed=date(year, 8, 1)))
        history.rows[UP, name, ()] = 1.0
        if role not in ("firewall", "core"):
            port = EntityId(f"{name}/up")
            entities[port] = Entity(port, EntityKind.INTERFACE, key, key, "up", "1", "up")
            links.append((port, EntityId("core")))
            speeds[port] = 125e6
            history.rows[RX, port, ()] = 40e6
        if kind is DeviceKind.WIRELESS:
            radio = EntityId(f"{name}/radio")
            entities[radio] = Entity(radio, EntityKind.RADIO, key, key, "r", "1", "radio")
            history.rows[AIR, radio, ("all",)] = 0.4

    device("fw", DeviceKind.FIREWALL, "firewall", "d", 2024, "F-1")
    device("core", DeviceKind.SWITCH, "core", "d", 2024, "C-1")
    wan = EntityId("core/wan")
    entities[wan] = Entity(wan, EntityKind.INTERFACE, EntityId("core"), EntityId("core"), "wan", "9", "wan")
    links.append((wan, EntityId("fw")))
    speeds[wan] = 125e6
    history.rows[RX, wan, ()] = 100e6
    for school in SCHOOLS:
        device(f"{school}-old", DeviceKind.SWITCH, "access", f"d/{school}", 2016, "S-24")
        device(f"{school}-new", DeviceKind.SWITCH, "access", f"d/{school}", 2024, "S-48")
        device(f"{school}-ap", DeviceKind.WIRELESS, "ap", f"d/{school}", 2022, "W-5")
    count = len(speeds)
    column = Column(
        CATALOGUE[SPEED],
        tuple(map(EntityId, speeds)),
        tuple(() for _ in speeds),
        np.array(list(speeds.values())),
        np.full(count, np.nan),
        np.full(count, AT),
        np.full(count, True),
    )
    inventory = Inventory(
        "d",
        Places({one.id: one for one in places}),
        devices,
        tuple(assets),
        (Circuit("C-77", "core", "wan", rate=1e9),),
    )
    snapshot = Snapshot(Instant(AT, 0), entities, {SPEED: column}, inventory, links=tuple(links))
    return gather_all(snapshot, history, POLICIES, Calendars({}), at=AT)


NOW = gathered()


def ask(text: str, files: dict[str, str] | None = None) -> WhatIf:
    document = parse_yaml(f"name: test\n{text}", "s.yaml")
    return what_if(document, NOW, LIFECYCLE, POLICIES, files=files or {})


def rows(report: Report) -> dict[str, dict[str, object]]:
    sheet = report.sheets[0]
    keys = [one.key for one in sheet.columns]
    return {
        str(cells["name"]): cells for row in sheet.rows if (cells := dict(zip(keys, row.cells, strict=True)))
    }


def moved(text: str) -> dict[str, dict[str, object]]:
    """What a scenario changes by itself, by name."""
    told = rows(ask(text).comparisons["replacements"])
    return {
        name: row
        for name, row in told.items()
        if row["score_change"] or "others moved" not in str(row["why"])
    }


def ranked(found: WhatIf) -> dict[str, dict[str, object]]:
    return rows(found.reports["replacements"])


def canonical(given: Gathered) -> bytes:
    reports = judge_all(given, LIFECYCLE, POLICIES).reports
    return b"".join(canonical_json(report_to_json(one)) for one in reports.values())


def test_what_was_gathered_survives_pickling_and_is_judged_the_same() -> None:
    assert isinstance(NOW.wireless, Adjustable)
    again = pickle.loads(pickle.dumps(NOW))
    assert canonical(again) == canonical(NOW)


def test_each_family_of_metrics_is_named_by_a_column_of_the_first_sheet_of_its_plan() -> None:
    """So that renaming a column does not make a metric vanish."""
    reports = judge_all(NOW, LIFECYCLE, POLICIES).reports
    for family in PLAN_FAMILIES:
        columns = reports[family.plan].sheets[0].columns
        assert [one.metric for one in columns if one.metric] == [family.name]


def test_a_milestone_is_announced_and_slips() -> None:
    text = """milestones:
  - {vendor: "acme*", models: ["S-24*"], milestone: last_day_of_support, date: %s}"""
    told = moved(text % "2026-10-31")
    assert set(told) == {"lincoln-old", "grant-old"}
    row = told["grant-old"]
    assert row["security_change"] > 0
    assert "security +" in row["why"]
    assert "because of last day of support 2026-10-31" in row["why"]
    assert row["score_change"] == sum(
        row[f"{one}_change"] for one in ("likelihood", "security", "consequence")
    )
    found = ask(text % "2030-10-31").reports["replacements"].sheets[0]
    sources = {item.source for row in found.rows for item in row.evidence.get("security", ())}
    assert any(source.startswith("scenario test, checked 2026-11-20") for source in sources)


def test_a_later_date_for_a_known_milestone_replaces_it_for_these_models_alone() -> None:
    document = parse_yaml(
        'name: slips\nmilestones: [{models: ["S-24"], milestone: last_day_of_support, date: 2031-01-31}]', "s"
    )
    known = load_lifecycle(config_dir() / "lifecycle")
    kind = type(known.milestones[0])
    old = kind.model_validate(
        {
            "vendor": "acme",
            "models": ("S-*",),
            "milestone": "last_day_of_support",
            "date": date(2026, 1, 31),
            "source": "letter",
            "checked_on": date(2026, 1, 1),
            "confidence": "high",
        }
    )
    lifecycle = type(known)(known.useful_lives, (old,))
    applied = apply(load_scenario(document), NOW, lifecycle, POLICIES)
    dates = {
        model: [one.on for one in applied.lifecycle.milestones_of("acme", [model])]
        for model in ("S-24", "S-48")
    }
    assert dates == {"S-24": [date(2031, 1, 31)], "S-48": [date(2026, 1, 31)]}


def test_a_rollout_fills_the_air_and_the_uplinks_of_its_schools_and_what_they_share() -> None:
    text = "rollout: [{levels: [elementary], devices_per_student: {now: 0.5, then: 1}}]"
    applied = apply(load_scenario(parse_yaml(f"name: x\n{text}")), NOW, LIFECYCLE, POLICIES)
    before, after = (given.basis.measured.fullness for given in (NOW, applied.gathered))

    def shares(told, device: str) -> dict[str, float]:
        return {one.measure: one.share for one in told.get(EntityId(device), [])}

    assert shares(before, "lincoln-ap") == pytest.approx({"airtime": 0.4, "uplink": 0.32})
    assert shares(after, "lincoln-ap") == pytest.approx({"airtime": 0.8, "uplink": 0.64})
    assert shares(after, "grant-ap") == shares(before, "grant-ap")
    # 400 of 1,600 pupils have twice as many devices.
    assert shares(after, "core")["uplink"] == pytest.approx(0.8 * 1.25)
    told = moved(text)
    assert {"lincoln-ap", "core"} <= set(told)
    assert "grant-ap" not in told
    assert "before: 40%" in told["lincoln-ap"]["why"]
    items = [
        one
        for row in ask(text).reports["replacements"].sheets[0].rows
        for one in row.evidence.get("fitness", ())
    ]
    assert any(one.source == f"{AIR}, times 2 by the scenario" for one in items), "no reading: it says so"


def test_a_school_closes_and_its_gear_becomes_spare() -> None:
    found = ask("schools_closed: [{school: Lincoln Elementary}]")
    after = ranked(found)
    assert len(after) == 8, "nothing is lost"
    old = after["lincoln-old"]
    assert old["consequence"] == 0
    assert old["fitness"] == 0
    assert old["likelihood"] > 0, "a spare switch is as old as it is"
    told = rows(found.comparisons["replacements"])
    assert told["lincoln-old"]["consequence_change"] < 0
    assert "lincoln-new" not in told or told["lincoln-new"]["score_change"] <= 0
    assert any("Lincoln Elementary is closed: 3 devices become spare" in note for note in found.notes)
    assert found.comparisons["replacements"].notes[1] == found.notes[0]


def test_a_device_is_replaced() -> None:
    told = moved("devices_replaced: [{device: grant-old, model: S-96, support_until: 2034-06-30}]")
    row = told["grant-old"]
    assert row["change"] == "fell"
    assert row["likelihood_change"] < 0
    assert "missing now: uptime history" in row["why"]
    assert "model S-96, before S-24" in row["why"]
    assert set(told) == {"grant-old"}
    by_serial = moved("devices_replaced: [{device: SN-grant-old, model: S-96, support_until: 2034-06-30}]")
    assert by_serial == told


def test_a_faster_circuit_empties_the_uplink_where_it_ends() -> None:
    told = moved("circuits: [{circuit: C-77, rate: 1.0e+10}]")
    assert set(told) == {"core"}
    assert told["core"]["fitness_change"] < 0
    assert "before: 80%" in told["core"]["why"]


def test_other_weights_are_told_as_policy() -> None:
    text = """policies:
  replacement:
    criteria:
      likelihood: {parts: {age: {points: 20}}}
      security: {parts: {no_fixes: {points: 7}}}"""
    told = ask(text).comparisons["replacements"]
    for row in rows(told).values():
        assert row["from_facts"] == 0
        assert row["from_policy"] == row["score_change"]
    assert "age counts 20 points instead of 14" in rows(told)["grant-old"]["why"]
    assert [row.cells for row in told.sheet("policy").rows] == [
        ("replacement.criteria.likelihood.parts.age.points", "14", "20"),
        ("replacement.criteria.security.parts.no_fixes.points", "13", "7"),
    ]


def test_another_policy_file_and_facts_at_once_are_told_apart_exactly() -> None:
    policy = (config_dir() / "planning" / "replacement.yaml").read_text(encoding="utf-8")
    other = policy.replace("name:", "name: B, once", 1)
    life = LIFECYCLE.useful_life("switch", "access")
    text = f"""policy_files: {{replacement: other.yaml}}
policies:
  replacement:
    criteria:
      likelihood: {{parts: {{age: {{points: 19}}}}}}
      security: {{parts: {{no_fixes: {{points: 8}}}}}}
useful_lives: [{{class: {life.name}, years: 4}}]"""
    told = rows(ask(text, {"other.yaml": other}).comparisons["replacements"])
    both = told["grant-old"]
    assert both["from_policy"] is not None
    assert both["from_facts"] + both["from_policy"] == both["score_change"]
    assert any(row["from_facts"] for row in told.values())
    assert any(row["from_policy"] for row in told.values())


def test_the_wireless_plan_takes_part() -> None:
    told = rows(ask("rollout: [{levels: [elementary], clients: 2}]").comparisons["wireless"])
    assert told["Lincoln Elementary"]["rank_after"] == 1
    assert "airtime 80.0%, before 40.0%" in told["Lincoln Elementary"]["why"]
    assert "because others moved" in told["Grant High"]["why"]
    told = rows(ask("schools_closed: [{school: lincoln}]").comparisons["wireless"])
    assert told["Lincoln Elementary"]["change"] == "gone"
    told = rows(ask("devices_replaced: [{device: lincoln-ap}]").comparisons["wireless"])
    assert "airtime unknown, before 40.0%" in told["Lincoln Elementary"]["why"]


HUNDREDTHS = st.integers(0, 100).map(lambda number: number / 100)


@given(HUNDREDTHS, HUNDREDTHS, st.integers(0, 80).map(lambda eighths: eighths / 8))
def test_no_radio_is_ever_more_than_full(own: float, others: float, factor: float) -> None:
    split = Split(own, others * (1 - own), own, own, own, 0.0, 100)
    found = RadioMeasure(Distribution((own,) * 101, 100, AT), (own,), split)
    measured = WirelessMeasured({EntityId("r"): found, EntityId("x"): found}, 30)
    effects = Effects(clients={EntityId("r"): factor}, gone=frozenset({EntityId("x")}))
    (grown,) = measured.what_if(effects).radios.values()
    assert max(grown.airtime.quantiles) <= 1
    assert grown.split.own + grown.split.others <= 1 + 1e-9
    if found.split.others_share is not None and factor:
        assert grown.split.others_share == pytest.approx(found.split.others_share)
    if factor * (own + split.others) <= 1:
        assert grown.split.own == own * factor


def test_nothing_that_was_given_changes() -> None:
    before = canonical(NOW)
    ask("schools_closed: [{school: lincoln}]\ndevices_replaced: [{device: grant-old}]")
    ask("rollout: [{schools: [d/grant], clients: 2, traffic: 3}]")
    assert canonical(NOW) == before


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 4), st.floats(0, 4), st.sampled_from(["lincoln", "grant"]))
def test_more_traffic_never_lowers_a_score(clients: float, traffic: float, school: str) -> None:
    text = f"rollout: [{{schools: [{school}], clients: {clients!r}, traffic: {traffic!r}}}]"
    for row in rows(ask(text).comparisons["replacements"]).values():
        if clients >= 1 and traffic >= 1:
            assert row["score_change"] >= 0
        if clients <= 1 and traffic <= 1:
            assert row["score_change"] <= 0


BAD = [
    ("rolout: []", "s.yaml:2: rolout: unknown key 'rolout' (did you mean 'rollout'?)"),
    ("rollout: []", "the scenario changes nothing (give one of rollout, milestones"),
    (
        "rollout: [{schools: [lincon], clients: 2}]",
        "rollout[0].schools[0]: there is no school 'lincon' (did you mean 'lincoln'?)",
    ),
    ("rollout: [{levels: [high]}]", "rollout[0]: a rollout needs 'devices_per_student', or factors"),
    ("rollout: [{clients: 2}]", "rollout[0]: a rollout needs 'schools' or 'levels'"),
    (
        "rollout: [{levels: [primary], clients: 2}]",
        "no school has the level 'primary' (known: elementary, high)",
    ),
    ("rollout: [{levels: [high], clients: -1}]", "rollout[0].clients: expected greater than or equal to 0"),
    (
        "milestones: [{models: [S-25], milestone: last_day_of_support, date: 2027-01-01}]",
        "milestones[0].models: no gear here is a S-25 of the maker '*' (did you mean 'S-24'?)",
    ),
    (
        "milestones: [{models: [S-24], milestone: end_of_life, date: 2027-01-01}]",
        "milestones[0].milestone: expected 'announced'",
    ),
    ("milestones: [{models: [S-24], milestone: announced, date: soon}]", "milestones[0].date: "),
    ("schools_closed: [{school: Hogwarts}]", "schools_closed[0].school: there is no school 'Hogwarts'"),
    (
        "devices_replaced: [{device: grant-odl}]",
        "devices_replaced[0].device: no device in use has the name or serial number 'grant-odl' "
        "(did you mean 'grant-old'?)",
    ),
    (
        "devices_replaced: [{device: grant-old}, {device: SN-grant-old}]",
        "devices_replaced[1].device: 'SN-grant-old' is replaced twice",
    ),
    (
        "circuits: [{circuit: C-78, rate: 1.0e+9}]",
        "circuits[0].circuit: no circuit 'C-78' (did you mean 'C-77'?)",
    ),
    ("circuits: [{circuit: C-77, rate: 0}]", "circuits[0].rate: expected greater than 0"),
    ("useful_lives: [{class: swich, years: 9}]", "useful_lives[0].class: no class 'swich' has a useful life"),
    (
        "policies: {replacment: {name: x}}",
        "policies.replacment: no policy 'replacment' (did you mean 'replacement'?)",
    ),
    (
        "policies: {replacement: {criteria: {likelihood: {parts: {age: {points: 24}}}}}}",
        "s.yaml:2: policies.replacement.criteria: the points of all criteria are 100 together, not 110",
    ),
    (
        "policies:\n  replacement:\n    criteria:\n      likelihood: {parts: {age: {point: 30}}}",
        "s.yaml:5: policies.replacement.criteria.likelihood.parts.age.point: unknown key 'point' "
        "(did you mean 'points'?)",
    ),
    (
        "policy_files: {replacement: p.yaml}",
        "policy_files.replacement: the file 'p.yaml' did not come with it (send",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD, ids=[text[:40] for text, _ in BAD])
def test_a_bad_scenario_is_told_with_place_and_remedy(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        ask(text)
    assert message in str(raised.value)
    assert all(one.file == "s.yaml" and one.line for one in raised.value.problems)


def test_all_mistakes_are_told_at_once_and_those_of_a_policy_file_too() -> None:
    text = """schools_closed: [{school: nowhere}]
circuits: [{circuit: nothing, rate: 1.0e+9}]
policy_files: {replacement: p.yaml}"""
    with pytest.raises(ConfigError) as raised:
        ask(text, {"p.yaml": "name: short\n"})
    told = [str(one) for one in raised.value.problems]
    assert any(one.startswith("p.yaml") and "required" in one for one in told)
    assert any("schools_closed[0].school" in one for one in told)
    assert any("circuits[0].circuit" in one for one in told)
