"""Amounts and times in words, as they stand in verdicts and evidence."""

from __future__ import annotations

from datetime import date

from netwatch.model import DAYS_PER_YEAR, prefixed

__all__ = ["amount", "away"]

_MONTH = 30.44


def amount(value: float, unit: str) -> str:
    """`3.87 TB`, `8 Gb/s`, `320 W`: three digits, powers of 1000; rates in bits, as carriers sell them."""
    if unit == "bytes per second":
        return prefixed(value * 8, "b/s")
    if unit == "bytes":
        return prefixed(value, "B")
    if unit == "watts":
        return prefixed(value, "W")
    return f"{value:.3g} {unit}"


def away(day: date, today: date) -> str:
    """`in about 5 months`."""
    days = (day - today).days
    if days < 14:
        return f"in {days} days"
    if days < 60:
        return f"in about {round(days / 7)} weeks"
    months = round(days / _MONTH)
    return f"in about {months} months" if months < 24 else f"in about {days / DAYS_PER_YEAR:.1f} years"
