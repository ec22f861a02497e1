"""What one agent shows: objects in the order of the MIB tree, encoded once where they never change."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from netwatch.simulate import ber

__all__ = ["Lazy", "MibView", "Source", "Value"]

Value = int | bytes | str | None
Source = Value | Callable[[float], Value]
"""A value, or what computes it from the seconds since the simulation started."""


@dataclass(slots=True)
class Lazy:
    """An object whose value is worked out when it is first asked for."""

    name: bytes
    """The OID, encoded with tag and length."""
    tag: int
    resolve: Callable[[], Source]


_Live = tuple[bytes, int, Callable[[float], Value]]


class MibView:
    """An ordered set of objects."""

    def __init__(
        self,
        objects: Iterable[tuple[tuple[int, ...], int, Source]] = (),
        lazy: Iterable[tuple[bytes, Lazy]] = (),
    ) -> None:
        """`objects`: OID, BER tag, value; `lazy`: sort key and object. The first of two with one OID wins."""
        entries: dict[bytes, bytes | _Live | Lazy] = {}
        for oid, tag, source in objects:
            entries.setdefault(ber.oid_key(oid), _entry(ber.encode_oid(oid), tag, source))
        for key, one in lazy:
            entries.setdefault(key, one)
        self._keys = sorted(entries)
        self._entries = [entries[key] for key in self._keys]

    def __len__(self) -> int:
        return len(self._keys)

    def oids(self, root: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
        """All OIDs, or those below a root, in order."""
        prefix = ber.oid_key(root)
        for key in self._keys[bisect_left(self._keys, prefix) :]:
            if not key.startswith(prefix):
                return
            yield tuple(int.from_bytes(key[at : at + 4], "big") for at in range(0, len(key), 4))

    def find(self, key: bytes) -> int | None:
        """Position of an object, None if there is none."""
        position = bisect_left(self._keys, key)
        return position if position < len(self._keys) and self._keys[position] == key else None

    def after(self, key: bytes) -> int:
        """Position of the first object behind `key`; `len(self)` if there is none."""
        return bisect_right(self._keys, key)

    def has_below(self, prefix: bytes) -> bool:
        position = bisect_left(self._keys, prefix)
        return position < len(self._keys) and self._keys[position].startswith(prefix)

    def varbind(self, position: int, seconds: float) -> bytes:
        """The encoded varbind at a position."""
        entry = self._settled(position)
        if isinstance(entry, bytes):
            return entry
        name, tag, compute = entry
        return ber.tlv(ber.SEQUENCE, name + ber.encode_value(tag, compute(seconds)))

    def _settled(self, position: int) -> bytes | _Live:
        entry = self._entries[position]
        if isinstance(entry, Lazy):
            entry = self._entries[position] = _entry(entry.name, entry.tag, entry.resolve())
        return entry

    def value(self, oid: tuple[int, ...], seconds: float, *, wrap: bool = True) -> Value:
        """What an object shows, for ground truth; `wrap` False: 32-bit counters uncut. Raises KeyError."""
        position = self.find(ber.oid_key(oid))
        if position is None:
            raise KeyError(".".join(map(str, oid)))
        entry = self._settled(position)
        if isinstance(entry, tuple):
            value = entry[2](seconds)
            if wrap and isinstance(value, int) and entry[1] in (ber.COUNTER32, ber.TIME_TICKS):
                value %= 2**32
            return value
        outer = ber.read(entry, 0, len(entry))
        name = ber.read(entry, outer.start, outer.end)
        body = ber.read(entry, name.end, outer.end)
        content = entry[body.start : body.end]
        if body.tag == ber.OID:
            return ".".join(map(str, ber.decode_oid(content)))
        if body.tag == ber.IP_ADDRESS:
            return ".".join(map(str, content))
        if body.tag in (ber.OCTET_STRING, ber.OPAQUE):
            return content
        return None if body.tag == ber.NULL else ber.decode_integer(content)


def _entry(name: bytes, tag: int, source: Source) -> bytes | _Live:
    if callable(source):
        return name, tag, source
    return ber.tlv(ber.SEQUENCE, name + ber.encode_value(tag, source))
