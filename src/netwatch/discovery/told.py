"""What a discovery told of entities, as octets: with it a restart has to walk nothing again.

A table is kept by columns. Ten thousand switches name their ports alike: a column that was just read for one
of them is not read again for the next, and its texts are the same objects.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

from netwatch.errors import StoreError
from netwatch.model import (
    EntityId,
    EntityKey,
    EntityKind,
    Facts,
    Instant,
    Observation,
    Seen,
    Witness,
    WitnessKind,
)

__all__ = ["dump_told", "load_told"]

_VERSION = 2
_SHARED = 8192
"""Octets of a column from which on it is not kept for the next device: a controller's, which has no equal."""

# Look-ups: calling an enumeration costs a third of reading half a million rows.
_KINDS = {kind.value: kind for kind in EntityKind}
_WITNESSES = {kind.value: kind for kind in WitnessKind}

_Form = tuple[str, str | None, tuple[str, ...], tuple[str, ...]]
"""What rows have in common: their kind and that of their parent, names of facts, kinds of witnesses."""


def dump_told(observations: Iterable[Observation]) -> bytes:
    """Entities and facts of all tables; readings are left out: polls tell them anew."""
    tables = [[one.table, one.complete, one.interval, *_packed(one.seen)] for one in observations]
    return zlib.compress(json.dumps([_VERSION, tables], separators=(",", ":")).encode(), 1)


def load_told(data: bytes, source: EntityId, at: Instant) -> list[Observation]:
    """The same observations, as of `at`. Raises StoreError for what is damaged or of another version."""
    try:
        version, tables = json.loads(zlib.decompress(data))
        if version != _VERSION:
            raise ValueError("another version")
        return [
            Observation(source, table, at, (), _unpacked(forms, order), complete, interval)
            for table, complete, interval, forms, order in tables
        ]
    except (ValueError, TypeError, LookupError, zlib.error) as error:
        raise StoreError(f"what a discovery told can't be read: {error}") from None


def _packed(rows: Sequence[Seen]) -> tuple[list[Any], list[int]]:
    """The rows of each form by columns, and of each row the number of its form."""
    forms: dict[_Form, list[Seen]] = {}
    for one in rows:
        forms.setdefault(_form(one), []).append(one)
    numbers = {form: number for number, form in enumerate(forms)}
    order = [numbers[_form(one)] for one in rows] if len(forms) > 1 else []
    return [[*form, list(map(_text, _columns(form, some)))] for form, some in forms.items()], order


def _form(seen: Seen) -> _Form:
    parent = None if seen.parent is None else seen.parent.kind.value
    return seen.key.kind.value, parent, tuple(seen.facts), tuple([one.kind.value for one in seen.witnesses])


def _columns(form: _Form, rows: Sequence[Seen]) -> Iterator[list[Any]]:
    _, _, facts, witnesses = form
    yield [one.key.natural for one in rows]
    yield [None if one.parent is None else one.parent.natural for one in rows]
    yield [one.index for one in rows]
    yield [one.name for one in rows]
    for name in facts:
        yield [one.facts[name] for one in rows]
    for at in range(len(witnesses)):
        yield [one.witnesses[at].value for one in rows]


def _text(column: list[Any]) -> str:
    return json.dumps(column, separators=(",", ":"))


def _unpacked(forms: list[Any], order: list[int]) -> tuple[Seen, ...]:
    made = [_rows(*form) for form in forms]
    if len(made) == 1 and not order:
        return tuple(made[0])
    if len(order) != sum(map(len, made)):
        raise ValueError("rows are missing")
    left = [rows[::-1] for rows in made]
    return tuple([left[number].pop() for number in order])


def _rows(
    kind: str, parent: str | None, names: list[str], witnesses: list[str], columns: list[str]
) -> list[Seen]:
    ends = 4 + len(names)
    if len(columns) != ends + len(witnesses):
        raise ValueError("columns are missing")
    keys = _keys(kind, columns[0])
    parents = (None,) * len(keys) if parent is None else _keys(parent, columns[1])
    indexes, labels = map(_column, columns[2:4])
    shared, blank = _names(*names), ((),) * len(keys)
    facts = zip(*map(_column, columns[4:ends]), strict=True) if names else blank
    proofs = zip(*map(_proofs, witnesses, columns[ends:]), strict=True) if witnesses else blank
    rows = zip(keys, parents, indexes, labels, facts, proofs, strict=True)
    return [
        Seen(key, above, index, label, Facts(shared, values), proof)
        for key, above, index, label, values, proof in rows
    ]


def _column(text: str) -> tuple[Any, ...]:
    return _values(text) if len(text) < _SHARED else _values.__wrapped__(text)


def _keys(kind: str, text: str) -> tuple[EntityKey, ...]:
    return _named(kind, text) if len(text) < _SHARED else _named.__wrapped__(kind, text)


def _proofs(kind: str, text: str) -> tuple[Witness, ...]:
    return _proven(kind, text) if len(text) < _SHARED else _proven.__wrapped__(kind, text)


@lru_cache(256)
def _values(text: str) -> tuple[Any, ...]:
    return tuple(json.loads(text))


@lru_cache(256)
def _named(kind: str, text: str) -> tuple[EntityKey, ...]:
    sort = _KINDS[kind]
    return tuple([EntityKey(sort, natural) for natural in _column(text)])


@lru_cache(256)
def _proven(kind: str, text: str) -> tuple[Witness, ...]:
    sort = _WITNESSES[kind]
    return tuple([Witness(sort, value) for value in _column(text)])


@lru_cache(256)
def _names(*names: str) -> tuple[str, ...]:
    return names
