"""Numbers and times in the words of a person."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TypeGuard

from netwatch.model import scaled

__all__ = ["age", "bit_rate", "clock_time", "duration", "measured", "percent", "plain", "size"]

_MISSING = "–"


def percent(ratio: float | None) -> str:
    """0.1234 as `12 %`, small shares with a decimal; a dash for unknown."""
    if not _known(ratio):
        return _MISSING
    value = ratio * 100
    return f"{value:.1f} %" if abs(value) < 10 and value != int(value) else f"{value:.0f} %"


def bit_rate(bytes_per_second: float | None) -> str:
    """Bytes per second as `940 Mb/s`: links are spoken of in bits."""
    if not _known(bytes_per_second):
        return _MISSING
    return _prefixed(bytes_per_second * 8, "b/s")


def size(count: float | None) -> str:
    """Bytes as `1.5 TiB` (IEC 80000-13)."""
    if not _known(count):
        return _MISSING
    return _prefixed(count, "B", binary=True)


def plain(value: float | None) -> str:
    """A number with at most four significant digits, a large one with separators."""
    if not _known(value):
        return _MISSING
    if value == int(value) or abs(value) >= 10_000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """`42 s`, `5 min`, `3 h 20 min`, `12 d 4 h`."""
    if not _known(seconds):
        return _MISSING
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if hours == 0:
        return f"{minutes} min"
    if days == 0:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 and days < 30 else f"{days} d"


def age(then: float | None, now: float) -> str:
    """How long ago, e.g. `2 min ago`; `never` for None. Both in wall seconds."""
    if not _known(then):
        return "never"
    passed = now - then
    return "just now" if passed < 1 else f"{duration(passed)} ago"


def clock_time(wall: float) -> str:
    """Wall seconds in ISO 8601, UTC, to the second."""
    return datetime.fromtimestamp(wall, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def measured(value: float | None, unit: str) -> str:
    """A value in a unit of the family catalogue, scaled and named for a person."""
    if not _known(value):
        return _MISSING
    if unit == "ratio":
        return percent(value)
    if unit == "bytes":
        return size(value)
    if unit == "bytes_per_second":
        return bit_rate(value)
    if unit == "seconds":
        return f"{value * 1000:.3g} ms" if 0 < abs(value) < 1 else duration(value)
    if unit == "hertz":
        return _prefixed(value, "Hz")
    return f"{plain(value)}{_SYMBOLS.get(unit, f' {unit}' if unit else '')}"


_SYMBOLS = {
    "celsius": " °C",
    "volts": " V",
    "amperes": " A",
    "watts": " W",
    "joules": " J",
    "rpm": " rpm",
    "dbm": " dBm",
    "db": " dB",
    "dbmv": " dBmV",
    "meters": " m",
    "pascals": " Pa",
    "m3/s": " m³/s",
}


def _prefixed(value: float, unit: str, *, binary: bool = False) -> str:
    """One decimal where there is room: pages have narrow columns."""
    number, prefix = scaled(value, binary=binary)
    digits = f"{number:.0f}" if abs(number) >= 100 or number == int(number) else f"{number:.1f}"
    return f"{digits} {prefix}{unit}"


def _known(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)
