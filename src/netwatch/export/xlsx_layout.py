"""How a sheet is laid out on the screen and on paper: widths, heights, and where a page ends. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from netwatch.export.cells import is_number, is_unknown, shown
from netwatch.model import Cell, ReportColumn, Sheet, Show

__all__ = ["Layout", "lay_out", "lines_of"]

_NARROWEST, _NAME, _WIDE, _WIDEST, _NUMBER = 7.0, 30.0, 42.0, 80.0, 24.0
"""Widths of columns in letters: at least; of names, of texts and of very long ones at most, which are wrapped
there; of numbers at most."""
_PHRASE = 60
"""What is longer is no name."""
_AIR = 2.0
_ARROW = 3.0
"""Room for the arrow of the filter."""
_FEW_LINES = 4
"""Texts that need more lines than that get the widest column."""
_SAMPLE = 2000
"""Rows that widths are taken from."""
_PAGE = 140.0
"""Letters across a page of US Letter in landscape, at full size."""
_SMALLEST = 60
"""Percent: 11 points become 6.6. A sheet that is wider goes on over several pages side by side."""
_NAMES = 7
"""The first text among so many columns is what the row is about; it stays in sight, and on each page,"""
_KEPT = 0.45
"""with all before it, if they take no more than this share of a page."""


@dataclass(frozen=True, slots=True)
class Layout:
    widths: tuple[float, ...]
    """By column, in letters."""
    names: int
    """Leading columns that stay in sight and are repeated on each page."""
    printed: int
    """Leading columns that are printed; what follows is for programs."""
    scale: int | None
    """Percent; None: the sheet fits one page's width."""
    breaks: tuple[int, ...]
    """Columns with which a new page begins."""
    head: int
    """Lines of the header."""


def lay_out(sheet: Sheet, heads: Sequence[str], currency: str) -> Layout:
    """`heads` are the titles of the columns, one more where rows have evidence."""
    widths = tuple(_width(sheet, place, head, currency) for place, head in enumerate(heads))
    printed = len(sheet.columns)
    while printed > 1 and sheet.columns[printed - 1].aside:
        printed -= 1
    room = _PAGE * 100 / _SMALLEST
    names = _names(sheet.columns[:printed], widths, room)
    scale: int | None = None
    breaks: tuple[int, ...] = ()
    if sum(widths[:printed]) > room:
        scale, breaks = _SMALLEST, _breaks(widths[:printed], names, room)
    head = max(
        (lines_of(text, width - _ARROW + 1) for text, width in zip(heads, widths, strict=True)), default=1
    )
    return Layout(widths, names, printed, scale, breaks, head)


def lines_of(text: str, width: float) -> int:
    """Lines that a text takes in a column, broken between words."""
    room = max(1, int(width))
    lines = 0
    for part in text.split("\n"):
        left = 0
        lines += 1
        for word in part.split():
            size = len(word)
            if left and left + 1 + size > room:
                lines, left = lines + 1, 0
            lines += max(0, math.ceil(size / room) - 1)
            left += size % room or room if size > room else size + bool(left)
    return lines


def _width(sheet: Sheet, place: int, head: str, currency: str) -> float:
    if place >= len(sheet.columns):
        return 11.0
    show = sheet.columns[place].show
    texts = [_shown(row.cells[place], show, currency) for row in sheet.rows[:_SAMPLE]]
    longest = max(map(len, texts), default=0) + _AIR
    least = max((len(word) for word in head.split()), default=0) + _ARROW
    if is_number(show) or show is Show.DATE:
        return max(_NARROWEST, min(longest, _NUMBER), least)
    if longest > _NAME:
        if longest <= _PHRASE:
            usual = sorted(map(len, texts))[int(0.9 * (len(texts) - 1))] + _AIR
            longest = min(usual, _NAME)
        else:
            longest = _WIDEST if max(lines_of(text, _WIDE) for text in texts) > _FEW_LINES else _WIDE
    return max(_NARROWEST, longest, least)


def _shown(cell: Cell, show: Show, currency: str) -> str:
    """About as long as a spreadsheet shows it: it keeps digits that people are spared elsewhere."""
    if is_unknown(cell) or isinstance(cell, str | bool):
        return shown(cell, show, currency)
    if isinstance(cell, int | float):
        if show is Show.MONEY:
            return f"{cell:,.2f} {currency}"
        if show is Show.SECONDS:
            return f"{cell / 3600:.0f}:00:00"
        if show in (Show.NUMBER, Show.COUNT):
            return f"{cell:,.4f}" if show is Show.NUMBER and cell != round(cell) else f"{cell:,.0f}"
        if show in (Show.BYTES, Show.BYTES_PER_SECOND):
            return "0,000.00 Gbit/s"
    return shown(cell, show, currency)


def _names(columns: Sequence[ReportColumn], widths: Sequence[float], room: float) -> int:
    """Columns up to the first text stay in sight when one scrolls to the right."""
    for place, column in enumerate(columns[:_NAMES]):
        if column.show is Show.TEXT:
            return place + 1 if sum(widths[: place + 1]) <= _KEPT * room else 0
    return 0


def _breaks(widths: Sequence[float], names: int, room: float) -> tuple[int, ...]:
    kept = sum(widths[:names])
    out, left = [], room
    for place, width in enumerate(widths):
        if width > left and place > names:
            out.append(place)
            left = room - kept
        left -= width
    return tuple(out)
