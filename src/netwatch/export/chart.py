"""A chart of a sheet: lines of SVG that read in black and white, with words for who does not see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from netwatch.export.cells import is_number, is_unknown, shown, used
from netwatch.export.markup import Child, Html, tag
from netwatch.model import Cell, ReportRow, Sheet, Show

__all__ = ["Chart", "ChartKind", "chart_of", "choose_chart"]

_MOST = 12
_WIDTH, _VALUE, _ROW, _BAR = 720, 85, 26, 15
_WORDS = 3
"""Texts of a row that name it, at most."""
_LETTER = 7.2
"""Width of a letter of 13 pixels, on the wide side."""
_RANKS = ("rank", "position", "place_in_list")
_ORDER = (Show.POINTS, Show.DATE, Show.MONEY, Show.RATIO)
_INK, _GRID = "#1c2522", "#8a938f"
_LETTERS = 36
_SURE = 1e-6


class ChartKind(StrEnum):
    STACK = "stack"
    """Points, and the parts that they are the sum of."""
    BARS = "bars"
    DATES = "dates"


@dataclass(frozen=True, slots=True)
class Chart:
    """What of a sheet is drawn."""

    kind: ChartKind
    lead: int
    """Position of the column that lengths stand for."""
    parts: tuple[int, ...] = ()
    """Of a stack: the columns that add up to it."""


def choose_chart(sheet: Sheet) -> Chart | None:
    """The column that matters most and how it is drawn; None where nothing in the sheet is a length."""
    columns = sheet.columns
    places = [
        place
        for place in used(sheet)
        if (is_number(columns[place].show) or columns[place].show is Show.DATE)
        and columns[place].key not in _RANKS
        and any(not is_unknown(row.cells[place]) for row in sheet.rows[:_MOST])
    ]
    if not places:
        return None
    lead = min(
        places, key=lambda at: (_ORDER.index(columns[at].show) if columns[at].show in _ORDER else 9, at)
    )
    if columns[lead].show is Show.DATE:
        return Chart(ChartKind.DATES, lead)
    parts = tuple(at for at in places if columns[at].show is Show.POINTS and at != lead)
    if len(parts) > 1 and columns[lead].show is Show.POINTS and _adds_up(sheet.rows, lead, parts):
        return Chart(ChartKind.STACK, lead, parts)
    return Chart(ChartKind.BARS, lead)


def _adds_up(rows: Sequence[ReportRow], lead: int, parts: Sequence[int]) -> bool:
    return all(
        abs(_value(row.cells[lead]) - sum(_value(row.cells[part]) for part in parts)) < _SURE for row in rows
    )


def chart_of(sheet: Sheet, name: str, currency: str = "") -> Html | None:
    """The first rows of the sheet as a figure with a caption. `name` is a slug, unique in the document."""
    chart = choose_chart(sheet)
    if chart is None:
        return None
    rows = sheet.rows[:_MOST]
    labels = _labels(sheet, rows)
    left = round(max(map(len, labels)) * _LETTER + 12)
    lead = sheet.columns[chart.lead]
    rest = len(sheet.rows) - len(rows)
    told = f"the first {len(rows)} of {len(sheet.rows):,} rows" if rest else f"all {len(rows)} rows"
    caption = f"{sheet.title}: {lead.title.lower()}, {told}"
    words = "; ".join(
        f"{label} {shown(row.cells[chart.lead], lead.show, currency)}"
        for label, row in zip(labels, rows, strict=True)
    )
    if chart.kind is ChartKind.DATES:
        drawn, foot = _dates(chart, rows, left), 26
    else:
        drawn, foot = _bars(chart, rows, name, left), 6
    height = len(rows) * _ROW + foot
    texts: list[Child] = []
    for number, (label, row) in enumerate(zip(labels, rows, strict=True)):
        y = number * _ROW + 17
        texts.append(_text(left - 8, y, label, anchor="end"))
        if chart.kind is not ChartKind.DATES:
            value = shown(row.cells[chart.lead], lead.show, currency)
            texts.append(_text(_WIDTH, y, value, anchor="end", weight="600"))
    svg = tag(
        "svg",
        tag("title", caption, id=f"{name}-title"),
        tag("desc", words, id=f"{name}-desc"),
        _patterns(name) if chart.kind is ChartKind.STACK else None,
        drawn,
        texts,
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        aria_labelledby=f"{name}-title {name}-desc",
        class_="chart",
    )
    legend = _legend(sheet, chart, name) if chart.kind is ChartKind.STACK else None
    return tag("figure", svg, legend, tag("figcaption", caption))


def _labels(sheet: Sheet, rows: Sequence[ReportRow]) -> list[str]:
    """What rows call themselves, with as many words as tell them apart, the most telling first; a number in
    front leads to the table."""
    words = [place for place in used(sheet) if sheet.columns[place].show is Show.TEXT][:_WORDS]
    names = [[str(row.cells[place]) for place in words if row.cells[place]] for row in rows]
    counts = [len({tuple(one[:most]) for one in names}) for most in range(1, _WORDS + 1)]
    enough = 1 + counts.index(max(counts))
    told = (", ".join(reversed(one[:enough])) or "row" for one in names)
    return [_cut(f"{number}. {text}") for number, text in enumerate(told, start=1)]


def _bars(chart: Chart, rows: Sequence[ReportRow], name: str, left: int) -> list[Child]:
    values = [_value(row.cells[chart.lead]) for row in rows]
    low, high = min(0.0, *values), max(0.0, *values)
    span = (high - low) or 1.0
    room = _WIDTH - left - _VALUE

    def x(value: float) -> float:
        return round(left + (value - low) / span * room, 2)

    out: list[Child] = [_line(x(0), 0, x(0), len(rows) * _ROW)]
    for number, row in enumerate(rows):
        y = number * _ROW + 5
        if is_unknown(row.cells[chart.lead]):
            out.append(_rect(x(0), y, 60, fill="none", dashed=True))
            continue
        if not chart.parts:
            value = values[number]
            begin, end = sorted((x(0), x(value)))
            out.append(_rect(begin, y, max(end - begin, 1.0), fill="#2f5d62"))
            continue
        begin = 0.0
        for kind, part in enumerate(chart.parts):
            points = _value(row.cells[part])
            if points > 0:
                width = round(x(begin + points) - x(begin), 2)
                out.append(_rect(x(begin), y, width, fill=f"url(#{name}-p{kind % _KINDS})"))
            begin += points
    return out


def _dates(chart: Chart, rows: Sequence[ReportRow], left: int) -> list[Child]:
    found = [cell for row in rows if isinstance(cell := row.cells[chart.lead], date)]
    first, last = min(found), max(found)
    begin, end = date(first.year, 1, 1).toordinal(), date(min(last.year + 1, 9999), 1, 1).toordinal()
    room = _WIDTH - left - 95

    def x(day: int) -> float:
        return round(left + (day - begin) / max(1, end - begin) * room, 2)

    bottom = len(rows) * _ROW
    out: list[Child] = []
    years = range(first.year, min(last.year + 2, 9999))
    step = max(1, -(-len(years) // 8))
    for year in years[::step]:
        at = x(date(year, 1, 1).toordinal())
        out += [_line(at, 0, at, bottom + 4), _text(at, bottom + 18, str(year), anchor="middle")]
    for number, row in enumerate(rows):
        y, cell = number * _ROW + 12, row.cells[chart.lead]
        if not isinstance(cell, date):
            out.append(_text(left + 6, y + 5, "unknown"))
            continue
        at = x(cell.toordinal())
        out.append(_line(left, y, at, y, thick=True))
        out.append(
            tag("path", d=f"M{at - 6} {y}L{at} {y - 6}L{at + 6} {y}L{at} {y + 6}Z", fill=_INK, stroke="none")
        )
        out.append(_text(at + 10, y + 5, cell.isoformat(), weight="600"))
    return out


_KINDS = 6


def _patterns(name: str) -> Html:
    """Six fills that differ without colour."""
    ground = "#ffffff"
    strokes = (
        ("M0 0H8V8H0Z", "#2f5d62", 0.0),
        ("M-2 2L2 -2M0 8L8 0M6 10L10 6", "none", 1.8),
        ("M2 1H5V4H2Z", _INK, 0.0),
        ("M0 4H8", "none", 2.2),
        ("M0 0L8 8M8 0L0 8", "none", 1.0),
        ("M4 0V8", "none", 1.2),
    )
    return tag(
        "defs",
        [
            tag(
                "pattern",
                tag("rect", width=8, height=8, fill=ground),
                tag("path", d=d, fill=fill, stroke=_INK if width else "none", stroke_width=width or None),
                id=f"{name}-p{number}",
                width=8,
                height=8,
                patternUnits="userSpaceOnUse",
            )
            for number, (d, fill, width) in enumerate(strokes)
        ],
    )


def _legend(sheet: Sheet, chart: Chart, name: str) -> Html:
    return tag(
        "ul",
        [
            tag(
                "li",
                tag(
                    "svg",
                    tag("rect", width=26, height=14, fill=f"url(#{name}-p{kind % _KINDS})", stroke=_INK),
                    viewBox="0 0 26 14",
                    width=26,
                    height=14,
                    aria_hidden="true",
                ),
                sheet.columns[part].title,
            )
            for kind, part in enumerate(chart.parts)
        ],
        class_="legend",
    )


def _value(cell: Cell) -> float:
    """Unknown is drawn as such by the caller; here it is no length."""
    return float(cell) if isinstance(cell, int | float) and not is_unknown(cell) else 0.0


def _cut(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"


def _rect(x: float, y: float, width: float, *, fill: str, dashed: bool = False) -> Html:
    return tag(
        "rect",
        x=x,
        y=y,
        width=width,
        height=_BAR,
        fill=fill,
        stroke=_INK,
        stroke_width=0.8,
        stroke_dasharray="3 3" if dashed else None,
    )


def _line(x1: float, y1: float, x2: float, y2: float, *, thick: bool = False) -> Html:
    return tag(
        "path",
        d=f"M{x1} {y1}L{x2} {y2}",
        stroke=_INK if thick else _GRID,
        stroke_width=1.6 if thick else 1,
        fill="none",
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str | None = None) -> Html:
    return tag("text", text, x=x, y=y, text_anchor=anchor, font_weight=weight, font_size=13, fill=_INK)
