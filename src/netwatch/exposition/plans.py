"""Metrics of plans: what the first rows of each are, and how much of them is unknown.

Only plans that exist have series. A plan says itself which column of its first sheet a family shows
(`ReportColumn.metric`); a new family needs a line in `PLAN_FAMILIES`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from netwatch.model import Cell, Report, ReportRow, Sheet, Show

__all__ = ["PLAN_FAMILIES", "PLAN_METRICS", "PlanFamily", "PlanMetrics"]

_MOST = 100
"""Rows of a plan that have series of their own."""


class PlanFamily(NamedTuple):
    """One column of the first sheet of a plan that is shown as a metric."""

    name: str
    """What the column names as its `metric`. Dates become Unix time."""
    help: str
    plan: str


PLAN_FAMILIES = (
    PlanFamily(
        "netwatch_plan_replacement_score",
        "Points for replacing an asset, 0 to 100; the first 100 of the plan.",
        "replacements",
    ),
    PlanFamily(
        "netwatch_plan_wireless_access_points",
        "Access points that a place may need, at most; the first 100 of the plan.",
        "wireless",
    ),
    PlanFamily(
        "netwatch_plan_capacity_full_timestamp_seconds",
        "Unix time of the day on which something is expected to be full; the first 100 of the plan.",
        "capacity",
    ),
    PlanFamily(
        "netwatch_plan_equity_index",
        "How well a school is served, 0 to 100; the first 100 of the plan.",
        "equity",
    ),
    PlanFamily(
        "netwatch_plan_operating_cost_per_year",
        "Operating cost per year of a model, in the currency of the plan; the first 100 of the plan.",
        "costs",
    ),
)

_ROW = ("key", "name", "school")
_MADE = ("netwatch_plan_made_timestamp_seconds", "Unix time for which a plan was made.", ("plan",))
_ROWS = ("netwatch_plan_rows", "Rows of a sheet of a plan.", ("plan", "sheet"))
_UNKNOWN = (
    "netwatch_plan_unknown_rows",
    "Rows of a sheet of which facts are missing that would change them.",
    ("plan", "sheet"),
)


PLAN_METRICS = (_MADE, _ROWS, _UNKNOWN, *((one.name, one.help, _ROW) for one in PLAN_FAMILIES))
"""Name, help and labels of each family."""


class PlanMetrics(Collector):
    """A collector of its registry: series come and go with the plans."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._families: tuple[GaugeMetricFamily, ...] = ()
        registry.register(self)

    def show(self, reports: Mapping[str, Report]) -> None:
        """Replaces what was shown of plans."""
        made, rows, unknown = (_gauge(*one) for one in (_MADE, _ROWS, _UNKNOWN))
        for report in reports.values():
            made.add_metric([report.name], report.at)
            for sheet in report.sheets:
                labels = [report.name, sheet.name]
                rows.add_metric(labels, len(sheet.rows))
                unknown.add_metric(labels, sum(bool(row.unknown) for row in sheet.rows))
        told = [_family(family, reports.get(family.plan)) for family in PLAN_FAMILIES]
        found = [made, rows, unknown] if reports else []
        self._families = (*found, *(family for family in told if family is not None))

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """For the registry."""
        yield from self._families


def _gauge(name: str, text: str, labels: tuple[str, ...]) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, text, labels=labels)


def _family(family: PlanFamily, report: Report | None) -> GaugeMetricFamily | None:
    if report is None or not report.sheets:
        return None
    sheet = report.sheets[0]
    keys = [column.key for column in sheet.columns]
    place = next((at for at, one in enumerate(sheet.columns) if one.metric == family.name), None)
    if place is None:
        return None
    out = _gauge(family.name, family.help, _ROW)
    told: set[str] = set()
    for row in sheet.rows[:_MOST]:
        value = _value(row.cells[place])
        if value is None or row.key in told:
            continue
        told.add(row.key)
        out.add_metric([row.key, _named(sheet, row), _school(keys, row)], value)
    return out if told else None


def _value(cell: Cell) -> float | None:
    """Unknown has no series."""
    if isinstance(cell, date):
        return datetime(cell.year, cell.month, cell.day, tzinfo=UTC).timestamp()
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        return None
    return float(cell)


def _named(sheet: Sheet, row: ReportRow) -> str:
    """The first text of the row."""
    pairs = zip(row.cells, sheet.columns, strict=True)
    return next((str(cell) for cell, column in pairs if column.show is Show.TEXT and cell), "")


def _school(keys: list[str], row: ReportRow) -> str:
    cell = row.cells[keys.index("school")] if "school" in keys else None
    return cell if isinstance(cell, str) else ""
