"""A sheet of a report as CSV."""

from __future__ import annotations

import csv
import io

from netwatch.export.cells import harmless, iso, plain
from netwatch.model import Report, Sheet

__all__ = ["report_csv"]


def report_csv(report: Report, sheet: Sheet | None = None, limit: int | None = None) -> str:
    """RFC 4180 text with a header line and CRLF between lines, one line per row of the sheet, which is the
    first one if None is given.

    The header holds the keys of the columns, in their order, then `policy`, `at` and `simulated`, which are
    those of the report. Cells are in base units, unknown is empty. A text that a spreadsheet would take for a
    formula gets an apostrophe in front.
    """
    sheet = report.sheets[0] if sheet is None else sheet
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    keys = [column.key for column in sheet.columns]
    made = {"policy": harmless(report.policy), "at": iso(report), "simulated": _yes(report.simulated)}
    tail = [key for key in made if key not in keys]
    writer.writerow(map(harmless, [*keys, *tail]))
    values = [made[key] for key in tail]
    for row in sheet.rows[:limit]:
        writer.writerow([*map(plain, row.cells), *values])
    return out.getvalue()


def _yes(value: bool) -> str:
    return "yes" if value else "no"
