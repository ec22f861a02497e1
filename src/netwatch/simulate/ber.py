"""The part of BER that SNMP uses (X.690, RFC 3417 section 8). Independent of the decoder under test."""

from __future__ import annotations

import struct
from typing import NamedTuple

__all__ = [
    "COUNTER32",
    "COUNTER64",
    "END_OF_MIB_VIEW",
    "GAUGE32",
    "INTEGER",
    "IP_ADDRESS",
    "NO_SUCH_INSTANCE",
    "NO_SUCH_OBJECT",
    "NULL",
    "OCTET_STRING",
    "OID",
    "OPAQUE",
    "SEQUENCE",
    "TIME_TICKS",
    "BerError",
    "Element",
    "decode_integer",
    "decode_oid",
    "encode_arcs",
    "encode_integer",
    "encode_oid",
    "encode_value",
    "oid_key",
    "parse_oid",
    "read",
    "tlv",
]

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82

MAX_ARCS = 128
_UNSIGNED32 = frozenset({COUNTER32, GAUGE32, TIME_TICKS})


class BerError(ValueError):
    """The bytes are not the BER that was expected."""


class Element(NamedTuple):
    """One tag-length-value: its content is `data[start:end]`, and the next element begins at `end`."""

    tag: int
    start: int
    end: int


def read(data: bytes, at: int, limit: int, expect: int | None = None) -> Element:
    """The element that begins at `at` and must end by `limit`. Raises BerError."""
    if at + 2 > limit:
        raise BerError("truncated")
    tag, length = data[at], data[at + 1]
    at += 2
    if length & 0x80:
        count = length & 0x7F
        if not 0 < count <= 4 or at + count > limit:
            raise BerError("bad length")
        length = int.from_bytes(data[at : at + count], "big")
        at += count
    if at + length > limit:
        raise BerError("truncated")
    if expect is not None and tag != expect:
        raise BerError(f"tag {tag:#x} where {expect:#x} was expected")
    return Element(tag, at, at + length)


def tlv(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes((tag, length)) + content
    if length < 0x100:
        return bytes((tag, 0x81, length)) + content
    if length < 0x10000:
        return bytes((tag, 0x82, length >> 8, length & 0xFF)) + content
    return bytes((tag, 0x84)) + length.to_bytes(4, "big") + content


def decode_integer(content: bytes) -> int:
    if not 0 < len(content) <= 9:
        raise BerError("bad integer")
    return int.from_bytes(content, "big", signed=True)


def encode_integer(value: int, tag: int = INTEGER) -> bytes:
    """Two's complement in the fewest bytes."""
    bits = value.bit_length() if value >= 0 else (~value).bit_length()
    return tlv(tag, value.to_bytes(bits // 8 + 1, "big", signed=True))


def decode_oid(content: bytes) -> tuple[int, ...]:
    if not content or content[-1] & 0x80:
        raise BerError("bad object identifier")
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 0x7F
        if octet & 0x80:
            if arc >> 32:
                raise BerError("arc too large")
            continue
        if arcs:
            arcs.append(arc)
        else:
            head = min(arc // 40, 2)
            arcs += [head, arc - 40 * head]
        arc = 0
    if len(arcs) > MAX_ARCS or max(arcs) >> 32:
        raise BerError("bad object identifier")
    return tuple(arcs)


def encode_oid(oid: tuple[int, ...]) -> bytes:
    """Tag, length and content. An OID of fewer than two arcs is filled up with zeros."""
    first, second, *rest = (*oid, 0, 0)[: max(2, len(oid))]
    return tlv(OID, encode_arcs((first * 40 + second, *rest)))


def encode_arcs(arcs: tuple[int, ...]) -> bytes:
    """Arcs behind the first two, as they stand in the content of an OID."""
    out = bytearray()
    for arc in arcs:
        if arc < 0x80:
            out.append(arc)
            continue
        octets = [arc & 0x7F]
        arc >>= 7
        while arc:
            octets.append(arc & 0x7F | 0x80)
            arc >>= 7
        out += bytes(reversed(octets))
    return bytes(out)


def parse_oid(text: str) -> tuple[int, ...]:
    """`1.3.6.1` as a tuple. Raises ValueError for anything else."""
    oid = tuple(int(arc) for arc in text.lstrip(".").split("."))
    if any(not 0 <= arc < 2**32 for arc in oid):
        raise ValueError(f"{text!r} is no object identifier")
    return oid


def oid_key(oid: tuple[int, ...]) -> bytes:
    """Four bytes per arc: bytes that sort as the MIB tree does (BER's own do not)."""
    return struct.pack(f">{len(oid)}I", *oid)


def encode_value(tag: int, value: int | bytes | str | None) -> bytes:
    """A value as SNMP sends it; counters wrap, gauges stop at their limit (RFC 2578 section 7.1)."""
    if isinstance(value, int):
        if tag in _UNSIGNED32:
            value = min(max(value, 0), 2**32 - 1) if tag == GAUGE32 else value % 2**32
        elif tag == COUNTER64:
            value %= 2**64
        else:
            value = min(max(value, -(2**31)), 2**31 - 1)
        return encode_integer(value, tag)
    if tag == OID and isinstance(value, str):
        return encode_oid(parse_oid(value))
    if tag == IP_ADDRESS and isinstance(value, str):
        return tlv(tag, bytes(int(part) for part in value.split(".")))
    if value is None:
        return b"\x05\x00"
    return tlv(tag, value.encode() if isinstance(value, str) else value)
