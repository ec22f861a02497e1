"""A comparison for a terminal: one paragraph per row that moved."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping

from netwatch.model import Cell, Report, Sheet

__all__ = ["moves_text"]

_LEAST, _MOST = 60, 140


def moves_text(report: Report, *, limit: int | None = None, width: int = 100) -> str:
    """A `comparison` as lines of at most `width` characters: what moved how far, why. `limit` rows of each
    sheet (None: all); what is left out is counted."""
    width = min(max(width, _LEAST), _MOST)
    lines = [report.title]
    if report.simulated:
        lines.append("  SIMULATED history went into it")
    for note in report.notes:
        lines += textwrap.wrap(note, width, initial_indent="  ", subsequent_indent="    ")
    for number, sheet in enumerate(one for one in report.sheets if one.name.startswith("moves")):
        if number and sheet.rows:
            lines += ["", sheet.title]
        lines += _rows(sheet, limit, width)
    policy = next((one for one in report.sheets if one.name == "policy"), None)
    if policy is not None and policy.rows:
        lines += ["", policy.title]
        for row in policy.rows:
            key, before, after = (cell if cell is not None else "not there" for cell in row.cells)
            text = f"{key}: {before} -> {after}"
            lines += textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="    ")
    return "\n".join(lines) + "\n"


def _rows(sheet: Sheet, limit: int | None, width: int) -> Iterator[str]:
    keys = [one.key for one in sheet.columns]
    shown = sheet.rows if limit is None else sheet.rows[:limit]
    for row in shown:
        cells = dict(zip(keys, row.cells, strict=True))
        yield ""
        yield from textwrap.wrap(_head(cells), width)
        why = str(cells["why"])
        yield from textwrap.wrap(why, width, initial_indent="    ", subsequent_indent="    ")
    if left := len(sheet.rows) - len(shown):
        yield f"\n{left} more: --limit 0 shows all, --format json every number"


def _head(cells: Mapping[str, Cell]) -> str:
    ranks = " -> ".join(
        "-" if cells[key] is None else str(cells[key]) for key in ("rank_before", "rank_after")
    )
    where = f" ({cells['school']})" if cells.get("school") else ""
    text = f"{ranks:>12}  {cells['name']}{where}"
    if "score_before" not in cells:
        return text
    scores = (cells["score_before"], cells["score_after"])
    told = " -> ".join("-" if one is None else f"{one:.1f}" for one in scores if not isinstance(one, str))
    return f"{text}, score {told}"
