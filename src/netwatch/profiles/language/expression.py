"""The expression language of profiles: a safe subset of Python's expressions, compiled to closures.

Only the node types and functions listed here exist: no attributes but `table.column` in a look-up, no
comprehension, no loop, no assignment. Evaluation is total: a value not read, a division by zero or nonsense
gives None (unknown), which spreads to whatever is computed from it. Only `first`, `known`, `total`, `join`
and the short-circuits of `and` and `or` stop it.
"""

from __future__ import annotations

import ast
import functools
import operator
import warnings
from collections.abc import Callable, Container
from typing import Any

from netwatch.documents import did_you_mean
from netwatch.profiles.language.functions import FUNCTIONS, REGEX_ARGUMENT
from netwatch.profiles.language.lookups import SPECIAL, SpecialForms, span
from netwatch.profiles.language.operators import BINARY, COMPARE
from netwatch.profiles.language.patterns import compile_regex
from netwatch.profiles.language.scope import NONSENSE, Closure, ExpressionError, Frame, Scope
from netwatch.profiles.language.values import Value, number, truth

__all__ = ["Expression", "ExpressionError", "Frame", "Scope", "closure_of", "tree_of"]

MAX_LENGTH = 2000
MAX_NODES = 400


class Expression:
    """A compiled expression. Calling it never raises.

    Pickled it travels as its source and what is known of it, and is compiled again at its first use.
    """

    __slots__ = ("_mentions", "_run", "enums", "fallbacks", "names", "references", "source")

    def __init__(self, source: str | int | float | bool) -> None:
        """Raises ExpressionError."""
        compiler = _Compiler()
        self.source = source if isinstance(source, str) else repr(source)
        self._run: Closure | None = compiler.compile(self.source)
        self._mentions = tuple(compiler.names)
        self.fallbacks = tuple(compiler.fallbacks)
        """Names of each `first(a, b)` whose arguments are plain names."""
        self.names: tuple[str, ...] = tuple(dict.fromkeys(compiler.names))
        """Columns, definitions and scalars of the own row, in the order of their first mention."""
        self.references: tuple[tuple[str, str], ...] = tuple(dict.fromkeys(compiler.references))
        """(table, column) of other tables."""
        self.enums: tuple[str, ...] = tuple(dict.fromkeys(compiler.enums))

    def __call__(self, scope: Scope) -> Value:
        try:
            if self._run is None:
                self._run = _Compiler().node(tree_of(self.source))  # it was checked when it was written
            result: Value = self._run(scope)
        except NONSENSE:
            return None
        return result

    def needed(self, known: Container[str]) -> set[str]:
        """Names that matter where the `known` ones have values: what follows them in a `first` does not."""
        spare: list[str] = []
        for names in self.fallbacks:
            chosen = next((at for at, name in enumerate(names) if name in known), len(names))
            spare += names[chosen + 1 :]
        return {name for name in self.names if self._mentions.count(name) > spare.count(name)}

    @classmethod
    def known(cls, state: tuple[Any, ...]) -> Expression:
        """One from its `__getstate__`, compiled at its first use."""
        made = cls.__new__(cls)
        made.__setstate__(state)
        return made

    def __getstate__(self) -> tuple[Any, ...]:
        return self.source, self._mentions, self.fallbacks, self.references, self.enums

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.source, self._mentions, self.fallbacks, self.references, self.enums = state
        self.names = tuple(dict.fromkeys(self._mentions))
        self._run = None

    def __repr__(self) -> str:
        return f"Expression({self.source!r})"


@functools.lru_cache(maxsize=512)  # what a device is planned with is looked at several times
def tree_of(source: str) -> ast.expr:
    """The syntax tree of an expression; not to be changed. Raises what `ast.parse` raises."""
    line = " ".join(source.split("\n")).strip()
    if "\\" not in line:
        return ast.parse(line, mode="eval").body
    with warnings.catch_warnings():  # which takes as long as the rest
        warnings.simplefilter("ignore")  # patterns are written without a second backslash
        return ast.parse(line, mode="eval").body


