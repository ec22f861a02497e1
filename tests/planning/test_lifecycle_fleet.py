"""What is known of each model, and what to look up first; blank stays blank."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from register_world import Nothing, World

from netwatch.calendars import Calendars
from netwatch.model import Asset, AssetState
from netwatch.planning import Flaw, Lifecycle, Milestone, load_policies
from netwatch.planning.basis import subjects
from netwatch.planning.lifecycle import lifecycle_report, missing_facts, survey
from netwatch.planning.plans import gather_all, judge_all
from netwatch.resources import config_dir

FACTS = {"source": "letter", "checked_on": date(2026, 11, 1), "confidence": "high"}


def milestone(kind: str, day: str, models: tuple[str, ...] = ("S-48*",), **changes) -> Milestone:
    row = {"vendor": "acme*", "models": models, "milestone": kind, "date": date.fromisoformat(day)}
    return Milestone(**row | FACTS | changes)


LIFECYCLE = Lifecycle(
    milestones=(
        milestone("end_of_sale", "2022-10-31", bulletin="A-1"),
        milestone("last_day_of_support", "2027-10-31", confidence="medium", checked_on=date(2026, 10, 1)),
        milestone("end_of_security_fixes", "2026-03-31", models=(), versions=("1.2*",)),
    ),
    flaws=(
        Flaw(
            cve="CVE-2024-1234", vendor="acme*", products=("S-48",), versions=("1.1*",), name="Bypass",
            added=date(2024, 5, 1), ransomware=True, source="catalogue", checked_on=date(2026, 11, 1),
        ),
    ),
)  # fmt: skip


@pytest.fixture
def world() -> World:
    out = World()
    for number, version in enumerate(["1.1.3", "1.1.3", "1.2.0", ""]):
        out.device(f"sw-{number}", f"SN-{number}", version=version)
    for number in range(3):
        out.device(f"ap-{number}", f"AP-{number}", model="AP-5", vendor="Other")
        out.device(f"old-{number}", f"OLD-{number}", model="OLD-1", vendor="Other")
    installed = {"SN-0": date(2016, 11, 20), "SN-1": date(2018, 11, 20), "AP-0": date(2022, 1, 1)}
    installed |= {f"OLD-{number}": date(2010, 1, 1) for number in range(3)}
    out.assets = [
        replace(one, vendor="", model="", installed=installed.get(one.serial)) for one in out.assets
    ]
    out.assets += [
        Asset("SPARE", vendor="Acme", model="S-48"),
        Asset("GONE", vendor="Acme", model="S-48", state=AssetState.DISPOSED),
        Asset("WHAT", asset_tag="MV-9"),
    ]
    return out


def test_models_by_number_then_age_with_their_milestones_apart(world: World) -> None:
    fleet = survey(world.basis(), LIFECYCLE)
    assert [(one.model, one.assets, one.spares, one.undated) for one in fleet.models] == [
        ("S-48", 4, 1, 2),
        ("OLD-1", 3, 0, 0),
        ("AP-5", 3, 0, 2),
    ]
    first = fleet.models[0]
    assert first.years == pytest.approx(9.0, abs=0.01)
    assert first.oldest == date(2016, 11, 20)
    assert [(str(one.milestone), str(one.on)) for one in first.milestones] == [
        ("end_of_sale", "2022-10-31"),
        ("last_day_of_support", "2027-10-31"),
    ]
    assert (first.flaws, fleet.models[1].flaws) == (1, None), "no catalogue speaks of the other maker"
    assert fleet.nameless == 1


def test_the_report(world: World) -> None:
    report = lifecycle_report(survey(world.basis(), LIFECYCLE))
    models = report.sheet("models")
    assert models.column("end_of_sale") == (date(2022, 10, 31), None, None)
    assert models.column("announced") == (None, None, None)
    assert models.column("known") == (True, False, False)
    assert models.column("confidence")[0] == "medium", "the lowest"
    assert models.column("checked_on")[0] == date(2026, 10, 1), "the oldest"
    assert models.column("source")[0] == "bulletin A-1; letter; letter"
    assert models.rows[0].evidence["end_of_sale"][0].source == "bulletin A-1; letter"
    assert models.rows[1].unknown == ("support dates", "exploited flaws")
    assert report.sheet("look-up").column("model") == ("OLD-1", "AP-5")
    assert report.sheet("look-up").notes == ("Without a model, and so in no line: 1.",)
    (software,) = report.sheet("software").rows
    assert software.cells[2:6] == ("1.2.0", 1, "End of security fixes", date(2026, 3, 31))
    flaws = report.sheet("flaws")
    assert [(row.cells[3], row.cells[4], row.cells[5]) for row in flaws.rows] == [
        (None, 2, None),
        ("1.1.3", 2, True),
    ]
    public = {column.key for sheet in report.sheets for column in sheet.columns if column.public}
    assert not public & {"version", "cve", "flaws", "affected"}


def test_missing_facts_come_in_the_order_of_their_worth(world: World) -> None:
    found = {one.serial: missing_facts(one, LIFECYCLE) for one in subjects(world.basis().snapshot)}
    assert found["SN-0"] == ("useful life", "cost", "fund", "warranty", "support contract")
    assert found["WHAT"][:4] == ("model", "installed", "useful life", "support dates")
    assert "GONE" not in found


@given(st.randoms(use_true_random=False))
@settings(max_examples=20, deadline=None)
def test_the_order_of_what_is_told_changes_nothing(chance: random.Random) -> None:
    world = World()
    for number in range(8):
        world.device(f"d-{number}", f"S-{number}", model=f"M-{number % 3}", version=f"1.{number % 2}")
    expected = lifecycle_report(survey(world.basis(), LIFECYCLE))
    for name in ("entities", "devices"):
        rows = list(getattr(world, name).items())
        chance.shuffle(rows)
        setattr(world, name, dict(rows))
    chance.shuffle(world.assets)
    assert lifecycle_report(survey(world.basis(), LIFECYCLE)) == expected


def test_both_reports_are_among_the_plans(world: World) -> None:
    policies = load_policies(None, config_dir() / "planning")
    basis = world.basis()
    gathered = gather_all(
        basis.snapshot, Nothing(), policies, Calendars({}), at=basis.at, tenures=world.tenures
    )
    plans = judge_all(gathered, LIFECYCLE, policies)
    assert {"replacements", "lifecycle", "register"} <= set(plans.reports)
    assert all(plans.reports[name].name == name for name in plans.reports)
