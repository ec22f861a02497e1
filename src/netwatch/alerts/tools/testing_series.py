"""Series of rule tests, written as promtool writes them."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

__all__ = ["Selector", "parse_selector", "parse_values"]

_SELECTOR = re.compile(r"\s*([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s*", re.DOTALL)
_LABEL = re.compile(r'\s*([a-zA-Z_]\w*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*(?:,|$)')
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_ITEM = re.compile(rf"({_NUMBER})(?:([+-])({_NUMBER.removeprefix('[+-]?')}))?(?:x(\d+))?")
_MISSING = re.compile(r"_(?:x(\d+))?")
MOST = 100_000
"""Values of one series; more is a slip of the pen."""


@dataclass(frozen=True, slots=True)
class Selector:
    """One series: `netwatch_device_up{device="core"}`."""

    family: str
    labels: dict[str, str]


def parse_selector(text: str) -> Selector:
    """Raises ValueError."""
    match = _SELECTOR.fullmatch(text)
    if match is None:
        raise ValueError(f'expected a series such as netwatch_device_up{{device="core"}}, found {text!r}')
    labels: dict[str, str] = {}
    rest = match[2] or ""
    while rest.strip():
        found = _LABEL.match(rest)
        if found is None:
            raise ValueError(f'expected labels such as device="core", found {rest.strip()!r}')
        if found[1] in labels:
            raise ValueError(f"label {found[1]} is written twice")
        labels[found[1]] = re.sub(r"\\(.)", r"\1", found[2])
        rest = rest[found.end() :]
    return Selector(match[1], labels)


def parse_values(text: str) -> list[float]:
    """One value per interval; NaN where nothing was read.

    `5` is one value, `5x3` four of them, `5+2x3` is `5 7 9 11`, `_` and `_x3` are one and three intervals
    without a reading. Raises ValueError.
    """
    out: list[float] = []
    for item in text.split():
        missing, match = _MISSING.fullmatch(item), _ITEM.fullmatch(item)
        times = int((missing or match or ("", "0"))[1 if missing else 4] or 0) if missing or match else 0
        if len(out) + times > MOST:
            raise ValueError(f"more than {MOST} values")
        if item == "stale":
            out.append(math.nan)
        elif missing is not None:
            out += [math.nan] * (times or 1)
        elif match is not None:
            first = float(match[1])
            step = float(match[3] or 0) * (-1 if match[2] == "-" else 1)
            out += [first + step * n for n in range(times + 1)]
        else:
            raise ValueError(f"expected values such as 1, 1x5, 0+10x5 or _x3, found {item!r}")
    return out
