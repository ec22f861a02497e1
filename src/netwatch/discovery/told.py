"""What a discovery told of entities, as octets: with it a restart has to walk nothing again."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from typing import Any

from netwatch.errors import StoreError
from netwatch.model import EntityId, EntityKey, EntityKind, Instant, Observation, Seen, Witness, WitnessKind

__all__ = ["dump_told", "load_told"]

_VERSION = 1

# Look-ups: calling an enumeration costs a third of reading half a million rows.
_KINDS = {kind.value: kind for kind in EntityKind}
_WITNESSES = {kind.value: kind for kind in WitnessKind}


def dump_told(observations: Iterable[Observation]) -> bytes:
    """Entities and facts of all tables; readings are left out: polls tell them anew."""
    tables = [
        [one.table, one.complete, one.interval, [_plain(seen) for seen in one.seen]] for one in observations
    ]
    return zlib.compress(json.dumps([_VERSION, tables], separators=(",", ":")).encode(), 1)


def load_told(data: bytes, source: EntityId, at: Instant) -> list[Observation]:
    """The same observations, as of `at`. Raises StoreError for what is damaged or of another version."""
    try:
        version, tables = json.loads(zlib.decompress(data))
        if version != _VERSION:
            raise ValueError("another version")
        return [
            Observation(source, table, at, (), tuple(map(_seen, seen)), complete, interval)
            for table, complete, interval, seen in tables
        ]
    except (ValueError, TypeError, KeyError, zlib.error) as error:
        raise StoreError(f"what a discovery told can't be read: {error}") from None


def _plain(seen: Seen) -> list[Any]:
    parent = None if seen.parent is None else list(seen.parent)
    return [
        list(seen.key),
        parent,
        seen.index,
        seen.name,
        dict(seen.facts),
        [list(one) for one in seen.witnesses],
    ]


def _seen(plain: list[Any]) -> Seen:
    key, parent, index, name, facts, witnesses = plain
    known = tuple([Witness(_WITNESSES[sort], value) for sort, value in witnesses])
    return Seen(_key(key), None if parent is None else _key(parent), index, name, facts, known)


def _key(plain: list[str]) -> EntityKey:
    kind, natural = plain
    return EntityKey(_KINDS[kind], natural)
