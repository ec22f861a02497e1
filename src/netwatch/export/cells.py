"""One cell of a report as text: for people, and for programs."""

from __future__ import annotations

import math
from datetime import UTC, date, datetime

from netwatch.model import Cell, Report, Sheet, Show, prefixed

__all__ = ["UNKNOWN", "harmless", "is_number", "is_unknown", "iso", "plain", "shown", "used"]

UNKNOWN = "unknown"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_LATEST = 253402300799.0
"""The last second of the year 9999."""
_WORDS = (Show.TEXT, Show.GRADE, Show.YES, Show.DATE)
_HUGE = 1e300
_SIGNS = {"USD": "$", "CAD": "CA$", "GBP": "£", "EUR": "€"}


def is_unknown(cell: Cell) -> bool:
    """Unknown is None; a number that is not finite tells nothing either."""
    return cell is None or (isinstance(cell, float) and not math.isfinite(cell))


def is_number(show: Show) -> bool:
    """Whether a column is set flush right and can be drawn as a length."""
    return show not in _WORDS


def used(sheet: Sheet) -> tuple[int, ...]:
    """Positions of the columns in which anything is known."""
    return tuple(
        place
        for place in range(len(sheet.columns))
        if any(not is_unknown(row.cells[place]) and row.cells[place] != "" for row in sheet.rows)
    )


def shown(cell: Cell, show: Show, currency: str = "", *, unknown: str = UNKNOWN) -> str:
    """As people read it: percent, bits per second, TB, a currency's sign. A text that is unknown is empty,
    any other unknown is `unknown`."""
    if is_unknown(cell):
        return "" if show is Show.TEXT else unknown
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str):
        return cell
    assert cell is not None
    return _number(float(cell), show, currency)


def _number(value: float, show: Show, currency: str) -> str:
    if show is Show.RATIO:
        share = min(max(value * 100, -_HUGE), _HUGE)
        digits = 2 if 99 < abs(share) < 100 or 0 < abs(share) < 1 else 0 if share == round(share) else 1
        return f"{share:.{digits}f} %"
    if show is Show.MONEY:
        return _money(value, currency)
    if show is Show.COUNT:
        return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"
    if show is Show.POINTS:
        return f"{value:.1f}"
    if show is Show.YEARS:
        return f"{value:.1f}"
    if show is Show.SECONDS:
        return _duration(value)
    if show is Show.BYTES:
        return prefixed(value, "B")
    if show is Show.BYTES_PER_SECOND:
        return prefixed(value * 8, "bit/s")
    if show is Show.WATTS:
        return f"{value / 1000:,.2f} kW" if abs(value) >= 10_000 else f"{value:,.0f} W"
    return f"{value:,.0f}" if value == round(value) and abs(value) < 1e15 else f"{value:,.4g}"


def _money(value: float, currency: str) -> str:
    digits = 0 if value == round(value) or abs(value) >= 1000 else 2
    amount, sign = f"{abs(value):,.{digits}f}", "-" if value < 0 else ""
    if currency in _SIGNS:
        return f"{sign}{_SIGNS[currency]}{amount}"
    return f"{sign}{amount} {currency}".rstrip()


def _duration(seconds: float) -> str:
    size, sign = abs(seconds), "-" if seconds < 0 else ""
    if size < 60:
        return f"{sign}{size:.3g} s"
    if size < 3600:
        return f"{sign}{size / 60:.0f} min"
    if size < 2000 * 3600:
        return f"{sign}{size / 3600:,.1f} h" if size < 360_000 else f"{sign}{size / 3600:,.0f} h"
    return f"{sign}{size / 86_400:,.1f} d"


def plain(cell: Cell) -> str:
    """As programs read it: base units, ISO dates, `yes` and `no`; unknown is empty. Formula-safe."""
    if is_unknown(cell):
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, str):
        return harmless(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int):
        return str(cell)
    assert cell is not None
    return str(int(cell)) if cell == int(cell) and abs(cell) < 1e15 else repr(float(f"{cell:.12g}"))


def harmless(text: str) -> str:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) or text.startswith(_FORMULA) else text


def iso(report: Report) -> str:
    """The moment for which a report was made, in UTC; empty where that is no time of this world."""
    if not 0 <= report.at <= _LATEST:
        return ""
    return datetime.fromtimestamp(report.at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
