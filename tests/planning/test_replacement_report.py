"""The report: sheets that open down to evidence, tell the policy as voted, and leave the worker whole."""

from __future__ import annotations

import pickle
from datetime import date
from pathlib import Path

from replacement_district import AT, LIFECYCLE, District, by_name

from netwatch.app.handing import Handover
from netwatch.app.kept_plans import KeptPlans
from netwatch.app.planner import Rules, _make
from netwatch.calendars import Calendars
from netwatch.documents import parse_yaml
from netwatch.errors import StoreError
from netwatch.model import (
    Alert,
    AlertState,
    EntityId,
    EntityKind,
    Report,
    Severity,
    Transition,
)
from netwatch.planning import load_policies, load_policy
from netwatch.planning.replacement import load_overrides
from netwatch.planning.replacement.report import report
from netwatch.resources import config_dir
from netwatch.store import Store

WHO = "name: M. Ortiz, reason: promised to the board, date: 2026-10-01"


def district() -> District:
    out = District()
    for number in range(6):
        out.device(f"sw-{number}", installed=date(2006 + 3 * number, 8, 1) if number else None)
    psu = out.part("sw-1", "psu 1", EntityKind.SENSOR)
    out.reading("netwatch_sensor_state_level", psu, 2)
    return out


def made() -> Report:
    rows = f"overrides:\n  - {{device: sw-2, exclude: true, {WHO}}}\n  - {{device: sw-9, pin: top, {WHO}}}\n"
    return report(district().plan(overrides=load_overrides(parse_yaml(rows, "o.yaml"))))


def test_sheets_and_columns_are_stable() -> None:
    found = made()
    assert [sheet.name for sheet in found.sheets] == ["ranking", "missing", "overrides", "criteria", "models"]
    assert [column.key for column in found.sheets[0].columns] == [
        "rank", "rank_low", "rank_high", "score", "score_at_most", "name", "school", "place", "kind",
        "vendor", "model", "serial", "likelihood", "consequence", "fitness", "security", "cost", "reasons",
        "alternatives", "unknown", "override", "device",
    ]  # fmt: skip
    public = {column.key for column in found.sheets[0].columns if column.public}
    assert not public & {"name", "place", "serial", "reasons", "alternatives", "override", "device"}


def test_the_sum_of_the_criteria_is_the_score_in_every_row() -> None:
    sheet = made().sheets[0]
    names = ("likelihood", "consequence", "fitness", "security", "cost")
    for row in sheet.rows:
        assert row.cells[sheet.place("score")] == sum(row.cells[sheet.place(name)] for name in names)
        assert all(row.evidence.get(name) for name in names if row.cells[sheet.place(name)])


def test_what_is_unknown_opens_to_its_price_and_what_to_do_to_its_evidence() -> None:
    sheet = made().sheets[0]
    rows = {row.cells[sheet.place("name")]: row for row in sheet.rows}
    told = [item.text for item in rows["sw-0"].evidence["unknown"]]
    assert any(text.startswith("installed: up to 14") for text in told)
    assert "repair: new psu 1" in str(rows["sw-1"].cells[sheet.place("alternatives")])
    assert rows["sw-1"].evidence["alternatives"][0].source == "netwatch_sensor_state_level"


def test_missing_facts_are_told_by_what_they_could_change() -> None:
    sheet = made().sheet("missing")
    facts = dict(zip(sheet.column("fact"), sheet.column("assets"), strict=True))
    assert facts["installed"] == 1
    assert facts["capacity date"] == 5


def test_overrides_are_told_and_so_are_those_of_nobody() -> None:
    found = made()
    sheet = found.sheet("overrides")
    assert sheet.column("name") == ("sw-2",)
    assert "excluded by M. Ortiz" in str(sheet.column("override")[0])
    assert "sw-2" not in found.sheets[0].column("name")
    assert any("device sw-9" in note for note in found.sheets[0].notes)


def test_the_criteria_stand_there_as_they_were_voted() -> None:
    text = (config_dir() / "planning" / "replacement.yaml").read_text(encoding="utf-8")
    text = text.replace("# voted_on", "voted_on").replace("# voted_by", "voted_by")
    sheet = report(district().plan(policy=load_policy(parse_yaml(text, "mine.yaml")))).sheet("criteria")
    assert "voted on 2027-01-12 by Board of Education" in sheet.notes[0]
    whole = [row for row in sheet.rows if not row.cells[1]]
    parts = [row for row in sheet.rows if row.cells[1]]
    assert sum(int(str(row.cells[2])) for row in whole) == sum(int(str(row.cells[2])) for row in parts) == 100
    assert all(row.cells[3] for row in sheet.rows)
    assert "not voted on" in made().sheet("criteria").notes[0]


def test_a_model_that_abstains_says_why() -> None:
    sheet = made().sheet("models")
    (row,) = sheet.rows
    assert row.cells[sheet.place("rate")] is None
    assert row.cells[sheet.place("abstains")] == "fewer than 3 device-years"
    assert row.unknown


def test_it_can_be_sent_from_a_worker() -> None:
    found = made()
    assert pickle.loads(pickle.dumps(found)) == found


async def test_alerts_of_the_store_count_as_incidents(tmp_path: Path) -> None:
    """As the daemon's worker makes the plans."""
    alert = Alert(
        "a1", "FanFailed", EntityId("sw-1"), EntityId("sw-1"), AlertState.FIRING, Severity.CRITICAL,
        AT - 5 * 3600, AT - 5 * 3600, None, None, "a fan",
    )  # fmt: skip
    file = await Handover(tmp_path).put(district().snapshot())
    with Store(tmp_path / "netwatch.db") as store:
        store.incidents.record([Transition(alert, None, AT - 5 * 3600)])
        rules = Rules(LIFECYCLE, load_policies(None, config_dir() / "planning"), Calendars({}), {})
        kept = KeptPlans(tmp_path)
        made = _make(file, AT, tmp_path / "history", tmp_path / "netwatch.db", kept, rules, (), None)
    assert not isinstance(made, StoreError)
    judged, _ = made
    found = by_name(judged.plans.replacements)
    cost = next(one for one in found["sw-1"].contributions if one.name == "cost")
    assert any(
        "1 incident in 365 days, open for 5.0 hours with at most 8 of each: FanFailed" in item.text
        for item in cost.evidence
    )
    assert "incident history" not in found["sw-3"].unknown
    gathered = kept.gathered()
    assert gathered is not None
    assert gathered.basis.incidents is not None
