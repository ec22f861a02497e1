"""Amounts as people read them: a few digits and an SI prefix."""

from __future__ import annotations

__all__ = ["prefixed", "scaled"]

_PREFIXES = ("", "k", "M", "G", "T", "P")


def prefixed(value: float, unit: str, *, binary: bool = False, digits: int = 3) -> str:
    """`3.87 TB`, `8 Gb/s`, `320 W`: so many significant digits. `binary`: `1.5 KiB`."""
    number, prefix = scaled(value, binary=binary, digits=digits)
    # Beyond the last prefix all digits are told.
    text = f"{number:.0f}" if abs(number) >= 1000 else f"{number:.{digits}g}"
    return f"{text} {prefix}{unit}"


def scaled(value: float, *, binary: bool = False, digits: int = 3) -> tuple[float, str]:
    """The number before the prefix, and the prefix; powers of 1000, or of 1024 (IEC 80000-13).

    `digits`: how many will be told. What rounds to 1000 takes the next prefix.
    """
    base, step = 1024.0 if binary else 1000.0, 0
    limit = base - 0.5 * 10.0 ** (3 - digits)
    while abs(value) >= limit and step < len(_PREFIXES) - 1:
        value, step = value / base, step + 1
    prefix = _PREFIXES[step]
    return value, f"{prefix.upper()}i" if binary and prefix else prefix
