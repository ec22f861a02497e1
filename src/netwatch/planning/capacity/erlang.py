"""Erlang B: how many lines carry how many calls, if blocked callers leave and calls arrive at random.

Sources: A. K. Erlang 1917; the recursion B(0) = 1, B(n) = A * B(n-1) / (n + A * B(n-1)) is exact and stable.
A lockdown breaks both assumptions: everybody calls at once, and blocked callers dial again.
"""

from __future__ import annotations

__all__ = ["blocking", "lines_for", "load_for", "offered"]

_STEPS = 200
"""Halvings until floats can't be halved any more."""


def blocking(load: float, lines: int) -> float:
    """Share of calls that find all lines busy, 0 to 1. `load`: offered load in erlangs.

    Raises ValueError for a negative load or number of lines.
    """
    if load < 0 or lines < 0:
        raise ValueError(f"load and lines can't be negative: {load} erlangs, {lines} lines")
    blocked = 1.0
    for line in range(1, lines + 1):
        blocked = load * blocked / (line + load * blocked)
    return blocked


def lines_for(load: float, target: float) -> int:
    """Fewest lines at which at most `target` (above 0, up to 1) of the calls are blocked."""
    _check(target)
    if load < 0:
        raise ValueError(f"a load can't be negative: {load} erlangs")
    blocked, lines = 1.0, 0
    while blocked > target:
        lines += 1
        blocked = load * blocked / (lines + load * blocked)
    return lines


def load_for(lines: int, target: float) -> float:
    """Highest offered load in erlangs at which at most `target` (between 0 and 1) of calls are blocked."""
    _check(target)
    if target >= 1:
        raise ValueError("any load is blocked to at most 100 %")
    if lines == 0:
        return 0.0
    low, high = 0.0, lines / (1 - target) + 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if blocking(middle, lines) > target:
            high = middle
        else:
            low = middle
    return low


def offered(carried: float, lines: int) -> float | None:
    """Offered load in erlangs of which `carried` gets through: calls in progress on average in the busy hour.

    None where all lines were busy all the time: then nobody knows how many more would have called.
    """
    if carried < 0:
        raise ValueError(f"a load can't be negative: {carried} erlangs")
    if carried >= lines * 0.99:
        return None
    low, high = carried, carried + 1.0
    while high * (1 - blocking(high, lines)) < carried:
        high *= 2
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if not low < middle < high:
            break
        if middle * (1 - blocking(middle, lines)) < carried:
            low = middle
        else:
            high = middle
    return high


def _check(target: float) -> None:
    if not 0 < target <= 1:
        raise ValueError(f"a share of blocked calls lies above 0, up to 1: {target}")
