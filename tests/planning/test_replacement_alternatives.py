"""What can be done instead of buying: named, once, with evidence, and only where it helps."""

from __future__ import annotations

from datetime import date

import pytest
from replacement_district import (
    LIFECYCLE,
    TODAY,
    District,
    by_name,
)

from netwatch.documents import parse_yaml
from netwatch.model import (
    Alternative,
    AlternativeKind,
    Asset,
    DeviceKind,
    EntityId,
    EntityKind,
    EvidenceItem,
    PlaceId,
    RankedAsset,
    SchoolFacts,
)
from netwatch.planning import Lifecycle, Milestone, load_policy
from netwatch.planning.replacement import Hints
from netwatch.resources import config_dir

OLD = date(2008, 8, 1)
NEW = date(2025, 8, 1)
OTHER = PlaceId("d/other")


def policy(**changes: str):
    text = (config_dir() / "planning" / "replacement.yaml").read_text(encoding="utf-8")
    text = text.replace("from_points: 15", "from_points: 12")
    for old, new in changes.items():
        assert old in text
        text = text.replace(f"  {old}: {{}}", f"  {old}: {new}")
    return load_policy(parse_yaml(text, "mine.yaml"))


def two_schools() -> District:
    district = District(schools={OTHER: SchoolFacts()})
    district.device("core", role="core", installed=NEW)
    return district


def of_kind(asset: RankedAsset, kind: AlternativeKind) -> Alternative | None:
    found = [one for one in asset.alternatives if one.kind is kind]
    assert len(found) <= 1
    for one in found:
        assert one.text
        assert one.evidence
    return found[0] if found else None


def ports(district: District, name: str, count: int) -> None:
    for number in range(count):
        district.part(name, str(number), EntityKind.INTERFACE)


def busy(district: District, name: str, **more) -> None:
    rooms = tuple(PlaceId(f"d/s/{name}-{number}") for number in range(20))
    district.device(name, installed=OLD, serves=rooms, **more)


def test_a_younger_one_comes_from_where_less_hangs_on_it() -> None:
    district = two_schools()
    busy(district, "needy")
    district.device("there", installed=NEW, place=OTHER)
    district.device("here", installed=NEW)
    found = by_name(district.plan(policy=policy()))
    move = of_kind(found["needy"], AlternativeKind.CASCADE)
    assert move is not None
    assert "swap with there (SN-there) at d/other" in move.text
    assert not found["there"].alternatives


@pytest.mark.parametrize(
    "flaw", ["same school", "too old", "more hangs on it", "fewer ports", "another kind", "needs it itself"]
)
def test_what_would_not_help_is_not_moved(flaw: str) -> None:
    district = two_schools()
    busy(district, "needy")
    ports(district, "needy", 24)
    rooms = tuple(PlaceId(f"d/other/{number}") for number in range(40 if flaw == "more hangs on it" else 0))
    district.device(
        "there",
        installed=date(2010, 1, 1) if flaw == "too old" else NEW,
        place=PlaceId("d/s") if flaw == "same school" else OTHER,
        kind=DeviceKind.FIREWALL if flaw == "another kind" else DeviceKind.SWITCH,
        serves=rooms,
        vendor="Cisco" if flaw == "needs it itself" else "acme",
        model="WS-C2960+48PST-L" if flaw == "needs it itself" else "S-48",
    )
    ports(district, "there", 8 if flaw == "fewer ports" else 24)
    found = by_name(district.plan(policy=policy()))
    assert of_kind(found["needy"], AlternativeKind.CASCADE) is None


def test_a_unit_is_given_away_once_and_to_the_first_in_the_list() -> None:
    district = two_schools()
    busy(district, "first")
    busy(district, "second")
    psu = district.part("first", "psu 1", EntityKind.SENSOR)
    district.reading("netwatch_sensor_state_level", psu, 2)
    district.device("there", installed=NEW, place=OTHER)
    plan = district.plan(policy=policy())
    assert plan.assets[0].name == "first"
    found = by_name(plan)
    assert of_kind(found["first"], AlternativeKind.CASCADE) is not None
    assert of_kind(found["second"], AlternativeKind.CASCADE) is None


def test_a_spare_of_the_same_model_is_proposed_once() -> None:
    district = two_schools()
    busy(district, "needy")
    busy(district, "also")
    district.assets.append(Asset("SPARE-1", vendor="acme", model="s-48", installed=NEW))
    district.assets.append(Asset("SPARE-2", vendor="acme", model="unrelated", installed=NEW))
    found = by_name(district.plan(policy=policy()))
    given = [of_kind(found[name], AlternativeKind.SPARE) for name in ("also", "needy")]
    assert [one is not None for one in given] == [True, False]
    assert given[0] is not None
    assert "SPARE-1" in given[0].text
    assert "the same model" in given[0].text


