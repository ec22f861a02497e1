"""Numbers of many rows at once: what the steps of netwatch.profiles.blocks.symbols do to arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netwatch.profiles.blocks.parts import ABSENT, OTHER, SIGNED, UNSIGNED, Places, Raw
from netwatch.profiles.blocks.symbols import Step
from netwatch.profiles.language.values import Value

__all__ = ["IS_NUMBER", "floats", "stepped", "true_at", "truth", "value_at"]

IS_NUMBER = np.array([False, True, True, False])
"""By kind."""


def value_at(raw: Raw, position: int) -> Value:
    """One value as expressions see it."""
    kind = raw.kinds[position]
    if kind == OTHER:
        return raw.others[position]
    if kind == ABSENT:
        return None
    value = int(raw.values[position])
    return value - (1 << 64) if kind == SIGNED and value >> 63 else value


def floats(values: NDArray[np.uint64], kinds: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Integers as floats; `kinds` tells which large ones are no negative ones."""
    signed = values.view(np.int64)
    out = signed.astype(np.float64)
    if signed.size and signed.min() < 0:
        large = (signed < 0) & (kinds == UNSIGNED)
        out[large] = values[large].astype(np.float64)
    return out


def true_at(raw: Raw, positions: Places, steps: tuple[Step, ...], plain: bool) -> NDArray[np.bool_]:
    """Where a guard is so."""
    values = raw.values.take(positions)
    kinds = None if plain else raw.kinds[positions]
    found = stepped(values.view(np.int64) if kinds is None else floats(values, kinds), steps)
    so = truth(found)
    return so if kinds is None else so & IS_NUMBER[kinds]


def truth(found: NDArray[Any]) -> NDArray[np.bool_]:
    """Where it is not 0."""
    return found if found.dtype == np.bool_ else found != 0


def stepped(found: NDArray[Any], steps: tuple[Step, ...]) -> NDArray[Any]:
    """Numbers or truths after all steps."""
    for name, operand in steps:
        found = _STEPS[name](found, operand)
    return found


_STEPS: Mapping[str, Any] = {
    "mul": np.multiply,
    "div": np.true_divide,
    "add": np.add,
    "sub": np.subtract,
    "rsub": lambda found, operand: operand - found,
    "unsigned": lambda found, _: np.where(found < 0, np.mod(found, 4294967296.0), found),
    "eq": np.equal,
    "ne": np.not_equal,
    "lt": np.less,
    "le": np.less_equal,
    "gt": np.greater,
    "ge": np.greater_equal,
    "in": lambda found, operand: _among(found, operand),
    "not in": lambda found, operand: ~_among(found, operand),
}


def _among(found: NDArray[Any], items: tuple[float, ...]) -> NDArray[np.bool_]:
    out = np.zeros(len(found), np.bool_)
    for item in items:
        out |= found == item
    return out
