"""The OIDs that are asked again and again, encoded once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netwatch.wire.snmp.ber import NULL, OID, SEQUENCE, decode_oid, encode_oid, header, tlv

__all__ = ["Template"]

_NULL = tlv(NULL, b"")


class Template:
    """A list of exact OIDs as the varbinds of GETs. Immutable; devices of one build share it.

    Kept as one string of octets: a hundred times smaller than the dotted texts.
    """

    __slots__ = ("_count", "_varbinds", "cuts")

    def __init__(self, oids: Sequence[str]) -> None:
        """Raises ValueError for what is no OID."""
        self._varbinds = b"".join(tlv(SEQUENCE, tlv(OID, encode_oid(oid)) + _NULL) for oid in oids)
        self._count = len(oids)
        self.cuts: dict[tuple[object, int], Any] = {}
        """GETs that a wire made of it, by its key and their size: a poll finds them without a search."""

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self._varbinds == other._varbinds

    def __hash__(self) -> int:
        return hash(self._varbinds)

    @property
    def varbinds(self) -> bytes:
        """The varbinds with NULL values, one behind the other: the content of a variable-bindings list."""
        return self._varbinds

    def oids(self) -> list[str]:
        """The OIDs in dotted form, made anew at each call."""
        data, out, pos = self._varbinds, [], 0
        while pos < len(data):
            _, start, pos = header(data, pos, len(data))
            _, first, after = header(data, start, pos)
            out.append(decode_oid(data[first:after]))
        return out
