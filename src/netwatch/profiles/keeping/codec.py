"""Compiled parts of profiles as plain data for JSON, and back: expressions come back without being parsed.

Dataclasses become lists in the order of their fields, mappings become pairs (raw values are numbers *and*
text, which the keys of a JSON object can't tell apart), enumerations their values, and what is declared as a
Sequence JSON in text, which is read when it is first looked into. Reading is led by the types that the
dataclasses declare, so that the data can make nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from netwatch.profiles.keeping.later import Later
from netwatch.profiles.language.expression import Expression
from netwatch.profiles.language.template import Template

__all__ = ["decoder", "encode"]

Decoder = Callable[[Any], Any]


def encode(value: Any) -> Any:
    """Lists, texts, numbers, booleans and None."""
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Expression):
        source, mentions, *rest = value.__getstate__()
        return [source, mentions, *rest] if any(rest) else [source, mentions]
    if isinstance(value, Template):
        return [value.source, [encode(part) for part in value.parts]]
    if isinstance(value, Mapping):
        return [[encode(key), encode(one)] for key, one in value.items()]
    if isinstance(value, frozenset):
        return sorted(map(encode, value))
    if isinstance(value, tuple | list | Later):
        return [encode(one) for one in value]
    made: type = type(value)
    texts = _texts_of(made)
    encoded = {one.name: encode(getattr(value, one.name)) for one in fields(value)}
    return [json.dumps(one, separators=(",", ":")) if name in texts else one for name, one in encoded.items()]


@cache
def _texts_of(made: type) -> frozenset[str]:
    """Fields that are made later."""
    return frozenset(name for name, hint in get_type_hints(made).items() if get_origin(hint) is Sequence)


@cache
def decoder(wanted: Any) -> Decoder:
    """What makes a `wanted` (a type, as annotations write it) of what `encode` made of one. Data of another
    form raises ValueError, TypeError, IndexError or KeyError, or makes something useless."""
    origin, arguments = get_origin(wanted), get_args(wanted)
    if wanted is Expression:
        return _expression
    if wanted is Template:
        return _template
    if origin in (Union, UnionType):
        return _either(arguments)
    if origin is Sequence:
        return _later(decoder(arguments[0]))
    if origin is tuple and arguments[-1:] == (Ellipsis,):
        return _several(tuple, decoder(arguments[0]))
    if origin is frozenset:
        return _several(frozenset, decoder(arguments[0]))
    if origin is tuple:
        return _record(lambda *parts: parts, [decoder(one) for one in arguments])
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return _mapping(*map(decoder, arguments))
    if isinstance(wanted, type) and is_dataclass(wanted):
        hints = get_type_hints(wanted)
        return _record(wanted, [decoder(hints[one.name]) for one in fields(wanted)])
    if isinstance(wanted, type) and issubclass(wanted, Enum):
        return {one.value: one for one in wanted}.__getitem__
    if wanted in (str, int, float, bool, NoneType):
        return _same
    raise TypeError(f"no way to read a {wanted}")


def _same(data: Any) -> Any:
    return data


def _expression(data: Any) -> Expression:
    if len(data) == 2:
        return Expression.known((data[0], tuple(data[1]), (), (), ()))
    source, mentions, fallbacks, references, enums = data
    pairs = tuple((table, column) for table, column in references)
    return Expression.known((source, tuple(mentions), tuple(map(tuple, fallbacks)), pairs, tuple(enums)))


def _template(data: Any) -> Template:
    source, parts = data
    return Template.known(source, tuple(one if isinstance(one, str) else _expression(one) for one in parts))


def _either(arguments: tuple[Any, ...]) -> Decoder:
    """Of a union one member at most is written as a list."""
    lists = [one for one in map(decoder, arguments) if one is not _same]
    if not lists:
        return _same
    (read,) = lists
    return lambda data: read(data) if isinstance(data, list) else data


def _several(make: Callable[[Any], Any], read: Decoder) -> Decoder:
    return make if read is _same else lambda data: make(map(read, data))


def _later(read: Decoder) -> Decoder:
    def later(data: Any) -> Any:
        if not isinstance(data, str):
            raise TypeError("no text of what is made later")
        return Later(data, read)

    return later


def _record(make: Callable[..., Any], readers: list[Decoder]) -> Decoder:
    to_read = [(at, read) for at, read in enumerate(readers) if read is not _same]

    def record(data: Any) -> Any:
        if len(data) != len(readers):
            raise ValueError(f"{len(data)} fields where {len(readers)} belong")
        for at, read in to_read:
            data[at] = read(data[at])
        return make(*data)

    return record


def _mapping(key: Decoder, value: Decoder) -> Decoder:
    return lambda data: {key(one): value(other) for one, other in data}
