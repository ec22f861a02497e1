"""Utilisation as a report: a row per place and sort of thing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from netwatch.model import FEW, UNDER_FEW, Cell, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.utilisation.frame import Group
from netwatch.planning.utilisation.measure import Level, Use, Used

__all__ = ["utilisation_report"]

_COLUMNS = (
    ReportColumn("school", "School", public=True),
    ReportColumn("place", "Place"),
    ReportColumn("group", "Of what", public=True),
    ReportColumn("unit", "Unit", help="ratio: 0 to 1 of what there is; clients: a count.", public=True),
    ReportColumn("things", "Things", Show.COUNT, "Ports, radios, volumes, power sources.", public=True),
    ReportColumn("mean_class", "Mean in class", Show.NUMBER, public=True),
    ReportColumn("p95_class", "P95 in class", Show.NUMBER, "95th percentile of class time.", public=True),
    ReportColumn("mean", "Mean", Show.NUMBER, "Over all hours.", public=True),
    ReportColumn("p95", "P95", Show.NUMBER, "95th percentile of all hours.", public=True),
    ReportColumn(
        "max", "Maximum", Show.NUMBER, "Of single readings; of clients of five minutes.", public=True
    ),
    ReportColumn("hours_class", "Class hours measured", Show.NUMBER, "Summed over things.", public=True),
    ReportColumn("hours", "Hours measured", Show.NUMBER, "Summed over things.", public=True),
    ReportColumn("note", "Note", public=True),
    ReportColumn("start", "From", Show.DATE, public=True),
    ReportColumn("end", "To", Show.DATE, "The last day.", public=True),
    ReportColumn("level", "Level", public=True),
)
_NOTES = (
    "Links count by direction. A percentile of several things is that of all their measured time together.",
    "Clients are counted, never identified; those of a place are summed moment by moment.",
)


def utilisation_report(used: Sequence[Used], *, at: float, first: date, last: date, level: Level) -> Report:
    """`at`: wall seconds. `first` and `last`: days of the window, both in it."""
    rows = tuple(_row(one, first, last, level) for one in used)
    return Report(
        "utilisation",
        "Utilisation",
        at,
        (Sheet("utilisation", f"Utilisation by {level}", _COLUMNS, rows, _NOTES),),
        simulated=any(one.simulated for one in used),
    )


def _row(one: Used, first: date, last: date, level: Level) -> ReportRow:
    clients = one.group is Group.CLIENTS
    figures = [*_figures(one.lessons), *_figures(one.always), one.largest]
    note = ""
    if clients and level is Level.ROOM:
        hidden = [value is not None and value < FEW for value in figures]
        figures = [None if few else value for few, value in zip(hidden, figures, strict=True)]
        note = f"not told where {UNDER_FEW}" if any(hidden) else ""
    name = one.place.name if one.place is not None else "unknown place"
    cells: tuple[Cell, ...] = (
        one.school,
        name,
        one.group.value,
        "clients" if clients else "ratio",
        one.things,
        *(None if value is None else round(value, 4) for value in figures),
        round(one.lessons.seconds / 3600, 2),
        round(one.always.seconds / 3600, 2),
        note,
        first,
        last,
        level.value,
    )
    return ReportRow(f"{one.place.id if one.place is not None else ''}|{one.group}", cells)


def _figures(use: Use) -> tuple[float | None, float | None]:
    return use.mean, use.p95
