"""Plans as metrics: only those that exist, nothing for what is unknown, clean under promtool."""

from __future__ import annotations

import shutil
import subprocess
from datetime import date

import pytest
from prometheus_client.parser import text_string_to_metric_families

from netwatch.exposition import SelfMetrics
from netwatch.exposition.plans import PLAN_FAMILIES
from netwatch.model import Report, ReportColumn, ReportRow, Sheet, Show

AT = 1_790_000_000.0


METRICS = {one.plan: one.name for one in PLAN_FAMILIES if one.plan != "costs"}


def report(name: str, key: str, show: Show, *cells: object) -> Report:
    columns = (
        ReportColumn("name", "Name"),
        ReportColumn("school", "School"),
        ReportColumn(key, "Value", show, metric=METRICS.get(name, "")),
    )
    rows = tuple(
        ReportRow(f"k{number}", (f'"{number}"\\', "Lincoln", cell), unknown=("x",) if cell is None else ())  # type: ignore[arg-type]
        for number, cell in enumerate(cells)
    )
    return Report(name, name, AT, (Sheet("first", "First", columns, rows),))


REPORTS = {
    one.name: one
    for one in (
        report("replacements", "score", Show.POINTS, 61.125, 3.0, None),
        report("capacity", "full", Show.DATE, date(2027, 3, 1), None),
        report("costs", "colour", Show.TEXT, "blue"),
    )
}


def told(metrics: SelfMetrics) -> dict[str, dict[tuple[str, ...], float]]:
    text = metrics.render(openmetrics=False).decode()
    return {
        family.name: {tuple(sample.labels.values()): sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
        if family.name.startswith("netwatch_plan")
    }


def test_plans_that_exist_have_series_and_what_is_unknown_has_none() -> None:
    metrics = SelfMetrics()
    assert told(metrics) == {}
    metrics.plans.show(REPORTS)
    found = told(metrics)
    assert found["netwatch_plan_replacement_score"] == {
        ("k0", '"0"\\', "Lincoln"): 61.125,
        ("k1", '"1"\\', "Lincoln"): 3.0,
    }
    assert list(found["netwatch_plan_capacity_full_timestamp_seconds"].values()) == [1803859200.0]
    assert found["netwatch_plan_unknown_rows"][("replacements", "first")] == 1
    assert found["netwatch_plan_made_timestamp_seconds"][("costs",)] == AT
    assert "netwatch_plan_operating_cost_per_year" not in found
    assert "netwatch_plan_wireless_score" not in found
    metrics.plans.show({})
    assert told(metrics) == {}


def test_only_the_first_rows_have_series() -> None:
    metrics = SelfMetrics()
    metrics.plans.show(
        {"replacements": report("replacements", "score", Show.POINTS, *map(float, range(500)))}
    )
    found = told(metrics)
    assert len(found["netwatch_plan_replacement_score"]) == 100
    assert found["netwatch_plan_rows"] == {("replacements", "first"): 500}


def test_every_family_is_announced_for_the_reference() -> None:
    names = {family.name for family in SelfMetrics().families()}
    assert {family.name for family in PLAN_FAMILIES} <= names


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_promtool_finds_nothing_to_say() -> None:
    metrics = SelfMetrics()
    metrics.plans.show(REPORTS)
    text = metrics.render(openmetrics=False)
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, check=False)
    lines = [line for line in (done.stdout + done.stderr).decode().splitlines() if "plan" in line]
    assert lines == []
