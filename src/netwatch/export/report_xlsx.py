"""A report as a workbook: its sheets, the evidence that each row links to, and notes."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from netwatch.errors import MissingExtra
from netwatch.export.cells import UNKNOWN, is_number, is_unknown, iso
from netwatch.export.xlsx_layout import Layout, lay_out, lines_of
from netwatch.model import Cell, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

__all__ = ["report_xlsx"]

_LINKS = 60_000
"""A spreadsheet takes at most 65,530 links per sheet; further rows have their evidence without one."""
_ROWS = 1_048_575
_LONGEST = 32_000
"""Characters; a cell holds 32,767."""
_LETTER = 1
_LINE, _TALLEST = 15, 400
"""Points: height of a line of text, and of the tallest row."""
_EVIDENCE = (20.0, 26.0, 18.0, 70.0, 34.0, 26.0, 16.0, 18.0)
_NOTES = (36.0, 100.0)
"""Widths of the columns of the last sheets, in letters."""
_FIRST_YEAR = 1900
"""Before it a spreadsheet knows no dates."""
_FORMATS = {
    Show.COUNT: "#,##0",
    Show.NUMBER: "#,##0.####",
    Show.POINTS: "0.0",
    Show.RATIO: "0.0%",
    Show.DATE: "yyyy-mm-dd",
    Show.YEARS: "0.0",
    Show.SECONDS: "[h]:mm:ss",
    Show.BYTES: '[>=1000000000000]0.00,,,,"\u00a0TB";[>=1000000000]0.0,,,"\u00a0GB";0.0,,"\u00a0MB"',
    Show.BYTES_PER_SECOND: (
        '[>=1000000000]0.00,,,"\u00a0Gbit/s";[>=1000000]0.0,,"\u00a0Mbit/s";0.0,"\u00a0kbit/s"'
    ),
    Show.WATTS: '#,##0"\u00a0W"',
}
_SIGNS = {"USD": '"$"#,##0.00', "EUR": "[$€-x-euro2] #,##0.00", "GBP": "[$£-809]#,##0.00"}
_FACTOR = {Show.SECONDS: 1 / 86_400, Show.BYTES_PER_SECOND: 8.0}
_UNITS = {Show.SECONDS: "hours:minutes:seconds", Show.BYTES_PER_SECOND: "bits per second"}


def report_xlsx(report: Report) -> bytes:
    """The workbook. The same report gives the same bytes.

    Texts are written as texts, so that no cell is ever a formula; unknown is the word `unknown`. Raises
    MissingExtra without XlsxWriter.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise MissingExtra("XlsxWriter", "planning") from None
    out = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(out, {**options, "strings_to_numbers": False}) as book:
        made = datetime.fromtimestamp(report.at if iso(report) else 0.0, UTC).replace(tzinfo=None)
        book.set_properties({"title": _clean(report.title), "author": "netwatch", "created": made})
        _Writer(report, book).write()
    return out.getvalue()


@dataclass(slots=True)
class _Evidence:
    """What the sheet of evidence will hold, and where the rows of it begin."""

    rows: list[tuple[str, str, str, EvidenceItem, tuple[int, int]]] = field(default_factory=list)
    """Title of the sheet, row, column, item, and the cell that it stands behind."""


