"""What moved, and why: told in words that a board reads, with sums that are exact."""

from __future__ import annotations

import dataclasses
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netwatch.errors import PlanningError
from netwatch.model import EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show
from netwatch.planning.comparison import PolicyChange, changes_between, compare, leaves_of

PARTS = ("age", "support", "faults")
COLUMNS = (
    ReportColumn("rank", "Rank", Show.COUNT),
    ReportColumn("score", "Score", Show.POINTS),
    ReportColumn("name", "Asset"),
    ReportColumn("school", "School"),
    *(ReportColumn(one, one.capitalize(), Show.POINTS) for one in PARTS),
    ReportColumn("reasons", "Reasons"),
)
END = "last day of support 2026-10-31"


def item(text: str, value: float = 1.0, unit: str = "years", source: str = "inventory") -> EvidenceItem:
    return EvidenceItem(text, source, value, unit)


def milestone(when: str, years: float, text: str = END) -> EvidenceItem:
    return item(f"{text}, {when}", years, "years since", "bulletin A-1")


def ranked(rows: dict[str, tuple[dict[str, float], dict[str, EvidenceItem]]], at: float = 1.79e9) -> Report:
    """A report of these rows, ranked by the sum of their points."""
    order = sorted(rows, key=lambda key: (-sum(rows[key][0].values()), key))
    out = []
    for rank, key in enumerate(order, 1):
        points, told = rows[key]
        cells = (rank, sum(points.values()), key, "Lincoln", *(points.get(one, 0.0) for one in PARTS), "")
        out.append(ReportRow(key, cells, {name: (one,) for name, one in told.items()}))
    sheet = Sheet("ranking", "What to replace first", COLUMNS, tuple(out))
    return Report("replacements", "Replacement priority", at, (sheet,), policy="policy A")


def moves(report: Report) -> dict[str, dict[str, object]]:
    sheet = report.sheets[0]
    return {row.key: dict(zip([c.key for c in sheet.columns], row.cells, strict=True)) for row in sheet.rows}


POINTS = st.integers(0, 160).map(lambda eighths: eighths / 8)
ROWS = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.tuples(
        st.fixed_dictionaries(dict.fromkeys(PARTS, POINTS)),
        st.dictionaries(st.sampled_from(PARTS), st.builds(item, st.text(max_size=9), st.floats(0, 9))),
    ),
    max_size=8,
)


@given(ROWS)
def test_a_report_compared_with_itself_is_empty(rows) -> None:
    found = compare(ranked(rows), ranked(rows))
    assert [len(sheet.rows) for sheet in found.sheets] == [0, 0, 0]
    assert found.notes[-1] == "nothing moved"


@given(ROWS, ROWS, ROWS, st.booleans())
def test_parts_sum_up_to_the_change_of_the_score_and_facts_and_policy_too(old, new, between, known) -> None:
    middle = ranked({**old, **{key: between[key] for key in old.keys() & between.keys()}}) if known else None
    policy = [PolicyChange(("criteria", "age", "points"), "20", "30")] if known else []
    found = compare(ranked(old), ranked(new), middle=middle, policy=policy)
    told = moves(found)
    for key, row in told.items():
        if key not in old or key not in new:
            assert row["change"] == ("gone" if key in old else "new")
            assert row["score_change"] is None
            continue
        change = sum(new[key][0].values()) - sum(old[key][0].values())
        assert row["score_change"] == change == row["score_after"] - row["score_before"]
        assert sum(row[f"{one}_change"] for one in PARTS) == change
        if row["from_policy"] is not None:
            assert row["from_facts"] + row["from_policy"] == change
        assert row["moved"] == row["rank_before"] - row["rank_after"]
    same = {key for key in old.keys() & new.keys() if old[key][0] == new[key][0]}
    assert (old.keys() | new.keys()) - same <= told.keys()


@given(ROWS, ROWS)
def test_the_longest_way_comes_first_and_what_others_displaced_last(old, new) -> None:
    rows = list(moves(compare(ranked(old), ranked(new))).values())
    displaced = ["because others moved" in row["why"] for row in rows]
    assert displaced == sorted(displaced)
    own = [abs(row["moved"]) for row, pushed in zip(rows, displaced, strict=True) if not pushed]
    assert own == sorted(own, reverse=True)


def test_a_board_reads_why() -> None:
    others = {f"x{number}": ({"faults": 10.0 - number / 8}, {}) for number in range(5)}
    old = {
        "sw": (
            {"age": 4.0, "support": 4.0},
            {
                "age": item("installed 2017-08-01, 9.1 years in use, planned for 7 to 9", 9.1),
                "support": milestone("in 2 months", -0.2),
            },
        ),
        **others,
    }
    new = {
        "sw": (
            {"age": 4.5, "support": 12.0},
            {
                "age": item("installed 2017-08-01, 9.3 years in use, planned for 7 to 9", 9.3),
                "support": milestone("1 month ago", 0.1),
            },
        ),
        **others,
    }
    found = compare(ranked(old), ranked(new, 1.795e9), labels=("board-2026-09", "now"))
    told = moves(found)
    assert next(iter(told)) == "sw"
    assert told["sw"]["why"] == f"rose from 6 to 1: support +8.0 because {END} has passed; age +0.5"
    assert told["x0"]["why"] == "fell from 1 to 2 because others moved"
    assert found.title == "Replacement priority: board-2026-09 to now"
    assert found.notes[-1] == "1 rose, 5 fell; 5 of them only because others moved"
    (row,) = [one for one in found.sheets[0].rows if one.key == "sw"]
    texts = [one.text for one in row.evidence["support_change"]]
    assert texts == [f"{END}, 1 month ago", f"before: {END}, in 2 months"]


