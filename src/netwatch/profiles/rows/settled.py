"""What discovery settled for one table, packed: most of it is asked for only when something is compiled.

The packed form is zlib over JSON. It is the form on disk too, so what is read there is checked here.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netwatch.errors import Problem, ProfileError
from netwatch.model import EntityKey, EntityKind
from netwatch.profiles.language.values import Value
from netwatch.profiles.rows.evaluate import Slots
from netwatch.profiles.rows.frame import Rows

__all__ = ["Settled", "pack", "unpack"]

MOST_OCTETS = 64 << 20
"""Of an unpacked table: what claims to be longer is no plan."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What is asked of a table, and what need not be asked."""

    oids: tuple[str, ...] = ()
    """Exact OIDs to GET."""
    rows: Mapping[str, Rows] = field(default_factory=dict)
    """By table: what discovery read and polling does not ask again."""
    scalars: Mapping[str, Value] = field(default_factory=dict)
    slots: Slots | None = None
    """Fixed tables: rows and keys."""


def pack(settled: Settled) -> bytes:
    """Equal for what is equal, and in the same order."""
    slots = settled.slots
    document = [
        settled.oids,
        {table: {index: _row(row) for index, row in rows.items()} for table, rows in settled.rows.items()},
        _row(settled.scalars),
        None if slots is None else {index: [_key(key) for key in keys] for index, keys in slots.items()},
    ]
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode(), 6)


def unpack(packed: bytes) -> Settled:
    """Raises ProfileError for what `pack` has not made."""
    try:
        unzip = zlib.decompressobj()
        text = unzip.decompress(packed, MOST_OCTETS)
        if not unzip.eof:
            raise ValueError("it has no end")
        oids, rows, scalars, slots = json.loads(text)
        return Settled(
            tuple(map(str, oids)),
            {
                table: {index: _plain_row(row) for index, row in found.items()}
                for table, found in rows.items()
            },
            _plain_row(scalars),
            None
            if slots is None
            else {index: tuple(_plain_key(key) for key in keys) for index, keys in slots.items()},
        )
    except (zlib.error, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise ProfileError([Problem("", "", f"a packed table can't be read: {error}")]) from None


def _row(row: Mapping[str, Value]) -> dict[str, Any]:
    return {name: _coded(value) for name, value in row.items()}


def _plain_row(row: Mapping[str, Any]) -> dict[str, Value]:
    return {name: _plain(value) for name, value in row.items()}


def _coded(value: object) -> Any:
    if isinstance(value, bytes):
        return {"x": value.hex()}
    if isinstance(value, tuple | list):
        return {"t": [_coded(item) for item in value]}
    return value if isinstance(value, int | float | str | None) else {"s": str(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if "x" in value:
            return bytes.fromhex(value["x"])
        return tuple(map(_plain, value["t"])) if "t" in value else str(value["s"])
    return value


def _key(key: EntityKey | None) -> list[str] | None:
    return None if key is None else [key.kind.value, key.natural]


def _plain_key(key: list[str] | None) -> EntityKey | None:
    return None if key is None else EntityKey(EntityKind(key[0]), str(key[1]))