def closure_of(node: ast.expr) -> tuple[Closure, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """A part of an expression that compiled as a whole: what it computes (raises NONSENSE), and the names and
    references that it uses. Raises ExpressionError for what is none by itself, such as a table's name."""
    compiler = _Compiler()
    return compiler.node(node), tuple(compiler.names), tuple(compiler.references)


class _Compiler(SpecialForms):
    """One expression's tree to nested closures."""

    def sibling(self) -> _Compiler:
        return _Compiler()

    def compile(self, source: str) -> Closure:
        if len(source) > MAX_LENGTH:
            raise ExpressionError(f"an expression has at most {MAX_LENGTH} characters")
        try:
            tree = tree_of(source)
        except SyntaxError as error:
            raise ExpressionError(f"is no expression: {error.msg}", f"found {source!r}") from None
        except (ValueError, RecursionError, MemoryError) as error:
            raise ExpressionError(f"is no expression: {error}") from None
        if sum(1 for _ in ast.walk(tree)) > MAX_NODES:
            raise ExpressionError(f"an expression has at most {MAX_NODES} parts", "split it with `let`")
        try:
            return self.node(tree)
        except RecursionError:
            raise ExpressionError("is nested too deeply", "split it with `let`") from None

    def node(self, node: ast.expr) -> Closure:
        method: Callable[[Any], Closure] | None = getattr(self, f"on_{type(node).__name__}", None)
        if method is None:
            raise ExpressionError(
                f"{type(node).__name__} is not part of the language", "see docs/profiles.md, Expressions"
            )
        return method(node)

    def on_Constant(self, node: ast.Constant) -> Closure:  # noqa: N802
        value = node.value
        if not isinstance(value, int | float | str | bytes | None):
            raise ExpressionError(f"{value!r} is not part of the language")
        return lambda _: value

    def on_Name(self, node: ast.Name) -> Closure:  # noqa: N802
        name = node.id
        if name == "index":
            return lambda scope: scope.index
        self.names.append(name)

        def run(scope: Scope) -> Value:
            found = scope.values.get(name)
            return found if found is not None else scope.frame.scalars.get(name)

        return run

    def on_Tuple(self, node: ast.Tuple | ast.List) -> Closure:  # noqa: N802
        items = [self.node(item) for item in node.elts]
        if all(isinstance(item, ast.Constant) for item in node.elts):
            constant = tuple(item.value for item in node.elts if isinstance(item, ast.Constant))
            return lambda _: constant
        return lambda scope: tuple(item(scope) for item in items)

    on_List = on_Tuple  # noqa: N815

    def on_UnaryOp(self, node: ast.UnaryOp) -> Closure:  # noqa: N802
        operand = self.node(node.operand)
        if isinstance(node.op, ast.Not):

            def negate(scope: Scope) -> Value:
                value = truth(operand(scope))
                return None if value is None else not value

            return negate
        signs: dict[type[ast.unaryop], Callable[[Any], Any]] = {
            ast.USub: operator.neg,
            ast.UAdd: operator.pos,
            ast.Invert: operator.inv,
        }
        sign = signs[type(node.op)]

        def run(scope: Scope) -> Value:
            value = number(operand(scope))
            result: Value = None if value is None else sign(value)
            return result

        return run

    def on_BinOp(self, node: ast.BinOp) -> Closure:  # noqa: N802
        call = BINARY.get(type(node.op))
        if call is None:
            raise ExpressionError(f"{type(node.op).__name__} is not part of the language")
        left, right = self.node(node.left), self.node(node.right)

        def run(scope: Scope) -> Value:
            one = left(scope)
            if one is None:
                return None
            other = right(scope)
            return None if other is None else call(one, other)

        return run

    def on_BoolOp(self, node: ast.BoolOp) -> Closure:  # noqa: N802
        parts = [self.node(value) for value in node.values]
        decisive = isinstance(node.op, ast.Or)

        def run(scope: Scope) -> Value:
            unknown = False
            for part in parts:
                value = truth(part(scope))
                if value is decisive:
                    return decisive
                unknown = unknown or value is None
            return None if unknown else not decisive

        return run

    def on_IfExp(self, node: ast.IfExp) -> Closure:  # noqa: N802
        body, condition, otherwise = self.node(node.body), self.node(node.test), self.node(node.orelse)

        def run(scope: Scope) -> Value:
            value = truth(condition(scope))
            if value is None:
                return None
            result: Value = body(scope) if value else otherwise(scope)
            return result

        return run

    def on_Compare(self, node: ast.Compare) -> Closure:  # noqa: N802
        first = self.node(node.left)
        steps = []
        for comparison, comparator in zip(node.ops, node.comparators, strict=True):
            call = COMPARE.get(type(comparison))
            if call is None:
                raise ExpressionError("`is` is not part of the language", "write known(x) or not known(x)")
            steps.append((call, self.node(comparator)))

        def run(scope: Scope) -> Value:
            left = first(scope)
            for call, comparator in steps:
                right = comparator(scope)
                if left is None or right is None:
                    return None
                if not call(left, right):
                    return False
                left = right
            return True

        return run

    def on_Call(self, node: ast.Call) -> Closure:  # noqa: N802
        if not isinstance(node.func, ast.Name) or node.keywords:
            raise ExpressionError("only plain functions can be called", "see docs/profiles.md, Functions")
        name = node.func.id
        if name in SPECIAL:
            return self.special(name, node.args)
        function = FUNCTIONS.get(name)
        if function is None:
            raise ExpressionError(f"unknown function {name!r}", did_you_mean(name, [*FUNCTIONS, *SPECIAL]))
        if not function.least <= len(node.args) <= function.most:
            raise ExpressionError(f"{name} takes {span(function.least, function.most)}", function.help)
        if name in REGEX_ARGUMENT:
            self._check_regex(name, node.args[REGEX_ARGUMENT[name]])
        arguments = [self.node(argument) for argument in node.args]
        names = [argument.id for argument in node.args if isinstance(argument, ast.Name)]
        if name == "first" and len(names) == len(arguments) and "index" not in names:
            self.fallbacks.append(tuple(names))
        call = function.call
        if not function.strict:
            return lambda scope: call(*[argument(scope) for argument in arguments])
        if len(arguments) == 1:
            return _strict_one(call, arguments[0])

        def run(scope: Scope) -> Value:
            found = [argument(scope) for argument in arguments]
            return None if None in found else call(*found)

        return run

    @staticmethod
    def _check_regex(name: str, argument: ast.expr) -> None:
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            raise ExpressionError(f"the pattern of {name} has to be written out")
        try:
            compile_regex(argument.value)
        except ValueError as error:
            raise ExpressionError(str(error)) from None


def _strict_one(call: Callable[[Any], Any], argument: Closure) -> Closure:
    def run(scope: Scope) -> Value:
        found = argument(scope)
        return None if found is None else call(found)

    return run