@pytest.mark.parametrize(
    ("before", "after", "points", "words"),
    [
        (None, item("psu 1: failed"), 10.0, "faults +10.0 because of psu 1: failed"),
        (item("psu 1: failed"), None, -10.0, "faults -10.0 (no longer: psu 1: failed)"),
        (
            item("uplink a: 95% used at p95", 0.95, "ratio"),
            item("uplink a: 60% used at p95", 0.6, "ratio"),
            -5.0,
            "faults -5.0 (uplink a: 60% used at p95; before: 95%)",
        ),
        (
            milestone("1 month ago", 0.1),
            milestone("in 1.9 years", -1.9, "last day of support 2028-10-31"),
            -5.0,
            "faults -5.0 because last day of support 2028-10-31 is still to come "
            "(before: 2026-10-31, 1 month ago)",
        ),
    ],
)
def test_evidence_that_changed_is_told(before, after, points, words) -> None:
    old = {"sw": ({"faults": 20.0}, {"faults": before} if before else {})}
    new = {"sw": ({"faults": 20.0 + points}, {"faults": after} if after else {})}
    assert moves(compare(ranked(old), ranked(new)))["sw"]["why"] == f"stays at 1: {words}"


def test_a_change_of_the_policy_is_told_apart_from_one_of_the_facts() -> None:
    told = {"age": item("installed 2017, 9 years in use")}
    old = ranked({"sw": ({"age": 20.0}, told)})
    new = ranked({"sw": ({"age": 30.0, "faults": 5.0}, {**told, "faults": item("psu 1: failed")})})
    policy = changes_between(
        leaves_of({"criteria": {"age": {"points": 20}}}), leaves_of({"criteria": {"age": {"points": 30}}})
    )
    row = moves(compare(old, new, policy=policy))["sw"]
    assert row["from_policy"] is None, "whether the failed part would have counted under the old one: unknown"
    assert "age +10.0 by policy (age counts 30 points instead of 20)" in row["why"]
    middle = ranked({"sw": ({"age": 30.0}, told)})
    found = compare(old, new, policy=policy, middle=middle)
    row = moves(found)["sw"]
    assert (row["from_facts"], row["from_policy"]) == (5.0, 10.0)
    assert found.sheets[-1].rows[0].cells == ("criteria.age.points", "20", "30")


def test_rows_without_a_score_tell_their_cells() -> None:
    columns = (
        ReportColumn("name", "Volume"),
        ReportColumn("full_on", "Full on", Show.DATE),
        ReportColumn("used", "Used", Show.RATIO),
    )

    def capacity(full: date | None, used: float) -> Report:
        row = ReportRow("v1", ("vol1", full, used), {}, () if full else ("growth",))
        return Report("capacity", "Capacity", 1.79e9, (Sheet("dates", "Dates", columns, (row,)),))

    found = compare(capacity(date(2027, 5, 1), 0.5), capacity(date(2027, 3, 1), 0.625))
    row = moves(found)["v1"]
    assert (
        row["why"] == "stays at 1: full on 2027-03-01, before 2027-05-01 (61 days earlier); "
        "used 62.5%, before 50.0%"
    )
    assert "score_change" not in row
    assert [one.cells[2:] for one in found.sheets[1].rows] == [
        ("Full on", "2027-05-01", "2027-03-01"),
        ("Used", "50.0%", "62.5%"),
    ]
    row = moves(compare(capacity(None, 0.5), capacity(date(2027, 3, 1), 0.5)))["v1"]
    assert row["why"] == "stays at 1: full on 2027-03-01, before unknown; no longer missing: growth"


def test_twins_are_compared_in_their_order_and_rows_come_and_go() -> None:
    old = ranked({"a": ({"age": 5.0}, {}), "b": ({"age": 3.0}, {})})
    new = ranked({"a": ({"age": 5.0}, {}), "c": ({"age": 9.0}, {"age": item("installed 2010")})})
    told = moves(compare(old, new))
    assert told["c"]["why"] == "new at 1 with 9.0 points: age: installed 2010"
    assert told["b"]["why"] == "gone, was at 2 with 3.0 points"
    assert (told["c"]["rank_before"], told["c"]["score_before"]) == (None, None)
    sheet = old.sheets[0]
    twins = dataclasses.replace(old, sheets=(dataclasses.replace(sheet, rows=(*sheet.rows, *sheet.rows)),))
    assert compare(twins, twins).sheets[0].rows == ()
    assert {row.key for row in compare(old, twins).sheets[0].rows} == {"a", "b"}


def test_points_that_are_no_part_of_the_score_are_cells() -> None:
    """A sheet may tell what a score could be at most, or sums of its parts."""

    def report(age: float, faults: float) -> Report:
        extra = (ReportColumn("most", "At most", Show.POINTS), ReportColumn("both", "Both", Show.POINTS))
        base = ranked({"sw": ({"age": age, "faults": faults}, {}), "x": ({"age": 40.0}, {})})
        sheet = base.sheets[0]
        rows = tuple(
            dataclasses.replace(row, cells=(*row.cells, 90.0, row.cells[1] / 2)) for row in sheet.rows
        )
        told = dataclasses.replace(sheet, columns=(*COLUMNS, *extra), rows=rows)
        return dataclasses.replace(base, sheets=(told,))

    row = moves(compare(report(5.0, 5.0), report(7.0, 6.0)))["sw"]
    assert row["why"] == "stays at 2: age +2.0; faults +1.0; both 6.5, before 5"
    assert "both_change" not in row


def test_two_plans_are_not_compared() -> None:
    other = dataclasses.replace(ranked({}), name="wireless")
    with pytest.raises(PlanningError, match="replacements can't be compared with wireless: compare two"):
        compare(ranked({}), other)
