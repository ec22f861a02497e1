"""A workbook on paper: nothing is cut off, and no page is too small to read."""

from __future__ import annotations

import io
import itertools
import re
import zipfile
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st
from report_strategies import reports

from netwatch.export import report_xlsx
from netwatch.export.xlsx_layout import lay_out, lines_of
from netwatch.model import Report, ReportColumn, ReportRow, Sheet, Show

PAGE = 140 * 100 / 60
"""Letters across a page at the smallest scale."""


def sheet(columns: int, *, text: str = "words " * 30, aside: bool = False) -> Sheet:
    heads = [ReportColumn("rank", "Rank", Show.COUNT), ReportColumn("name", "Name")]
    heads += [ReportColumn(f"c{number}", f"Title {number}") for number in range(columns)]
    heads += [ReportColumn("device", "Device id", aside=aside), ReportColumn("full", "Full", Show.DATE)][
        : 1 if aside else 2
    ]
    row = ReportRow("a", (1, "sw-1", *([text] * columns), "x" * 26, *([] if aside else [None])))
    return Sheet("first", "First", tuple(heads), (row,))


@given(st.text(alphabet="ab \n", max_size=200), st.integers(3, 40))
def test_a_text_takes_as_many_lines_as_breaking_it_gives(text: str, width: int) -> None:
    lines = 0
    for part in text.split("\n"):
        line = ""
        lines += 1
        for word in part.split():
            if line and len(line) + 1 + len(word) > width:
                lines, line = lines + 1, ""
            line = f"{line} {word}".strip()
            while len(line) > width:
                lines, line = lines + 1, line[width:]
    assert lines_of(text, width) == lines


def test_a_wide_sheet_goes_on_beside_with_its_names_on_each_page() -> None:
    wide = sheet(8)
    found = lay_out(wide, [one.title for one in wide.columns], "USD")
    assert found.scale == 60
    assert found.names == 2
    edges = [0, *found.breaks, found.printed]
    kept = sum(found.widths[: found.names])
    for number, (first, last) in enumerate(itertools.pairwise(edges)):
        assert sum(found.widths[first:last]) + (kept if number else 0) <= PAGE
    narrow = sheet(1, text="short")
    assert lay_out(narrow, [one.title for one in narrow.columns], "USD").scale is None


def test_what_is_for_programs_is_not_printed_and_other_columns_are() -> None:
    found = lay_out(sheet(1, aside=True), ["Rank", "Name", "Title 0", "Device id"], "USD")
    assert found.printed == 3
    with zipfile.ZipFile(io.BytesIO(report_xlsx(Report("r", "R", 1e9, (sheet(1, aside=True),))))) as file:
        book = file.read("xl/workbook.xml").decode()
    assert re.search(r"Print_Area[^>]*>First!\$A\$1:\$C\$2<", book)


@settings(max_examples=30, deadline=None)
@given(reports())
def test_no_number_is_too_wide_for_its_column(report: Report) -> None:
    for one in report.sheets:
        found = lay_out(one, [column.title for column in one.columns], report.currency)
        for place, column in enumerate(one.columns):
            for row in one.rows:
                cell = row.cells[place]
                if column.show is Show.MONEY and isinstance(cell, int | float) and abs(cell) < 1e9:
                    assert found.widths[place] >= len(f"{cell:,.2f}") + 1
                if column.show is Show.DATE and isinstance(cell, date):
                    assert found.widths[place] >= len("2026-11-28")


def test_where_there_is_no_date_the_sheet_says_so_and_not_that_it_is_unknown() -> None:
    column = ReportColumn("full", "Full", Show.DATE, blank="no date")
    one = Sheet("first", "First", (column,), (ReportRow("a", (None,)),))
    with zipfile.ZipFile(io.BytesIO(report_xlsx(Report("r", "R", 1e9, (one,))))) as file:
        texts = file.read("xl/sharedStrings.xml").decode()
    assert "<t>no date</t>" in texts
    assert "<t>unknown</t>" not in texts
