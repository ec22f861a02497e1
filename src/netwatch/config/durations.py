"""Durations, sizes and bit rates as people write them."""

from __future__ import annotations

import math
import re

__all__ = ["format_duration", "parse_bit_rate", "parse_duration", "parse_size"]

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0, "y": 31536000.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")
_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(?:([KMGT])(i?)B?|B)?")
_RATE = re.compile(r"(\d+(?:\.\d+)?) ?([kKMGT]?)(?:bit/s|bps)?")
_EXPONENT = {"K": 1, "M": 2, "G": 3, "T": 4}


def parse_duration(value: object) -> float:
    """Seconds of `30s`, `5m`, `1h30m`, `24h`, `90d`, `2y` (365 days each), or of a plain number of seconds.

    Raises ValueError for anything else, and for what is negative or not finite.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        seconds = float(value)
    elif isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        seconds = float(value)  # a cell of a table is text
    elif isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        seconds = sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    else:
        raise ValueError("expected a duration such as 30s, 5m, 1h30m or 24h")
    if not math.isfinite(seconds) or seconds < 0:
        raise ValueError("expected a duration that is finite and not negative")
    return seconds


def format_duration(seconds: float) -> str:
    """The shortest text that `parse_duration` reads back as the same whole milliseconds, e.g. `1h30m`."""
    left = round(seconds * 1000)
    if left == 0:
        return "0s"
    out = ""
    for unit in ("d", "h", "m", "s", "ms"):
        size = round(_UNITS[unit] * 1000)
        count, left = divmod(left, size)
        if count:
            out += f"{count}{unit}"
    return out


def parse_size(value: object) -> int:
    """Bytes of `512`, `64K`, `10MB` (powers of 1000) or `8MiB` (powers of 1024). Raises ValueError."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    if isinstance(value, str) and (match := _SIZE.fullmatch(value.strip())):
        number, letter, binary = match.groups()
        factor: int = (1024 if binary else 1000) ** _EXPONENT.get(letter or "", 0)
        return round(float(number) * factor)
    raise ValueError("expected a size such as 512, 64K, 10MB or 8MiB")


def parse_bit_rate(value: object) -> float:
    """Bits per second of `100M`, `10G`, `1.5Mbit/s` (powers of 1000) or a plain number. Raises ValueError."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0:
        return float(value)
    if isinstance(value, str) and (match := _RATE.fullmatch(value.strip())):
        rate = float(match[1]) * 1000.0 ** _EXPONENT.get(match[2].upper(), 0)
        if rate > 0:
            return rate
    raise ValueError("expected bits per second such as 100M or 10G")
