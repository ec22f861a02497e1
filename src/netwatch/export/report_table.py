"""A sheet of a report for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from netwatch.export.cells import is_number, is_unknown, shown, used
from netwatch.model import Report, ReportRow, Sheet, Show

__all__ = ["ReportTable"]

_STACK = 3
"""Columns of words that share one: what a thing is and where."""
_WORDS_WIDE = 26
_WHY_WIDE = 32
_REASONS = 5
_NARROW = (Show.YES, Show.GRADE, Show.DATE)
"""As short as numbers are, and never broken."""


@dataclass(frozen=True, slots=True)
class _Group:
    """Columns of the sheet that are one column on the screen."""

    places: tuple[int, ...]
    width: int
    number: bool


class ReportTable:
    """Fits itself to the console: as many columns as it holds, and what the row stands on, the most first."""

    def __init__(self, report: Report, sheet: Sheet | None = None, limit: int | None = None) -> None:
        """`sheet`: None is the first. `limit`: so many rows (None: all)."""
        self._report = report
        self._sheet = report.sheets[0] if sheet is None else sheet
        self._shown = self._sheet.rows if limit is None else self._sheet.rows[:limit]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        why = any(row.evidence or row.unknown for row in self._shown)
        groups, left = self._groups(options.max_width - (_WHY_WIDE if why else 0))
        table = Table(
            title=Text(self._sheet.title),
            caption=Text(" · ".join(self._notes(left))),
            show_lines=why or any(len(group.places) > 1 for group in groups),
            pad_edge=False,
        )
        columns = self._sheet.columns
        for group in groups:
            title = Text("\n".join(columns[place].title for place in group.places))
            if group.number:
                table.add_column(title, justify="right", no_wrap=True)
            else:
                table.add_column(title, overflow="fold", min_width=min(12, group.width), max_width=34)
        if why:
            table.add_column("What it stands on", overflow="fold", ratio=1)
        for row in self._shown:
            cells = [Text(self._text(row, group)) for group in groups]
            table.add_row(*cells, *([Text("\n".join(self._why(row)))] if why else []))
        yield table
        for note in (*self._report.notes, *self._sheet.notes):
            yield Text(f"Note: {note}")

    def _groups(self, room: int) -> tuple[list[_Group], int]:
        """Those that fit, and how many columns stay out. Whatever is left out, the first words stay: they say
        what the row is about."""
        groups: list[_Group] = []
        columns = self._sheet.columns
        places = [
            place for place in used(self._sheet) if not columns[place].aside and not self._opened(place)
        ]
        taken = 0
        words = next((place for place in places if not self._narrow(place)), None)
        kept = 0 if words is None else min(self._width(words), _WORDS_WIDE) + 3
        for place in places:
            number = self._narrow(place)
            width = self._width(place)
            if place == words:
                kept = 0
            last = groups[-1] if groups else None
            if not number and last is not None and not last.number and len(last.places) < _STACK:
                grown = max(last.width, min(width, _WORDS_WIDE))
                if room >= grown - last.width and width <= 3 * _WORDS_WIDE:
                    groups[-1] = _Group((*last.places, place), grown, number=False)
                    room -= grown - last.width
                    taken += 1
                    continue
            width = width if number else min(width, _WORDS_WIDE)
            if room - kept >= width + 3 and (number or not any(not group.number for group in groups)):
                groups.append(_Group((place,), width, number))
                room -= width + 3
                taken += 1
        return groups, len(places) - taken

    def _narrow(self, place: int) -> bool:
        show = self._sheet.columns[place].show
        return is_number(show) or show in _NARROW

    def _opened(self, place: int) -> bool:
        """Points that the last column tells together with what they were given for."""
        column = self._sheet.columns[place]
        return column.show is Show.POINTS and any(column.key in row.evidence for row in self._shown)

    def _width(self, place: int) -> int:
        column = self._sheet.columns[place]
        texts = [shown(row.cells[place], column.show, self._report.currency) for row in self._shown]
        return max([len(column.title), *(len(line) for text in texts for line in text.split("\n"))])

    def _text(self, row: ReportRow, group: _Group) -> str:
        columns, currency = self._sheet.columns, self._report.currency
        lines = [
            shown(row.cells[place], columns[place].show, currency, unknown="?") for place in group.places
        ]
        return "\n".join(line for line in lines if line)

    def _why(self, row: ReportRow) -> list[str]:
        return reasons(self._sheet, row, self._report.currency)

    def _notes(self, left: int) -> list[str]:
        notes = [f"policy: {self._report.policy}"] if self._report.policy else []
        if self._report.simulated:
            notes.insert(0, "SIMULATED history went into this")
        rest = len(self._sheet.rows) - len(self._shown)
        if rest:
            notes.append(f"{rest:,} more rows")
        if left:
            notes.append(f"{left} more columns in --format csv or xlsx")
        others = [sheet.name for sheet in self._report.sheets if sheet is not self._sheet]
        if others:
            notes.append(f"further sheets: {', '.join(others)} (--sheet)")
        notes.append("all evidence: --format json")
        return notes


def reasons(sheet: Sheet, row: ReportRow, currency: str = "", most: int = _REASONS) -> list[str]:
    """The weightiest piece of evidence of each column; the columns with most points first, those that gave
    none left out. What several columns stand on is said once, behind all of them."""
    told: list[tuple[float, int, str, str]] = []
    for place, column in enumerate(sheet.columns):
        items, cell = row.evidence.get(column.key), row.cells[place]
        if not items:
            continue
        points = float(cell) if column.show is Show.POINTS and isinstance(cell, int | float) else None
        if points == 0:
            continue
        head = column.title if is_unknown(cell) else f"{column.title} {shown(cell, column.show, currency)}"
        told.append((-(points or 0.0), place, head, items[0].text))
    heads: dict[str, list[str]] = {}
    for _, _, head, text in sorted(told):
        heads.setdefault(text, []).append(head)
    lines = [f"{'; '.join(of)}: {text}" for text, of in list(heads.items())[:most]]
    if not all(any(name in line for line in lines) for name in row.unknown):
        lines.append(f"unknown: {', '.join(row.unknown)}")
    return lines


def first_words(sheet: Sheet, row: ReportRow, count: int = 1) -> Sequence[str]:
    """What the row calls itself: its first texts that are not empty."""
    out = [
        str(cell)
        for cell, column in zip(row.cells, sheet.columns, strict=True)
        if column.show is Show.TEXT and cell
    ]
    return out[:count]
