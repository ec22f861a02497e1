"""Functions of the expression language that see other tables: look-ups, sums and counts over rows."""

from __future__ import annotations

import abc
import ast
from collections.abc import Callable, Iterator
from typing import Any, Self

from netwatch.profiles.language.scope import NONSENSE, Closure, ExpressionError, Scope
from netwatch.profiles.language.values import Value, key_of, number, text, truth

__all__ = ["SPECIAL", "SpecialForms", "span"]


def _aggregate_avg(found: list[Any]) -> Any:
    return sum(found) / len(found)


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "avg": _aggregate_avg,
    "min_of": min,
    "max_of": max,
}

SPECIAL = {
    "enum": "enum(x, name): the label that the enumeration `name` gives x",
    "lookup": "lookup(table.column, index): a cell of another table",
    "find": "find(table.column, key, value): the column in the row whose `key` column equals the value",
    "pick": "pick(table, expression, condition): the expression in the first row that meets the condition",
    "count": "count(table, condition): rows that meet the condition; all rows without one",
    "sum": "sum(table, expression, condition)",
    "avg": "avg(table, expression, condition)",
    "min_of": "min_of(table, expression, condition)",
    "max_of": "max_of(table, expression, condition)",
    "count_by": "count_by(table, key, value, condition): rows whose key expression equals the value",
    "sum_by": "sum_by(table, key, value, expression, condition): sum over those rows",
}


class SpecialForms(abc.ABC):
    """The part of the compiler that builds them."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.references: list[tuple[str, str]] = []
        self.enums: list[str] = []
        self.fallbacks: list[tuple[str, ...]] = []

    @abc.abstractmethod
    def node(self, node: ast.expr) -> Closure:
        """Compiles one node."""

    @abc.abstractmethod
    def sibling(self) -> Self:
        """A compiler for an expression over another table's rows."""

    def special(self, name: str, arguments: list[ast.expr]) -> Closure:
        least, most = {
            "enum": (2, 2), "lookup": (2, 2), "find": (3, 3), "pick": (2, 3), "count": (1, 2),
            "count_by": (3, 4), "sum_by": (4, 5),
        }.get(name, (2, 3))  # fmt: skip
        if not least <= len(arguments) <= most:
            raise ExpressionError(f"{name} takes {span(least, most)}", SPECIAL[name])
        if name == "enum":
            return self._enum(arguments)
        if name in ("lookup", "find"):
            return self._cell(name, arguments)
        if name in ("count_by", "sum_by"):
            return self._grouped(name, arguments)
        return self._over_rows(name, arguments)

    def _word(self, node: ast.expr, what: str) -> str:
        if isinstance(node, ast.Name):
            return node.id
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise ExpressionError(f"expected the name of {what}")

    def _enum(self, arguments: list[ast.expr]) -> Closure:
        value, name = self.node(arguments[0]), self._word(arguments[1], "an enumeration")
        self.enums.append(name)

        def run(scope: Scope) -> Value:
            found = value(scope)
            if found is None:
                return None
            labels = scope.frame.enums.get(name, {})
            return labels.get(found) if isinstance(found, int) else labels.get(key_of(found))

        return run

    def _cell(self, name: str, arguments: list[ast.expr]) -> Closure:
        target = arguments[0]
        if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name):
            table, column = target.value.id, target.attr
        else:
            table, _, column = self._word(target, "a column, as table.column").partition(".")
        self.references.append((table, column))
        value = self.node(arguments[-1])
        if name == "lookup":

            def run(scope: Scope) -> Value:
                where = text(value(scope))
                row = None if where is None else scope.frame.rows(table).get(where)
                return None if row is None else row.get(column)

            return run
        key = self._word(arguments[1], "the key column")
        self.references.append((table, key))

        def search(scope: Scope) -> Value:
            wanted = key_of(value(scope))
            if wanted is None:
                return None
            cache, rows = scope.frame.cache, scope.frame.rows(table)
            places = cache.get((table, key))
            if places is None:
                places = cache[table, key] = {}
                for index, row in rows.items():
                    places.setdefault(key_of(row.get(key)), index)
            place = places.get(wanted)
            return None if place is None else rows[place].get(column)

        return search

    def _inner(self, table: str, node: ast.expr | None) -> Closure | None:
        """An expression over the rows of another table."""
        if node is None:
            return None
        inner = self.sibling()
        closure = inner.node(node)
        self.references += [(table, name) for name in inner.names] + inner.references
        self.enums += inner.enums
        return closure

    def _over_rows(self, name: str, arguments: list[ast.expr]) -> Closure:
        table = self._word(arguments[0], "a table")
        self.references.append((table, ""))
        rest = arguments[1:]
        body = None if name == "count" else self._inner(table, rest.pop(0))
        condition = self._inner(table, rest[0] if rest else None)
        token = object()

        def compute(scope: Scope) -> Value:
            rows = _rows_where(scope, table, condition)
            if body is None:
                return sum(1 for _ in rows) if scope.frame.rows(table) else None
            found = (_total(body, row) for row in rows)
            if name == "pick":
                return next((value for value in found if value is not None), None)
            numbers = [value for value in map(number, found) if value is not None]
            result: Value = _AGGREGATES[name](numbers) if numbers else None
            return result

        return _once(token, compute)

    def _grouped(self, name: str, arguments: list[ast.expr]) -> Closure:
        table, wanted = self._word(arguments[0], "a table"), self.node(arguments[2])
        self.references.append((table, ""))
        key, rest = self._inner(table, arguments[1]), arguments[3:]
        body = self._inner(table, rest.pop(0)) if name == "sum_by" else None
        condition = self._inner(table, rest[0] if rest else None)
        token = object()

        def compute(scope: Scope) -> dict[str | None, int | float]:
            groups: dict[str | None, int | float] = {}
            for row in _rows_where(scope, table, condition):
                value = 1 if body is None else number(_total(body, row))
                if key is not None and value is not None:
                    group = key_of(_total(key, row))
                    groups[group] = groups.get(group, 0) + value
            return groups

        grouped = _once(token, compute)

        def run(scope: Scope) -> Value:
            group = key_of(wanted(scope))
            if group is None:
                return None
            groups: dict[str | None, int | float] = grouped(scope)
            empty = 0 if body is None and scope.frame.rows(table) else None
            return groups.get(group, empty)

        return run


def _once(token: object, compute: Callable[[Scope], Any]) -> Closure:
    """Computed at first use in a frame: it does not depend on the row that asks."""

    def run(scope: Scope) -> Any:
        cache = scope.frame.cache
        if token not in cache:
            cache[token] = compute(scope)
        return cache[token]

    return run


def _total(closure: Closure, scope: Scope) -> Any:
    try:
        return closure(scope)
    except NONSENSE:
        return None


def _rows_where(scope: Scope, table: str, condition: Closure | None) -> Iterator[Scope]:
    for index, row in scope.frame.rows(table).items():
        inner = Scope(row, index, scope.frame)
        if condition is None or truth(_total(condition, inner)) is True:
            yield inner


def span(least: int, most: int) -> str:
    count = str(least) if least == most else f"{least} to {most}"
    return f"{count} argument{'' if most == 1 else 's'}"
