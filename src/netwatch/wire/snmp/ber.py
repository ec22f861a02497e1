"""The part of BER (X.690) that SNMP uses: definite lengths, low tags.

Strict where a wrong byte could lead the reader astray (lengths, tags, arcs), tolerant where real agents err
and the meaning is still plain: non-minimal lengths, counters with a missing or an excess sign byte.
"""

from __future__ import annotations

from functools import lru_cache

from netwatch.errors import WireDecodeError

__all__ = [
    "COUNTER32",
    "COUNTER64",
    "END_OF_MIB_VIEW",
    "GAUGE32",
    "INTEGER",
    "IP_ADDRESS",
    "MAX_INTEGER_OCTETS",
    "NO_SUCH_INSTANCE",
    "NO_SUCH_OBJECT",
    "NULL",
    "OCTET_STRING",
    "OID",
    "OPAQUE",
    "SEQUENCE",
    "TIME_TICKS",
    "decode_integer",
    "decode_oid",
    "decode_unsigned",
    "encode_integer",
    "encode_oid",
    "expect",
    "header",
    "tlv",
]

INTEGER, OCTET_STRING, NULL, OID, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
# RFC 2578 (SMIv2), application tags
IP_ADDRESS, COUNTER32, GAUGE32, TIME_TICKS, OPAQUE, COUNTER64 = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46
# RFC 3416, exceptions in a varbind
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = 0x80, 0x81, 0x82

MAX_ARCS = 128
"""RFC 2578, 3.5: an OBJECT IDENTIFIER has at most 128 sub-identifiers of 32 bits."""
MAX_INTEGER_OCTETS = 16
"""Agents pad; nobody needs more."""


def tlv(tag: int, content: bytes) -> bytes:
    """One element: tag, length, content."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    if size < 0x100:
        return bytes((tag, 0x81, size)) + content
    if size < 0x10000:
        return bytes((tag, 0x82, size >> 8, size & 255)) + content
    return bytes((tag, 0x84)) + size.to_bytes(4, "big") + content


def encode_integer(value: int, tag: int = INTEGER) -> bytes:
    """An INTEGER, or an unsigned type by its tag, in the fewest octets."""
    width = (value if value >= 0 else ~value).bit_length() // 8 + 1
    return tlv(tag, value.to_bytes(width, "big", signed=True))


@lru_cache(maxsize=32768)
def encode_oid(oid: str) -> bytes:
    """Content octets of a dotted OID. Raises ValueError if it is none."""
    arcs = [int(arc) for arc in oid.lstrip(".").split(".")]
    if len(arcs) < 2 or len(arcs) > MAX_ARCS or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise ValueError(f"not an OID: {oid!r}")
    out = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        if not 0 <= arc < 1 << 33:
            raise ValueError(f"not an OID: {oid!r}")
        groups = [arc & 127]
        while arc := arc >> 7:
            groups.append(arc & 127 | 128)
        out += bytes(reversed(groups))
    return bytes(out)


@lru_cache(maxsize=32768)
def decode_oid(content: bytes) -> str:
    """The dotted form. Raises WireDecodeError."""
    if not content:
        return "0.0"  # some agents send an empty OID for "none"
    if content[-1] & 128:
        raise WireDecodeError("OID ends inside an arc")
    arcs: list[int] = []
    arc = 0
    for octet in content:
        arc = arc << 7 | octet & 127
        if not octet & 128:
            arcs.append(arc)
            arc = 0
        elif arc >> 33:
            raise WireDecodeError("OID arc above 32 bits")
    if len(arcs) >= MAX_ARCS:
        raise WireDecodeError(f"OID of more than {MAX_ARCS} arcs")
    first = min(arcs[0] // 40, 2)
    return ".".join(map(str, (first, arcs[0] - 40 * first, *arcs[1:])))


def header(data: bytes, pos: int, end: int) -> tuple[int, int, int]:
    """Tag, start and stop of the content of the element at `pos`; all of it lies before `end`.

    Raises WireDecodeError.
    """
    if pos + 2 > end:
        raise WireDecodeError("cut off in a header")
    tag, size = data[pos], data[pos + 1]
    start = pos + 2
    if size & 128:
        octets = size & 127
        if not 1 <= octets <= 4 or start + octets > end:
            raise WireDecodeError("bad length")
        size = int.from_bytes(data[start : start + octets], "big")
        start += octets
    stop = start + size
    if stop > end:
        raise WireDecodeError("cut off in a value")
    return tag, start, stop


def expect(data: bytes, pos: int, end: int, tag: int) -> tuple[int, int]:
    """Start and stop of the content at `pos`, which has to have this tag. Raises WireDecodeError."""
    if pos + 2 <= end and data[pos] == tag and (size := data[pos + 1]) < 0x80 and pos + 2 + size <= end:
        return pos + 2, pos + 2 + size
    found, start, stop = header(data, pos, end)
    if found != tag:
        raise WireDecodeError(f"tag {found:#04x} where {tag:#04x} belongs")
    return start, stop


def integer(data: bytes, pos: int, end: int) -> tuple[int, int]:
    """The INTEGER at `pos`, of at most 8 octets, and where it ends. Raises WireDecodeError."""
    start, stop = expect(data, pos, end, INTEGER)
    if stop - start > 8:
        raise WireDecodeError("INTEGER of more than 8 octets")
    return int.from_bytes(data[start:stop], "big", signed=True), stop


def decode_integer(content: bytes) -> int:
    """A signed INTEGER; no octets at all are read as 0. Raises WireDecodeError."""
    if len(content) > MAX_INTEGER_OCTETS:
        raise WireDecodeError("INTEGER of more than 16 octets")
    return int.from_bytes(content, "big", signed=True)


def decode_unsigned(content: bytes, bits: int) -> int:
    """An unsigned value of that width. Raises WireDecodeError.

    Agents send 4294967295 as FF FF FF FF (no sign octet) or sign-extended to eight octets: both mean the
    low bits.
    """
    if len(content) > MAX_INTEGER_OCTETS:
        raise WireDecodeError("counter of more than 16 octets")
    return int.from_bytes(content, "big") & ((1 << bits) - 1)
