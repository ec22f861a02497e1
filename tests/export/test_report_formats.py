"""Whatever the report, each form is whole, safe, and the same for the same report."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import sys
import zipfile
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from report_strategies import reports
from rich.console import Console

from netwatch.errors import MissingExtra, PlanningError
from netwatch.export import (
    Edition,
    Format,
    ReportTable,
    find_report,
    packet,
    render,
    report_csv,
    report_from_json,
    report_parquet,
    report_to_json,
    report_xlsx,
)
from netwatch.export.cells import shown
from netwatch.model import EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

AT = 1_790_000_000.0
_COLUMNS = (
    ReportColumn("rank", "Rank", Show.COUNT, public=True),
    ReportColumn("score", "Score", Show.POINTS, public=True),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School", public=True),
    ReportColumn("age", "Age", Show.POINTS, "Years in service.", public=True),
    ReportColumn("faults", "Faults", Show.POINTS, public=True),
    ReportColumn("cost", "Cost", Show.MONEY, public=True),
    ReportColumn("uplink", "Uplink", Show.BYTES_PER_SECOND, public=True),
    ReportColumn("full", "Full", Show.DATE, public=True),
)


def row(name: str, *cells: object, **changes: object) -> ReportRow:
    evidence = {"age": (EvidenceItem("installed 2014", "inventory", 12.0, "years", AT),)}
    made = ReportRow(name, cells, evidence, ("topology",))  # type: ignore[arg-type]
    return replace(made, **changes)


SHEET = Sheet(
    "ranking",
    "What to replace first",
    _COLUMNS,
    (
        row("sw-1", 1, 12.125, "sw-1", "Lincoln", 10.0, 2.125, 4200, 125e6, date(2027, 3, 1)),
        row("sw-2", 2, 3.0, "sw-2", "Lincoln", 3.0, 0.0, None, None, None),
    ),
    ("Higher is more urgent.",),
)
REPORT = Report("ranks", "Replacement priority", AT, (SHEET,), "policy A", "USD", simulated=True)


def named(name: str) -> Report:
    sheet = replace(SHEET, rows=(row(name, 1, 1.0, name, name, 1.0, 0.0, 1, 1.0, None),))
    return replace(REPORT, sheets=(sheet,))


def inside(workbook: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as file:
        return {name: file.read(name).decode() for name in file.namelist()}


# -- CSV


def test_csv_has_the_columns_of_the_sheet_and_those_of_the_report() -> None:
    text = report_csv(REPORT)
    assert text.splitlines()[0] == "rank,score,name,school,age,faults,cost,uplink,full,policy,at,simulated"
    first, second = csv.DictReader(io.StringIO(text, newline=""))
    assert first == {
        "rank": "1", "score": "12.125", "name": "sw-1", "school": "Lincoln", "age": "10", "faults": "2.125",
        "cost": "4200", "uplink": "125000000", "full": "2027-03-01", "policy": "policy A",
        "at": "2026-09-21T14:13:20Z", "simulated": "yes",
    }  # fmt: skip
    assert second["cost"] == ""
    assert text.count("\r\n") == 3


@settings(max_examples=60, deadline=None)
@given(reports())
def test_csv_holds_every_row_and_no_formula(report: Report) -> None:
    for sheet in report.sheets:
        table = list(csv.reader(io.StringIO(report_csv(report, sheet), newline="")))
        assert len(table) == len(sheet.rows) + 1
        assert {len(line) for line in table} == {len(table[0])}
        for line, one in zip(table[1:], sheet.rows, strict=True):
            for text, cell in zip(line, one.cells, strict=False):
                if isinstance(cell, str):
                    assert text in (cell, "'" + cell)
                    assert not text.startswith(tuple("=+-@\t\r\n"))


@pytest.mark.parametrize(
    "name", ["=1+1", "+A1", "-A1", "@SUM(1)", '=HYPERLINK("http://x")', "\t=1", " =1", "＝1"]
)
def test_a_formula_becomes_text(name: str) -> None:
    (line,) = csv.DictReader(io.StringIO(report_csv(named(name)), newline=""))
    assert line["name"] == "'" + name
    parts = inside(report_xlsx(named(name)))
    assert not any("<f>" in text for text in parts.values())
    assert not any("TargetMode" in text for text in parts.values())


# -- workbook


@settings(max_examples=25, deadline=None)
@given(reports())
def test_a_workbook_is_the_same_for_the_same_report_and_never_calculates(report: Report) -> None:
    body = report_xlsx(report)
    assert body == report_xlsx(report)
    parts = inside(body)
    assert not any("<f>" in text or "<f " in text for name, text in parts.items() if "sheet" in name)
    names = re.findall(r'<sheet name="([^"]*)"', parts["xl/workbook.xml"])
    assert len({name.lower() for name in names}) == len(names)


def test_a_workbook_is_ready_to_read_and_print() -> None:
    parts = inside(report_xlsx(REPORT))
    page, evidence = parts["xl/worksheets/sheet1.xml"], parts["xl/worksheets/sheet2.xml"]
    for words in (
        'ySplit="1"', "<autoFilter ref=", 'orientation="landscape"', 'fitToHeight="0"', "<cols>",
        "location=\"'Evidence'!A2\"",
    ):  # fmt: skip
        assert words in page.replace("&apos;", "'"), words
    assert "'What to replace first'!E2" in evidence.replace("&apos;", "'")
    assert "Print_Titles" in parts["xl/workbook.xml"]
    assert "SIMULATED" in page
    texts = parts["xl/sharedStrings.xml"]
    for words in ("unknown", "installed 2014", "Higher is more urgent.", "Years in service.", "policy A"):
        assert words in texts
    assert "<v>1000000000</v>" in page  # 125 MB/s in bits
    assert "2026-09-21T14:13:20Z" in parts["docProps/core.xml"]


# -- Parquet


def test_parquet_has_types_and_says_what_it_is() -> None:
    table = parquet.read_table(io.BytesIO(report_parquet(REPORT)))
    assert [str(one.type) for one in table.schema] == [
        "int64", "double", "string", "string", "double", "double", "double", "double", "date32[day]",
    ]  # fmt: skip
    assert table.column("cost").to_pylist() == [4200.0, None]
    assert table.column("full").to_pylist() == [date(2027, 3, 1), None]
    assert table.schema.metadata[b"simulated"] == b"true"


def test_without_pyarrow_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtra, match=r"pip install 'netwatch\[parquet\]'") as found:
        report_parquet(REPORT)
    assert str(pickle.loads(pickle.dumps(found.value))) == str(found.value)


# -- table


def test_the_table_shows_rows_reasons_and_that_history_is_simulated() -> None:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(ReportTable(REPORT, limit=1))
    text = console.export_text()
    for words in ("sw-1", "12.1", "installed 2014", "unknown: topology", "SIMULATED", "1 more", "policy A"):
        assert words in text
    assert "sw-2" not in text


@settings(max_examples=60, deadline=None)
@given(reports(), st.sampled_from([40, 80, 200]))
def test_any_table_fits_its_terminal(report: Report, width: int) -> None:
    for sheet in report.sheets:
        console = Console(width=width, record=True, file=io.StringIO())
        console.print(ReportTable(report, sheet))
        assert max(map(len, console.export_text().splitlines()), default=0) <= 2 * width  # wide letters


def test_a_narrow_table_says_what_a_row_is_about_and_nothing_twice() -> None:
    ranks = [ReportColumn(f"rank{n}", f"A rather long title {n}", Show.COUNT) for n in range(4)]
    columns = (
        *ranks,
        ReportColumn("asset", "Asset"),
        ReportColumn("id", "Device id", aside=True),
        ReportColumn("used", "Used", Show.BYTES),
        ReportColumn("full", "Full", Show.DATE),
    )
    why = (EvidenceItem("weekly", "history"),)
    cells = (1, 2, 3, 4, "do-srv-01 /srv", "d41d8cd9", 3.87e12, date(2027, 4, 27))
    evidence = {"used": why, "full": why}
    sheet = Sheet("first", "First", columns, (ReportRow("one", cells, evidence),))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(ReportTable(replace(REPORT, sheets=(sheet,))))
    text = console.export_text()
    assert "do-srv-01" in text
    assert "d41d8cd9" not in text
    assert text.count("weekly") == 1


# -- numbers for people


@pytest.mark.parametrize(
    ("cell", "show", "words"),
    [
        (0.5, Show.RATIO, "50 %"),
        (0.9987, Show.RATIO, "99.87 %"),
        (0, Show.RATIO, "0 %"),
        (1.7e308, Show.RATIO, f"{1e300:.0f} %"),
        (4200, Show.MONEY, "$4,200"),
        (-1.5, Show.MONEY, "-$1.50"),
        (125e6, Show.BYTES_PER_SECOND, "1 Gbit/s"),
        (8e12, Show.BYTES, "8 TB"),
        (5400, Show.SECONDS, "1.5 h"),
        (30, Show.WATTS, "30 W"),
        (True, Show.YES, "yes"),
        (None, Show.COUNT, "unknown"),
        (float("nan"), Show.COUNT, "unknown"),
        (None, Show.TEXT, ""),
        ("B", Show.GRADE, "B"),
    ],
)
def test_numbers_are_shown_as_people_say_them(cell, show: Show, words: str) -> None:
    assert shown(cell, show, "USD") == words


# -- editions

_CANARY = "canary-7f3a"


@st.composite
def planted(draw: st.DrawFn) -> Report:
    """A report of which every private cell, key and piece of evidence holds the canary."""
    report = draw(reports())
    sheets = []
    for sheet in report.sheets:
        columns = tuple(
            one if one.public else replace(one, show=Show.TEXT, title=one.title, help=one.help)
            for one in sheet.columns
        )
        item = EvidenceItem(f"of {_CANARY}", f"netwatch_{_CANARY}", 1.0, _CANARY, AT)
        rows = tuple(
            ReportRow(
                f"{_CANARY}-{number}",
                tuple(
                    cell if column.public else f"{_CANARY}.{number}"
                    for cell, column in zip(one.cells, columns, strict=True)
                ),
                {column.key: (item, item) for column in columns},
                (*one.unknown, f"speed of {_CANARY}.{number}", f"{_CANARY}-{number}", "at 10.1.2.3"),
            )
            for number, one in enumerate(sheet.rows)
        )
        notes = tuple(f"{one.cells[0]} is slow" for one in rows if columns and not columns[0].public)
        sheets.append(replace(sheet, columns=columns, rows=rows, notes=notes))
    return replace(report, sheets=tuple(sheets))


def all_texts(body: bytes, form: Format) -> str:
    if form is Format.XLSX:
        return "\n".join(inside(body).values())
    if form is Format.PARQUET:
        table = parquet.read_table(io.BytesIO(body))
        return f"{table.schema.metadata}{table.to_pydict()}{body.decode('latin-1')}"
    return body.decode()


@settings(max_examples=25, deadline=None)
@given(planted())
def test_the_public_edition_holds_nothing_private(report: Report) -> None:
    for form in Format:
        try:
            made = render(report, form, edition=Edition.PUBLIC)
        except PlanningError:
            assert not any(column.public for sheet in report.sheets for column in sheet.columns)
            continue
        text = all_texts(made.body, form)
        assert _CANARY not in text, form
        assert "10.1.2.3" not in text, form
    assert _CANARY not in packet([report], edition=Edition.PUBLIC).decode()


def test_the_public_edition_keeps_what_is_public_and_counts_evidence() -> None:
    report = report_from_json(json.loads(render(REPORT, Format.JSON, edition=Edition.PUBLIC).body))
    (sheet,) = report.sheets
    assert [column.key for column in sheet.columns] == [one.key for one in _COLUMNS if one.public]
    assert sheet.column("school") == ("Lincoln", "Lincoln")
    assert [one.key for one in sheet.rows] == ["ranking-00001", "ranking-00002"]
    assert [item.text for item in sheet.rows[0].evidence["age"]] == ["1 recorded fact"]
    assert sheet.rows[0].unknown == ("topology",)
    assert sheet.notes == ("Higher is more urgent.",)
    assert any("Public edition" in note for note in report.notes)


def test_an_address_in_a_public_cell_is_withheld() -> None:
    report = report_from_json(
        json.loads(render(named("gw 10.9.8.7"), Format.JSON, edition=Edition.PUBLIC).body)
    )
    assert report.sheets[0].column("school") == ("withheld",)


# -- names


def test_what_is_unknown_is_told_with_what_there_is() -> None:
    with pytest.raises(PlanningError, match="no plan 'rank': did you mean 'ranks'"):
        find_report({"ranks": REPORT}, "rank")
    with pytest.raises(PlanningError, match="no sheet 'rankin': did you mean 'ranking'"):
        render(REPORT, Format.CSV, sheet="rankin")
    with pytest.raises(PlanningError, match="has no sheet"):
        render(replace(REPORT, sheets=()), Format.CSV)


@settings(max_examples=20, deadline=None)
@given(reports())
def test_every_form_is_the_same_twice(report: Report) -> None:
    if not report.sheets:
        return
    for form in Format:
        assert render(report, form).body == render(report, form).body
    assert report_to_json(report_from_json(report_to_json(report))) == report_to_json(report)


def test_a_report_crosses_to_a_worker_process() -> None:
    bare = replace(SHEET, rows=(ReportRow("k", SHEET.rows[0].cells),))
    report = replace(REPORT, sheets=(SHEET, bare))
    assert pickle.loads(pickle.dumps(report)) == report


def test_files_tell_what_they_are() -> None:
    made = render(REPORT, Format.XLSX, edition=Edition.PUBLIC, sheet="ranking")
    assert made.name == "netwatch-ranks-ranking-public.xlsx"
    assert render(REPORT, Format.CSV, limit=1).body.count(b"\r\n") == 2
    assert len(json.loads(render(REPORT, Format.JSON, limit=1).body)["sheets"][0]["rows"]) == 1
