"""The small language of values in the simulator's YAML.

A column is `TYPE EXPRESSION` or `TYPE =text with {attributes}`:

    gauge speed / 1000000        string ={vendor} {model}        counter64 in_octets        hex mac

`float` is IEEE 754 in four octets, the least significant first.

Expressions are arithmetic over attributes of the row, then of the device. What depends on time stays a
function of the seconds since the simulation started; everything else is computed once.
"""

from __future__ import annotations

import ast
import hashlib
import operator
import re
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from netwatch.simulate import ber
from netwatch.simulate.signals import Signal, WeekLoad

__all__ = [
    "Attributes",
    "Column",
    "Live",
    "chance",
    "compile_column",
    "compile_text",
    "evaluate",
    "expand_attribute",
    "pattern",
    "render",
]

Live = Callable[[float], int | float]
Attributes = Mapping[str, Any]
"""Constants, and `Live` functions of time."""

_TYPES = {
    "integer": ber.INTEGER,
    "gauge": ber.GAUGE32,
    "counter32": ber.COUNTER32,
    "counter64": ber.COUNTER64,
    "ticks": ber.TIME_TICKS,
    "string": ber.OCTET_STRING,
    "hex": ber.OCTET_STRING,
    "float": ber.OCTET_STRING,
    "oid": ber.OID,
    "ip": ber.IP_ADDRESS,
}
_OPERATORS: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_HOLE = re.compile(r"\{(\w+)(?::(\w+))?\}")
_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"


@dataclass(frozen=True, slots=True)
class Column:
    """A compiled column."""

    type: str
    tag: int
    text: str = ""
    expression: ast.expr | None = None


def compile_column(text: str) -> Column:
    """Raises ValueError with what is wrong."""
    name, _, rest = text.partition(" ")
    if name not in _TYPES:
        raise ValueError(f"{text!r}: {name!r} is no type (one of {', '.join(_TYPES)})")
    rest = rest.strip()
    if rest.startswith("="):
        compile_text(rest[1:])
        return Column(name, _TYPES[name], text=rest[1:])
    return Column(name, _TYPES[name], expression=compile_expression(rest))


def compile_expression(text: str) -> ast.expr:
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except SyntaxError:
        raise ValueError(f"{text!r} is no expression") from None
    for node in ast.walk(body):
        allowed = (ast.BinOp, ast.UnaryOp, ast.USub, ast.Name, ast.Constant, ast.Load, *_OPERATORS)
        if not isinstance(node, allowed):
            raise ValueError(f"{text!r}: only numbers, attributes and + - * / // % are known")
    return body


def compile_text(text: str) -> list[str]:
    """The attributes that a text names. Raises ValueError."""
    left = _HOLE.sub("", text)
    if "{" in left or "}" in left:
        raise ValueError(f"{text!r}: a brace that encloses no attribute")
    for _, form in _HOLE.findall(text):
        if form not in ("", "arcs", "string", "lower", "plain", "d2"):
            raise ValueError(f"{text!r}: {form!r} is no form (arcs, string, lower, plain, d2)")
    return [name for name, _ in _HOLE.findall(text)]


def render(text: str, attributes: Attributes) -> str:
    """`{name}` as text; `:arcs` a MAC or address as numbers; `:string` length and characters as an index."""

    def hole(found: re.Match[str]) -> str:
        value = attributes[found.group(1)]
        if callable(value):
            value = round(value(0.0))
        form = found.group(2)
        if form == "arcs":
            return ".".join(str(int(part, 16)) for part in str(value).split(":"))
        if form == "string":
            octets = str(value).encode()
            return ".".join(map(str, (len(octets), *octets)))
        if form == "lower":
            return str(value).lower()
        if form == "plain":
            return str(value).replace(":", "").upper()
        if form == "d2":
            return f"{int(value):02d}"
        return str(value)

    return _HOLE.sub(hole, text)


