"""Every form in which a report goes out, by name."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from netwatch.documents import did_you_mean
from netwatch.errors import PlanningError
from netwatch.export.edition import Edition, edition_of
from netwatch.export.packet import document_of
from netwatch.export.report_csv import report_csv
from netwatch.export.report_json import report_to_json
from netwatch.export.report_parquet import report_parquet
from netwatch.export.report_table import ReportTable
from netwatch.export.report_xlsx import report_xlsx
from netwatch.model import Report, Sheet

__all__ = ["Document", "Format", "find_report", "find_sheet", "render"]


class Format(StrEnum):
    TABLE = "table"
    CSV = "csv"
    XLSX = "xlsx"
    JSON = "json"
    HTML = "html"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was made."""

    body: bytes
    media_type: str
    name: str
    """Under which it is kept, e.g. `netwatch-replacements.csv`."""


_TYPES = {
    Format.TABLE: ("text/plain; charset=utf-8", "txt"),
    Format.CSV: ("text/csv; charset=utf-8", "csv"),
    Format.XLSX: ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    Format.JSON: ("application/json", "json"),
    Format.HTML: ("text/html; charset=utf-8", "html"),
    Format.PARQUET: ("application/vnd.apache.parquet", "parquet"),
}


def find_report(reports: Mapping[str, Report], name: str) -> Report:
    """Raises PlanningError that names those that there are."""
    if name not in reports:
        raise PlanningError(_unknown("plan", name, reports))
    return reports[name]


def find_sheet(report: Report, name: str) -> Sheet:
    """The first one for an empty name. Raises PlanningError that names those that there are."""
    sheets = {sheet.name: sheet for sheet in report.sheets}
    if not sheets:
        raise PlanningError(f"the plan {report.name} has no sheet in this edition")
    if name and name not in sheets:
        raise PlanningError(_unknown("sheet", name, sheets))
    return sheets[name] if name else report.sheets[0]


def render(
    report: Report,
    form: Format,
    *,
    edition: Edition = Edition.INTERNAL,
    sheet: str = "",
    limit: int | None = None,
    district: str = "",
    width: int = 160,
) -> Document:
    """The report as a file. `sheet` narrows it to one; tables, CSV and Parquet hold one sheet, else the
    first.
    `limit`: the first rows of each sheet. `width`: columns of a table of text. Raises PlanningError,
    MissingExtra."""
    report = edition_of(report, edition)
    chosen = find_sheet(report, sheet)
    if sheet:
        report = replace(report, sheets=(chosen,))
    if limit is not None and form not in (Format.TABLE, Format.CSV, Format.PARQUET):
        report = replace(report, sheets=tuple(replace(one, rows=one.rows[:limit]) for one in report.sheets))
    if form is Format.CSV:
        body = report_csv(report, chosen, limit).encode("utf-8", "replace")
    elif form is Format.JSON:
        body = (json.dumps(report_to_json(report), indent=2) + "\n").encode()
    elif form is Format.PARQUET:
        body = report_parquet(report, chosen, limit)
    elif form is Format.XLSX:
        body = report_xlsx(report)
    elif form is Format.HTML:
        body = document_of((report,), district, edition)
    else:
        body = _table(report, chosen, limit, width)
    media_type, ending = _TYPES[form]
    public = "-public" if edition is Edition.PUBLIC else ""
    part = f"-{sheet}" if sheet else ""
    return Document(body, media_type, f"netwatch-{report.name}{part}{public}.{ending}")


def _table(report: Report, sheet: Sheet, limit: int | None, width: int) -> bytes:
    from rich.console import Console

    out = io.StringIO()
    Console(file=out, width=width).print(ReportTable(report, sheet, limit))
    return out.getvalue().encode("utf-8", "replace")


def _unknown(what: str, name: str, known: Iterable[str]) -> str:
    known = list(known)
    hint = did_you_mean(name, known)
    names = f"there are {', '.join(known)}" if known else "there are none"
    return f"no {what} {name[:40]!r}: {hint or names}"
