"""The monthly page as a report: what was measured, and the most important lines of the other plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.leadership.measure import Month, Months
from netwatch.planning.leadership.policy import LeadershipPolicy

__all__ = ["leadership_report"]

_GAPS = 5
"""Lines of the gap between schools."""
_MONTHS = (
    ReportColumn("month", "Month", public=True),
    ReportColumn(
        "availability",
        "Available in class",
        Show.RATIO,
        "Share of class time in which devices answered.",
        public=True,
    ),
    ReportColumn("links_full", "Uplinks full in class", Show.SECONDS, public=True),
    ReportColumn("radios_full", "Wi-Fi full in class", Show.SECONDS, public=True),
    ReportColumn("pages", "Pages sent", Show.COUNT, "Messages to people on call.", public=True),
)
_REPLACE = (
    ReportColumn("rank", "Rank", Show.COUNT, public=True),
    ReportColumn("score", "Score", Show.POINTS, public=True),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School", public=True),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("model", "Model", public=True),
)


def leadership_report(
    months: Months, reports: Mapping[str, Report], policy: LeadershipPolicy, *, at: float
) -> Report:
    """`reports`: the other plans that there are, by name. What a missing one would tell is left out."""
    made = (
        _monthly(months),
        _replace(reports.get("replacements"), policy.first),
        _full(reports.get("capacity"), datetime.fromtimestamp(at, UTC).date(), policy.full_within_days),
        _gap(reports.get("equity")),
    )
    sheets = tuple(sheet for sheet in made if sheet is not None)
    simulated = months.simulated or any(report.simulated for report in reports.values())
    return Report("leadership", "Network at a glance", at, sheets, policy=policy.name, simulated=simulated)


def _monthly(months: Months) -> Sheet:
    rows = tuple(_month(month) for month in months.months)
    notes = (
        "Class time is that of each school's calendar. A month in which nothing was measured is unknown. The "
        "latest month is not over.",
    )
    bounds = {"links_full": months.uplink_full, "radios_full": months.airtime_full}
    columns = tuple(
        replace(
            one, help=f"Class time with a load of {bounds[one.key]:.0%} or more, summed over all of them."
        )
        if one.key in bounds
        else one
        for one in _MONTHS
    )
    return Sheet("months", "Month by month", columns, rows, notes)


def _month(month: Month) -> ReportRow:
    pages = () if month.pages is None else (EvidenceItem(f"{month.pages} messages", "log of notifications"),)
    evidence = {
        "availability": _measured("devices", "netwatch_device_up", month.watched),
        "links_full": _measured("uplinks", "netwatch_interface_receive_bytes_total", month.links),
        "radios_full": _measured("radios", "netwatch_radio_airtime_ratio", month.radios),
        "pages": pages,
    }
    cells: tuple[Cell, ...] = (
        month.first.strftime("%Y-%m"),
        month.up / month.watched if month.watched else None,
        month.links_full if month.links else None,
        month.radios_full if month.radios else None,
        month.pages,
    )
    names = ("", "availability", "load of uplinks", "airtime", "pages")
    unknown = tuple(name for name, cell in zip(names, cells, strict=True) if cell is None)
    return ReportRow(
        month.first.isoformat(), cells, {key: items for key, items in evidence.items() if items}, unknown
    )


def _measured(what: str, family: str, seconds: float) -> tuple[EvidenceItem, ...]:
    if not seconds:
        return ()
    hours = seconds / 3600
    return (EvidenceItem(f"{hours:,.0f} hours of class time of {what}", family, hours, "hours"),)


def _replace(report: Report | None, first: int) -> Sheet | None:
    if report is None or not report.sheets:
        return None
    sheet = report.sheets[0]
    known = {column.key: place for place, column in enumerate(sheet.columns)}
    rows = tuple(
        ReportRow(
            row.key,
            tuple(row.cells[known[column.key]] if column.key in known else None for column in _REPLACE),
            unknown=row.unknown,
        )
        for row in sheet.rows[:first]
    )
    return Sheet("replace", f"The first {first} to replace", _REPLACE, rows) if rows else None


def _full(report: Report | None, today: date, days: int) -> Sheet | None:
    """What the plan of capacity expects to be full within so many days."""
    if report is None or not report.sheets:
        return None
    sheet = report.sheets[0]
    dates = [at for at, column in enumerate(sheet.columns) if column.show is Show.DATE]
    if not dates:
        return None
    median = next((at for at in dates if sheet.columns[at].key == "full"), dates[0])
    words = [at for at, column in enumerate(sheet.columns) if column.show is Show.TEXT][:3]
    places = [*words, median]
    rows = []
    for row in sheet.rows:
        when = row.cells[median]
        if isinstance(when, date) and when <= today + timedelta(days=days):
            rows.append(ReportRow(row.key, tuple(row.cells[at] for at in places), unknown=row.unknown))
    rows.sort(key=lambda one: (str(one.cells[-1]), one.key))
    columns = tuple(sheet.columns[at] for at in places)
    span = "a year" if days == 365 else f"{days} days"
    notes = () if rows else (f"Nothing is expected to be full within {span}.",)
    return Sheet("full", f"Full within {span}", columns, tuple(rows), notes)


def _gap(report: Report | None) -> Sheet | None:
    """The latest lines of the gap between schools."""
    if report is None:
        return None
    found = next((sheet for sheet in report.sheets if sheet.name == "gap"), None)
    if found is None or not found.rows:
        return None
    keys = ("month", "schools", "mean", "best_index", "worst_index", "difference")
    places = [at for at, column in enumerate(found.columns) if column.key in keys]
    rows = tuple(ReportRow(row.key, tuple(row.cells[at] for at in places)) for row in found.rows[:_GAPS])
    return Sheet("gap", found.title, tuple(found.columns[at] for at in places), rows)