def evaluate(node: ast.expr, attributes: Attributes) -> Any:
    """A constant or a Live function. Raises KeyError for an unknown attribute."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return attributes[node.id]
    if isinstance(node, ast.UnaryOp):
        inner = evaluate(node.operand, attributes)
        return _combine(operator.sub, 0, inner)
    assert isinstance(node, ast.BinOp)
    left, right = evaluate(node.left, attributes), evaluate(node.right, attributes)
    return _combine(_OPERATORS[type(node.op)], left, right)


def _combine(operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
    if callable(left) and callable(right):
        return lambda seconds: operation(left(seconds), right(seconds))
    if callable(left):
        return lambda seconds: operation(left(seconds), right)
    if callable(right):
        return lambda seconds: operation(left, right(seconds))
    return operation(left, right)


def column_source(column: Column, attributes: Attributes) -> Any:
    """What a view stores for a column: an encoded-ready constant or a function of time."""
    if column.expression is None:
        return _shape(column.type, render(column.text, attributes))
    value = evaluate(column.expression, attributes)
    if callable(value):
        return partial(_shape_live, column.type, value)
    return _shape(column.type, value)


def _shape_live(kind: str, live: Live, seconds: float) -> Any:
    return _shape(kind, live(seconds))


def _shape(kind: str, value: Any) -> Any:
    if kind in ("string", "oid", "ip"):
        return str(round(value)) if isinstance(value, float) else str(value)
    if kind == "hex":
        return bytes.fromhex(str(value).replace(":", ""))
    if kind == "float":
        return struct.pack("<f", value)
    return int(value) if isinstance(value, str | int) else _whole(value)


def _whole(value: float) -> int:
    """Rounded to the nearest, but a counter's exact integers stay as they are."""
    return int(value) if value >= 1 << 53 else round(value)


def chance(*path: object) -> float:
    """A number in [0, 1) that depends on the path alone: determinism without a shared generator."""
    digest = hashlib.blake2b("\0".join(map(str, path)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64


def pattern(text: str, *path: object) -> str:
    """`#` becomes a digit, `@` a letter, `%` a hexadecimal digit."""
    out: list[str] = []
    for number, letter in enumerate(text):
        share = chance(*path, number)
        if letter == "#":
            out.append(str(int(share * 10)))
        elif letter == "@":
            out.append(_LETTERS[int(share * len(_LETTERS))])
        elif letter == "%":
            out.append("0123456789abcdef"[int(share * 16)])
        else:
            out.append(letter)
    return "".join(out)


def number(spec: Any, *path: object) -> float:
    """A number, or one between two."""
    if isinstance(spec, list):
        return float(spec[0] + (spec[1] - spec[0]) * chance(*path))
    return float(spec)


def signal(spec: Mapping[str, Any], *path: object) -> Signal:
    """`{base, swing, slope, ripple, period, low, high}`, each a number or [from, to]."""
    unknown = set(spec) - {"base", "swing", "slope", "ripple", "period", "low", "high"}
    if unknown:
        raise ValueError(f"unknown key {min(unknown)!r} of a signal")
    values = {key: number(value, *path, key) for key, value in spec.items()}
    values.setdefault("base", 0.0)
    values.setdefault("period", 240.0 + 900.0 * chance(*path, "period"))
    return Signal(phase=6.28 * chance(*path, "phase"), **values)


def expand_attribute(
    spec: Any, attributes: Attributes, load: WeekLoad, counter: Callable[[Signal, float], Live], *path: object
) -> Any:
    """One attribute of a row. `counter` turns a rate and a first value into a function of time."""
    if isinstance(spec, str):
        return render(spec, attributes) if "{" in spec else spec
    if not isinstance(spec, dict):
        return spec
    (form, body), *rest = spec.items()
    if rest:
        raise ValueError(f"{spec!r}: one of load, rate, choice, turn, between, pattern, mac")
    if form == "load":
        wave = signal(body, *path)
        return lambda seconds: wave.at(seconds, load)
    if form == "rate":
        rate = signal(body, *path)
        return counter(rate, chance(*path, "first"))
    if form == "choice":
        return body[int(chance(*path) * len(body))]
    if form == "turn":
        return body[(int(attributes.get("n", 1)) - 1) % len(body)]
    if form == "between":
        value = number(body, *path)
        return round(value) if all(isinstance(one, int) for one in body) else value
    if form == "pattern":
        return pattern(render(body, attributes) if "{" in body else body, *path)
    if form == "mac":
        tail = pattern("%%:%%:%%", *path)
        return f"{render(body, attributes)}:{tail}"
    raise ValueError(f"{form!r} is no form of an attribute")