class _Writer:
    def __init__(self, report: Report, book: Any) -> None:
        self._report, self._book = report, book
        self._head = book.add_format(
            {
                "bold": True,
                "text_wrap": True,
                "valign": "top",
                "bg_color": "#E3EBE7",
                "bottom": 1,
                "border_color": "#5F6A66",
            }
        )
        self._text = book.add_format({"valign": "top", "text_wrap": True})
        self._indented = book.add_format({"valign": "top", "text_wrap": True, "indent": 1})
        soft = {"valign": "top", "italic": True, "font_color": "#5F6A66"}
        self._soft = {after: book.add_format({**soft, "align": after}) for after in ("left", "right")}
        self._link = book.add_format({"valign": "top", "font_color": "#0C5C62", "underline": 1})
        self._moment = book.add_format({"valign": "top", "num_format": "yyyy-mm-dd hh:mm"})
        money = _SIGNS.get(
            report.currency, f'#,##0.00 "{report.currency}"' if report.currency else "#,##0.00"
        )
        self._formats = {
            show: book.add_format({"valign": "top", "num_format": form})
            for show, form in {**_FORMATS, Show.MONEY: money.replace('""', '"')}.items()
        }
        self._names: dict[str, str] = {}
        taken = {"evidence", "notes"}
        for sheet in report.sheets:
            self._names[sheet.name] = _sheet_name(sheet.title or sheet.name, taken)

    def write(self) -> None:
        evidence = _Evidence()
        for sheet in self._report.sheets:
            self._sheet(sheet, evidence)
        if evidence.rows:
            self._evidence(evidence)
        self._notes()

    def _sheet(self, sheet: Sheet, evidence: _Evidence) -> None:
        page = self._book.add_worksheet(self._names[sheet.name])
        columns = sheet.columns
        opened = any(row.evidence for row in sheet.rows)
        heads = [*(_title(column) for column in columns), *(["Evidence"] if opened else [])]
        for place, head in enumerate(heads):
            page.write_string(0, place, _clean(head), self._head)
            if place < len(columns) and columns[place].help:
                page.write_comment(0, place, _clean(columns[place].help), {"author": ""})
        layout = lay_out(sheet, heads, self._report.currency)
        for number, row in enumerate(sheet.rows[:_ROWS], start=1):
            after = False
            for place, (column, cell) in enumerate(zip(columns, row.cells, strict=True)):
                self._cell(page, number, place, column, cell, self._indented if after else self._text)
                after = is_number(column.show) or column.show is Show.DATE
            if row.evidence:
                self._to_evidence(page, sheet, row, number, evidence)
            self._height(page, number, row.cells, layout.widths)
        self._lay_out(page, sheet.title, len(sheet.rows), len(heads), layout)

    def _height(self, page: Any, number: int, cells: Sequence[object], widths: Sequence[float]) -> None:
        """Texts that take several lines are read whole: not every spreadsheet finds the height by itself."""
        texts = ((cell, width) for cell, width in zip(cells, widths, strict=False) if isinstance(cell, str))
        lines = max((lines_of(cell, width) for cell, width in texts), default=1)
        if lines > 1:
            page.set_row(number, min(lines * _LINE, _TALLEST))

    def _lay_out(self, page: Any, title: str, rows: int, columns: int, layout: Layout) -> None:
        for place, width in enumerate(layout.widths):
            page.set_column(place, place, width)
        page.set_row(0, layout.head * _LINE + 1)
        page.freeze_panes(1, layout.names)
        page.autofilter(0, 0, min(rows, _ROWS), columns - 1)
        page.set_landscape()
        page.set_paper(_LETTER)
        if layout.scale is None:
            page.fit_to_pages(1, 0)
        else:
            page.set_print_scale(layout.scale)
            page.set_v_pagebreaks(list(layout.breaks))
            page.print_across()
        if layout.printed < columns:
            page.print_area(0, 0, min(max(rows, 1), _ROWS), layout.printed - 1)
        if layout.names and layout.breaks:
            page.repeat_columns(0, layout.names - 1)
        page.repeat_rows(0)
        page.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        simulated = " · SIMULATED HISTORY" if self._report.simulated else ""
        head = f"{self._report.title}: {title}{simulated}"
        page.set_header(f"&L{_printed(head)}&R{_printed(iso(self._report)[:10])}")
        page.set_footer(f"&L{_printed(self._report.policy)}&RPage &P of &N")

    def _cell(self, page: Any, row: int, place: int, column: ReportColumn, cell: Cell, text: Any) -> None:
        show = column.show
        if is_unknown(cell):
            if show is not Show.TEXT:
                flush = "right" if is_number(show) or show is Show.DATE else "left"
                page.write_string(row, place, column.blank or UNKNOWN, self._soft[flush])
        elif isinstance(cell, bool):
            page.write_string(row, place, "yes" if cell else "no", text)
        elif isinstance(cell, str):
            page.write_string(row, place, _clean(cell), text)
        elif isinstance(cell, date):
            if cell.year < _FIRST_YEAR:
                page.write_string(row, place, cell.isoformat(), text)
            else:
                page.write_datetime(row, place, cell, self._formats[Show.DATE])
        else:
            assert cell is not None
            form = self._formats.get(show, self._formats[Show.NUMBER])
            value = float(cell) * _FACTOR.get(show, 1.0)
            if math.isfinite(value):
                page.write_number(row, place, value, form)
            else:
                page.write_string(row, place, str(cell), text)

    def _to_evidence(self, page: Any, sheet: Sheet, row: ReportRow, number: int, evidence: _Evidence) -> None:
        first = len(evidence.rows) + 1
        for place, column in enumerate(sheet.columns):
            for item in row.evidence.get(column.key, ()):
                evidence.rows.append(
                    (self._names[sheet.name], _name(sheet, row), column.title, item, (number, place))
                )
        count = len(evidence.rows) + 1 - first
        words = f"{count} fact{'' if count == 1 else 's'}"
        if first <= _ROWS and number <= _LINKS:
            page.write_url(number, len(sheet.columns), f"internal:'Evidence'!A{first + 1}", self._link, words)
        else:
            page.write_string(number, len(sheet.columns), words, self._text)

    def _evidence(self, evidence: _Evidence) -> None:
        page = self._book.add_worksheet("Evidence")
        heads = ("Sheet", "Row", "Column", "Evidence", "Source", "Value", "Unit", "Read at (UTC)")
        for place, head in enumerate(heads):
            page.write_string(0, place, head, self._head)
        for number, (sheet, row, column, item, (at, place)) in enumerate(evidence.rows[:_ROWS], start=1):
            if number <= _LINKS:
                back = f"internal:'{sheet}'!{_cell_name(at, place)}"
                page.write_url(number, 0, back, self._link, sheet)
            else:
                page.write_string(number, 0, sheet, self._text)
            for position, text in ((1, row), (2, column), (3, item.text), (4, item.source), (6, item.unit)):
                page.write_string(number, position, _clean(text), self._text)
            if not is_unknown(item.value):
                page.write_number(number, 5, float(item.value or 0), self._formats[Show.NUMBER])
            if item.at is not None and 0 < item.at < 4e10:
                moment = datetime.fromtimestamp(item.at, UTC).replace(tzinfo=None)
                page.write_datetime(number, 7, moment, self._moment)
            self._height(page, number, (sheet, row, column, item.text, item.source), _EVIDENCE)
        layout = Layout(_EVIDENCE, 0, len(heads), None, (), 1)
        self._lay_out(page, "Evidence", len(evidence.rows), len(heads), layout)

    def _notes(self) -> None:
        page = self._book.add_worksheet("Notes")
        report = self._report
        lines: list[tuple[str, str]] = [
            ("Report", report.title),
            ("Made for", iso(report)),
            ("Policy", report.policy),
            ("Currency", report.currency),
            (
                "Simulated history",
                "yes: it shows how a plan looks, not what to do" if report.simulated else "no",
            ),
            ("Unknown", "The word “unknown” is a fact that is missing. It is neither 0 nor good."),
        ]
        lines += [("Note", note) for note in report.notes]
        for sheet in report.sheets:
            lines += [(self._names[sheet.name], note) for note in sheet.notes]
            lines += [
                (f"{self._names[sheet.name]}: {column.title}", column.help)
                for column in sheet.columns
                if column.help
            ]
        page.write_string(0, 0, "What", self._head)
        page.write_string(0, 1, "Says", self._head)
        for number, (what, says) in enumerate((line for line in lines if line[1]), start=1):
            page.write_string(number, 0, _clean(what), self._text)
            page.write_string(number, 1, _clean(says), self._text)
            self._height(page, number, (what, says), _NOTES)
        self._lay_out(
            page, "Notes", sum(bool(says) for _, says in lines), 2, Layout(_NOTES, 0, 2, None, (), 1)
        )


def _title(column: ReportColumn) -> str:
    unit = _UNITS.get(column.show, "")
    return f"{column.title} ({unit})" if unit else column.title


def _name(sheet: Sheet, row: ReportRow) -> str:
    for column, cell in zip(sheet.columns, row.cells, strict=True):
        if column.show is Show.TEXT and not is_number(column.show) and cell:
            return str(cell)
    return row.key


def _cell_name(row: int, place: int) -> str:
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


def _sheet_name(title: str, taken: set[str]) -> str:
    """A name as spreadsheets allow them: 31 characters, without some signs, unlike any other."""
    base = re.sub(r"[\[\]:*?/\\'\x00-\x1f]", " ", _clean(title)).strip()[:31].strip() or "Sheet"
    name, number = base, 2
    while name.lower() in taken:
        name = f"{base[:27].strip()} ({number})"
        number += 1
    taken.add(name.lower())
    return name


def _clean(text: str) -> str:
    """Without what XML can't hold; cut where a cell ends."""
    good = re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "\ufffd", text)
    return good if len(good) <= _LONGEST else f"{good[:_LONGEST]}…"


def _printed(text: str) -> str:
    """A header holds 255 characters, and `&` begins a code there."""
    return _clean(text)[:110].replace("&", "&&")
