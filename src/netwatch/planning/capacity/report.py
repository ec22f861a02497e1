"""The capacity dates as a report: what is full first, and a sheet for each kind of decision."""

from __future__ import annotations

from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.capacity.policy import CapacityPolicy
from netwatch.planning.capacity.results import CapacityLine, CapacityResult
from netwatch.planning.capacity.sheets import circuits, full_columns, hosts, storage, trunks
from netwatch.planning.capacity.wording import amount

__all__ = ["report"]

_DATES = (
    ReportColumn("name", "What"),
    ReportColumn("school", "School", public=True),
    ReportColumn("kind", "Kind", public=True),
    ReportColumn("used", "Used", help="Storage now; all else the 95th percentile of class time, lately."),
    ReportColumn("limit", "Full from", help="From which the policy calls it full."),
    ReportColumn("share", "Used of that", Show.RATIO, public=True),
    *full_columns(metric="netwatch_plan_capacity_full_timestamp_seconds"),
    ReportColumn("growth", "Growth a year"),
    ReportColumn("verdict", "Verdict", public=True),
    ReportColumn("unknown", "Unknown", public=True),
    ReportColumn("used_value", "Used, as a number", Show.NUMBER, "In the unit.", aside=True),
    ReportColumn("limit_value", "Full from, as a number", Show.NUMBER, "In the unit.", aside=True),
    ReportColumn("growth_value", "Growth a year, as a number", Show.NUMBER, "In the unit.", aside=True),
    ReportColumn("unit", "Unit", aside=True),
    ReportColumn("device", "Device id", aside=True),
)
_NOTES = (
    "Full: the median of the forecast is at the limit. Early and late are the ends of an 80 % interval: "
    "one thing in ten is full earlier, one in ten later.",
    "No date means: not within the horizon, or not forecastable, which the verdict tells.",
    "Intervals are tested up to two years ahead; what lies beyond is an extrapolation.",
)


def report(result: CapacityResult, policy: CapacityPolicy) -> Report:
    """Sheets `dates`, `circuits`, `trunks`, `hosts` and `storage`."""
    rows = tuple(_row(line) for line in result.lines)
    dates = Sheet("dates", "When what is full", _DATES, rows, _NOTES)
    return Report(
        "capacity",
        "Capacity dates",
        result.at,
        (dates, circuits(result, policy), trunks(result, policy), hosts(result), storage(result, policy)),
        policy=result.policy,
        simulated=result.simulated,
    )


def _row(line: CapacityLine) -> ReportRow:
    unit = line.kind.unit
    cells: tuple[Cell, ...] = (
        line.name,
        line.school,
        line.kind.value,
        None if line.used is None else amount(line.used, unit),
        None if line.limit is None else amount(line.limit, unit),
        line.share,
        line.low,
        line.median,
        line.high,
        None if line.growth is None else amount(line.growth, unit),
        line.verdict,
        "; ".join(line.unknown),
        line.used,
        line.limit,
        line.growth,
        unit,
        line.device,
    )
    found: dict[str, tuple[EvidenceItem, ...]] = {}
    if line.evidence:
        found = dict.fromkeys(("used", "full", "growth", "verdict"), line.evidence)
    if line.size_evidence:
        found["limit"] = line.size_evidence
    return ReportRow(line.key, cells, found, line.unknown)