@pytest.mark.parametrize(
    ("installed", "support_until", "helps"),
    [(NEW, None, True), (None, None, True), (OLD, None, False), (NEW, date(2010, 1, 1), False)],
)
def test_a_spare_that_is_as_bad_does_not_help(installed, support_until, helps) -> None:
    district = two_schools()
    busy(district, "needy")
    spare = Asset("SPARE-1", vendor="acme", model="S-48", installed=installed, support_until=support_until)
    district.assets.append(spare)
    strict = policy()
    strict = strict.model_copy(
        update={"alternatives": strict.alternatives.model_copy(update={"points_better": 12})}
    )
    found = of_kind(by_name(district.plan(policy=strict))["needy"], AlternativeKind.SPARE)
    assert (found is not None) == helps
    if found is not None and installed is None:
        assert "age unknown" in found.evidence[0].text


@pytest.mark.parametrize(
    ("part", "prices", "cost", "expected"),
    [
        ("psu 1", "{}", 3000.0, "not in the policy"),
        ("psu 1", "{power supply: 180}", 3000.0, "parts cost 180.00 USD, the whole did cost 3,000.00 USD"),
        ("psu 1", "{power supply: 180}", None, "an unknown price"),
        ("psu 1", "{power supply: 180}", 150.0, None),
        ("Fan Tray 2", "{fan: 60}", 3000.0, "parts cost 60.00"),
        ("board temperature", "{}", 3000.0, None),
    ],
)
def test_a_failed_part_is_repaired_where_it_is_cheaper(part, prices, cost, expected) -> None:
    district = District()
    district.device("sw", installed=OLD, asset={"cost": cost})
    sensor = district.part("sw", part, EntityKind.SENSOR)
    district.reading("netwatch_sensor_state_level", sensor, 2)
    (asset,) = district.plan(policy=policy(part_prices=prices)).assets
    found = of_kind(asset, AlternativeKind.REPAIR)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert part in found.text
        assert any(expected in item.text for item in found.evidence)


def test_software_that_ended_is_upgraded_and_hardware_is_not() -> None:
    district = District()
    district.device("host", kind=DeviceKind.SERVER, role="hypervisor", vendor="VMware", model="ESXi 6.7")
    district.device("sw", vendor="Cisco", model="WS-C2960+48PST-L", installed=OLD)
    found = by_name(district.plan(policy=policy()))
    upgrade = of_kind(found["host"], AlternativeKind.UPGRADE)
    assert upgrade is not None
    assert "last day of support 2022-10-15" in upgrade.evidence[0].text
    assert "endoflife.date" in upgrade.evidence[0].source
    assert of_kind(found["sw"], AlternativeKind.UPGRADE) is None


def milestone(kind: str, on: date) -> Milestone:
    return Milestone(
        models=("S-48",), milestone=kind, date=on, source="x", checked_on=TODAY, confidence="high"
    )


@pytest.mark.parametrize(
    ("milestones", "contract", "expected"),
    [
        ({"end_of_security_fixes": NEW, "last_day_of_support": date(2029, 6, 30)}, None, "2029-06-30"),
        ({"end_of_security_fixes": NEW, "last_day_of_support": date(2026, 1, 1)}, None, None),
        ({"last_day_of_support": date(2029, 6, 30)}, date(2026, 12, 31), "2029-06-30"),
        ({"last_day_of_support": date(2029, 6, 30)}, date(2029, 1, 1), None),
        (
            {"last_contract_renewal": date(2026, 1, 1), "last_day_of_support": date(2029, 6, 30)},
            date(2026, 12, 31),
            None,
        ),
        ({}, date(2026, 12, 31), "nobody entered until when"),
        ({}, None, None),
    ],
)  # fmt: skip
def test_support_is_extended_while_the_maker_takes_contracts(milestones, contract, expected) -> None:
    district = District()
    district.device("sw", installed=OLD, asset={"support_until": contract})
    lifecycle = Lifecycle(
        LIFECYCLE.useful_lives, tuple(milestone(kind, on) for kind, on in milestones.items())
    )
    (asset,) = district.plan(policy=policy(), lifecycle=lifecycle).assets
    found = of_kind(asset, AlternativeKind.EXTENDED_SUPPORT)
    assert (found is None) == (expected is None)
    if found is not None and expected is not None:
        assert expected in found.text


def test_another_channel_where_the_wireless_plan_says_so() -> None:
    district = District()
    district.device("ap", kind=DeviceKind.WIRELESS, role="ap", installed=OLD)
    told = (EvidenceItem("3 neighbours send on channel 36", "netwatch_radio_airtime_ratio", 0.6, "ratio"),)
    (asset,) = district.plan(policy=policy(), hints=Hints(rechannel={EntityId("ap"): told})).assets
    found = of_kind(asset, AlternativeKind.RECHANNEL)
    assert found is not None
    assert found.evidence == told
    (asset,) = district.plan(policy=policy()).assets
    assert of_kind(asset, AlternativeKind.RECHANNEL) is None, "nobody told"


def test_nothing_is_looked_for_where_nothing_is_wrong() -> None:
    district = two_schools()
    district.device("fine", installed=NEW)
    district.assets.append(Asset("SPARE-1", vendor="acme", model="S-48", installed=NEW))
    assert not any(one.alternatives for one in district.plan().assets)
