"""Arithmetic and comparisons of the expression language, on values that convert themselves."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable
from typing import Any

from netwatch.profiles.language.values import MAX_TEXT, key_of, number, text

__all__ = ["BINARY", "COMPARE"]


def _add(left: Any, right: Any) -> Any:
    """Joins if one side is text, else adds."""
    if isinstance(left, str) or isinstance(right, str):
        return (_piece(left) + _piece(right))[:MAX_TEXT]
    one, other = number(left), number(right)
    return None if one is None or other is None else one + other


def _piece(value: Any) -> str:
    found = value if isinstance(value, str) else text(value)
    if found is None:
        raise ValueError
    return found


def _power(left: Any, right: Any) -> Any:
    base, exponent = number(left), number(right)
    if base is None or exponent is None or abs(exponent) > 64 or abs(base) > 1e6:
        return None
    result = float(base) ** exponent
    return result if isinstance(result, float) else None


def _shift(call: Callable[[int, int], int]) -> Callable[[Any, Any], Any]:
    def shift(left: Any, right: Any) -> Any:
        whole, by = number(left), number(right)
        if not isinstance(whole, int) or not isinstance(by, int) or not 0 <= by <= 64:
            return None
        return call(whole, by)

    return shift


def _numeric(call: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def compute(left: Any, right: Any) -> Any:
        if type(left) is not int:
            left = number(left)
        if type(right) is not int:
            right = number(right)
        return call(left, right)

    return compute


def _times(left: Any, right: Any) -> Any:
    result = left * right
    return None if abs(result) > 1e300 else result


BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: _add,
    ast.Sub: _numeric(operator.sub),
    ast.Mult: _numeric(_times),
    ast.Div: _numeric(operator.truediv),
    ast.FloorDiv: _numeric(operator.floordiv),
    ast.Mod: _numeric(operator.mod),
    ast.Pow: _power,
    ast.BitAnd: _numeric(operator.and_),
    ast.BitOr: _numeric(operator.or_),
    ast.BitXor: _numeric(operator.xor),
    ast.LShift: _shift(operator.lshift),
    ast.RShift: _shift(operator.rshift),
}


def _equal(left: Any, right: Any) -> bool:
    if type(left) is type(right):
        return bool(left == right)
    if isinstance(left, str | bytes) and isinstance(right, str | bytes):
        return text(left) == text(right)
    one, other = number(left), number(right)
    return one is not None and one == other and key_of(left) is not None


def _order(call: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        one, other = number(left), number(right)
        if one is None or other is None:
            raise ValueError
        return call(one, other)

    return compare


def _within(left: Any, right: Any) -> bool:
    if isinstance(right, tuple):
        return any(_equal(left, item) for item in right)
    return (text(left) or "\0") in (text(right) or "")


COMPARE: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: _equal,
    ast.NotEq: lambda left, right: not _equal(left, right),
    ast.Lt: _order(operator.lt),
    ast.LtE: _order(operator.le),
    ast.Gt: _order(operator.gt),
    ast.GtE: _order(operator.ge),
    ast.In: _within,
    ast.NotIn: lambda left, right: not _within(left, right),
}
