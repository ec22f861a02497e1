"""Rows of a section, printed as they come."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["Row", "show"]

Row = tuple[str, float, str]
"""What, how much, in which unit."""


def show(rows: Iterable[Row]) -> None:
    """A Markdown table."""
    print("| what | measured | unit |\n|---|---|---|", flush=True)
    for name, value, unit in rows:
        text = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        print(f"| {name} | {text} | {unit} |", flush=True)
