"""A report goes out as JSON and comes back the same; what is no report is refused with the place."""

from __future__ import annotations

import copy
import json
import math
from datetime import date

import pytest
from hypothesis import given
from report_strategies import reports

from netwatch.errors import PlanningError
from netwatch.export import canonical_json, report_from_json, report_to_json
from netwatch.model import EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

COLUMNS = (
    ReportColumn("score", "Score", Show.POINTS, public=True),
    ReportColumn("since", "Since", Show.DATE),
    ReportColumn("name", "Name"),
)


def sample(score: float | None = 12.5) -> Report:
    item = EvidenceItem("installed 2014", "inventory", 12.0, "years")
    row = ReportRow("SN1", (score, date(2014, 8, 1), "2014-08-01"), {"score": (item,)}, ("topology",))
    return Report("replacements", "What to replace", 1.79e9, (Sheet("ranking", "All", COLUMNS, (row,)),))


@given(reports())
def test_comes_back_the_same(report: Report) -> None:
    body = canonical_json(report_to_json(report))
    again = report_from_json(json.loads(body.decode("utf-8", "surrogatepass")))
    assert again == report
    assert canonical_json(report_to_json(again)) == body


def test_a_date_is_told_from_a_text_by_its_column() -> None:
    document = report_to_json(sample())
    assert document["sheets"][0]["rows"][0]["cells"] == {
        "score": 12.5,
        "since": "2014-08-01",
        "name": "2014-08-01",
    }
    assert report_from_json(document).sheets[0].rows[0].cells == (12.5, date(2014, 8, 1), "2014-08-01")


def test_what_is_not_finite_is_unknown() -> None:
    assert report_to_json(sample(math.nan))["sheets"][0]["rows"][0]["cells"]["score"] is None


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            ("schema",),
            "netwatch-report/2",
            r"schema: expected netwatch-report/1, found 'netwatch-report/2'.*newer",
        ),
        (("schema",), "other", "schema: expected netwatch-report/1.*name another file"),
        (("title",), 3, "title: expected str, found int"),
        (("at",), "now", "at: expected a number, found 'now'"),
        (("notes",), [1], r"notes\[0\]: expected text"),
        (
            ("sheets", 0, "columns", 1, "show"),
            "day",
            r"sheets\[0\].columns\[1\].show: expected one of .*date",
        ),
        (
            ("sheets", 0, "columns", 1, "key"),
            "score",
            r"sheets\[0\]: .*two columns have one key|no column 'since'",
        ),
        (
            ("sheets", 0, "rows", 0, "cells", "since"),
            "soon",
            r"rows\[0\].cells.since: expected a date .*'soon'",
        ),
        (("sheets", 0, "rows", 0, "cells", "since"), 12, r"rows\[0\].cells.since: expected a date"),
        (("sheets", 0, "rows", 0, "cells", "score"), True, r"cells.score: expected points, found True"),
        (("sheets", 0, "rows", 0, "cells", "colour"), 1, r"rows\[0\].cells: no column 'colour'"),
        (("sheets", 0, "rows", 0, "evidence"), {"colour": []}, r"sheets\[0\]: .*evidence for a column"),
        (("sheets", 0, "rows", 0, "evidence", "score"), [3], r"evidence.score\[0\]: expected a mapping"),
    ],
)
def test_what_is_no_report_is_told_with_its_place(place, value, message) -> None:
    document = copy.deepcopy(report_to_json(sample()))
    spot = document
    for step in place[:-1]:
        spot = spot[step]
    spot[place[-1]] = value
    with pytest.raises(PlanningError, match=message):
        report_from_json(document)
