"""What an expression comes to once it is known which columns of a row are asked, and which stay as they are.

Most values are a column as it stands, or a column times a number. Those are computed for a whole table at
once; what is said here of an expression is a promise that arithmetic on floats gives what the expression
gives, as long as the agent answers with integers.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, replace
from typing import Any

from netwatch.profiles.language.expression import Expression, closure_of, tree_of
from netwatch.profiles.language.scope import NONSENSE, ExpressionError, Frame, Scope
from netwatch.profiles.language.values import Value, number, truth

__all__ = ["Cell", "Known", "Step", "Symbol", "Symbols"]

Step = tuple[str, float | tuple[float, ...]]
"""An operation and its other operand: mul, div, add, sub, rsub, unsigned, or one of COMPARISONS."""

COMPARISONS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Eq: ("eq", "eq"),
    ast.NotEq: ("ne", "ne"),
    ast.Lt: ("lt", "gt"),
    ast.LtE: ("le", "ge"),
    ast.Gt: ("gt", "lt"),
    ast.GtE: ("ge", "le"),
}
"""Name of a comparison, and of the one with its sides exchanged."""

MOST = 1e100
"""Operands up to here: no product of a few of them leaves the range of a float."""
EXACT = 2.0**53


@dataclass(frozen=True, slots=True)
class Known:
    """A value that no poll changes; None is unknown."""

    value: Value


@dataclass(frozen=True, slots=True)
class Cell:
    """A column that is asked at each poll, and what is done with its number. Unknown where it is not read,
    or where one of the guards is not true."""

    alias: str
    steps: tuple[Step, ...] = ()
    guards: tuple[Cell, ...] = ()
    boolean: bool = False

    def then(self, *steps: Step, boolean: bool = False) -> Cell:
        return replace(self, steps=self.steps + steps, boolean=boolean)


Symbol = Known | Cell | None
"""None: it has to be evaluated."""


class Symbols:
    """Of one row, or of all rows that are asked for the same columns and have the same static values."""

    def __init__(
        self,
        *,
        polled: Container[str],
        static: Mapping[str, Value],
        changing: Container[str],
        index: str,
        frame: Frame,
        still: Callable[[tuple[tuple[str, str], ...]], bool],
    ) -> None:
        """`changing`: names that are neither polled columns alone nor static. `still`: no poll changes what
        these references see. `frame` holds what discovery read."""
        self._polled = polled
        self._static = static
        self._changing = changing
        self._index = index
        self._frame = frame
        self._still = still
        self._defined: dict[str, Symbol] = {}
        self._parsed: dict[str, ast.expr] = {}

    def define(self, name: str, expression: Expression) -> None:
        """A definition of the table, after those that it uses."""
        self._defined[name] = self.of(expression)

    def of(self, expression: Expression) -> Symbol:
        tree = self._parsed.get(expression.source)
        if tree is None:
            tree = self._parsed[expression.source] = tree_of(expression.source)
        return self._symbol(tree)

    def guards(self, expression: Expression | None) -> tuple[Cell, ...] | bool | None:
        """What has to be true for a `when` to be so: True always, False never, None: has to be evaluated."""
        if expression is None:
            return True
        self.of(expression)
        return self._guards(self._parsed[expression.source])

    def name(self, name: str) -> Symbol:
        if name == "index":
            return Known(self._index)
        scalar = self._frame.scalars.get(name)
        if name in self._defined:
            found = self._defined[name]
            if isinstance(found, Known) and found.value is None:
                return None if name in self._changing else Known(scalar)
            return None if isinstance(found, Cell) and scalar is not None else found
        if name in self._changing:
            return None
        if name in self._polled:
            return Cell(name) if scalar is None else None
        value = self._static.get(name)
        return Known(scalar if value is None else value)

    def scope(self) -> Scope:
        """The row as far as it is known."""
        values = {name: value for name, value in self._static.items() if name not in self._changing}
        for name, found in self._defined.items():
            if isinstance(found, Known):
                values[name] = found.value
        return Scope(values, self._index, self._frame)

    # nodes

    def _symbol(self, node: ast.expr) -> Symbol:
        if isinstance(node, ast.Constant):
            return Known(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return self.name(node.id)
        try:
            closure, names, references = closure_of(node)
        except ExpressionError:
            return None
        if self._still(references) and all(isinstance(self.name(name), Known) for name in names):
            try:
                return Known(closure(self.scope()))
            except NONSENSE:
                return None
        method: Callable[[Any], Symbol] | None = getattr(self, f"_{type(node).__name__.lower()}", None)
        return None if method is None else method(node)

    def _binop(self, node: ast.BinOp) -> Symbol:
        left, right = self._symbol(node.left), self._symbol(node.right)
        for side in (left, right):
            if side is None or (isinstance(side, Known) and side.value is None):
                return side
        if isinstance(left, Cell) and isinstance(right, Known):
            constant, cell, swapped = _operand(right.value), left, False
        elif isinstance(right, Cell) and isinstance(left, Known):
            constant, cell, swapped = _operand(left.value), right, True
        else:
            return None
        if constant is None:
            return None
        if isinstance(node.op, ast.Add):
            return cell.then(("add", constant))
        if isinstance(node.op, ast.Sub):
            return cell.then(("rsub" if swapped else "sub", constant))
        if isinstance(node.op, ast.Mult):
            return cell.then(("mul", constant))
        if isinstance(node.op, ast.Div) and not swapped and constant != 0:
            return cell.then(("div", constant))
        return None

    def _compare(self, node: ast.Compare) -> Symbol:
        if len(node.ops) != 1:
            return None
        left, right, sign = self._symbol(node.left), self._symbol(node.comparators[0]), type(node.ops[0])
        if isinstance(left, Cell) and isinstance(right, Known) and sign in (ast.In, ast.NotIn):
            items = right.value if isinstance(right.value, tuple) else None
            among = None if items is None else [_operand(item) for item in items]
            if among is None or None in among:
                return None
            name = "in" if sign is ast.In else "not in"
            return left.then((name, tuple(item for item in among if item is not None)), boolean=True)
        if sign not in COMPARISONS:
            return None
        for side in (left, right):
            if isinstance(side, Known) and side.value is None:
                return None
        if isinstance(left, Cell) and isinstance(right, Known):
            cell, constant, name = left, _operand(right.value), COMPARISONS[sign][0]
        elif isinstance(right, Cell) and isinstance(left, Known):
            cell, constant, name = right, _operand(left.value), COMPARISONS[sign][1]
        else:
            return None
        if constant is None or abs(constant) > EXACT:
            return None
        return cell.then((name, constant), boolean=True)

    def _unaryop(self, node: ast.UnaryOp) -> Symbol:
        operand = self._symbol(node.operand)
        if not isinstance(operand, Cell):
            return None
        if isinstance(node.op, ast.Not):
            return operand.then(("eq", 0.0), boolean=True)
        if isinstance(node.op, ast.USub):
            return operand.then(("mul", -1.0))
        return operand.then(("mul", 1.0)) if isinstance(node.op, ast.UAdd) else None

    def _ifexp(self, node: ast.IfExp) -> Symbol:
        guards = self._guards(node.test)
        if guards is True:
            return self._symbol(node.body)
        test = self._symbol(node.test)
        if isinstance(test, Known):
            return Known(None) if truth(test.value) is None else self._symbol(node.orelse)
        body, otherwise = self._symbol(node.body), self._symbol(node.orelse)
        if (
            isinstance(guards, tuple)
            and isinstance(body, Cell)
            and isinstance(otherwise, Known)
            and otherwise.value is None
        ):
            return replace(body, guards=(*guards, *body.guards))
        return None

    def _call(self, node: ast.Call) -> Symbol:
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        found = [self._symbol(argument) for argument in node.args]
        if name == "first":
            found = [one for one in found if not (isinstance(one, Known) and one.value in (None, b"", ""))]
            only = found[0] if found else Known(None)
            return only if len(found) <= 1 or isinstance(only, Known) else None
        if len(found) != 1 or not isinstance(found[0], Cell):
            return None
        cell = found[0]
        if name == "ticks":
            return cell.then(("div", 100.0))
        if name == "fahrenheit":
            return cell.then(("sub", 32.0), ("div", 1.8))
        if name == "num":
            return replace(cell, boolean=False)
        if not cell.steps and name == "unsigned":
            return cell.then(("unsigned", 0.0))
        return replace(cell, boolean=False) if not cell.steps and name == "int" else None

    def _guards(self, node: ast.expr) -> tuple[Cell, ...] | bool | None:
        if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
            out: list[Cell] = []
            for part in node.values:
                guards = self._guards(part)
                if guards is None or guards is False:
                    return guards
                out += guards if isinstance(guards, tuple) else ()
            return tuple(out) or True
        found = self._symbol(node)
        if isinstance(found, Known):
            return truth(found.value) is True
        return None if found is None else (*found.guards, replace(found, guards=()))


def _operand(value: object) -> float | None:
    """A number that arithmetic on floats can take; text is none, even if it looks like one."""
    if not isinstance(value, int | float):
        return None
    found = number(value)
    return float(found) if found is not None and math.isfinite(found) and abs(found) < MOST else None
