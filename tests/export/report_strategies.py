"""Reports of any shape, for tests with hypothesis."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from netwatch.model import UNDER_FEW, EvidenceItem, Report, ReportColumn, ReportRow, Sheet, Show

text = st.text(max_size=12)
numbers = st.floats(allow_nan=False, allow_infinity=False)
evidence = st.builds(EvidenceItem, text, text, st.none() | numbers, text, st.none() | numbers)


def cells(show: Show) -> st.SearchStrategy[object]:
    if show is Show.DATE:
        known: st.SearchStrategy[object] = st.dates(date(1, 1, 1), date(9999, 12, 31))
    elif show is Show.YES:
        known = st.booleans()
    elif show in (Show.TEXT, Show.GRADE):
        known = text | st.just("2027-01-31")
    elif show is Show.COUNT:
        known = st.integers(-(2**53), 2**53) | st.just(UNDER_FEW)
    else:
        known = numbers | st.integers(-1000, 1000)
    return st.none() | known


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    keys = draw(st.lists(text, max_size=4, unique=True))
    columns = tuple(
        ReportColumn(key, draw(text), draw(st.sampled_from(Show)), draw(text), draw(st.booleans()))
        for key in keys
    )
    rows = []
    for key in draw(st.lists(text, max_size=4, unique=True)):
        told = draw(st.lists(st.sampled_from(keys), unique=True)) if keys else []
        rows.append(
            ReportRow(
                key,
                tuple(draw(cells(one.show)) for one in columns),
                {one: tuple(draw(st.lists(evidence, max_size=2))) for one in told},
                tuple(draw(st.lists(text, max_size=2))),
            )
        )
    return Sheet(draw(text), draw(text), columns, tuple(rows), tuple(draw(st.lists(text, max_size=2))))


@st.composite
def reports(draw: st.DrawFn) -> Report:
    return Report(
        name=draw(text),
        title=draw(text),
        at=draw(st.floats(0, 4e9)),
        sheets=tuple(draw(st.lists(sheets(), max_size=2, unique_by=lambda one: one.name))),
        policy=draw(text),
        currency=draw(text),
        simulated=draw(st.booleans()),
        notes=tuple(draw(st.lists(text, max_size=2))),
    )
