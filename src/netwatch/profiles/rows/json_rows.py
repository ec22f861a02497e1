"""Rows of JSON documents, nested lists too, and where in a document a value stands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from netwatch.model import WILDCARD, reference_token
from netwatch.profiles.language.values import Value

if TYPE_CHECKING:
    from netwatch.profiles.ready.profile import Table

__all__ = ["place_in_document", "rows_of_document"]

Rows = dict[str, dict[str, Value]]
Trail = tuple[Any, ...]
"""What lies around a value, the document first, the value itself last."""

_RELATIVE = re.compile(r"(\d+)(/.*)?")
"""A relative JSON pointer: so many steps up from the row, then down."""


def rows_of_document(table: Table, document: Any) -> Rows:
    """Rows of a JSON document: below `rows` a list's items, a mapping's members, or the one object itself.

    Where the path names members of a collection, `document` maps each member to its own, and the row's index
    begins with the member.
    """
    if WILDCARD.search(table.path) is None:
        return _rows_of_one(table, document)
    rows: Rows = {}
    for member, one in document.items():
        # A document that is a list has many rows even if the table names no place in it.
        many = bool(table.rows) or isinstance(one, list)
        for index, row in _rows_of_one(table, one).items():
            rows[f"{member}/{index}" if many else member] = row
    return rows


def place_in_document(table: Table, index: str, pointer: str, base: str = "") -> str:
    """Where a value stands: path of its document, `#`, JSON pointer."""
    wildcards = len(WILDCARD.findall(table.path))
    steps = index.split("/", wildcards) if wildcards else [index]
    path = WILDCARD.sub(lambda _: f"/{steps.pop(0)}", table.path)
    tokens = iter(steps[0].split("/") if table.rows and steps else ())
    rows = [next(tokens, "") if step == "*" else step for step in table.rows.split("/")[1:]]
    rows += tokens
    relative = _RELATIVE.fullmatch(pointer)
    if relative is not None:
        rows, pointer = rows[: max(len(rows) - int(relative[1]), 0)], relative[2] or ""
    return f"{base}{path}#{''.join(f'/{step}' for step in rows)}{pointer}"


def _rows_of_one(table: Table, document: Any) -> Rows:
    rows: Rows = {}
    for index, trail in _found(table.rows, document):
        row: dict[str, Value] = {}
        for alias, column in table.columns.items():
            value = _plain(_column(column.at, trail))
            if value is not None:
                row[alias] = value
        rows[index] = row
    return rows


def _found(pointer: str, document: Any) -> Iterator[tuple[str, Trail]]:
    steps = pointer.split("/")[1:]
    for tokens, trail in _below(steps, (document,)):
        target = trail[-1]
        if isinstance(target, list) and (not steps or steps[-1] != "*"):
            for position, item in enumerate(target):
                yield "/".join((*tokens, str(position))), (*trail, item)
        elif target is not None:
            yield "/".join(tokens) or "0", trail


def _below(steps: list[str], trail: Trail) -> Iterator[tuple[tuple[str, ...], Trail]]:
    """(what each `*` stands for, trail) of everything that the steps lead to."""
    if not steps:
        yield (), trail
        return
    step, *rest = steps
    here = trail[-1]
    if step == "*":
        members = (
            here.items() if isinstance(here, dict) else enumerate(here) if isinstance(here, list) else ()
        )
        for key, item in members:
            for tokens, found in _below(rest, (*trail, item)):
                yield (str(key), *tokens), found
    else:
        item = _step(here, step)
        if item is not None:
            yield from _below(rest, (*trail, item))


def _column(pointer: str, trail: Trail) -> Any:
    relative = _RELATIVE.fullmatch(pointer)
    if relative is None:
        return _pointed(trail[-1], pointer)
    up = int(relative[1])
    return _pointed(trail[-1 - up], relative[2] or "") if up < len(trail) else None


def _plain(value: Any) -> Value:
    if isinstance(value, str | int | float | bool):
        return value
    if isinstance(value, list) and value:
        if all(isinstance(item, str) for item in value):
            return " ".join(value)
        if all(isinstance(item, int | float) for item in value):
            return tuple(value)
    return None


def _pointed(document: Any, pointer: str) -> Any:
    """RFC 6901. None if nothing is there."""
    for step in pointer.split("/")[1:]:
        document = _step(document, step)
    return document


def _step(document: Any, step: str) -> Any:
    key = reference_token(step)
    if isinstance(document, dict):
        return document.get(key)
    if isinstance(document, list) and key.isdecimal() and int(key) < len(document):
        return document[int(key)]
    return None
