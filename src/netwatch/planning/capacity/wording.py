"""Amounts and times in words, as they stand in verdicts and evidence."""

from __future__ import annotations

from datetime import date

__all__ = ["amount", "away"]

_PREFIXES = ("", "k", "M", "G", "T", "P")
_MONTH = 30.44


def amount(value: float, unit: str) -> str:
    """`3.87 TB`, `8 Gb/s`, `320 W`: three digits, powers of 1000; rates in bits, as carriers sell them."""
    if unit == "bytes per second":
        return _scaled(value * 8, "b/s")
    if unit == "bytes":
        return _scaled(value, "B")
    if unit == "watts":
        return _scaled(value, "W")
    return f"{value:.3g} {unit}"


def away(day: date, today: date) -> str:
    """`in about 5 months`."""
    days = (day - today).days
    if days < 14:
        return f"in {days} days"
    if days < 60:
        return f"in about {round(days / 7)} weeks"
    months = round(days / _MONTH)
    return f"in about {months} months" if months < 24 else f"in about {days / 365.25:.1f} years"


def _scaled(value: float, unit: str) -> str:
    size, step = abs(value), 0
    while size >= 999.5 and step < len(_PREFIXES) - 1:
        size /= 1000
        step += 1
    sign = "-" if value < 0 else ""
    digits = max(0, 2 - len(str(int(size))) + 1) if size >= 1 else 2
    text = f"{size:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return f"{sign}{text} {_PREFIXES[step]}{unit}"
